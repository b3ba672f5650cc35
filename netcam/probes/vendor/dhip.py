"""DHDiscover, the question of Dahua's search tool: JSON in DHIP frames over UDP 37810.

Dahua and the badges it builds for answer with model, serial number, firmware and the owner of the badge. Other methods
on this port change a device: only the search can be encoded here.

Source: six recorded answers and ten independent programs; tests/captures/dhip/README.md.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from ipaddress import IPv4Address

from netcam.errors import DecodeError, HeardQuestion
from netcam.model import Observation, canonical_mac
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire.charset import decode_text

SIZE_LIMIT = 16384  # bytes of one answer; recorded ones have less than 2 kB
SEARCH = "DHDiscover.search"

EMITS = frozenset(
    {
        "dhip.answer",
        "dhip.model",
        "dhip.class",
        "dhip.serial",
        "dhip.firmware",
        "dhip.vendor",
        "dhip.manufacturer",
        "dhip.name",
        "dhip.mac",
        "dhip.ip",
        "dhip.httpport",
        "dhip.port",
        "dhip.channels",
    }
)
_TEXTS = (
    ("dhip.model", "DeviceType"), ("dhip.class", "DeviceClass"), ("dhip.serial", "SerialNo"),
    ("dhip.firmware", "Version"), ("dhip.vendor", "Vendor"), ("dhip.manufacturer", "Manufacturer"),
    ("dhip.name", "MachineName"), ("dhip.httpport", "HttpPort"), ("dhip.port", "Port"),
)  # fmt: skip
_COUNTS = (
    ("video-in", "VideoInputChannels"),
    ("remote-in", "RemoteVideoInputChannels"),
    ("video-out", "VideoOutputChannels"),
)


def encode_search() -> bytes:
    """
    The question.

    Layout, little-endian, offset and size in bytes::

        0   4  header size  32
        4   4  magic        b"DHIP"
        8   8  session and request id, zero
        16  4  length of the JSON
        20  4  zero
        24  4  length of the JSON, again
        28  4  zero
        32  n  JSON         without this header it gets no answer
    """
    body = b'{ "method" : "%s", "params" : { "mac" : "", "uni" : 1 } }\n' % SEARCH.encode()
    length = len(body).to_bytes(4, "little")
    return b"\x20\0\0\0DHIP" + bytes(8) + length + bytes(4) + length + bytes(4) + body


def decode_notify(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one answer, with or without its frame.

    The JSON is looked for rather than counted to: firmwares differ in the header, and pad with NULs. Behind the usual
    header the search begins after it, because a length may hold the byte of a brace.

    Raises:
        DecodeError: more than 16 kB, no JSON object, a question of somebody's, or no device in it.
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("dhip", SIZE_LIMIT, f"answer of more than {SIZE_LIMIT} bytes")
    start = datagram.find(b"{", 32 if datagram[4:8] == b"DHIP" else 0)
    if start < 0:
        raise DecodeError("dhip", 0, "no JSON in it")
    try:
        answer, _ = json.JSONDecoder(strict=False).raw_decode(decode_text(datagram[start:]))
    except (ValueError, RecursionError) as error:
        raise DecodeError("dhip", start, "JSON that can't be read") from error
    params = _object(answer).get("params")
    info = _object(_object(params).get("deviceInfo"))
    method = _text(answer.get("method"))
    if method == SEARCH:
        raise HeardQuestion("dhip", start, "a question")
    if not info:
        raise DecodeError("dhip", start, "no device in it")
    address = _object(info.get("IPv4Address")).get("IPAddress")
    mac = answer.get("mac") or answer.get("Mac") or info.get("mac") or info.get("Mac")
    counts = ((name, _text(info.get(key))) for name, key in _COUNTS)
    return (
        ("dhip.answer", method),
        *((kind, _text(info.get(key))) for kind, key in _TEXTS),
        ("dhip.mac", canonical_mac(_text(mac) or "")),
        ("dhip.ip", _ipv4(_text(address))),
        ("dhip.channels", " ".join(f"{name}={n}" for name, n in counts if n and n.isdigit()) or None),
    )


class DhipProbe:
    """Ask Dahua platforms for model, serial number, firmware, badge owner and MAC."""

    spec = ProbeSpec(
        name="dhip",
        summary="Dahua search question (DHDiscover)",
        transport=Transport.UDP_GROUP,
        ports=(37810,),
        groups=("239.255.255.251",),
        broadcast=True,
        unicast=True,
        shy=True,  # some thermal models answer nothing else
        timeout_s=3.0,
        contact=Contact.ASK,
        emits=EMITS,
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        async for reply in io.ask((encode_search(), encode_search()), decode_notify):
            for seen in reply.observe(reply.message):
                yield seen


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    """Text of a string or whole number; JSON from a stranger may hold anything else."""
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _ipv4(text: str | None) -> str | None:
    try:
        return str(IPv4Address(text)) if text else None
    except ValueError:
        return None


PROBE = DhipProbe()
DECODERS: dict[str, Decoder] = {"dhip": decode_notify}
