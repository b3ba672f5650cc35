"""MHED, the search question of TVT's tools: fixed binary fields through two multicast groups on UDP 23456.

Cameras and recorders on a TVT platform, whatever their badge, answer with model, serial number, firmware and MAC, and
announce themselves from time to time. Another command of the protocol sets a device's network: only the search can be
encoded here.

Source: captures read the same way by five independent programs; tests/captures/mhed/README.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import IPv4Address

from netcam.errors import DecodeError, HeardQuestion
from netcam.model import Observation, canonical_mac
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire.cursor import Cursor

SIZE_LIMIT = 4096  # bytes of one answer; known ones have 240
SEARCH, ANNOUNCE = 1, 2
VERSIONS = (9, 8, 7)  # the tools' own first; firmwares answer with 8 or 7
QUESTION_SIZE = 140
USUAL_PORT = 6036  # what an SDK port of 0 stands for

EMITS = frozenset(
    {
        "mhed.answer",
        "mhed.model",
        "mhed.name",
        "mhed.serial",
        "mhed.firmware",
        "mhed.builddate",
        "mhed.vendor",
        "mhed.devicetype",
        "mhed.channels",
        "mhed.mac",
        "mhed.ip",
        "mhed.port",
        "mhed.httpport",
        "mhed.rtspport",
    }
)


def encode_search(version: int) -> bytes:
    """The question: the head that `decode_announcement` describes, then zeros up to 140 bytes."""
    return _head(version, SEARCH).ljust(QUESTION_SIZE, b"\0")


def decode_announcement(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one announcement, asked for or not.

    Layout, numbers little-endian, addresses in network order, texts padded with NULs, offset and size in bytes::

        0    4   magic        b"MHED"
        4    2   version      7, 8 or 9
        6    2   1
        8    4   command      2; 1 is the question
        12   20  name         often the kind of device
        32   6   MAC
        38   2   SDK port     0 stands for 6036
        40   12  IPv4 address, mask, gateway
        52   4   firmware     four numbers, the highest byte first
        56   4   build date   the decimal number YYYYMMDD
        60   4   HTTP and RTSP port
        64   4   device type  0 DVR, 1 DVS, 2 camera, 3 NVR, 4 decoder
        140  16  serial number
        156  16  firmware text
        180  16  second part of the model
        196  16  first part of the model
        212  16  vendor
        228  4   channels, followed by 8 bytes more

    Bytes after these are ignored.

    Raises:
        DecodeError: more than 4 kB, fewer than 240 bytes, another magic, version or command.
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("mhed", SIZE_LIMIT, f"answer of more than {SIZE_LIMIT} bytes")
    cursor = Cursor(datagram, protocol="mhed")
    cursor.expect(b"MHED")
    if (version := cursor.uint(2, "little")) not in VERSIONS:
        raise DecodeError("mhed", 4, f"version {version}")
    cursor.take(2)
    command = cursor.uint(4, "little")
    if command == SEARCH:
        raise HeardQuestion("mhed", 8, "a question")
    if command != ANNOUNCE:
        raise DecodeError("mhed", 8, f"command {command}, no announcement")
    name = cursor.text(20)
    mac = cursor.take(6)
    sdk_port = cursor.uint(2, "little")
    address = cursor.take(4)
    cursor.take(8)
    packed = cursor.uint(4, "little")
    built = cursor.uint(4, "little")
    http_port, rtsp_port = cursor.uint(2, "little"), cursor.uint(2, "little")
    device_type = cursor.uint(4, "little")
    cursor.skip_to(140)
    serial, firmware = cursor.text(16), cursor.text(16)
    cursor.skip_to(180)
    model_end, model = cursor.take(16), cursor.take(16)
    vendor = cursor.text(16)
    channels = cursor.uint(4, "little")
    cursor.take(8)
    if b"\0" not in model:
        model += model_end
    return (
        ("mhed.answer", f"announcement, version {version}"),
        ("mhed.model", model.split(b"\0", 1)[0].decode("utf-8", "replace").strip()),
        ("mhed.name", name),
        ("mhed.serial", serial),
        ("mhed.firmware", firmware or (".".join(map(str, packed.to_bytes(4, "big"))) if packed else None)),
        ("mhed.builddate", str(built) if built else None),
        ("mhed.vendor", vendor),
        ("mhed.devicetype", str(device_type)),
        ("mhed.channels", str(channels) if channels else None),
        ("mhed.mac", canonical_mac(mac.hex())),
        ("mhed.ip", str(IPv4Address(address)) if any(address) else None),
        ("mhed.port", str(sdk_port or USUAL_PORT)),
        ("mhed.httpport", str(http_port) if http_port else None),
        ("mhed.rtspport", str(rtsp_port) if rtsp_port else None),
    )


class MhedProbe:
    """Ask TVT platforms for model, serial number, firmware and MAC."""

    spec = ProbeSpec(
        name="mhed",
        summary="TVT search question (MHED)",
        transport=Transport.UDP_GROUP,
        ports=(23456,),
        groups=("234.55.55.55",),
        answer_groups=("234.55.55.56",),  # an answer goes to everybody, so asking one by one would not hear it
        bind_port=23456,
        timeout_s=3.0,
        contact=Contact.ASK,
        emits=EMITS,
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        async for reply in io.ask([encode_search(version) for version in VERSIONS], decode_announcement):
            for seen in reply.observe(reply.message):
                yield seen


def _head(version: int, command: int) -> bytes:
    return b"MHED" + version.to_bytes(2, "little") + b"\x01\0" + command.to_bytes(4, "little")


PROBE = MhedProbe()
DECODERS: dict[str, Decoder] = {"mhed": decode_announcement}
