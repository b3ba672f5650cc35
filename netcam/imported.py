"""Reports made of other tools' files: scans, logs, leases, tables. Nothing is sent, and files may be of any length."""

from __future__ import annotations

import gzip
import io
import os
import stat
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import IO, BinaryIO, cast

from netcam.discovery.passive import HOST_LIMIT, Hearing
from netcam.errors import ConfigError, NetcamError
from netcam.heard import Heard, Sitting, begin_sitting, end_sitting
from netcam.imports import all_formats, recognised
from netcam.imports.base import HEAD_LIMIT, Format, How, Sighting, Trouble
from netcam.knowledge import Knowledge
from netcam.model import CoverageStatus, Endpoint, IPAddress, RunStatus

STDIN = "-"
REPEATS = 1 << 17  # sightings remembered, so that a repeated one costs nothing more than a look
TOLD_OF_ONE = 20  # lines of one file that are named, when they can't be read; the others are counted
FILES_LIMIT = 10_000  # of one folder
_GZIP = b"\x1f\x8b"


def read_files(
    paths: Sequence[str],
    knowledge: Knowledge,
    *,
    form: str | None = None,
    site: str | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Heard:
    """Who stands in these files, all taken together; `-` is standard input, a folder stands for the files in it.

    A file that can't be used is told in `unread`, and so is what can't be read of one; the others still count.

    Args:
        form: the name of the format of all files; None: each is recognised by its beginning.
        say: gets each line that `unread` gets, when it is found.
    Raises:
        ConfigError: no such format.
        NetcamError: none of the files can be used.
    """
    format = None if form is None else all_formats().get(form)
    if form is not None and format is None:
        raise ConfigError(f"--from {form!r}: no such format; there are {', '.join(all_formats())}")
    sitting = begin_sitting(knowledge, "import", stations=HOST_LIMIT)
    for path in _files(paths, sitting, say):
        try:
            _take_in(sitting, path, format, say)
        except (NetcamError, OSError) as error:
            why = f"{path}: {error.strerror or error}" if isinstance(error, OSError) else str(error)
            _unread(sitting, say, why)
        except KeyboardInterrupt:
            sitting.interrupted = True
            break
    if not sitting.read and sitting.unread and not sitting.interrupted:
        raise NetcamError("none of the files could be used")
    sitting.hearing.probe = "import"
    return end_sitting(sitting, tuple(paths), site)


def _files(paths: Sequence[str], sitting: Sitting, say: Callable[[str], None]) -> Iterator[str]:
    for path in paths:
        if path == STDIN or not os.path.isdir(path):
            yield path
            continue
        inside = sorted(str(p) for p in Path(path).iterdir() if p.is_file() and not p.name.startswith("."))
        if not inside:
            _unread(sitting, say, f"{path}: no file in this folder")
        if len(inside) > FILES_LIMIT:
            _unread(sitting, say, f"{path}: more than {FILES_LIMIT} files; the first ones are taken")
        yield from inside[:FILES_LIMIT]


def _unread(sitting: Sitting, say: Callable[[str], None], line: str) -> None:
    sitting.unread.append(line)
    say(line)


def _take_in(sitting: Sitting, path: str, chosen: Format | None, say: Callable[[str], None]) -> None:
    """Read one file to its end.

    Raises:
        NetcamError: it is of no known format.
        OSError: it can't be opened.
    """
    began, shown = time.monotonic(), "standard input" if path == STDIN else path
    with _opened(path) as raw:
        stream, head = _unpacked(raw, shown)
        format = chosen or recognised(head)
        if format is None:
            raise NetcamError(f"{shown}: {_what_else(head)}; --from names the format: {', '.join(all_formats())}")
        sitting.read += 1
        sitting.hearing.probe = f"import:{format.name}"
        told, bad, broken = _sightings(sitting, format, stream, shown, say)
    detail = f"{told} entries, {bad} lines that could not be read" if bad else f"{told} entries"
    status = RunStatus.ANSWERED if told else RunStatus.SILENT
    sitting.record.run("import", shown, status, detail, time.monotonic() - began)
    sitting.record.cover(
        shown, CoverageStatus.PARTLY, f"{format.title}: collected by others, nothing was asked; {detail}"
    )
    if broken:
        sitting.record.lost = True
        sitting.record.cover(f"{shown}: after {told} entries", CoverageStatus.PARTLY, broken)


def _sightings(
    sitting: Sitting, format: Format, stream: BinaryIO, shown: str, say: Callable[[str], None]
) -> tuple[int, int, str]:
    """Take in what a reader yields; how many entries, how many bad lines, and why it broke off."""
    told = bad = 0
    broken = ""
    recent: set[int] = set()
    take = _Taker(sitting.hearing).take

    def trouble(line: str) -> None:
        nonlocal bad
        bad += 1
        if bad <= TOLD_OF_ONE:
            _unread(sitting, say, line)

    try:
        for found in format.read(stream):
            if isinstance(found, Trouble):
                trouble(f"{shown}: line {found.line}: {found.reason}")
                broken = found.reason if found.ends else broken
                continue
            told += 1
            key = hash(found[:-1])
            if key in recent:
                continue
            if len(recent) >= REPEATS:
                recent.clear()
            recent.add(key)
            take(found)
    except (OSError, EOFError, zlib.error) as error:  # gzip that is cut or damaged, a disk that fails
        broken = str(error) or type(error).__name__
        trouble(f"{shown}: breaks off after {told} entries: {broken}")
    if bad > TOLD_OF_ONE:
        _unread(sitting, say, f"{shown}: {bad - TOLD_OF_ONE} more lines that could not be read")
    return told, bad, broken


class _Taker:
    """Hands sightings on to whoever groups them."""

    def __init__(self, hearing: Hearing) -> None:
        self._hearing = hearing

    def take(self, seen: Sighting) -> None:
        hearing, how = self._hearing, seen.how
        ip = _ip(seen.ip) if seen.ip is not None else None
        if how is How.NEIGHBOUR and ip is not None and seen.mac is not None:
            hearing.neighbour(ip, seen.mac, at=seen.at)
        elif how is How.STATION and seen.mac is not None:
            hearing.listed(seen.mac, seen.facts, measured=True, at=seen.at)
        elif how is How.LEASE and seen.mac is not None:
            hearing.listed(seen.mac, (("dhcp.mac", seen.mac), *seen.facts), ip=ip, measured=False, at=seen.at)
        elif how is How.RESOLVER and ip is not None:
            hearing.resolver(ip)
        elif how in (How.SEEN, How.ASKED) and ip is not None:
            at = Endpoint(ip=ip, port=seen.port, transport=seen.transport)
            hearing.told(at, seen.facts, at=seen.at, anywhere=how is How.ASKED)


@lru_cache(maxsize=65536)
def _ip(text: str) -> IPAddress:
    return ip_address(text)


# -- files -------------------------------------------------------------------------------------------------------------


@contextmanager
def _opened(path: str) -> Iterator[IO[bytes]]:
    if path == STDIN:
        yield sys.stdin.buffer
        return
    if stat.S_ISDIR(os.stat(path).st_mode):
        raise NetcamError(f"{path}: that is a folder")
    with open(path, "rb") as file:
        yield file


def _unpacked(raw: IO[bytes], shown: str) -> tuple[io.BufferedReader, bytes]:
    """The file's bytes, unpacked where they are gzip, and a look at its beginning."""
    head = raw.read(HEAD_LIMIT)
    stream = _joined(head, raw)
    if head.startswith(_GZIP):
        try:
            unpacked = cast("IO[bytes]", gzip.GzipFile(fileobj=stream, mode="rb"))
            head = unpacked.read(HEAD_LIMIT)
        except (OSError, EOFError, zlib.error) as error:
            raise NetcamError(f"{shown}: damaged gzip: {error or type(error).__name__}") from error
        if head.startswith(_GZIP):
            raise NetcamError(f"{shown}: gzip inside gzip")
        stream = _joined(head, unpacked)
    return stream, head


def _joined(head: bytes, rest: IO[bytes]) -> io.BufferedReader:
    return io.BufferedReader(_Joined(head, rest), 1 << 16)


class _Joined(io.RawIOBase):
    """Bytes that were read already, and the rest of their file."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head, self._rest = memoryview(head), rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        room = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        if self._head:
            taken = self._head[: len(room)]
            self._head = self._head[len(taken) :]
        else:
            taken = memoryview(self._rest.read(len(room)))
        room[: len(taken)] = taken
        return len(taken)


def _what_else(head: bytes) -> str:
    """What a file of no known format might be."""
    if not head.strip():
        return "it is empty"
    if head[:4] in (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x0a\x0d\x0d\x0a", b"\x4d\x3c\xb2\xa1"):
        return "it is a capture, for `netcam pcap`"
    text = head.lstrip()[:4096]
    if text.startswith(b"{") and (b'"schema"' in text or (b'"kind"' in text and b'"value"' in text)):
        return "it holds a report or observations, for `netcam identify`"
    return "its beginning is of no known format"
