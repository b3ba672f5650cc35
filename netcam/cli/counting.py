"""`netcam programme`: how far the removal of listed devices has come."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netcam.cli.common import check_writable, write_all
from netcam.cli.differing import history_of
from netcam.cli.errors import FAILED, Exit, put, say
from netcam.cli.keeping import DB
from netcam.errors import ConfigError

if TYPE_CHECKING:
    from netcam.programme.count import Programme
    from netcam.tracking.model import Past


@click.command()
@click.argument("reports", nargs=-1, metavar="[REPORT]...", type=click.Path(dir_okay=False, exists=True))
@DB
@click.option(
    "--targets", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="What is to be reached by when, as TOML (docs/programme.md).",
)  # fmt: skip
@click.option("--site", "sites", multiple=True, metavar="NAME", help="Count this site only; repeatable.")
@click.option(
    "--list", "list_ids", multiple=True, metavar="ID",
    help="The lists whose devices are removed; repeatable. Else those of the targets, else all.",
)  # fmt: skip
@click.option(
    "--confirm", type=click.IntRange(1, 100), default=2, show_default=True, metavar="N",
    help="How many scans have to miss a device, having looked for it, before it counts as removed.",
)  # fmt: skip
@click.option(
    "--stale", "stale_days", type=click.IntRange(1, 3650), default=30, show_default=True, metavar="DAYS",
    help="A site whose last scan is longer ago than this is named as not scanned lately.",
)  # fmt: skip
@click.option("--on", metavar="DAY", help="The day that counts as today (2026-01-31), not before the last scan.")
@click.option(
    "-o", "--output", "output", multiple=True, metavar="PATH|-",
    help="Write the programme there; repeatable. The suffix picks the form (.html .csv .json); '-' is JSON on standard "
    "output.",
)  # fmt: skip
@click.option("--quiet", is_flag=True, help="No table on standard output.")
def programme(
    reports: tuple[str, ...],
    db: str | None,
    targets: Path | None,
    sites: tuple[str, ...],
    list_ids: tuple[str, ...],
    confirm: int,
    stale_days: int,
    on: str | None,
    output: tuple[str, ...],
    quiet: bool,
) -> None:
    """How far the removal of listed devices has come: per site, over time, and when it may be done.

    Counts the visits in the history, or the reports that are named.

    \b
    Examples:
      netcam programme
      netcam programme --targets targets.toml -o programme.html -o programme.csv
      netcam programme reports/*.json --list us-ndaa-889
    """
    from netcam.programme.forms import FORMS, form_of, to_text

    for path in output:
        form_of(path)
        if path != "-":
            check_writable("-o", path)
    made = _counted(reports, db, targets, sites, list_ids, confirm, stale_days, on)
    failed = write_all(output, lambda path: FORMS[form_of(path)](made))
    if not quiet and "-" not in output:
        put(to_text(made))
    if failed is not None:
        raise failed


def _counted(
    reports: tuple[str, ...],
    db: str | None,
    targets: Path | None,
    sites: tuple[str, ...],
    list_ids: tuple[str, ...],
    confirm: int,
    stale_days: int,
    on: str | None,
) -> Programme:
    from netcam.model import utc
    from netcam.programme.count import programme as count
    from netcam.programme.targets import load_targets

    wanted = load_targets(targets) if targets is not None else None
    now = utc().strftime("%Y-%m-%dT%H:%M:%S.000Z")
    if on is not None:
        try:
            now = f"{date.fromisoformat(on).isoformat()}T23:59:59.999Z"
        except ValueError as error:
            raise ConfigError(f"--on {on!r} is no day such as 2026-01-31") from error
    past = _past(reports, db)
    newest = max((visit.started_at for visit in past.visits()), default="")
    if on is not None and newest > now:
        raise ConfigError(f"--on {on}: there are scans up to {newest[:10]}, and a programme counts all of them")
    _check_names(past, sites, list_ids or (wanted.programme.lists if wanted else ()))
    return count(
        past, now=now, lists=list_ids, targets=wanted, confirm=confirm, stale_days=stale_days, sites=sites
    )


def _past(reports: tuple[str, ...], db: str | None) -> Past:
    if not reports:
        return history_of(db)
    if db is not None:
        raise ConfigError("--db and reports: the programme counts one or the other")
    from netcam.report.to_json import load
    from netcam.tracking.reports import Reports

    try:
        return Reports(load(path) for path in reports)
    except ConfigError as error:
        say(f"netcam: {error}")
        raise Exit(FAILED) from error


def _check_names(past: Past, sites: tuple[str, ...], list_ids: tuple[str, ...]) -> None:
    """Sites and lists that nothing is known of are slips of the pen.

    Raises:
        ConfigError: naming those that there are.
    """
    scanned = sorted(site for site in past.sites() if site is not None)
    for site in sites:
        if site not in scanned:
            raise ConfigError(f"--site {site!r}: no scan of it; there are {', '.join(scanned) or 'none'}")
    known = {id for visit in past.visits() for id in visit.versions.lists} if list_ids else set()
    for id in list_ids:
        if id not in known:
            there = sorted(known)
            raise ConfigError(f"list {id!r}: no scan was held against it; there are {', '.join(there) or 'none'}")
