"""A difference for people and programs: text, Markdown, CSV and JSON (`netcam.diff/1`)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from netcam.model.report import DeviceRecord, NamedClaim, Outcome
from netcam.safetext import cell, visible
from netcam.tracking.diff import WORDS, Changed, Diff, Differing, Status
from netcam.tracking.model import Visit

SCHEMA = "netcam.diff/1"
_MOST_LINES = 40  # of one section of the text; the other forms have them all
_MOST_NAMED = 4  # devices named where several changed alike

_HEADS = {
    Status.NEW: "New",
    Status.BACK: "Back again",
    Status.FIRST_LOOKED_AT: "Found where the earlier scan did not look",
    Status.GONE: "Gone",
    Status.NOT_LOOKED_AT: "Not found, and not looked for in the same way",
}
_CAUSES = {
    "device": "the device changed", "knowledge": "our knowledge changed",
    "both": "the device and our knowledge changed", "time": "time passed", "unclear": "the cause can't be told",
}  # fmt: skip
COLUMNS = (
    "status", "key", "site", "ip", "mac", "serial", "device_type", "brand", "manufacturer", "model", "firmware",
    "field", "list", "old", "new", "direction", "cause", "why", "newly_listed", "instead_of",
)  # fmt: skip


def to_json(diff: Diff) -> bytes:
    """`netcam.diff/1` as UTF-8, indented by 2; every key is always there."""
    return (json.dumps(document(diff), indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def document(diff: Diff) -> dict[str, Any]:
    """The JSON document as dicts and lists."""
    return {
        "schema": SCHEMA,
        "old": _visit(diff.old),
        "new": _visit(diff.new),
        "knowledge": list(diff.knowledge),
        "counts": counts(diff),
        "devices": [_device(d) for d in diff.devices],
    }


def counts(diff: Diff) -> dict[str, int]:
    """How many devices have each status, and of what sort the changes are; a device may have several changes."""
    changes = [{_sort(c) for c in d.changes} for d in diff.of(Status.CHANGED)]
    found = {str(status).replace("-", "_"): len(diff.of(status)) for status in Status}
    found |= {sort: sum(sort in sorts for sorts in changes) for sort in ("moved", "firmware", "answers", "verdicts")}
    return found | {"newly_listed": sum(bool(d.newly_listed) for d in diff.devices), "unchanged": diff.unchanged}


def _sort(change: Changed) -> str:
    if change.field == "verdict":
        return "verdicts"
    if change.field == "address":
        return "moved"
    return "firmware" if change.field == "firmware" and None not in (change.old, change.new) else "answers"


def _visit(visit: Visit) -> dict[str, Any]:
    return {
        "id": visit.id, "site": visit.site, "started_at": visit.started_at, "ended_at": visit.ended_at,
        "complete": visit.complete,
    }  # fmt: skip


def _device(d: Differing) -> dict[str, Any]:
    r = d.record
    return {
        "key": d.key, "status": str(d.status), "why": d.why or None, "ip": r.ip, "addresses": list(r.addresses),
        "mac": r.mac, "serial": r.serial, "is_cctv": r.is_cctv, "device_type": r.device_type,
        "brand": _claim(r.brand), "manufacturer": _claim(r.manufacturer), "model": r.model, "firmware": r.firmware,
        "outcomes": {v.list: str(v.outcome) for v in r.verdicts},
        "newly_listed": list(d.newly_listed), "instead_of": d.instead_of,
        "changes": [
            {
                "field": c.field, "list": c.list, "old": _text(c.old), "new": _text(c.new),
                "direction": _text(c.direction), "cause": str(c.cause), "why": c.why or None,
            }
            for c in d.changes
        ],
    }  # fmt: skip


def _claim(claim: NamedClaim | None) -> dict[str, str] | None:
    return {"id": claim.id, "name": claim.name} if claim else None


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def to_csv(diff: Diff) -> bytes:
    """One row a change, or a device where nothing but its status is told; no cell runs as a formula."""
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    rows.writerow(COLUMNS)
    for d in diff.devices:
        r = d.record
        for c in d.changes or (None,):
            row = (
                d.status, d.key, diff.new.site, r.ip, r.mac, r.serial, r.device_type, r.brand and r.brand.name,
                r.manufacturer and r.manufacturer.name, r.model, r.firmware,
                *((c.field, c.list, c.old, c.new, c.direction, c.cause, c.why) if c else (*[None] * 6, d.why)),
                "; ".join(d.newly_listed), d.instead_of,
            )  # fmt: skip
            rows.writerow(["" if value is None else cell(str(value)) for value in row])
    return out.getvalue().encode("utf-8", "replace")


def to_text(diff: Diff, *, all: bool = False) -> str:
    """Sections of one line a device; changes that several devices share stand once. `all`: no section is cut."""
    lines = [_title(diff)]
    lines += [f"  note: {visible(text, 300)}" for text in diff.knowledge]
    for head, items in _sections(diff, visible):
        lines += ["", f"{head} ({sum(count for count, _ in items)})"]
        shown = items if all else items[:_MOST_LINES]
        lines += [f"  {line}" for _, group in shown for line in group]
        if len(items) > len(shown):
            lines.append(f"  and {len(items) - len(shown)} more lines; --all shows them")
    return "\n".join([*lines, "", _summary(diff)]) + "\n"


def to_markdown(diff: Diff) -> bytes:
    """The same as a text for tickets; nothing from a device is taken for markup."""
    lines = [f"## {_title(diff, _plain)}", "", f"**{_summary(diff)}**"]
    lines += ["", *(f"* {_plain(text, 300)}" for text in diff.knowledge)] if diff.knowledge else []
    for head, items in _sections(diff, _plain):
        lines += ["", f"### {head} ({sum(count for count, _ in items)})", ""]
        for _, (first, *rest) in items:
            lines += [f"* {first}", *(f"  {line.strip()}" for line in rest)]
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


_Show = Callable[..., str]
_Items = list[tuple[int, list[str]]]  # how many devices, and their lines


def _plain(text: str, limit: int = 200) -> str:
    """`text` as Markdown shows it: whatever could be markup is escaped."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]()<>#+-.!|~&@" else c for c in visible(text, limit))


def _title(diff: Diff, show: _Show = visible) -> str:
    site = diff.new.site if diff.new.site is not None else diff.old.site
    place = f"{show(site, 80)}: " if site else ""
    ends = [f"{show(_when(v.started_at), 40)}{'' if v.complete else ' (incomplete)'}" for v in (diff.old, diff.new)]
    return f"{place}{ends[0]} -> {ends[1]}"


def _when(time: str) -> str:
    return f"{time[:10]} {time[11:16]} UTC" if time[10:11] == "T" and time.endswith("Z") else time


def _sections(diff: Diff, show: _Show) -> Iterator[tuple[str, _Items]]:
    names = {d.key: d.record.ip or d.key for d in diff.devices}
    for status, head in _HEADS.items():
        if found := diff.of(status):
            yield head, list(_devices(found, names, show))
    changed = diff.of(Status.CHANGED)
    for sort, head in (
        ("moved", "Moved to another address"), ("firmware", "Firmware"), ("answers", "Other answers"),
        ("verdicts", "Verdicts"),
    ):  # fmt: skip
        if items := list(_alike(changed, sort, show)):
            yield head, items


def _devices(found: Sequence[Differing], names: Mapping[str, str], show: _Show) -> Iterator[tuple[int, list[str]]]:
    """One line a device; where the reason is the same for all, it stands once, under the first."""
    told = ""
    for d in found:
        line = f"{show(d.record.ip or d.key, 45)}  {_what(d.record, show)}"
        if d.instead_of:
            line += f"; in place of what was at {show(names.get(d.instead_of, d.instead_of), 45)}"
        group = [line]
        if d.why and d.why != told:
            group.append(f"    because {show(d.why, 300)}")
        told = d.why
        yield 1, group


def _what(r: DeviceRecord, show: _Show) -> str:
    kind = r.device_type or ("CCTV" if r.is_cctv else "other" if r.is_cctv is False else "undecided")
    names = [claim.name for claim in (r.brand, r.manufacturer) if claim]
    made = f"{names[0]} (made by {names[1]})" if len(names) == 2 and names[0] != names[1] else "".join(names[:1])
    loud = [o for o in (Outcome.LISTED, Outcome.POSSIBLE) if any(v.outcome is o for v in r.verdicts)][:1]
    says = [f"{o}: {', '.join(v.list for v in r.verdicts if v.outcome is o)}" for o in loud]
    parts = [kind, made, r.model or "", *says]
    return "  ".join(show(part, 120) for part in parts if part)


def _alike(changed: Iterable[Differing], sort: str, show: _Show) -> Iterator[tuple[int, list[str]]]:
    """Changes of one sort; devices with the same change for the same reason stand together."""
    groups: dict[tuple[str, Changed], list[Differing]] = {}
    for d in changed:
        for c in d.changes:
            if _sort(c) == sort:
                groups.setdefault((c.list or WORDS.get(c.field, c.field), c), []).append(d)
    for (word, c), devices in groups.items():
        named = ", ".join(show(d.record.ip or d.key, 45) for d in devices[:_MOST_NAMED])
        more = f" and {len(devices) - _MOST_NAMED} more" if len(devices) > _MOST_NAMED else ""
        what = "" if sort in ("moved", "firmware") else f"{show(word, 80)} "
        way = f" ({c.direction})" if c.direction else ""
        who = f"  {_what(devices[0].record, show)}" if len(devices) == 1 and sort != "verdicts" else ""
        group = [f"{named}{more}: {what}{_or_none(c.old, show)} -> {_or_none(c.new, show)}{way}{who}"]
        if sort != "moved" and (c.why or c.cause != "device"):
            group.append(f"    {_CAUSES[c.cause]}{f': {show(c.why, 400)}' if c.why else ''}")
        yield len(devices), group


def _or_none(answer: str | None, show: _Show) -> str:
    return "(none)" if answer is None else show(answer, 120)


def _summary(diff: Diff) -> str:
    n = counts(diff)
    words = {
        "new": "new", "back": "back again", "first_looked_at": "first looked at", "gone": "gone",
        "not_looked_at": "not looked at", "changed": "changed", "unchanged": "unchanged",
    }  # fmt: skip
    told = ", ".join(f"{n[key]} {word}" for key, word in words.items() if n[key] or key in ("new", "gone", "changed"))
    listed = n["newly_listed"]
    return f"{told}; newly listed: {listed}" if listed else told
