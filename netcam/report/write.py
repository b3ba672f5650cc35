"""Files that are either the old one or the whole new one."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from netcam.errors import StoreError
from netcam.safetext import visible


def write_atomically(path: str | Path, data: bytes) -> None:
    """Put `data` in the file at `path`: whoever opens it sees the earlier content or all of the new one.

    The bytes go to a temporary file in the same folder, are synced, and take the target's name. A link is followed, and
    an existing file's mode is kept. What isn't a regular file (a pipe, a terminal) is written to directly, since
    nothing can take its place. Whatever stops the writing, an interrupt included, the temporary file is removed.

    Raises:
        StoreError: the path and the reason, such as a full disk; the earlier file is untouched.
    """
    try:
        target = os.path.realpath(path)
        try:
            earlier = os.stat(target)
        except FileNotFoundError:
            earlier = None
        if earlier is None or stat.S_ISREG(earlier.st_mode) or stat.S_ISDIR(earlier.st_mode):
            _replace(target, data, earlier)
        else:
            fd = os.open(target, os.O_WRONLY)
            try:
                _write_all(fd, data)
            finally:
                os.close(fd)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise StoreError(f"{visible(str(path), 1000)}: can't be written: {reason}") from error


def _replace(target: str, data: bytes, earlier: os.stat_result | None) -> None:
    folder = os.path.dirname(target)
    # A short name of its own: the target's may already have the longest length that the file system takes.
    temporary = os.path.join(folder, f".netcam-{secrets.token_hex(8)}.tmp")
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            if earlier is not None:
                with suppress(OSError):  # only root may give a file away; the content matters more
                    os.fchown(fd, earlier.st_uid, earlier.st_gid)
                os.fchmod(fd, stat.S_IMODE(earlier.st_mode))
            _write_all(fd, data)
            os.fsync(fd)
        finally:
            os.close(fd)
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(folder)


def _write_all(fd: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]


def _sync_folder(folder: str) -> None:
    """Make the new name last through a power cut; the file itself is already whole, so a refusal is no failure."""
    with suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
