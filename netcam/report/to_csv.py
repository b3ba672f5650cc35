"""The devices as CSV for spreadsheets: one row a device, no cell that runs as a formula."""

from __future__ import annotations

import csv
import io

from netcam.model.report import Report
from netcam.safetext import cell

from .columns import header, rows


def dump(report: Report) -> bytes:
    """UTF-8 CSV (RFC 4180), listed devices first; the columns are those of `columns.header`."""
    out = io.StringIO(newline="")
    lines = csv.writer(out)  # its default line end is RFC 4180's
    lines.writerow(map(cell, header(report)))
    lines.writerows([_text(value) for value in row] for row in rows(report))
    return out.getvalue().encode("utf-8", "replace")


def _text(value: object) -> str:
    """Numbers as they are; everything else may come from a device, or from a report that somebody else wrote."""
    if value is None:
        return ""
    return f"{value:.2f}" if isinstance(value, float) else cell(str(value))
