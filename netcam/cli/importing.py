"""`netcam import`: other tools' files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from netcam.cli.common import check_outputs, check_writable, deliver, knowledge
from netcam.cli.errors import FAILED, Exit, say
from netcam.cli.hearing import source_options
from netcam.cli.scanning import leave
from netcam.imports import format_names


@click.command("import")
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(exists=True, allow_dash=True)
)
@click.option(
    "--from", "form", type=click.Choice(format_names()), metavar="FORMAT",
    help=f"What the files are, where it is not recognised: {', '.join(format_names())}.",
)
@source_options
def import_(files: tuple[str, ...], form: str | None, **options: Any) -> None:
    """Devices in other tools' files: scans, logs, leases, ARP and MAC tables (docs/importing.md). Nothing is sent.

    FILE may be gzip, a folder, or '-' for standard input. All files together are one report: what they say of one
    address or MAC is one device. Each file's format is recognised by its beginning.

    \b
    Examples:
      nmap -sV -sC -oX scan.xml 10.0.0.0/24; netcam import scan.xml -o report.html
      netcam import dhcpd.leases arp.txt pihole.log.gz --site store-17
      ip neigh | netcam import - --from arp --all
    """  # fmt: skip
    _carry_out(files, form, **options)


def _carry_out(
    files: tuple[str, ...],
    form: str | None,
    *,
    output: tuple[str, ...],
    fail_on: str,
    site: str | None,
    record: Path | None,
    list_ids: tuple[str, ...],
    list_files: tuple[Path, ...],
    data: Path | None,
    show_all: bool,
    quiet: bool,
    no_color: bool,
) -> None:
    check_outputs(output)
    if record is not None:
        check_writable("--record", record)
    known = knowledge(data, list_ids, list_files)
    from netcam.imported import read_files

    heard = read_files(files, known, form=form, site=site, say=say)
    deliver(heard.report, output, record, show_all=show_all, quiet=quiet, no_color=no_color)
    if heard.unread and not heard.interrupted:
        raise Exit(FAILED)
    leave(heard.report, fail_on, list_ids or tuple(known.lists), heard.interrupted)
