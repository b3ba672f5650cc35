"""Secrets come from the environment or a file, never from the command line, and go nowhere but to the destination."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from netcam.errors import ConfigError
from netcam.safetext import visible

SIZE_LIMIT = 65536  # bytes


def read_secret(what: str, env: str | None, file: Path | None, warn: Callable[[str], None]) -> str:
    """The secret that `--<what>-env NAME` or `--<what>-file PATH` names; "" where neither is given.

    Args:
        warn: is told of a file that others can read.
    Raises:
        ConfigError: both, or nothing there; the text never holds the secret.
    """
    if env is not None and file is not None:
        raise ConfigError(f"--{what}-env and --{what}-file: give one of them")
    if env is not None:
        found = os.environ.get(env, "").strip()
        if not found:
            raise ConfigError(f"--{what}-env {visible(env)}: the environment has no such variable, or an empty one")
        return _clean(found, f"--{what}-env {visible(env)}")
    if file is None:
        return ""
    try:
        with file.open("rb") as opened:
            about = os.fstat(opened.fileno())
            data = opened.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise ConfigError(f"--{what}-file {visible(str(file))}: {error.strerror}") from None
    if len(data) > SIZE_LIMIT:
        raise ConfigError(f"--{what}-file {visible(str(file))}: longer than {SIZE_LIMIT} bytes")
    if os.name == "posix" and stat.S_ISREG(about.st_mode) and stat.S_IMODE(about.st_mode) & 0o077:
        warn(f"--{what}-file {file}: other users can read it; chmod 600 would end that")
    try:
        found = data.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise ConfigError(f"--{what}-file {visible(str(file))}: not UTF-8 text") from None
    if not found:
        raise ConfigError(f"--{what}-file {visible(str(file))}: it is empty")
    return _clean(found, f"--{what}-file {visible(str(file))}")


def _clean(found: str, where: str) -> str:
    """A secret that may stand in a header, or lines of them."""
    if any(not (c.isprintable() or c == "\n") for c in found.replace("\r\n", "\n")):
        raise ConfigError(f"{where}: control characters in it")
    return found.replace("\r\n", "\n")
