"""Who registered a MAC prefix: the IEEE's three block sizes in one look-up.

A registrant is not always a maker (network chips are bought in), so what comes of it is supporting evidence at most.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from netcam.errors import ConfigError

_HEAD = re.compile(r"# netcam-oui 1 date=(\d{4}-\d\d-\d\d) blocks24=(\d+) blocks28=(\d+) blocks36=(\d+) source=(.*)")
_SIZES = {6: 24, 7: 28, 9: 36}


@dataclass(frozen=True, slots=True, kw_only=True)
class OuiTable:
    """Prefix (6, 7 or 9 upper-case hex digits) -> registrant, with the date of the data."""

    date: str
    source: str
    blocks: Mapping[str, str]

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


def load_oui(path: Path) -> OuiTable:
    """Read the shipped table.

    Raises:
        ConfigError: no such file, or not this format.
    """
    try:
        head, *lines = gzip.decompress(path.read_bytes()).decode("utf-8").split("\n")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: the OUI data can't be read: {error}") from error
    if not (known := _HEAD.fullmatch(head)):
        raise ConfigError(f"{path}: not netcam OUI data of version 1")
    blocks: dict[str, str] = {}
    for line in lines:
        name, _, prefixes = line.partition("\t")
        for prefix in prefixes.split():
            blocks[prefix] = name
    return OuiTable(date=known[1], source=known[5], blocks=blocks)


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
