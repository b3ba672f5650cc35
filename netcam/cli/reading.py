"""`netcam identify`, `explain` and `schema`: what needs no network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from netcam.cli.common import DATA, LISTS, OUTPUT, WITH_COLOR, check_outputs, check_writable, deliver, knowledge
from netcam.cli.errors import FAILED, Exit, put, say
from netcam.cli.keeping import SAVING, keeper
from netcam.errors import ConfigError

if TYPE_CHECKING:
    from netcam.knowledge import Knowledge
    from netcam.model import Observation
    from netcam.model.report import DeviceRecord


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, exists=True))
@click.option(
    "--format", "form", type=click.Choice(["table", "jsonl"]), default="table", help="How identities are printed."
)
@click.option("--all", "show_all", is_flag=True, help="Show devices that are no CCTV too.")
@OUTPUT
@SAVING
@LISTS
@WITH_COLOR
def identify(
    file: str,
    form: str,
    show_all: bool,
    output: tuple[str, ...],
    save: bool,
    db: str | None,
    list_ids: tuple[str, ...],
    list_files: tuple[Path, ...],
    data: Path | None,
    no_color: bool,
) -> None:
    """Identities from observations that somebody else collected.

    FILE ('-' for standard input) holds one JSON object a line with "kind" and "value" (docs/report-format.md), or is a
    saved report, which is judged again with today's signatures and lists.

    \b
    Examples:
      netcam identify observations.jsonl --format jsonl
      some-tool --json | netcam identify -
      netcam identify last-month.json -o judged-again.json
    """
    from netcam.pipeline import identify as run
    from netcam.pipeline import rejudge

    check_outputs(output)
    saver = keeper(save, db)
    known = knowledge(data, list_ids, list_files)
    with _opened(file) as stream:
        head, lines = _peek(stream)
        if _is_report(head):
            from netcam.report.to_json import SIZE_LIMIT, loads

            try:
                report = rejudge(loads(unpacked(head + stream.read(SIZE_LIMIT), file), file), known)
            except ConfigError as error:
                say(f"netcam: {error}")
                raise Exit(FAILED) from error
            if form == "jsonl":
                _jsonl(({"device": d.id, "ids": []}, d) for d in report.devices)
            deliver(report, output, None, saver, show_all=show_all, quiet=form == "jsonl", no_color=no_color)
            return
        found, bad = run(lines, known)
    for problem in bad:
        say(f"{file}: line {problem.number}: {problem.reason}")
    if form == "jsonl":
        _jsonl(({"device": intake.key, "ids": intake.ids}, device) for intake, device in found)
    if output or saver or form == "table":
        from netcam.pipeline import report_of

        made, quiet = report_of(found, known), form == "jsonl"
        deliver(made, output, None, saver, show_all=show_all, quiet=quiet, no_color=no_color)
    if bad:
        raise Exit(FAILED)


def observations_of(path: Path, device: str | None, known: Knowledge) -> Sequence[Observation]:
    """What one device of a recording or a saved report showed.

    Raises:
        ConfigError: no device of that name, or several and none named.
        StoreError: the file can't be read.
    """
    from netcam.intake import read_observations
    from netcam.pipeline import input_kinds, seen_in
    from netcam.probes import decoders
    from netcam.report.explain import find_device

    with _opened(str(path)) as stream:
        head, lines = _peek(stream)
        if _is_report(head):
            from netcam.report.to_json import SIZE_LIMIT, loads

            report = loads(unpacked(head + stream.read(SIZE_LIMIT), str(path)), str(path))
            if device is None and len(report.devices) != 1:
                raise ConfigError(f"{path} holds {len(report.devices)} devices; say which with --device ADDRESS")
            return seen_in(report, report.devices[0] if device is None else find_device(report, device))
        found, bad = read_observations(lines, decoders(), input_kinds(known))
    for problem in bad:
        say(f"{path}: line {problem.number}: {problem.reason}")
    if device is not None:
        found = [i for i in found if device == str(i.key) or any(device == str(o.endpoint.ip) for o in i.observations)]
    if len(found) != 1:
        raise ConfigError(f"{path}: {len(found)} devices{' of that name' if device else ''}; name one with --device")
    return found[0].observations


def _opened(file: str) -> IO[bytes]:
    return click.open_file(file, "rb")


def _peek(stream: IO[bytes]) -> tuple[bytes, Iterator[str]]:
    """The first line, and all lines as text with that one in front."""
    head = stream.readline()

    def lines() -> Iterator[str]:
        yield head.decode("utf-8", "replace")
        for line in stream:
            yield line.decode("utf-8", "replace")

    return head, lines()


def _is_report(head: bytes) -> bool:
    """Whether a file that begins so is a report: its first key is `schema`, or it is one object over many lines."""
    text = head.strip()
    return text == b"{" or text.startswith((b'{"schema"', b'{ "schema"', b"PK\3\4"))


def unpacked(data: bytes, name: str) -> bytes:
    """The report in a bundle; other data as it is.

    Raises:
        ConfigError: a zip that holds no report, or one longer than any.
    """
    if not data.startswith(b"PK\3\4"):
        return data
    import io
    import zipfile
    import zlib

    from netcam.bundle import REPORT
    from netcam.report.to_json import SIZE_LIMIT

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed, packed.open(REPORT) as file:
            return file.read(SIZE_LIMIT + 1)
    except (KeyError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ConfigError(f"{name}: a zip without a {REPORT} that can be read") from error


def _jsonl(devices: Iterable[tuple[dict[str, object], DeviceRecord]]) -> None:
    from netcam.report.to_jsonl import line

    put(b"".join(line(device, first) for first, device in devices))


@click.command()
@click.argument("report", type=click.Path(dir_okay=False, exists=True))
@click.argument("address")
@click.option(
    "--bundle",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the device with its observations to FILE (.zip or .json), without serials, MAC tails, addresses and "
    "names, fit for a bug report.",
)
@DATA
def explain(report: str, address: str, bundle: Path | None, data: Path | None) -> None:
    """The chain behind one device: observation, signature, claim, verdict, citation.

    ADDRESS is an IP address, a MAC, or a device id of the report.

    \b
    Examples:
      netcam explain report.json 10.0.0.20
      netcam explain report.json 44:19:b6:00:00:01
      netcam explain report.json 10.0.0.20 --bundle wrong-match.zip
    """
    if bundle is not None:
        if bundle.suffix.lower() not in (".zip", ".json"):
            raise ConfigError(f"--bundle {bundle}: the name ends in .zip or .json")
        check_writable("--bundle", bundle)
    from netcam.report.explain import explain as chain
    from netcam.report.explain import find_device
    from netcam.report.to_json import load

    try:
        loaded = load(report)
    except ConfigError as error:
        say(f"netcam: {error}")
        raise Exit(FAILED) from error
    device = find_device(loaded, address)
    if bundle is None:
        click.echo(chain(loaded, device), nl=False)
        return
    from netcam.bundle import bundle as make
    from netcam.bundle import pack
    from netcam.report.to_json import dump
    from netcam.report.write import write_atomically

    made = make(loaded, device, knowledge(data, (), ()))
    write_atomically(bundle, pack(made.report) if bundle.suffix.lower() == ".zip" else dump(made.report))
    if made.changed:
        say(f"note: without its secrets the device is judged otherwise: {', '.join(made.changed)}")
    say(f"wrote {bundle}; look through it before you send it: free texts may hold what only a person recognises")


@click.command()
def schema() -> None:
    """The JSON Schema of the report, as generated from the types that write it."""
    import json

    from netcam.report.to_json import json_schema

    click.echo(json.dumps(json_schema(), indent=2))
