"""Frames and packets: what is read, what is refused, and that no bytes do worse than that."""

from ipaddress import ip_address

import passing as p
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netcam.errors import DecodeError
from netcam.wire import frames

DATAGRAM = p.udp("10.0.0.20", 37020, "10.0.0.50", 40000, b"hello")
ADVERTISED = b"\x88\0\0\0\x60\0\0\0" + ip_address("fe80::20").packed + b"\x02\x01" + p.mac(p.CAMERA)


def test_an_ethernet_frame_gives_macs_ethertype_and_payload():
    frame = frames.decode_frame(1, p.ethernet(b"xyz", kind=0x1234))
    assert (frame.src, frame.dst, frame.protocol, frame.payload) == (p.CAMERA, "ff:ff:ff:ff:ff:ff", 0x1234, b"xyz")


def test_vlan_tags_are_skipped():
    assert frames.decode_frame(1, p.ethernet(b"xyz", kind=0x1234, tags=(5, 7))).protocol == 0x1234


def test_a_frame_of_the_old_kind_gives_its_owner_s_protocol_without_the_padding():
    frame = frames.decode_frame(1, p.cdp(platform="x") + bytes(30))
    assert (frame.oui, frame.protocol) == (b"\x00\x00\x0c", 0x2000)
    assert frame.payload.endswith(b"x")


@pytest.mark.parametrize(
    ("link_type", "head"),
    [
        (113, b"\0\0\0\x01\0\x06" + p.mac(p.CAMERA) + b"\0\0\x08\0"),
        (276, b"\x08\0\0\0\0\0\0\x02\0\x01\0\x06" + p.mac(p.CAMERA) + b"\0\0"),
        (101, b""),
        (228, b""),
        (0, b"\x02\0\0\0"),
    ],
)
def test_other_links_carry_the_same_packet(link_type, head):
    frame = frames.decode_frame(link_type, head + DATAGRAM[14:])
    assert frame.protocol == frames.IPV4
    assert frame.src == (p.CAMERA if link_type in (113, 276) else None)
    assert str(frames.decode_packet(frame.payload).src) == "10.0.0.20"


def test_a_link_that_is_not_known_is_refused():
    with pytest.raises(DecodeError, match="link type 105"):
        frames.decode_frame(105, DATAGRAM)


def test_arp_gives_its_sender_and_nothing_for_a_probe():
    sender = frames.decode_arp(p.arp("10.0.0.20", p.CAMERA)[14:])
    assert (str(sender.ip), sender.mac) == ("10.0.0.20", p.CAMERA)
    assert frames.decode_arp(p.arp("0.0.0.0", p.CAMERA, op=1)[14:]) is None


def test_padding_behind_a_packet_is_no_part_of_it():
    packet = frames.decode_packet(DATAGRAM[14:] + bytes(18))
    assert frames.decode_datagram(packet.payload).payload == b"hello"


def test_a_length_that_a_sending_card_left_open_is_the_frame_s():
    raw = bytearray(DATAGRAM[14:])
    raw[2:4] = b"\0\0"
    assert frames.decode_datagram(frames.decode_packet(bytes(raw)).payload).payload == b"hello"


def test_ipv6_headers_before_the_datagram_are_skipped():
    body = p.udp("fe80::1", 1, "fe80::2", 2, b"hello")[54:]
    options = b"\x3c\x00" + bytes(6) + b"\x11\x01" + bytes(14)  # hop by hop, then destination options
    packet = frames.decode_packet(p.ipv6("fe80::1", "fe80::2", 0, options + body))
    assert packet.protocol == frames.UDP
    assert frames.decode_datagram(packet.payload).payload == b"hello"


@pytest.mark.parametrize("at", [2, 3])
def test_a_packet_whose_length_lies_past_the_capture_is_refused(at):
    raw = bytearray(DATAGRAM[14:])
    raw[at] = 0xFF
    with pytest.raises(DecodeError):
        frames.decode_packet(bytes(raw))


def test_a_tcp_header_that_ends_behind_the_segment_is_refused():
    raw = bytearray(p.tcp("10.0.0.1", 1, "10.0.0.2", 2, p.SYN)[34:])
    raw[12] = 0xF0
    with pytest.raises(DecodeError):
        frames.decode_segment(bytes(raw))


def test_an_advertisement_names_address_and_mac():
    packet = frames.decode_packet(p.ipv6("fe80::20", "ff02::1", 58, ADVERTISED, hops=255))
    assert frames.decode_advertisement(packet) == (ip_address("fe80::20"), p.CAMERA)


def test_an_advertisement_from_behind_a_router_is_refused():
    with pytest.raises(DecodeError):
        frames.decode_advertisement(frames.decode_packet(p.ipv6("fe80::20", "ff02::1", 58, ADVERTISED, hops=254)))


def put_together(parts, reassembly=None):
    reassembly = reassembly or frames.Reassembly()
    done = [reassembly.add(frames.decode_packet(part[14:])) for part in parts]
    return [frames.decode_datagram(packet.payload).payload for packet in done if packet]


def test_fragments_in_any_order_make_the_datagram():
    payload = bytes(range(256)) * 20
    parts = p.fragments("10.0.0.20", 37810, "10.0.0.50", 1, payload)
    assert len(parts) > 3
    assert put_together(parts) == put_together(parts[::-1]) == put_together([parts[0], *parts]) == [payload]


def test_ipv6_fragments_make_the_datagram_too():
    body = p.udp("fe80::1", 1, "fe80::2", 2, b"x" * 3000)[54:]

    def part(at, more):
        head = b"\x11\0" + (at | more).to_bytes(2, "big") + b"\0\0\0\x09"
        return p.ethernet(p.ipv6("fe80::1", "fe80::2", 44, head + body[at : at + 1480 if more else None]))

    assert put_together([part(0, True)]) == []
    assert put_together([part(1480, False), part(0, True)]) == [b"x" * 3000]


def test_fragments_that_overlap_make_nothing():
    one, two, three = p.fragments("10.0.0.20", 1, "10.0.0.50", 2, b"a" * 4000)
    forged = p.ethernet(p.ipv4("10.0.0.20", "10.0.0.50", 17, b"b" * 1480, ident=7, offset=1400, more=True))
    assert put_together([one, forged, two, three]) == []


def test_unfinished_packets_are_bounded_and_the_oldest_goes():
    reassembly = frames.Reassembly()
    first, *rest = p.fragments("10.0.0.20", 1, "10.0.0.50", 2, b"a" * 2000, ident=60000)
    assert put_together([first], reassembly) == []
    for ident in range(frames.DATAGRAMS_AT_ONCE):
        put_together(p.fragments("10.0.0.20", 1, "10.0.0.50", 2, b"a" * 2000, ident=ident)[:1], reassembly)
    assert put_together(rest, reassembly) == []
    assert len(reassembly._under_way) == frames.DATAGRAMS_AT_ONCE


def test_fragments_past_the_largest_packet_make_nothing():
    parts = [
        p.ethernet(p.ipv4("10.0.0.20", "10.0.0.50", 17, b"x" * 1480, ident=1, offset=at, more=True))
        for at in (0, 64000, 65000)
    ]
    assert put_together(parts) == []


def everything(link_type, raw):
    frame = frames.decode_frame(link_type, raw)
    if frame.protocol == frames.ARP:
        frames.decode_arp(frame.payload)
        return
    packet = frames.decode_packet(frame.payload)
    {17: frames.decode_datagram, 6: frames.decode_segment}.get(packet.protocol, bytes)(packet.payload)
    frames.decode_advertisement(packet)


GOOD = [
    DATAGRAM, p.arp("10.0.0.20", p.CAMERA), p.tcp("10.0.0.1", 1, "10.0.0.2", 2, p.SYN, b"x"), p.cdp(platform="x"),
    p.ethernet(p.ipv6("fe80::20", "ff02::1", 58, ADVERTISED, hops=255), kind=0x86DD, tags=(1,)),
]  # fmt: skip


@pytest.mark.parametrize("good", GOOD)
def test_a_frame_cut_at_any_byte_is_refused_at_a_byte_of_it(good):
    for cut in range(len(good)):
        with pytest.raises(DecodeError) as refused:
            everything(1, good[:cut])
        assert 0 <= refused.value.offset <= cut


@settings(max_examples=300, deadline=None)
@given(
    link_type=st.sampled_from([0, 1, 101, 113, 276, 9]), good=st.sampled_from(GOOD), at=st.integers(0, 100),
    noise=st.binary(max_size=80),
)  # fmt: skip
def test_any_bytes_are_read_or_refused(link_type, good, at, noise):
    try:
        everything(link_type, good[:at] + noise)
    except DecodeError as error:
        assert 0 <= error.offset <= at + len(noise)  # noqa: PT017 - decoding is as good an outcome
