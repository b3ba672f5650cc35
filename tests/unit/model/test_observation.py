"""Roots, secrets, MACs, serials: what happens to a text before anybody judges it."""

from datetime import UTC, datetime, timedelta, timezone
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netcam.model import (
    Endpoint,
    Numbering,
    canonical_mac,
    canonical_uuid,
    global_mac,
    placeholder_serial,
    root_of,
    utc,
    uuid_node,
    without_secrets,
)

HERE = Endpoint(ip=ip_address("192.0.2.7"), port=80, transport="tcp")
UDP = Endpoint(ip=ip_address("192.0.2.7"), port=37020, transport="udp")


@pytest.mark.parametrize(
    "text", ["44:19:B6:00:00:01", "44-19-b6-00-00-01", "4419.b600.0001", "4419b6000001", " 44 19 b6 00 00 01 "]
)
def test_every_notation_of_a_mac_is_one_mac(text):
    assert canonical_mac(text) == "44:19:b6:00:00:01"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "44:19:b6",
        "44:19:b6:00:00:0g",
        "00:00:00:00:00:00",
        "ff:ff:ff:ff:ff:ff",
        "01:00:5e:00:00:fb",
        "44:19:b6:00:00:01:02",
        "４４:19:b6:00:00:01",
    ],
)
def test_what_no_station_can_have_is_no_mac(text):
    assert canonical_mac(text) is None


@pytest.mark.parametrize("text", ["", "0", "123", "00000000", "1111111111", "123456789", "0123456789", "****1234", "#"])
def test_factory_dummies_are_placeholder_serials(text):
    assert placeholder_serial(text)


@pytest.mark.parametrize("text", ["DS-2CD2042WD-I20160101AAWR123456789", "ACCC8E000001", "3B0A2F4PAZ00123", "987654"])
def test_serial_numbers_that_tell_devices_apart_are_not(text):
    assert not placeholder_serial(text)


@pytest.mark.parametrize(
    "text", ["00000000-0000-0000-0000-000000000000", "", "uuid:", "1", "ffffffff-ffff-ffff-ffff-ffffffffffff"]
)
def test_a_uuid_of_one_digit_names_nothing(text):
    assert canonical_uuid(text) is None


def test_a_mac_is_one_root_whoever_tells_it():
    macs = {
        root_of(kind, text, where)
        for kind, text, where in (
            ("mac", "44:19:b6:00:00:01", Endpoint(ip=HERE.ip)),
            ("sadp.mac", "44-19-B6-00-00-01", UDP),
            ("isapi.mac", "4419b6000001", HERE),
        )
    }
    assert macs == {"mac:44:19:b6:00:00:01"}


def test_a_uuid_is_one_root_with_and_without_its_urn():
    plain = "4D454930-0000-1000-8000-4419B6000001"
    roots = {root_of("onvif.uuid", f"urn:uuid:{plain}", UDP), root_of("upnp.uuid", f"uuid:{plain}", UDP)}
    assert roots == {f"uuid:{plain.lower()}"}


def test_one_port_is_one_root_and_another_port_another():
    other = Endpoint(ip=HERE.ip, port=8080, transport="tcp")
    assert root_of("http.server", "a", HERE) == root_of("http.title", "b", HERE) == "banner:192.0.2.7:80"
    assert root_of("http.server", "a", other) != root_of("http.server", "a", HERE)


def test_onvif_is_one_root_by_udp_and_by_tcp():
    assert root_of("onvif.name", "a", UDP) == root_of("onvif.model", "b", HERE) == "onvif:192.0.2.7"


def test_a_realm_is_one_root_in_http_and_rtsp():
    web = root_of("http.wwwauth", 'Digest realm="Login to 1A2B", nonce=""', HERE)
    stream = root_of("rtsp.realm", "Login to 1A2B", Endpoint(ip=HERE.ip, port=554, transport="tcp"))
    assert web == stream == "realm:Login to 1A2B"


def test_an_empty_realm_is_no_root_of_its_own():
    assert root_of("http.wwwauth", 'Basic realm=""', HERE) == "banner:192.0.2.7:80"


@pytest.mark.parametrize(
    "text",
    [
        'Digest realm="cam", nonce="SECRET", opaque="SECRET"',
        "Digest nonce=SECRET, qop=auth",
        'Digest nonce = "SECRET"',
        'Digest nonce="SECRET',
        'Digest nonce="SE\\"CRET", x',
        "salt=SECRET; session_id=SECRET",
        "Password=SECRET",
        'Digest nonce="SECRET with spaces, and commas"',
    ],
)
def test_values_of_secrets_are_emptied(text):
    left = without_secrets(text)
    assert "SECRET" not in left
    assert "CRET" not in left


def test_the_rest_of_a_challenge_stays():
    text = 'Digest qop="auth", realm="IP Camera(C1234)", nonce="SECRET", stale="FALSE"'
    assert without_secrets(text) == 'Digest qop="auth", realm="IP Camera(C1234)", nonce="", stale="FALSE"'


def test_only_the_name_of_a_cookie_is_kept(observed):
    assert [o.value for o in observed(("http.cookie", "sessionID=SECRET; path=/"))] == ["sessionID"]


def test_blank_and_missing_texts_are_left_out(observed):
    assert observed(("http.server", None), ("http.title", " \r\n\0 ")) == []


def test_a_binary_greeting_keeps_its_leading_nul(observed):
    assert observed(("port-banner", "\0\x01ab"))[0].value == "\0\x01ab"


def test_values_are_bounded_and_pages_may_be_longer(observed):
    short, long = observed(("http.server", "x" * 100_000), ("http.body", "x" * 100_000))
    assert (len(short.value), len(long.value)) == (4096, 16384)


def test_numbers_are_given_once_each():
    numbering = Numbering()
    seen = [o.id for _ in range(3) for o in numbering.observe(HERE, "p", {"a": "1", "b": None, "c": "2"})]
    assert seen == ["o1", "o2", "o3", "o4", "o5", "o6"]


@given(st.text())
def test_any_text_can_be_written_as_utf8(text):
    for seen in Numbering().observe(HERE, "p", {"http.server": text + "\ud800"}):
        seen.value.encode("utf-8")


def test_times_are_utc_in_milliseconds():
    moment = datetime(2026, 1, 15, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    assert utc(moment) == datetime(2026, 1, 15, 10, 0, 0, 123000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("uuid", "mac"),
    [
        ("89a11a00-58d0-11b5-8e20-4419b6000001", "44:19:b6:00:00:01"),
        ("urn:uuid:89A11A00-58D0-11B5-8E20-4419B6000001", "44:19:b6:00:00:01"),
        ("{89a11a00-58d0-11b5-be20-4419b6000001}", "44:19:b6:00:00:01"),
        ("00010010-0001-1020-8000-48ea63000001", "48:ea:63:00:00:01"),
    ],
)
def test_a_time_based_uuid_holds_the_mac_of_its_maker(uuid, mac):
    assert uuid_node(uuid) == mac


@pytest.mark.parametrize(
    "uuid",
    [
        "89a11a00-58d0-41b5-8e20-4419b6000001",  # random
        "89a11a00-58d0-31b5-8e20-4419b6000001",  # of a name
        "89a11a00-58d0-51b5-8e20-4419b6000001",
        "89a11a00-58d0-61b5-8e20-4419b6000001",
        "89a11a00-58d0-11b5-4e20-4419b6000001",  # another variant
        "89a11a00-58d0-11b5-ce20-4419b6000001",
        "89a11a00-58d0-11b5-8e20-000000000000",
        "89a11a00-58d0-11b5-8e20-ffffffffffff",
        "89a11a00-58d0-11b5-8e20-4519b6000001",  # a group address: the RFC's mark of a made-up node
        "89a11a00-58d0-11b5-8e20-4619b6000001",  # locally administered
        "89a11a00-58d0-11b5-8e20-4419b600000",
        "x89a11a00-58d0-11b5-8e20-4419b6000001",
        "89a11a0058d011b58e204419b6000001",
        "4419b6000001",
        "",
    ],
)
def test_no_other_uuid_does(uuid):
    assert uuid_node(uuid) is None


@given(st.uuids(version=4))
def test_no_random_uuid_ever_gives_a_mac(uuid):
    assert uuid_node(str(uuid)) is None


@given(st.text(max_size=80))
def test_any_text_gives_a_mac_that_some_maker_burnt_in_or_none(text):
    for mac in (uuid_node(text), global_mac(text)):
        assert mac is None or (canonical_mac(mac) == mac and not int(mac[1], 16) & 3)
