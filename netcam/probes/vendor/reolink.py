"""Reolink's older search question, UDP 2000, answered to UDP 3000.

The answer is binary and its layout is not documented, so only the fact that one came is kept: it holds a device id that
remote access needs.

Source: one project's notes; tests/captures/reolink/README.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from netcam.errors import DecodeError
from netcam.model import Observation
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport

SIZE_LIMIT = 4096  # bytes of one answer
SHORTEST = 16  # bytes: name, address, port and id don't fit into less
QUESTION = bytes.fromhex("aaaa0000")

EMITS = frozenset({"reolink.answer"})


def encode_question() -> bytes:
    """The question, to whoever hears it."""
    return QUESTION


def decode_answer(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    That an answer of a fitting size came.

    Raises:
        DecodeError: less than 16 bytes, or more than 4 kB.
    """
    if not SHORTEST <= len(datagram) <= SIZE_LIMIT:
        raise DecodeError("reolink", min(len(datagram), SIZE_LIMIT), f"{len(datagram)} bytes are no answer")
    return (("reolink.answer", "udp/3000"),)


class ReolinkProbe:
    """Ask whether older Reolink devices are there."""

    spec = ProbeSpec(
        name="reolink",
        summary="Reolink search question, older form",
        transport=Transport.UDP_GROUP,
        ports=(2000,),
        bind_port=3000,
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


PROBE = ReolinkProbe()
DECODERS: dict[str, Decoder] = {"reolink": decode_answer}
