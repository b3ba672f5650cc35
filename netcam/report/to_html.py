"""The report as one HTML file that needs nothing else: no request leaves it, and it can be read without script."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from netcam.model.report import DeviceRecord, EvidenceRecord, ObservationRecord, Outcome, Report
from netcam.model.runs import RunStatus
from netcam.safetext import visible

from .explain import QUESTIONS, behind_of, firmware_of, kind_of, percent, where
from .summary import (
    BASES,
    EFFECTS,
    OUTCOMES,
    address_key,
    findings,
    flaws,
    in_order,
    in_view,
    makers,
    overall,
    summarize,
)

TEXT_LIMIT = 200  # characters shown of one text; the JSON report has it whole
SENTENCE_LIMIT = 600
CELL_LIMIT = 60  # characters in a cell of the big table
BARS = 12  # makers with a bar of their own
_NOTE_LIMIT = 30  # notes of probes that failed or were left out; every address could have one

_WEB = re.compile(r"https?://[!-~]{1,2000}")
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(?::\d{2}(?:\.\d+)?)?Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One device as the table shows it; `n` names its place in the page, `by_address` its place among addresses."""

    n: int
    by_address: int
    device: DeviceRecord
    outcome: Outcome | None
    evidence: tuple[tuple[EvidenceRecord, ObservationRecord | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bar:
    """One maker's bar: (outcome word, start in percent, width in percent, count) for each part of it."""

    name: str
    count: int
    parts: tuple[tuple[str, float, float, int], ...]


def dump(report: Report) -> bytes:
    """The page as UTF-8.

    Every text that reaches the page passes `visible` and autoescape (see `_shown`), links lead to http and https only,
    and the content security policy forbids every request, form and script but the one script in the file.
    """
    style, script = _part("report.css"), _part("report.js")
    env = Environment(autoescape=True, finalize=_shown, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    env.filters.update(
        sentence=_sentence, short=_short, percent=percent, web=_web, when=_when, kind=kind_of, where=where,
        firmware=firmware_of, behind=lambda b: _short(behind_of(b)),
    )
    page = env.from_string(_part("report.html.j2")).render(
        report=report, scan=report.scan, summary=summarize(report), rows=_rows(report), bars=_bars(report),
        probes=_probes(report), flaws=flaws(report), findings=findings, in_view=in_view,
        style=Markup(style), script=Markup(script),  # noqa: S704
        style_hash=_source_hash(style), script_hash=_source_hash(script),
        outcomes=OUTCOMES, bases=BASES, effects=EFFECTS, questions=QUESTIONS,
        numbers={d.id: n for n, d in enumerate(in_order(report))},
    )  # fmt: skip
    return page.encode("utf-8", "replace")


def _part(name: str) -> str:
    return (files(__package__) / "templates" / name).read_text("utf-8")


def _source_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _shown(value: Any) -> Any:
    """What `{{ }}` puts on the page: every text made visible before autoescape sees it; None is nothing."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return "" if value is None else value
    return visible(value, TEXT_LIMIT)


def _sentence(text: str) -> Markup:
    """A verdict's statement, which is a list's words and ours: longer than a device may talk, escaped all the same."""
    return escape(visible(text, SENTENCE_LIMIT))


def _short(text: str | None) -> str:
    return visible(text or "", CELL_LIMIT)


def _web(url: str) -> Markup:
    """`url`, escaped and whole, if it is a web address, else an empty text: no script may hide behind a link."""
    return escape(url) if _WEB.fullmatch(url) else Markup()


def _when(time: str) -> str:
    """An ISO time in UTC as "2026-01-15 10:00 UTC"; any other text as it is."""
    return f"{at[1]} {at[2]} UTC" if (at := _TIME.fullmatch(time)) else time


def _rows(report: Report) -> list[_Row]:
    observations = {o.id: o for o in report.observations}
    devices = in_order(report)
    place = {i: n for n, i in enumerate(sorted(range(len(devices)), key=lambda i: address_key(devices[i].ip)))}
    return [
        _Row(
            n=n,
            by_address=place[n],
            device=device,
            outcome=overall(device),
            evidence=tuple((e, observations.get(e.observation)) for e in device.evidence),
        )
        for n, device in enumerate(devices)
    ]


def _bars(report: Report) -> list[_Bar]:
    """The makers with most devices, all the others as one bar, and the devices whose maker nobody could tell."""
    found = [(name, counts) for name, counts in makers(report) if name]
    unknown = [counts for name, counts in makers(report) if not name]
    shown = [(name, Counter(counts)) for name, counts in found[:BARS]]
    if rest := found[BARS:]:
        merged: Counter[Outcome | None] = Counter()
        for _, counts in rest:
            merged.update(counts)
        shown.append((f"{len(rest)} other makers", merged))
    shown += [("Maker undetermined", Counter(counts)) for counts in unknown]
    longest = max((counts.total() for _, counts in shown), default=1)
    return [_bar(name, counts, longest) for name, counts in shown]


def _bar(name: str, counts: Mapping[Outcome | None, int], longest: int) -> _Bar:
    parts, start = [], 0
    for outcome in (*OUTCOMES, None):
        if count := counts.get(outcome, 0):
            parts.append((outcome or "none", round(100 * start / longest, 2), round(100 * count / longest, 2), count))
            start += count
    return _Bar(name=name, count=start, parts=tuple(parts))


def _probes(report: Report) -> dict[str, Any]:
    """How asking went: counts of each status for each probe, and the notes of what was left out or failed."""
    counts: dict[str, Counter[RunStatus]] = {}
    notes: Counter[tuple[str, RunStatus, str]] = Counter()
    for run in report.runs:
        counts.setdefault(run.probe, Counter())[run.status] += 1
        if run.status in (RunStatus.SKIPPED, RunStatus.FAILED) and run.detail:
            notes[run.probe, run.status, run.detail] += 1
    some = sorted(notes.items())[:_NOTE_LIMIT]
    return {"counts": sorted(counts.items()), "notes": some, "statuses": tuple(RunStatus)}
