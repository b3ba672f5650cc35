"""Options and steps that several commands share."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from netcam.cli.errors import put
from netcam.errors import ConfigError, SignatureError, StoreError

if TYPE_CHECKING:
    from netcam.cli.keeping import Keeper
    from netcam.knowledge import Knowledge
    from netcam.model.report import Report

F = TypeVar("F", bound=Callable[..., Any])

OUTPUT = click.option(
    "-o",
    "--output",
    "output",
    multiple=True,
    metavar="PATH|-",
    help="Where to write the report; repeatable. The suffix picks the form (.json .html .csv .jsonl .xlsx .md); "
    "'-' is JSON on standard output.",
)
WITH_COLOR = click.option("--no-color", is_flag=True, help="No colours; the variable NO_COLOR does the same.")


DATA = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Signature folder to use instead of the packaged one.",
)


def LISTS(command: F) -> F:
    """--list, --list-file, --data."""
    for option in (
        DATA,
        click.option(
            "--list-file",
            "list_files",
            multiple=True,
            metavar="FILE",
            type=click.Path(path_type=Path, dir_okay=False, exists=True),
            help="Add a list of your own (docs/writing-signatures.md); repeatable.",
        ),
        click.option(
            "--list",
            "list_ids",
            multiple=True,
            metavar="ID",
            help="Which lists count for --fail-on; repeatable, all by default (`netcam lists list`). A list without "
            "legal force judges only when it is named here.",
        ),
    ):
        command = option(command)
    return command


def knowledge(data: Path | None, list_ids: tuple[str, ...], list_files: tuple[Path, ...]) -> Knowledge:
    """Signatures and lists, with wrong files and unknown list ids as usage errors before anything is sent."""
    from netcam.knowledge import Knowledge

    try:
        known = Knowledge.load(data, list_files, asked=list_ids)
    except SignatureError as error:
        raise ConfigError(str(error)) from error
    gc.freeze()  # what is known stays until the end; the collector need not walk through it again and again
    return known


def check_outputs(output: tuple[str, ...]) -> None:
    """Refuse what can't be written later while it costs nothing: unknown suffixes, folders that aren't there or closed.

    Raises:
        ConfigError: naming the path.
    """
    from netcam.report.forms import form_of

    for path in output:
        form_of(path)
        if path != "-":
            check_writable("-o", path)
    if output.count("-") > 1:
        raise ConfigError("-o -: standard output can take one report")


def check_writable(option: str, path: str | Path) -> None:
    """Whether a file may be put at `path`.

    Raises:
        ConfigError: naming the option, the path and its folder.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise ConfigError(f"{option} {path}: that is a folder")
    if target.exists() and not target.is_file():
        return  # a pipe or a device: it is written to, not replaced
    if not target.parent.is_dir():
        raise ConfigError(f"{option} {path}: there is no folder {target.parent}")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise ConfigError(f"{option} {path}: no permission to write in the folder {target.parent}")


def write_all(output: tuple[str, ...], made: Callable[[str], bytes]) -> StoreError | None:
    """Write what is made for each path, standard output last; all are tried, and the first failure is given back."""
    from netcam.report.write import write_atomically

    failed: StoreError | None = None
    for path in sorted(output, key=lambda path: path == "-"):
        try:
            data = made(path)
            if path == "-":
                put(data)
            else:
                write_atomically(path, data)
        except StoreError as error:
            failed = failed or error
    return failed


def write_outputs(report: Report, output: tuple[str, ...], record: Path | None = None) -> None:
    """Write every file asked for, then standard output; all are tried, and the first failure is raised at the end."""
    from netcam.report.forms import render
    from netcam.report.to_jsonl import observation_lines
    from netcam.report.write import write_atomically

    failed = write_all(output, lambda path: render(report, path))
    if record is not None:
        try:
            write_atomically(record, observation_lines(report))
        except StoreError as error:
            failed = failed or error
    if failed is not None:
        raise failed


def table(report: Report, show_all: bool, no_color: bool) -> str:
    """The device table for standard output, as wide as the terminal."""
    from netcam.report.to_text import PIPE_WIDTH, render

    terminal = sys.stdout.isatty()
    color = terminal and not no_color and not os.environ.get("NO_COLOR")
    width = shutil.get_terminal_size().columns if terminal else PIPE_WIDTH
    return render(report, all=show_all, width=width, color=color)


def deliver(
    report: Report,
    output: tuple[str, ...],
    record: Path | None = None,
    keeper: Keeper | None = None,
    *,
    show_all: bool,
    quiet: bool,
    no_color: bool,
) -> None:
    """Write what was asked for, save it, and show the table, each whatever became of the others.

    The files come first: they are whole before the history is touched. What failed first is raised at the end, and
    what failed after it is said.
    """
    from netcam.cli.errors import say
    from netcam.errors import NetcamError

    try:
        try:
            write_outputs(report, output, record)
        except NetcamError:
            if keeper is not None:
                try:
                    keeper.keep(report)
                except NetcamError as error:
                    say(f"netcam: not saved in the history: {error}")
            raise
        if keeper is not None:
            keeper.keep(report)
    finally:
        if not quiet and "-" not in output:
            put(table(report, show_all, no_color))
