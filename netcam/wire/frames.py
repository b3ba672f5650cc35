"""Frames as a card or a capture file gives them: Ethernet and relatives, ARP, IP, UDP, TCP, neighbour advertisements.

Nothing is verified by checksum: cards compute them after a capture on the sending machine has seen the frame. A packet
that is not whole is refused, because half a datagram can decode to a shortened text that looks right.
"""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address

from netcam.errors import DecodeError
from netcam.model import IPAddress
from netcam.wire.cursor import Cursor

IPV4, ARP, IPV6, LLDP = 0x0800, 0x0806, 0x86DD, 0x88CC  # EtherTypes
TCP, UDP, ICMPV6 = 6, 17, 58  # IP protocol numbers
FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10

TAG_LIMIT = 4  # VLAN tags of one frame
HEADER_LIMIT = 8  # IPv6 extension headers of one packet
DATAGRAM_LIMIT = 65535  # bytes of one reassembled packet
DATAGRAMS_AT_ONCE = 256  # packets under reassembly: 16 MB at most, whatever is sent
FRAGMENTS_OF_ONE = 64

# In one step, because most of a capture is the middle of some stream.
_IPV4_HEAD = struct.Struct("!xHHHBBxx4s4s")  # from the second byte on
_TCP_HEAD = struct.Struct("!HHIIBB")

_TAGS = frozenset((0x8100, 0x88A8, 0x9100))  # IEEE 802.1Q, 802.1ad, and what came before it
_LENGTHS_BELOW = 0x0600  # IEEE 802.3: below this the field is a length, not an EtherType
_ETHERNET_HARDWARE = 1
_HOP_BY_HOP, _ROUTING, _FRAGMENT, _DESTINATION = 0, 43, 44, 60
_ADVERTISEMENT, _TARGET_LINK_ADDRESS = 136, 2  # RFC 4861


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame of the link layer.

    `src` and `dst` are None where the link has no MACs. `protocol` is an EtherType, or, with `oui` (three bytes,
    somebody's own SNAP), that owner's protocol number.
    """

    src: str | None
    dst: str | None
    protocol: int
    payload: bytes
    oui: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arp:
    """The sender's half of an ARP request or reply."""

    mac: str
    ip: IPv4Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One IP packet, or a fragment of one: then `more` is set or `offset` (bytes) is not 0."""

    src: IPAddress
    dst: IPAddress
    protocol: int
    hops: int  # left when it was captured
    payload: bytes
    ident: int = 0
    offset: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Datagram:
    """One UDP datagram."""

    sport: int
    dport: int
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One TCP segment."""

    sport: int
    dport: int
    seq: int
    ack: int
    flags: int
    payload: bytes


def decode_frame(link_type: int, raw: bytes) -> Frame:
    """
    The frame inside its link layer; VLAN tags are skipped.

    Link types (the capture file formats' numbers): 1 Ethernet, 113 and 276 "Linux cooked", 101, 228, 229, 12 and 14
    bare IP, 0 and 108 BSD loopback.

    Raises:
        DecodeError: another link type, or a header that isn't whole.
    """
    decode = _LINKS.get(link_type)
    if decode is None:
        raise DecodeError("link", 0, f"link type {link_type} is not read")
    return decode(Cursor(raw, protocol="link"))


def decode_arp(payload: bytes) -> Arp | None:
    """The sender of a request or reply for IPv4 on Ethernet; None for a probe, whose sender has no address yet.

    Raises:
        DecodeError: another kind of ARP, or one that isn't whole.
    """
    cursor = Cursor(payload, protocol="arp")
    cursor.expect(b"\0\x01\x08\0\x06\x04\0")
    if cursor.uint(1) not in (1, 2):
        raise DecodeError("arp", 7, "neither request nor reply")
    mac, ip = _mac(cursor.take(6)), IPv4Address(cursor.take(4))
    cursor.take(10)  # the half about the target
    return None if ip.is_unspecified else Arp(mac=mac, ip=ip)


def decode_packet(payload: bytes) -> Packet:
    """
    One IP packet of either version, without its padding.

    Raises:
        DecodeError: a version that doesn't exist, lengths past the end, a packet cut by the capture.
    """
    cursor = Cursor(payload, protocol="ip")
    first = cursor.uint(1)
    if first >> 4 == 4:
        return _ipv4(cursor, first & 15)
    if first >> 4 == 6:
        return _ipv6(cursor)
    raise DecodeError("ip", 0, f"version {first >> 4}")


def decode_datagram(payload: bytes) -> Datagram:
    """
    Raises:
        DecodeError: a length below the header's or past the end.
    """
    cursor = Cursor(payload, protocol="udp")
    sport, dport, length = cursor.uint(2), cursor.uint(2), cursor.uint(2)
    cursor.take(2)
    return Datagram(sport=sport, dport=dport, payload=cursor.take(length - 8))


def decode_segment(payload: bytes) -> Segment:
    """
    Raises:
        DecodeError: a header length below 20 bytes or past the end.
    """
    cursor = Cursor(payload, protocol="tcp")
    sport, dport, seq, ack, words, flags = _TCP_HEAD.unpack(cursor.take(_TCP_HEAD.size))
    if words >> 4 < 5:
        raise DecodeError("tcp", 12, "header of less than 20 bytes")
    cursor.skip_to((words >> 4) * 4)
    return Segment(sport=sport, dport=dport, seq=seq, ack=ack, flags=flags, payload=cursor.rest())


def decode_advertisement(packet: Packet) -> tuple[IPv6Address, str] | None:
    """The address and MAC of a neighbour advertisement; None for other ICMPv6, and where it names no MAC.

    Raises:
        DecodeError: not whole, or from behind a router, where none can come from (RFC 4861, section 7.1.2).
    """
    cursor = Cursor(packet.payload, protocol="icmpv6")
    if cursor.uint(1) != _ADVERTISEMENT:
        return None
    if packet.hops != 255:
        raise DecodeError("icmpv6", 0, "advertisement that crossed a router")
    cursor.take(7)
    target = IPv6Address(cursor.take(16))
    while cursor:
        kind, size = cursor.uint(1), cursor.uint(1) * 8
        option = cursor.sub(size - 2)
        if kind == _TARGET_LINK_ADDRESS and size == 8:
            return target, _mac(option.take(6))
    return None


@dataclass(slots=True)
class _Parts:
    """The fragments of one packet so far, by offset; `end` is known with the last one."""

    pieces: dict[int, bytes] = field(default_factory=dict)
    end: int | None = None
    spoilt: bool = False


class Reassembly:
    """Fragments back into packets. Bounded: the oldest unfinished packet goes when there are too many.

    A packet whose fragments overlap is given up as a whole (RFC 5722): no honest sender makes such ones.
    """

    def __init__(self) -> None:
        self._under_way: OrderedDict[tuple[IPAddress, IPAddress, int, int], _Parts] = OrderedDict()

    def add(self, packet: Packet) -> Packet | None:
        """The whole packet: itself when it is no fragment, put together with the last one missing, else None."""
        if not packet.more and not packet.offset:
            return packet
        key = (packet.src, packet.dst, packet.protocol, packet.ident)
        parts = self._under_way.get(key)
        if parts is None:
            if len(self._under_way) >= DATAGRAMS_AT_ONCE:
                self._under_way.popitem(last=False)
            parts = self._under_way[key] = _Parts()
        self._take(parts, packet)
        if parts.spoilt:
            parts.pieces.clear()
            return None
        if parts.end is None or sum(map(len, parts.pieces.values())) != parts.end:
            return None
        del self._under_way[key]
        whole = b"".join(parts.pieces[at] for at in sorted(parts.pieces))
        return replace(packet, payload=whole, offset=0, more=False)

    def _take(self, parts: _Parts, packet: Packet) -> None:
        start, end = packet.offset, packet.offset + len(packet.payload)
        if parts.pieces.get(start) == packet.payload:
            return  # sent twice
        overlaps = any(start < at + len(piece) and at < end for at, piece in parts.pieces.items())
        too_much = end > DATAGRAM_LIMIT or len(parts.pieces) >= FRAGMENTS_OF_ONE
        past_end = parts.end is not None and end > parts.end
        second_end = not packet.more and parts.end not in (None, end)
        if parts.spoilt or overlaps or too_much or past_end or second_end or not packet.payload:
            parts.spoilt = True
            return
        if not packet.more:
            parts.end = end
        parts.pieces[start] = packet.payload


def _ethernet(cursor: Cursor) -> Frame:
    dst, src = _mac(cursor.take(6)), _mac(cursor.take(6))
    return _tagged(cursor, src, dst, cursor.uint(2))


def _tagged(cursor: Cursor, src: str | None, dst: str | None, protocol: int) -> Frame:
    for _ in range(TAG_LIMIT):
        if protocol not in _TAGS:
            break
        cursor.take(2)
        protocol = cursor.uint(2)
    if protocol >= _LENGTHS_BELOW:
        return Frame(src=src, dst=dst, protocol=protocol, payload=cursor.rest())
    body = cursor.sub(protocol)  # the rest is padding
    body.expect(b"\xaa\xaa\x03")  # SNAP; nothing that concerns us uses another form
    oui = body.take(3)
    return Frame(src=src, dst=dst, protocol=body.uint(2), payload=body.rest(), oui=oui if any(oui) else None)


def _cooked(cursor: Cursor) -> Frame:
    """
    Layout, big-endian: packet type 2, hardware 2, address length 2, address 8, EtherType 2 (LINKTYPE_LINUX_SLL).
    """
    cursor.take(2)
    src = _cooked_mac(cursor.uint(2), cursor.uint(2), cursor.take(8))
    return _tagged(cursor, src, None, cursor.uint(2))


def _cooked2(cursor: Cursor) -> Frame:
    """
    Layout, big-endian: EtherType 2, zero 2, interface 4, hardware 2, packet type 1, address length 1, address 8
    (LINKTYPE_LINUX_SLL2).
    """
    protocol = cursor.uint(2)
    cursor.take(6)
    hardware = cursor.uint(2)
    cursor.take(1)
    src = _cooked_mac(hardware, cursor.uint(1), cursor.take(8))
    return _tagged(cursor, src, None, protocol)


def _bare(cursor: Cursor) -> Frame:
    payload = cursor.rest()
    return Frame(src=None, dst=None, protocol=IPV6 if payload[:1] >= b"\x60" else IPV4, payload=payload)


def _loopback(cursor: Cursor) -> Frame:
    cursor.take(4)  # the sender's number for the address family, which differs from system to system
    return _bare(cursor)


_LINKS: dict[int, Callable[[Cursor], Frame]] = {
    1: _ethernet, 113: _cooked, 276: _cooked2, 101: _bare, 228: _bare, 229: _bare, 12: _bare, 14: _bare,
    0: _loopback, 108: _loopback,
}  # fmt: skip


def _ipv4(cursor: Cursor, words: int) -> Packet:
    length, ident, fragment, hops, protocol, src, dst = _IPV4_HEAD.unpack(cursor.take(_IPV4_HEAD.size))
    if words < 5:
        raise DecodeError("ip", 0, "header of less than 20 bytes")
    cursor.skip_to(words * 4)
    # A card that cuts large packets itself leaves the length to be filled in: the frame's own length holds then.
    payload = cursor.take(length - words * 4) if length else cursor.rest()
    return Packet(
        src=IPv4Address(src), dst=IPv4Address(dst), protocol=protocol, hops=hops, payload=payload, ident=ident,
        offset=(fragment & 0x1FFF) * 8, more=bool(fragment & 0x2000),
    )  # fmt: skip


def _ipv6(cursor: Cursor) -> Packet:
    cursor.take(3)
    length, header, hops = cursor.uint(2), cursor.uint(1), cursor.uint(1)
    src, dst = IPv6Address(cursor.take(16)), IPv6Address(cursor.take(16))
    body = cursor.sub(length)
    ident, offset, more = 0, 0, False
    for _ in range(HEADER_LIMIT):
        if header in (_HOP_BY_HOP, _ROUTING, _DESTINATION):
            header, size = body.uint(1), body.uint(1)
            body.take(size * 8 + 6)
        elif header == _FRAGMENT:
            header = body.uint(1)
            body.take(1)
            fragment = body.uint(2)
            ident, offset, more = body.uint(4), fragment & 0xFFF8, bool(fragment & 1)
            if offset:
                break  # what follows is the middle of something
        else:
            break
    return Packet(
        src=src, dst=dst, protocol=header, hops=hops, payload=body.rest(), ident=ident, offset=offset, more=more
    )


def _cooked_mac(hardware: int, length: int, address: bytes) -> str | None:
    return _mac(address[:6]) if hardware == _ETHERNET_HARDWARE and length == 6 else None


def _mac(raw: bytes) -> str:
    return raw.hex(":")
