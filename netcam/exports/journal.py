"""What was delivered, one line a confirmation, so that a run that broke off goes on where it stopped."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import ModuleType, TracebackType
from typing import IO, Any

from netcam.errors import StoreError
from netcam.exports.base import Item
from netcam.report.write import write_atomically

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # not on Windows: there two runs at once are the user's to avoid
    fcntl = None

SIZE_LIMIT = 256 * 1024 * 1024  # bytes; a confirmation has some 200
BEGINNING = b'{"to":'  # of each line
COMPACT_AT = 1000  # lines from which on old ones are thrown out


@dataclass(frozen=True, slots=True)
class Entry:
    """The last confirmed state of one item, and how many times the item was confirmed."""

    digest: str
    turn: int
    run: str


def digest(item: Item) -> str:
    """Names what an item says; the same for the same fields, in whatever order."""
    text = json.dumps([item.kind, item.fields], sort_keys=True, ensure_ascii=True, default=str)
    return sha256(text.encode("ascii")).hexdigest()[:32]


class Journal:
    """Confirmations for one destination in a file that several may share.

    A confirmation is on disk when `confirm` returns. A line that a crash cut in half is cut off when the file is opened
    again: what it would have said was not confirmed. `run` names what is being delivered: entries of another run don't
    count, nor do those of a run that ended; "" is a journal that never ends.
    """

    def __init__(self, path: Path, to: str, *, run: str = "", read_only: bool = False) -> None:
        self.path, self.to, self.run = path, to, run
        self.odd = 0  # lines that can't be read
        self._read_only = read_only
        self._known: dict[str, Entry] = {}
        self._file: IO[bytes] | None = None
        self._lock: IO[bytes] | None = None

    def __enter__(self) -> Journal:
        try:
            if not self._read_only:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._only_one()
            self._load()
            if not self._read_only:
                fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
                self._file = os.fdopen(fd, "ab", buffering=0)
        except OSError as error:
            self.close()
            raise StoreError(f"{self.path}: {error.strerror or error}") from error
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file and the lock."""
        for file in (self._file, self._lock):
            if file is not None:
                file.close()
        self._file = self._lock = None

    def get(self, key: str) -> Entry | None:
        """What was confirmed last for an item."""
        found = self._known.get(key)
        return found if found is not None and found.run == self.run else None

    def confirm(self, *items: Item) -> None:
        """These stand at the destination as they are now.

        Raises:
            StoreError: the journal can't be written; nothing more should be sent.
        """
        lines = []
        for item in items:
            entry = Entry(digest(item), item.turn + 1, self.run)
            self._known[item.key] = entry
            lines.append({"to": self.to, "key": item.key, "digest": entry.digest, "turn": entry.turn, "run": entry.run})
        self._append(lines)

    def end(self) -> None:
        """Everything of this run was delivered: the next one asks the destination anew."""
        if self.run and any(entry.run for entry in self._known.values()):
            self._append([{"to": self.to, "end": self.run}])
            self._known.clear()

    def _append(self, lines: list[dict[str, Any]]) -> None:
        if self._file is None or not lines:
            return
        try:
            data = b"".join(_line(line) for line in lines)
            written = self._file.write(data)
            if written != len(data):
                raise OSError(28, "half of a line was written; is the disk full?")
            os.fsync(self._file.fileno())
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror or error}") from error

    def _only_one(self) -> None:
        fd = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        self._lock = os.fdopen(fd, "r+b")
        if fcntl is not None:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StoreError(f"{self.path}: another export is writing it; wait until that has ended") from None

    def _load(self) -> None:
        try:
            with self.path.open("rb") as file:
                data = file.read(SIZE_LIMIT + 1)
        except FileNotFoundError:
            return
        if len(data) > SIZE_LIMIT:
            raise StoreError(f"{self.path}: longer than {SIZE_LIMIT} bytes; that is no journal of netcam")
        whole = data.rfind(b"\n") + 1
        if whole == 0 and data and not (data.startswith(BEGINNING) or BEGINNING.startswith(data)):
            raise StoreError(f"{self.path}: not a journal of netcam")
        if whole < len(data) and not self._read_only:
            os.truncate(self.path, whole)
        kept: dict[tuple[str, str], bytes] = {}
        lines = data[:whole].splitlines()
        for line in lines:
            if (said := _read(line)) is None:
                self.odd += 1
                continue
            if "end" in said:
                for known in [known for known in kept if known[0] == said["to"]]:
                    del kept[known]
                if said["to"] == self.to:
                    self._known = {key: entry for key, entry in self._known.items() if not entry.run}
                continue
            kept[said["to"], said["key"]] = line
            if said["to"] == self.to:
                self._known[said["key"]] = Entry(said["digest"], said["turn"], said["run"])
        if lines and self.odd == len(lines):
            raise StoreError(f"{self.path}: not a journal of netcam")
        if len(lines) > max(COMPACT_AT, 2 * len(kept)) and not self._read_only:
            write_atomically(self.path, b"".join(line + b"\n" for line in kept.values()))


def default_path(name: str, to: str) -> Path:
    """Where the journal of a destination lies: in `$XDG_STATE_HOME/netcam/exports`, else `~/.local/state/...`."""
    base = os.environ.get("XDG_STATE_HOME", "")
    folder = Path(base) if os.path.isabs(base) else None
    if folder is None:
        with suppress(RuntimeError):
            folder = Path.home() / ".local" / "state"
    if folder is None:
        raise StoreError("there is no folder for the journal; name a file with --state")
    return folder / "netcam" / "exports" / f"{name}-{sha256(to.encode()).hexdigest()[:12]}.jsonl"


def _line(said: dict[str, Any]) -> bytes:
    return json.dumps(said, separators=(",", ":"), ensure_ascii=True).encode("ascii") + b"\n"


def _read(line: bytes) -> dict[str, Any] | None:
    """What one line says; None where it is none of ours."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or not isinstance(said.get("to"), str):
        return None
    if isinstance(said.get("end"), str):
        return said
    texts = all(isinstance(said.get(name), str) for name in ("key", "digest", "run"))
    return said if texts and isinstance(said.get("turn"), int) else None
