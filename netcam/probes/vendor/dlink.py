"""The search question of D-Link's DCS cameras: 22 fixed bytes over UDP 62976.

Source: one program, and an old one; tests/captures/dlink/README.md.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from netcam.errors import DecodeError
from netcam.model import Observation, canonical_mac
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire.cursor import Cursor

SIZE_LIMIT = 4096  # bytes of one answer
SHORTEST = 32
QUESTION = bytes.fromhex("fdfd0600a100ffffffffffff00000000000001000000")

EMITS = frozenset({"dlink.answer", "dlink.model", "dlink.mac"})
_MODEL = re.compile(rb"DCS-[0-9A-Z][0-9A-Za-z+/-]{1,27}(?=\0)")


def encode_question() -> bytes:
    """The question, to whoever hears it."""
    return QUESTION


def decode_answer(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one answer.

    Layout, offset and size in bytes; what else is in it is not known::

        0   2  magic  fd fd, as in the question
        6   6  MAC
        ?   n  model  text from "DCS-" to a NUL

    Raises:
        DecodeError: less than 32 bytes, more than 4 kB, other first bytes, or no model in it.
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("dlink", SIZE_LIMIT, f"answer of more than {SIZE_LIMIT} bytes")
    if len(datagram) < SHORTEST:
        raise DecodeError("dlink", len(datagram), f"less than {SHORTEST} bytes")
    cursor = Cursor(datagram, protocol="dlink")
    cursor.expect(QUESTION[:2])
    cursor.skip_to(6)
    mac = cursor.take(6)
    model = _MODEL.search(datagram, cursor.offset)
    if model is None:
        raise DecodeError("dlink", cursor.offset, "no model in it")
    return (("dlink.answer", "DCS"), ("dlink.model", model[0].decode("ascii")), ("dlink.mac", canonical_mac(mac.hex())))


class DlinkProbe:
    """Ask D-Link cameras for model and MAC."""

    spec = ProbeSpec(
        name="dlink",
        summary="D-Link DCS search question",
        transport=Transport.UDP_GROUP,
        ports=(62976,),
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


PROBE = DlinkProbe()
DECODERS: dict[str, Decoder] = {"dlink": decode_answer}
