"""A ProbeIO without a network: answers are scripted, everything that would be sent is kept in `sent`."""

import asyncio
from contextlib import asynccontextmanager
from ipaddress import ip_address

from netcam.errors import DecodeError
from netcam.model import Endpoint, Numbering, RunStatus
from netcam.probes.base import AboutHost, Header, HttpReply, Reply
from netcam.wire.http_head import decode_head


def http_reply(raw, url="http://192.0.2.7/", certificate=None, error=None):
    """What the HTTP client makes of the bytes of one answer."""
    try:
        head = decode_head(raw)
    except DecodeError:
        return HttpReply(url=url, status=None, raw=raw, certificate=certificate, error=error or "no HTTP answer")
    headers = tuple(Header(name=name, value=value) for name, value in head.headers)
    return HttpReply(
        url=url,
        status=head.status,
        headers=headers,
        body=raw[head.body_offset :],
        raw=raw,
        certificate=certificate,
        error=error,
    )


class FakeStream:
    def __init__(self, sent, chunks):
        self._sent, self._chunks = sent, list(chunks)

    async def send(self, data):
        self._sent.append(data)

    async def read(self, limit, wait_s):
        if not self._chunks:
            return b""
        chunk = self._chunks.pop(0)
        if len(chunk) > limit:
            self._chunks.insert(0, chunk[limit:])
        return chunk[:limit]


class FakeIO:
    """
    Args:
        replies: datagrams that answer `ask`, each from an address of its own.
        found: DNS-SD services.
        web: path -> bytes of the HTTP answer, or an HttpReply; anything else is a 404.
        chunks: what a stream gives, one item per read.
        offered: lists of pages, one for each time the probe asks what is worth a request.
    """

    def __init__(
        self,
        *,
        port=80,
        ip="192.0.2.7",
        tls=False,
        seen=(),
        replies=(),
        found=(),
        web=None,
        chunks=(),
        shown=None,
        offered=(),
    ):
        self.target = Endpoint(ip=ip_address(ip), port=port, transport="tcp")
        self.tls = tls
        self.seen = seen
        self.sent = []  # datagrams and stream bytes
        self.asked = []  # (method, path, body, headers) of HTTP requests
        self.runs = []  # (status, detail)
        self.streams = 0
        self._replies, self._found, self._web, self._chunks = replies, found, web or {}, chunks
        self._shown, self._offered = shown, list(offered)
        self._numbers = Numbering()

    def _reply(self, message, n):
        endpoint = Endpoint(ip=ip_address(f"192.0.2.{n}"), port=3702, transport="udp")
        return Reply(
            message=message, endpoint=endpoint, observe=lambda said: self._numbers.observe(endpoint, "fake", said)
        )

    async def ask(self, messages, decode):
        for m in messages:
            about = isinstance(m, AboutHost)
            self.sent.append(m if isinstance(m, bytes) else m.make(self.target.ip) if about else m(40000))
        for n, datagram in enumerate(self._replies, start=10):
            try:
                message = decode(datagram)
            except DecodeError as error:
                self.report(RunStatus.MALFORMED, str(error))
                continue
            self.report(RunStatus.ANSWERED)
            yield self._reply(message, n)

    async def services(self, types):
        self.types = types
        for n, service in enumerate(self._found, start=10):
            yield self._reply(service, n)

    @asynccontextmanager
    async def stream(self, *, tls=False):
        self.streams += 1
        yield FakeStream(self.sent, self._chunks)

    async def http(self, path="/", *, method="GET", body=b"", headers=None):
        self.asked.append((method, path, body, dict(headers or {})))
        if len(self.asked) > 8:
            return HttpReply(url=path, status=None, error="budget of requests used up")
        answer = self._web.get(path, b"HTTP/1.1 404 Not Found\r\n\r\n")
        return answer if isinstance(answer, HttpReply) else http_reply(answer, path)

    async def certificate(self):
        return self._shown

    def pages(self):
        return self._offered.pop(0) if self._offered else ()

    def observe(self, said):
        return self._numbers.observe(self.target, "fake", said)

    def report(self, status, detail=""):
        self.runs.append((str(status), detail))

    def run(self, probe):
        """All that a probe makes of this network."""

        async def collect():
            return [seen async for seen in probe.run(self)]

        return asyncio.run(collect())

    def told(self, probe):
        """The same as (kind, value) pairs."""
        return [(seen.kind, seen.value) for seen in self.run(probe)]
