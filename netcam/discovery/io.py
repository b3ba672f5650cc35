"""What a probe is handed: the transports of net/, with scope, pace, limits and book-keeping around them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TypeVar

from netcam.errors import DecodeError, HeardQuestion
from netcam.model import Endpoint, IPAddress, Observation, RunStatus
from netcam.net.addresses import unscoped
from netcam.net.gate import Gate
from netcam.net.http import HttpClient
from netcam.net.mdns import ask_host, browse
from netcam.net.tcp import TcpStream, open_stream
from netcam.net.tls import fetch_certificate
from netcam.net.udp import GroupSocket
from netcam.probes import datagram_decoders
from netcam.probes.base import (
    AboutHost,
    Certificate,
    Contact,
    HttpReply,
    Page,
    ProbeSpec,
    Question,
    Reply,
    Seen,
    Service,
)
from netcam.wire.http_head import speaks_tls_first, wants_tls

from .plan import Segment
from .record import Host, Record

T = TypeVar("T")

REQUESTS_PER_PORT = 8
KEPT_FOR_LATE = {"onvif.": 4, "ssdp.location": 1}  # requests that late probes may make where such a kind was seen
LATE = frozenset(("onvif-calls", "upnp"))  # probes that build on what discovery said
FIRST_REQUEST_S = 3.5  # a slow web server answers within it; silence longer than this is another protocol's
REQUEST_S = 6.0
REPLIES_PER_SOURCE = 32  # a flooder gets no more of our time
SOURCES_PER_PROTOCOL = 4096
BETWEEN_MESSAGES_S = 0.35  # devices that miss one question get the next after a breath
UNICAST_S = 2.0  # one host asked by itself answers sooner than a crowd
UNICAST_MDNS_S = 1.0
UNICAST_MDNS_AT_ONCE = 64
DATAGRAM_LIMIT = 16384  # accepted payload; real answers are a tenth of it

_ANY: Mapping[int, IPAddress] = {4: ip_address("0.0.0.0"), 6: ip_address("::")}  # noqa: S104 - the way out is the system's

PortOf = Callable[[int], int]
"""The port really dialled for a port asked: the same, except for the demo's shifted ones."""


@dataclass(slots=True)
class Tools:
    """What every io shares in one scan."""

    gate: Gate
    http: HttpClient
    record: Record
    dial: PortOf
    pages: Callable[[Sequence[Observation]], Sequence[Page]]
    own: frozenset[IPAddress]
    on_host: Callable[[IPAddress, str | None], None]  # who answered, and on which interface where that is known
    way: Callable[[IPAddress], IPAddress] = lambda ip: ip  # the same address as the sockets need it


@dataclass(slots=True)
class PortState:
    """What the probes of one port share."""

    requests: int = 0
    silent: bool = False
    tls: bool | None = None
    offered: set[str] = field(default_factory=set)


class BaseIO:
    """The parts of ProbeIO that make no sense for a probe of another transport."""

    def __init__(self, tools: Tools, spec: ProbeSpec) -> None:
        self._tools = tools
        self._spec = spec

    @property
    def target(self) -> Endpoint:
        return Endpoint()

    @property
    def tls(self) -> bool:
        return False

    @property
    def seen(self) -> Sequence[Observation]:
        return ()

    def ask(self, messages: Sequence[Question], decode: Callable[[bytes], T]) -> AsyncIterator[Reply[T]]:
        raise TypeError(f"{self._spec.name}: asks, but its transport is {self._spec.transport}")

    def services(self, types: Sequence[str]) -> AsyncIterator[Reply[Service]]:
        raise TypeError(f"{self._spec.name}: wants services, but its transport is {self._spec.transport}")

    def stream(self, *, tls: bool = False) -> AbstractAsyncContextManager[TcpStream]:
        raise TypeError(f"{self._spec.name}: wants a stream, but its transport is {self._spec.transport}")

    async def http(
        self, path: str = "/", *, method: str = "GET", body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> HttpReply:
        raise TypeError(f"{self._spec.name}: wants HTTP, but its transport is {self._spec.transport}")

    async def certificate(self) -> Certificate | None:
        raise TypeError(f"{self._spec.name}: wants a certificate, but its transport is {self._spec.transport}")

    def pages(self) -> Sequence[Page]:
        return ()

    def observe(self, seen: Seen) -> tuple[Observation, ...]:
        return self._tools.record.numbering.observe(self.target, self._spec.name, seen)

    def report(self, status: RunStatus, detail: str = "") -> None:
        self._tools.record.run(self._spec.name, self._label(), status, detail)

    def _label(self) -> str:
        return "?"


class UdpIO(BaseIO):
    """Datagram questions: to the groups and the broadcast address of a segment, or to hosts one by one."""

    def __init__(
        self,
        tools: Tools,
        spec: ProbeSpec,
        *,
        segment: Segment | None = None,
        hosts: Collection[IPAddress] = (),
        about: Collection[IPAddress] = (),
        times: int = 1,
    ) -> None:
        """`hosts` are asked one by one; `about` are the hosts that questions to the segment's groups are about.

        Hosts that lose packets are asked up to `times` times, within one wait for their answers.
        """
        super().__init__(tools, spec)
        self._times = times
        self._about = tuple(about)
        self._segment = segment
        self._hosts = tuple(hosts)
        self._heard: dict[IPAddress, int] = {}
        self.asked_at: float | None = None  # when the last question left

    @property
    def heard(self) -> frozenset[IPAddress]:
        """Who gave an answer that decoded."""
        return frozenset(self._heard)

    def _label(self) -> str:
        if self._segment is not None and not self._hosts:
            return f"{self._segment.network} on {self._segment.interface.name}"
        return str(self._hosts[0]) if len(self._hosts) == 1 else f"{len(self._hosts)} hosts, one by one"

    async def ask(self, messages: Sequence[Question], decode: Callable[[bytes], T]) -> AsyncIterator[Reply[T]]:
        began = time.monotonic()
        seg = None if self._hosts else self._segment
        self._destinations()  # registers the groups with the gate
        groups = tuple(ip_address(g) for g in self._groups_of(seg, answers=True)) if seg else ()
        for group in groups:
            self._tools.gate.allow_group(group)
        async with GroupSocket(
            self._tools.gate,
            interface=seg.interface.name if seg else None,
            interface_ip=seg.own.ip if seg else _ANY[self._hosts[0].version],
            groups=groups,
            group_port=self._spec.ports[0],
            bind_port=self._spec.bind_port,
            listen_ports=self._spec.ports if self._spec.contact is Contact.LISTEN else (),
        ) as sock:
            for port in sock.unheard:
                detail = f"port {port} is taken by another program"
                self._tools.record.run(self._spec.name, self._label(), RunStatus.FAILED, detail)
            sending = asyncio.create_task(self._send(sock, messages))
            try:
                malformed: set[IPAddress] = set()
                while (left := self._left(sending)) > 0:
                    got = await sock.receive(min(left, 0.5))
                    if got is None:
                        continue
                    data, (source, _) = got
                    reply = self._accept(data, source, decode, malformed)
                    if reply is not None:
                        yield reply
                await sending
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
        took = time.monotonic() - began
        status = RunStatus.ANSWERED if self._heard else RunStatus.SILENT
        self._tools.record.run(self._spec.name, self._label(), status, f"{len(self._heard)} answered", took)

    def _left(self, sending: asyncio.Task[float]) -> float:
        """Seconds to listen on: the probe's time counts from its last question."""
        if not sending.done():
            return self._spec.timeout_s
        if sending.cancelled() or sending.exception() is not None:
            return 0.0
        wait_s = min(UNICAST_S, self._spec.timeout_s) if self._hosts else self._spec.timeout_s
        return sending.result() + wait_s - time.monotonic()

    async def _send(self, sock: GroupSocket, messages: Sequence[Question]) -> float:
        """Send every message everywhere; returns the moment of the last one."""
        for number, question in enumerate(tuple(messages) * self._times):
            if number:
                await asyncio.sleep(BETWEEN_MESSAGES_S)
            if number >= len(messages) and not self._silent():
                break
            if not isinstance(question, AboutHost):
                await self._send_everywhere(sock, question if isinstance(question, bytes) else question(sock.port))
                continue
            for host in self._about:
                await self._send_everywhere(sock, question.make(host))
                # Every host of the segment gets each of them, so that the pace of one host is that of all.
                await asyncio.sleep(1 / self._tools.gate.pace.host_pps)
        self.asked_at = time.monotonic()
        return self.asked_at

    def _silent(self) -> Sequence[IPAddress]:
        """Hosts asked one by one that have not answered yet."""
        return [ip for ip in self._hosts if ip not in self._heard]

    async def _send_everywhere(self, sock: GroupSocket, message: bytes) -> None:
        for port in self._spec.ports:
            for ip in self._destinations():
                try:
                    await sock.send(message, (self._tools.way(ip), self._tools.dial(port)))
                except OSError as error:
                    self._tools.record.run(self._spec.name, str(ip), RunStatus.FAILED, error.strerror or str(error))

    def _destinations(self) -> Sequence[IPAddress]:
        if self._hosts or self._segment is None:
            return self._hosts
        network = self._segment.network
        broadcasts = self._spec.broadcast and network.version == 4 and not network.is_loopback
        out = [ip_address(g) for g in self._groups_of(self._segment)]
        if broadcasts:
            out.append(network.broadcast_address)
        for ip in out:
            self._tools.gate.allow_group(ip)
        return out

    def _groups_of(self, segment: Segment, *, answers: bool = False) -> Sequence[str]:
        """The groups asked on a segment, and with `answers` those that answers come to."""
        if segment.own.version == 6:
            return self._spec.groups6
        return (*self._spec.groups, *self._spec.answer_groups) if answers else self._spec.groups

    def _accept(
        self, data: bytes, source: IPAddress, decode: Callable[[bytes], T], malformed: set[IPAddress]
    ) -> Reply[T] | None:
        tools, source = self._tools, unscoped(source)
        if source in tools.own or tools.gate.scope.forbids(source):
            return None
        if self._hosts and source not in tools.gate.scope:
            return None
        if self._heard.get(source, 0) >= REPLIES_PER_SOURCE or len(self._heard) >= SOURCES_PER_PROTOCOL:
            return None
        endpoint = Endpoint(ip=source, port=self._spec.ports[0], transport="udp")
        try:
            if len(data) > DATAGRAM_LIMIT:
                raise DecodeError(self._spec.name, DATAGRAM_LIMIT, "longer than any answer")
            message = decode(data)
        except DecodeError as error:
            known = isinstance(error, HeardQuestion) or source in malformed or len(malformed) >= SOURCES_PER_PROTOCOL
            if not known and not _is_another_s(self._spec.ports, data):
                malformed.add(source)
                tools.record.run(self._spec.name, str(source), RunStatus.MALFORMED, str(error))
            return None
        self._heard[source] = self._heard.get(source, 0) + 1
        tools.on_host(source, self._link())
        return Reply(message=message, endpoint=endpoint, observe=self._observer(endpoint))

    def _link(self) -> str | None:
        return self._segment.interface.name if self._segment is not None and not self._hosts else None

    def _observer(self, endpoint: Endpoint) -> Callable[[Seen], tuple[Observation, ...]]:
        return lambda seen: self._tools.record.numbering.observe(endpoint, self._spec.name, seen)


def _is_another_s(ports: Collection[int], data: bytes) -> bool:
    """Whether the datagram makes sense to another protocol of the same ports, or is a question in it."""
    for decode in {decode for port in ports for _, decode in datagram_decoders().get(port, ())}:
        try:
            decode(data)
        except HeardQuestion:
            return True
        except DecodeError:
            continue
        return True
    return False


class MdnsIO(UdpIO):
    """DNS-SD, through its library on a segment and by unicast questions to single hosts."""

    def ask(self, messages: Sequence[Question], decode: Callable[[bytes], T]) -> AsyncIterator[Reply[T]]:
        raise TypeError(f"{self._spec.name}: asks, but its transport is {self._spec.transport}")

    async def services(self, types: Sequence[str]) -> AsyncIterator[Reply[Service]]:
        began = time.monotonic()
        if self._hosts:
            async for ip, service in self._one_by_one(types):
                if (reply := self._found(ip, service)) is not None:
                    yield reply
        elif self._segment is not None:
            async with aclosing(self._browse(self._segment, types)) as found:
                async for ip, service in found:
                    if (reply := self._found(ip, service)) is not None:
                        yield reply
        status = RunStatus.ANSWERED if self._heard else RunStatus.SILENT
        took = time.monotonic() - began
        self._tools.record.run(self._spec.name, self._label(), status, f"{len(self._heard)} answered", took)

    def _browse(self, segment: Segment, types: Sequence[str]) -> AsyncGenerator[tuple[IPAddress, Service]]:
        return browse(self._tools.gate, segment.own.ip, types, self._spec.timeout_s, interface=segment.interface.name)

    async def _one_by_one(self, types: Sequence[str]) -> AsyncIterator[tuple[IPAddress, Service]]:
        """Unicast questions to all hosts at once; the gate paces them, and most never answer."""
        found: asyncio.Queue[tuple[IPAddress, Service]] = asyncio.Queue()

        async def ask(ip: IPAddress) -> None:
            async with aclosing(ask_host(self._tools.gate, self._tools.way(ip), types, UNICAST_MDNS_S)) as services:
                async for item in services:
                    found.put_nowait(item)

        for _ in range(self._times):
            hosts = self._silent()
            for start in range(0, len(hosts), UNICAST_MDNS_AT_ONCE):
                await asyncio.gather(*(ask(ip) for ip in hosts[start : start + UNICAST_MDNS_AT_ONCE]))
                while not found.empty():
                    yield found.get_nowait()

    def _found(self, ip: IPAddress, service: Service) -> Reply[Service] | None:
        tools, ip = self._tools, unscoped(ip)
        if ip in tools.own or tools.gate.scope.forbids(ip) or self._heard.get(ip, 0) >= REPLIES_PER_SOURCE:
            return None
        self._heard[ip] = self._heard.get(ip, 0) + 1
        tools.on_host(ip, self._link())
        endpoint = Endpoint(ip=ip, port=5353, transport="udp")
        return Reply(message=service, endpoint=endpoint, observe=self._observer(endpoint))


class HostIO(BaseIO):
    """One open TCP port of one host."""

    def __init__(self, tools: Tools, spec: ProbeSpec, host: Host, port: int, state: PortState) -> None:
        super().__init__(tools, spec)
        self._host = host
        self._at = tools.way(host.ip)
        self._port = port
        self._state = state
        self.made = 0  # observations handed out

    @property
    def target(self) -> Endpoint:
        return Endpoint(ip=self._host.ip, port=self._port, transport="tcp")

    @property
    def tls(self) -> bool:
        return speaks_tls_first(self._port) if self._state.tls is None else self._state.tls

    @property
    def seen(self) -> Sequence[Observation]:
        return tuple(self._host.observations)

    def observe(self, seen: Seen) -> tuple[Observation, ...]:
        made = super().observe(seen)
        self.made += len(made)
        return made

    def stream(self, *, tls: bool = False) -> AbstractAsyncContextManager[TcpStream]:
        return open_stream(
            self._tools.gate, self._at, self._tools.dial(self._port), self._spec.timeout_s, tls or self.tls
        )

    async def http(
        self, path: str = "/", *, method: str = "GET", body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> HttpReply:
        reply = await self._request(path, method, body, headers)
        if self._state.tls is None and not self._state.silent:
            if not self.tls and reply.status in (None, 400) and wants_tls(reply.raw):
                self._state.tls = True
                return await self._request(path, method, body, headers)
            self._state.tls = self.tls
        return reply

    async def _request(self, path: str, method: str, body: bytes, headers: Mapping[str, str] | None) -> HttpReply:
        state = self._state
        if state.requests >= self._budget():
            return HttpReply(url=path, status=None, error=f"{state.requests} requests to this port were made")
        if state.silent:
            return HttpReply(url=path, status=None, error="the port stayed silent before")
        first = state.requests == 0
        state.requests += 1
        began = time.monotonic()
        wait_s = min(FIRST_REQUEST_S if first else REQUEST_S, self._spec.timeout_s)
        reply = await self._tools.http.request(
            self._at,
            self._tools.dial(self._port),
            path,
            tls=self.tls,
            method=method,
            body=body,
            headers=headers,
            total_s=wait_s,
        )
        # A port that took the request and said nothing speaks another protocol: it is asked no more.
        state.silent = first and not reply.raw and reply.error is not None and time.monotonic() - began >= wait_s
        return reply

    def _budget(self) -> int:
        """Requests this probe may make; the last ones of a port are kept for what discovery makes worth asking."""
        if self._spec.name in LATE:
            return REQUESTS_PER_PORT
        kinds = {o.kind for o in self._host.observations}
        kept = (n for sign, n in KEPT_FOR_LATE.items() if any(kind.startswith(sign) for kind in kinds))
        return REQUESTS_PER_PORT - sum(kept)

    async def certificate(self) -> Certificate | None:
        return await fetch_certificate(
            self._tools.gate, self._at, self._tools.dial(self._port), self._spec.timeout_s
        )

    def pages(self) -> Sequence[Page]:
        pages = [
            p
            for p in self._tools.pages(self.seen)
            if p.id not in self._state.offered and (not p.ports or self._port in p.ports)
        ]
        self._state.offered.update(p.id for p in pages)
        return pages

    def _label(self) -> str:
        return f"{self._host.ip}:{self._port}" if self._host.ip.version == 4 else f"[{self._host.ip}]:{self._port}"
