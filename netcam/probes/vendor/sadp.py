"""SADP, the question of Hikvision's search tool: XML over UDP 37020.

Every device on a Hikvision platform answers, whatever badge it carries. Other values of `Types` on this port change a
device or deal with its password: only `inquiry` can be encoded here.

Source: two recorded answers and eight independent programs; tests/captures/sadp/README.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import IPv4Address
from uuid import UUID, uuid4

from netcam.errors import DecodeError, HeardQuestion
from netcam.model import Observation, canonical_mac
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire.xml import Node, read_xml

SIZE_LIMIT = 8192  # bytes of one answer; recorded ones have 1.0 to 1.6 kB

EMITS = frozenset(
    {
        "sadp.answer",
        "sadp.model",
        "sadp.devicetype",
        "sadp.serial",
        "sadp.firmware",
        "sadp.dsp",
        "sadp.mac",
        "sadp.ip",
        "sadp.oem",
        "sadp.activated",
        "sadp.channels",
        "sadp.httpport",
        "sadp.sdkport",
    }
)
_COUNTS = (("analog", "AnalogChannelNum"), ("digital", "DigitalChannelNum"), ("disks", "DiskNumber"))


def encode_inquiry(uuid: UUID) -> bytes:
    """The question; devices echo the UUID and none is known to check it."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><Probe><Uuid>{str(uuid).upper()}</Uuid><Types>inquiry</Types></Probe>'
    ).encode("ascii")


def decode_match(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one ProbeMatch; element order and unknown elements don't matter.

    The device type is a decimal code of the model family; the model is in the description. The hex texts that belong to
    the password exchange are never read.

    Raises:
        DecodeError: more than 8 kB, another root (a question of somebody's), or nothing that describes a device.
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("sadp", SIZE_LIMIT, f"answer of more than {SIZE_LIMIT} bytes")
    root = read_xml(datagram, protocol="sadp")
    if root.name == "Probe":
        raise HeardQuestion("sadp", 0, "a question")
    if root.name != "ProbeMatch":
        raise DecodeError("sadp", 0, f"<ProbeMatch> wanted, <{root.name[:40]}> found")
    said = (
        ("sadp.model", root.text_of("DeviceDescription")),
        ("sadp.devicetype", _digits(root, "DeviceType")),
        ("sadp.serial", root.text_of("DeviceSN")),
        ("sadp.firmware", root.text_of("SoftwareVersion")),
        ("sadp.dsp", root.text_of("DSPVersion")),
        ("sadp.mac", canonical_mac(root.text_of("MAC") or "")),
        ("sadp.ip", _ipv4(root.text_of("IPv4Address"))),
        ("sadp.oem", _unless_none(root.text_of("OEMInfo"))),
        ("sadp.activated", _flag(root.text_of("Activated"))),
        ("sadp.channels", " ".join(f"{name}={n}" for name, tag in _COUNTS if (n := _digits(root, tag))) or None),
        ("sadp.httpport", _digits(root, "HttpPort")),
        ("sadp.sdkport", _digits(root, "CommandPort")),
    )
    if not any(text for _, text in said[:6]):
        raise DecodeError("sadp", 0, "no device in it")
    return (("sadp.answer", "ProbeMatch"), *said)


class SadpProbe:
    """Ask Hikvision platforms for model, serial number, firmware and MAC."""

    spec = ProbeSpec(
        name="sadp",
        summary="Hikvision search question (SADP)",
        transport=Transport.UDP_GROUP,
        ports=(37020,),
        groups=("239.255.255.250",),
        bind_port=37020,  # some firmwares answer to the group and this port only
        broadcast=True,
        unicast=True,
        shy=True,
        timeout_s=3.0,
        contact=Contact.ASK,
        emits=EMITS,
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        question = encode_inquiry(uuid4())
        async for reply in io.ask((question, question), decode_match):
            for seen in reply.observe(reply.message):
                yield seen


def _digits(root: Node, name: str) -> str | None:
    text = root.text_of(name)
    return text if text and text.isascii() and text.isdigit() and len(text) <= 12 else None


def _ipv4(text: str | None) -> str | None:
    try:
        return str(IPv4Address(text)) if text else None
    except ValueError:
        return None


def _unless_none(text: str | None) -> str | None:
    return None if text is None or text.upper() in ("N/A", "NONE", "NULL") else text


def _flag(text: str | None) -> str | None:
    """true or false; a recorded device spells it `flase`."""
    return {"t": "true", "1": "true", "f": "false", "0": "false"}.get(text[:1].lower()) if text else None


PROBE = SadpProbe()
DECODERS: dict[str, Decoder] = {"sadp": decode_match}
