"""What a recorder says is behind it, and what is never made of it."""

import pytest

from netcam.report.behind import behind_records
from netcam.wire.upnp import decode_description


def told(device_type, observations, own=("DS-7616NI-Q2",)):
    return [(b.what, b.count, b.name, b.source, b.seen) for b in behind_records(device_type, own, observations)]


@pytest.mark.parametrize(
    ("kind", "value", "places"),
    [
        ("sadp.channels", "analog=4 digital=5 disks=1", [("analog inputs", 4), ("network channels", 5)]),
        ("dhip.channels", "video-in=0 remote-in=64 video-out=2", [("network channels", 64)]),
        ("ipro.channels", "64", [("channels", 64)]),
        ("sadp.channels", "analog=0 digital=0", []),
        ("sadp.channels", "many", []),
        ("sadp.channels", "analog=99999999999", []),
    ],
)
def test_places_are_counted_and_each_names_its_observation(observed, kind, value, places):
    seen = observed((kind, value))
    assert told("nvr", seen) == [(what, count, None, seen[0].id, False) for what, count in places]


@pytest.mark.parametrize("device_type", ["camera", "other", None])
def test_only_a_recorder_has_something_behind_it(observed, device_type):
    assert told(device_type, observed(("sadp.channels", "analog=4 digital=5"))) == []


def test_a_count_that_two_answers_give_stands_once(observed):
    seen = [*observed(("ipro.channels", "16")), *observed(("ipro.channels", "16"))]
    assert [entry[3] for entry in told("nvr", seen)] == [seen[0].id]


def test_names_of_other_endpoints_are_told_where_the_recorder_s_own_is_known(observed):
    pairs = [
        ("onvif.uuid", "00000000-0000-0000-0000-44190600000a"), ("onvif.name", "HIKVISION DS-7616NI-Q2/16P"),
        ("onvif.uuid", "00000000-0000-0000-0000-44190600000b"), ("onvif.name", "Loading dock"),
    ]  # fmt: skip
    assert [(what, name) for what, _, name, *_ in told("nvr", observed(*pairs))] == [
        ("announced device", "Loading dock")
    ]
    assert told("nvr", observed(*pairs), own=("something else",)) == []
    assert told("nvr", observed(*pairs[:2], pairs[3])) == []


def test_devices_embedded_in_a_upnp_description_are_told_by_name(observed):
    document = b"""<root xmlns="urn:schemas-upnp-org:device-1-0"><device>
        <friendlyName>Recorder</friendlyName><deviceList><device><friendlyName>Front door</friendlyName></device>
        <device><friendlyName>Till</friendlyName></device>
        </deviceList></device></root>"""
    pairs = decode_description(document)
    assert pairs == (("upnp.friendlyname", "Recorder"), ("upnp.embedded", "Front door"), ("upnp.embedded", "Till"))
    assert [(what, name) for what, _, name, *_ in told("dvr", observed(*pairs))] == [
        ("embedded device", "Front door"), ("embedded device", "Till"),
    ]  # fmt: skip
