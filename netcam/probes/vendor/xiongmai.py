"""The search question of Xiongmai's recorder and camera boards ("Sofia"): a short header and JSON over UDP 34569.

Countless badges carry these boards. They answer with MAC, serial number and ports; the model is usually left out. The
ids that write the network settings of a board differ from the question by a number: only the question can be encoded.

Source: two independent programs; tests/captures/xiongmai/README.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import IPv4Address

from netcam.errors import DecodeError, HeardQuestion
from netcam.model import Observation, canonical_mac
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire.cursor import Cursor
from netcam.wire.json_said import object_of, port_of, read_json, text_of

SEARCH, FOUND = 1530, 1531

EMITS = frozenset(
    {
        "xiongmai.answer",
        "xiongmai.name",
        "xiongmai.mac",
        "xiongmai.ip",
        "xiongmai.serial",
        "xiongmai.firmware",
        "xiongmai.builddate",
        "xiongmai.devicetype",
        "xiongmai.channels",
        "xiongmai.httpport",
        "xiongmai.port",
    }
)
_TEXTS = (
    ("xiongmai.name", "HostName"), ("xiongmai.serial", "SN"), ("xiongmai.firmware", "Version"),
    ("xiongmai.builddate", "BuildDate"), ("xiongmai.devicetype", "DeviceType"), ("xiongmai.channels", "ChannelNum"),
)  # fmt: skip


def encode_search() -> bytes:
    """The question: a header alone, laid out as in `decode_found`."""
    return b"\xff" + bytes(13) + SEARCH.to_bytes(2, "little") + bytes(4)


def decode_found(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one answer.

    Layout, little-endian, offset and size in bytes::

        0   1  head        0xff
        1   1  version     0 or 1
        2   2  reserved
        4   8  session and sequence
        12  2  channel
        14  2  message id  1531; 1530 is the question
        16  4  length of the JSON
        20  n  JSON        {"NetWork.NetCommon": {...}}, then NULs or a line feed

    An address is the hexadecimal text of the number that its four bytes make in little-endian order. Bytes after the
    JSON are ignored.

    Raises:
        DecodeError: more than 16 kB, another head or id, a length past the datagram, or JSON without the settings.
    """
    cursor = Cursor(datagram, protocol="xiongmai")
    cursor.expect(b"\xff")
    cursor.take(13)
    message = cursor.uint(2, "little")
    if message == SEARCH:
        raise HeardQuestion("xiongmai", 14, "a question")
    if message != FOUND:
        raise DecodeError("xiongmai", 14, f"message {message}, no answer to the search")
    body = cursor.sub(cursor.uint(4, "little"))
    start = body.offset
    answer = read_json(datagram[: start + body.left], protocol="xiongmai", start=start)
    said = object_of(answer.get("NetWork.NetCommon"))
    if not said:
        raise DecodeError("xiongmai", start, "no network settings in it")
    return (
        ("xiongmai.answer", "NetWork.NetCommon"),
        *((kind, text_of(said.get(key))) for kind, key in _TEXTS),
        ("xiongmai.mac", canonical_mac(text_of(said.get("MAC")) or "")),
        ("xiongmai.ip", _address(text_of(said.get("HostIP")) or "")),
        ("xiongmai.httpport", port_of(said.get("HttpPort"))),
        ("xiongmai.port", port_of(said.get("TCPPort"))),
    )


class XiongmaiProbe:
    """Ask Xiongmai boards, whatever their badge, for MAC, serial number and ports."""

    spec = ProbeSpec(
        name="xiongmai",
        summary="Xiongmai search question (Sofia)",
        transport=Transport.UDP_GROUP,
        ports=(34569,),
        bind_port=34569,  # answers may come to this port only
        broadcast=True,
        unicast=True,
        timeout_s=3.0,
        contact=Contact.ASK,
        emits=EMITS,
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        async for reply in io.ask((encode_search(),) * 3, decode_found):  # one question often gets lost
            for seen in reply.observe(reply.message):
                yield seen


def _address(text: str) -> str | None:
    digits = text[2:] if text[:2] in ("0x", "0X") else ""
    if len(digits) != 8 or any(c not in "0123456789abcdefABCDEF" for c in digits):
        return None
    return str(IPv4Address(int(digits, 16).to_bytes(4, "little")))


PROBE = XiongmaiProbe()
DECODERS: dict[str, Decoder] = {"xiongmai": decode_found}
