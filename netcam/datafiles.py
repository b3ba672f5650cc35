"""Where signature data lies, and TOML files as checked types with messages that name what is wrong."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import msgspec

from netcam.errors import ConfigError, SignatureError
from netcam.kept import current, digest

# Where a value stands in a TOML document: ("entry", 2, "vendor") is the key of the third [[entry]].
At = tuple[str | int, ...]

_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEY = re.compile(rf"[ \t]*({_PART}(?:[ \t]*\.[ \t]*{_PART})*)[ \t]*=")
_TABLE = re.compile(rf"[ \t]*(\[\[?)[ \t]*({_PART}(?:[ \t]*\.[ \t]*{_PART})*)[ \t]*\]")
_SYNTAX = re.compile(r"(.*?) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)
_KINDS = {
    "str": "text", "int": "a whole number", "float": "a number", "bool": "true or false", "array": "a list",
    "object": "a table", "date": "a day such as 2026-01-15",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One thing that is wrong with a file: the line it stands in, what it is, and what is accepted instead."""

    line: int
    reason: str


def data_folder(given: Path | None = None) -> Path:
    """Where signature data lies: the folder given, the packaged copy, or the checkout's `signatures/`.

    Raises:
        ConfigError: none of them has a vocabulary.
    """
    if given is not None:
        if not (given / "vocabulary.toml").is_file():
            raise ConfigError(f"{given}: no vocabulary.toml there, so this is no signature folder")
        return given
    packed = Path(__file__).resolve().parent / "_data" / "signatures"
    beside = Path(__file__).resolve().parents[1] / "signatures"
    for folder in (packed, beside):
        if (folder / "vocabulary.toml").is_file():
            return folder
    raise ConfigError("no signature data: neither in the installed package nor beside a checkout")


def read_toml(path: Path, kind: type[Any]) -> Any:
    """One TOML file as `kind`; `SignatureError` names the file, and the line, table and key that are wrong."""
    text = read_text(path)
    kept, key = current(), digest(b"toml", text.encode())
    if kept is not None and (known := kept.get(key)) is not None:
        try:
            return msgspec.msgpack.decode(known, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass  # whatever is wrong is told from the file itself
    try:
        raw = parsed(text)
        made = msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        for flaw in flaws(raw, kind, toml_lines(text)):
            raise SignatureError(str(path), _blamed(raw, str(error)), flaw.reason, flaw.line) from error
        raise SignatureError(str(path), _blamed(raw, str(error)), str(error)) from error
    except TomlFlaw as error:
        raise SignatureError(str(path), None, error.flaw.reason, error.flaw.line) from error
    if kept is not None:
        kept.put(key, msgspec.msgpack.encode(raw))
    return made


class TomlFlaw(ValueError):
    """Text that is no TOML; `flaw` has the line, and the column in its reason."""

    def __init__(self, flaw: Flaw) -> None:
        self.flaw = flaw
        super().__init__(flaw.reason)


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        SignatureError: it can't be read, or is not UTF-8.
    """
    try:
        # As it stands on disk: a lone carriage return is no new line in TOML.
        return path.read_bytes().decode("utf-8").removeprefix("\ufeff")
    except OSError as error:
        raise SignatureError(str(path), None, f"can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SignatureError(str(path), None, f"not TOML: byte {error.start} is not UTF-8") from error


def parsed(text: str) -> dict[str, Any]:
    """The tables of a TOML document.

    Raises:
        TomlFlaw: a mistake in the syntax, with its line and column.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _SYNTAX.fullmatch(str(error))
        what = found[1] if found else str(error)
        if found and found[2]:
            raise TomlFlaw(Flaw(line=int(found[2]), reason=f"not TOML, column {found[3]}: {what}")) from error
        end = max(1, text.count("\n") + (not text.endswith("\n")))
        raise TomlFlaw(Flaw(line=end, reason=f"not TOML, at the end of the file: {what}")) from error
    except RecursionError as error:
        raise TomlFlaw(Flaw(line=1, reason="not TOML: nested too deeply")) from error


def toml_lines(text: str) -> dict[At, int]:
    """Where every table and key of a valid TOML document stands, counted from 1; what is inside an inline table or a
    list stands where its key does (`line_of`)."""
    lines: dict[At, int] = {}
    last: dict[At, int] = {}  # arrays of tables -> index of the newest element
    table: At = ()
    quote, depth = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        start = 0
        if not quote and not depth:
            if header := _TABLE.match(line):
                *above, name = _parts(header[2])
                table = ()
                for part in above:
                    table += (part,)
                    table += (last[table],) if table in last else ()
                    lines.setdefault(table, number)
                table += (name,)
                if header[1] == "[[":
                    lines.setdefault(table, number)
                    last[table] = last.get(table, -1) + 1
                    table += (last[table],)
                lines[table] = number
                continue
            key = _KEY.match(line)
            if key is None:
                continue
            at = table
            for part in _parts(key[1]):
                at += (part,)
                lines.setdefault(at, number)
            start = key.end()
        quote, depth = _left_open(line, start, quote, depth)
    return lines


def line_of(at: At, lines: Mapping[At, int]) -> int:
    """The line of a table or key, or of the nearest one around it that has a line of its own."""
    while at and at not in lines:
        at = at[:-1]
    return lines.get(at, 1)


def _parts(dotted: str) -> list[str]:
    return [
        part if part[0] not in "\"'" else tomllib.loads(f"k = {part}")["k"] for part in re.findall(_PART, dotted)
    ]


def _left_open(line: str, at: int, quote: str, depth: int) -> tuple[str, int]:
    """What a value leaves open at the end of a line: a multi-line string (its quotes), and how many brackets."""
    while at < len(line):
        if quote:
            if quote == '"""' and line[at] == "\\":
                at += 2
            elif line.startswith(quote, at):
                at += 3
                while line.startswith(quote[0], at):  # up to two quotes may stand before the closing three
                    at += 1
                quote = ""
            else:
                at += 1
        elif line[at] == "#":
            break
        elif line.startswith(('"""', "'''"), at):
            quote, at = line[at : at + 3], at + 3
        elif line[at] in "\"'":
            at = _string_end(line, at)
        else:
            depth += (line[at] in "[{") - (line[at] in "]}")
            at += 1
    return quote, depth


def _string_end(line: str, at: int) -> int:
    mark, at = line[at], at + 1
    while at < len(line) and line[at] != mark:
        at += 2 if mark == '"' and line[at] == "\\" else 1
    return at + 1


def flaws(raw: Any, kind: type[Any], lines: Mapping[At, int], at: At = ()) -> Iterator[Flaw]:
    """All unknown keys, missing keys and values of the wrong sort in a table that should be the struct `kind`."""
    table = f"[{'.'.join(str(part) for part in at if isinstance(part, str))}] " if at else ""
    if not isinstance(raw, dict):
        yield Flaw(line=line_of(at, lines), reason=f"{table.strip()} is no table")
        return
    known = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    misspelt: set[str] = set()
    for name, value in raw.items():
        line = line_of((*at, name), lines)
        if name not in known:
            near = get_close_matches(name, known, 1)
            misspelt.update(near)
            hint = f"is {near[0]!r} meant?" if near else f"accepted: {', '.join(known)}"
            yield Flaw(line=line, reason=f"{table}unknown key {name!r}; {hint}")
            continue
        inner = _struct_in(known[name].type)
        if inner is not None and isinstance(value, list):
            for number, item in enumerate(value):
                yield from flaws(item, inner, lines, (*at, name, number))
        elif inner is not None and inner is known[name].type:
            yield from flaws(value, inner, lines, (*at, name))
        else:
            try:
                msgspec.convert(value, known[name].type)
            except msgspec.ValidationError as error:
                yield Flaw(line=line, reason=f"{table}{name}: {_plainly(str(error), known[name].type)}")
    for name, field in known.items():
        if field.required and name not in raw and name not in misspelt:
            yield Flaw(line=line_of(at, lines), reason=f"{table}the key {name!r} is missing")


def _struct_in(kind: Any) -> type[Any] | None:
    """The struct that a field's value is, or is a list of."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind
    return next((found for inner in get_args(kind) if (found := _struct_in(inner))), None)


def _plainly(message: str, kind: Any) -> str:
    """A message of msgspec in the words of this project, with what is accepted."""
    message = message.partition(" - at `")[0]
    if message.startswith("Invalid enum value") and isinstance(kind, type) and issubclass(kind, Enum):
        return f"{message.removeprefix('Invalid enum value ')} is not one of {', '.join(str(e.value) for e in kind)}"
    if "encoded date" in message:
        return f"expected {_KINDS['date']}"
    words = re.sub(r"`([^`]+)`", lambda m: " or ".join(_KINDS.get(k, k) for k in m[1].split(" | ")), message)
    return words[:1].lower() + words[1:]


def _blamed(raw: Mapping[str, Any], message: str) -> str | None:
    """The id of the table that a message like "... - at `$.signature[3].pattern`" points to."""
    _, _, at = message.rpartition("$.")
    table, _, rest = at.partition("[")
    number = rest.partition("]")[0]
    items = raw.get(table)
    if (
        number.isdigit()
        and isinstance(items, list)
        and int(number) < len(items)
        and isinstance(items[int(number)], dict)
    ):
        found = items[int(number)].get("id")
        return found if isinstance(found, str) else None
    return None
