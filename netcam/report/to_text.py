"""The report for a terminal: a table of devices, then what it comes to."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from netcam.model.report import ChangesRecord, DeviceRecord, Outcome, Report
from netcam.model.runs import CoverageStatus
from netcam.safetext import visible

from .changes import alike, lists_between
from .explain import kind_of, percent
from .summary import OUTCOMES, Flaw, Summary, flaws, in_order, in_view, overall, summarize

PIPE_WIDTH = 200  # columns when nobody's terminal sets the width
_GAP = 2  # columns between two columns of the table
_LEAST = 6  # columns that a cut text keeps
_FLAWS_LIMIT = 12  # lines of published flaws; the report has them all
_MISSED_LIMIT = 12  # lines of coverage; the report has them all
_CHANGED_LIMIT = 40  # kinds of change; the report has them all, device by device
_NAMED_LIMIT = 4  # devices named for one kind of change

# Emphasis, not alarm: a list is a fact about a company, so nothing here is red or green.
_STYLES = {Outcome.LISTED: "bold yellow", Outcome.POSSIBLE: "yellow", Outcome.UNDETERMINED: "cyan"}


@dataclass(frozen=True, slots=True)
class _Column:
    """`limit`: characters of one cell. `room`: columns it wants at least; None: it is never cut. `drop`: who goes first
    when not all of them get that; 0 stays."""

    title: str
    of: Callable[[DeviceRecord], str]
    limit: int
    room: int | None = None
    drop: int = 0


def _lists(device: DeviceRecord) -> str:
    outcome = overall(device)
    if outcome in (None, Outcome.NOT_LISTED):
        return "not listed" if outcome else "-"
    if outcome is Outcome.UNDETERMINED:
        return "undetermined"
    return f"{outcome}: " + ", ".join(v.list for v in device.verdicts if v.outcome is outcome)


def _lists_short(device: DeviceRecord) -> str:
    outcome = overall(device)
    count = sum(v.outcome is outcome for v in device.verdicts)
    return f"{outcome} ({count})" if outcome in (Outcome.LISTED, Outcome.POSSIBLE) else _lists(device)


_LISTS = _Column("Lists", _lists, 120)
_COLUMNS = (
    _Column("Address", lambda d: d.ip or d.id, 45),
    _Column("Type", kind_of, 20, room=10, drop=2),
    _Column("Brand", lambda d: d.brand.name if d.brand else "", 32, room=12, drop=5),
    _Column("Maker", lambda d: d.manufacturer.name if d.manufacturer else "", 48, room=20),
    _Column("Model", lambda d: d.model or "", 32, room=12, drop=4),
    _Column("Firmware", lambda d: d.firmware or "", 28, room=10, drop=1),
    _Column("Conf.", lambda d: percent(d.confidence) if d.is_cctv is not None else "", 8, drop=3),
    _Column("Lists", _lists_short, 16),
)


def render(report: Report, *, all: bool = False, width: int = PIPE_WIDTH, color: bool = False) -> str:
    """The table and the summary as text with newlines, at most `width` columns wide.

    Shows CCTV, undecided and listed devices and counts the rest; with `all`, every device. On a narrow terminal the
    columns that matter least are left out and long names are cut; addresses and outcomes never are. `color` adds
    terminal colours.
    """
    out = io.StringIO()
    console = Console(
        file=out, width=max(width, 20), force_terminal=color, no_color=not color, markup=False, emoji=False,
        highlight=False, legacy_windows=False, color_system="standard" if color else None,
    )  # fmt: skip
    shown = [d for d in in_order(report) if all or in_view(d)]
    if shown:
        console.print(_table(shown, width))
    for line in _summary(report, summarize(report), hidden=len(report.devices) - len(shown)):
        console.print(line)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _table(devices: list[DeviceRecord], width: int) -> Table:
    columns, room = _fitting(devices, width)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    for c in columns:
        cut = c.room is not None
        table.add_column(Text(c.title), width=room[c], no_wrap=cut, overflow="ellipsis" if cut else "fold")
    for device in devices:
        row = [_cell(c, device) for c in columns]
        row[-1].stylize(_STYLES.get(overall(device) or Outcome.NOT_LISTED, ""))
        table.add_row(*row)
    return table


def _cell(column: _Column, device: DeviceRecord) -> Text:
    return Text(visible(column.of(device), column.limit))


def _fitting(devices: list[DeviceRecord], width: int) -> tuple[list[_Column], dict[_Column, int]]:
    """The columns that a terminal has room for, each with its width: all of them, or those that matter most."""
    full = {c: max(len(c.title), *(_cell(c, d).cell_len for d in devices)) for c in (*_COLUMNS, _LISTS)}
    least = {c: w if c.room is None else min(w, c.room) for c, w in full.items()}

    def over(columns: list[_Column], of: dict[_Column, int]) -> int:
        return sum(of[c] for c in columns) + _GAP * (len(columns) - 1) - width

    columns = [*_COLUMNS[:-1], _LISTS]
    if over(columns, least) > 0:
        columns = list(_COLUMNS)
    for c in sorted(_COLUMNS, key=lambda c: c.drop):
        if c.drop and over(columns, least) > 0:
            columns.remove(c)
    room = {c: full[c] for c in columns}
    for _ in range(over(columns, room)):
        giving = [c for c in columns if c.room is not None and room[c] > _LEAST] or columns
        room[max(giving, key=lambda c: room[c])] -= 1
    return columns, {c: max(w, 1) for c, w in room.items()}


def _summary(report: Report, s: Summary, *, hidden: int) -> Iterator[Text | Padding]:
    yield Text()
    decided = f", {s.undecided} undecided" if s.undecided else ""
    yield Text(f"{_devices(s.devices)}: {s.cctv} CCTV{decided}", style="bold")
    if hidden:
        yield Text(f"{_devices(hidden)} of other kinds not shown; --all shows them")
    for one in s.lists:
        counts = ", ".join(f"{one.counts[o]} {o}" for o in OUTCOMES[:3] if one.counts.get(o))
        about = ", ".join(filter(None, (one.effect, f"last checked {one.last_checked}")))
        yield Text(f"{visible(one.id, 60)}: {counts or 'no device listed'} ({visible(about, 100)})")
    if told := flaws(report):
        yield from _flaws(told)
    if s.missed:
        yield Text()
        yield Text("Not covered in full", style="bold")
    for c in s.missed[:_MISSED_LIMIT]:
        how = "not covered" if c.status is CoverageStatus.NOT else "covered in part"
        yield Padding(Text(f"{visible(c.what, 100)}: {how}" + (f", {visible(c.why)}" if c.why else "")), (0, 0, 0, 2))
    if len(s.missed) > _MISSED_LIMIT:
        yield Text(f"  and {len(s.missed) - _MISSED_LIMIT} more in the report")
    if not report.scan.complete:
        yield Text("This scan ended before the whole scope was covered.", style="bold")
    if report.changes is not None:
        yield from _changes(report, report.changes)


def _changes(report: Report, changes: ChangesRecord) -> Iterator[Text | Padding]:
    """What judging again changed: devices with the same change, for the same reason, stand together."""
    yield Text()
    came, gone = lists_between(changes.before, report.scan.versions)
    for what, ids in (("held against lists", came), ("no longer held against lists", gone)):
        if ids:
            yield Text(f"Judged again, {what}: {', '.join(visible(id, 60) for id in ids)}")
    if not changes.changed:
        yield Text("Judged again: nothing changed", style="bold")
        return
    yield Text(f"Judged again: {_devices(len({c.device for c in changes.changed}))} changed", style="bold")
    groups = alike(changes)
    for one in groups[:_CHANGED_LIMIT]:
        named = ", ".join(visible(ip or id, 45) for id, ip in one.devices[:_NAMED_LIMIT])
        more = f" and {len(one.devices) - _NAMED_LIMIT} more" if len(one.devices) > _NAMED_LIMIT else ""
        what = ", ".join(visible(word, 60) for word in one.words)
        yield Padding(Text(f"{named}{more}: {what} {_or_none(one.old)} -> {_or_none(one.new)}"), (0, 0, 0, 2))
        yield Padding(Text(f"because {visible(one.cause, 400)}"), (0, 0, 0, 6))
    if len(groups) > _CHANGED_LIMIT:
        yield Text(f"  and {len(groups) - _CHANGED_LIMIT} more in the report")


def _or_none(answer: str | None) -> str:
    return "(none)" if answer is None else visible(answer, 60)


def _flaws(told: tuple[Flaw, ...]) -> Iterator[Text | Padding]:
    """Published flaws in range, one line each; those that only may concern a device are counted."""
    yield Text()
    yield Text("Published flaws, by model and firmware as told", style="bold")
    hit = [f for f in told if f.affected]
    for f in hit[:_FLAWS_LIMIT]:
        exploited = ", known to be exploited" if f.known_exploited else ""
        yield Padding(Text(f"{visible(f.id, 60)}: {_devices(len(f.affected))} affected{exploited}"), (0, 0, 0, 2))
    if len(hit) > _FLAWS_LIMIT:
        yield Text(f"  and {len(hit) - _FLAWS_LIMIT} more in the report")
    open_ = {d.id for f in told if f.known_exploited for d in f.unknown}
    if open_:
        yield Text(f"  {_devices(len(open_))} for which a flaw known to be exploited is neither shown nor ruled out")


def _devices(n: int) -> str:
    return f"{n} device" if n == 1 else f"{n:,} devices"
