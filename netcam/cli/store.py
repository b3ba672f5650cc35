"""The demo: the emulated store and the same scan that a real network gets."""

from __future__ import annotations

import asyncio
from pathlib import Path

from netcam.cli.common import check_outputs, deliver
from netcam.cli.errors import say
from netcam.cli.scanning import plan_lines, progress_bar
from netcam.demo.emulator import EmulatedLan, shifted
from netcam.demo.store import demo_store
from netcam.knowledge import Knowledge
from netcam.model import RunStatus
from netcam.model.report import Report
from netcam.net.interfaces import interfaces
from netcam.pipeline import Settings, plan, scan
from netcam.probes import all_probes
from netcam.probes.base import Contact, Transport

# These wait six seconds for devices that speak unasked, and the store has none of them.
LISTENERS = frozenset(
    p.spec.name for p in all_probes() if p.spec.transport is Transport.UDP_GROUP and p.spec.contact is Contact.LISTEN
) | {"nx"}


def loopback() -> tuple[str, ...]:
    """The loopback interface's name, so that multicast may go there."""
    return tuple(i.name for i in interfaces() if i.kind == "loopback" and i.up)


async def scan_store(knowledge: Knowledge, *, quiet: bool, no_color: bool = False) -> Report:
    """Start the store, scan it, stop it."""
    async with EmulatedLan.on_loopback(demo_store()) as lan:
        for missing in lan.missing:
            say(f"note: {missing} could not be emulated: another program holds the port")
        targets = tuple(device.ip for device in lan.devices)
        settings = Settings(
            targets=targets, interfaces=loopback(), pace="fast", without=LISTENERS, site="demo store", dial=shifted,
        )
        made = plan(settings)
        if not quiet:
            where = f"{targets[0]} to {targets[-1]}"
            say(f"emulated store: {len(targets)} devices on {where}; ports below 1024 are served 20000 higher")
            for line in plan_lines(made):
                say(line)
        with progress_bar(quiet, no_color) as progress:
            return await scan(settings, knowledge, plan_made=made, progress=progress)


def run_demo(folder: Path, *, show_all: bool, quiet: bool, no_color: bool) -> None:
    """Scan the store, write both reports, print the table."""
    paths = tuple(str(folder / name) for name in ("netcam-demo.json", "netcam-demo.html"))
    check_outputs(paths)
    report = asyncio.run(scan_store(Knowledge.load(), quiet=quiet, no_color=no_color))
    deliver(report, paths, show_all=show_all, quiet=quiet, no_color=no_color)
    if not quiet:
        udp = {p.spec.name for p in all_probes() if p.spec.transport in (Transport.UDP_GROUP, Transport.MDNS)}
        heard = sorted({r.probe for r in report.runs if r.status is RunStatus.ANSWERED} & udp)
        say(f"{len(heard)} discovery protocols answered: {', '.join(heard)}")
        say(f"wrote {paths[0]} and {paths[1]}; try: netcam explain {paths[0]} {report.devices[0].ip}")
