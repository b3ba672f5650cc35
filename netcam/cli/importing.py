"""`netcam import`: other tools' files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from netcam.cli.errors import say
from netcam.cli.hearing import carry_out, source_options
from netcam.imports import format_names

if TYPE_CHECKING:
    from netcam.heard import Heard
    from netcam.knowledge import Knowledge


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

    def work(known: Knowledge) -> Heard:
        from netcam.imported import read_files

        return read_files(files, known, form=form, site=options["site"], say=say)

    carry_out(work, **options)
