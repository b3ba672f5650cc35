"""The search question of NICE Vision encoders and recorders over UDP 2007.

Source: one program with a sample; where the question holds the port is that program's word alone;
tests/captures/nice/README.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import IPv4Address
from uuid import uuid4

from netcam.errors import DecodeError
from netcam.model import Observation, canonical_mac
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire.cursor import Cursor

SIZE_LIMIT = 4096  # bytes of one answer
MAGIC = b"NICE"
QUESTION = bytes.fromhex("01080000")

EMITS = frozenset({"nice.answer", "nice.name", "nice.firmware", "nice.mac", "nice.ip"})


def encode_question(port: int, transaction: int) -> bytes:
    """
    The question, to be answered to `port`; `transaction` has 16 bits.

    Layout, big-endian, offset and size in bytes::

        0   4  magic        "NICE"
        4   2  transaction
        6   4  01 08 00 00
        10  2  zero
        12  2  port
    """
    return MAGIC + transaction.to_bytes(2, "big") + QUESTION + bytes(2) + port.to_bytes(2, "big")


def decode_answer(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one answer.

    Layout, big-endian, offset and size in bytes; the rest is not known::

        0   4  magic    "NICE"
        10  6  MAC
        16  4  IPv4 address
        30  8  version  four numbers
        74  16 name     text, padded with NULs

    Raises:
        DecodeError: another magic, less than 90 bytes, more than 4 kB, or no MAC in it.
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("nice", SIZE_LIMIT, f"answer of more than {SIZE_LIMIT} bytes")
    cursor = Cursor(datagram, protocol="nice")
    cursor.expect(MAGIC)
    cursor.skip_to(10)
    mac = canonical_mac(cursor.take(6).hex())
    if mac is None:
        raise DecodeError("nice", 10, "no MAC in it")
    address = IPv4Address(cursor.take(4))
    cursor.skip_to(30)
    version = [cursor.uint(2) for _ in range(4)]
    cursor.skip_to(74)
    name = cursor.text(16)
    return (
        ("nice.answer", "NICE"),
        ("nice.name", name),
        ("nice.firmware", ".".join(map(str, version)) if any(version) else None),
        ("nice.mac", mac),
        ("nice.ip", None if address.is_unspecified else str(address)),
    )


class NiceProbe:
    """Ask NICE Vision devices for name, version and MAC."""

    spec = ProbeSpec(
        name="nice",
        summary="NICE Vision search question",
        transport=Transport.UDP_GROUP,
        ports=(2007,),
        broadcast=True,
        unicast=True,
        timeout_s=3.0,
        contact=Contact.ASK,
        emits=EMITS,
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        transaction = uuid4().int & 0xFFFF

        def question(port: int) -> bytes:
            return encode_question(port, transaction)

        async for reply in io.ask((question, question), decode_answer):
            for seen in reply.observe(reply.message):
                yield seen


PROBE = NiceProbe()
DECODERS: dict[str, Decoder] = {"nice": decode_answer}
