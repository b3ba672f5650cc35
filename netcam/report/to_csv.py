"""The devices as CSV for spreadsheets: one row a device, no cell that runs as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from netcam.model.report import DeviceRecord, NamedClaim, Outcome, Report
from netcam.safetext import cell

from .summary import in_order, overall

COLUMNS = (
    "id", "site", "ip", "addresses", "mac", "mac_source", "hostnames", "is_cctv", "device_type", "confidence",
    "brand_id", "brand", "brand_confidence", "manufacturer_id", "manufacturer", "manufacturer_confidence",
    "model", "firmware", "firmware_date", "firmware_age_days", "serial", "oui_registrant", "capabilities", "services",
    "advisories", "advisories_affected", "advisories_exploited", "signatures", "conflicts", "outcome",
    "statements", "citations",
)  # fmt: skip


def dump(report: Report) -> bytes:
    """UTF-8 CSV (RFC 4180), listed devices first: COLUMNS, then a column `list:<id>` with each list's outcome.

    Several values in one cell are separated by "; ". Unknown is an empty cell.
    """
    lists = sorted({*report.scan.versions.lists, *(v.list for d in report.devices for v in d.verdicts)})
    out = io.StringIO(newline="")
    rows = csv.writer(out)  # its default line end is RFC 4180's
    rows.writerow((*COLUMNS, *(cell(f"list:{id}") for id in lists)))
    for device in in_order(report):
        outcomes = {v.list: v.outcome for v in device.verdicts}
        rows.writerow([_text(v) for v in (*_fields(device, report.scan.site), *(outcomes.get(id) for id in lists))])
    return out.getvalue().encode("utf-8", "replace")


def _fields(d: DeviceRecord, site: str | None) -> tuple[object, ...]:
    named = [v for v in d.verdicts if v.outcome in (Outcome.LISTED, Outcome.POSSIBLE)]
    return (
        d.id, site, d.ip, _joined(d.addresses), d.mac, d.mac_source, _joined(d.hostnames),
        {True: "yes", False: "no", None: None}[d.is_cctv], d.device_type, d.confidence,
        *_claim(d.brand), *_claim(d.manufacturer),
        d.model, d.firmware, d.firmware_date, d.firmware_age_days, d.serial, d.oui_registrant,
        _joined(c.id for c in d.capabilities),
        _joined(f"{s.transport}/{s.port}" + (f" {s.protocol}" if s.protocol else "") for s in d.services),
        _joined(f"{a.id} {a.status}" for a in d.advisories),
        _joined(a.id for a in d.advisories if a.status == "affected"),
        _joined(f"{a.id} {a.status}" for a in d.advisories if a.known_exploited and a.status != "not-affected"),
        _joined(dict.fromkeys(e.signature for e in d.evidence)),
        _joined(f"{c.field}: {' / '.join(c.values)}" for c in d.conflicts),
        overall(d), _joined(dict.fromkeys(v.statement for v in named)),
        _joined(dict.fromkeys(" ".join(filter(None, (v.citation.section, v.citation.url))) for v in named)),
    )  # fmt: skip


def _claim(claim: NamedClaim | None) -> tuple[object, ...]:
    return (claim.id, claim.name, claim.confidence) if claim else (None, None, None)


def _joined(texts: Iterable[str]) -> str:
    return "; ".join(texts)


def _text(value: object) -> str:
    """Numbers as they are; everything else may come from a device, or from a report that somebody else wrote."""
    if value is None:
        return ""
    return f"{value:.2f}" if isinstance(value, float) else cell(str(value))
