"""Connections to either kind of database, what they are set to, and their errors in one line."""

from __future__ import annotations

import contextlib
import logging
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from netcam.errors import StoreError
from netcam.history.where import Where
from netcam.safetext import visible

T = TypeVar("T")

BUSY_S = 30.0  # how long a writer waits for another one; one visit of 10,000 devices takes some seconds
WAITS_S = (0.2, 0.5, 1.0, 2.0, 4.0)  # between tries to reach a server that went away; the last one is repeated
_LOCK = 0x6E6574636D  # "netcm": the advisory lock that makes one writer at a time of all
# A server that is stopping or starting, or a connection that broke (PostgreSQL's appendix A); trying again can help.
_GONE = ("08000", "08001", "08003", "08004", "08006", "57P01", "57P02", "57P03")
# An attempt to connect fails without a code; these words say that the next one would fail too.
_HOPELESS = ("authentication", "password", "does not exist", "pg_hba", "translate host name", "permission", "SSL")


def make_engine(place: Where, *, still: bool = False) -> Engine:
    """An engine that has not connected yet.

    Args:
        still: a file that nobody can write to, and that is read as it lies: SQLite's log needs a folder to write in.
    """
    if place.path is None:
        # A connection that is lost is told, or tried again, by us; the driver would write its own line beside that.
        logging.getLogger("psycopg").setLevel(logging.ERROR)
        return create_engine(
            place.url, poolclass=NullPool, connect_args={"connect_timeout": 10, "application_name": "netcam"}
        )
    if still:
        query = {"mode": "ro", "immutable": "1", "uri": "true"}
        return create_engine(place.url.set(database=f"file:{quote(str(place.path))}", query=query), poolclass=NullPool)
    engine = create_engine(place.url, poolclass=NullPool, connect_args={"timeout": BUSY_S})

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: Any) -> None:
        # The driver begins transactions by its own rules; ours are begun below.
        connection.isolation_level = None
        if connection.execute("PRAGMA page_count").fetchone() == (0,):
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # a new file: prune will be able to give room back
        for setting in (
            f"busy_timeout = {int(BUSY_S * 1000)}",
            "journal_mode = WAL",
            "synchronous = FULL",  # a saved visit outlasts a power cut; a night has one, so the time doesn't matter
            "foreign_keys = ON",
        ):
            connection.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A reader that turns writer in its midst can't be let wait; a writer asks for its right at once.
        writes = connection.get_execution_options().get("netcam_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def reading(engine: Engine, place: Where, patience_s: float = 0.0) -> Iterator[Connection]:
    """A connection that sees the database as it is now, whatever is written meanwhile."""
    with told(place), _patiently(place, patience_s, engine.connect) as connection:
        if place.path is None:
            connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection


def read(engine: Engine, place: Where, work: Callable[[Connection], T], patience_s: float) -> T:
    """Ask something that has a short answer; again where the server went away meanwhile."""

    def once() -> T:
        with engine.connect() as connection:
            return work(connection)

    with told(place):
        return _patiently(place, patience_s, once)


def write(engine: Engine, place: Where, work: Callable[[Connection], T], patience_s: float) -> T:
    """Do `work` in one transaction, alone; again from the start when the server went away, even while committing.

    So `work` must find out by itself that it was done already.
    """

    def once() -> T:
        with engine.connect() as plain:
            connection = plain.execution_options(netcam_writes=True)
            with connection.begin():
                if place.path is None:
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
                return work(connection)

    with told(place):
        return _patiently(place, patience_s, once)


def _patiently(place: Where, patience_s: float, once: Callable[[], T]) -> T:
    """Try until it works, fails for good, or time is up."""
    deadline, tries = time.monotonic() + patience_s, 0
    while True:
        try:
            return once()
        except DBAPIError as error:
            wait_s = WAITS_S[min(tries, len(WAITS_S) - 1)]
            if place.path is not None or not _gone(error) or time.monotonic() + wait_s > deadline:
                raise
            tries += 1
            time.sleep(wait_s)


def _gone(error: DBAPIError) -> bool:
    """Whether the server went away, or isn't there yet."""
    code = getattr(error.orig, "sqlstate", None)
    if error.connection_invalidated or code in _GONE:
        return True
    return code is None and not any(word in str(error.orig) for word in _HOPELESS)


@contextmanager
def told(place: Where) -> Iterator[None]:
    """Every failure of the database as one line that names it."""
    try:
        yield
    except StoreError as error:
        if str(error).startswith(place.shown):
            raise
        raise StoreError(f"{place.shown}: {error}") from error.__cause__
    except DBAPIError as error:
        raise StoreError(f"{place.shown}: {_reason(error.orig or error, place)}") from error
    except SQLAlchemyError as error:
        raise StoreError(f"{place.shown}: {visible(_one_line(str(error)), 300)}") from error
    except sqlite3.Error as error:
        raise StoreError(f"{place.shown}: {_reason(error, place)}") from error
    except OSError as error:
        raise StoreError(f"{place.shown}: {error.strerror or error}") from error


_ROOM = 1024 * 1024  # bytes; what SQLite needs beside its file to begin with
_SAID = (
    ("locked", "another program is writing to it, and did not end in time"),
    ("disk is full", "no room is left on the disk; nothing of this visit was kept"),
    ("readonly database", "it can't be written to"),
    ("unable to open", "it can't be opened: the folder may be missing or closed to you"),
    ("not a database", "it is no SQLite database"),
    ("malformed", "the file is damaged; `netcam history check` says where"),
)


def _reason(error: BaseException, place: Where) -> str:
    said = _one_line(str(error))
    if place.path is None:
        return visible(said, 300)
    if "disk I/O error" in said and _is_full(place.path.parent):  # no room for the files beside it either
        said = "disk is full"
    meaning = next((words for part, words in _SAID if part in said), "")
    return f"{meaning} ({visible(said)})" if meaning else visible(said, 300)


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _ROOM
    except OSError:
        return False


def _one_line(text: str) -> str:
    return " ".join(text.split())


def give_room_back(engine: Engine, place: Where) -> None:
    """Let a file shrink to what it holds; PostgreSQL does so by itself."""
    if place.path is not None:
        with told(place), contextlib.closing(engine.raw_connection()) as connection:
            # As a script, since `execute` stops after the first page that was given back.
            connection.cursor().executescript("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);")
