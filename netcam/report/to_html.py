"""The report as one HTML file that needs nothing else: no request leaves it, and it can be read without script."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from netcam.model.report import DeviceRecord, EvidenceRecord, ObservationRecord, Outcome, Report, VerdictRecord
from netcam.model.runs import RunStatus
from netcam.page import on_page, source_hash, template
from netcam.safetext import visible

from .changes import Alike, alike, lists_between
from .explain import QUESTIONS, behind_of, firmware_of, kind_of, percent, where
from .summary import (
    BASES,
    EFFECTS,
    OUTCOMES,
    Finding,
    address_key,
    capabilities,
    dues,
    findings,
    firmware_ages,
    flaws,
    in_order,
    in_view,
    makers,
    overall,
    summarize,
    when,
)

SENTENCE_LIMIT = 600
CELL_LIMIT = 60  # characters in a cell of the big table
BARS = 12  # makers with a bar of their own
STEP = 500  # rows of the big table shown at once
CHIPS = 12  # devices named at once; the others when somebody asks for them
_CHANGED_LIMIT = 100  # kinds of change; the JSON report has them all
_NOTE_LIMIT = 30  # notes of probes that failed or were left out; every address could have one

_WEB = re.compile(r"https?://[!-~]{1,2000}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One device as the table shows it; `n` names its place in the page, `by_address` its place among addresses."""

    n: int
    by_address: int
    device: DeviceRecord
    outcome: Outcome | None
    group: int  # among the findings, from 1; 0: in none
    verdicts: tuple[tuple[Outcome, tuple[VerdictRecord, ...], tuple[str, ...]], ...]  # the last: evidence ids
    evidence: tuple[tuple[EvidenceRecord, ObservationRecord | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """What judging again changed: number of devices, changes that are shown, and how many more there are."""

    devices: int
    alike: tuple[Alike, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bar:
    """One maker's bar: (outcome word, start in percent, width in percent, count) for each part of it."""

    name: str
    count: int
    parts: tuple[tuple[str, float, float, int], ...]


def dump(report: Report) -> bytes:
    """The page as UTF-8.

    Every text that reaches the page passes `visible` and autoescape (see `on_page`), links lead to http and https only,
    and the content security policy forbids every request, form and script but the one script in the file.
    """
    style, script = template(__package__, "report.css"), template(__package__, "report.js")
    env = Environment(
        autoescape=True, finalize=on_page, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    env.filters.update(
        sentence=_sentence, short=_short, percent=percent, web=_web, when=when, kind=kind_of, where=where, age=_age,
        firmware=firmware_of, behind=lambda b: _short(behind_of(b)), capital=lambda text: text[:1].upper() + text[1:],
    )
    found, told, ages, able = findings(report), flaws(report), firmware_ages(report), capabilities(report)
    summary, wanted, judged = summarize(report), dues(report), _judged(report)
    made = _bars([(name or "Maker undetermined", counts) for name, counts in _makers(report)])
    page = env.from_string(template(__package__, "report.html.j2")).render(
        report=report, scan=report.scan, summary=summary, rows=_rows(report, found), findings=found, flaws=told,
        dues=wanted, judged=judged, lists_told=_lists_told(report), made=made, capabilities=able, ages=ages,
        aged=_bars(ages.groups), probes=_probes(report), in_view=in_view, chips_limit=CHIPS, step=STEP,
        kinds={o.id: o.kind for o in report.observations},
        style=Markup(style), script=Markup(script),  # noqa: S704
        style_hash=source_hash(style), script_hash=source_hash(script),
        outcomes=OUTCOMES, bases=BASES, effects=EFFECTS, questions=QUESTIONS,
        numbers={d.id: n for n, d in enumerate(in_order(report))},
        contents=[
            (id, words) for id, words, there in (
                ("judged", "Judged again", judged), ("listed", "Listed devices", True), ("due", "Due", wanted),
                ("lists", "Lists", summary.lists), ("flaws", "Published flaws", told), ("makers", "Makers", made),
                ("capabilities", "Capabilities", True), ("firmware", "Firmware age", True),
                ("coverage", "Coverage", True), ("devices", "All devices", True), ("about", "About", True),
            ) if there
        ],
    )  # fmt: skip
    return page.encode("utf-8", "replace")


def _sentence(text: str) -> Markup:
    """A verdict's statement, which is a list's words and ours: longer than a device may talk, escaped all the same."""
    return escape(visible(text, SENTENCE_LIMIT))


def _short(text: str | None) -> str:
    return visible(text or "", CELL_LIMIT)


def _web(url: str) -> Markup:
    """`url`, escaped and whole, if it is a web address, else an empty text: no script may hide behind a link."""
    return escape(url) if _WEB.fullmatch(url) else Markup()


def _age(days: int) -> str:
    return f"{days:,} days" if days < 730 else f"{days / 365.25:.1f} years"


def _rows(report: Report, found: tuple[Finding, ...]) -> list[_Row]:
    observations = {o.id: o for o in report.observations}
    devices = in_order(report)
    place = {i: n for n, i in enumerate(sorted(range(len(devices)), key=lambda i: address_key(devices[i].ip)))}
    group = {d.id: n for n, finding in enumerate(found, 1) for d in finding.devices}
    return [
        _Row(
            n=n,
            by_address=place[n],
            device=device,
            outcome=overall(device),
            group=group.get(device.id, 0),
            verdicts=tuple(_by_outcome(device)),
            evidence=tuple((e, observations.get(e.observation)) for e in device.evidence),
        )
        for n, device in enumerate(devices)
    ]


def _by_outcome(device: DeviceRecord) -> Iterator[tuple[Outcome, tuple[VerdictRecord, ...], tuple[str, ...]]]:
    """The lists that say the same of a device, and the evidence that any of them rests on; the loudest first."""
    for outcome in OUTCOMES:
        if alike := tuple(v for v in device.verdicts if v.outcome is outcome):
            yield outcome, alike, tuple(dict.fromkeys(id for v in alike for id in v.because))


def _judged(report: Report) -> _Judged | None:
    if report.changes is None:
        return None
    groups = alike(report.changes)
    return _Judged(
        devices=len({c.device for c in report.changes.changed}),
        alike=groups[:_CHANGED_LIMIT],
        more=max(len(groups) - _CHANGED_LIMIT, 0),
    )


def _lists_told(report: Report) -> str:
    """Which lists came and went since the report that was judged again."""
    if report.changes is None:
        return ""
    came, gone = lists_between(report.changes.before, report.scan.versions)
    told = (("Held against now", came), ("No longer held against", gone))
    return " ".join(f"{words}: {', '.join(visible(id, CELL_LIMIT) for id in ids)}." for words, ids in told if ids)


def _makers(report: Report) -> list[tuple[str, Mapping[Outcome | None, int]]]:
    """The makers with most devices, all the others as one, and last the devices whose maker nobody could tell: ""."""
    found = [(name, counts) for name, counts in makers(report) if name]
    unknown = [(name, counts) for name, counts in makers(report) if not name]
    shown = found[:BARS]
    if rest := found[BARS:]:
        merged: Counter[Outcome | None] = Counter()
        for _, counts in rest:
            merged.update(counts)
        shown.append((f"{len(rest)} other makers", merged))
    return shown + unknown


def _bars(groups: Sequence[tuple[str, Mapping[Outcome | None, int]]]) -> list[_Bar]:
    longest = max((sum(counts.values()) for _, counts in groups), default=0)
    return [_bar(name, counts, max(longest, 1)) for name, counts in groups]


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
