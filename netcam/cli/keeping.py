"""--save and --db: the step of a command that puts its report into the history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from netcam.cli.errors import say
from netcam.errors import ConfigError

if TYPE_CHECKING:
    from netcam.model.report import Report

F = TypeVar("F", bound=Callable[..., Any])

DB = click.option(
    "--db",
    metavar="URL|PATH",
    help="Where the history lies: a file, or postgresql://USER@HOST/NAME; else NETCAM_DB, else the file "
    "netcam/history.sqlite in XDG_DATA_HOME.",
)


def SAVING(command: F) -> F:
    """--save, --db."""
    save = click.option("--save", is_flag=True, help="Keep the report in the history too (`netcam history`).")
    return save(DB(command))


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """A history that a report will go into."""

    db: str | None

    def keep(self, report: Report) -> None:
        """Save the report.

        Raises:
            StoreError: the history took nothing.
        """
        from netcam.history.store import History

        with History.open(self.db) as history:
            if history.holds(report.scan.id):  # such as an older report that was judged again
                say("note: this scan is in the history already, which keeps what was said then")
                return
            history.save(report)


def keeper(save: bool, db: str | None) -> Keeper | None:
    """Who saves, if --save was given; looked at before there is anything to save.

    Raises:
        ConfigError: a database that can't be one, or --db alone.
    """
    if not save:
        if db is not None:
            raise ConfigError("--db says where the history lies; it goes with --save")
        return None
    from netcam.history.where import where

    where(db)
    return Keeper(db=db)
