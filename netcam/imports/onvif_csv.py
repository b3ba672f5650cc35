"""Tables of what devices told an ONVIF client, such as ONVIF Device Manager's identification page, as CSV.

Columns go by name: IP address (or address, URI), manufacturer, model, firmware, hardware, device ID or serial number,
MAC address, name, location. A table is recognised by the word ONVIF in it, because a list that people typed has the
same columns and is no device's answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from netcam.imports.base import Format, How, Sighting, by_row, column_facts, first_of, hardware, heading, needed

_WHERE = ("ip address", "ipaddress", "ip", "address", "host", "uri", "url", "xaddr", "xaddrs")
_KINDS = {
    "onvif.manufacturer": ("manufacturer", "vendor"),
    "onvif.model": ("model",),
    "onvif.firmware": ("firmware", "firmware version", "firmwareversion"),
    "onvif.serial": ("device id", "serial number", "serialnumber", "serial"),
    "onvif.hardwareid": ("hardware", "hardware id", "hardwareid"),
    "onvif.name": ("name",),
    "onvif.location": ("location",),
}


def _looks(head: str) -> bool:
    return bool(re.search("onvif", head, re.IGNORECASE)) and heading(head, "manufacturer", "model")


def _row(row: Mapping[str, str]) -> Iterable[Sighting]:
    where = first_of(row, _WHERE)
    try:
        host = urlsplit(where.split()[0]).hostname if "://" in where else where
    except ValueError:
        host = None
    ip = needed(host, "the address")
    facts = column_facts(row, _KINDS)
    if mac := hardware(row.get("mac address") or row.get("mac")):
        facts.append(("onvif.mac", mac))
    return (Sighting(How.ASKED, ip, facts=tuple(facts)),) if facts else ()


FORMAT = Format(
    name="onvif-csv", title="table of an ONVIF client", looks=_looks, read=by_row(("manufacturer", "model"), _row)
)
