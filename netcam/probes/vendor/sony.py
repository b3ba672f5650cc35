"""The search question of Sony's setup tool for IPELA network cameras: lines of text over UDP 2380.

Source: one independent program and the anonymised answer it ships; tests/captures/sony/README.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import IPv4Address

from netcam.errors import DecodeError
from netcam.model import Observation, canonical_mac
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire.charset import decode_text
from netcam.wire.cursor import Cursor

SIZE_LIMIT = 4096  # bytes of one answer; the known one has less than 400

EMITS = frozenset(
    {
        "sony.answer",
        "sony.model",
        "sony.serial",
        "sony.firmware",
        "sony.mac",
        "sony.ip",
        "sony.httpport",
    }
)
_START, _END, _LINE = b"\x02", b"\x03", b"\xff"


def encode_question() -> bytes:
    """The question: one line, between the marks of start and end."""
    return _START + b"ENQ:allinfo" + _LINE + _END


def decode_answer(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one answer.

    Layout: 0x02, then lines `NAME:value` that each end in 0xff, then 0x03. Unknown lines are skipped, and of a repeated
    name the first counts. Bytes after the end are ignored.

    Raises:
        DecodeError: more than 4 kB, no start, no end, or neither model nor MAC: the question of somebody's.
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("sony", SIZE_LIMIT, f"answer of more than {SIZE_LIMIT} bytes")
    cursor = Cursor(datagram, protocol="sony")
    cursor.expect(_START)
    end = datagram.find(_LINE + _END)
    if end < 0:
        raise DecodeError("sony", len(datagram), "an answer without end")
    said: dict[str, str] = {}
    for line in cursor.take(end - cursor.offset).split(_LINE):
        name, _, value = decode_text(line).partition(":")
        said.setdefault(name.strip().upper(), value.strip())
    model, mac = said.get("MODEL"), canonical_mac(said.get("MAC", ""))
    if not model and not mac:
        raise DecodeError("sony", 1, "no device in it")
    return (
        ("sony.answer", "allinfo"),
        ("sony.model", model),
        ("sony.serial", said.get("SERIAL")),
        ("sony.firmware", said.get("SOFTVERSION")),
        ("sony.mac", mac),
        ("sony.ip", _ipv4(said.get("IPADR", ""))),
        ("sony.httpport", _port(said.get("WEBPORT", ""))),
    )


class SonyProbe:
    """Ask Sony's network cameras for model, serial number, firmware and MAC."""

    spec = ProbeSpec(
        name="sony",
        summary="Sony network camera search question",
        transport=Transport.UDP_GROUP,
        ports=(2380,),
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


def _ipv4(text: str) -> str | None:
    try:
        return str(IPv4Address(text))
    except ValueError:
        return None


def _port(text: str) -> str | None:
    return text if text.isascii() and text.isdigit() and len(text) <= 5 else None


PROBE = SonyProbe()
DECODERS: dict[str, Decoder] = {"sony": decode_answer}
