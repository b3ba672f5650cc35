"""Putting a scheduler's files where they belong, and taking them away; nothing else on the machine is touched."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from netcam.errors import ConfigError, StoreError
from netcam.safetext import visible

from .units import MARK, File, places

_HEAD = 4096  # bytes in which the mark stands
Write = Callable[[Path, bytes], None]


def kind_here(root: Path) -> str:
    """The scheduler of this machine.

    Raises:
        ConfigError: none that is known.
    """
    if sys.platform == "win32":
        return "windows"
    if sys.platform == "darwin":
        return "launchd"
    # systemd runs the machine: sd_booted(3).
    if under(root, "/run/systemd/system").is_dir():
        return "systemd"
    if under(root, "/etc/cron.d").is_dir():
        return "cron"
    if shutil.which("systemctl"):
        return "systemd"
    raise ConfigError("no scheduler was found here; --kind names one, and `netcam watch` needs none")


def under(root: Path, place: str) -> Path:
    """An absolute place beneath another root."""
    return root / place.lstrip("/")


def put(files: Sequence[File], root: Path, write: Write) -> list[Path]:
    """Write the files; all or none of them is new where one can't be written.

    Raises:
        ConfigError: a file of somebody else has the name.
        StoreError: a folder that isn't there, or no permission.
    """
    paths = [under(root, file.place) for file in files]
    for path in paths:
        check_ours(path)
        if not path.parent.is_dir():
            raise StoreError(f"{visible(str(path), 1000)}: there is no folder {visible(str(path.parent), 1000)}")
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise StoreError(f"{visible(str(path), 1000)}: no permission to write there; it takes root")
    for path, file in zip(paths, files, strict=True):
        write(path, file.data)
        if os.name == "posix":
            path.chmod(0o644)  # what schedulers want, whatever the umask
    return paths


def remove(kind: str, name: str, root: Path) -> list[Path]:
    """Delete the files of a schedule; gives those that were there.

    Raises:
        ConfigError: a file of somebody else has the name.
        StoreError: one can't be deleted.
    """
    paths = [path for place in places(kind, name) if os.path.lexists(path := under(root, place))]
    for path in paths:
        check_ours(path)
    for path in paths:
        try:
            path.unlink()
        except OSError as error:
            raise StoreError(f"{visible(str(path), 1000)}: can't be deleted: {error.strerror}") from error
    return paths


def check_ours(path: Path) -> None:
    """Nothing, where the file isn't there or netcam wrote it.

    Raises:
        ConfigError: it is somebody else's, or a link.
    """
    if not os.path.lexists(path):
        return
    ours = False
    if path.is_file() and not path.is_symlink():
        try:
            with path.open("rb") as file:
                head = file.read(_HEAD)
        except OSError as error:
            raise StoreError(f"{visible(str(path), 1000)}: can't be read: {error.strerror}") from error
        ours = MARK.encode() in head or MARK.encode("utf-16-le") in head
    if not ours:
        raise ConfigError(f"{visible(str(path), 1000)}: netcam did not write this file, and leaves it alone")
