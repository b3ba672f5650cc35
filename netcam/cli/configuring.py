"""`netcam config`: what the settings say, and what is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netcam.cli.errors import FAILED, Exit, say
from netcam.errors import ConfigError, NetcamError
from netcam.safetext import visible

if TYPE_CHECKING:
    from netcam.config.load import Config
    from netcam.config.tables import Scan

_FILE = click.option(
    "--file", "path", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="The file; else the one that `netcam scan` would use.",
)  # fmt: skip


@click.group()
def config() -> None:
    """The settings file netcam.toml: sites and their limits, defaults of scans, outputs, schedule.

    \b
    Examples:
      netcam config check --file netcam.toml
      netcam config show
    """


@config.command("check")
@_FILE
def config_check(path: Path | None) -> None:
    """Hold the settings against the rules, every fault with its line; exit code 1 when there is one."""
    from netcam.config.load import find, read

    found = find(path, os.environ)
    if found is None:
        raise ConfigError("there is no netcam.toml here, nor for this user, nor in /etc/netcam; --file names one")
    made, troubles = read(found, os.environ)
    problems = [str(trouble) for trouble in troubles]
    if made is not None and not problems:
        problems = list(_beyond(made))
    for problem in problems:
        say(problem)
    if problems or made is None:
        raise Exit(FAILED)
    file = made.file
    click.echo(f"{visible(str(found), 1000)}: {_count(len(file.site), 'site')}, {_count(len(file.export), 'export')}")


@config.command("show")
@_FILE
def config_show(path: Path | None) -> None:
    """Every setting in force, its value and where that came from; secrets are shown as three stars."""
    from netcam.config.load import find, load
    from netcam.config.show import rows

    found = find(path, os.environ)
    shown = list(rows(load(found, os.environ), os.environ))
    click.echo(f"settings from {visible(str(found), 1000)}" if found else "no netcam.toml; defaults and environment")
    width = max((len(row.key) for row in shown), default=0)
    for row in shown:
        click.echo(f"{visible(row.key):{width}}  {visible(row.value, 1000)}  ({visible(row.origin, 1000)})")


def _beyond(config: Config) -> Iterator[str]:
    """What is wrong with words that other rooms know: probes, ports, lists, forms."""
    from netcam.discovery.ports import parse_ports
    from netcam.knowledge import Knowledge
    from netcam.pipeline import optional_names, probe_names
    from netcam.report.forms import form_of

    scan = config.file.scan
    wanted = [("scan.without", scan.without, probe_names()), ("scan.with", scan.with_probes, optional_names())]
    wanted += [(f"site.{site.id}.without", site.without, probe_names()) for site in config.file.site]
    for key, words, known in wanted:
        for word in words:
            if word not in known:
                near = get_close_matches(word, known, 1)
                hint = f"is {near[0]!r} meant?" if near else f"there are {', '.join(known)}"
                yield f"{config.origins.get(key, key)}: {key} {visible(word)!r}: no such probe; {hint}"
    attempts: list[tuple[str, Callable[[], object]]] = [
        (f"scan.{name}", partial(parse_ports, spec)) for name, spec in _ports(scan)
    ]
    attempts += [("output.forms", partial(form_of, f"report.{form}")) for form in config.file.output.forms]
    files = tuple(map(config.beside, scan.list_files))
    attempts.append(("scan.lists", partial(Knowledge.load, None, files, asked=tuple(scan.lists))))
    for key, attempt in attempts:
        try:
            attempt()
        except NetcamError as error:
            yield f"{config.origins.get(key, key)}: {error}"


def _ports(scan: Scan) -> Iterator[tuple[str, str]]:
    for name, value in (("ports", scan.ports), ("extra_ports", scan.extra_ports)):
        if value:
            yield name, value if isinstance(value, str) else ",".join(value)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"

