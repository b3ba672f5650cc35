"""The search question of Vivotek's installation wizard: a number and three-part fields over UDP 10000.

Another maker's search uses the same port; the two tell each other's messages by their first bytes.

Source: one independent program and the anonymised answer it ships; tests/captures/vivotek/README.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import IPv4Address

from netcam.errors import DecodeError, HeardQuestion
from netcam.model import Observation, canonical_mac
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire.charset import decode_text
from netcam.wire.cursor import Cursor

SIZE_LIMIT = 4096  # bytes of one answer; the known one has less than 200

EMITS = frozenset(
    {"vivotek.answer", "vivotek.model", "vivotek.name", "vivotek.mac", "vivotek.ip", "vivotek.httpport"}
)
_MAGIC = b"\x4a\x5d\x8f\x1c"
_SESSION = b"\x01"
_NAME, _MAC, _IP, _BARE, _HTTP_PORT, _MODEL = 0x01, 0x02, 0x03, 0x04, 0x06, 0x09


def encode_question() -> bytes:
    """The question: a session byte, which answers repeat, and the magic number."""
    return _SESSION + _MAGIC


def decode_answer(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one answer.

    Layout, offset and size in bytes::

        0  1  session  any
        1  4  magic    4a 5d 8f 1c
        5  n  fields   1-byte type, 1-byte length, value; type 4 has one byte of value and no length

    Unknown types are skipped; of a repeated type the first counts. The port is little-endian.

    Raises:
        DecodeError: more than 4 kB, another magic, a length past the end, or neither model nor MAC: the question
            of somebody's.
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("vivotek", SIZE_LIMIT, f"answer of more than {SIZE_LIMIT} bytes")
    cursor = Cursor(datagram, protocol="vivotek")
    cursor.take(1)
    cursor.expect(_MAGIC)
    if not cursor:
        raise HeardQuestion("vivotek", len(datagram), "a question")
    fields: dict[int, bytes] = {}
    while cursor:
        kind = cursor.uint(1)
        fields.setdefault(kind, cursor.take(1 if kind == _BARE else cursor.uint(1)))
    model, mac = _text(fields.get(_MODEL)), canonical_mac(fields.get(_MAC, b"").hex())
    if not model and not mac:
        raise DecodeError("vivotek", len(datagram), "no device in it")
    return (
        ("vivotek.answer", _MAGIC.hex()),
        ("vivotek.model", model),
        ("vivotek.name", _text(fields.get(_NAME))),
        ("vivotek.mac", mac),
        ("vivotek.ip", _ipv4(fields.get(_IP))),
        ("vivotek.httpport", _port(fields.get(_HTTP_PORT))),
    )


class VivotekProbe:
    """Ask Vivotek's devices for model, name and MAC."""

    spec = ProbeSpec(
        name="vivotek",
        summary="Vivotek search question",
        transport=Transport.UDP_GROUP,
        ports=(10000,),
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


def _text(value: bytes | None) -> str | None:
    return decode_text(value.split(b"\0", 1)[0]).strip() if value else None


def _ipv4(value: bytes | None) -> str | None:
    return str(IPv4Address(value)) if value and len(value) == 4 and any(value) else None


def _port(value: bytes | None) -> str | None:
    return str(int.from_bytes(value, "little")) if value and len(value) == 2 and any(value) else None


PROBE = VivotekProbe()
DECODERS: dict[str, Decoder] = {"vivotek": decode_answer}
