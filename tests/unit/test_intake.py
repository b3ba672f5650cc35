"""Observations that somebody else collected: read line by line, whatever the lines hold."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netcam.intake import LINE_LIMIT, read_observations
from netcam.model.report import MacSource
from netcam.probes import decoders, emitted_kinds

KINDS = (
    frozenset({"http.server", "http.body", "http.cookie", "http.wwwauth", "port-banner", "sip", "mac", "telnet"})
    | emitted_kinds()
    | set(decoders())
)
GOOD = json.dumps({"kind": "http.server", "value": "good"})


def read(*items):
    lines = [item if isinstance(item, str) else json.dumps(item) for item in items]
    return read_observations(lines, decoders(), KINDS)


def seen(*items):
    devices, bad = read(*items)
    assert bad == []
    return [(o.kind, o.value) for d in devices for o in d.observations]


BAD = {
    "no JSON": "kind=http.server",
    "half a line": GOOD[:-1],
    "a list": "[1]",
    "a number": "1",
    "null": "null",
    "no value": '{"kind": "http.server"}',
    "no kind": '{"value": "x"}',
    "a value that is no text": '{"kind": "http.server", "value": 1}',
    "an unknown kind": '{"kind": "http.servant", "value": "x"}',
    "a kind like a path": '{"kind": "../x", "value": "x"}',
    "an unknown encoding": '{"kind": "http.server", "value": "x", "encoding": "rot13"}',
    "broken base64": '{"kind": "http.server", "value": "???", "encoding": "base64"}',
    "base64 beyond ASCII": '{"kind": "http.server", "value": "é", "encoding": "base64"}',
    "a broken address": '{"kind": "http.server", "value": "x", "ip": "10.0.0.999"}',
    "an address that is a number": '{"kind": "http.server", "value": "x", "ip": 12345}',
    "deep nesting": '{"kind": "http.server", "value": "x", "more": ' + "[" * 200_000 + "]" * 200_000 + "}",
    "a number too long": '{"kind": "http.server", "value": "x", "id": ' + "9" * 5000 + "}",
    "a line too long": '{"kind": "http.server", "value": "' + "x" * LINE_LIMIT + '"}',
}


@pytest.mark.parametrize("line", BAD.values(), ids=BAD)
def test_a_line_that_can_t_be_read_is_told_with_its_number_and_the_others_count(line):
    devices, bad = read(GOOD, "", line, GOOD)
    assert [b.number for b in bad] == [3]
    assert bad[0].reason
    assert len(bad[0].reason) <= 200
    assert "\n" not in bad[0].reason
    assert len(devices) == 2


def test_a_line_of_a_megabyte_is_read():
    value = "x" * (LINE_LIMIT - 100)
    assert seen({"kind": "http.server", "value": value}) == [("http.server", "x" * 4096)]


def test_lines_of_one_device_are_one_and_others_stand_alone_in_the_order_of_appearance():
    devices, _ = read(
        {"device": "b", "id": 1, "kind": "http.server", "value": "x"},
        {"id": 2, "kind": "http.server", "value": "x"},
        {"device": "a", "id": "3", "kind": "http.server", "value": "x"},
        {"device": "b", "id": 4, "kind": "telnet", "value": "y"},
        {"kind": "http.server", "value": "x"},
    )
    assert [(d.key, d.ids, len(d.observations)) for d in devices] == [
        ("b", [1, 4], 2),
        (None, [2], 1),
        ("a", ["3"], 1),
        (None, [], 1),
    ]


def test_a_device_of_which_nothing_is_left_is_still_a_device():
    devices, bad = read({"device": "a", "kind": "http.server", "value": " "})
    assert (len(devices), bad, devices[0].observations) == (1, [], [])


def test_base64_carries_bytes():
    value = base64.b64encode(b"\xff\xfb\x01login:").decode()
    assert seen({"kind": "telnet", "value": value, "encoding": "base64"})[0] == ("telnet", "\xff\xfb\x01login:")
    value = base64.b64encode("größe".encode()).decode()
    assert seen({"kind": "http.server", "value": value, "encoding": "base64"}) == [("http.server", "größe")]


def test_a_nul_is_read_and_a_lone_surrogate_replaced():
    assert seen('{"kind": "port-banner", "value": "\\u0000a\\ud800"}') == [("port-banner", "\0a?")]


@pytest.mark.parametrize(
    ("port", "found"),
    [
        ("tcp/80", ("tcp", 80)),
        ("udp/20002", ("udp", 20002)),
        (80, ("tcp", 80)),
        ("80", ("tcp", 80)),
        ("http", (None, None)),
        ("tcp/0", (None, None)),
        ("tcp/70000", (None, None)),
        (None, (None, None)),
        ([80], (None, None)),
    ],
)
def test_ports_are_read_where_they_are_numbers(port, found):
    devices, bad = read({"kind": "http.server", "value": "x", "port": port})
    endpoint = devices[0].observations[0].endpoint
    assert bad == []
    assert (endpoint.transport, endpoint.port) == found


def test_a_zone_is_no_part_of_an_address():
    devices, _ = read({"kind": "http.server", "value": "x", "ip": "fe80::1%\x1b[31m<b>"})
    assert str(devices[0].observations[0].endpoint.ip) == "fe80::1"


def test_the_addresses_of_a_device_are_in_their_order_and_conflicts_are_told():
    devices, _ = read(
        *(
            {"device": "a", "kind": "http.server", "value": "x", "ip": ip}
            for ip in ("192.0.2.9", "192.0.2.10", "192.0.2.2")
        ),
        {"device": "a", "kind": "mac", "value": "00:00:5e:00:53:01"},
        {"device": "a", "kind": "isapi.mac", "value": "00:00:5e:00:53:02"},
    )
    group = devices[0].group()
    assert [str(ip) for ip in group.addresses] == ["192.0.2.2", "192.0.2.9", "192.0.2.10"]
    assert (group.mac, group.mac_source) == ("00:00:5e:00:53:01", MacSource.MEASURED)
    assert [c.field for c in group.conflicts] == ["mac"]


SADP = (
    "<ProbeMatch><Salt>SECRET</Salt><DeviceDescription>DS-X</DeviceDescription><DeviceSN>DS-X1</DeviceSN></ProbeMatch>"
)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("sadp", SADP),
        ("sadp", SADP.replace("<Salt>SECRET</Salt>", '<Salt type="x">SECRET</Salt>')),
        (
            "dhip",
            json.dumps(
                {"method": "client.notifyDevInfo", "params": {"random": "SECRET", "realm": "x", "deviceInfo": {}}}
            ),
        ),
        ("http.cookie", "sid=SECRET; path=/"),
        ("http.wwwauth", 'Digest realm="x", nonce="SECRET", opaque="SECRET"'),
        ("http.wwwauth", 'Digest realm="x", nonce="SECRET'),
        ("http.body", '<script>var token = "SECRET"; x = {"salt": "SECRET"}</script>'),
        ("sip", 'SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm="x", nonce="SECRET"\r\n'),
        ("port-banner", "HTTP/1.0 200 OK\r\nSet-Cookie: x=SECRET; path=/\r\nAuthorization: Basic SECRET\r\n\r\n"),
        ("port-banner", 'HTTP/1.0 401\r\nwww-authenticate: Digest nonce="SECRET"\r\n\r\n{"token":"SECRET"}'),
        ("telnet", "password=SECRET"),
        (
            "rtsp.headers",
            'RTSP/1.0 401\r\nWWW-Authenticate: Digest realm="x", nonce="SECRET"\r\nCookie: a=SECRET; b=SECRET\r\n',
        ),
    ],
)
def test_values_of_secrets_are_never_kept(kind, value):
    found = seen({"kind": kind, "value": value})
    assert found
    assert [text for _, text in found if "SECRET" in text] == []


def test_a_composite_is_decoded_and_kept():
    found = dict(seen({"kind": "sadp", "value": SADP}))
    assert found["sadp.model"] == "DS-X"
    assert found["sadp"].startswith("<ProbeMatch>")


@pytest.mark.parametrize("kind", sorted(decoders()))
@pytest.mark.parametrize(
    "value", ["", "x", "<", "<a>" * 5000, "{" * 5000, '{"a":' * 3000 + "1" + "}" * 3000, "\0" * 64, "é" * 50]
)
def test_a_fragment_of_a_composite_is_text_like_any_other(kind, value):
    devices, bad = read({"kind": kind, "value": value}, GOOD)
    assert bad == []
    assert len(devices) == 2


@settings(max_examples=60)
@given(kind=st.sampled_from(sorted(decoders())), raw=st.binary(max_size=200))
def test_any_bytes_of_any_composite_are_read(kind, raw):
    value = base64.b64encode(raw).decode()
    devices, bad = read({"kind": kind, "value": value, "encoding": "base64"})
    assert (len(devices), bad) == (1, [])


@given(st.text(max_size=200))
def test_any_line_is_read_or_told(line):
    devices, bad = read(line)
    assert len(devices) + len(bad) == (1 if line.strip() else 0)


def test_a_recorded_page_tells_its_title_as_a_live_one_does():
    page = "<html><head><TITLE> Lobby\n camera </TITLE></head></html>"
    assert seen({"kind": "http.body", "value": page}) == [("http.body", page), ("http.title", "Lobby camera")]
    assert seen({"kind": "http.body", "value": "no title"}) == [("http.body", "no title")]
