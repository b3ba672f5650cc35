"""`netcam pcap` and `netcam listen`: devices by what they say unasked."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from netcam.cli.common import LISTS, OUTPUT, WITH_COLOR, check_outputs, check_writable, deliver, knowledge
from netcam.cli.errors import FAILED, Exit, say
from netcam.cli.keeping import SAVING, keeper
from netcam.cli.scanning import leave

if TYPE_CHECKING:
    from netcam.heard import Heard
    from netcam.knowledge import Knowledge

F = TypeVar("F", bound=Callable[..., Any])


def source_options(command: F) -> F:
    """What commands that only read take besides their source."""
    for option in (
        WITH_COLOR,
        click.option("--quiet", "-q", is_flag=True, help="No table."),
        click.option("--all", "show_all", is_flag=True, help="Show devices that are no CCTV too."),
        LISTS,
        SAVING,
        click.option(
            "--record",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="PATH",
            help="Write the raw observations as JSON Lines.",
        ),
        click.option("--site", metavar="NAME", help="Name of the place; part of each device's identity."),
        click.option(
            "--fail-on",
            type=click.Choice(["none", "listed", "possible"]),
            default="none",
            show_default=True,
            help="Exit with 3 when a device has this outcome on a list; possible includes listed.",
        ),
        OUTPUT,
    ):
        command = option(command)
    return command


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(dir_okay=False, exists=True))
@source_options
def pcap(files: tuple[str, ...], **options: Any) -> None:
    """Devices heard in captures of network traffic: pcap or pcapng, plain or gzip. Nothing is sent.

    Whoever answers, announces or asks for an address is heard; who views a camera is no camera. Of names that clients
    look up only those are kept that a signature knows, and only where another sign names a maker too.

    \b
    Examples:
      netcam pcap store-17.pcapng.gz -o report.html
      netcam pcap monday.pcap tuesday.pcap --all --fail-on listed
    """

    def work(known: Knowledge) -> Coroutine[Any, Any, Heard]:
        from netcam.heard import read_captures

        return read_captures(files, known, site=options["site"])

    _listen_through(work, options)


@click.command()
@click.option(
    "--for", "seconds", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", required=True,
    help="How long to listen; most devices announce themselves within some minutes.",
)
@click.option("--interface", metavar="NAME", help="Where to listen; the first one that is up by default.")
@source_options
def listen(seconds: float, interface: str | None, **options: Any) -> None:
    """Devices heard on an interface: broadcasts, multicast and whatever else reaches this machine. Nothing is sent.

    Takes root or CAP_NET_RAW, on Linux. At a switch's mirror port the conversations of others are heard too, as far as
    the card passes them on.

    \b
    Examples:
      netcam listen --for 600 -o report.json
      netcam listen --for 60 --interface eth1 --all
    """  # fmt: skip
    from netcam.heard import listening_place

    place, others = listening_place(interface)
    if others and not options["quiet"]:
        say(f"listening on {place}; also there: {', '.join(others)}")

    def work(known: Knowledge) -> Coroutine[Any, Any, Heard]:
        from netcam.heard import listen as run

        return run(place, seconds, known, site=options["site"])

    _listen_through(work, options)


def _listen_through(work: Callable[[Knowledge], Coroutine[Any, Any, Heard]], options: dict[str, Any]) -> None:
    def heard_by(known: Knowledge) -> Heard:
        heard = asyncio.run(_until_told_to_stop(work(known)))
        for line in heard.unread:
            say(f"netcam: {line}")
        return heard

    carry_out(heard_by, **options)


def carry_out(
    work: Callable[[Knowledge], Heard],
    *,
    output: tuple[str, ...],
    fail_on: str,
    site: str | None,
    record: Path | None,
    save: bool,
    db: str | None,
    list_ids: tuple[str, ...],
    list_files: tuple[Path, ...],
    data: Path | None,
    show_all: bool,
    quiet: bool,
    no_color: bool,
) -> None:
    """Do the work of a command that only takes in, write its report, and leave with the exit code that fits.

    Args:
        work: has told what it could not read.
    Raises:
        Exit: something could not be read, or --fail-on found what it looks for.
    """
    check_outputs(output)
    if record is not None:
        check_writable("--record", record)
    saver = keeper(save, db)
    known = knowledge(data, list_ids, list_files)
    heard = work(known)
    deliver(heard.report, output, record, saver, show_all=show_all, quiet=quiet, no_color=no_color)
    if heard.unread and not heard.interrupted:
        raise Exit(FAILED)
    leave(heard.report, fail_on, list_ids or tuple(known.lists), heard.interrupted)


async def _until_told_to_stop(work: Coroutine[Any, Any, Heard]) -> Heard:
    """Ctrl-C ends the listening, not the report of what was heard by then."""
    task = asyncio.create_task(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, task.cancel)
        except NotImplementedError:  # Windows: KeyboardInterrupt reaches the task by itself
            break
    return await task
