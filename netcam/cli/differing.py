"""`netcam diff`: what differs between two scans, from report files or the history."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netcam.cli.common import LISTS
from netcam.cli.errors import FAILED, FOUND, Exit, put, say
from netcam.cli.keeping import DB
from netcam.errors import ConfigError

if TYPE_CHECKING:
    from netcam.model.report import DeviceRecord, Report
    from netcam.tracking.diff import Again, Diff, Scan
    from netcam.tracking.model import Life, Past, Visit

_HISTORY = "history:"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?:T[0-9:.]+Z?)?")


@dataclass(frozen=True, slots=True)
class _Side:
    """One side as it was named; `report` where it is a file, whose observations can be judged anew."""

    scan: Scan
    report: Report | None


@click.command()
@click.argument("sides", nargs=-1, metavar="[OLD] [NEW]")
@click.option(
    "--site", metavar="NAME", help="Compare visits of this site in the history: its last two, or OLD and its last."
)
@DB
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "markdown", "csv"]), default="text",
    help="How the difference is printed.",
)  # fmt: skip
@click.option("--all", "show_all", is_flag=True, help="Print every line of long sections.")
@click.option(
    "--fail-on", type=click.Choice(["none", "new", "gone", "changed", "new-listed"]), default="none",
    help="Exit with 3 if there is such a device; new-listed: a list says `listed` of it and did not before.",
)  # fmt: skip
@LISTS
def diff(
    sides: tuple[str, ...],
    site: str | None,
    db: str | None,
    form: str,
    show_all: bool,
    fail_on: str,
    list_ids: tuple[str, ...],
    list_files: tuple[Path, ...],
    data: Path | None,
) -> None:
    """What differs between two scans: new, gone, moved and changed devices, and why.

    OLD and NEW are report files or visits in the history: `history:SITE@latest`, `history:SITE@previous`,
    `history:SITE@2026-01-31` (the last visit up to the end of that day), `history:VISIT-ID`. Without them, the last two
    visits of --site.

    A device counts as gone only where NEW looked for it as OLD did. With --list, only those lists' verdicts count.

    \b
    Examples:
      netcam diff monday.json tuesday.json
      netcam diff --site store-7 --fail-on new-listed
      netcam diff history:store-7@2026-01-31 history:store-7@latest --format json
    """
    if len(sides) > 2:
        raise ConfigError("two scans are compared: OLD and NEW")
    if len(sides) == 2 and site is not None:
        raise ConfigError("--site says what OLD or both are compared with; here both are named already")
    if len(sides) < 2 and site is None and not any(side.startswith(_HISTORY) for side in sides):
        if sides:
            raise ConfigError(f"{sides[0]} is compared with what? Name NEW, or --site NAME for its last visit")
        site = _only_site(db)
    names = sides if len(sides) == 2 else (sides[0], _named(site, "latest")) if sides else ()
    past: list[Past] = []

    def history() -> Past:
        if not past:
            past.append(history_of(db))
        return past[0]

    made = compared(names or (_named(site, "previous"), _named(site, "latest")), history, list_ids, list_files, data)
    from netcam.tracking import diff_forms

    if form == "text":
        put(diff_forms.to_text(made, all=show_all))
    else:
        put({"json": diff_forms.to_json, "markdown": diff_forms.to_markdown, "csv": diff_forms.to_csv}[form](made))
    if _found(made, fail_on):
        raise Exit(FOUND)


def compared(
    names: Collection[str],
    history: Callable[[], Past],
    list_ids: tuple[str, ...],
    list_files: tuple[Path, ...],
    data: Path | None,
) -> Diff:
    """The two sides, found and compared."""
    from netcam.tracking.diff import compare
    from netcam.tracking.sides import aligned

    old, new = (_side(name, history) for name in names)
    known = old.scan.visit.versions.lists.keys() | new.scan.visit.versions.lists.keys()
    for id in list_ids:
        if id not in known:
            raise ConfigError(f"--list {id!r}: neither scan was held against it; they were against {_some(known)}")
    sites = old.scan.visit.site, new.scan.visit.site
    if sites[0] != sites[1]:
        say(f"note: the scans are of different sites, {sites[0] or 'none'} and {sites[1] or 'none'}")
    stored = old.report is None and new.report is None
    if not stored or sites[0] != sites[1]:
        new = replace(new, scan=aligned(old.scan, new.scan))
    before = old.scan.visit.started_at

    def earlier() -> Mapping[str, DeviceRecord]:
        lives = history().lives(old.scan.visit.site) if stored else ()
        return {life.key: seen for life in lives if (seen := _as_of(life, before)) is not None}

    return compare(old.scan, new.scan, again=_anew(old, new, list_files, data), earlier=earlier, lists=list_ids)


def _as_of(life: Life, before: str) -> DeviceRecord | None:
    """A device as it was seen last before a time."""
    return next((state.record for state in reversed(life.states) if state.since < before), None)


def _anew(old: _Side, new: _Side, list_files: tuple[Path, ...], data: Path | None) -> Again | None:
    """Judges devices of two report files with today's knowledge; the history keeps no observations for that."""
    if old.report is None or new.report is None:
        return None
    reports = old.report, new.report
    if not all(report.observations for report in reports):
        return None
    records = [{d.key: d.record for d in side.scan.devices} for side in (old, new)]

    def again(keys: Collection[str]) -> Mapping[str, tuple[DeviceRecord, DeviceRecord]]:
        from netcam.knowledge import Knowledge
        from netcam.pipeline import rejudge

        asked = {id for report in reports for id in report.scan.versions.lists}
        known = Knowledge.load(data, list_files)
        for id in sorted(asked - known.lists.keys()):
            try:
                known.lists.update(Knowledge.load(data, list_files, asked=(id,)).lists)
            except ConfigError:
                pass  # an own list that was not handed in again: its verdicts can't be made anew
        keys = list(keys)
        try:
            then, now = (
                rejudge(replace(report, devices=tuple(of[key] for key in keys)), known).devices
                for report, of in zip(reports, records, strict=True)
            )
        except ValueError:  # an address in it is none, as a report from elsewhere may have it
            return {}
        return {key: (a, b) for key, a, b in zip(keys, then, now, strict=True)}

    return again


def _side(name: str, history: Callable[[], Past]) -> _Side:
    from netcam.tracking.diff import Scan
    from netcam.tracking.sides import scan_of

    if not name.startswith(_HISTORY):
        from netcam.report.to_json import load

        try:
            report = load(name)
        except ConfigError as error:
            say(f"netcam: {error}")
            raise Exit(FAILED) from error
        return _Side(scan_of(report), report)
    past = history()
    visit = _visit(name.removeprefix(_HISTORY), past)
    return _Side(Scan(visit=visit, devices=past.sighted(visit.id)), None)


def _visit(name: str, past: Past) -> Visit:
    """The visit that a word names: SITE@latest, SITE@previous, SITE@DAY, or a visit's id.

    Raises:
        ConfigError: there is none.
    """
    site, at, when = name.rpartition("@")
    if not at:
        found = next((v for v in past.visits() if v.id == name), None)
        if found is None:
            raise ConfigError(f"history:{name}: no visit has this id; `netcam history runs` has them")
        return found
    if when not in ("latest", "previous") and not _DAY.fullmatch(when):
        raise ConfigError(f"history:{name}: after @ comes latest, previous or a day such as 2026-01-31")
    visits = [v for v in past.visits(site or None) if v.site == (site or None)]
    if not visits:
        sites = [s if s is not None else "(none)" for s in past.sites()]
        raise ConfigError(f"history:{name}: no visit of this site; there are {_some(sites)}")
    if when == "previous":
        if len(visits) < 2:
            raise ConfigError(f"history:{name}: there is only one visit of this site yet")
        return visits[-2]
    if when == "latest":
        return visits[-1]
    until = when if "T" in when else f"{when}T99"
    earlier = [v for v in visits if v.started_at <= until]
    if not earlier:
        raise ConfigError(f"history:{name}: the first visit of this site was on {visits[0].started_at[:10]}")
    return earlier[-1]


def _named(site: str | None, which: str) -> str:
    return f"{_HISTORY}{site or ''}@{which}"


def _only_site(db: str | None) -> str | None:
    """The one site that a history has.

    Raises:
        ConfigError: it has several or none.
    """
    sites = history_of(db).sites()
    if len(sites) != 1:
        raise ConfigError(f"which site? --site takes one of {_some([s or '(none)' for s in sites])}")
    return sites[0]


def _some(words: Collection[str]) -> str:
    named = sorted(words)
    return ", ".join(named[:8]) + (f" and {len(named) - 8} more" if len(named) > 8 else "") if named else "none"


def _found(made: Diff, fail_on: str) -> bool:
    from netcam.tracking.diff import Status

    if fail_on == "new-listed":
        return any(d.newly_listed for d in made.devices)
    statuses = {"new": (Status.NEW, Status.FIRST_LOOKED_AT), "gone": (Status.GONE,), "changed": (Status.CHANGED,)}
    return bool(made.of(*statuses.get(fail_on, ())))


def history_of(db: str | None) -> Past:
    """The history that is there.

    Raises:
        ConfigError, StoreError: there is none, or it can't be opened.
    """
    from netcam.history.store import History

    return History.open(db, create=False)
