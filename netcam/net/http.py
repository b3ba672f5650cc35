"""HTTP through the gate, as far as devices keep to it."""

from __future__ import annotations

import asyncio
import threading
import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv6Address
from typing import TYPE_CHECKING

from netcam.errors import DecodeError
from netcam.model import IPAddress
from netcam.net.gate import Gate
from netcam.net.tcp import ACK_BYTES, SYN_BYTES
from netcam.probes.base import Header, HttpReply
from netcam.safetext import visible
from netcam.wire.http_head import Head, decode_head

if TYPE_CHECKING:
    from netcam.net.http_session import Grab, Session

BODY_LIMIT = 65_536
RAW_LIMIT = BODY_LIMIT + 16_384  # a body and its head; past it a server that never ends is left


class HttpClient:
    """Requests that end in time, in at most `workers` threads; closed with `close`.

    One connection for each request. No proxy, .netrc, cookie or credential is used, no redirect followed.
    """

    def __init__(self, gate: Gate, *, workers: int = 32, user_agent: str) -> None:
        self._gate = gate
        self._user_agent = user_agent
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="netcam-http")
        self._mine = threading.local()  # .session, one for each thread
        self._running: set[Grab] = set()

    async def request(
        self,
        ip: IPAddress,
        port: int,
        path: str,
        *,
        tls: bool,
        method: str = "GET",
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        total_s: float = 5.0,
    ) -> HttpReply:
        """One request and as much of its answer as came in `total_s` seconds, waiting for the pace not counted.

        Raises:
            ScopeError: before a packet leaves.
            ValueError: a header that netcam never sends (credentials, cookies).
        """
        from netcam.net.http_session import Grab

        path = path if path.startswith("/") else "/" + path  # else "@host" would make the address a user name
        host = f"[{IPv6Address(int(ip))}]" if ip.version == 6 else str(ip)
        url = f"{'https' if tls else 'http'}://{host}:{port}{path}"
        sent = {
            "User-Agent": self._user_agent, "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close",
            **(headers or {}),
        }
        async with self._gate.connection(ip):
            await self._gate.admit(ip, 5, SYN_BYTES + 4 * ACK_BYTES)  # SYN and ACK, ACK of the answer, FIN and ACK
            grab = Grab(self._gate, ip, port)
            job = self._threads.submit(lambda: self._session().grab(grab, method, url, sent, body, total_s))
            self._running.add(grab)
            running = asyncio.wrap_future(job)
            try:
                await asyncio.shield(running)
            except asyncio.CancelledError:
                if not job.cancel():
                    # The connection ends with the task: its slot must not be free while it is still open.
                    grab.abort()
                    await asyncio.wait([running])
                raise
            finally:
                self._running.discard(grab)
        return _reply(url, grab)

    async def close(self) -> None:
        """End what is running, and the threads."""
        for grab in tuple(self._running):
            grab.abort()
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)

    def _session(self) -> Session:
        from netcam.net.http_session import Session

        session: Session | None = getattr(self._mine, "session", None)
        if session is None:
            session = self._mine.session = Session()
        return session


def _reply(url: str, grab: Grab) -> HttpReply:
    """The answer as its raw bytes show it: the parser under requests drops headers and refuses whole answers."""
    raw = bytes(grab.raw)
    head, rest = _final_head(raw)
    body = bytes(grab.body)
    if not body and grab.error is not None and head is not None and head.status is not None:
        body = rest[:BODY_LIMIT]
    if head is not None and (coding := head.one("content-encoding")):
        body = _inflated(body, coding)
    return HttpReply(
        url=url,
        status=head.status if head else None,
        headers=tuple(Header(name=name, value=value) for name, value in head.headers) if head else (),
        body=body,
        raw=raw,
        certificate=grab.certificate,
        error=_why(grab.error) if grab.error else None,
    )


def _final_head(raw: bytes) -> tuple[Head | None, bytes]:
    """The head that counts, and what follows it: interim ones (RFC 9110, section 15.2) come before it."""
    for _ in range(8):
        try:
            head = decode_head(raw)
        except DecodeError:
            break
        raw = raw[head.body_offset :]
        if head.status is None or head.status == 101 or not 100 <= head.status < 200:
            return head, raw
    return None, raw


def _inflated(body: bytes, coding: str) -> bytes:
    """A body that came compressed although nobody asked: some devices only have their pages so. At most 64 kB."""
    if coding.strip().lower() not in ("gzip", "x-gzip", "deflate"):
        return body
    try:
        return zlib.decompressobj(wbits=47).decompress(body, BODY_LIMIT)  # 47: zlib or gzip, whichever it is
    except zlib.error:
        return body


def _why(error: BaseException) -> str:
    """One line for people: the innermost error, since requests and urllib3 wrap it in their own."""
    seen = {id(error)}
    while (inner := error.__cause__ or error.__context__) is not None and id(inner) not in seen:
        seen.add(id(inner))
        error = inner
    return visible(f"{type(error).__name__}: {error}")
