"""Errors into one line on standard error and the contract's exit codes."""

from __future__ import annotations

import errno
import io
import logging
import os
import sys

import click

from netcam.errors import ConfigError, NetcamError, ScopeError, StoreError
from netcam.safetext import visible

FAILED, USAGE, FOUND, NOT_COVERED, BUSY, INTERRUPTED = 1, 2, 3, 4, 5, 130


class Exit(Exception):
    """Ends the command with this exit code; what there is to say was said."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(code)


def say(text: str) -> None:
    """One line on standard error."""
    click.echo(visible(text, 1000), err=True)


def put(data: str | bytes) -> None:
    """Write to standard output now. A reader who went away (`netcam ... | head`) is no failure, and hears no more.

    Raises:
        StoreError: standard output can't take it, such as a full disk.
    """
    try:
        if isinstance(data, str):
            sys.stdout.write(data)
        else:
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
        sys.stdout.flush()
    except BrokenPipeError:
        hang_up()
    except OSError as error:
        hang_up()
        raise StoreError(f"standard output: {error.strerror}") from error


def hang_up() -> None:
    """Turn standard output away from what no longer takes it, so that Python doesn't complain again at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def run(command: click.Command) -> None:
    """Run a command line to its exit code."""
    _streams()
    try:
        command.main(prog_name="netcam", standalone_mode=False)
        sys.stdout.flush()
    except Exit as done:
        _leave(done.code)
    except getattr(click.exceptions, "NoArgsIsHelpError", ()) as error:  # since click 8.2; its message is the help
        error.show()
        _leave(USAGE)
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "netcam"
        say(f"{where}: {' '.join(error.format_message().split())} See `{where} --help`.")
        _leave(USAGE)
    except click.ClickException as error:
        say(f"netcam: {error.format_message()}")
        _leave(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        say("netcam: interrupted")
        _leave(INTERRUPTED)
    except (ConfigError, ScopeError) as error:
        say(f"netcam: {error}")
        _leave(USAGE)
    except NetcamError as error:
        say(f"netcam: {error}")
        _leave(FAILED)
    except BrokenPipeError:
        hang_up()
        _leave(0)
    except OSError as error:
        logging.getLogger(__name__).debug("failed", exc_info=True)
        # What has no name and no room is what the command prints on.
        where = error.filename or ("standard output" if error.errno == errno.ENOSPC else "")
        say(f"netcam: {where}{': ' if where else ''}{error.strerror or error}")
        hang_up()
        _leave(FAILED)


def _streams() -> None:
    """Standard streams that can always be used: a closed one leads nowhere, and no text is too odd for its encoding."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull)  # noqa: SIM115 - for as long as the program lives
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _leave(code: int) -> None:
    sys.exit(code)
