"""The search question of VStarcam's tools: texts at fixed places over UDP 8600.

Wanscam and cloned boards speak it too, so it names the platform rather than the badge. The answer goes on with the
device's user name and password: it is cut before them, ahead of everything else, so that nothing can read or keep them.
Other message types on this port change a device: only the search can be encoded here.

Source: two independent programs and an anonymised answer; tests/captures/vstarcam/README.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import IPv4Address

from netcam.errors import DecodeError
from netcam.model import Observation, canonical_mac
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire.charset import decode_text
from netcam.wire.cursor import Cursor

SIZE_LIMIT = 4096  # bytes of one answer; known ones have less than 600
READ_BYTES = 0xEC  # the account begins here

EMITS = frozenset(
    {
        "vstarcam.answer",
        "vstarcam.name",
        "vstarcam.firmware",
        "vstarcam.serial",
        "vstarcam.mac",
        "vstarcam.ip",
        "vstarcam.httpport",
    }
)
_SEARCH, _REPLY = b"DH\x01\x01", b"DH\x01\x08"


def encode_question() -> bytes:
    """The question: four bytes."""
    return _SEARCH


def decode_answer(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one answer.

    Layout, offset and size in bytes; texts end at the first NUL::

        0x00  4   message    44 48 01 08
        0x04  16  IPv4       then mask, gateway and two DNS servers
        0x54  6   MAC
        0x5a  2   HTTP port  little-endian
        0x5c  32  serial     the name in the maker's cloud
        0x7c  32  name
        0xcc  32  firmware

    Raises:
        DecodeError: more than 4 kB, cut before the end of the firmware, or another message (a question of somebody's).
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("vstarcam", SIZE_LIMIT, f"answer of more than {SIZE_LIMIT} bytes")
    cursor = Cursor(datagram[:READ_BYTES], protocol="vstarcam")
    cursor.expect(_REPLY)
    if cursor.left < READ_BYTES - len(_REPLY):
        raise DecodeError("vstarcam", len(datagram), f"{READ_BYTES} bytes wanted")
    ip = cursor.text(16)
    cursor.skip_to(0x54)
    mac, port = canonical_mac(cursor.take(6).hex()), cursor.uint(2, "little")
    serial, name = cursor.text(32), decode_text(cursor.take(32).split(b"\0", 1)[0]).strip()
    cursor.skip_to(0xCC)
    return (
        ("vstarcam.answer", _REPLY.hex()),
        ("vstarcam.name", name),
        ("vstarcam.firmware", cursor.text(32)),
        ("vstarcam.serial", serial),
        ("vstarcam.mac", mac),
        ("vstarcam.ip", _ipv4(ip)),
        ("vstarcam.httpport", str(port) if port else None),
    )


class VstarcamProbe:
    """Ask VStarcam's platform for name, firmware, serial number and MAC."""

    spec = ProbeSpec(
        name="vstarcam",
        summary="VStarcam search question",
        transport=Transport.UDP_GROUP,
        ports=(8600,),
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


PROBE = VstarcamProbe()
DECODERS: dict[str, Decoder] = {"vstarcam": decode_answer}
