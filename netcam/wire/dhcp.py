"""DHCP as far as it tells who a client is (RFC 2131, RFC 2132)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from netcam.errors import DecodeError
from netcam.model import canonical_mac
from netcam.wire.charset import decode_text
from netcam.wire.cursor import Cursor

SERVER_PORT, CLIENT_PORT = 67, 68
REQUEST, ACKNOWLEDGE = 3, 5  # message types

_COOKIE = b"\x63\x82\x53\x63"
_PAD, _END = 0, 255
_HOST_NAME, _REQUESTED, _TYPE, _PARAMETERS, _VENDOR_CLASS, _CLIENT_ID = 12, 50, 53, 55, 60, 61
_ETHERNET_HARDWARE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DhcpMessage:
    """One message, of a client or, with `from_client` False, of a server to it.

    `mac` is the client's, None where the link has none. `given` is the address that a server hands out, `wanted` the
    one that the client has or asks for. `parameters` are the numbers of option 55 in the client's order, "1,3,6".
    """

    from_client: bool
    mac: str | None
    type: int | None
    given: IPv4Address | None
    wanted: IPv4Address | None
    host_name: str | None
    vendor_class: str | None
    parameters: str | None


def decode_dhcp(datagram: bytes) -> DhcpMessage:
    """
    Of a repeated option the first counts; options that went into the fields of the old boot protocol are not read.

    The client's MAC is that of the header; where the header has none, the client identifier's.

    Raises:
        DecodeError: no DHCP message, or an option past the end.
    """
    cursor = Cursor(datagram, protocol="dhcp")
    op, hardware, length = cursor.uint(1), cursor.uint(1), cursor.uint(1)
    if op not in (1, 2):
        raise DecodeError("dhcp", 0, "neither request nor reply")
    cursor.skip_to(12)
    current, given = IPv4Address(cursor.take(4)), IPv4Address(cursor.take(4))
    cursor.skip_to(28)
    header_mac = canonical_mac(cursor.take(6).hex()) if (hardware, length) == (_ETHERNET_HARDWARE, 6) else None
    cursor.skip_to(236)
    cursor.expect(_COOKIE)
    options: dict[int, bytes] = {}
    while cursor:
        code = cursor.uint(1)
        if code == _END:
            break
        if code != _PAD:
            options.setdefault(code, cursor.take(cursor.uint(1)))
    kind, requested, identifier = options.get(_TYPE), options.get(_REQUESTED), options.get(_CLIENT_ID, b"")
    wanted = IPv4Address(requested) if requested and len(requested) == 4 else current
    id_mac = canonical_mac(identifier[1:].hex()) if identifier[:1] == bytes((_ETHERNET_HARDWARE,)) else None
    return DhcpMessage(
        from_client=op == 1,
        mac=header_mac or id_mac,
        type=kind[0] if kind and len(kind) == 1 else None,
        given=None if given.is_unspecified else given,
        wanted=None if wanted.is_unspecified else wanted,
        host_name=_text(options.get(_HOST_NAME)),
        vendor_class=_text(options.get(_VENDOR_CLASS)),
        parameters=",".join(map(str, options.get(_PARAMETERS, b""))) or None,
    )


def _text(raw: bytes | None) -> str | None:
    return decode_text(raw.split(b"\0", 1)[0]).strip() or None if raw else None
