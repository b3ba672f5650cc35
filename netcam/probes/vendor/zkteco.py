"""ZKTeco terminals on UDP 4370: whether one answers a connect, with which word. Runs only when asked for.

Connecting opens a session on the device, which ends by itself: that is why nobody gets this question unasked. No key is
ever sent; a device with one refuses, and that is an answer too.

Source: public protocol notes with several ports to other languages; tests/captures/zkteco/README.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from netcam.errors import DecodeError
from netcam.model import Observation
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire.cursor import Cursor

SIZE_LIMIT = 4096  # bytes of one answer
OPEN = 1000
ANSWERS = {2000: "ok", 2005: "key wanted"}

EMITS = frozenset({"zkteco.answer"})


def checksum(message: bytes) -> int:
    """The complement of the sum of 16-bit little-endian words, carries added back."""
    padded = message + bytes(len(message) % 2)
    total = sum(int.from_bytes(padded[at : at + 2], "little") for at in range(0, len(padded), 2))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def encode_question() -> bytes:
    """
    The question.

    Layout, little-endian, offset and size in bytes::

        0  2  command   1000
        2  2  checksum  over all, itself taken as zero
        4  2  session   0, none yet
        6  2  reply     0, the first
    """
    plain = OPEN.to_bytes(2, "little") + bytes(6)
    return plain[:2] + checksum(plain).to_bytes(2, "little") + plain[4:]


def decode_answer(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    Whether the device took the question or wants a key; the session number is skipped.

    Raises:
        DecodeError: less than 8 bytes, more than 4 kB, or another command.
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("zkteco", SIZE_LIMIT, f"answer of more than {SIZE_LIMIT} bytes")
    cursor = Cursor(datagram, protocol="zkteco")
    word = ANSWERS.get(cursor.uint(2, "little"))
    if word is None:
        raise DecodeError("zkteco", 0, "no answer to a connect")
    cursor.take(6)
    return (("zkteco.answer", word),)


class ZktecoProbe:
    """Ask whether ZKTeco terminals are there."""

    spec = ProbeSpec(
        name="zkteco",
        summary="ZKTeco connect question; opens a session",
        transport=Transport.UDP_GROUP,
        ports=(4370,),
        unicast=True,
        timeout_s=2.0,
        contact=Contact.CONNECT,
        optional=True,
        emits=EMITS,
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        async for reply in io.ask((encode_question(),), decode_answer):
            for seen in reply.observe(reply.message):
                yield seen


PROBE = ZktecoProbe()
DECODERS: dict[str, Decoder] = {"zkteco": decode_answer}
