"""Reolink's "is a camera there" over UDP 2015: XML under a fixed cipher, in frames of the Baichuan protocol.

Only the question that names no device can be encoded here; the one for a known device opens a session. What an answer
holds is not documented, so only the fact that one came is kept.

Source: one project and its recorded packet, on which cipher and checksum were verified;
tests/captures/baichuan/README.md.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from itertools import cycle
from uuid import uuid4

from netcam.errors import DecodeError
from netcam.model import Observation
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire.cursor import Cursor
from netcam.wire.xml import read_xml

SIZE_LIMIT = 4096  # bytes of one answer
MAGIC = bytes.fromhex("3acf872a")
KEYS = (0x1F2D3C4B, 0x5A6C7F8D, 0x38172E4B, 0x8271635A, 0x863F1A2B, 0xA5C6F7D8, 0x8371E1B4, 0x17F2D3A5)

EMITS = frozenset({"baichuan.answer"})


def ciphered(data: bytes, transmission: int) -> bytes:
    """`data` XORed with the eight keys, little-endian, each plus the transmission id; its own inverse."""
    stream = b"".join(((key + transmission) & 0xFFFFFFFF).to_bytes(4, "little") for key in KEYS)
    return bytes(a ^ b for a, b in zip(data, cycle(stream), strict=False))


def checksum(data: bytes) -> int:
    """CRC-32 with its usual polynomial, but started at 0 and not inverted at the end."""
    return zlib.crc32(data, 0xFFFFFFFF) ^ 0xFFFFFFFF


def encode_question(port: int, transmission: int) -> bytes:
    """
    The question, with the port that answers are to go to.

    Layout, little-endian, offset and size in bytes::

        0   4  magic     3a cf 87 2a
        4   4  length    of the payload
        8   4  1
        12  4  transmission id
        16  4  checksum  of the payload as sent
        20  n  payload   XML, ciphered
    """
    xml = f"<P2P><C2D_S><to><port>{port}</port></to></C2D_S></P2P>"
    payload = ciphered(xml.encode("ascii"), transmission)
    numbers = (len(payload), 1, transmission, checksum(payload))
    return MAGIC + b"".join(number.to_bytes(4, "little") for number in numbers) + payload


def decode_answer(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    That a device spoke the protocol; the layout is the question's.

    Raises:
        DecodeError: more than 4 kB, another frame, a checksum or XML that can't be right, or a client's message.
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("baichuan", SIZE_LIMIT, f"answer of more than {SIZE_LIMIT} bytes")
    cursor = Cursor(datagram, protocol="baichuan")
    cursor.expect(MAGIC)
    length = cursor.uint(4, "little")
    cursor.take(4)
    transmission = cursor.uint(4, "little")
    wanted = cursor.uint(4, "little")
    payload = cursor.take(length)
    if checksum(payload) != wanted:
        raise DecodeError("baichuan", 16, "checksum of something else")
    root = read_xml(ciphered(payload, transmission), protocol="baichuan")
    if root.name != "P2P" or not root.children:
        raise DecodeError("baichuan", 20, "no message in it")
    if root.children[0].name.startswith("C2"):
        raise DecodeError("baichuan", 20, "a client's message")
    return (("baichuan.answer", "P2P"),)


class BaichuanProbe:
    """Ask whether Reolink devices are there."""

    spec = ProbeSpec(
        name="baichuan",
        summary="Reolink discovery question (Baichuan)",
        transport=Transport.UDP_GROUP,
        ports=(2015,),
        broadcast=True,
        unicast=True,
        timeout_s=3.0,
        contact=Contact.ASK,
        emits=EMITS,
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        transmission = uuid4().int & 0xFF  # small ones are what the recorded packets have

        def question(port: int) -> bytes:
            return encode_question(port, transmission)

        async for reply in io.ask((question, question), decode_answer):
            for seen in reply.observe(reply.message):
                yield seen


PROBE = BaichuanProbe()
DECODERS: dict[str, Decoder] = {"baichuan": decode_answer}
