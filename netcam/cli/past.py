"""`netcam history`: what saved scans tell about sites and devices."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from netcam.cli.errors import FAILED, Exit, put, say
from netcam.cli.keeping import DB
from netcam.errors import ConfigError, NetcamError
from netcam.safetext import visible

if TYPE_CHECKING:
    from netcam.history.store import History, Known
    from netcam.model.report import DeviceRecord
    from netcam.tracking.model import Life

_SITE = click.option("--site", metavar="NAME", help="This site only; '' is that of scans without --site.")
_FORMAT = click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True,
    help="A table for people, or JSON.",
)  # fmt: skip
_READ_PATIENCE_S = 5.0  # somebody waits for the answer
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
_WIDEST = 40  # characters of one column


@click.group(invoke_without_command=True)
@DB
@click.pass_context
def history(ctx: click.Context, db: str | None) -> None:
    """What was saved with --save: visits, devices, and the life of each device. Without a word after it: runs.

    \b
    Examples:
      netcam history
      netcam history devices --site store-17 --listed
      netcam history show 44:19:b6:00:00:01
      netcam history add reports/2025-*.json
      netcam history prune --keep 2y
    """
    ctx.obj = db
    if ctx.invoked_subcommand is None:
        ctx.invoke(runs)


def _open(ctx: click.Context, db: str | None, *, create: bool = False) -> History:
    from netcam.history.store import PATIENCE_S, History

    return History.open(db or ctx.obj, create=create, patience_s=PATIENCE_S if create else _READ_PATIENCE_S)


@history.command()
@_SITE
@click.option("--since", metavar="TIME", help="Visits from then on: 2026-01-15, or 2026-01-15T10:00:00Z.")
@_FORMAT
@DB
@click.pass_context
def runs(
    ctx: click.Context, site: str | None = None, since: str | None = None, form: str = "table", db: str | None = None
) -> None:
    """The visits, oldest first, with what each found."""
    with _open(ctx, db) as past:
        if form == "json":
            _json(
                {
                    "id": v.id, "site": v.site, "started_at": v.started_at, "ended_at": v.ended_at,
                    "complete": v.complete, "devices": run.devices, "cctv": run.cctv, "listed": run.listed,
                    "scope": v.scope, "coverage": v.coverage, "versions": v.versions,
                }
                for run in past.runs(site, since=since)
                for v in [run.visit]
            )  # fmt: skip
            return
        rows = [
            (
                run.visit.started_at, run.visit.ended_at, run.visit.site or "-", str(run.devices), str(run.cctv),
                str(run.listed), "yes" if run.visit.complete else "no", run.visit.id,
            )
            for run in past.runs(site, since=since)
        ]  # fmt: skip
    _table(("started", "ended", "site", "devices", "cctv", "listed", "complete", "scan"), rows)


@history.command()
@_SITE
@click.option("--maker", metavar="NAME", help="Made by this company: its id, or a part of its name.")
@click.option("--listed", is_flag=True, help="Named on some list.")
@_FORMAT
@DB
@click.pass_context
def devices(
    ctx: click.Context, site: str | None, maker: str | None, listed: bool, form: str, db: str | None
) -> None:
    """Every device as it was last seen."""
    with _open(ctx, db) as past:
        found = (d for d in past.devices(site) if _wanted(d.record, maker, listed))
        if form == "json":
            _json(map(_known, found))
            return
        rows = [
            (
                d.site or "-", d.record.ip or "-", _maker(d.record), d.record.model or "-", d.record.firmware or "-",
                d.record.serial or "-", ", ".join(_named_on(d.record)) or "-", d.first_seen[:10], d.last_seen[:10],
                d.key,
            )
            for d in found
        ]  # fmt: skip
    _table(("site", "address", "maker", "model", "firmware", "serial", "listed", "first", "last", "device"), rows)


@history.command()
@click.argument("device")
@_SITE
@_FORMAT
@DB
@click.pass_context
def show(ctx: click.Context, device: str, site: str | None, form: str, db: str | None) -> None:
    """A device's life: when it was seen, where, and what changed.

    DEVICE is a device of `netcam history devices`, or an address, serial number or MAC that a device has or had.
    """
    from netcam.tracking.lives import turns

    with _open(ctx, db) as past:
        found = past.find(device, site)
    if form == "json":
        _json(
            {
                "device": life.key, "site": life.site, "first_seen": life.first_seen, "last_seen": life.last_seen,
                "states": life.states, "changes": tuple(turns(life)),
            }
            for life in found
        )  # fmt: skip
    elif found:
        put("\n\n".join("\n".join(_life(life)) for life in found) + "\n")
    if not found:
        say(f"netcam: no device {device!r} in the history; `netcam history devices` lists them")
        raise Exit(FAILED)


@history.command()
@click.argument("reports", nargs=-1, required=True, metavar="REPORT...", type=click.Path(dir_okay=False))
@DB
@click.pass_context
def add(ctx: click.Context, reports: tuple[str, ...], db: str | None) -> None:
    """Take in saved reports (.json), in any order. What is there already stays as it is."""
    from netcam.report.to_json import load

    failed = False
    with _open(ctx, db, create=True) as past:
        for path in reports:
            try:
                report = load(path)
                there = past.holds(report.scan.id)
                visit = past.save(report)
            except NetcamError as error:
                say(f"netcam: {error if path in str(error) else f'{path}: {error}'}")
                failed = True
                continue
            done = "is in the history already" if there else f"{len(report.devices)} devices"
            put(f"{visible(path)}: {visible(visit.site or '-')} {visit.started_at}: {done}\n")
    if failed:
        raise Exit(FAILED)


@history.command()
@click.option("--keep", required=True, metavar="TIME", help="How far back visits are kept: 90d, 26w, 18m, 2y.")
@DB
@click.pass_context
def prune(ctx: click.Context, keep: str, db: str | None) -> None:
    """Forget visits from before that time, but never a site's last one.

    Devices seen at forgotten visits only are forgotten with them; of all others it stays known since when they are
    there.
    """
    kept = _span(keep)
    with _open(ctx, db) as past:
        gone = past.prune(kept)
    put(f"forgot {gone.visits} visits, and {gone.devices} devices that no later visit saw\n")


@history.command()
@DB
@click.pass_context
def check(ctx: click.Context, db: str | None) -> None:
    """Whether the database is whole: its file, its references, every visit, every text in it."""
    with _open(ctx, db) as past:
        problems = past.check()
        count = sum(1 for _ in past.runs())
    put("".join(f"{visible(line, 500)}\n" for line in problems) or f"whole: {count} visits\n")
    if problems:
        raise Exit(FAILED)


def _span(text: str) -> timedelta:
    """90d, 26w, 18m or 2y as a time span; a month has 30 days and a year 365."""
    found = re.fullmatch(r"(\d{1,5})([dwmy])", text.strip().lower())
    if found is None or int(found[1]) == 0:
        raise ConfigError(f"--keep {visible(text, 40)!r}: write 90d, 26w, 18m or 2y")
    return timedelta(days=int(found[1]) * _DAYS[found[2]])


def _wanted(record: DeviceRecord, maker: str | None, listed: bool) -> bool:
    if listed and not _named_on(record):
        return False
    if maker is None:
        return True
    made = record.manufacturer
    return made is not None and (made.id == maker.lower() or maker.casefold() in made.name.casefold())


def _named_on(record: DeviceRecord) -> list[str]:
    return [v.list for v in record.verdicts if v.outcome == "listed"]


def _maker(record: DeviceRecord) -> str:
    return record.manufacturer.name if record.manufacturer else "-"


def _known(device: Known) -> dict[str, object]:
    return {
        "device": device.key, "site": device.site, "first_seen": device.first_seen, "last_seen": device.last_seen,
        "record": device.record,
    }  # fmt: skip


def _life(life: Life) -> Iterator[str]:
    """One device's life for people, a line each."""
    from netcam.tracking.lives import turns

    last = life.states[-1].record
    yield f"device     {life.key}"
    facts = (
        ("site", life.site), ("maker", last.manufacturer.name if last.manufacturer else None),
        ("brand", last.brand.name if last.brand else None), ("model", last.model), ("type", last.device_type),
        ("serial", last.serial), ("mac", last.mac), ("firmware", last.firmware), ("listed", ", ".join(_named_on(last))),
        ("first seen", life.first_seen), ("last seen", life.last_seen),
    )  # fmt: skip
    yield from (f"{name:10} {visible(value)}" for name, value in facts if value)
    yield "addresses"
    before = None
    for state in life.states:
        if state.record.addresses != before:
            before = state.record.addresses
            yield f"  {state.since}  {visible(', '.join(before) or '-', 500)}"
    changed = [turn for turn in turns(life) if turn.what != "address"]
    if changed:
        yield "changes"
    for turn in changed:
        what = f"list {turn.list}" if turn.list else turn.what
        yield f"  {turn.at}  {visible(what)}: {visible(turn.old or 'unknown')} -> {visible(turn.new or 'unknown')}"


def _json(items: Iterable[dict[str, Any]]) -> None:
    """A JSON list on standard output, item by item, since there may be very many."""
    from netcam.report.to_json import encode

    before = b"["
    for item in items:
        put(before + encode(item))
        before = b",\n"
    put((b"[" if before == b"[" else b"") + b"]\n")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their widest text, up to a limit."""
    shown = [heads, *([visible(text, _WIDEST) for text in row] for row in rows)]
    widths = [max(len(row[n]) for row in shown) for n in range(len(heads))]
    for row in shown:
        put("  ".join(f"{text:{width}}" for text, width in zip(row, widths, strict=True)).rstrip() + "\n")
