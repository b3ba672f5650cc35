"""The search question of 360 Vision cameras: one word over UDP 3600.

Source: one program with a sample; tests/captures/vision360/README.md.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from netcam.errors import DecodeError
from netcam.model import Observation, canonical_mac
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport

SIZE_LIMIT = 4096  # bytes of one answer
QUESTION = b"DISCOVER\n"

EMITS = frozenset({"vision360.answer", "vision360.type", "vision360.mac", "vision360.serial"})
_LINE = re.compile(rb"DISCOVER ([^\r\n]{1,512})\r\n")
_FIELD = re.compile(rb"([A-Z]{1,16})=(?:'([^']{0,64})'|([^ ']{0,64}))(?: |$)")


def encode_question() -> bytes:
    """The question, to whoever hears it."""
    return QUESTION


def decode_answer(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one answer: a line `DISCOVER TYPE=... KEY='<MAC>' ID=...`.

    Raises:
        DecodeError: more than 4 kB, no such line, or neither type nor MAC in it.
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("vision360", SIZE_LIMIT, f"answer of more than {SIZE_LIMIT} bytes")
    line = _LINE.match(datagram)
    if line is None:
        raise DecodeError("vision360", 0, "no DISCOVER line")
    told = {m[1]: (m[2] or m[3] or b"").decode("utf-8", "replace").strip() for m in _FIELD.finditer(line[1])}
    mac = canonical_mac(told.get(b"KEY", ""))
    if not (told.get(b"TYPE") or mac):
        raise DecodeError("vision360", line.start(1), "no device in it")
    return (
        ("vision360.answer", "DISCOVER"),
        ("vision360.type", told.get(b"TYPE")),
        ("vision360.mac", mac),
        ("vision360.serial", told.get(b"ID")),
    )


class Vision360Probe:
    """Ask 360 Vision cameras for type, MAC and id."""

    spec = ProbeSpec(
        name="vision360",
        summary="360 Vision search question",
        transport=Transport.UDP_GROUP,
        ports=(3600,),
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


PROBE = Vision360Probe()
DECODERS: dict[str, Decoder] = {"vision360": decode_answer}
