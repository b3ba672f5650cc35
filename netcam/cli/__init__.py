"""The command line: parsing and printing. Commands are imported when they are called, so that `--help` is quick."""

from __future__ import annotations

import importlib
from typing import Any

import click

_COMMANDS = {
    "scan": ("netcam.cli.scanning", "scan", "Find devices, say who made them, judge them, write the report."),
    "demo": ("netcam.cli.scanning", "demo", "Scan an emulated store LAN on this machine (loopback, no root)."),
    "pcap": ("netcam.cli.hearing", "pcap", "Devices heard in captures of network traffic; nothing is sent."),
    "listen": ("netcam.cli.hearing", "listen", "Devices heard on an interface for a while; nothing is sent."),
    "import": ("netcam.cli.importing", "import_", "Devices in other tools' scans, logs, leases and tables."),
    "identify": (
        "netcam.cli.reading",
        "identify",
        "Identities from observations collected elsewhere, or an older report.",
    ),
    "explain": (
        "netcam.cli.reading",
        "explain",
        "The chain behind one device: observation, signature, claim, verdict.",
    ),
    "report": ("netcam.cli.rendering", "report", "A saved report in another form: page, table, workbook, summary."),
    "diff": ("netcam.cli.differing", "diff", "What differs between two scans, and why."),
    "history": ("netcam.cli.past", "history", "What was saved with --save: visits, devices, a device's life."),
    "programme": ("netcam.cli.counting", "programme", "How far the removal of listed devices has come."),
    "export": ("netcam.cli.exporting", "export", "Reports into inventories, monitoring, logs, mail and chat."),
    "schedule": (
        "netcam.cli.scheduling",
        "schedule",
        "Scans that run by themselves: install, remove, status, show.",
    ),
    "watch": ("netcam.cli.scheduling", "watch", "Scan the sites of the settings again and again; for containers."),
    "config": ("netcam.cli.configuring", "config", "The settings file netcam.toml: check, show."),
    "signatures": ("netcam.cli.knowing", "signatures", "The knowledge base: list, show, check."),
    "lists": ("netcam.cli.knowing", "lists", "The restriction lists: list, show, check."),
    "schema": ("netcam.cli.reading", "schema", "The JSON Schema of the report."),
}


class LazyGroup(click.Group):
    """A group that knows its commands' names and one-line helps without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, _, about) in _COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        from netcam.cli.errors import Exit, hang_up

        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # click would make a failure of `netcam ... | head`
            hang_up()
            raise Exit(0) from None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], _COMMANDS, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Examples:  netcam demo  ·  netcam scan 10.0.0.0/24 -o report.json -o report.html  ·  "
    "netcam explain report.json 10.0.0.20",
)
@click.version_option(package_name="netcam", message="%(prog)s %(version)s")
def cli() -> None:
    """Find the CCTV devices on a LAN, prove who made each one, and hold the maker against official lists.

    netcam only reads what devices volunteer: it never logs in, guesses passwords, changes settings or fetches pictures.
    """


def main() -> None:
    """The console script: runs the command and turns errors into one line and an exit code."""
    from netcam.cli.errors import run

    run(cli)
