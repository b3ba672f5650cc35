"""ServiceNow: a CSV for an import set, one row a device, coalescing on `correlation_id`.

Columns of the base class Configuration Item [cmdb_ci] by their own names; the rest are `u_netcam_*`, which a transform
map or the Identification and Reconciliation Engine takes where the fields exist. docs/inventory/servicenow.md has the
table.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from netcam.model.report import Report
from netcam.safetext import cell

from .base import Export
from .facts import ALL, SITE, Facts, device_facts, name, short, texts

CLASSES: Mapping[str, str] = {"camera": "cmdb_ci_ip_camera", "doorbell": "cmdb_ci_ip_camera"}
OTHER_CLASS = "cmdb_ci_hardware"
BASE = (
    "correlation_id", "correlation_display", "sys_class_name", "name", "serial_number", "mac_address", "ip_address",
    "fqdn", "manufacturer", "model_id", "model_number", "location", "short_description", "discovery_source",
    "first_discovered", "last_discovered",
)  # fmt: skip
OWN = (
    "type", "maker", "maker_confidence", "brand", "brand_confidence", "firmware", "firmware_date", "mac_source",
    "confidence", "verdict", "lists", "statement", "advisories", "capabilities", "first_report", "last_report",
)  # fmt: skip
COLUMNS = (*BASE, *(f"u_netcam_{key}" for key in OWN))


class ServiceNowCsv:
    """The form. `sites`: site in the report -> location in ServiceNow, the same name where it isn't told."""

    name: ClassVar[str] = "servicenow"
    suffix: ClassVar[str] = ".csv"

    def __init__(self, *, all: bool = False, sites: Mapping[str, str] | None = None) -> None:
        self.all, self.sites = all, dict(sites or {})

    def dump(self, reports: Sequence[Report]) -> bytes:
        """UTF-8 CSV (RFC 4180): COLUMNS, then one row a device. Unknown is an empty cell."""
        out = io.StringIO(newline="")
        rows = csv.writer(out)
        rows.writerow(COLUMNS)
        for facts in device_facts(reports, all=self.all):
            # A cell that says NULL would clear the field there.
            rows.writerow([cell(text, 1000) if text != "NULL" else "'NULL" for text in self._row(facts)])
        return out.getvalue().encode("utf-8", "replace")

    def _row(self, facts: Facts) -> tuple[str, ...]:
        d, known = facts.device, texts(facts, 255)
        site = self.sites.get(facts.site or "", facts.site)
        return (
            short(facts.key, 100),
            "netcam",
            CLASSES.get(d.device_type or "", OTHER_CLASS),
            name(facts, 255),
            short(d.serial, 255),
            short(d.mac, 18),
            short(d.ip, 255),
            short(next((h for h in d.hostnames if "." in h), None), 255),
            known["maker"],
            known["model"],
            known["model"],
            short(site, 255),
            texts(facts, 1000)["statement"],
            "netcam",
            stamp(facts.first_seen),
            stamp(facts.last_seen),
            *(known[key] for key in OWN),
        )


def stamp(instant: str) -> str:
    """A report's instant as `yyyy-MM-dd HH:mm:ss` in UTC; "" where it isn't one."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z", instant)
    return f"{found[1]} {found[2]}" if found else ""


EXPORT = Export(
    name="servicenow",
    title="ServiceNow: CSV for an import set of configuration items",
    make=lambda settings: ServiceNowCsv(all=settings.flag("all"), sites=settings.pairs("site")),
    options=(ALL, SITE),
)
