"""`netcam watch`, `netcam schedule`, and the run of `netcam scan --scheduled`."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netcam.cli.configured import CONFIG, Setup, load_setup
from netcam.cli.errors import BUSY, FAILED, FOUND, NOT_COVERED, USAGE, Exit, say
from netcam.errors import ConfigError, ExportError, NetcamError, StoreError
from netcam.safetext import visible

if TYPE_CHECKING:
    from netcam.config.load import Config
    from netcam.config.tables import Export, Site
    from netcam.model.report import Report
    from netcam.pipeline import Settings
    from netcam.schedule.places import Job
    from netcam.schedule.run import Outcome
    from netcam.schedule.status import Status
    from netcam.schedule.units import Wanted

GRACE_S = 60.0  # what a scan that was told to end may take to write its report

_SITE = click.option("--site", metavar="NAME", help="Only this site of the settings.")
_KEEP = click.option(
    "--keep", metavar="TIME", help="Delete own reports older than this (90d); the last good one always stays."
)
_JITTER = click.option("--jitter", metavar="TIME", help="Begin up to this much later, by chance (10m).")


def run_scheduled(
    setup: Setup,
    settings: Settings,
    work: Callable[[], tuple[Report, bool, tuple[str, ...]]],
    fail_on: str,
    hand_over: Callable[[Report], None],
) -> int:
    """One run as schedules do it; gives the exit code.

    Raises:
        ConfigError: targets beside a site's, or no site named where there are some.
        Exit: another run of the scope is under way.
        NetcamError: as the scan; the status says so too.
    """
    from netcam.model import utc
    from netcam.report.write import write_atomically
    from netcam.schedule.lock import Busy
    from netcam.schedule.places import job_of
    from netcam.schedule.run import run

    config, site = setup.config, setup.site
    if config.file.site and site is None:
        raise ConfigError("--scheduled: the settings have sites; say which with --site, or use `netcam watch --once`")
    if site is not None and settings.targets:
        raise ConfigError("--scheduled: a site's targets stand in the settings; none can be given here")
    job = job_of(config, site, os.environ)

    def scan() -> Outcome:
        report, interrupted, counted = work()
        made = _outcome(report, job, fail_on, counted, interrupted)
        return replace(made, after=lambda path: _after(lambda: hand_over(report), path, setup, job))

    try:
        return run(job, scan, write=write_atomically, now=utc, say=say)
    except Busy as error:
        say(f"netcam: {error}")
        return BUSY


def _after(hand_over: Callable[[], None], report: Path | None, setup: Setup, job: Job) -> None:
    """What is done with a report that was kept: other files and the history, then every destination of [[export]].

    All are tried, and the first failure is raised. Destinations get complete reports only: of a scan that was cut
    short, nobody could tell what it did not see.
    """
    failed: NetcamError | None = None
    try:
        hand_over()
    except NetcamError as error:
        failed = error
    if report is not None:
        from netcam.config.exports import exports_of

        for export in exports_of(setup.config, setup.site):
            try:
                _export(setup.config, export, report, job)
            except NetcamError as error:
                failed = failed or error
    if failed is not None:
        raise failed


def _export(config: Config, export: Export, report: Path, job: Job) -> None:
    from netcam.config.exports import title, words_of

    said = words_of(config, export, job.scope, os.environ)
    command = [sys.executable, "-m", "netcam", "export", str(report), *said.words, "--quiet"]
    if "output" not in export.options:  # files have no journal
        command += ["--state", str(job.status_path.with_name(f"export-{title(export)}.jsonl"))]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False, env={**os.environ, **said.env}
    )
    if done.returncode:
        raise ExportError(title(export), f"netcam export ended with exit code {done.returncode}", retry=True)


def _outcome(report: Report, job: Job, fail_on: str, counted: tuple[str, ...], interrupted: bool) -> Outcome:
    from netcam.cli.scanning import leave
    from netcam.report.forms import render
    from netcam.schedule.run import Outcome

    code = 0
    try:
        leave(report, fail_on, counted, interrupted)
    except Exit as done:
        code = done.code
    listed = sum(any(v.outcome == "listed" and v.list in counted for v in d.verdicts) for d in report.devices)
    short = [c for c in report.scan.coverage if c.what == "the whole scope"]
    return Outcome(
        code=code, complete=report.scan.complete, devices=len(report.devices), listed=listed,
        forms={form: partial(render, report, f"report.{form}") for form in job.forms},
        message="; ".join(c.why for c in short),
    )  # fmt: skip


@click.command()
@CONFIG
@click.option("--every", metavar="TIME", help="How often: 6h, 1d; else what [schedule] in the settings says.")
@_JITTER
@_SITE
@_KEEP
@click.option("--once", is_flag=True, help="Run every site once, now, and end; what timers and cron call.")
def watch(
    config: Path | None, every: str | None, jitter: str | None, site: str | None, keep: str | None, once: bool
) -> None:
    """Scan every site of the settings again and again; for containers, where there is no scheduler.

    One scan runs at a time. A site's hours are respected, and a run that was missed is made up for once. SIGTERM ends
    the scan that is running with what it has, and then this command.

    \b
    Examples:
      netcam watch --every 6h --jitter 10m --config netcam.toml
      netcam watch --once --config netcam.toml --site store-17
    """
    from netcam.config.words import spoken
    from netcam.schedule.due import Every, SystemClock, plan_of

    env = {**os.environ, **({"NETCAM_OUTPUT_KEEP": keep} if keep is not None else {})}
    setup = load_setup(config, site, env)
    jobs = jobs_of(setup, env)
    jitter_s = _duration("--jitter", jitter if jitter is not None else setup.config.file.schedule.jitter) or 0.0
    runner = _Runner(setup.config, env)
    runner.catch_signals()
    if once:
        runner.stop.wait(_chance(jitter_s))
        raise Exit(_once(runner, jobs))
    plan = plan_of(setup.config.file.schedule)
    if every is not None:
        plan = Every(interval_s=_duration("--every", every) or 0.0)
    if plan is None:
        raise ConfigError("--every is missing, and the settings have no [schedule] with every or at")
    when = f"every {spoken(plan.interval_s)}" if isinstance(plan, Every) else "at the times of [schedule]"
    say(f"watching {', '.join(visible(job.title) for _, job in jobs)}: {when}")
    _watch(runner, jobs, plan, jitter_s, SystemClock())


def jobs_of(setup: Setup, env: Mapping[str, str]) -> list[tuple[Site | None, Job]]:
    """The scopes that the settings have, or the one that was named."""
    from netcam.schedule.places import job_of

    sites: list[Site | None] = [setup.site] if setup.site is not None else list(setup.config.file.site)
    return [(site, job_of(setup.config, site, env)) for site in sites or [None]]


def _watch(runner: _Runner, jobs: list[tuple[Site | None, Job]], plan: Any, jitter_s: float, clock: Any) -> None:
    from netcam.schedule import status
    from netcam.schedule.due import Due
    from netcam.schedule.watch import Watched
    from netcam.schedule.watch import watch as loop

    watched = []
    for site, job in jobs:
        said = status.load(job.status_path)
        due = Due(
            plan, clock, last_started=_moment(said.started_at) if said is not None else None,
            jitter=partial(_chance, jitter_s),
        )  # fmt: skip
        watched.append(Watched(job=job, due=due, may_start=_may_start(site)))
    loop(watched, runner.run, clock=clock, wait=runner.stop.wait, say=say)


def _may_start(site: Site | None) -> Callable[[datetime], datetime | None]:
    from netcam.config.limits import next_start

    return (lambda at: at) if site is None else partial(next_start, site)


def _once(runner: _Runner, jobs: list[tuple[Site | None, Job]]) -> int:
    """Every scope in turn; the exit code that says most: failed, refused, found, not covered, busy, done."""
    codes = set()
    for site, job in jobs:
        if runner.stop.is_set():
            break
        start = _may_start(site)(_now())
        if start is None or start > _now():
            when = f"not before {start:%Y-%m-%d %H:%M} UTC" if start is not None else "never"
            say(f"{visible(job.title)!r} is left out: by the hours of its settings it may be scanned {when}")
            codes.add(NOT_COVERED)
            continue
        codes.add(runner.run(job))
    return next((code for code in (FAILED, USAGE, FOUND, NOT_COVERED, BUSY) if code in codes), max(codes, default=0))


class _Runner:
    """Runs each scan as a process of its own, so that whatever happens to it, this one goes on."""

    def __init__(self, config: Config, env: Mapping[str, str]) -> None:
        self.stop = threading.Event()
        self._config, self._env = config, dict(env)
        self._child: subprocess.Popen[bytes] | None = None

    def catch_signals(self) -> None:
        """SIGTERM and Ctrl-C end the scan that is running, and then the loop."""

        def end(number: int, frame: object) -> None:
            self.stop.set()
            if self._child is not None:
                self._child.terminate()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)

    def run(self, job: Job) -> int:
        """Scan one scope; gives the exit code."""
        from netcam.schedule.run import crashed

        command = [sys.executable, "-m", "netcam", "scan", "--scheduled", "--quiet"]
        if self._config.path is not None:
            command += ["--config", str(self._config.path)]
        if job.site is not None:
            command += ["--site", job.site]
        self._child = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=self._env)
        if self.stop.is_set():  # the signal came before there was anybody to pass it on to
            self._child.terminate()
        code = self._wait(self._child)
        self._child = None
        if code not in (0, BUSY):
            crashed(job, code, _now())
        say(f"{visible(job.title)}: " + (f"killed by signal {-code}" if code < 0 else f"exit code {code}"))
        return code if code >= 0 else FAILED

    def _wait(self, child: subprocess.Popen[bytes]) -> int:
        told: float | None = None
        while True:
            try:
                return child.wait(timeout=1)
            except subprocess.TimeoutExpired:
                told = (told or time.monotonic()) if self.stop.is_set() else None
                if told is not None and time.monotonic() - told > GRACE_S:
                    child.kill()


def _now() -> datetime:
    from netcam.model import utc

    return utc()


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _chance(jitter_s: float) -> float:
    return random.uniform(0.0, jitter_s)  # noqa: S311 - it spreads load, and guards nothing


def _duration(option: str, value: str | int | None) -> float | None:
    from netcam.config.words import seconds

    try:
        return None if value is None else seconds(value)
    except ValueError as error:
        raise ConfigError(f"{option} {error}") from error



@click.group()
def schedule() -> None:
    """Scans that run by themselves, by the system's own scheduler, as [schedule] in the settings says.

    \b
    Examples:
      netcam schedule install --config /etc/netcam/netcam.toml --dry-run
      netcam schedule install --config /etc/netcam/netcam.toml --site store-17 --kind cron
      netcam schedule status
    """


def _WHERE(command: Any) -> Any:
    """--config, --site, --kind, --root."""
    for option in (
        click.option(
            "--root", type=click.Path(path_type=Path, file_okay=False, exists=True), default=Path("/"),
            show_default=True, help="Write and look beneath this folder, as for an image of another machine.",
        ),
        click.option(
            "--kind", type=click.Choice(["systemd", "cron", "launchd", "windows"]),
            help="The scheduler; else the one this machine has.",
        ),
        _SITE,
        CONFIG,
    ):  # fmt: skip
        command = option(command)
    return command


@schedule.command("install")
@_WHERE
@click.option("--every", metavar="TIME", help="How often: 6h, 1d; else what [schedule] in the settings says.")
@_JITTER
@_KEEP
@click.option("--user", metavar="NAME", help="Whom it runs as; by default systemd makes a user that owns nothing.")
@click.option("--now", "activate", is_flag=True, help="Also run the commands that make the files count.")
@click.option("--dry-run", is_flag=True, help="Print the files, and write nothing.")
def schedule_install(
    config: Path | None, site: str | None, kind: str | None, root: Path, every: str | None, jitter: str | None,
    keep: str | None, user: str | None, activate: bool, dry_run: bool,
) -> None:
    """Write what this machine's scheduler needs: a systemd timer, a cron file, a launchd plist or a Windows task."""
    from netcam.report.write import write_atomically
    from netcam.schedule.install import kind_here, put, under
    from netcam.schedule.units import activation, chancy, cron_line, files

    setup = load_setup(config, site)
    kind = kind or kind_here(root)
    wanted = _wanted(setup, every=every, jitter=jitter, keep=keep, user=user)
    made = files(kind, wanted)
    if dry_run:
        for file in made:
            click.echo(f"# {under(root, file.place)}\n{_text(file.data)}")
        if kind == "cron":
            click.echo(f"# or, in your own crontab (crontab -e):\n{cron_line(chancy(wanted), None)}", nl=False)
        return
    for path in put(made, root, write_atomically):
        click.echo(f"wrote {visible(str(path), 1000)}")
    _carry_out(activation(kind, wanted.name), activate and root == Path("/"), "to make it count")


@schedule.command("remove")
@_WHERE
@click.option("--now", "activate", is_flag=True, help="Also run the commands that stop it first.")
def schedule_remove(config: Path | None, site: str | None, kind: str | None, root: Path, activate: bool) -> None:
    """Delete the files that install wrote, and no others."""
    from netcam.schedule.install import kind_here, remove
    from netcam.schedule.units import deactivation

    kind = kind or kind_here(root)
    name = _unit(load_setup(config, site))
    _carry_out(deactivation(kind, name), activate and root == Path("/"), "before or after")
    gone = remove(kind, name, root)
    for path in gone:
        click.echo(f"deleted {visible(str(path), 1000)}")
    if not gone:
        click.echo(f"nothing to delete: there is no {kind} schedule {name}")


@schedule.command("show")
@_WHERE
def schedule_show(config: Path | None, site: str | None, kind: str | None, root: Path) -> None:
    """The files as they are installed; exit code 1 where there are none."""
    from netcam.schedule.install import kind_here, under
    from netcam.schedule.units import places

    kind = kind or kind_here(root)
    name = _unit(load_setup(config, site))
    there = [path for place in places(kind, name) if (path := under(root, place)).is_file()]
    for path in there:
        click.echo(f"# {path}\n{_text(path.read_bytes())}")
    if not there:
        say(f"there is no {kind} schedule {name}; `netcam schedule install` makes one")
        raise Exit(FAILED)


@schedule.command("status")
@CONFIG
@_SITE
@click.option("--json", "as_json", is_flag=True, help="The status files as one JSON list.")
def schedule_status(config: Path | None, site: str | None, as_json: bool) -> None:
    """How the last run of every site went; exit code 1 where one failed, ended early, or never was."""
    import json
    from dataclasses import asdict

    from netcam.schedule import status
    from netcam.schedule.lock import holder

    rows, well = [], True
    for _, job in jobs_of(load_setup(config, site), os.environ):
        said, running = status.load(job.status_path), holder(job.lock_path)
        if said is not None and said.state == "running" and running is None:
            said = replace(said, state="crashed", message="the run had no end: it was killed, or the power went")
        well = well and said is not None and said.state in ("done", "running")
        rows.append(asdict(said) if said is not None else {"scope": job.scope, "state": "never", "message": ""})
        if not as_json:
            click.echo(_row(job, said, str(running) if running is not None else ""))
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    if not well:
        raise Exit(FAILED)


def _row(job: Job, said: Status | None, running: str) -> str:
    if said is None:
        return f"{visible(job.title)}: no run yet (no {visible(str(job.status_path), 1000)})"
    words = [f"{visible(job.title)}: {visible(said.state, 20)}, began {visible(said.started_at, 40)}"]
    if running:
        words.append(f"running now: {running}")
    if said.devices is not None:
        words.append(f"{said.devices} devices, {said.listed} listed")
    if said.exit_code is not None:
        words.append(f"exit code {said.exit_code}")
    if said.message:
        words.append(visible(said.message, 500))
    words.append(f"last good report {visible(said.last_good.report, 1000)}" if said.last_good else "no good report yet")
    return "; ".join(words)


def _wanted(
    setup: Setup, *, every: str | None, jitter: str | None, keep: str | None, user: str | None
) -> Wanted:
    """What a scheduler is to be told.

    Raises:
        ConfigError: no settings file, or no word on when.
    """
    from netcam.schedule.due import Every, plan_of
    from netcam.schedule.places import SYSTEM_STATE, job_of
    from netcam.schedule.units import Wanted

    path, settings = setup.config.path, setup.config.file
    if path is None:
        raise ConfigError("there is no netcam.toml to scan by; --config names one")
    plan = Every(interval_s=_duration("--every", every) or 0.0) if every is not None else plan_of(settings.schedule)
    if plan is None:
        raise ConfigError("--every is missing, and the settings have no [schedule] with every or at")
    job = job_of(setup.config, setup.site, {"STATE_DIRECTORY": SYSTEM_STATE})
    settings_path = Path(os.path.abspath(path))
    # -P: no module is taken from the folder that the scheduler happens to start in.
    command = [os.path.abspath(sys.executable), "-P", "-m", "netcam", "watch", "--once", "--config", str(settings_path)]
    if setup.site is not None:
        command += ["--site", setup.site.id]
    if keep is not None:
        _duration("--keep", keep)
        command += ["--keep", keep]
    return Wanted(
        name=_unit(setup), title=job.title if setup.site is not None else f"the sites of {settings_path.name}",
        command=tuple(command), plan=plan, config=settings_path, user=user, state=job.state, reports=job.folder.parent,
        jitter_s=_duration("--jitter", jitter if jitter is not None else settings.schedule.jitter) or 0.0,
    )  # fmt: skip


def _unit(setup: Setup) -> str:
    return f"netcam-{setup.site.id}" if setup.site is not None else "netcam"


def _text(data: bytes) -> str:
    return data.decode("utf-16") if data.startswith(b"\xff\xfe") else data.decode("utf-8", "replace")


def _carry_out(commands: Sequence[tuple[str, ...]], really: bool, what: str) -> None:
    """Run the scheduler's own commands, or say what they are."""
    for command in commands:
        if not really:
            click.echo(f"{what}: {' '.join(command)}")
            continue
        try:
            code = subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode
        except OSError as error:
            raise StoreError(f"{command[0]}: can't be run: {error.strerror}") from error
        if code:
            raise StoreError(f"{' '.join(command)}: exit code {code}")
