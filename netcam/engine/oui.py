"""Who registered a MAC prefix: the IEEE's three block sizes in one look-up.

A registrant is not always a maker (network chips are bought in), so what comes of it is supporting evidence at most.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import sys
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, ValuesView
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from netcam.errors import ConfigError
from netcam.kept import current, digest

_HEAD = re.compile(r"# netcam-oui 1 date=(\d{4}-\d\d-\d\d) blocks24=(\d+) blocks28=(\d+) blocks36=(\d+) source=(.*)")
_SIZES = {6: 24, 7: 28, 9: 36}


@dataclass(frozen=True, kw_only=True)
class OuiTable:
    """Prefix (6, 7 or 9 upper-case hex digits) -> registrant, with the date of the data."""

    date: str
    source: str
    blocks: Mapping[str, str]

    @cached_property
    def registrants(self) -> frozenset[str]:
        """Every registrant's name, white space in single blanks."""
        return frozenset(" ".join(name.split()) for name in self.blocks.values())

    def registrant(self, mac: str) -> tuple[str, str] | None:
        """(prefix, registrant) of the longest registered block, or None.

        Takes a MAC or a prefix of at least 6 hex digits in any notation. A locally administered address is nobody's.
        """
        digits = re.sub(r"[^0-9A-Fa-f]", "", mac).upper()
        if not 6 <= len(digits) <= 12 or int(digits[1], 16) & 2:
            return None
        for size in (9, 7, 6):
            if len(digits) >= size and (name := self.blocks.get(digits[:size])) is not None:
                return digits[:size], name
        return None


class _Blocks(Mapping[str, str]):
    """Blocks as three flat pieces of memory, which are read from the cache as they are: nothing is parsed at a start.

    The prefixes stand in order as numbers, `number << 4 | digits`; beside each stands the number of its name.
    """

    def __init__(self, numbers: array[int], owners: array[int], names: bytes) -> None:
        self._numbers, self._owners, self._text = numbers, owners, names
        self._names: list[str] | None = None

    @classmethod
    def of(cls, lines: Iterable[str]) -> _Blocks:
        """From lines of `registrant<TAB>prefix prefix ...`; the last registrant of a prefix counts."""
        names: list[str] = []
        owned: dict[int, int] = {}
        for line in lines:
            name, _, prefixes = line.partition("\t")
            for prefix in prefixes.split():
                owned[int(prefix, 16) << 4 | len(prefix)] = len(names)
            names.append(name)
        ordered = sorted(owned)
        return cls(array("Q", ordered), array("I", map(owned.__getitem__, ordered)), "\n".join(names).encode("utf-8"))

    @classmethod
    def load(cls, data: bytes) -> _Blocks:
        """What `dump` gave, on the same kind of machine.

        Raises:
            ValueError: it is something else.
        """
        count = int.from_bytes(data[:4], "big")
        numbers, owners = array("Q"), array("I")
        middle, end = 4 + count * numbers.itemsize, 4 + count * (numbers.itemsize + owners.itemsize)
        numbers.frombytes(data[4:middle])
        owners.frombytes(data[middle:end])
        if not len(numbers) == len(owners) == count or max(owners, default=0) > data.count(b"\n", end):
            raise ValueError("cut short")
        return cls(numbers, owners, data[end:])

    def dump(self) -> bytes:
        return len(self._numbers).to_bytes(4, "big") + self._numbers.tobytes() + self._owners.tobytes() + self._text

    def __getitem__(self, prefix: str) -> str:
        name: str | None = self.get(prefix)
        if name is None:
            raise KeyError(prefix)
        return name

    def _named(self) -> list[str]:
        if self._names is None:
            self._names = self._text.decode("utf-8", "replace").split("\n")
        return self._names

    def values(self) -> ValuesView[str]:
        return dict(enumerate(map(self._named().__getitem__, self._owners))).values()

    def get(self, prefix: str, default: Any = None) -> Any:
        try:
            number = int(prefix, 16) << 4 | len(prefix)
        except ValueError:
            return default
        at = bisect_left(self._numbers, number)
        if at == len(self._numbers) or self._numbers[at] != number:
            return default
        return self._named()[self._owners[at]]

    def __iter__(self) -> Iterator[str]:
        return (f"{number >> 4:0{number & 15}X}" for number in self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


def load_oui(path: Path) -> OuiTable:
    """Read the shipped table.

    Raises:
        ConfigError: no such file, or not this format.
    """
    try:
        packed = path.read_bytes()
        kept = current()
        key = digest(b"oui", sys.byteorder.encode(), packed) if kept is not None else b""
        if kept is not None and (known := kept.get(key)) is not None:
            head, _, rest = known.partition(b"\n")
            if told := _HEAD.fullmatch(head.decode("utf-8")):
                with suppress(ValueError):
                    return OuiTable(date=told[1], source=told[5], blocks=_Blocks.load(rest))
        text_head, *lines = gzip.decompress(packed).decode("utf-8").split("\n")
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise ConfigError(f"{path}: the OUI data can't be read: {error}") from error
    if not (told := _HEAD.fullmatch(text_head)):
        raise ConfigError(f"{path}: not netcam OUI data of version 1")
    try:
        blocks = _Blocks.of(lines)
    except ValueError as error:
        raise ConfigError(f"{path}: the OUI data can't be read: {error}") from error
    if kept is not None:
        kept.put(key, text_head.encode() + b"\n" + blocks.dump())
    return OuiTable(date=told[1], source=told[5], blocks=blocks)


def dump_oui(blocks: Mapping[str, str], *, date: str, source: str) -> bytes:
    """The table as it is shipped: gzip, a head line, then `registrant<TAB>prefix prefix ...`; always the same bytes."""
    by_name: dict[str, list[str]] = {}
    for prefix, name in blocks.items():
        by_name.setdefault(" ".join(name.split()), []).append(prefix)
    count = {bits: sum(len(p) == digits for p in blocks) for digits, bits in _SIZES.items()}
    head = f"# netcam-oui 1 date={date} blocks24={count[24]} blocks28={count[28]} blocks36={count[36]} source={source}"
    body = "\n".join([head, *(f"{name}\t{' '.join(sorted(by_name[name]))}" for name in sorted(by_name))])
    return gzip.compress(body.encode("utf-8"), 9, mtime=0)


def read_registry(paths: Iterable[Path]) -> dict[str, str]:
    """Blocks out of the IEEE's own CSV files (MA-L, MA-M, MA-S), or of one JSON object prefix -> registrant text.

    Raises:
        ConfigError: a file that is neither, naming it.
    """
    blocks: dict[str, str] = {}
    for path in paths:
        try:
            text = path.read_text("utf-8")
            if path.suffix == ".json":
                found = {str(k).upper(): str(v).split("\n")[0] for k, v in json.loads(text).items()}
            else:
                rows = csv.DictReader(io.StringIO(text))
                found = {row["Assignment"].upper(): row["Organization Name"] for row in rows}
        except (OSError, ValueError, KeyError, AttributeError) as error:
            raise ConfigError(
                f"{path}: neither an IEEE registry CSV nor a JSON object of prefixes: {error!r}"
            ) from error
        if wrong := next((p for p in found if len(p) not in _SIZES or re.search("[^0-9A-F]", p)), None):
            raise ConfigError(f"{path}: {wrong!r} is no block of 24, 28 or 36 bits")
        blocks |= found
    return blocks
