"""Options and steps that several commands share."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from netcam.errors import ConfigError, SignatureError

if TYPE_CHECKING:
    from netcam.knowledge import Knowledge
    from netcam.model.report import Report

F = TypeVar("F", bound=Callable[..., Any])

OUTPUT = click.option(
    "-o",
    "--output",
    "output",
    multiple=True,
    metavar="PATH|-",
    help="Where to write the report; repeatable. The suffix picks the form (.json .html .csv .jsonl); '-' is JSON on "
    "standard output.",
)
WITH_COLOR = click.option("--no-color", is_flag=True, help="No colours; the variable NO_COLOR does the same.")


def LISTS(command: F) -> F:
    """--list, --list-file, --data."""
    for option in (
        click.option(
            "--data",
            type=click.Path(path_type=Path, file_okay=False, exists=True),
            help="Signature folder to use instead of the packaged one.",
        ),
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
            help="Which lists count for --fail-on; repeatable, all by default (`netcam lists list`).",
        ),
    ):
        command = option(command)
    return command


def knowledge(data: Path | None, list_ids: tuple[str, ...], list_files: tuple[Path, ...]) -> Knowledge:
    """Signatures and lists, with wrong files and unknown list ids as usage errors before anything is sent."""
    from netcam.knowledge import Knowledge

    try:
        known = Knowledge.load(data, list_files)
    except SignatureError as error:
        raise ConfigError(str(error)) from error
    for id in list_ids:
        if id not in known.lists:
            raise ConfigError(f"--list {id!r}: no such list; there are {', '.join(sorted(known.lists))}")
    return known


def check_outputs(output: tuple[str, ...]) -> None:
    """Refuse what can't be written later while it costs nothing: unknown suffixes, missing folders.

    Raises:
        ConfigError: naming the path.
    """
    from netcam.report.forms import form_of

    for path in output:
        form_of(path)
        folder = Path(path).parent
        if path != "-" and not folder.is_dir():
            raise ConfigError(f"-o {path}: there is no folder {folder}")
    if output.count("-") > 1:
        raise ConfigError("-o -: standard output can take one report")


def write_outputs(report: Report, output: tuple[str, ...]) -> None:
    """Write every report asked for; all are tried, and the first failure is raised at the end."""
    from netcam.errors import StoreError
    from netcam.report.forms import render
    from netcam.report.write import write_atomically

    failed: StoreError | None = None
    for path in output:
        data = render(report, path)
        if path == "-":
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
            continue
        try:
            write_atomically(path, data)
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
