"""Zeek's logs conn, dns, ssl, dhcp, http, ssh and software, as tab-separated values or as JSON lines.

Layout: the Zeek manual, "Log Files", and the records in `scripts/base/protocols/*/main.zeek`. User names, passwords and
cookies that a log may hold are never read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

from netcam.imports.base import (
    Fact,
    Format,
    Found,
    How,
    Sighting,
    Trouble,
    address,
    hardware,
    number,
    numbered,
    read_json,
    seconds,
    short,
    too_long,
    words,
)

COLUMN_LIMIT = 256
REPEATS = 1 << 17  # rows remembered by what is read of them

_JSON = re.compile(r'^\{"(?:_path|_system_name|_write_ts|ts)":.*"(?:id\.orig_h|client_addr|mac|msg_types|host)":', re.M)
# A connection of these states had an answer from the port it went to (Zeek manual, conn.log).
_ANSWERED = frozenset({"SF", "S1", "S2", "S3", "RSTO", "RSTR"})
_ESCAPE = re.compile(r"\\x([0-9a-fA-F]{2})")
Row = Mapping[str, Any]


def _looks(head: str) -> bool:
    return head.startswith("#separator") or "\n#fields\t" in f"\n{head}" or bool(_JSON.search(head))


def read(stream: BinaryIO) -> Found:
    """The rows of one log, or of several one behind the other."""
    separator, path = "\t", ""
    fields: tuple[str, ...] = ()
    unset = {"-", "(empty)"}
    log: _Log | None = None
    picked: tuple[tuple[str, int], ...] = ()
    recent: set[int] = set()
    for at, line in numbered(stream):
        if line is None:
            yield too_long(at)
            continue
        try:
            if line.startswith("#"):
                key, _, value = line[1:].partition(" " if line.startswith("#separator") else separator)
                if key == "separator":
                    separator = _text(value.strip()) or "\t"
                elif key in ("unset_field", "empty_field"):
                    unset = unset | {value}
                elif key == "path":
                    path = value
                elif key == "fields":
                    fields = tuple(value.split(separator)[:COLUMN_LIMIT])
                    log = _LOGS.get(path or _path_of(dict.fromkeys(fields)))
                    picked = tuple((name, n) for n, name in enumerate(fields) if log and name in log.columns)
                    recent.clear()
            elif line.startswith("{"):
                row = read_json(line)
                if told := _LOGS.get(str(row.get("_path") or _path_of(row))):
                    yield from told.read(row)
            elif line.strip():
                if not fields:
                    raise ValueError("values before any #fields line")
                cells = line.split(separator)
                if len(cells) != len(fields):
                    raise ValueError(f"{len(cells)} values for {len(fields)} fields")
                if log is None:
                    continue
                # Most rows of a log repeat others in all but time and client port, and need no more than this look.
                seen = hash(tuple([cells[n] for _, n in picked]))
                if seen not in recent:
                    if len(recent) >= REPEATS:
                        recent.clear()
                    recent.add(seen)
                    row = {name: cell for name, n in picked if (cell := cells[n]) not in unset}
                    if "ts" in fields:
                        row["ts"] = cells[fields.index("ts")]
                    yield from log.read(row)
        except (ValueError, RecursionError) as error:
            yield Trouble(at, short(error))


def _path_of(row: Row) -> str:
    """Which log a row is from, by fields that only that one has."""
    marks = (
        ("conn_state", "conn"), ("qtype_name", "dns"), ("query", "dns"), ("server_name", "ssl"), ("cipher", "ssl"),
        ("msg_types", "dhcp"), ("unparsed_version", "software"), ("auth_attempts", "ssh"), ("trans_depth", "http"),
        ("status_code", "http"),
    )  # fmt: skip
    return next((path for mark, path in marks if mark in row), "")


def _text(value: Any) -> str | None:
    """A cell's text; Zeek writes bytes that are not printable as \\xHH."""
    if not isinstance(value, str):
        return None
    if "\\x" not in value:
        return value
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)), value)


def _end(row: Row, side: str) -> str | None:
    value = row.get(side)
    return address(value) if isinstance(value, str) else None


def _facts(*pairs: tuple[str, str | None]) -> tuple[Fact, ...]:
    return tuple((kind, text) for kind, text in pairs if text)


def _server(row: Row, *pairs: tuple[str, str | None]) -> Iterator[Sighting]:
    """What a row says of the one that was asked, besides that its port is open."""
    ip, port = _end(row, "id.resp_h"), number(row.get("id.resp_p"))
    if ip is not None and port is not None:
        facts = _facts(("tcp.open", str(port)), *pairs)
        yield Sighting(How.SEEN, ip, None, port, "tcp", facts, seconds(row.get("ts")))


def _client(row: Row, *pairs: tuple[str, str | None]) -> Iterator[Sighting]:
    ip, facts = _end(row, "id.orig_h"), _facts(*pairs)
    if ip is not None and facts:
        yield Sighting(How.SEEN, ip, facts=facts, at=seconds(row.get("ts")))


def _conn(row: Row) -> Iterator[Sighting]:
    if row.get("proto") == "tcp" and row.get("conn_state") in _ANSWERED:
        yield from _server(row)


def _dns(row: Row) -> Iterator[Sighting]:
    if number(row.get("id.resp_p")) != 53:  # mDNS, LLMNR and NetBIOS questions stand in this log too
        return
    if (resolver := _end(row, "id.resp_h")) is not None:
        yield Sighting(How.RESOLVER, resolver)
    name = _text(row.get("query"))
    yield from _client(row, ("dns.question", name.rstrip(".").lower() if name else None))


def _ssl(row: Row) -> Iterator[Sighting]:
    yield from _client(row, ("tls.sni", (_text(row.get("server_name")) or "").lower()))
    chain = row.get("cert_chain_fps")
    first = next(words(chain), "") if isinstance(chain, list) else str(chain or "").split(",")[0]
    yield from _server(
        row,
        ("tls.subject", _text(row.get("subject"))),
        ("tls.issuer", _text(row.get("issuer"))),
        ("tls.fingerprint", first.lower() if re.fullmatch(r"[0-9a-fA-F]{64}", first) else None),
    )


def _dhcp(row: Row) -> Iterator[Sighting]:
    mac = hardware(row["mac"]) if isinstance(row.get("mac"), str) else None
    if mac is None:
        return
    held = _end(row, "assigned_addr") or _end(row, "client_addr") or _end(row, "requested_addr")
    facts = _facts(
        ("dhcp.hostname", _text(row.get("host_name"))), ("dhcp.vendorclass", _text(row.get("client_software")))
    )
    yield Sighting(How.LEASE, held, mac, facts=facts, at=seconds(row.get("ts")))


def _http(row: Row) -> Iterator[Sighting]:
    status, uri = row.get("status_code"), _text(row.get("uri"))
    shown = None
    if status not in (None, "") and uri and uri.startswith("/"):
        shown = f"{int(status)} {uri.partition('?')[0]}"  # a query may hold what nobody should keep
    yield from _server(row, ("http.status", shown))


def _ssh(row: Row) -> Iterator[Sighting]:
    yield from _server(row, ("ssh", _text(row.get("server"))))


def _software(row: Row) -> Iterator[Sighting]:
    ip, port = _end(row, "host"), number(row.get("host_p"))
    if ip is not None and row.get("software_type") == "HTTP::SERVER":
        facts = _facts(("http.server", _text(row.get("unparsed_version"))))
        yield Sighting(How.SEEN, ip, None, port, "tcp" if port else None, facts, seconds(row.get("ts")))


class _Log(NamedTuple):
    """How one log is read: a row's sightings, and the columns that they are made of, besides `ts`."""

    read: Callable[[Row], Iterator[Sighting]]
    columns: frozenset[str]


_END = ("id.resp_h", "id.resp_p")
_LOGS = {
    "conn": _Log(_conn, frozenset((*_END, "proto", "conn_state"))),
    "dns": _Log(_dns, frozenset((*_END, "id.orig_h", "query"))),
    "ssl": _Log(_ssl, frozenset((*_END, "id.orig_h", "server_name", "subject", "issuer", "cert_chain_fps"))),
    "dhcp": _Log(
        _dhcp,
        frozenset(("mac", "assigned_addr", "client_addr", "requested_addr", "host_name", "client_software")),
    ),
    "http": _Log(_http, frozenset((*_END, "status_code", "uri"))),
    "ssh": _Log(_ssh, frozenset((*_END, "server"))),
    "software": _Log(_software, frozenset(("host", "host_p", "software_type", "unparsed_version"))),
}

FORMAT = Format(name="zeek", title="Zeek log", looks=_looks, read=read)
