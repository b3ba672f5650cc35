"""UPnP device descriptions (UPnP Device Architecture 1.1, section 2.3)."""

from __future__ import annotations

import re

from netcam.errors import DecodeError
from netcam.wire.xml import read_xml

_KINDS = {
    "manufacturer": "upnp.manufacturer",
    "manufacturerurl": "upnp.manufacturerurl",
    "modelname": "upnp.modelname",
    "modelnumber": "upnp.modelnumber",
    "modeldescription": "upnp.modeldescription",
    "friendlyname": "upnp.friendlyname",
    "serialnumber": "upnp.serial",
    "udn": "upnp.uuid",
    "devicetype": "upnp.devicetype",
    "firmwareversion": "upnp.firmware",  # not in the standard; Belkin's devices say it
}
EMITS = frozenset((*_KINDS.values(), "upnp.embedded"))
EMBEDDED_LIMIT = 64

_UUID = re.compile(r"uuid:", re.IGNORECASE)


def decode_description(document: bytes) -> tuple[tuple[str, str], ...]:
    """
    The (kind, text) pairs of the root device; of the devices embedded in it only their names.

    Raises:
        DecodeError: no XML, or no device with a name, maker or model in it.
    """
    root = read_xml(document, protocol="upnp")
    device = root.first("device") or root
    said: dict[str, str] = {}
    for node in device.children:
        kind = _KINDS.get(node.name.lower())
        if kind and (text := " ".join(node.text.split())):
            said.setdefault(kind, _UUID.sub("", text, count=1).lower() if kind == "upnp.uuid" else text)
    if not said:
        raise DecodeError("upnp", 0, f"no device in <{root.name[:40]}>")
    names = [
        ("upnp.embedded", name)
        for inner in device.all("device")
        if inner is not device
        and (found := inner.first("friendlyName")) is not None and (name := " ".join(found.text.split()))
    ]
    return (*said.items(), *dict.fromkeys(names[:EMBEDDED_LIMIT]))
