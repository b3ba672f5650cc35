"""GLPI inventory files: a ZIP archive with one JSON document a device, as GLPI takes them in from files.

The fields are those of the published inventory format
(https://github.com/glpi-project/inventory_format, inventory.schema.json); docs/inventory/glpi.md has the table.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any, ClassVar

from netcam import __version__
from netcam.model.report import Report
from netcam.report.to_json import encode_plain

from .base import Export
from .facts import ADDRESS_LIMIT, ALL, SITE, Facts, device_facts, digest, name, short, slug, texts

EPOCH = (1980, 1, 1, 0, 0, 0)  # the first that ZIP knows: the same report gives the same bytes
ETHERNET = 6  # ifType ethernetCsmacd: what has a MAC in a report was met on a LAN


class GlpiInventory:
    """The form. `sites`: site in the report -> location in GLPI, the same name where it isn't told."""

    name: ClassVar[str] = "glpi"
    suffix: ClassVar[str] = ".zip"

    def __init__(self, *, all: bool = False, sites: Mapping[str, str] | None = None) -> None:
        self.all, self.sites = all, dict(sites or {})

    def dump(self, reports: Sequence[Report]) -> bytes:
        """The archive: `netcam-<device>.json` for each device."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for facts in device_facts(reports, all=self.all):
                entry = zipfile.ZipInfo(f"{agent(facts)}.json", EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, encode_plain(self.document(facts)))
        return out.getvalue()

    def document(self, facts: Facts) -> dict[str, Any]:
        """One device in the inventory format; what is unknown is left out, as the format wants it."""
        d, known = facts.device, texts(facts, 255)
        site = self.sites.get(facts.site or "", facts.site)
        ips = _addresses(d.addresses)
        hit = [known[key] for key in ("verdict", "lists", "advisories") if known[key]]
        device = {
            "type": "Video" if d.is_cctv else "Unmanaged",
            "name": name(facts, 255),
            "manufacturer": known["maker"],
            "model": known["model"],
            "serial": short(d.serial, 255),
            "firmware": known["firmware"],
            "mac": known["mac"],
            "ips": ips,
            "location": short(site, 255),
            "description": short(" | ".join(hit), 255),
        }
        content: dict[str, Any] = {
            "versionclient": f"netcam_v{__version__}",
            "network_device": _known(device),
        }
        if d.mac or ips:
            port = {"ifnumber": 1, "ifname": "LAN", "iftype": ETHERNET, "mac": known["mac"], "ips": ips}
            content["network_ports"] = [_known(port)]
        if d.firmware:
            content["firmwares"] = [
                _known(
                    {
                        "name": known["model"] or "firmware",
                        "type": "device",
                        "version": known["firmware"],
                        "date": d.firmware_date if re.fullmatch(r"\d{4}-\d\d-\d\d", d.firmware_date or "") else "",
                        "manufacturer": known["maker"],
                    }
                )
            ]
        whole = {
            "action": "netinventory",
            "itemtype": "NetworkEquipment" if d.is_cctv else "Unmanaged",
            "deviceid": agent(facts),
            "tag": short(facts.site, 255),
            "content": content,
        }
        return _known(whole)


def agent(facts: Facts) -> str:
    """The name that GLPI knows the source of an inventory by; it is the same for every scan of the device."""
    key = slug(facts.key, 60)
    return f"netcam-{key}" if key == facts.key else f"netcam-{key}-{digest(facts.key)}"


def _known(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value not in ("", None, [])}


def _addresses(texts: Sequence[str]) -> list[str]:
    """Addresses as GLPI takes them: no scope, nothing that isn't one."""
    found: dict[str, None] = {}
    for text in texts[:ADDRESS_LIMIT]:
        try:
            found[str(ip_address(text.partition("%")[0]))] = None
        except ValueError:
            continue
    return list(found)


EXPORT = Export(
    name="glpi",
    title="GLPI: inventory files, one JSON a device in a ZIP archive",
    make=lambda settings: GlpiInventory(all=settings.flag("all"), sites=settings.pairs("site")),
    options=(ALL, SITE),
)
