"""CycloneDX 1.6: a hardware bill of materials, a component a device with its firmware inside, and known flaws.

Format: https://cyclonedx.org/docs/1.6/json/ (ECMA-424); serial number and the like by the `cdx:device` taxonomy
(https://github.com/CycloneDX/cyclonedx-property-taxonomy). docs/inventory/cyclonedx.md has the table.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from netcam import __version__
from netcam.model.report import AdvisoryRecord, Report
from netcam.report.to_json import encode_plain

from .base import Export
from .facts import ADDRESS_LIMIT, ALL, SITE, Facts, device_facts, joined, kind, short, texts

# What a reader of the analysis may conclude; "affected" means that the published range takes in model and firmware.
STATES: Mapping[str, str] = {"affected": "exploitable", "not-affected": "not_affected", "unknown": "in_triage"}
VERSION_STATES: Mapping[str, str] = {"affected": "affected", "not-affected": "unaffected", "unknown": "unknown"}
OWN = (
    "id", "site", "type", "maker_confidence", "brand", "brand_confidence", "confidence", "mac_source", "verdict",
    "lists", "statement", "capabilities", "first_seen", "last_seen", "first_report", "last_report",
)  # fmt: skip


class CycloneDx:
    """The form. `sites`: site in the report -> name of the place, the same name where it isn't told."""

    name: ClassVar[str] = "cyclonedx"
    suffix: ClassVar[str] = ".cdx.json"

    def __init__(self, *, all: bool = False, sites: Mapping[str, str] | None = None) -> None:
        self.all, self.sites = all, dict(sites or {})

    def dump(self, reports: Sequence[Report]) -> bytes:
        """The bill as UTF-8 JSON; the same reports always give the same bytes and serial number."""
        found = device_facts(reports, all=self.all)
        scans = "\0".join(sorted({r.scan.id for r in reports}))
        ended = max((r.scan.ended_at for r in reports if _instant(r.scan.ended_at)), default="")
        tool = {"type": "application", "name": "netcam", "version": __version__}
        bill: dict[str, Any] = {
            "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'netcam:cyclonedx:{self.all}:{scans}')}",
            "version": 1,
            "metadata": {
                **({"timestamp": ended} if ended else {}),
                "lifecycles": [{"phase": "discovery"}],
                "tools": {"components": [tool]},
            },
            "components": [self._component(facts) for facts in found],
        }
        if flaws := _vulnerabilities(found):
            bill["vulnerabilities"] = flaws
        return encode_plain(bill) + b"\n"

    def _component(self, facts: Facts) -> dict[str, Any]:
        d, known = facts.device, dict(texts(facts, 1000))
        known["site"] = short(self.sites.get(facts.site or "", facts.site), 255)
        part: dict[str, Any] = {
            "bom-ref": reference(facts),
            "type": "device",
            "name": known["model"] or kind(d),
            "description": kind(d),
        }
        if d.manufacturer:
            part["manufacturer"] = {"name": known["maker"]}
        properties = [("cdx:device:serialNumber", short(d.serial, 255)), ("cdx:device:macAddress", known["mac"])]
        properties += [(f"netcam:{key.replace('_', '-')}", known[key]) for key in OWN]
        properties += [("netcam:address", short(address, 64)) for address in d.addresses[:ADDRESS_LIMIT]]
        part["properties"] = [{"name": key, "value": value} for key, value in properties if value]
        if d.firmware:
            firmware: dict[str, Any] = {
                "bom-ref": f"{reference(facts)}#firmware",
                "type": "firmware",
                "name": f"{known['model'] or kind(d)} firmware",
                "version": known["firmware"],
            }
            if d.firmware_date:
                date = {"name": "netcam:firmware-date", "value": known["firmware_date"]}
                firmware["properties"] = [date]
            part["components"] = [firmware]
        return part


def reference(facts: Facts) -> str:
    """A name for the device within the bill, the same in every bill."""
    return f"netcam:{short(facts.key, 100)}"


def _vulnerabilities(found: Sequence[Facts]) -> list[dict[str, Any]]:
    """One entry a flaw and status, since the analysis of an entry speaks for all it affects."""
    groups: dict[tuple[str, str], list[tuple[Facts, AdvisoryRecord]]] = {}
    for facts in found:
        for advisory in facts.device.advisories:
            if advisory.id and advisory.status in STATES:
                groups.setdefault((advisory.id, advisory.status), []).append((facts, advisory))
    return [_vulnerability(status, told) for (_, status), told in sorted(groups.items())]


def _vulnerability(status: str, told: Sequence[tuple[Facts, AdvisoryRecord]]) -> dict[str, Any]:
    advisory = told[0][1]
    id = short(advisory.id, 100)
    entry: dict[str, Any] = {"bom-ref": f"netcam:{id}#{status}", "id": id}
    if url := link(advisory.url):
        entry["source"] = {"url": url}
    if advisory.title:
        entry["description"] = short(advisory.title, 1000)
    if advisory.fixed:
        entry["recommendation"] = short(advisory.fixed, 1000)
    entry["analysis"] = {"state": STATES[status], "detail": joined((a.why for _, a in told), 1000)}
    entry["affects"] = []
    for facts, _ in told:
        firmware = short(facts.device.firmware, 1000)
        affected: dict[str, Any] = {"ref": reference(facts) + ("#firmware" if firmware else "")}
        if firmware:
            affected["versions"] = [{"version": firmware, "status": VERSION_STATES[status]}]
        entry["affects"].append(affected)
    if any(a.known_exploited for _, a in told):
        entry["properties"] = [{"name": "netcam:known-exploited", "value": "true"}]
    return entry


def link(url: str) -> str:
    """A web address that may stand in a document; "" where it is none."""
    return url if re.fullmatch(r"https?://[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]{1,1000}", url) else ""


def _instant(text: str) -> bool:
    return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text) is not None


EXPORT = Export(
    name="cyclonedx",
    title="CycloneDX 1.6: a hardware bill of materials with firmware and known flaws",
    make=lambda settings: CycloneDx(all=settings.flag("all"), sites=settings.pairs("site")),
    options=(ALL, SITE),
)
