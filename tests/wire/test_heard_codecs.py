"""DHCP, DNS, TLS greetings, LLDP and CDP: constructed messages, each cut, bent and drowned in noise."""

import passing as p
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zeroconf import DNSIncoming

from netcam.errors import DecodeError
from netcam.probes.vendor.csadp import decode_presence
from netcam.wire.cdp import decode_cdp
from netcam.wire.dhcp import decode_dhcp
from netcam.wire.dns_message import PTR, SRV, TXT, A, decode_message, services
from netcam.wire.lldp import decode_lldp
from netcam.wire.tls_hello import decode_server_name

INSTANCE = "NL-220 - 02000000000D._axis-video._tcp.local."
ANNOUNCED = p.dns(
    records=[
        ("_axis-video._tcp.local.", PTR, p.dns_name(INSTANCE)),
        (INSTANCE, SRV, b"\0\0\0\0\0\x50" + p.dns_name("nl220.local.")),
        (INSTANCE, TXT, b"\x17macaddress=02000000000D"),
        ("nl220.local.", A, bytes((10, 0, 0, 20))),
    ]
)
ASKED = p.dns(questions=[("P2P.example.", 1), ("b.example.", 28)])
REQUEST = p.dhcp(
    p.CAMERA, (53, b"\x03"), (12, b"nl-220"), (60, b"NLO,Camera,1"), (55, bytes((1, 3, 6))), (50, bytes((10, 0, 0, 20)))
)
HELLO = p.client_hello("P2P.example")
CASES = {
    "dhcp": (decode_dhcp, REQUEST), "dns": (decode_message, ANNOUNCED), "question": (decode_message, ASKED),
    "tls": (decode_server_name, HELLO), "lldp": (decode_lldp, p.lldp(name="sw1", description="Switch 9")),
    "cdp": (decode_cdp, p.cdp(device="sw1", platform="P", software="S 1.0")[22:]),
    "csadp": (decode_presence, p.csadp()[14:]),
}  # fmt: skip
every_codec = pytest.mark.parametrize("name", CASES)


def test_a_dhcp_request_names_its_client():
    told = decode_dhcp(REQUEST)
    assert (told.from_client, told.mac, told.type, str(told.wanted)) == (True, p.CAMERA, 3, "10.0.0.20")
    assert (told.host_name, told.vendor_class, told.parameters) == ("nl-220", "NLO,Camera,1", "1,3,6")


def test_a_dhcp_acknowledgement_hands_out_an_address():
    told = decode_dhcp(p.dhcp(p.CAMERA, (53, b"\x05"), op=2, given="10.0.0.21"))
    assert (told.from_client, told.type, str(told.given), told.wanted) == (False, 5, "10.0.0.21", None)


def test_the_client_identifier_stands_in_for_a_missing_header_mac():
    told = decode_dhcp(p.dhcp("00:00:00:00:00:00", (61, b"\x01" + p.mac(p.CAMERA))))
    assert told.mac == p.CAMERA


def test_names_asked_for_are_read_as_sent():
    message = decode_message(ASKED)
    assert not message.response
    assert message.questions == (("P2P.example.", 1), ("b.example.", 28))


def test_an_announced_service_has_type_name_host_port_and_text():
    kind, name, host, port, txt = next(services(decode_message(ANNOUNCED)))
    assert (kind, name, host, port) == ("_axis-video._tcp.local.", INSTANCE, "nl220.local.", 80)
    assert txt == b"\x17macaddress=02000000000D"


def test_names_are_read_as_the_library_reads_them():
    theirs = DNSIncoming(ANNOUNCED).answers()
    assert [r.name for r in decode_message(ANNOUNCED).records] == [r.name for r in theirs]


def compressed(*names):
    """A message of questions whose names are given as bytes."""
    head = b"\0\0\0\0" + len(names).to_bytes(2, "big") + bytes(6)
    return head + b"".join(name + b"\0\x01\0\x01" for name in names)


def test_a_reference_backwards_is_followed():
    message = decode_message(compressed(b"\x01a\x07example\0", b"\x01b\xc0\x0e"))
    assert [name for name, _ in message.questions] == ["a.example.", "b.example."]


@pytest.mark.parametrize("name", [b"\xc0\x0c", b"\x01a\xc0\x0c", b"\xc0\x20", b"\xc0\x0e\0"])
def test_a_reference_to_itself_or_forwards_is_refused(name):
    with pytest.raises(DecodeError, match="backwards"):
        decode_message(compressed(name))


def test_a_name_built_of_references_ends_at_255_bytes():
    parts = [b"\x3f" + b"a" * 63 + b"\0"]
    at = 12
    for _ in range(5):
        parts.append(b"\x3f" + b"a" * 63 + bytes((0xC0 | at >> 8, at & 0xFF)))
        at += len(parts[-2]) + 4
    with pytest.raises(DecodeError, match="255"):
        decode_message(compressed(*parts))


def test_a_message_that_announces_thousands_of_records_is_refused():
    with pytest.raises(DecodeError, match="65535 records"):
        decode_message(b"\0\0\x84\0\0\0\xff\xff" + bytes(500))


def test_the_server_name_of_a_greeting_is_read_in_lower_case():
    assert decode_server_name(HELLO) == "p2p.example"


def test_a_greeting_spread_over_records_is_read_too():
    message = HELLO[5:]
    split = b"".join(
        b"\x16\x03\x01" + len(part).to_bytes(2, "big") + part for part in (message[:30], message[30:50], message[50:])
    )
    assert decode_server_name(split) == "p2p.example"


def test_a_server_name_with_other_characters_is_none():
    assert decode_server_name(p.client_hello("a b\x1b[2J")) is None


def test_lldp_and_cdp_give_the_texts_of_their_sender():
    told = decode_lldp(CASES["lldp"][1])
    assert (told.chassis_mac, told.port, told.name, told.description) == (p.CAMERA, "eth0", "sw1", "Switch 9")
    told = decode_cdp(CASES["cdp"][1])
    assert (told.device_id, told.platform, told.software) == ("sw1", "P", "S 1.0")


def test_a_tool_s_raw_question_is_no_device():
    for question in (p.csadp(origin=0x42), p.csadp(direction=2)):
        with pytest.raises(DecodeError):
            decode_presence(question[14:])


def outcome(name, data):
    try:
        return CASES[name][0](data)
    except DecodeError as error:
        assert 0 <= error.offset <= len(data)  # noqa: PT017 - decoding is as good an outcome
        return None


@every_codec
def test_a_message_cut_at_any_byte_decodes_or_names_the_byte(name):
    good = CASES[name][1]
    assert outcome(name, good) is not None
    for cut in range(len(good)):
        outcome(name, good[:cut])


@every_codec
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_bent_message_decodes_or_names_the_byte(name, data):
    good = bytearray(CASES[name][1])
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(good)))
    outcome(name, bytes(good[:cut]) + data.draw(st.binary(max_size=40)))
