"""The targets file: what a programme wants to reach, by when, in all and at single sites."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec

from netcam.datafiles import At, Flaw, TomlFlaw, flaws, line_of, parsed, read_text, toml_lines
from netcam.errors import ConfigError, SignatureError


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The table [programme]."""

    name: str = ""
    of: str | list[str] = msgspec.field(default_factory=list, name="list")  # which lists count; none: all
    start: date | None = None
    due: date | None = None
    target: int = 0  # listed devices that may be left

    @property
    def lists(self) -> tuple[str, ...]:
        return (self.of,) if isinstance(self.of, str) else tuple(self.of)


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """One [[site]]."""

    id: str
    due: date | None = None
    target: int = 0


class Targets(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file."""

    schema: int
    programme: Head
    site: list[Site] = msgspec.field(default_factory=list)


def load_targets(path: Path) -> Targets:
    """The targets in the file at `path`.

    Raises:
        ConfigError: it can't be read, or a wrong key or value; names file, line and what is accepted. Of several the
            first, with their number.
    """
    made, found = _read(path)
    if made is None or found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise ConfigError(f"{path}:{found[0].line}: {found[0].reason}{more}")
    return made


def _read(path: Path) -> tuple[Targets | None, tuple[Flaw, ...]]:
    try:
        text = read_text(path)
    except SignatureError as error:
        raise ConfigError(str(error)) from error
    try:
        made: Targets = msgspec.convert(raw := parsed(text), Targets)
    except TomlFlaw as error:
        return None, (error.flaw,)
    except msgspec.ValidationError as error:
        found = tuple(flaws(raw, Targets, toml_lines(text))) or (Flaw(line=1, reason=str(error)),)
        return None, tuple(sorted(found, key=lambda flaw: flaw.line))
    lines = toml_lines(text)
    # What is no error to the types: keys that nobody reads would be mistakes without a word.
    wrong = [*flaws(raw, Targets, lines), *(Flaw(line=line_of(at, lines), reason=why) for at, why in _wrong(made))]
    return made, tuple(sorted(wrong, key=lambda flaw: flaw.line))


def _wrong(made: Targets) -> Iterator[tuple[At, str]]:
    head = made.programme
    if made.schema != 1:
        yield ("schema",), f"schema {made.schema} is not known to this netcam, which reads 1"
    if head.target < 0:
        yield ("programme", "target"), f"[programme] target {head.target} is below 0"
    if head.start and head.due and head.due <= head.start:
        yield ("programme", "due"), f"[programme] due {head.due} is not after start {head.start}"
    seen: dict[str, int] = {}
    for number, site in enumerate(made.site):
        at: At = ("site", number)
        if not site.id.strip():
            yield (*at, "id"), "[site] id is empty"
        elif site.id in seen:
            yield (*at, "id"), f"[site] id {site.id!r} stands here a second time"
        seen[site.id] = number
        if site.target < 0:
            yield (*at, "target"), f"[site] target {site.target} is below 0"
        if site.due and head.start and site.due <= head.start:
            yield (*at, "due"), f"[site] due {site.due} is not after the programme's start {head.start}"
