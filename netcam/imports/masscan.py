"""masscan's JSON (`-oJ`, and `-oD`, one object a line): open ports and banners.

Layout: masscan's `src/out-json.c` and `src/out-ndjson.c`, one record a line in both; banner names: `src/masscan-app.c`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

from netcam.imports.base import (
    Fact,
    Format,
    How,
    Sighting,
    by_line,
    certificate,
    http_facts,
    needed,
    number,
    part,
    read_json,
    seconds,
)
from netcam.probes.banner import named
from netcam.wire.http_page import without_page_secrets

_RECORD = re.compile(r'^\s*\[?\s*,?\s*\{\s*"ip"\s*:\s*"[^"]*",\s*"timestamp"', re.MULTILINE)
# Banners that are the service's own first words; the others are masscan's summary of an exchange.
_FIRST_WORDS = frozenset({"ftp", "telnet", "ssh", "smtp", "pop", "imap", "vnc", "unknown"})


def _looks(head: str) -> bool:
    return bool(_RECORD.search(head)) and ('"ports"' in head or '"rec_type"' in head)


def _line(line: str) -> Iterator[Sighting]:
    text = line.strip().strip(",").strip()
    if text in ("", "[", "]", "{finished: 1}"):  # the last one is what old versions end with
        return
    item = read_json(text.removeprefix("[").removesuffix("]"))
    ip, at = needed(item.get("ip") if isinstance(item.get("ip"), str) else None, "`ip`"), seconds(item.get("timestamp"))
    ports = item.get("ports")
    for told in ports if isinstance(ports, list) else (item,):
        port, transport = number(part(told, "port")), part(told, "proto")
        if port is None or transport not in ("tcp", "udp"):
            continue
        facts = tuple(_facts(told, port, transport))
        if facts:
            yield Sighting(How.ASKED, ip, None, port, transport, facts, at)


def _facts(told: Any, port: int, transport: str) -> Iterator[Fact]:
    name = part(told, "service", "name") or part(told, "data", "service_name")
    banner = part(told, "service", "banner") or part(told, "data", "banner")
    status = part(told, "status") or part(told, "data", "status")
    if transport == "tcp" and (status == "open" or banner is not None):
        yield "tcp.open", str(port)
    if not isinstance(banner, str) or not banner:
        return
    raw = banner.encode("latin-1", "replace")  # each byte of the service is one character there
    if name == "http":
        yield from http_facts(raw)
    elif name == "http.server":
        yield "http.server", banner
    elif name == "title":
        yield "http.title", banner
    elif name == "html":
        yield "http.body", without_page_secrets(banner)
    elif name == "X509":
        try:
            yield from certificate(base64.b64decode(banner, validate=True))
        except binascii.Error:
            return
    elif name in _FIRST_WORDS:
        yield named(port, raw)


FORMAT = Format(name="masscan", title="masscan JSON", looks=_looks, read=by_line(_line))
