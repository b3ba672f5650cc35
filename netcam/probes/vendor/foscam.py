"""The search question of Foscam's tools: a fixed block over UDP 10000, plain or masked with a key it carries.

Cloned boards speak it too, so it names the platform rather than the badge. Another maker's search uses the same port;
the two tell each other's messages by their first bytes. Other message types on this port change a device: only the
search can be encoded here.

Source: two independent programs and two anonymised answers, plain and masked; tests/captures/foscam/README.md.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from ipaddress import IPv4Address
from itertools import cycle

from netcam.errors import DecodeError, HeardQuestion
from netcam.model import Observation, canonical_mac
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire.charset import decode_text
from netcam.wire.cursor import Cursor

SIZE_LIMIT = 4096  # bytes of one answer; known ones have about 100

EMITS = frozenset(
    {
        "foscam.answer",
        "foscam.name",
        "foscam.firmware",
        "foscam.webversion",
        "foscam.mac",
        "foscam.ip",
        "foscam.httpport",
    }
)
_MAGIC = b"MO_I"
_PLAIN, _MASKED = 0, 1
_BODY_AT = 23
_MAC = re.compile(r"[0-9A-Fa-f]{12}")


def encode_question() -> bytes:
    """
    The question.

    Layout, offset and size in bytes::

        0   4   magic   b"MO_I"
        4   11  zero    the message type is among them
        15  4   length  4, little-endian
        19  4   zero
        23  4   body    1, big-endian
    """
    return _MAGIC + bytes(11) + b"\x04\0\0\0" + bytes(4) + b"\0\0\0\x01"


def decode_answer(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one answer.

    Layout, offset and size in bytes; texts end at the first NUL, numbers are big-endian unless said::

        0   4   magic        b"MO_I"
        4   2   type         1, little-endian
        6   1   mask         0 or 1
        7   8   key          with mask 1, all from offset 23 on is XORed with it, over and over
        23  13  MAC          12 hex digits
        36  21  name
        57  4   IPv4         then mask, gateway and DNS server
        77  4   firmware     one number a byte
        81  4   web version  likewise
        85  2   HTTP port

    Raises:
        DecodeError: more than 4 kB, cut before its last field, another magic or type (a question of somebody's), or no
            MAC where it belongs.
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("foscam", SIZE_LIMIT, f"answer of more than {SIZE_LIMIT} bytes")
    cursor = Cursor(datagram, protocol="foscam")
    cursor.expect(_MAGIC)
    if datagram == encode_question():
        raise HeardQuestion("foscam", 4, "a question")
    cursor.expect(b"\x01\0")
    mask = cursor.uint(1)
    if mask not in (_PLAIN, _MASKED):
        raise DecodeError("foscam", 6, f"mask {mask} is unknown")
    key = cursor.take(8)
    if mask == _MASKED:
        plain = bytes(byte ^ k for byte, k in zip(datagram[_BODY_AT:], cycle(key), strict=False))
        cursor = Cursor(datagram[:_BODY_AT] + plain, protocol="foscam")
    cursor.skip_to(min(_BODY_AT, len(datagram)))
    mac = cursor.text(13)
    if not _MAC.fullmatch(mac):
        raise DecodeError("foscam", _BODY_AT, "12 hex digits wanted")
    name, ip = decode_text(cursor.take(21).split(b"\0", 1)[0]).strip(), cursor.take(4)
    cursor.skip_to(min(77, len(datagram)))
    firmware, web, port = cursor.take(4), cursor.take(4), cursor.uint(2)
    return (
        ("foscam.answer", "MO_I"),
        ("foscam.name", name),
        ("foscam.firmware", _dotted(firmware)),
        ("foscam.webversion", _dotted(web)),
        ("foscam.mac", canonical_mac(mac)),
        ("foscam.ip", str(IPv4Address(ip)) if any(ip) else None),
        ("foscam.httpport", str(port) if port else None),
    )


class FoscamProbe:
    """Ask Foscam's platform for name, firmware and MAC."""

    spec = ProbeSpec(
        name="foscam",
        summary="Foscam search question",
        transport=Transport.UDP_GROUP,
        ports=(10000,),
        bind_port=10000,  # where devices answer
        broadcast=True,
        unicast=True,
        timeout_s=3.0,
        contact=Contact.ASK,
        emits=EMITS,
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        async for reply in io.ask((encode_question(), encode_question()), decode_answer):
            for seen in reply.observe(reply.message):
                yield seen


def _dotted(version: bytes) -> str | None:
    return ".".join(map(str, version)) if any(version) else None


PROBE = FoscamProbe()
DECODERS: dict[str, Decoder] = {"foscam": decode_answer}
