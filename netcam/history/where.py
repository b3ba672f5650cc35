"""Where the history lies: a file for SQLite, or the URL of a PostgreSQL database."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from netcam.errors import ConfigError
from netcam.safetext import visible

VARIABLE = "NETCAM_DB"
_SECRET_KEYS = ("password", "sslpassword")  # what a URL may carry after "?" and nobody should read
_FORMS = "a path, sqlite:///PATH or postgresql://USER@HOST/NAME"


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """One database. `path` is None for PostgreSQL; `shown` holds no password."""

    url: URL
    path: Path | None
    shown: str


def default_path() -> Path:
    """$XDG_DATA_HOME/netcam/history.sqlite; without that variable, in ~/.local/share."""
    base = os.environ.get("XDG_DATA_HOME", "")
    folder = Path(base) if os.path.isabs(base) else Path.home() / ".local" / "share"
    return folder / "netcam" / "history.sqlite"


def where(named: str | None = None) -> Where:
    """The database that is named, else that of the variable NETCAM_DB, else the default file.

    Raises:
        ConfigError: a URL that leads to neither SQLite nor PostgreSQL, or a driver that is not installed.
    """
    text = named or os.environ.get(VARIABLE) or str(default_path())
    if "://" not in text:
        return _file(Path(text))
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise ConfigError(f"--db: not a URL of a database; take {_FORMS}") from error  # it may hold a password
    kind = url.drivername.partition("+")[0]
    if kind == "sqlite":
        if not url.database or url.database == ":memory:":
            raise ConfigError(f"--db {visible(text)}: a history lies in a file; take {_FORMS}")
        return _file(Path(url.database))
    if kind not in ("postgresql", "postgres"):
        raise ConfigError(f"--db: a history lies in no {visible(kind, 40)!r} database; take {_FORMS}")
    if importlib.util.find_spec("psycopg") is None:
        raise ConfigError("--db: PostgreSQL takes the package psycopg: pip install 'netcam[postgres]'")
    return Where(url=url.set(drivername="postgresql+psycopg"), path=None, shown=_without_secrets(url))


def _file(path: Path) -> Where:
    path = path.expanduser()
    if path.is_dir():
        raise ConfigError(f"--db {visible(str(path))}: that is a folder; name the file in it")
    return Where(url=URL.create("sqlite", database=str(path)), path=path, shown=visible(str(path)))


def _without_secrets(url: URL) -> str:
    kept: dict[str, Any] = {key: value for key, value in url.query.items() if key not in _SECRET_KEYS}
    return visible(url.set(drivername="postgresql", query=kept).render_as_string(hide_password=True))
