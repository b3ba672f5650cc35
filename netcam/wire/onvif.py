"""ONVIF device calls that ask for no credentials, and what comes back (ONVIF Core, section 8; SOAP 1.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from netcam.errors import DecodeError
from netcam.model import canonical_mac
from netcam.wire.charset import decode_text
from netcam.wire.xml import Node, read_xml

CONTENT_TYPE = "application/soap+xml; charset=utf-8"
SERVICE_LIMIT = 32  # services of one device
EMITS = frozenset(
    {
        "onvif.manufacturer",
        "onvif.model",
        "onvif.firmware",
        "onvif.serial",
        "onvif.hardwareid",
        "onvif.mac",
        "onvif.namespaces",
        "onvif.hostname",
        "onvif.datetime",
        "onvif.fault",
    }
)

_DEVICE = "http://www.onvif.org/ver10/device/wsdl"
# ONVIF Core puts the first three into the access class PRE_AUTH. The last one asks for a login on most devices: it is
# sent once, without one, and "not authorized" is an answer like any other.
_BODIES = {
    "GetSystemDateAndTime": "",
    "GetServices": "<IncludeCapability>false</IncludeCapability>",
    "GetHostname": "",
    "GetDeviceInformation": "",
}
CALLS = tuple(_BODIES)

_INFORMATION = {
    "manufacturer": "onvif.manufacturer",
    "model": "onvif.model",
    "firmwareversion": "onvif.firmware",
    "fwversion": "onvif.firmware",
    "serialnumber": "onvif.serial",
    "hardwareid": "onvif.hardwareid",
    "mac": "onvif.mac",
}
_PAIR = re.compile(
    r"""(?<!\w)["']?(manufacturer|model|firmware_?version|fw_?version|serial_?number|hardware_?id|mac)["']?\s{0,8}[:=]\s{0,8}"""
    r"""(?:"([^"\r\n]{0,500})"|'([^'\r\n]{0,500})'|([^,;"'\r\n{}()]{1,500}))""",
    re.IGNORECASE,
)


def encode_call(name: str) -> bytes:
    """The envelope of one of CALLS, with an empty header.

    Raises:
        KeyError: any other call; there is no way to send one.
    """
    return (
        '<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/>'
        f'<s:Body><{name} xmlns="{_DEVICE}">{_BODIES[name]}</{name}></s:Body></s:Envelope>'
    ).encode()


def decode_answer(body: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of a SOAP answer, whichever call it belongs to; a fault is one too.

    Raises:
        DecodeError: no XML, or no envelope with an answer that is known here.
    """
    root = read_xml(body, protocol="onvif")
    for node in root.walk():
        if read := _ANSWERS.get(node.name.lower()):
            return tuple(read(node))
    raise DecodeError("onvif", 0, f"no known answer in <{root.name[:40]}>")


def decode_device_information(text: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The same for GetDeviceInformation as somebody else kept it: the XML, JSON, or `name='value'` pairs of a tool.

    Raises:
        DecodeError: none of the answer's fields is in it.
    """
    try:
        pairs = decode_answer(text)
    except DecodeError:
        said: dict[str, str] = {}
        for found in _PAIR.finditer(decode_text(text[:16384])):
            key = _INFORMATION[found[1].lower().replace("_", "")]
            said.setdefault(key, (found[2] or found[3] or found[4] or "").strip())
        pairs = tuple((key, canonical_mac(value) if key == "onvif.mac" else value) for key, value in said.items())
    if not pairs:
        raise DecodeError("onvif", 0, "no device information in it")
    return pairs


def _information(answer: Node) -> Iterator[tuple[str, str | None]]:
    for name in ("Manufacturer", "Model", "FirmwareVersion", "SerialNumber", "HardwareId"):
        yield _INFORMATION[name.lower()], answer.text_of(name)


def _services(answer: Node) -> Iterator[tuple[str, str | None]]:
    found = dict.fromkeys(text for node in answer.all("Namespace") if (text := "".join(node.text.split())))
    yield "onvif.namespaces", " ".join(list(found)[:SERVICE_LIMIT])


def _hostname(answer: Node) -> Iterator[tuple[str, str | None]]:
    yield "onvif.hostname", answer.text_of("Name")


def _clock(answer: Node) -> Iterator[tuple[str, str | None]]:
    """The device's clock as ISO text; with Z when it gave UTC, without a zone when only its local time."""
    for name, zone in (("UTCDateTime", "Z"), ("LocalDateTime", "")):
        if (moment := answer.first(name)) and (when := _moment(moment)):
            yield "onvif.datetime", when.isoformat() + zone
            return


def _moment(node: Node) -> datetime | None:
    fields = ("Year", "Month", "Day", "Hour", "Minute", "Second")
    try:
        year, month, day, hour, minute, second = (int((node.text_of(name) or "")[:9]) for name in fields)
        return datetime(year, month, day, hour, minute, min(second, 59))  # noqa: DTZ001 - the caller knows the zone
    except ValueError:
        return None


def _fault(answer: Node) -> Iterator[tuple[str, str | None]]:
    codes = [node.text.strip() for node in answer.all("Value", "faultcode") if node.text.strip()]
    named = next((code for code in reversed(codes[:8]) if code.lower().startswith("ter:")), None)
    yield "onvif.fault", (named or (codes[0] if codes else "fault"))[:200]


_ANSWERS = {
    "getdeviceinformationresponse": _information,
    "getservicesresponse": _services,
    "gethostnameresponse": _hostname,
    "getsystemdateandtimeresponse": _clock,
    "fault": _fault,
}
