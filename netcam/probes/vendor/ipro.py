"""Easy IP Setup, the question of Panasonic's and i-PRO's setup tool: tags and lengths over UDP 10670, answers on 10669.

Cameras and recorders answer with model, title, firmware, serial number and MAC, and broadcast cameras may do so too.
Other message numbers on this port change a device: only the search can be encoded here.

Source: two independent programs and recorded answers of a camera and a recorder; tests/captures/ipro/README.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import IPv4Address

from netcam.errors import DecodeError, HeardQuestion
from netcam.model import Observation, canonical_mac
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire.charset import decode_text
from netcam.wire.cursor import Cursor

SIZE_LIMIT = 4096  # bytes of one answer; recorded ones have less than 500

EMITS = frozenset(
    {
        "ipro.answer",
        "ipro.model",
        "ipro.name",
        "ipro.firmware",
        "ipro.serial",
        "ipro.mac",
        "ipro.ip",
        "ipro.httpport",
        "ipro.channels",
    }
)
_VERSION = b"\x00\x01"
_SEARCH, _REPLY = b"\x00\x0d", b"\x00\x0e"
_FIXED = 52  # bytes of a message that its length leaves out
_TAGS_AT = 48
_END = 0xFFFF
_WANTED = (
    0x26, 0x20, 0x21, 0x22, 0x23, 0x25, 0x28, 0x40, 0x41, 0x42,
    0x44, 0xA5, 0xA6, 0xA7, 0xA8, 0xAD, 0xB3, 0xB4, 0xB7, 0xB8,
)  # fmt: skip
_IP, _HTTP_PORT, _TITLE, _MODEL, _FIRMWARE, _CHANNELS, _SERIAL = 0x20, 0x25, 0xA7, 0xA8, 0xA9, 0xC0, 0xD1


def checksum(message: bytes) -> int:
    """The last two bytes of a message: one more than the sum of all bytes before them, modulo 65536."""
    return (sum(message) + 1) & 0xFFFF


def encode_question() -> bytes:
    """
    The question.

    Layout, big-endian, offset and size in bytes::

        0   2   version         0x0001
        2   2   length          bytes of the message less 52
        4   2   message         0x000d
        6   6   device's MAC    zero
        12  6   asker's MAC     all ones, as one of the two programs sends it
        18  4   asker's IPv4    all ones, likewise
        22  15  constant        recorders stay silent unless byte 35 is 2
        37  11  zero
        48  2   constant        0xfff0
        50  40  wanted tags     2 bytes each
        90  2   end             0xffff
        92  2   checksum
    """
    head = bytes(6) + b"\xff" * 10 + bytes.fromhex("00002011 1e11231f 1e1913 00000201") + bytes(11)
    tags = b"\xff\xf0" + b"".join(tag.to_bytes(2, "big") for tag in _WANTED) + _END.to_bytes(2, "big")
    length = len(_VERSION) + 2 + len(_SEARCH) + len(head) + len(tags) + 2 - _FIXED
    message = _VERSION + length.to_bytes(2, "big") + _SEARCH + head + tags
    return message + checksum(message).to_bytes(2, "big")


def decode_answer(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one answer.

    Layout, big-endian, offset and size in bytes; the head is that of the question::

        4   2  message       0x000e
        6   6  device's MAC
        48  n  fields        2-byte tag, 2-byte length, value; until tag 0xffff
        .   2  checksum

    Unknown tags are skipped; of a repeated tag the first counts; bytes after the message are ignored.

    Raises:
        DecodeError: more than 4 kB, another message (a question of somebody's), a length past its container, or a
            checksum that isn't this message's.
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("ipro", SIZE_LIMIT, f"answer of more than {SIZE_LIMIT} bytes")
    cursor = Cursor(datagram, protocol="ipro")
    cursor.expect(_VERSION)
    size = _FIXED + cursor.uint(2)
    if datagram[cursor.offset : cursor.offset + 2] == _SEARCH:
        raise HeardQuestion("ipro", cursor.offset, "a question")
    cursor.expect(_REPLY)
    mac = canonical_mac(cursor.take(6).hex())
    cursor.skip_to(_TAGS_AT)
    fields = _fields(cursor.sub(size - 2 - _TAGS_AT))
    at = cursor.offset
    if cursor.uint(2) != checksum(datagram[:at]):
        raise DecodeError("ipro", at, "a checksum of another message")
    return (
        ("ipro.answer", _REPLY.hex()),
        ("ipro.model", _text(fields.get(_MODEL))),
        ("ipro.name", _text(fields.get(_TITLE))),
        ("ipro.firmware", _text(fields.get(_FIRMWARE))),
        ("ipro.serial", _text(fields.get(_SERIAL))),
        ("ipro.mac", mac),
        ("ipro.ip", _ipv4(fields.get(_IP))),
        ("ipro.httpport", _number(fields.get(_HTTP_PORT))),
        ("ipro.channels", _number(fields.get(_CHANNELS))),
    )


class IproProbe:
    """Ask Panasonic's and i-PRO's devices for model, title, firmware, serial number and MAC."""

    spec = ProbeSpec(
        name="ipro",
        summary="Panasonic and i-PRO search question (Easy IP Setup)",
        transport=Transport.UDP_GROUP,
        ports=(10670,),
        bind_port=10669,  # answers go to the broadcast address and this port
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


def _fields(cursor: Cursor) -> dict[int, bytes]:
    fields: dict[int, bytes] = {}
    while (tag := cursor.uint(2)) != _END:
        fields.setdefault(tag, cursor.take(cursor.uint(2)))
    return fields


def _text(value: bytes | None) -> str | None:
    return decode_text(value.split(b"\0", 1)[0]).strip() if value else None


def _ipv4(value: bytes | None) -> str | None:
    return str(IPv4Address(value)) if value and len(value) == 4 and any(value) else None


def _number(value: bytes | None) -> str | None:
    return str(int.from_bytes(value, "big")) if value and len(value) <= 4 and any(value) else None


PROBE = IproProbe()
DECODERS: dict[str, Decoder] = {"ipro": decode_answer}
