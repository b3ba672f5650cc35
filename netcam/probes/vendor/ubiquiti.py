"""Ubiquiti's device discovery: tag-length-value records over UDP 10001.

Cameras, consoles, switches, access points and routers answer alike; the platform and the firmware text tell them apart.
Fields of login and of the default password are never read. Adopted cameras may stay silent.

Source: three independent programs and an answer printed by one of them; tests/captures/ubiquiti/README.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import IPv4Address

from netcam.errors import DecodeError, HeardQuestion
from netcam.model import Observation, canonical_mac
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire.cursor import Cursor

SIZE_LIMIT = 4096  # bytes of one answer; a printed one has about 200

EMITS = frozenset(
    {
        "ubiquiti.answer",
        "ubiquiti.model",
        "ubiquiti.platform",
        "ubiquiti.firmware",
        "ubiquiti.version",
        "ubiquiti.systemid",
        "ubiquiti.name",
        "ubiquiti.mac",
        "ubiquiti.ip",
        "ubiquiti.httpport",
    }
)
MAC, MAC_AND_IP, FIRMWARE, NAME, PLATFORM, WEB_PORT = 0x01, 0x02, 0x03, 0x0B, 0x0C, 0x0F
SYSTEM_ID, SERIAL_MAC, MODEL_1, MODEL_2, VERSION = 0x10, 0x13, 0x14, 0x15, 0x16
_READ = {MAC, MAC_AND_IP, FIRMWARE, NAME, PLATFORM, WEB_PORT, SYSTEM_ID, SERIAL_MAC, MODEL_1, MODEL_2, VERSION}
_ANSWERS = {1: (0x00,), 2: (0x06, 0x09, 0x0B)}  # version -> commands of an answer


def encode_questions() -> tuple[bytes, bytes]:
    """The question in both versions: version, command, length of nothing."""
    return b"\x01\x00\x00\x00", b"\x02\x08\x00\x00"


def decode_answer(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one answer.

    Layout, big-endian, offset and size in bytes::

        0  1  version  1 or 2
        1  1  command  1: 0x00; 2: 0x06, 0x09 or 0x0b
        2  2  length   bytes that follow
        4  n  records  1-byte tag, 2-byte length, value

    Unknown tags are skipped; of a repeated tag the first counts; bytes after the records are ignored. The system id is
    the only little-endian number.

    Raises:
        DecodeError: more than 4 kB, another version or command, a length past its container, or no device in it.
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("ubiquiti", SIZE_LIMIT, f"answer of more than {SIZE_LIMIT} bytes")
    cursor = Cursor(datagram, protocol="ubiquiti")
    if datagram in encode_questions():
        raise HeardQuestion("ubiquiti", 0, "a question")
    version = cursor.uint(1)
    if version not in _ANSWERS:
        raise DecodeError("ubiquiti", 0, f"version {version}")
    command = cursor.uint(1)
    if command not in _ANSWERS[version]:
        raise DecodeError("ubiquiti", 1, f"command {command:#04x} is no answer")
    body = cursor.sub(cursor.uint(2))
    found: dict[int, bytes] = {}
    while body:
        tag = body.uint(1)
        value = body.take(body.uint(2))
        if tag in _READ:
            found.setdefault(tag, value)
    if not found:
        raise DecodeError("ubiquiti", 4, "no device in it")
    pair = found.get(MAC_AND_IP, b"")
    mac = next((m for m in (found.get(MAC), found.get(SERIAL_MAC), pair[:6]) if m and len(m) == 6), b"")
    system_id = found.get(SYSTEM_ID, b"")
    web_port = int.from_bytes(found.get(WEB_PORT, b"")[:4], "big")
    return (
        ("ubiquiti.answer", f"version {version}"),
        ("ubiquiti.model", _text(found.get(MODEL_2)) or _text(found.get(MODEL_1))),
        ("ubiquiti.platform", _text(found.get(PLATFORM))),
        ("ubiquiti.firmware", _text(found.get(FIRMWARE))),
        ("ubiquiti.version", _text(found.get(VERSION))),
        ("ubiquiti.systemid", f"0x{int.from_bytes(system_id, 'little'):04x}" if len(system_id) == 2 else None),
        ("ubiquiti.name", _text(found.get(NAME))),
        ("ubiquiti.mac", canonical_mac(mac.hex())),
        ("ubiquiti.ip", str(IPv4Address(pair[6:])) if len(pair) == 10 else None),
        ("ubiquiti.httpport", str(web_port) if 0 < web_port < 65536 else None),
    )


class UbiquitiProbe:
    """Ask Ubiquiti devices for platform, firmware, name and MAC."""

    spec = ProbeSpec(
        name="ubiquiti",
        summary="Ubiquiti device discovery",
        transport=Transport.UDP_GROUP,
        ports=(10001,),
        groups=("233.89.188.1",),
        broadcast=True,
        unicast=True,
        timeout_s=3.0,
        contact=Contact.ASK,
        emits=EMITS,
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        async for reply in io.ask(encode_questions() * 2, decode_answer):
            for seen in reply.observe(reply.message):
                yield seen


def _text(value: bytes | None) -> str | None:
    return (value or b"").split(b"\0", 1)[0].decode("utf-8", "replace").strip() or None


PROBE = UbiquitiProbe()
DECODERS: dict[str, Decoder] = {"ubiquiti": decode_answer}
