"""zgrab2's JSON lines: what its modules heard of web, TLS, FTP, Telnet, SSH and other services.

Layout: zgrab2's `processing.go` and the schemas of its modules (`zgrab2_schemas/zgrab2/*.py`). Newer releases tell the
port of each module; where it is missing it stays unknown, since the defaults can be changed.
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
    needed,
    number,
    page_facts,
    part,
    read_json,
    words,
)
from netcam.probes.banner import named
from netcam.probes.base import Header, HttpReply

PAGES = 8  # answers of one chain of redirects

_RECORD = re.compile(r'^\s*\{.*"data"\s*:\s*\{\s*"[\w.-]+"\s*:\s*\{\s*"status"', re.MULTILINE)
_HEADERS = ("server", "www_authenticate", "set_cookie", "location", "content_type")


def _looks(head: str) -> bool:
    return bool(_RECORD.search(head[:65536]))


def _line(line: str) -> Iterator[Sighting]:
    if not line.strip():
        return
    item = read_json(line)
    data = item.get("data")
    if not isinstance(data, dict):
        raise ValueError("no `data` in it")
    if not item.get("ip"):
        return  # a name that was not resolved: nobody answered
    ip = needed(item["ip"] if isinstance(item["ip"], str) else None, "`ip`")
    for name, module in data.items():
        result = part(module, "result")
        if not isinstance(result, dict):
            continue
        protocol, port = part(module, "protocol") or name, number(part(module, "port"))
        facts = tuple(dict.fromkeys(_facts(protocol, port or 0, result)))
        if facts:
            yield Sighting(How.ASKED, ip, None, port, "tcp" if port else None, facts)


def _facts(protocol: Any, port: int, result: dict[str, Any]) -> Iterator[Fact]:
    chain = part(result, "redirect_response_chain")
    for answer in (part(result, "response"), *(chain[:PAGES] if isinstance(chain, list) else ())):
        if isinstance(answer, dict):
            yield from _page(answer)
            yield from _tls(part(answer, "request", "tls_log"))
    yield from _tls(result)
    yield from _tls(part(result, "tls"))
    if isinstance(version := part(result, "server_id", "raw"), str):
        yield "ssh", version
    banner = result.get("banner")
    if isinstance(banner, str) and banner.strip():
        raw = banner.encode("utf-8", "replace")
        yield (protocol, banner) if protocol in ("ftp", "telnet") else named(port, raw)


def _page(answer: dict[str, Any]) -> Iterator[Fact]:
    told = part(answer, "headers")
    headers = [
        Header(name=name.replace("_", "-"), value=value) for name in _HEADERS for value in words(part(told, name))
    ]
    status, body = answer.get("status_code"), answer.get("body")
    reply = HttpReply(
        url="/",
        status=status if isinstance(status, int) else None,
        headers=tuple(headers),
        body=body.encode("utf-8", "replace") if isinstance(body, str) else b"",
    )
    # The order of headers is lost in this format, and the path of a redirected answer is another.
    yield from (fact for fact in page_facts(reply) if fact[0] not in ("http.headers", "http.status"))


def _tls(log: Any) -> Iterator[Fact]:
    raw = part(log, "handshake_log", "server_certificates", "certificate", "raw")
    if isinstance(raw, str):
        try:
            yield from certificate(base64.b64decode(raw, validate=True))
        except binascii.Error:
            return


FORMAT = Format(name="zgrab2", title="zgrab2 JSON lines", looks=_looks, read=by_line(_line))
