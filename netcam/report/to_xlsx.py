"""The report as an XLSX workbook: a sheet each for devices, verdicts, evidence and what else a spreadsheet can sort."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import xlsxwriter

from netcam.errors import StoreError
from netcam.model.report import DeviceRecord, Report
from netcam.safetext import cell

from . import columns
from .changes import word_of
from .explain import where
from .summary import in_order

ROWS_LIMIT = 1_048_576  # of one sheet, the header among them: Excel's own limit
# Excel takes 32,767 UTF-16 units in a cell, and a character has one or two.
TEXT_LIMIT = 16_000

# Characters; a column that is not named here gets the last one's width.
_WIDTHS = {
    "ip": 16, "mac": 18, "id": 20, "device": 20, "brand": 16, "manufacturer": 34, "model": 22, "firmware": 18,
    "title": 44, "statement": 80, "statements": 80, "why": 60, "what": 44, "value": 50, "signature": 36, "url": 40,
    "says": 44, "cause": 60, "key": 20, "": 14,
}  # fmt: skip
_ABOUT_DEVICE = ("device", "site", "ip", "brand", "manufacturer", "model")


def dump(report: Report) -> bytes:
    """The workbook. One report always gives the same bytes.

    Text is written as text: no formula, no link, no number made of it, whatever it looks like. A cell holds at most
    TEXT_LIMIT characters; rows that one sheet has no room for go on in another.

    Raises:
        StoreError: no room for the temporary files that the sheets are gathered in.
    """
    out = io.BytesIO()
    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    }  # fmt: skip
    try:
        with xlsxwriter.Workbook(out, options) as book:
            book.set_properties({"title": "netcam report", "created": _created(report)})
            for name, header, rows in _sheets(report):
                _write(book, name, header, rows)
    except (OSError, xlsxwriter.exceptions.XlsxWriterException) as error:
        raise StoreError(f"the workbook can't be put together: {error}") from error
    return out.getvalue()


def _sheets(report: Report) -> Iterator[tuple[str, Sequence[str], Iterable[Sequence[object]]]]:
    devices = in_order(report)
    site = report.scan.site
    yield "devices", columns.header(report), columns.rows(report)
    yield (
        "verdicts",
        (*_ABOUT_DEVICE, "list", "title", "outcome", "basis", "entity", "statement", "effect", "citation", "section",
         "url", "last_checked", "due", "because"),
        (
            (*_about(d, site), v.list, v.title, v.outcome, v.basis, v.entity, v.statement, v.effect, v.citation.title,
             v.citation.section, v.citation.url, v.last_checked, v.due, _joined(v.because))
            for d in devices for v in d.verdicts
        ),
    )  # fmt: skip
    seen = {o.id: o for o in report.observations}
    yield (
        "evidence",
        (*_ABOUT_DEVICE, "evidence", "signature", "strength", "says", "root", "observation", "kind", "value", "where",
         "probe", "seen_at"),
        (
            (*_about(d, site), e.id, e.signature, e.strength, _joined(f"{f}: {text}" for f, text in e.says.items()),
             e.root, e.observation, *((o.kind, o.value, where(o), o.probe, o.seen_at) if o else (None,) * 5))
            for d in devices for e in d.evidence for o in (seen.get(e.observation),)
        ),
    )  # fmt: skip
    yield (
        "advisories",
        (*_ABOUT_DEVICE, "firmware", "advisory", "title", "status", "why", "known_exploited", "kev_added", "fixed",
         "url", "last_checked", "because"),
        (
            (*_about(d, site), d.firmware, a.id, a.title, a.status, a.why, "yes" if a.known_exploited else "no",
             a.kev_added, a.fixed, a.url, a.last_checked, _joined(a.because))
            for d in devices for a in d.advisories
        ),
    )  # fmt: skip
    if report.changes is not None:
        yield (
            "changes", ("device", "ip", "what", "old", "new", "cause"),
            ((c.device, c.ip, word_of(c), c.old, c.new, c.cause) for c in report.changes.changed),
        )  # fmt: skip
    yield "coverage", ("what", "status", "why"), ((c.what, c.status, c.why) for c in report.scan.coverage)
    yield "about", ("key", "value"), _about_scan(report)


def _about(d: DeviceRecord, site: str | None) -> tuple[object, ...]:
    maker, brand = d.manufacturer, d.brand
    return d.id, site, d.ip, brand.name if brand else None, maker.name if maker else None, d.model


def _about_scan(report: Report) -> Iterator[tuple[str, object]]:
    scan = report.scan
    yield "schema", report.schema
    yield "scan", scan.id
    yield "site", scan.site
    yield "started_at", scan.started_at
    yield "ended_at", scan.ended_at
    yield "complete", "yes" if scan.complete else "no"
    yield "targets", _joined(scan.scope.targets)
    yield "excluded", _joined(scan.scope.excluded)
    yield "addresses", scan.scope.addresses
    yield "netcam", scan.versions.netcam
    yield "signatures", scan.versions.signatures
    yield "oui", scan.versions.oui
    for id, checked in sorted(scan.versions.lists.items()):
        yield f"list {id}, last checked", checked


def _write(
    book: Any, name: str, header: Sequence[str], rows: Iterable[Sequence[object]], limit: int = ROWS_LIMIT
) -> None:
    """One table on one sheet, or on `name`, `name 2`, ... where it has more rows than a sheet may."""
    number, sheet, row = 1, _sheet(book, name, header), 0
    for values in rows:
        row += 1
        if row == limit:
            sheet.autofilter(0, 0, row - 1, len(header) - 1)
            number, row = number + 1, 1
            sheet = _sheet(book, f"{name} {number}", header)
        for column, value in enumerate(values):
            if isinstance(value, int | float):
                sheet.write_number(row, column, round(value, 4))
            elif text := _text(value):
                sheet.write_string(row, column, text)
    sheet.autofilter(0, 0, row, len(header) - 1)


def _sheet(book: Any, name: str, header: Sequence[str]) -> Any:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    bold = book.add_format({"bold": True})
    for column, title in enumerate(header):
        sheet.set_column(column, column, _WIDTHS.get(title, _WIDTHS[""]))
        sheet.write_string(0, column, _text(title), bold)
    return sheet


def _text(value: object) -> str:
    return "" if value is None else cell(str(value), TEXT_LIMIT - 1)[:TEXT_LIMIT]


def _joined(texts: Iterable[str]) -> str:
    return "; ".join(texts)


def _created(report: Report) -> datetime:
    """When the scan ended, so that the same report makes the same file; a day of no meaning where nobody can tell."""
    try:
        return datetime.fromisoformat(report.scan.ended_at).replace(tzinfo=None)
    except ValueError:
        return datetime(1980, 1, 1)  # noqa: DTZ001 - the format has no time zones
