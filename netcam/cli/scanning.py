"""`netcam scan` and `netcam demo`."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netcam.cli.common import LISTS, OUTPUT, WITH_COLOR, check_outputs, check_writable, deliver, knowledge
from netcam.cli.errors import FOUND, INTERRUPTED, NOT_COVERED, Exit, say
from netcam.cli.keeping import SAVING, keeper

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netcam.discovery.plan import Plan
    from netcam.knowledge import Knowledge
    from netcam.model.report import Report
    from netcam.pipeline import Settings


def _words(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.strip() for item in value for word in item.split(",") if word.strip())


@click.command(
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage or refused scope, 3 a device with the --fail-on outcome, "
    "4 the scope could not be covered as asked (report written), 130 interrupted (report of what was known written)."
)
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@OUTPUT
@click.option(
    "--exclude", "excluded", multiple=True, metavar="TARGET",
    help="Addresses never to touch; repeatable, and as TARGET.",
)
@click.option(
    "--fail-on", type=click.Choice(["none", "listed", "possible"]), default="none", show_default=True,
    help="Exit with 3 when a device has this outcome on a list; possible includes listed.",
)
@click.option(
    "--pace", type=click.Choice(["gentle", "normal", "fast"]), default="normal", show_default=True,
    help="Packets a second in all / to one host, connections at once to one host: gentle 200/10/1, normal 2000/40/4, "
    "fast 20000/100/8.",
)
@click.option("--port", "ports", metavar="SPEC", help="TCP ports instead of the default ones: 80,443,8000-8010.")
@click.option(
    "--extra-port", "extra", multiple=True, metavar="SPEC",
    help="TCP ports besides the default ones; repeatable.",
)
@click.option(
    "--engine", type=click.Choice(["connect", "syn", "nmap"]), default="connect", show_default=True,
    help="How open TCP ports are found; syn takes CAP_NET_RAW, nmap the program nmap.",
)
@click.option(
    "--interface", "interfaces", multiple=True, metavar="NAME",
    help="Where multicast, broadcast and ARP go; repeatable.",
)
@click.option(
    "--without", multiple=True, metavar="NAME", callback=_words,
    help="Switch a probe off; repeatable (--without list).",
)
@click.option(
    "--with", "with_probes", multiple=True, metavar="NAME", callback=_words,
    help="Switch an optional probe on; repeatable (--with list).",
)
@click.option("--no-multicast", is_flag=True, help="The same as --without multicast.")
@click.option("--no-arp", is_flag=True, help="The same as --without arp.")
@click.option("--no-http", is_flag=True, help="The same as --without http.")
@click.option("--ipv6", is_flag=True, help="Ask the IPv6 groups of the link too; by default only IPv4 is asked.")
@click.option(
    "--passes", type=click.IntRange(1, 5), default=1, show_default=True, metavar="N",
    help="Search N times, and report all that was seen.",
)
@click.option(
    "--until-stable", is_flag=True,
    help="Search again until two passes agree, at most 5 times, or N with --passes.",
)
@click.option(
    "--deadline", type=click.FloatRange(min=1), metavar="SECONDS",
    help="End by then with what is known, marked incomplete.",
)
@click.option("--allow-public", is_flag=True, help="Also scan public addresses, where you may.")
@click.option("--site", metavar="NAME", help="Name of the place; part of each device's identity.")
@click.option(
    "--record", type=click.Path(path_type=Path, dir_okay=False), metavar="PATH",
    help="Write the raw observations as JSON Lines.",
)
@SAVING
@LISTS
@click.option("--all", "show_all", is_flag=True, help="Show devices that are no CCTV too.")
@click.option("--quiet", "-q", is_flag=True, help="No plan, no progress, no table.")
@click.option("--verbose", "-v", is_flag=True, help="Say on standard error what is going on.")
@WITH_COLOR
def scan(
    targets: tuple[str, ...], output: tuple[str, ...], excluded: tuple[str, ...], fail_on: str, pace: str,
    ports: str | None, extra: tuple[str, ...], engine: str, interfaces: tuple[str, ...], without: tuple[str, ...],
    with_probes: tuple[str, ...], no_multicast: bool, no_arp: bool, no_http: bool, ipv6: bool, passes: int,
    until_stable: bool, deadline: float | None,
    allow_public: bool, site: str | None, record: Path | None, save: bool, db: str | None, list_ids: tuple[str, ...],
    list_files: tuple[Path, ...], data: Path | None, show_all: bool, quiet: bool, verbose: bool, no_color: bool,
) -> None:
    """Find the devices of a LAN, say who made each CCTV device, hold the maker against lists, write the report.

    TARGET is an address, CIDR, dash range (10.0.0.10-60), host name, @file, or '-' for standard input. Without one, the
    private IPv4 networks attached to this machine are scanned. Root, or CAP_NET_RAW, adds ARP; nothing else needs it.

    \b
    Examples:
      netcam scan 10.0.0.0/24 -o report.json -o report.html
      netcam scan @store-17.txt --exclude 10.0.0.40-49 --pace gentle --site store-17
      netcam scan 10.0.0.0/24 --fail-on listed --list us-ndaa-889
      netcam scan -o - --quiet | jq '.devices[].manufacturer.name'
    """  # fmt: skip
    from netcam.discovery.ports import DEFAULT_PORTS, parse_ports
    from netcam.pipeline import Settings, optional_names, plan, probe_names

    if without == ("list",):
        click.echo("\n".join(probe_names()))
        return
    if with_probes == ("list",):
        click.echo("\n".join(optional_names()))
        return
    off = set(without)
    for flag, name in ((no_multicast, "multicast"), (no_arp, "arp"), (no_http, "http")):
        if flag:
            off.add(name)
    chosen = parse_ports(ports) if ports else DEFAULT_PORTS
    chosen += tuple(p for spec in extra for p in parse_ports(spec) if p not in chosen)
    reads_stdin = "-" in targets or "-" in excluded
    settings = Settings(
        targets=targets, excluded=excluded, pace=pace, ports=tuple(dict.fromkeys(chosen)), engine=engine,
        interfaces=interfaces, without=frozenset(off), with_probes=frozenset(with_probes), deadline_s=deadline,
        allow_public=allow_public, site=site, passes=passes, until_stable=until_stable, ipv6=ipv6,
        stdin=tuple(sys.stdin.read().splitlines()) if reads_stdin else (),
    )  # fmt: skip
    check_outputs(output)
    if record is not None:
        check_writable("--record", record)
    saver = keeper(save, db)
    _log(verbose)
    known = knowledge(data, list_ids, list_files)
    made = plan(settings)
    report, interrupted = carry_out(settings, known, made, quiet=quiet, no_color=no_color)
    deliver(report, output, record, saver, show_all=show_all, quiet=quiet, no_color=no_color)
    leave(report, fail_on, list_ids or tuple(known.lists), interrupted)


def carry_out(
    settings: Settings, known: Knowledge, made: Plan, *, quiet: bool, no_color: bool
) -> tuple[Report, bool]:
    """Print the plan, scan, and say whether somebody interrupted it."""
    from netcam.pipeline import scan as run

    if not quiet:
        for line in plan_lines(made):
            say(line)

    async def main(progress: Any) -> tuple[Report, bool]:
        task = asyncio.create_task(run(settings, known, plan_made=made, progress=progress))
        stopped = False

        def stop() -> None:
            nonlocal stopped
            stopped = True
            task.cancel()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, stop)
            except NotImplementedError:  # Windows: KeyboardInterrupt reaches the task by itself
                break
        return await task, stopped

    with progress_bar(quiet, no_color) as progress:
        return asyncio.run(main(progress))


def plan_lines(made: Plan) -> Iterator[str]:
    """The plan for people, before the first packet."""
    for segment in made.segments:
        by_arp = segment.own.version == 4 and made.raw and made.runs("arp")
        how = "TCP" if segment.loopback else "ARP" if by_arp else "TCP and the neighbour table"
        ask = "multicast and broadcast" if segment.group else f"no multicast: {segment.why_no_group}"
        count = sum(r.size for r in segment.ranges)
        walked = f"{count} addresses by {how}; " if count else ""
        yield f"network {segment.where}: {walked}{ask}"
    if made.routed:
        count = sum(r.size for r in made.routed)
        yield f"{made.where_routed}: {count} addresses by TCP, ICMP and unicast discovery"
    yield from made.notes
    if made.segments and not made.raw and made.runs("arp"):
        yield f"no ARP: {made.why_not_raw}"
    passes = f", up to {made.passes} passes" if made.passes > 1 else ""
    yield (
        f"{made.scope.addresses} addresses, {len(made.ports)} TCP ports, pace {made.pace.name}: at most "
        f"{made.packets_at_most} packets; where every fifth address answers about {made.expected_packets} packets "
        f"and {made.expected_s:.0f} s{passes}"
    )


@contextmanager
def progress_bar(quiet: bool, no_color: bool) -> Iterator[Any]:
    """A progress bar on standard error, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, no_color=no_color or None)
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"), TimeElapsedColumn(), console=console, transient=True,
    ) as bar:  # fmt: skip
        tasks: dict[str, Any] = {}

        def update(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=max(total, 1))
            bar.update(tasks[what], completed=done, total=max(total, done, 1))

        yield update


def leave(report: Report, fail_on: str, lists: tuple[str, ...], interrupted: bool) -> None:
    """The exit code of the contract: 3 wins over 4, an interruption over both."""
    if interrupted:
        say("netcam: interrupted; the report holds what was known by then")
        raise Exit(INTERRUPTED)
    wanted = {"listed": ("listed",), "possible": ("listed", "possible")}.get(fail_on, ())
    if any(v.outcome in wanted and v.list in lists for d in report.devices for v in d.verdicts):
        raise Exit(FOUND)
    if not report.scan.complete:
        say("netcam: the scope was not covered as asked; see `coverage` in the report")
        raise Exit(NOT_COVERED)


def _log(verbose: bool) -> None:
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if verbose else logging.WARNING,
        format="netcam: %(levelname)s %(message)s",
    )
    for name in ("asyncio", "urllib3", "zeroconf"):
        logging.getLogger(name).setLevel(logging.ERROR)


@click.command()
@click.option(
    "--output-dir", type=click.Path(path_type=Path, file_okay=False, exists=True), default=Path(),
    show_default="this folder",
    help="Where netcam-demo.json and netcam-demo.html go.",
)
@click.option("--all", "show_all", is_flag=True, help="Show devices that are no CCTV too.")
@click.option("--quiet", "-q", is_flag=True, help="No plan, no progress, no table.")
@WITH_COLOR
def demo(output_dir: Path, show_all: bool, quiet: bool, no_color: bool) -> None:
    """Scan an emulated store LAN: about two dozen devices on this machine's loopback, no root, nothing leaves.

    The devices are built from published protocol facts, not from netcam's own signatures. Writes netcam-demo.json and
    netcam-demo.html.

    \b
    Example:
      netcam demo
      netcam explain netcam-demo.json 127.77.0.10
    """
    from netcam.cli.store import run_demo

    run_demo(output_dir, show_all=show_all, quiet=quiet, no_color=no_color)
