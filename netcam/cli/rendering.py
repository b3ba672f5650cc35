"""`netcam report`: a saved report in any form, later."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from netcam.cli.common import WITH_COLOR, check_outputs, table, write_outputs
from netcam.cli.errors import FAILED, Exit, put, say
from netcam.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from netcam.model.report import Report


@click.command()
@click.argument("file", metavar="REPORT", type=click.Path(dir_okay=False, allow_dash=True, exists=True))
@click.option(
    "-o", "--to", "wanted", multiple=True, metavar="PATH|FORM",
    help="A file, whose suffix picks the form (.json .html .csv .jsonl .xlsx .md), or the bare name of a form, which "
    "goes to standard output; repeatable. Without it, the table of devices.",
)
@click.option("--all", "show_all", is_flag=True, help="Show devices that are no CCTV too, in the table.")
@WITH_COLOR
def report(file: str, wanted: tuple[str, ...], show_all: bool, no_color: bool) -> None:
    """A saved report ('-' for standard input) in another form. Nothing is judged again; `netcam identify` does that.

    \b
    Examples:
      netcam report report.json
      netcam report report.json --to store-17.html --to store-17.xlsx
      netcam report report.json --to md | ticket-tool new --body -
    """
    from netcam.report.forms import BINARY, FORMS, form_of, render

    printed = [word for word in wanted if word == "-" or f".{word.lower().removeprefix('.')}" in FORMS]
    files = tuple(word for word in wanted if word not in printed)
    check_outputs(files)
    if len(printed) > 1:
        raise ConfigError(f"--to {printed[0]} --to {printed[1]}: standard output can take one form")
    for word in printed:
        if form_of(word) in BINARY and sys.stdout.isatty():
            raise ConfigError(f"--to {word}: no text for a terminal; name a file, such as report{form_of(word)}")
    loaded = _read(file)
    failed: StoreError | None = None
    try:
        write_outputs(loaded, files)
    except StoreError as error:
        failed = error
    for word in printed:
        put(render(loaded, word))
    if not wanted:
        put(table(loaded, show_all, no_color))
    if failed is not None:
        raise failed


def _read(file: str) -> Report:
    """The report in a file, a bundle or standard input.

    Raises:
        Exit: it is none; said why.
    """
    from netcam.cli.reading import unpacked
    from netcam.report.to_json import SIZE_LIMIT, loads

    with click.open_file(file, "rb") as stream:
        data = stream.read(SIZE_LIMIT + 1)
    try:
        return loads(unpacked(data, file), "standard input" if file == "-" else file)
    except ConfigError as error:
        say(f"netcam: {error}")
        raise Exit(FAILED) from error
