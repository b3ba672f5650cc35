"""Dated reports of a scope, the link to the last good one, and which of them go after a while."""

from __future__ import annotations

import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from netcam.errors import StoreError
from netcam.safetext import visible

from .places import Job
from .status import TEMPORARY

Write = Callable[[Path, bytes], None]  # whole or not at all; raises StoreError

_STAMP = "%Y%m%dT%H%M%SZ"
_LEFT_OVER_S = 86400.0  # a temporary file that old is no running netcam's
_TEMPORARY = re.compile(re.escape(TEMPORARY).replace(r"\{\}", "[0-9a-f]{16}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A file that an earlier run of the scope wrote: when that run began, and the stem that its forms share."""

    path: Path
    stem: str
    at: datetime


def stem_of(job: Job, at: datetime) -> str:
    """The name of a run's reports without suffix. A clock that was set back gives no earlier run's name again."""
    base = f"netcam-{job.scope}-{at.astimezone(UTC).strftime(_STAMP)}"
    taken = {kept.stem for kept in kept_files(job)}
    return next(name for n in range(1, len(taken) + 2) if (name := base if n == 1 else f"{base}-{n}") not in taken)


def kept_files(job: Job) -> Iterator[Kept]:
    """The scope's reports in its folder: regular files whose name is one that netcam gives, and nothing else."""
    pattern = re.compile(rf"(netcam-{re.escape(job.scope)}-(\d{{8}}T\d{{6}}Z)(?:-\d+)?)\.[a-z0-9]{{1,8}}", re.ASCII)
    try:
        entries = list(os.scandir(job.folder))
    except OSError:
        return
    for entry in entries:
        found = pattern.fullmatch(entry.name)
        if found is not None and entry.is_file(follow_symlinks=False):
            with suppress(ValueError):  # a name with a 13th month is nobody's
                yield Kept(
                    path=Path(entry.path), stem=found[1], at=datetime.strptime(found[2], _STAMP).replace(tzinfo=UTC)
                )


def point(job: Job, report: Path, write: Write, *, link: Callable[[str, Path], None] = os.symlink) -> None:
    """Make latest.json stand for `report` in one step: a link, or a copy where there are no links.

    Raises:
        StoreError: neither could be made; the earlier one stands.
    """
    temporary = job.folder / TEMPORARY.format(secrets.token_hex(8))
    try:
        try:
            link(report.name, temporary)
        except (OSError, NotImplementedError):
            write(temporary, report.read_bytes())
        os.replace(temporary, job.latest)
    except OSError as error:
        with suppress(OSError):
            os.unlink(temporary)
        raise StoreError(f"{visible(str(job.latest), 1000)}: can't be written: {error.strerror}") from error


def expire(job: Job, now: datetime, running: str, good: str | None) -> list[Path]:
    """Delete the scope's reports that are older than they are kept; gives those that went.

    The last good one stays, what latest.json stands for, and this run's. Where this run stands alone in its time
    nothing goes: either nothing ran for long, or a clock jumped, and then every report would look old.

    Args:
        running: stem of this run's reports.
        good: stem of the last good ones.
    """
    if job.keep_s is None:
        return []
    kept, age = list(kept_files(job)), timedelta(seconds=job.keep_s)
    stays = {running, good, Path(os.path.realpath(job.latest)).stem}
    if not any(now - age <= one.at <= now for one in kept if one.stem != running):
        return []
    gone = []
    for one in kept:
        if one.at < now - age and one.stem not in stays:
            with suppress(OSError):
                one.path.unlink()
                gone.append(one.path)
    return gone


def sweep(folder: Path) -> None:
    """Remove temporary files that a run which was killed left in `folder` a day ago or more."""
    with suppress(OSError):
        for entry in list(os.scandir(folder)):
            about = entry.stat(follow_symlinks=False)
            # Both by this system's clock; a jump only makes it wait, or wait less for what nobody needs.
            ours = _TEMPORARY.fullmatch(entry.name) and stat.S_ISREG(about.st_mode)
            if ours and time.time() - about.st_mtime > _LEFT_OVER_S:
                with suppress(OSError):
                    os.unlink(entry.path)
