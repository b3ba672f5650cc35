"""One run of a scope at a time. The lock is the system's: it goes with the process that holds it, however that ends."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from netcam.errors import NetcamError, StoreError
from netcam.safetext import visible

_PLAIN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_SIZE = 4096  # bytes of a lock file that are read: it may be anybody's file


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a lock, as far as it says so itself."""

    pid: int | None
    host: str
    since: str

    def __str__(self) -> str:
        who = f"process {self.pid}" if self.pid is not None else "another process"
        return f"{who}{f' on {visible(self.host)}' if self.host else ''}{f', since {self.since}' if self.since else ''}"


class Busy(NetcamError):
    """Another run holds the scope."""

    def __init__(self, scope: str, holder: Holder) -> None:
        self.holder = holder
        super().__init__(f"a scan of {visible(scope)!r} is running already ({holder}); this one was not started")


@contextmanager
def held(path: Path, scope: str, now: datetime) -> Iterator[None]:
    """Hold the scope's lock inside the block.

    Raises:
        Busy: somebody else holds it.
        StoreError: the lock file can't be made.
    """
    fd = _opened(path)
    try:
        if not _take(fd):
            raise Busy(scope, _said(fd))
        words = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": now.isoformat()}) + "\n"
        with suppress(OSError):  # on a full disk the lock holds all the same, only without a name
            os.ftruncate(fd, 0)
            os.lseek(fd, 0, os.SEEK_SET)
            os.write(fd, words.encode())
        yield
        with suppress(OSError):
            os.ftruncate(fd, 0)
    finally:
        os.close(fd)  # the file stays: who removed it could remove the next one's


def holder(path: Path) -> Holder | None:
    """Who holds the lock now; None for nobody, or where it can't be told."""
    try:
        fd = os.open(path, os.O_RDWR | _PLAIN)
    except OSError:
        return None
    try:
        return None if _take(fd) else _said(fd)
    finally:
        os.close(fd)


def _opened(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | _PLAIN, 0o644)
    except OSError as error:
        raise StoreError(f"{visible(str(path), 1000)}: the lock can't be made: {error.strerror}") from error


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30  # Windows locks bytes, and locked ones can't be read

    def _take(fd: int) -> bool:
        os.lseek(fd, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _take(fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _said(fd: int) -> Holder:
    said: object = None
    with suppress(OSError, ValueError, RecursionError):
        os.lseek(fd, 0, os.SEEK_SET)
        said = json.loads(os.read(fd, _SIZE))
    if not isinstance(said, dict):
        return Holder(pid=None, host="", since="")
    pid, host, since = said.get("pid"), said.get("host"), said.get("since")
    return Holder(
        pid=pid if isinstance(pid, int) else None,
        host=host if isinstance(host, str) else "",
        since=visible(since, 40) if isinstance(since, str) else "",
    )
