"""The devices as rows and columns, for CSV and spreadsheets; nothing is escaped yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netcam.model.report import DeviceRecord, NamedClaim, Outcome, Report

from .changes import word_of
from .summary import in_order, overall

COLUMNS = (
    "id", "site", "ip", "addresses", "mac", "mac_source", "hostnames", "is_cctv", "device_type", "confidence",
    "brand_id", "brand", "brand_confidence", "manufacturer_id", "manufacturer", "manufacturer_confidence",
    "model", "firmware", "firmware_date", "firmware_age_days", "serial", "oui_registrant", "capabilities", "services",
    "advisories", "advisories_affected", "advisories_exploited", "signatures", "conflicts", "outcome",
    "statements", "citations",
)  # fmt: skip
LAST = ("due", "changes")  # after the lists, so that the columns before keep their places


def list_ids(report: Report) -> tuple[str, ...]:
    """Every list that the devices were held against."""
    return tuple(sorted({*report.scan.versions.lists, *(v.list for d in report.devices for v in d.verdicts)}))


def header(report: Report) -> tuple[str, ...]:
    """COLUMNS, a column `list:<id>` with each list's outcome, and LAST."""
    return (*COLUMNS, *(f"list:{id}" for id in list_ids(report)), *LAST)


def rows(report: Report) -> Iterator[tuple[object, ...]]:
    """A row for each device, listed devices first. Several values in one cell are joined by "; "; unknown is None or
    an empty text."""
    lists = list_ids(report)
    changed: dict[str, list[str]] = {}
    for c in report.changes.changed if report.changes else ():
        told = f"{word_of(c)}: {c.old or '(none)'} -> {c.new or '(none)'} because {c.cause}"
        changed.setdefault(c.device, []).append(told)
    for device in in_order(report):
        outcomes = {v.list: v.outcome for v in device.verdicts}
        due = sorted((v.due, v.list) for v in device.verdicts if v.due is not None)
        yield (
            *_fields(device, report.scan.site),
            *(outcomes.get(id) for id in lists),
            _joined(f"{day} {id}" for day, id in due),
            _joined(changed.get(device.id, ())),
        )


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
