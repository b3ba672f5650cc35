"""status.json: how the last run of a scope went, for whatever watches over it.

The room for a run's last word is taken before the run begins, so that a disk which fills in between can't keep it back.
"""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from netcam.errors import StoreError
from netcam.safetext import visible

SCHEMA = "netcam.status/1"
ROOM = 16 * 1024  # bytes; more than the longest status takes
MESSAGE_LENGTH = 500
TEMPORARY = ".netcam-{}.tmp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """The last complete report: when its run began, and its path."""

    at: str
    report: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The last run of a scope.

    Attributes:
        state: running, done, failed (no report, or not all of it), refused (hours, scope), interrupted, crashed.
        exit_code: as of the command; None while it runs.
        devices, listed: counts of the report; None without one.
        report: path of the run's JSON report, complete or not.
    """

    scope: str
    site: str | None
    state: str
    pid: int | None
    started_at: str
    ended_at: str | None = None
    exit_code: int | None = None
    message: str = ""
    complete: bool | None = None
    devices: int | None = None
    listed: int | None = None
    report: str | None = None
    last_good: Good | None = None
    schema: str = SCHEMA

    def dump(self) -> bytes:
        """The file's bytes."""
        said = {**asdict(self), "message": visible(self.message, MESSAGE_LENGTH)}
        return (json.dumps({"schema": said.pop("schema"), **said}, indent=2) + "\n").encode()


def load(path: Path) -> Status | None:
    """The status of a file; None where there is none, or none that can be read."""
    try:
        with path.open("rb") as file:
            said: Any = json.loads(file.read(4 * ROOM))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or said.get("schema") != SCHEMA:
        return None
    good = said.get("last_good")
    known = {field.name for field in fields(Status)}
    try:
        made = Status(
            **{
                **{str(key): value for key, value in said.items() if key in known},
                "last_good": Good(at=str(good["at"]), report=str(good["report"])) if good else None,
            }
        )
    except (KeyError, TypeError):
        return None
    texts = (made.scope, made.state, made.started_at, made.message)
    return made if all(isinstance(text, str) for text in texts) else None


class LastWord:
    """Room on the disk for a status, taken now and used later."""

    def __init__(self, path: Path) -> None:
        """Take the room beside `path`.

        Raises:
            StoreError: there is none, or the folder takes no file.
        """
        self._path = path
        self._temporary = path.with_name(TEMPORARY.format(secrets.token_hex(8)))
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            self._fd = os.open(self._temporary, flags, 0o644)
        except OSError as error:
            raise _failed(path, error) from error
        try:
            self._fill(b"")
        except OSError as error:
            self.drop()
            raise _failed(path, error) from error

    def say(self, status: Status) -> None:
        """Put the status in place of the earlier one, which stays until the new one is whole.

        Raises:
            StoreError: it can't be written after all.
        """
        try:
            data = status.dump()
            self._fill(data)
            os.ftruncate(self._fd, len(data))
            os.close(self._fd)
            self._fd = -1
            os.replace(self._temporary, self._path)
        except OSError as error:
            self.drop()
            raise _failed(self._path, error) from error

    def drop(self) -> None:
        """Give the room back."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        with suppress(OSError):
            os.unlink(self._temporary)

    def _fill(self, data: bytes) -> None:
        """Write the same blocks again, so that no new ones are needed."""
        os.lseek(self._fd, 0, os.SEEK_SET)
        left = memoryview(data.ljust(ROOM - 1) + b"\n")
        while left:
            left = left[os.write(self._fd, left) :]
        os.fsync(self._fd)


def _failed(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{visible(str(path), 1000)}: can't be written: {error.strerror}")
