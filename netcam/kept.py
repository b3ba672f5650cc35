"""Work that need not be done twice: parsed data files, kept in the user's cache folder between runs.

What is kept is found by the digest of what it was made from, so an edited file is never answered from an old copy. The
file is taken only where nobody else could have written it, and whole; anything else counts as nothing kept. It holds
MessagePack and numbers, which name no code to run. Without a folder to write in, everything works, only slower.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

FORMAT = b"netcam-kept 1\n"
SIZE_LIMIT = 64 * 1024 * 1024  # bytes; the shipped knowledge takes about 2 MB
NAME = "parsed"


class Kept:
    """Digest of the source -> what was made of it; `save` writes what this run used, and forgets the rest."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._had = _read(path) if path is not None else {}
        self._used: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        """What was kept under this digest."""
        found = self._used.get(key) or self._had.get(key)
        if found is not None:
            self._used[key] = found
        return found

    def put(self, key: bytes, value: bytes) -> None:
        """Keep `value`, one byte or more, for the next run."""
        self._used[key] = value

    def save(self) -> None:
        """Write the file, if it holds anything new. A folder that can't be written is no error."""
        if self.path is None or self._used.keys() <= self._had.keys():
            return
        body = b"".join(
            key + len(value).to_bytes(4, "big") + value for key, value in sorted(self._used.items()) if len(key) == 32
        )
        with suppress(OSError, AttributeError):  # AttributeError: a system without owners of files
            _write(self.path, FORMAT + hashlib.sha256(body).digest() + body)


_CURRENT: ContextVar[Kept | None] = ContextVar("kept", default=None)


def current() -> Kept | None:
    """The kept work that the surrounding `remembered` opened, if any."""
    return _CURRENT.get()


@contextmanager
def remembered(path: Path | None = None) -> Iterator[Kept]:
    """What is loaded inside is looked up in the cache first, and kept there at the end if all went well."""
    kept = Kept(path or cache_path())
    token = _CURRENT.set(kept)
    try:
        yield kept
    finally:
        _CURRENT.reset(token)
    kept.save()


def digest(*parts: bytes) -> bytes:
    """The key of something made from `parts`."""
    made = hashlib.sha256()
    for part in parts:
        made.update(len(part).to_bytes(8, "big") + part)
    return made.digest()


def cache_path() -> Path | None:
    """Where it lies: `$XDG_CACHE_HOME/netcam`, else `~/.cache/netcam`; None where there is no such place for us."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    try:
        folder = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
    except RuntimeError:  # a user without a home
        return None
    return folder / "netcam" / NAME


def _ours(found: os.stat_result) -> bool:
    """Whether nobody but this user could have put it there."""
    return found.st_uid == os.geteuid() and not stat.S_IMODE(found.st_mode) & 0o022


def _read(path: Path) -> dict[bytes, bytes]:
    """The entries of a kept file; none if it is missing, foreign, writable for others, or not whole."""
    try:
        if not _ours(os.lstat(path.parent)):
            return {}
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(fd, "rb") as file:
            about = os.fstat(fd)
            if not (stat.S_ISREG(about.st_mode) and _ours(about) and about.st_size <= SIZE_LIMIT):
                return {}
            data = file.read(SIZE_LIMIT)
    except (OSError, ValueError, AttributeError):  # AttributeError: a system without these rights
        return {}
    start = len(FORMAT) + 32
    body = memoryview(data)[start:]
    if not data.startswith(FORMAT) or hashlib.sha256(body).digest() != data[len(FORMAT) : start]:
        return {}
    entries: dict[bytes, bytes] = {}
    at = 0
    while at + 36 <= len(body):
        size = int.from_bytes(body[at + 32 : at + 36], "big")
        entries[bytes(body[at : at + 32])] = bytes(body[at + 36 : at + 36 + size])
        at += 36 + size
    return entries


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if len(data) > SIZE_LIMIT or not _ours(os.lstat(path.parent)):
        return
    temporary = path.with_name(f".{NAME}-{secrets.token_hex(8)}")
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
