"""The answers of Topsee boards to the search of their maker's tools, on UDP 3001. Nothing is asked.

A device answers by broadcast, so that the whole network hears it, and puts the names and passwords of its accounts into
the answer. A question of ours would make every device publish them: so this only listens, for the answers to others.

Source: three independent programs; tests/captures/topsee/README.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import AddressValueError, IPv4Address

from netcam.errors import DecodeError, HeardQuestion
from netcam.model import Observation, canonical_mac
from netcam.probes.base import Contact, Decoder, ProbeIO, ProbeSpec, Transport
from netcam.wire.xml import Node, read_xml

SIZE_LIMIT = 8192  # bytes of one answer; the firmware's buffer has 2048
MESSAGE = "SYSTEM_SEARCHIPC_MESSAGE"
ROOTS = ("XML_TOPSEE", "XML_ANJVISION")
QUESTION, ANSWER = "1", "3"

EMITS = frozenset(
    {
        "topsee",
        "topsee.answer",
        "topsee.devicetype",
        "topsee.model",
        "topsee.serial",
        "topsee.firmware",
        "topsee.mac",
        "topsee.ip",
        "topsee.httpport",
        "topsee.rtspport",
        "topsee.accounts",
    }
)


def decode_answer(datagram: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one answer; of its accounts only that they stand in it.

    Layout: XML in GB 2312; `MESSAGE_HEADER` with `Msg_type` and `Msg_code` (3; 1 is the question), then attributes of
    `DEVICE_TYPE`, `IPC_SERIALNUMBER`, `LANConfig` and `StreamAccess`. `UserConfig` is never read, and neither are the
    codes for the maker's cloud beside the serial number.

    Raises:
        DecodeError: more than 8 kB, no XML, another root or message (a question of somebody's, an order), or nothing
            that describes a device.
    """
    if len(datagram) > SIZE_LIMIT:
        raise DecodeError("topsee", SIZE_LIMIT, f"answer of more than {SIZE_LIMIT} bytes")
    root = read_xml(datagram, protocol="topsee")
    if root.name not in ROOTS:
        raise DecodeError("topsee", 0, f"<{ROOTS[0]}> wanted, <{root.name[:40]}> found")
    kind, code = _said(root, "MESSAGE_HEADER", "Msg_type"), _said(root, "MESSAGE_HEADER", "Msg_code")
    if (kind, code) == (MESSAGE, QUESTION):
        raise HeardQuestion("topsee", 0, "a question")
    if (kind, code) != (MESSAGE, ANSWER):
        raise DecodeError("topsee", 0, f"message {code and code[:20]}, no answer to the search")
    said = (
        ("topsee.devicetype", _said(root, "DEVICE_TYPE", "DeviceType")),
        ("topsee.model", _said(root, "DEVICE_TYPE", "DeviceModule")),
        ("topsee.serial", _said(root, "IPC_SERIALNUMBER", "SerialNumber")),
        (
            "topsee.firmware",
            _said(root, "IPC_SERIALNUMBER", "VERSION") or _said(root, "VERSION", "FileSystemVersion"),
        ),
        ("topsee.mac", canonical_mac(_said(root, "LANConfig", "MacAddress") or "")),
        ("topsee.ip", _ipv4(_said(root, "LANConfig", "IPAddress"))),
        ("topsee.httpport", _port(_said(root, "StreamAccess", "WEBPort"))),
        ("topsee.rtspport", _port(_said(root, "StreamAccess", "VideoPort"))),
    )
    if not any(text for _, text in said):
        raise DecodeError("topsee", 0, "no device in it")
    accounts = root.first("Account")
    return (
        ("topsee", "search answer"),  # stands for the whole, which holds accounts
        ("topsee.answer", root.name),
        *said,
        ("topsee.accounts", "sent in clear to the whole network" if accounts and accounts.attributes else None),
    )


class TopseeProbe:
    """Hear Topsee boards answer their maker's tools; sends nothing."""

    spec = ProbeSpec(
        name="topsee",
        summary="Topsee search answers, heard only",
        transport=Transport.UDP_GROUP,
        ports=(3001,),
        timeout_s=6.0,
        contact=Contact.LISTEN,
        emits=EMITS,
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        async for reply in io.ask((), decode_answer):
            for seen in reply.observe(reply.message):
                yield seen


def _said(root: Node, element: str, attribute: str) -> str | None:
    node = root.first(element)
    found = node.attributes if node else {}
    return next((text.strip() for name, text in found.items() if name.lower() == attribute.lower()), None) or None


def _ipv4(text: str | None) -> str | None:
    try:
        address = IPv4Address(text or "")
    except AddressValueError:
        return None
    return None if address.is_unspecified else str(address)


def _port(text: str | None) -> str | None:
    return text if text and text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) < 65536 else None


PROBE = TopseeProbe()
DECODERS: dict[str, Decoder] = {"topsee": decode_answer}
