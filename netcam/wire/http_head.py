"""Heads of HTTP and its relatives (RTSP, SSDP, ICY), read as they came: order, case, repeats and mistakes kept."""

from __future__ import annotations

import re
from dataclasses import dataclass

from netcam.errors import DecodeError
from netcam.wire.charset import decode_text

LINE_LIMIT = 8192  # characters kept of one header line
FIELD_LIMIT = 128  # header lines kept of one answer; more is a flood

_STATUS = re.compile(
    rb"(HTTP/\d[\d.]{0,4}|RTSP/\d[\d.]{0,4}|ICY|HTTP)[ \t]+(\d{3})?[ \t]*([^\r\n]{0,200})", re.IGNORECASE
)
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}[ \t]*:")
_FIRST_TLS = frozenset({322, 443, 4443, 5061, 7443, 8443, 9443, 10443})
_TLS_ALERT = re.compile(rb"\x15\x03[\x00-\x04]\x00\x02")
# What servers write when somebody speaks plain HTTP to their TLS port.
_TLS_WANTED = (
    b"plain http request was sent to https port",
    b"client sent an http request to an https server",
    b"speaking plain http to an ssl-enabled server port",
    b"this combination of host and port requires tls",
    b"http request was sent to https",
    b"requires https",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Status line and headers of one answer.

    `status` is None when the first line gave no number. `headers` hold (name, value) in wire order and case, repeats
    included. The body begins at `body_offset`, which is the length of the input when the head never ended.
    """

    protocol: str  # "HTTP/1.1", "RTSP/1.0", "ICY"; "" without a status line
    status: int | None
    reason: str
    headers: tuple[tuple[str, str], ...]
    body_offset: int

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header, in order; the name in any case."""
        return tuple(value for key, value in self.headers if key.lower() == name.lower())

    def one(self, name: str) -> str | None:
        """The first value of a header."""
        return next(iter(self.all(name)), None)


def decode_head(raw: bytes) -> Head:
    """The head of an answer, as far as it came.

    Lines may end in a bare LF. A header without colon is split at its first blank. A folded line continues the one
    before it. A last line that was cut is left out, unless it is the status line. An answer that starts with a header
    line or with markup has no status.

    Raises:
        DecodeError: nothing came, or the first line belongs to another protocol; the offset is 0.
    """
    start = len(raw) - len(raw.lstrip(b"\r\n"))  # left over from the answer before, says RFC 9112, section 2.2
    first, _, _ = raw[start : start + LINE_LIMIT].partition(b"\n")
    if status := _STATUS.match(first):
        headers, body_offset = decode_fields(raw, _next_line(raw, start))
        return Head(
            protocol=status[1].decode("ascii").upper(),
            status=int(status[2]) if status[2] else None,
            reason=decode_text(status[3]).strip(),
            headers=headers,
            body_offset=body_offset,
        )
    if _NAME.match(first):
        headers, body_offset = decode_fields(raw, start)
        return Head(protocol="", status=None, reason="", headers=headers, body_offset=body_offset)
    if first.lstrip().startswith(b"<"):
        return Head(protocol="", status=None, reason="", headers=(), body_offset=0)
    raise DecodeError("http", 0, "no status line" if raw else "empty answer")


def decode_fields(raw: bytes, offset: int) -> tuple[tuple[tuple[str, str], ...], int]:
    """The header lines from `offset` on, and where the body begins after them."""
    fields: list[tuple[str, str]] = []
    while offset < len(raw):
        end = raw.find(b"\n", offset)
        if end < 0:
            return tuple(fields), len(raw)  # cut: half a value looks like a value
        line = raw[offset : min(end, offset + LINE_LIMIT)].rstrip(b"\r")
        offset = end + 1
        if not line:
            return tuple(fields), offset
        if line[:1] in (b" ", b"\t") and fields:
            name, value = fields[-1]
            fields[-1] = (name, f"{value} {decode_text(line).strip()}"[:LINE_LIMIT])
        elif len(fields) < FIELD_LIMIT:
            colon = b":" if b":" in line else b" "
            before, _, after = line.partition(colon)
            fields.append((decode_text(before).strip()[:200], decode_text(after).strip()))
    return tuple(fields), len(raw)


def speaks_tls_first(port: int) -> bool:
    """Whether a port is known for TLS, so that plain text needn't be tried on it."""
    return port in _FIRST_TLS


def wants_tls(raw: bytes) -> bool:
    """Whether what came back for a plain request says that the port expects TLS, and one try with TLS is worth it.

    True for an empty answer (closed at once), for a TLS alert, and for the complaints of web servers.
    """
    if not raw or _TLS_ALERT.match(raw):
        return True
    said = raw[:4096].lower()
    return any(text in said for text in _TLS_WANTED)


def _next_line(raw: bytes, offset: int) -> int:
    end = raw.find(b"\n", offset)
    return len(raw) if end < 0 else end + 1
