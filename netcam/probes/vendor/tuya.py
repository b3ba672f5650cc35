"""What Tuya devices announce by themselves every few seconds, on UDP 6666, 6667 and 7000. Nothing is asked.

Plugs, lamps, cameras and doorbells of many badges announce alike. Old ones do it in clear; the others encrypt with a
key that is the same everywhere, for which the standard library has no cipher: of those only the frame counts.

Source: two independent programs; tests/captures/tuya/README.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from netcam.errors import DecodeError
from netcam.model import Observation
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire.cursor import Cursor
from netcam.wire.json_said import ipv4_of, read_json, text_of

SIZE_LIMIT = 4096  # bytes of one announcement
HEAD, TAIL = b"\0\0\x55\xaa", b"\0\0\xaa\x55"
NEW_HEAD, NEW_TAIL = b"\0\0\x66\x99", b"\0\0\x99\x66"
SHORTEST = 24  # head, sequence, command, length, checksum, tail

EMITS = frozenset({"tuya.answer", "tuya.serial", "tuya.productkey", "tuya.version", "tuya.ip"})


def decode_announcement(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one announcement.

    Layout, big-endian, offset and size in bytes::

        0   4  head      00 00 55 aa
        4   4  sequence
        8   4  command
        12  4  length    bytes that follow, checksum and tail included
        16  n  payload   JSON, behind a return code of four bytes in some firmwares, or encrypted
        .   4  checksum  not looked at: over which bytes it goes differs
        .   4  tail      00 00 aa 55

    The newer frame, 00 00 66 99 to 00 00 99 66, is always encrypted.

    Raises:
        DecodeError: more than 4 kB, no such frame, or a length that isn't its own.
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("tuya", SIZE_LIMIT, f"announcement of more than {SIZE_LIMIT} bytes")
    if datagram.startswith(NEW_HEAD) and datagram.endswith(NEW_TAIL) and len(datagram) >= SHORTEST:
        return (("tuya.answer", "6699 encrypted"),)
    cursor = Cursor(datagram, protocol="tuya")
    cursor.expect(HEAD)
    cursor.take(8)
    body = cursor.sub(cursor.uint(4))
    start = body.offset
    if body.left < 8:
        raise DecodeError("tuya", start, "no room for checksum and tail")
    body.take(body.left - 8)
    end = body.offset
    body.take(4)
    body.expect(TAIL)
    if datagram[start : start + 4] == bytes(4):
        start += 4
    if datagram[start : start + 1] != b"{":
        return (("tuya.answer", "55aa encrypted"),)
    told = read_json(datagram[:end], protocol="tuya", start=start)
    return (
        ("tuya.answer", "55aa plain"),
        ("tuya.serial", text_of(told.get("gwId"))),
        ("tuya.productkey", text_of(told.get("productKey"))),
        ("tuya.version", text_of(told.get("version"))),
        ("tuya.ip", ipv4_of(told.get("ip"))),
    )


class TuyaProbe:
    """Hear Tuya devices announce themselves; sends nothing."""

    spec = ProbeSpec(
        name="tuya",
        summary="Tuya announcements, heard only",
        transport=Transport.UDP_GROUP,
        ports=(6666, 6667, 7000),
        timeout_s=6.0,
        contact=Contact.LISTEN,
        emits=EMITS,
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        async for reply in io.ask((), decode_announcement):
            for seen in reply.observe(reply.message):
                yield seen


PROBE = TuyaProbe()
DECODERS: dict[str, Decoder] = {"tuya": decode_announcement}
