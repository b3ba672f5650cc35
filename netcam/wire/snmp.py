"""The part of SNMP version 2c that a read of three texts takes: RFC 3416 messages in the basic encoding rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netcam.errors import DecodeError
from netcam.wire.cursor import Cursor

SIZE_LIMIT = 4096  # bytes of one answer
_SEQUENCE, _INTEGER, _OCTETS, _NULL, _OID, _GET, _RESPONSE = 0x30, 0x02, 0x04, 0x05, 0x06, 0xA0, 0xA2
_VERSION_2C = 1
_BINDINGS = 16  # of one answer; more were asked by nobody
_OID_BYTES = 64


def encode_get(names: Sequence[str], community: str, request_id: int) -> bytes:
    """A GetRequest for the objects with these dotted names; `request_id` has 31 bits."""
    bindings = b"".join(_wrap(_SEQUENCE, _wrap(_OID, _encode_oid(name)) + _wrap(_NULL, b"")) for name in names)
    pdu = _integer(request_id) + _integer(0) + _integer(0) + _wrap(_SEQUENCE, bindings)
    message = _integer(_VERSION_2C) + _wrap(_OCTETS, community.encode()) + _wrap(_GET, pdu)
    return _wrap(_SEQUENCE, message)


def decode_response(datagram: bytes) -> Iterator[tuple[str, str]]:
    """
    (dotted name, text) of each object in a Response that is a text or an object identifier; others are left out.

    The community of the answer is skipped.

    Raises:
        DecodeError: more than 4 kB, another message, or a length past its container.
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("snmp", SIZE_LIMIT, f"answer of more than {SIZE_LIMIT} bytes")
    message = _open(Cursor(datagram, protocol="snmp"), _SEQUENCE)
    at = message.offset
    if _open(message, _INTEGER).rest() != bytes((_VERSION_2C,)):
        raise DecodeError("snmp", at, "version 2c wanted")
    _open(message, _OCTETS)
    pdu = _open(message, _RESPONSE)
    for _ in ("request id", "error", "index of the error"):
        _open(pdu, _INTEGER)
    bindings = _open(pdu, _SEQUENCE)
    for _ in range(_BINDINGS):
        if not bindings:
            return
        binding = _open(bindings, _SEQUENCE)
        name = _decode_oid(_open(binding, _OID))
        tag, value = _next(binding)
        if tag == _OCTETS:
            yield name, value.rest().split(b"\0", 1)[0].decode("utf-8", "replace")
        elif tag == _OID:
            yield name, _decode_oid(value)


def _wrap(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes((size,)) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes((tag,)) + length + content


def _integer(value: int) -> bytes:
    return _wrap(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))  # room for the sign


def _encode_oid(name: str) -> bytes:
    first, second, *rest = map(int, name.split("."))
    out = bytearray((first * 40 + second,))
    for arc in rest:
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        out += bytes(reversed(groups))
    return bytes(out)


def _decode_oid(content: Cursor) -> str:
    if not 0 < content.left <= _OID_BYTES:
        raise DecodeError("snmp", content.offset, f"object identifier of {content.left} bytes")
    arcs: list[int] = []
    arc = 0
    while content:
        byte = content.uint(1)
        arc = arc << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(arc)
            arc = 0
    if not arcs:
        raise DecodeError("snmp", content.offset, "object identifier without an end")
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def _next(cursor: Cursor) -> tuple[int, Cursor]:
    """The tag and the content of the next element; the length in at most two bytes, and never left open."""
    tag = cursor.uint(1)
    at = cursor.offset
    length = cursor.uint(1)
    if length & 0x80:
        if length not in (0x81, 0x82):
            raise DecodeError("snmp", at, f"length of form {length:#04x}")
        length = cursor.uint(length & 0x7F)
    return tag, cursor.sub(length)


def _open(cursor: Cursor, wanted: int) -> Cursor:
    at = cursor.offset
    tag, content = _next(cursor)
    if tag != wanted:
        raise DecodeError("snmp", at, f"tag {wanted:#04x} wanted, {tag:#04x} found")
    return content
