"""Which addresses are one device: serial, measured MAC, claimed MAC, discovery UUID; never a certificate."""

import random

import pytest

from netcam.discovery.grouping import as_one, group, node_in
from netcam.model.report import MacSource
from netcam.report.build import device_id

A, B, C = "192.0.2.1", "192.0.2.2", "198.51.100.3"
AA, BB = "00:00:5e:00:53:0a", "00:00:5e:00:53:7b"


@pytest.fixture
def groups(observed):
    """Groups of `address, kind, value` triples."""

    def make(*triples, not_a_device=(), read=node_in):
        return group([o for ip, kind, value in triples for o in observed((kind, value), ip=ip)], not_a_device, read)

    return make


def addresses(found):
    return [[str(ip) for ip in g.addresses] for g in found]


def fields(g):
    return [c.field for c in g.conflicts]


def test_addresses_without_a_common_mark_are_devices_of_their_own(groups):
    assert addresses(groups((B, "http.server", "x"), (A, "http.server", "x"))) == [[A], [B]]


def test_one_measured_mac_on_two_addresses_is_one_device(groups):
    (one,) = groups((B, "mac", AA), (A, "mac", AA), (A, "http.server", "x"))
    assert [str(ip) for ip in one.addresses] == [A, B]
    assert (one.mac, one.mac_source) == (AA, MacSource.MEASURED)
    assert len(one.observations) == 3


@pytest.mark.parametrize(
    ("kind", "value"),
    [("sadp.mac", AA), ("sadp.serial", "NL-20190101"), ("onvif.uuid", "4d454930-0000-1000-8000-00005e00530a")],
)
def test_a_claimed_mac_a_serial_and_a_uuid_join_routed_addresses(groups, kind, value):
    assert addresses(groups((A, kind, value), (C, kind, value))) == [[A, C]]


def test_spellings_of_one_mark_are_one_mark(groups):
    found = groups((A, "sadp.mac", AA), (B, "isapi.mac", AA.upper().replace(":", "-")))
    assert addresses(found) == [[A, B]]
    found = groups((A, "sadp.serial", "nl-2019"), (B, "isapi.serial", " NL-2019 "))
    assert addresses(found) == [[A, B]]
    uuid = "4D454930-0000-1000-8000-00005E00530A"
    assert addresses(groups((A, "onvif.uuid", f"urn:uuid:{uuid}"), (B, "upnp.uuid", uuid.lower()))) == [[A, B]]


def test_a_claimed_mac_is_marked_as_claimed(groups):
    (one,) = groups((A, "sadp.mac", AA))
    assert (one.mac, one.mac_source) == (AA, MacSource.CLAIMED)


def test_a_clone_of_a_serial_with_another_mac_stays_apart_and_both_say_so(groups):
    found = groups((A, "mac", AA), (B, "mac", BB), (A, "sadp.serial", "NL-20190101"), (B, "sadp.serial", "NL-20190101"))
    assert addresses(found) == [[A], [B]]
    assert [fields(g) for g in found] == [["serial"], ["serial"]]
    assert all(A in g.conflicts[0].note and B in g.conflicts[0].note for g in found)


def test_the_wired_and_the_wireless_port_of_one_device_are_one_row(groups):
    near = "00:00:5e:00:53:0b"
    wire = ((A, "mac", AA), (A, "sadp.serial", "NL-20190101"), (A, "sadp.mac", AA))
    (one,) = groups(*wire, (B, "mac", near), (B, "sadp.serial", "NL-20190101"), (B, "sadp.mac", AA))
    assert [str(ip) for ip in one.addresses] == [A, B]
    assert one.mac == AA


def test_neighbouring_macs_without_one_serial_are_two_devices(groups):
    near = "00:00:5e:00:53:0b"
    assert addresses(groups((A, "mac", AA), (B, "mac", near), (B, "sadp.mac", AA))) == [[A], [B]]


def test_a_device_that_claims_another_s_mac_does_not_become_it(groups):
    found = groups((A, "mac", AA), (B, "mac", BB), (B, "sadp.mac", AA))
    assert addresses(found) == [[A], [B]]
    assert [g.mac for g in found] == [AA, BB]
    assert fields(found[0]) == ["mac"]
    assert set(fields(found[1])) == {"mac"}


def test_a_claim_cannot_join_two_measured_devices_through_a_third_address(groups):
    found = groups(
        (A, "mac", AA),
        (B, "mac", BB),
        (A, "x.serial", "S1234"),
        (C, "x.serial", "S1234"),
        (C, "x.uuid", "feed-0001"),
        (B, "x.uuid", "feed-0001"),
    )
    assert addresses(found) == [[A, C], [B]]


def test_a_measured_mac_that_differs_from_every_claim_is_told(groups):
    (one,) = groups((A, "mac", AA), (A, "sadp.mac", BB))
    assert (one.mac, one.mac_source) == (AA, MacSource.MEASURED)
    assert one.conflicts[0].values == (AA, BB)
    (fine,) = groups((A, "mac", AA), (A, "sadp.mac", BB), (A, "isapi.mac", AA))
    assert fine.conflicts == ()


@pytest.mark.parametrize(
    ("kind", "value"), [("tls.fingerprint", "ab" * 32), ("tls.subject", "CN=cam"), ("http.server", "x")]
)
def test_a_shared_certificate_or_banner_joins_nothing(groups, kind, value):
    assert addresses(groups((A, kind, value), (B, kind, value))) == [[A], [B]]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("sadp.serial", "00000000"),
        ("sadp.serial", "123456789"),
        ("onvif.uuid", "00000000-0000-0000-0000-000000000000"),
        ("sadp.mac", "00:00:00:00:00:00"),
        ("sadp.mac", "ff:ff:ff:ff:ff:ff"),
        ("mac", "not a mac"),
        ("onvif.uuid", "uuid:"),
    ],
)
def test_a_placeholder_joins_nothing(groups, kind, value):
    found = groups((A, kind, value), (B, kind, value))
    assert addresses(found) == [[A], [B]]
    assert [g.mac for g in found] == [None, None]


def test_a_uuid_of_the_firmware_does_not_join_devices_that_differ_otherwise(groups):
    uuid = "4d454930-0000-1000-8000-000000000001"
    macs = groups((A, "onvif.uuid", uuid), (B, "onvif.uuid", uuid), (A, "onvif.mac", AA), (B, "onvif.mac", BB))
    serials = groups(
        (A, "onvif.uuid", uuid), (B, "onvif.uuid", uuid), (A, "onvif.serial", "NL-01"), (B, "onvif.serial", "NL-02")
    )
    assert addresses(macs) == addresses(serials) == [[A], [B]]


NODE = "89a11a00-58d0-11b5-8e20-00005e00530a"  # AA, in the form of a time-based UUID
RANDOM = "89a11a00-58d0-41b5-8e20-00005e00530a"


@pytest.mark.parametrize("kind", ["onvif.uuid", "upnp.uuid", "ssdp.uuid"])
def test_a_mac_in_a_time_based_uuid_is_claimed_and_joins_routed_addresses(groups, kind):
    (alone,) = groups((A, kind, NODE))
    assert (alone.mac, alone.mac_source) == (AA, MacSource.CLAIMED)
    (both,) = groups((A, kind, f"urn:uuid:{NODE.upper()}"), (C, "sadp.mac", AA))
    assert addresses([both]) == [[A, C]]
    (measured,) = groups((A, kind, NODE), (B, "mac", AA))
    assert (addresses([measured]), measured.mac_source) == ([[A, B]], MacSource.MEASURED)


def test_a_random_uuid_gives_no_mac(groups):
    found = groups((A, "onvif.uuid", RANDOM), (C, "sadp.mac", AA))
    assert addresses(found) == [[A], [C]]
    assert found[0].mac is None


def test_a_mac_read_out_of_a_text_joins_what_another_text_names(groups):
    pair = (A, "tls.subject", "CN=cam-00005e00530a"), (C, "sadp.mac", AA)
    assert addresses(groups(*pair)) == [[A], [C]]
    assert addresses(groups(*pair, read=lambda seen: AA if seen.kind == "tls.subject" else None)) == [[A, C]]


def test_a_stated_mac_is_shown_before_one_that_was_read(groups):
    (one,) = groups((A, "onvif.uuid", NODE), (A, "onvif.mac", BB))
    assert one.mac == BB


def test_a_mac_in_a_uuid_never_joins_measured_devices_and_the_clone_is_told(groups):
    found = groups((A, "mac", AA), (B, "mac", BB), (B, "onvif.uuid", NODE))
    assert addresses(found) == [[A], [B]]
    assert [g.mac for g in found] == [AA, BB]
    assert fields(found[0]) == ["mac"]
    assert set(fields(found[1])) == {"mac"}


@pytest.mark.parametrize("field", ["mac", "serial"])
def test_one_uuid_in_all_of_a_firmware_joins_no_devices_that_differ_otherwise(groups, field):
    own = {"mac": (AA, BB), "serial": ("NL-01", "NL-02")}[field]
    pairs = zip((A, B), own, strict=True)
    found = groups(*((ip, kind, v) for ip, mark in pairs for kind, v in (("x.uuid", NODE), (f"x.{field}", mark))))
    assert addresses(found) == [[A], [B]]
    assert all("mac" in fields(g) for g in found)


def test_a_cloned_mac_with_another_serial_number_is_two_rows_through_a_router(groups):
    found = groups((A, "sadp.mac", AA), (C, "sadp.mac", AA), (A, "sadp.serial", "NL-01"), (C, "sadp.serial", "NL-02"))
    assert addresses(found) == [[A], [C]]
    assert [fields(g) for g in found] == [["mac"], ["mac"]]
    assert "serial numbers differ" in found[0].conflicts[0].note


def test_a_cloned_serial_with_another_claimed_mac_is_two_rows_through_a_router(groups):
    found = groups((A, "sadp.mac", AA), (C, "sadp.mac", BB), (A, "sadp.serial", "NL-01"), (C, "sadp.serial", "NL-01"))
    assert addresses(found) == [[A], [C]]
    assert [fields(g) for g in found] == [["serial"], ["serial"]]


def test_the_two_ports_of_one_device_are_one_row_through_a_router(groups):
    near = "00:00:5e:00:53:0b"
    found = groups((A, "x.mac", AA), (C, "x.mac", near), (A, "x.serial", "NL-01"), (C, "x.serial", "NL-01"))
    assert addresses(found) == [[A, C]]


def test_a_serial_with_the_model_before_it_is_the_same_serial(groups):
    found = groups(
        (A, "sadp.mac", AA), (C, "isapi.mac", AA), (A, "sadp.serial", "NL-D2202019"), (C, "isapi.serial", "2019")
    )
    assert addresses(found) == [[A, C]]


def test_a_router_s_mac_is_no_device_s(groups):
    found = groups((A, "mac", AA), (B, "mac", AA), (A, "sadp.mac", BB), not_a_device={AA: 3})
    assert addresses(found) == [[A], [B]]
    assert [(g.mac, g.mac_source) for g in found] == [(BB, MacSource.CLAIMED), (None, None)]


def test_an_answer_that_names_another_address_is_told(groups):
    (one,) = groups((A, "sadp.ip", "192.168.1.64"))
    assert fields(one) == ["address"]
    (two,) = groups((A, "sadp.ip", A))
    (nothing,) = groups((A, "dhip.ip", "0.0.0.0"))
    assert two.conflicts == nothing.conflicts == ()


def test_both_addresses_of_one_device_may_stand_in_its_answers(groups):
    (one,) = groups((A, "mac", AA), (B, "mac", AA), (A, "sadp.ip", B))
    assert one.conflicts == ()


def test_ipv4_and_ipv6_addresses_of_one_mac_are_one_device(groups):
    assert addresses(groups(("fe80::1", "mac", AA), (A, "mac", AA))) == [[A, "fe80::1"]]


def test_the_order_of_answers_changes_neither_groups_nor_marks(observed):
    triples = [
        (A, "mac", AA),
        (B, "mac", AA),
        (C, "sadp.mac", BB),
        (C, "onvif.mac", "00:00:5e:00:53:01"),
        (A, "sadp.serial", "S-1234"),
        ("192.0.2.9", "sadp.serial", "S-1234"),
        ("192.0.2.8", "onvif.uuid", "feedfeed-0002"),
        ("192.0.2.8", "upnp.uuid", "feedfeed-0001"),
        ("192.0.2.7", "onvif.uuid", NODE.replace("530a", "5303")),
        ("192.0.2.7", "upnp.uuid", NODE.replace("530a", "5302")),
    ]

    def told(order):
        seen = [o for ip, kind, value in order for o in observed((kind, value), ip=ip)]
        return [
            (
                addresses([g]),
                g.mac,
                device_id(None, None, g.mac, g.mac_source, g.observations, list(map(str, g.addresses)), None),
            )
            for g in group(seen)
        ]

    first = told(triples)
    for seed in range(20):
        random.Random(seed).shuffle(triples)
        assert told(triples) == first


def test_observations_that_somebody_else_joined_are_one_device(observed):
    seen = [*observed(("mac", AA), ip=B), *observed(("mac", BB), ip=A), *observed(("http.server", "x"), ip=None)]
    one = as_one(seen)
    assert [str(ip) for ip in one.addresses] == [A, B]
    assert (one.mac, len(one.observations)) == (AA, 3)


def test_nothing_seen_is_no_device():
    assert group([]) == ()
