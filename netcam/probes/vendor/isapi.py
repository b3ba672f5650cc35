"""The device information of ISAPI, Hikvision's HTTP interface, as XML.

Most devices give it to a logged-in user only, so live scans rarely see it; saved ones come in as `isapi.deviceinfo`.

Source: tests/captures/isapi/README.md.
"""

from __future__ import annotations

from netcam.errors import DecodeError
from netcam.model import canonical_mac
from netcam.probes.base import Decoder
from netcam.wire.xml import read_xml

EMITS = frozenset(
    {
        "isapi.model",
        "isapi.name",
        "isapi.manufacturer",
        "isapi.oemcode",
        "isapi.serial",
        "isapi.firmware",
        "isapi.mac",
        "isapi.devicetype",
    }
)


def decode_device_info(document: bytes) -> tuple[tuple[str, str | None], ...]:
    """
    The (kind, text) pairs of one DeviceInfo; firmware and its release are one text, "V5.7.1 build 210625".

    Raises:
        DecodeError: no XML, another document (a refusal), or no model, name, serial number or MAC in it.
    """
    root = read_xml(document, protocol="isapi")
    info = root.first("DeviceInfo")
    if info is None:
        raise DecodeError("isapi", 0, f"<DeviceInfo> wanted, <{root.name[:40]}> found")
    firmware = " ".join(text for name in ("firmwareVersion", "firmwareReleasedDate") if (text := info.text_of(name)))
    said = (
        ("isapi.model", info.text_of("model")),
        ("isapi.name", info.text_of("deviceName")),
        ("isapi.serial", info.text_of("serialNumber")),
        ("isapi.mac", canonical_mac(info.text_of("macAddress") or "")),
        ("isapi.firmware", firmware or None),
        ("isapi.manufacturer", info.text_of("manufacturer")),
        ("isapi.oemcode", info.text_of("OEMCode")),
        ("isapi.devicetype", info.text_of("deviceType")),
    )
    if not any(text for _, text in said[:4]):
        raise DecodeError("isapi", 0, "no device in it")
    return said


DECODERS: dict[str, Decoder] = {"isapi.deviceinfo": decode_device_info}
