"""What an importer is and yields, and how text, JSON and CSV from strangers are read for it: bounded, line by line."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, BinaryIO, NamedTuple

from netcam.errors import DecodeError
from netcam.model import canonical_mac
from netcam.probes.base import Header, HttpReply
from netcam.probes.http_banner import answer_facts
from netcam.wire.http_head import decode_head
from netcam.wire.tls_cert import decode_certificate

LINE_LIMIT = 1 << 20  # characters of one line: a zgrab2 answer with a page in it has some hundred kB
HEAD_LIMIT = 1 << 16  # bytes by which a format is recognised
HEADING_ROWS = 20  # rows of a table in which its headings are looked for

Fact = tuple[str, str]


class How(Enum):
    """What a line says about how its device is known."""

    SEEN = "heard speaking at an address"
    ASKED = "answered a tool that asked it, so it is a device wherever its address lies"
    NEIGHBOUR = "somebody's link layer showed this MAC at this address"
    STATION = "somebody's link layer showed this MAC"
    LEASE = "a MAC that asked for an address and holds it"
    RESOLVER = "it answers or takes questions for names, and those it asks are others' questions"

    __hash__ = object.__hash__  # Enum's own one is Python code, and repeats are told by the hash of each entry


class Sighting(NamedTuple):
    """What one line or element says of one device: texts as they stand there, nothing judged.

    A tuple, because a log has millions of them, most of them repeats, which are told by comparing tuples. `at` is Unix
    time and comes last: a repeat differs in nothing else.
    """

    how: How
    ip: str | None = None
    mac: str | None = None
    port: int | None = None
    transport: str | None = None
    facts: tuple[Fact, ...] = ()
    at: float | None = None


class Trouble(NamedTuple):
    """A line that can't be used, with its number (from 1) and the reason; `ends` where nothing can be read after it."""

    line: int
    reason: str
    ends: bool = False


Found = Iterator[Sighting | Trouble]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One file format. `looks` sees the beginning of a file as text; of two that say yes, one with `generic` loses."""

    name: str
    title: str
    looks: Callable[[str], bool]
    read: Callable[[BinaryIO], Found]
    generic: bool = False


def text_of(stream: BinaryIO, head: bytes) -> io.TextIOWrapper:
    """The stream as text: UTF-16 where it begins with that mark, else UTF-8; broken characters are replaced."""
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline="\n")


def head_text(head: bytes) -> str:
    """The beginning of a file as text; UTF-16 where it is marked so."""
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return head[: len(head) // 2 * 2].decode(encoding, "replace").replace("\r\n", "\n")


def numbered(stream: BinaryIO) -> Iterator[tuple[int, str | None]]:
    """The lines of a file with their numbers, without line ends; None for one beyond the limit, which is skipped."""
    peek = getattr(stream, "peek", None)
    text = text_of(stream, peek(2) if peek else b"")
    read, number = text.readline, 0
    try:
        while line := read(LINE_LIMIT + 1):
            number += 1
            if len(line) > LINE_LIMIT and line[-1] != "\n":
                while line and line[-1] != "\n":
                    line = read(LINE_LIMIT)
                yield number, None
            else:
                yield number, line.rstrip("\r\n")
    finally:
        with contextlib.suppress(ValueError):  # closed by its owner meanwhile
            text.detach()  # it is its owner's to close


def by_line(read_line: Callable[[str], Iterable[Sighting]]) -> Callable[[BinaryIO], Found]:
    """A reader of files in which each line stands alone. `read_line` raises ValueError on one that can't be used."""

    def read(stream: BinaryIO) -> Found:
        for number, line in numbered(stream):
            if line is None:
                yield too_long(number)
                continue
            try:
                yield from read_line(line)
            except (ValueError, RecursionError) as error:
                yield Trouble(number, short(error))

    return read


def too_long(number: int) -> Trouble:
    """What is said of a line beyond the limit."""
    return Trouble(number, f"longer than {LINE_LIMIT} characters")


def short(error: BaseException) -> str:
    """The first line of what an error says, bounded."""
    text = str(error).splitlines()
    return text[0][:200] if text else type(error).__name__


def read_json(line: str) -> dict[str, Any]:
    """The object that a line holds.

    Raises:
        ValueError: no JSON, or another value than an object.
        RecursionError: nested too deep.
    """
    try:
        item = json.loads(line)
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(item, dict):
        raise ValueError("not a JSON object")
    return item


def part(item: Any, *path: str) -> Any:
    """What lies at a path of keys in nested objects, or None."""
    for key in path:
        item = item.get(key) if isinstance(item, dict) else None
    return item


def words(item: Any) -> Iterator[str]:
    """A JSON value that may be a text or a list of texts."""
    for one in item if isinstance(item, list) else (item,):
        if isinstance(one, str):
            yield one


@lru_cache(maxsize=4096)
def columns_of(row: str) -> tuple[str, ...]:
    """The column names of a heading line in lower case, whichever of tab, semicolon and comma separates them."""
    try:
        return tuple(name.strip().lower() for name in next(csv.reader([row], delimiter=_delimiter(row)), ()))
    except csv.Error:
        return ()


def heading(head: str, *wanted: str) -> bool:
    """Whether one of the first lines is a heading that names all these columns."""
    found = head.splitlines()[:HEADING_ROWS]
    return any(set(wanted) <= set(columns_of(line[:4096])) for line in found if _any_of(line, wanted))


def by_row(
    wanted: tuple[str, ...], read_row: Callable[[Mapping[str, str]], Iterable[Sighting]]
) -> Callable[[BinaryIO], Found]:
    """A reader of tables whose columns go by name; the rows above the headings are passed over.

    Args:
        wanted: a heading line has one of these at least; names in lower case.
        read_row: gets column name in lower case -> text; raises ValueError on a row that can't be used.
    """

    def read(stream: BinaryIO) -> Found:
        lines, late = numbered(stream), list[Trouble]()

        def texts() -> Iterator[str]:
            for number, line in lines:
                if line is None:
                    late.append(too_long(number))
                else:
                    yield f"{line}\n"

        names: tuple[str, ...] = ()
        source, at, row = texts(), 0, ""
        for row in source:
            at += 1
            if _any_of(row, wanted) and set(wanted) & set(columns_of(row[:4096].rstrip("\n"))):
                names = columns_of(row[:4096].rstrip("\n"))
                break
            if at > HEADING_ROWS:
                break
        yield from late
        if not names:
            yield Trouble(1, f"no heading line with a column {' or '.join(map(repr, wanted))}", ends=True)
            return
        rows = csv.reader(source, delimiter=_delimiter(row))
        while True:
            late.clear()
            try:
                cells = next(rows)
            except StopIteration:
                yield from late
                return
            except csv.Error as error:
                yield Trouble(at + rows.line_num, short(error))
                continue
            yield from late
            if not any(cells):
                continue
            try:
                yield from read_row({name: cell.strip() for name, cell in zip(names, cells, strict=False) if name})
            except ValueError as error:
                yield Trouble(at + rows.line_num, short(error))

    return read


def first_of(row: Mapping[str, str], names: Iterable[str]) -> str:
    """The first of these columns that holds something; "" where none does."""
    return next((row[name] for name in names if row.get(name)), "")


def column_facts(row: Mapping[str, str], kinds: Mapping[str, tuple[str, ...]]) -> list[Fact]:
    """The (kind, text) pairs of a row; `kinds` says in which columns the text of a kind may stand."""
    return [(kind, text) for kind, names in kinds.items() if (text := first_of(row, names))]


def _delimiter(row: str) -> str:
    return max("\t;,", key=row.count)


def _any_of(line: str, wanted: Iterable[str]) -> bool:
    folded = line[:4096].lower()
    return any(word in folded for word in wanted)


@lru_cache(maxsize=65536)
def address(text: str | None) -> str | None:
    """An IP address in its usual form, without zone; None for anything else, and for addresses that no device has."""
    try:
        ip = ip_address((text or "").strip().partition("%")[0])
    except ValueError:
        return None
    return None if ip.is_unspecified or ip.is_multicast else str(ip)


@lru_cache(maxsize=65536)
def hardware(text: str | None) -> str | None:
    """One MAC in the form that is used throughout; parts of one digit, as BSD writes them, are filled up."""
    if text and (":" in text or "-" in text):
        parts = re.split("[:-]", text.strip())
        if len(parts) == 6:
            text = "".join(p.zfill(2) for p in parts)
    return canonical_mac(text) if text else None


def needed(text: str | None, what: str) -> str:
    """`text` as an address.

    Raises:
        ValueError: it is none; `what` names the field.
    """
    ip = address(text)
    if ip is None:
        raise ValueError(f"{what} is no device's address: {(text or '')[:60]!r}")
    return ip


def number(value: Any) -> int | None:
    """A port number, or None."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) <= 5 else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536 else None


def seconds(value: Any) -> float | None:
    """A Unix time as number or text, or None."""
    try:
        return float(value) if isinstance(value, str | int | float) else None
    except (ValueError, OverflowError):
        return None


def http_facts(raw: bytes) -> tuple[Fact, ...]:
    """What an HTTP answer shows, by the reader that live scans use; nothing where it is none."""
    try:
        head = decode_head(raw)
    except DecodeError:
        return ()
    headers = tuple(Header(name=name, value=value) for name, value in head.headers)
    return page_facts(HttpReply(url="/", status=head.status, headers=headers, body=raw[head.body_offset :], raw=raw))


def page_facts(reply: HttpReply) -> tuple[Fact, ...]:
    """The (kind, text) pairs of one answer to a request for /."""
    return tuple((kind, text) for kind, text in answer_facts("/", reply) if text)


def certificate(der: bytes) -> tuple[Fact, ...]:
    """The names in a certificate; nothing where it can't be read."""
    try:
        names = decode_certificate(der)
    except DecodeError:
        return ()
    pairs = (
        ("tls.subject", names.subject), ("tls.issuer", names.issuer), ("tls.san", names.san),
        ("tls.fingerprint", names.fingerprint),
    )  # fmt: skip
    return tuple((kind, text) for kind, text in pairs if text)
