"""What a web server shows to a first visit, and on the pages that a sign of its maker makes worth asking for."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator

from netcam.errors import DecodeError
from netcam.model import Observation, RunStatus
from netcam.model.observation import BODY_LIMIT
from netcam.probes import tls
from netcam.probes.banner import FIRST_BYTES, READ_LIMIT, text_of
from netcam.probes.base import Contact, HttpReply, ProbeIO, ProbeSpec, Transport, Trigger
from netcam.probes.quiet_ports import QUIET_PORTS
from netcam.wire.http_page import (
    decode_body,
    followable,
    followable_icon,
    local_path,
    page_icon,
    page_redirect,
    page_title,
    without_page_secrets,
)
from netcam.wire.murmur3 import favicon_mmh3

REDIRECTS = 3
REQUESTS = 8  # io keeps the same budget; this one keeps a probe honest that is run without the runner
ICON_LIMIT = 65535  # bytes: a body of 64 kB was cut, and the hash of a part matches nothing

_PORTS = frozenset(
    {
        80,
        81,
        82,
        83,
        84,
        85,
        86,
        88,
        443,
        591,
        1080,
        2020,
        3000,
        4443,
        5000,
        5001,
        7000,
        7001,
        7080,
        7443,
        8000,
        8008,
        8010,
        8016,
        8080,
        8081,
        8082,
        8083,
        8086,
        8088,
        8089,
        8090,
        8181,
        8443,
        8880,
        8888,
        8899,
        9080,
        9090,
        9443,
        10443,
        49152,
    }
)
_TEXT = (
    "text/",
    "application/json",
    "application/xml",
    "application/javascript",
    "application/x-javascript",
    "application/xhtml",
    "application/soap",
    "application/problem",
)
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"RIFF", b"\x00\x00\x01\x00")
_FOREIGN = (b"RTSP/", b"SSH-", b"SIP/")


class HttpProbe:
    """GET / and where it leads on the same host, the site's icon, then the pages of suspected makers."""

    spec = ProbeSpec(
        name="http",
        summary="web server, title, realms, icon and known pages",
        transport=Transport.TCP,
        timeout_s=30.0,
        trigger=Trigger(ports=_PORTS, unknown=True),
        contact=Contact.CONNECT,
        emits=tls.EMITS
        | {
            "http.server",
            "http.title",
            "http.body",
            "http.wwwauth",
            "http.cookie",
            "http.location",
            "http.headers",
            "http.status",
            "favicon.md5",
            "favicon.mmh3",
            "port-banner",
        },
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        port = io.target.port or 0
        if reason := _left_alone(io, port):
            io.report(RunStatus.SKIPPED, reason)
            return
        visit = _Visit(io)
        path: str | None = "/"
        while path is not None:
            reply = await visit.get(path)
            for seen in visit.facts(path, reply):
                yield seen
            if not _is_http(reply):
                if path == "/":
                    io.report(*_not_http(reply))
                    return
                break
            path = visit.next_path(path, reply)
        if icon := await visit.icon():
            for seen in visit.observe(icon):
                yield seen
        while (pages := io.pages()) and visit.requests < REQUESTS:
            for page in pages:
                if visit.requests >= REQUESTS:
                    break
                if page.path in visit.asked and page.method == "GET" and page.kind is None:
                    continue
                reply = await visit.get(page.path, page.method, page.body.encode(), page.content_type)
                if not _is_http(reply):
                    return
                for seen in visit.facts(page.path, reply):
                    yield seen
                for seen in visit.decoded(page.kind, reply):
                    yield seen


class _Visit:
    """One first visit to one port: what was asked and what was said already, so that nothing is said twice."""

    def __init__(self, io: ProbeIO) -> None:
        self.io = io
        self.requests = 0
        self.asked: set[str] = set()
        self.said: set[tuple[str, str | None]] = set()
        self.named_icon: str | None = None

    async def get(self, path: str, method: str = "GET", body: bytes = b"", content_type: str = "") -> HttpReply:
        self.requests += 1
        self.asked.add(path)
        headers = {"Content-Type": content_type} if content_type else None
        return await self.io.http(path, method=method, body=body, headers=headers)

    def observe(self, pairs: Iterable[tuple[str, str | None]]) -> tuple[Observation, ...]:
        fresh = [pair for pair in dict.fromkeys(pairs) if pair not in self.said]
        self.said.update(fresh)
        return self.io.observe(fresh)

    def facts(self, path: str, reply: HttpReply) -> tuple[Observation, ...]:
        return self.observe(answer_facts(path, reply))

    def next_path(self, path: str, reply: HttpReply) -> str | None:
        """Where the page at `path` sends a browser, when that is another page of this server not asked for yet."""
        text = _text(reply) or ""
        if (named := page_icon(text)) and (icon := self._local(named, path)) and followable_icon(icon):
            self.named_icon = self.named_icon or icon
        redirected = reply.status is not None and 300 <= reply.status < 400
        target = reply.one("Location") if redirected else page_redirect(text)
        there = self._local(target, path) if target else None
        if there is None or there in self.asked or not followable(there) or len(self.asked) > REDIRECTS:
            return None
        return there

    async def icon(self) -> tuple[tuple[str, str], ...]:
        """The hashes of the site's icon; the icon itself is dropped."""
        reply = await self.get(self.named_icon or "/favicon.ico")
        icon = reply.body
        marked_up = icon.lstrip()[:1] in (b"<", b"{", b"") and b"<svg" not in icon[:1024]
        if reply.status != 200 or reply.error or marked_up or len(icon) > ICON_LIMIT:
            return ()
        md5 = hashlib.md5(icon, usedforsecurity=False).hexdigest()
        return (("favicon.md5", md5), ("favicon.mmh3", str(favicon_mmh3(icon))))

    def decoded(self, kind: str | None, reply: HttpReply) -> tuple[Observation, ...]:
        """What a page of a composite kind holds, by the codec of that kind."""
        from netcam.probes import decoders  # it imports every probe, this one too

        decode = decoders().get(kind) if kind and reply.status == 200 else None
        if decode is None:
            return ()
        try:
            pairs = tuple(decode(reply.body))
        except DecodeError as error:
            self.io.report(RunStatus.MALFORMED, str(error))
            return ()
        return self.observe(pairs)

    def _local(self, target: str, path: str) -> str | None:
        ip, port = self.io.target.ip, self.io.target.port
        if ip is None or port is None:
            return None
        return local_path(target, base=path, host=str(ip), port=port, tls=self.io.tls)


def _left_alone(io: ProbeIO, port: int) -> str | None:
    if port in QUIET_PORTS:
        return QUIET_PORTS[port]
    spoke = any(o.endpoint.port == port and o.kind in FIRST_BYTES for o in io.seen)
    return "the service spoke first, so it is no web server" if spoke else None


def _is_http(reply: HttpReply) -> bool:
    """Whether a web server answered; a page without any head counts, since old firmware sends such."""
    if reply.raw.lstrip()[:5].startswith(_FOREIGN):
        return False
    return reply.status is not None or bool(reply.headers) or reply.raw.lstrip()[:1] == b"<"


def _not_http(reply: HttpReply) -> tuple[RunStatus, str]:
    if reply.raw:
        return RunStatus.MALFORMED, "not HTTP"
    return RunStatus.SILENT, reply.error or "no answer"


def answer_facts(path: str, reply: HttpReply) -> Iterator[tuple[str, str | None]]:
    """(kind, text) pairs of one answer to a request for `path`."""
    if reply.certificate is not None:
        yield from tls.certificate_facts(reply.certificate)
    if not _is_http(reply):
        if reply.raw:
            yield "port-banner", without_page_secrets(text_of(reply.raw[:READ_LIMIT]))
        return
    if reply.status is not None:
        yield "http.status", f"{reply.status} {path}"
    yield "http.headers", ",".join(header.name for header in reply.headers)
    for server in reply.all("Server"):
        yield "http.server", server
    for challenge in reply.all("WWW-Authenticate"):
        yield "http.wwwauth", challenge
    for cookie in reply.all("Set-Cookie"):
        yield "http.cookie", cookie.partition("=")[0].strip()
    for location in reply.all("Location"):
        yield "http.location", without_page_secrets(location)
    if text := _text(reply):
        yield "http.title", page_title(text)
        yield "http.body", without_page_secrets(text)[:BODY_LIMIT]


def _text(reply: HttpReply) -> str | None:
    """The body as text, unless it is a picture or another kind of file: those are not kept."""
    body = reply.body or (reply.raw if reply.status is None and not reply.headers else b"")
    content_type = reply.one("Content-Type")
    if content_type and not content_type.strip().lower().startswith(_TEXT):
        return None
    if body.startswith(_PICTURES) or b"\0" in body[:1024]:
        return None
    return decode_body(body, content_type)


def body_facts(raw: bytes) -> tuple[tuple[str, str | None], ...]:
    """The title inside a page that somebody else recorded; live answers tell it by `answer_facts`."""
    return (("http.title", page_title(decode_body(raw, None))),)


PROBE = HttpProbe()
DECODERS = {"http.body": body_facts}
