"""The search question of Dahua's older devices: one fixed DVRIP packet over UDP 5050.

Source: three independent programs, one of them with an anonymised answer; tests/captures/dahua-5050/README.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import IPv4Address

from netcam.errors import DecodeError
from netcam.model import Observation, canonical_mac
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire.charset import decode_text
from netcam.wire.cursor import Cursor

SIZE_LIMIT = 4096  # bytes of one answer; known ones have about 200
FIXED_SIZE = 0x78  # header and the fixed fields behind it
MAC_SIZE = 17
LINE_LIMIT = 32

EMITS = frozenset(
    {
        "dahua-5050.answer",
        "dahua-5050.model",
        "dahua-5050.device",
        "dahua-5050.name",
        "dahua-5050.hostname",
        "dahua-5050.serial",
        "dahua-5050.version",
        "dahua-5050.mac",
        "dahua-5050.ip",
        "dahua-5050.httpport",
        "dahua-5050.port",
    }
)
_LINES = {"name": "dahua-5050.name", "device": "dahua-5050.device", "serialno": "dahua-5050.serial"}


def encode_search() -> bytes:
    """The question, 32 bytes; it names no device and asks for nothing but the answer below."""
    return b"\xa3\x01\x00\x01" + bytes(12) + b"\x02" + bytes(15)


def decode_found(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one answer.

    Layout, little-endian, addresses in network order, offset and size in bytes::

        0x00  1   0xb3
        0x01  1   0
        0x02  1   m: length of MAC and model, at least 17
        0x04  4   0x58, the length of the fields from 0x20 on
        0x10  4   protocol version
        0x14  2   n: length of the text lines
        0x20  8   four numbers of the binary's version
        0x28  16  host name, padded with NULs
        0x38  4   IPv4 address; mask, gateway, servers follow
        0x5e  6   HTTP, HTTPS and TCP port
        0x78  17  MAC as text, then the model up to 0x78 + m
        ...   n   lines such as "SerialNo:..."

    Raises:
        DecodeError: more than 4 kB, another head, or lengths that don't add up to the datagram's.
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("dahua-5050", SIZE_LIMIT, f"answer of more than {SIZE_LIMIT} bytes")
    cursor = Cursor(datagram, protocol="dahua-5050")
    cursor.expect(b"\xb3\x00")
    if (named := cursor.uint(1)) < MAC_SIZE:
        raise DecodeError("dahua-5050", 2, f"{named} bytes are no MAC")
    cursor.skip_to(0x04)
    cursor.expect(b"\x58\0\0\0")
    cursor.skip_to(0x14)
    lines = cursor.uint(2, "little")
    if FIXED_SIZE + named + lines != len(datagram):
        raise DecodeError("dahua-5050", 0x14, f"{FIXED_SIZE + named + lines} bytes told, {len(datagram)} came")
    cursor.skip_to(0x20)
    version = [cursor.uint(2, "little") for _ in range(4)]
    hostname, address = cursor.text(16), cursor.take(4)
    cursor.skip_to(0x5E)
    http_port, _, tcp_port = (cursor.uint(2, "little") for _ in range(3))
    cursor.skip_to(FIXED_SIZE)
    mac, model = cursor.text(MAC_SIZE, "latin-1"), cursor.text(named - MAC_SIZE)
    said = _lines(decode_text(cursor.rest()))
    return (
        ("dahua-5050.answer", "DVRIP b3"),
        ("dahua-5050.model", model or said.get("dahua-5050.device")),
        *((kind, said.get(kind)) for kind in _LINES.values()),
        ("dahua-5050.hostname", hostname),
        ("dahua-5050.version", ".".join(map(str, version)) if any(version) else None),
        ("dahua-5050.mac", canonical_mac(mac)),
        ("dahua-5050.ip", str(IPv4Address(address)) if any(address) else None),
        ("dahua-5050.httpport", str(http_port) if http_port else None),
        ("dahua-5050.port", str(tcp_port) if tcp_port else None),
    )


class Dahua5050Probe:
    """Ask older Dahua platforms for model, serial number and MAC."""

    spec = ProbeSpec(
        name="dahua-5050",
        summary="Dahua search question of older devices (DVRIP)",
        transport=Transport.UDP_GROUP,
        ports=(5050,),
        broadcast=True,
        unicast=True,
        timeout_s=3.0,
        contact=Contact.ASK,
        emits=EMITS,
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        async for reply in io.ask((encode_search(), encode_search()), decode_found):
            for seen in reply.observe(reply.message):
                yield seen


def _lines(text: str) -> dict[str, str]:
    """The known `Key:Value` lines by kind; of a repeated key the first counts."""
    said: dict[str, str] = {}
    for line in text.split("\r\n")[:LINE_LIMIT]:
        key, _, value = line.partition(":")
        kind = _LINES.get(key.strip().lower())
        if kind and value.strip("\0 \t"):
            said.setdefault(kind, value.strip("\0 \t"))
    return said


PROBE = Dahua5050Probe()
DECODERS: dict[str, Decoder] = {"dahua-5050": decode_found}
