"""The search question of Hanwha's IP installer, from Samsung Techwin's time: UDP 7701, answers on 7711.

Source: one independent program and the anonymised answer it ships; tests/captures/hanwha/README.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import IPv4Address

from netcam.errors import DecodeError
from netcam.model import Observation, canonical_mac
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire.cursor import Cursor

SIZE_LIMIT = 4096  # bytes of one answer; the known one has 262, and newer models may send more

EMITS = frozenset({"hanwha.answer", "hanwha.model", "hanwha.mac", "hanwha.ip"})
_ASK, _REPLY = b"\x01", b"\x0b"
_QUESTION_BYTES = 262
_SHORTEST = 0xAC  # where the last known field ends


def encode_question() -> bytes:
    """The question: its number, and zeros up to 262 bytes."""
    return _ASK.ljust(_QUESTION_BYTES, b"\0")


def decode_answer(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one answer.

    Layout, offset and size in bytes; texts end at the first NUL::

        0x00  1   message  0x0b
        0x13  18  MAC      with colons
        0x25  16  IPv4
        0x6d  10  model

    The message number is one byte, so an answer without a MAC where it belongs is somebody else's. A model that goes on
    after its field would be shortened, and is left out.

    Raises:
        DecodeError: fewer than 172 bytes, more than 4 kB, another message, or no MAC.
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("hanwha", SIZE_LIMIT, f"answer of more than {SIZE_LIMIT} bytes")
    if len(datagram) < _SHORTEST:
        raise DecodeError("hanwha", len(datagram), f"{_SHORTEST} bytes wanted")
    cursor = Cursor(datagram, protocol="hanwha")
    cursor.expect(_REPLY)
    cursor.skip_to(0x13)
    mac = canonical_mac(cursor.text(18))
    if mac is None:
        raise DecodeError("hanwha", 0x13, "a MAC wanted")
    ip = cursor.text(16)
    cursor.skip_to(0x6D)
    model, follows = cursor.take(10), cursor.take(1)
    whole = b"\0" in model + follows
    return (
        ("hanwha.answer", _REPLY.hex()),
        ("hanwha.model", Cursor(model, protocol="hanwha").text(10) if whole else None),
        ("hanwha.mac", mac),
        ("hanwha.ip", _ipv4(ip)),
    )


class HanwhaProbe:
    """Ask Hanwha's and Samsung Techwin's devices for model and MAC."""

    spec = ProbeSpec(
        name="hanwha",
        summary="Hanwha and Samsung Techwin search question",
        transport=Transport.UDP_GROUP,
        ports=(7701,),
        bind_port=7711,  # where devices answer
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


PROBE = HanwhaProbe()
DECODERS: dict[str, Decoder] = {"hanwha": decode_answer}
