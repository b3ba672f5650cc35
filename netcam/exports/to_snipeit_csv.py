"""Snipe-IT's CSV import of assets, for those who give no program a key: one row a device, by asset tag.

Columns are those of the importer (https://snipe-it.readme.io/docs/importing); docs/inventory/snipeit.md has the table.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import ClassVar

from netcam.model.report import Report
from netcam.safetext import cell

from .base import Export
from .facts import ALL, SITE, Facts, device_facts, kind, model_name, name, short, texts

BASE = (
    "Asset Tag", "Item Name", "Serial Number", "Model Name", "Model Number", "Manufacturer", "Category", "Location",
)  # fmt: skip
OWN = (
    "id", "type", "maker", "maker_confidence", "brand", "brand_confidence", "firmware", "firmware_date", "ip", "mac",
    "mac_source", "confidence", "verdict", "lists", "statement", "advisories", "capabilities", "first_seen",
    "last_seen", "first_report", "last_report",
)  # fmt: skip


def custom_field(key: str) -> str:
    """How a custom field of netcam is called in Snipe-IT."""
    return f"netcam {key.replace('_', ' ')}"


COLUMNS = (*BASE, *map(custom_field, OWN))


class SnipeItCsv:
    """The form. `sites`: site in the report -> location in Snipe-IT, the same name where it isn't told."""

    name: ClassVar[str] = "snipeit-csv"
    suffix: ClassVar[str] = ".csv"

    def __init__(self, *, all: bool = False, sites: Mapping[str, str] | None = None) -> None:
        self.all, self.sites = all, dict(sites or {})

    def dump(self, reports: Sequence[Report]) -> bytes:
        """UTF-8 CSV (RFC 4180): COLUMNS, then one row a device. Unknown is an empty cell.

        There is no status: a new asset gets the first label, and one that is there keeps its own.
        """
        out = io.StringIO(newline="")
        rows = csv.writer(out)
        rows.writerow(COLUMNS)
        for facts in device_facts(reports, all=self.all):
            rows.writerow([cell(text, 255) for text in self._row(facts)])
        return out.getvalue().encode("utf-8", "replace")

    def _row(self, facts: Facts) -> tuple[str, ...]:
        known = texts(facts, 255)
        return (
            known["id"],
            name(facts, 191),
            short(facts.device.serial, 255),
            model_name(facts.device, 255),
            known["model"],
            known["maker"],
            kind(facts.device),
            short(self.sites.get(facts.site or "", facts.site), 255),
            *(known[key] for key in OWN),
        )


EXPORT = Export(
    name="snipeit-csv",
    title="Snipe-IT: CSV for its import of assets",
    make=lambda settings: SnipeItCsv(all=settings.flag("all"), sites=settings.pairs("site")),
    options=(ALL, SITE),
)
