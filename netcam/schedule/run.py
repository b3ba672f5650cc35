"""One run of one scope: alone, with its reports dated, the last good one kept, and a last word for who watches."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from netcam.errors import ConfigError, NetcamError, ScopeError, StoreError
from netcam.safetext import visible

from . import status
from .keep import Write, expire, point, stem_of, sweep
from .lock import Busy, held
from .places import Job
from .status import Good, LastWord, Status

# The contract's exit codes; only the command line ends with them.
FAILED, REFUSED, INTERRUPTED = 1, 2, 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a scan gave.

    Attributes:
        code: the exit code that it stands for: 0, 3, 4 or 130.
        forms: suffix -> makes the report in that form.
        after: what else is done, once the files are whole, with the path of the complete JSON report (None without
            one); a failure there takes none of them away.
    """

    code: int
    complete: bool
    devices: int
    listed: int
    forms: Mapping[str, Callable[[], bytes]]
    message: str = ""
    after: Callable[[Path | None], None] = lambda report: None


def run(
    job: Job,
    scan: Callable[[], Outcome],
    *,
    write: Write,
    now: Callable[[], datetime],
    say: Callable[[str], None],
) -> int:
    """Scan and keep the reports; gives the exit code.

    The report of an earlier run is never touched: the new one has a name of its own, and latest.json changes only when
    a complete report lies there whole.

    Raises:
        Busy: another run holds the scope; nothing was done.
        StoreError: no lock, or no room for a status; nothing was scanned. Or the last word could not be written.
        NetcamError: what the scan refused or failed to do; the status says so too.
    """
    started = now()
    with held(job.lock_path, job.title, started):
        before = status.load(job.status_path)
        if before is not None and before.state == "running":
            say(f"the run that began {visible(before.started_at, 40)} had no end: it was killed, or the power went")
        sweep(job.status_path.parent)
        running = Status(
            scope=job.scope, site=job.site, state="running", pid=os.getpid(), started_at=_utc(started),
            last_good=before.last_good if before is not None else None,
        )  # fmt: skip
        last = LastWord(job.status_path)
        try:
            LastWord(job.status_path).say(running)
            ended, failed = _scanned(job, scan, running, started, write, say)
        except BaseException:
            last.drop()
            raise
        last.say(replace(ended, ended_at=_utc(now())))
    if failed is not None:
        raise failed
    return ended.exit_code or 0


def _scanned(
    job: Job,
    scan: Callable[[], Outcome],
    running: Status,
    started: datetime,
    write: Write,
    say: Callable[[str], None],
) -> tuple[Status, BaseException | None]:
    """The status at the end, and what has to be raised once it is written."""
    try:
        check_folder(job.folder)
        sweep(job.folder)
        outcome = scan()
    except (ConfigError, ScopeError) as error:
        return replace(running, state="refused", exit_code=REFUSED, message=str(error)), error
    except NetcamError as error:
        return replace(running, state="failed", exit_code=FAILED, message=str(error)), error
    except KeyboardInterrupt as error:
        return replace(running, state="interrupted", exit_code=INTERRUPTED, message="interrupted"), error
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        return replace(running, state="failed", exit_code=FAILED, message=message), error
    return _written(job, outcome, running, started, write, say)


def _written(
    job: Job, outcome: Outcome, running: Status, started: datetime, write: Write, say: Callable[[str], None]
) -> tuple[Status, BaseException | None]:
    stem = stem_of(job, started)
    failed: NetcamError | None = None
    report: Path | None = None
    for form in sorted(outcome.forms, key=lambda form: form != "json"):
        path = job.folder / f"{stem}.{form}"
        try:
            write(path, outcome.forms[form]())
        except StoreError as error:
            failed = failed or error
        else:
            report = path if form == "json" else report
    good = running.last_good
    if report is not None and outcome.complete:
        try:
            point(job, report, write)
            good = Good(at=running.started_at, report=str(report))
        except StoreError as error:
            failed = failed or error
    try:
        outcome.after(report if outcome.complete else None)
    except NetcamError as error:
        failed = failed or error
    for path in expire(job, started, stem, Path(good.report).stem if good is not None else None):
        say(f"{visible(str(path), 1000)}: deleted, older than reports are kept")
    if failed is not None and good is not None:
        say(f"the last good report is {visible(good.report, 1000)}")
    ended = replace(
        running, state="failed" if failed else "interrupted" if outcome.code == INTERRUPTED else "done",
        exit_code=FAILED if failed else outcome.code, message=str(failed) if failed else outcome.message,
        complete=outcome.complete, devices=outcome.devices, listed=outcome.listed,
        report=str(report) if report is not None else None, last_good=good,
    )  # fmt: skip
    return ended, failed


def check_folder(folder: Path) -> None:
    """Make the folder of reports, and find out now whether it takes files.

    Raises:
        StoreError: it can't be made, or takes none.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{visible(str(folder), 1000)}: can't be made: {error.strerror}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StoreError(f"{visible(str(folder), 1000)}: no report can be written in this folder")


def crashed(job: Job, code: int, now: datetime) -> None:
    """Note that the process of a run ended without a last word, unless it had one or another run is under way.

    Raises:
        StoreError: it can't be written.
    """
    with suppress(Busy), held(job.lock_path, job.title, now):
        said = status.load(job.status_path)
        if said is None or said.state != "running":
            return
        how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        LastWord(job.status_path).say(
            replace(said, state="crashed", ended_at=_utc(now), exit_code=FAILED, message=f"the run ended early: {how}")
        )


def _utc(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
