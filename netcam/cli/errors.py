"""Errors into one line on standard error and the contract's exit codes."""

from __future__ import annotations

import logging
import os
import sys

import click

from netcam.errors import ConfigError, NetcamError, ScopeError
from netcam.safetext import visible

FAILED, USAGE, FOUND, NOT_COVERED, INTERRUPTED = 1, 2, 3, 4, 130


class Exit(Exception):
    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(code)


def say(text: str) -> None:
    """One line on standard error."""
    click.echo(visible(text, 1000), err=True)


def run(command: click.Command) -> None:
    """Run a command line to its exit code."""
    try:
        command.main(standalone_mode=False)
        sys.stdout.flush()
    except Exit as done:
        _leave(done.code)
    except click.ClickException as error:
        error.show()
        _leave(USAGE if isinstance(error, click.UsageError) else error.exit_code)
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
        # The reader went away (`netcam ... | head`); nothing is wrong, and Python must not complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _leave(0)
    except OSError as error:
        logging.getLogger(__name__).debug("failed", exc_info=True)
        where = f"{error.filename}: " if error.filename else ""
        say(f"netcam: {where}{error.strerror or error}")
        _leave(FAILED)


def _leave(code: int) -> None:
    sys.exit(code)
