"""RCP+ detection, the search question of Bosch's video devices: UDP 1757, answered to UDP 1758.

Older devices answer with 32 bytes, newer ones with XML. Some encoders that Videotec sells answer too.

Source: one published program with anonymised answers of both forms; tests/captures/bosch-rcp/README.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import IPv4Address
from uuid import uuid4

from netcam.errors import DecodeError
from netcam.model import Observation, canonical_mac
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire.cursor import Cursor
from netcam.wire.xml import read_xml

SIZE_LIMIT = 16384  # bytes of one answer in XML; known ones have about 2 kB
BINARY_SIZE = 32
ANSWER_PORT = 1758
MAGIC = b"\x99\x39\xa4\x27"

EMITS = frozenset(
    {
        "bosch-rcp.answer",
        "bosch-rcp.model",
        "bosch-rcp.name",
        "bosch-rcp.serial",
        "bosch-rcp.devicetype",
        "bosch-rcp.mac",
        "bosch-rcp.uuid",
        "bosch-rcp.ip",
        "bosch-rcp.httpport",
        "bosch-rcp.port",
    }
)
_TEXTS = (
    ("bosch-rcp.model", "friendlyName"), ("bosch-rcp.name", "unitName"), ("bosch-rcp.serial", "serialNumber"),
    ("bosch-rcp.devicetype", "deviceType"), ("bosch-rcp.uuid", "deviceGUID"),
)  # fmt: skip


def encode_detection(transaction: int) -> bytes:
    """The question: magic, a transaction number of 32 bits that comes back, and the port for answers."""
    return MAGIC + transaction.to_bytes(4, "big") + b"\xff\x00" + ANSWER_PORT.to_bytes(2, "big")


def decode_detected(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one answer of either form.

    Layout of the binary one, big-endian, offset and size in bytes::

        0   4   magic        99 39 a4 27
        4   4   transaction
        8   6   MAC
        14  2   unknown
        16  12  IPv4 address, mask, gateway
        28  4   unknown

    Of the XML one, `<device>` below a root in the namespace `OEMExt00:device-1-0`, the session key is never read.

    Raises:
        DecodeError: more than 16 kB, another size or magic, no XML, or no device with a model, serial number or MAC.
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("bosch-rcp", SIZE_LIMIT, f"answer of more than {SIZE_LIMIT} bytes")
    return _xml(datagram) if datagram.lstrip(b"\xef\xbb\xbf\r\n\t ")[:1] == b"<" else _binary(datagram)


class BoschRcpProbe:
    """Ask Bosch video devices for model, serial number and MAC."""

    spec = ProbeSpec(
        name="bosch-rcp",
        summary="Bosch search question (RCP+ detection)",
        transport=Transport.UDP_GROUP,
        ports=(1757,),
        bind_port=ANSWER_PORT,
        broadcast=True,
        unicast=True,
        timeout_s=3.0,
        contact=Contact.ASK,
        emits=EMITS,
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        question = encode_detection(uuid4().int & 0xFFFFFFFF)
        async for reply in io.ask((question, question), decode_detected):
            for seen in reply.observe(reply.message):
                yield seen


def _binary(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    cursor = Cursor(datagram, protocol="bosch-rcp")
    cursor.expect(MAGIC)
    if len(datagram) != BINARY_SIZE:
        raise DecodeError("bosch-rcp", 4, f"{BINARY_SIZE} bytes wanted, {len(datagram)} came")
    cursor.take(4)
    mac = canonical_mac(cursor.take(6).hex())
    cursor.take(2)
    address = cursor.take(4)
    return (
        ("bosch-rcp.answer", "binary"),
        ("bosch-rcp.mac", mac),
        ("bosch-rcp.ip", str(IPv4Address(address)) if any(address) else None),
    )


def _xml(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    root = read_xml(datagram, protocol="bosch-rcp")
    device = root.first("device")
    if device is None:
        raise DecodeError("bosch-rcp", 0, f"<device> wanted, <{root.name[:40]}> found")
    said = (
        *((kind, device.text_of(tag)) for kind, tag in _TEXTS),
        ("bosch-rcp.mac", canonical_mac(device.text_of("physAddress") or "")),
        ("bosch-rcp.ip", _ipv4(device.text_of("unitIPAddress"))),
        ("bosch-rcp.httpport", _port(device.text_of("HTTPPort"))),
        ("bosch-rcp.port", _port(device.text_of("RCPPort"))),
    )
    told = dict(said)
    if not any(told[kind] for kind in ("bosch-rcp.model", "bosch-rcp.serial", "bosch-rcp.mac")):
        raise DecodeError("bosch-rcp", 0, "no device in it")
    namespace = next((text for key, text in root.attributes.items() if key.startswith("xmlns")), "")
    return (("bosch-rcp.answer", f"xml {namespace[:80]}".strip()), *said)


def _ipv4(text: str | None) -> str | None:
    try:
        return str(IPv4Address(text)) if text else None
    except ValueError:
        return None


def _port(text: str | None) -> str | None:
    return text if text and text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) < 65536 else None


PROBE = BoschRcpProbe()
DECODERS: dict[str, Decoder] = {"bosch-rcp": decode_detected}
