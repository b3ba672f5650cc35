"""The report as a Markdown summary for tickets and wikis: what is listed, why, and what could not be seen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from netcam.model.report import DeviceRecord, Outcome, Report, VerdictRecord
from netcam.model.runs import CoverageStatus
from netcam.safetext import visible

from .changes import alike, lists_between
from .explain import kind_of
from .summary import EFFECTS, OUTCOMES, Finding, capabilities, dues, findings, firmware_ages, flaws, summarize, when

SIZE_LIMIT = 60_000  # characters: what ticket systems take in one text (GitHub: 65,536)
_DEVICES = 20  # devices named in one table
_NAMED = 8  # devices named in one line
_SOME = 12  # lines of anything else
_LISTS = 60

# What Markdown gives a meaning inside a line, in any of its dialects.
_MARKS = re.compile(r"([\\`*_{}\[\]|~^$!])")
# What ticket systems make links of after Markdown is done, so that no backslash helps: mentions, numbers of issues and
# the like, bare web addresses, short names of pictures. A space of no width takes them apart.
_LINKED = re.compile(r"(@|&amp;(?=\w)|[#!$%~](?=[\w\"])|:(?=//)|:(?=[\w+-]+:)|(?i:\bwww)(?=\.))")
_APART = "&#8203;"
_WEB = re.compile(r"https?://[!-~]{1,2000}")


def dump(report: Report) -> bytes:
    """The summary as UTF-8, at most about SIZE_LIMIT characters: groups of devices that have no room are counted."""
    head, tail = list(_head(report)), list(_tail(report))
    room = SIZE_LIMIT - sum(len(block) + 1 for block in (*head, *tail))
    found = findings(report)
    shown: list[str] = []
    for finding in found:
        block = _finding(finding)
        room -= len(block) + 1
        if room < 0:
            left = found[len(shown) :]
            devices = sum(len(f.devices) for f in left)
            shown.append(f"{len(left):,} more groups, {devices:,} devices in all, are in the report itself.\n")
            break
        shown.append(block)
    return "\n".join((*head, *shown, *tail)).encode("utf-8", "replace")


def text(value: str | None, limit: int = 200) -> str:
    """`value` as plain words within a line: nothing in it is markup, HTML, a link, a mention or a picture."""
    shown = visible(value or "", limit)
    # Taken apart first, since the space's own `#` must stay.
    shown = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _LINKED.sub(lambda m: m[0] + "\0", _MARKS.sub(r"\\\1", shown)).replace("\0", _APART)


def code(value: str | None, limit: int = 60) -> str:
    """`value` as code, for what people copy: addresses, models, versions. Empty stays empty."""
    shown = visible(value or "", limit).strip()
    if not shown:
        return ""
    if any(c in shown for c in "`|\\<"):
        return text(shown, limit)  # tables read | and \\ even inside code, each dialect in its own way
    return f"`{shown}`"


def link(title: str, url: str) -> str:
    """A link to a web address; to any other there is none, only its title."""
    if not _WEB.fullmatch(url):
        return text(title)
    return f"[{text(title)}]({quote(url, safe=':/?#&=%+,;@~.-')})"


def _head(report: Report) -> Iterator[str]:
    scan, s = report.scan, summarize(report)
    named = f": {text(scan.site, 60)}" if scan.site else ""
    yield f"# CCTV devices{named}\n"
    scope = ", ".join(code(t) for t in scan.scope.targets[:6]) or "no target"
    more = f" and {len(scan.scope.targets) - 6} more" if len(scan.scope.targets) > 6 else ""
    began, ended = (text(when(time), 40) for time in (scan.started_at, scan.ended_at))
    yield f"Scan {code(scan.id)} of {scope}{more}, {began} to {ended}.\n"
    if not scan.complete:
        yield "**This scan is incomplete.** It ended before the whole scope was covered.\n"
    yield _table(("", "devices"), [
        ("found", f"{s.devices:,}"), ("CCTV", f"{s.cctv:,}"), ("undecided whether CCTV", f"{s.undecided:,}"),
        ("made by a company named on a list", f"{s.outcomes.get(Outcome.LISTED, 0):,}"),
        ("possibly made by one", f"{s.outcomes.get(Outcome.POSSIBLE, 0):,}"),
        ("undetermined on a list", f"{s.outcomes.get(Outcome.UNDETERMINED, 0):,}"),
    ])  # fmt: skip
    if report.changes is not None:
        yield from _changes(report)
    yield "## Listed devices, and why\n"
    if not s.outcomes.get(Outcome.LISTED, 0) + s.outcomes.get(Outcome.POSSIBLE, 0):
        yield "None.\n" if s.lists else "The devices were held against no list.\n"


def _tail(report: Report) -> Iterator[str]:
    s = summarize(report)
    if wanted := dues(report):
        yield "## Due by own lists\n"
        yield "".join(
            f"- {text(one.day, 40)}{' (past on the day of the scan)' if one.past else ''}: {_count(one.devices)} by "
            f"{text(one.title or one.list)} ({code(one.list)}): {_some(one.devices)}\n"
            for one in wanted[:_SOME]
        )
    if s.lists:
        yield "## Lists\n"
        yield _table(("list", *OUTCOMES, "regulates", "last checked"), [
            (
                f"{link(one.title or one.id, one.citation.url if one.citation else '')} ({code(one.id)})",
                *(f"{one.counts.get(o, 0):,}" for o in OUTCOMES),
                EFFECTS.get(one.effect) or text(one.effect, 60), text(one.last_checked, 40),
            )
            for one in s.lists[:_LISTS]
        ])  # fmt: skip
    yield from _more(report)
    yield (
        "A list names companies, not devices. What follows from it, and for whom, stands in the cited source. "
        "This is no legal advice.\n"
    )


def _finding(f: Finding) -> str:
    badge = f", badge: {text(f.brand, 60)}" if f.brand and f.brand != f.maker else ""
    lines = [f"### {text(f.maker, 80) or 'Maker undetermined'}{badge}: {f.outcome}, {_count(f.devices)}\n"]
    lines.append(_table(("address", "type", "model", "firmware", "serial", "MAC"), [
        (code(d.ip or d.id), text(kind_of(d), 40), code(d.model), code(d.firmware), code(d.serial), code(d.mac))
        for d in f.devices[:_DEVICES]
    ]))  # fmt: skip
    if len(f.devices) > _DEVICES:
        lines.append(f"and {len(f.devices) - _DEVICES:,} more.\n")
    told, rest = (f.listed, f.possible) if f.listed else (f.possible[:2], f.possible[2:])
    lines.append("".join(f"- {_says(v)}\n" for v in told))
    if rest:
        lines.append(f"Possible on more lists: {', '.join(code(v.list) for v in rest)}\n")
    return "\n".join(lines)


def _says(v: VerdictRecord) -> str:
    due = f" (due {text(v.due, 40)})" if v.due else ""
    said = text(v.statement, 600)
    section = f", {text(v.citation.section)}" if v.citation.section else ""
    source = link(v.citation.title or v.citation.url or v.list, v.citation.url)
    return f"{code(v.list)}{due}: {said}. Source: {source}{section}; last checked {text(v.last_checked, 40)}."


def _changes(report: Report) -> Iterator[str]:
    if report.changes is None:
        return
    groups = alike(report.changes)
    devices = len({c.device for c in report.changes.changed})
    lines = [f"{devices:,} {'device' if devices == 1 else 'devices'} changed.\n" if groups else "Nothing changed.\n"]
    for words, ids in zip(
        ("Held against now", "No longer held against"),
        lists_between(report.changes.before, report.scan.versions),
        strict=True,
    ):
        if ids:
            lines.append(f"{words}: {', '.join(map(code, ids))}.\n")
    for one in groups[:_SOME]:
        named = ", ".join(code(ip or id) for id, ip in one.devices[:_NAMED])
        more = f" and {len(one.devices) - _NAMED:,} more" if len(one.devices) > _NAMED else ""
        what = ", ".join(text(word, 60) for word in one.words)
        was, now = (text(answer, 60) or "no answer" for answer in (one.old, one.new))
        lines.append(f"- {named}{more}: {what} {was} → {now}, because {text(one.cause, 400)}")
    if len(groups) > _SOME:
        lines.append(f"- and {len(groups) - _SOME} more changes in the report")
    yield "## Judged again\n"
    yield "\n".join(lines) + "\n"


def _more(report: Report) -> Iterator[str]:
    """Flaws, capabilities, firmware age and coverage, where there is anything to tell."""
    if hit := [f for f in flaws(report) if f.affected]:
        yield "## Published flaws, by model and firmware as told\n"
        yield "".join(
            f"- {link(f.id, f.url)}{', known to be exploited' if f.known_exploited else ''}: "
            f"{_count(f.affected)} affected: {_some(f.affected)}\n"
            for f in hit[:_SOME]
        ) + (f"- and {len(hit) - _SOME} more\n" if len(hit) > _SOME else "")
    if able := capabilities(report):
        yield "## What the devices can do; whether it is in use was not looked at\n"
        yield "".join(f"- {text(c.name, 60)}: {_count(c.devices)}: {_some(c.devices)}\n" for c in able[:_SOME])
    ages = firmware_ages(report)
    if ages.known:
        yield "## Firmware age\n"
        rows = [(name, f"{sum(counts.values()):,}") for name, counts in ages.groups]
        yield _table(("built before the scan", "devices"), [*rows, ("not known", f"{ages.unknown:,}")])
    if missed := [c for c in report.scan.coverage if c.status is not CoverageStatus.COVERED]:
        yield "## Not covered in full\n"
        yield "".join(
            f"- {text(c.what)}: {'not covered' if c.status is CoverageStatus.NOT else 'covered in part'}"
            f"{', ' + text(c.why) if c.why else ''}\n"
            for c in missed[:_SOME]
        ) + (f"- and {len(missed) - _SOME} more\n" if len(missed) > _SOME else "")


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _count(devices: Sequence[DeviceRecord]) -> str:
    return f"{len(devices):,} {'device' if len(devices) == 1 else 'devices'}"


def _some(devices: Sequence[DeviceRecord]) -> str:
    more = f" and {len(devices) - _NAMED:,} more" if len(devices) > _NAMED else ""
    return ", ".join(code(d.ip or d.id) for d in devices[:_NAMED]) + more
