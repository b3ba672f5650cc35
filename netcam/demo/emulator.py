"""Emulated devices on sockets: what each one is asked goes into its record, and only documented reads are answered."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import re
import socket
import ssl
import sys
import time
import warnings
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, ip_address
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

from . import datagrams
from .answers import dhip_answer, discovery_answer, sadp_answer, soap_answer, ssdp_answers
from .datagrams import Announcing, Answer
from .dns import mdns_answer
from .profile import Announced, Page, Profile, TcpService, filled

T = TypeVar("T")

PORT_SHIFT = 20000
FIRST_ADDRESS = "127.77.0.10"
LOOPBACK = "127.0.0.1"
LOOPBACK_BROADCAST = "127.255.255.255"
CERTS = Path(__file__).with_name("certs")

_KEPT_BYTES = 4096  # of each connection or datagram
_KEPT_RECORDS = 20_000  # a flood must not eat the memory of whoever runs the demo
_HEAD_BYTES = 16_384
_BODY_BYTES = 65_536
_IDLE_S = 30.0
_ENDLESS_BYTES = 8_000_000  # an endless answer ends here, for the sake of this machine
_ANSWERS_PER_S = 20.0  # datagrams a device sends at most, so that nobody can use it as a reflector
_ANSWER_BURST = 40.0
_IP_MULTICAST_ALL = 49  # linux/in.h; not in the socket module


def shifted(port: int) -> int:
    """The port a service is bound to where ports below 1024 need privileges: those move up by PORT_SHIFT."""
    return port + PORT_SHIFT if port < 1024 else port


class Place(Protocol):
    """Where a device's sockets live."""

    @property
    def bind_ip(self) -> str: ...

    @property
    def group_ip(self) -> str:
        """The address of the interface on which multicast groups are joined and answered."""
        ...

    @property
    def broadcast_ip(self) -> str:
        """Where a broadcast answer goes; "" where there is no such address."""
        ...

    def run(self, work: Callable[[], T]) -> T:
        """Do `work`, which opens sockets, where the device lives."""
        ...

    def admits(self, peer: str) -> bool:
        """Whether an asker is one of ours; nobody else gets an answer."""
        ...


@dataclass(frozen=True, slots=True)
class LoopbackPlace:
    """One address of 127.0.0.0/8."""

    bind_ip: str
    group_ip: str = LOOPBACK
    broadcast_ip: str = ""  # the loopback has none

    def run(self, work: Callable[[], T]) -> T:
        return work()

    def admits(self, peer: str) -> bool:
        return ip_address(peer).is_loopback


@dataclass(slots=True)
class Received:
    """What one datagram or one connection brought: the first 4 kB. `port` is the unshifted one; `at` is a Unix time."""

    at: float
    transport: str
    port: int
    peer: str
    data: bytes = b""

    def hear(self, data: bytes) -> None:
        if len(self.data) < _KEPT_BYTES:
            self.data = (self.data + data)[:_KEPT_BYTES]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Datagrams:
    """One UDP protocol: `answer(data, peer)` gives the datagrams and whether they go to the group."""

    port: int
    group: str
    answer: Callable[[bytes, tuple[str, int]], tuple[Sequence[bytes], bool]]
    listens_to_group: bool = True
    reply: Callable[[bytes], Iterable[Answer]] | None = None  # for answers that choose their own way


@dataclass(slots=True)
class _Allowance:
    """A bucket of answers."""

    left: float = _ANSWER_BURST
    at: float = 0.0

    def take(self) -> bool:
        now = time.monotonic()
        self.left = min(_ANSWER_BURST, self.left + (now - self.at) * _ANSWERS_PER_S)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Device:
    """One emulated device at one address."""

    def __init__(self, profile: Profile, ip: str, place: Place, *, shift_ports: bool) -> None:
        self.profile = profile
        self.ip = ip
        self.record: list[Received] = []
        self.missing: list[str] = []
        self._place = place
        self._bound = shifted if shift_ports else int
        self._facts = profile.facts(ip)
        self._allowance = _Allowance()
        self._datagrams_seen = 0
        self._servers: list[asyncio.Server] = []
        self._endpoints: list[asyncio.DatagramTransport] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open every port. One that another program holds is left out and named in `missing`."""
        loop = asyncio.get_running_loop()
        for service in self.profile.tcp:
            if listener := self._opened(f"tcp/{service.port}", functools.partial(self._listen, service.port)):
                context = server_context(service.tls, service.tls_version) if service.tls else None
                handle = functools.partial(self._connected, service)
                self._servers.append(await asyncio.start_server(handle, sock=listener, ssl=context, limit=_BODY_BYTES))
        for protocol in self._protocols():
            sender = None
            for opening in (self._unicast, self._member):
                if opening == self._member and not protocol.listens_to_group:
                    continue
                sock = self._opened(f"udp/{protocol.port}", functools.partial(opening, protocol))
                if sock is None:
                    continue
                ears = functools.partial(_Ears, self, protocol, sender)
                transport, _ = await loop.create_datagram_endpoint(ears, sock=sock)
                sender = sender or transport
                self._endpoints.append(transport)
        for name, said in self.profile.datagrams.items():
            module = datagrams.announcing(name)
            speaker = self._opened("udp announcements", self._speaker) if module else None
            if module and speaker:
                transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, sock=speaker)
                self._endpoints.append(transport)
                self._tasks.add(asyncio.create_task(self._announce(module, said, transport)))

    async def stop(self) -> None:
        """Close every socket and end what still runs."""
        for server in self._servers:
            server.close()
        for endpoint in self._endpoints:
            endpoint.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()
        self._endpoints.clear()

    def hears(self, transport: str, port: int, peer: str, data: bytes = b"") -> Received:
        """A new line in the record."""
        received = Received(time.time(), transport, port, peer, data[:_KEPT_BYTES])
        if len(self.record) < _KEPT_RECORDS:
            self.record.append(received)
        return received

    # Sockets

    def _opened(self, what: str, work: Callable[[], socket.socket]) -> socket.socket | None:
        try:
            return self._place.run(work)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL, errno.ENODEV):
                raise
            self.missing.append(f"{what}: {error.strerror}")
            return None

    def _listen(self, port: int) -> socket.socket:
        with _closing_on_error(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((self._place.bind_ip, self._bound(port)))
            sock.listen(64)
            sock.setblocking(False)
            return sock

    def _unicast(self, protocol: _Datagrams) -> socket.socket:
        with _closing_on_error(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if sys.platform == "linux":
                # Else a socket bound to every address also gets what others in this namespace have joined.
                sock.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, IPv4Address(self._place.group_ip).packed)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            sock.bind((self._place.bind_ip, self._bound(protocol.port)))
            sock.setblocking(False)
            return sock

    def _member(self, protocol: _Datagrams) -> socket.socket:
        with _closing_on_error(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if sys.platform == "linux":
                sock.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
            sock.bind((protocol.group, self._bound(protocol.port)))
            membership = IPv4Address(protocol.group).packed + IPv4Address(self._place.group_ip).packed
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
            sock.setblocking(False)
            return sock

    def _speaker(self) -> socket.socket:
        with _closing_on_error(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            sock.bind((self._place.bind_ip, 0))
            sock.setblocking(False)
            return sock

    # Datagrams

    async def _announce(
        self, module: Announcing, said: Mapping[str, Any], transport: asyncio.DatagramTransport
    ) -> None:
        """Speak unasked, to everybody on the network, until the device stops."""
        host = self._place.broadcast_ip or LOOPBACK_BROADCAST
        while True:
            for told in module.announcements(said, self._facts):
                self._answer_later(told.data, (host, self._bound(told.port)), transport)
            await asyncio.sleep(module.EVERY_S)

    def _protocols(self) -> Iterator[_Datagrams]:
        profile, facts = self.profile, self._facts

        def one(answer: bytes | None, to_group: bool = False) -> tuple[Sequence[bytes], bool]:
            return (() if answer is None else (answer,)), to_group

        if profile.sadp is not None:
            fields, to_group = profile.sadp, profile.sadp_to_group
            yield _Datagrams(
                port=37020, group="239.255.255.250",
                answer=lambda data, _: one(sadp_answer(data, fields, facts, profile.sadp_raw), to_group),
            )
        if profile.dhip is not None:
            info = profile.dhip
            yield _Datagrams(
                port=37810, group="239.255.255.251", listens_to_group=not profile.dhip_unicast_only,
                answer=lambda data, _: one(dhip_answer(data, info, facts)),
            )
        if profile.onvif is not None:
            onvif = profile.onvif
            yield _Datagrams(
                port=3702, group="239.255.255.250", answer=lambda data, _: one(discovery_answer(data, onvif, facts))
            )
        if profile.ssdp is not None:
            ssdp = profile.ssdp
            yield _Datagrams(
                port=1900, group="239.255.255.250", answer=lambda data, _: (ssdp_answers(data, ssdp, facts), False)
            )
        if profile.mdns:
            services = tuple(_announced(service, facts) for service in profile.mdns)

            def resolve(data: bytes, peer: tuple[str, int]) -> tuple[Sequence[bytes], bool]:
                reply = mdns_answer(data, services, self.ip, legacy=peer[1] != 5353)
                return one(reply.data, reply.to_group) if reply else one(None)

            yield _Datagrams(port=5353, group="224.0.0.251", answer=resolve)
        for name, said in profile.datagrams.items():
            module = datagrams.protocol(name)
            group = next(iter(module.GROUPS), "")
            for port in module.PORTS:
                yield _Datagrams(
                    port=port, group=group, listens_to_group=bool(group), answer=lambda data, _: one(None),
                    reply=functools.partial(module.answer, said=said, facts=facts),
                )

    def receive(
        self, protocol: _Datagrams, data: bytes, peer: tuple[str, int], sender: asyncio.DatagramTransport
    ) -> None:
        """Take one datagram and perhaps answer it, later if this device is slow."""
        if not self._place.admits(peer[0]) or peer[0] == self.ip:
            return
        self.hears("udp", protocol.port, peer[0], data)
        self._datagrams_seen += 1
        if self.profile.drop_every and self._datagrams_seen % self.profile.drop_every == 0:
            return
        if protocol.reply is not None:
            for reply in protocol.reply(data):
                self._answer_later(reply.data, self._goal(reply, peer), sender)
            return
        answers, to_group = protocol.answer(data, peer)
        goal = (protocol.group, self._bound(protocol.port)) if to_group else peer
        for answer in answers:
            self._answer_later(answer, goal, sender)

    def _goal(self, reply: Answer, peer: tuple[str, int]) -> tuple[str, int]:
        if reply.to == "broadcast" and not self._place.broadcast_ip:
            return peer  # the asker's own port too: the fixed one may be another scan's on this machine
        host = {"asker": peer[0], "broadcast": self._place.broadcast_ip}.get(reply.to, reply.to)
        return host, self._bound(reply.port) if reply.port else peer[1]

    def _answer_later(self, data: bytes, goal: tuple[str, int], sender: asyncio.DatagramTransport) -> None:
        if self._allowance.take():
            asyncio.get_running_loop().call_later(self.profile.delay_s, _send, sender, data, goal)

    # Connections

    async def _connected(
        self, service: TcpService, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        peer = str(writer.get_extra_info("peername")[0])
        seen = self.hears("tcp", service.port, peer)
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        speak: dict[str, Callable[[TcpService, _Line], Awaitable[None]]] = {
            "http": self._http, "rtsp": self._rtsp, "greet": self._greet, "endless": self._endless,
            "silent": self._silent,
        }
        try:
            if self._place.admits(peer):
                async with asyncio.timeout(_IDLE_S):
                    await speak[service.speak](service, _Line(reader, writer, seen))
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # the asker went away, said nothing or too much, or the lab closes; the record holds what came
        finally:
            writer.close()

    async def _http(self, service: TcpService, line: _Line) -> None:
        head = await line.head()
        if head is None:
            return
        request, *fields = head.split("\r\n")
        method, _, rest = request.partition(" ")
        path = rest.partition(" ")[0]
        length = next((f.partition(":")[2].strip() for f in fields if f.lower().startswith("content-length:")), "0")
        body = await line.body(min(int(length), _BODY_BYTES)) if length.isdecimal() else b""
        await asyncio.sleep(self.profile.delay_s)
        await self._send_page(service, self._page(service, method, path, body), line, bodiless=method == "HEAD")

    def _page(self, service: TcpService, method: str, path: str, body: bytes) -> Page:
        onvif = self.profile.onvif
        if service.soap and onvif is not None and method == "POST" and path.startswith("/onvif/"):
            status, text = soap_answer(body, onvif, self._facts)
            kind = ("Content-Type: application/soap+xml; charset=utf-8",)
            return Page(path=path, status=status, headers=kind, body=text)
        pages = [p for p in service.pages if p.method == ("GET" if method == "HEAD" else method)]
        plain = path.partition("?")[0]
        found = [p for p in pages if p.path == path] or [p for p in pages if p.path == plain]
        found = found or [p for p in pages if p.path.endswith("*") and path.startswith(p.path[:-1])]
        return found[0] if found else Page(path=path, status=404, body="<html><body>Not Found</body></html>")

    async def _send_page(self, service: TcpService, page: Page, line: _Line, *, bodiless: bool) -> None:
        body = bytes.fromhex(page.body_hex) if page.body_hex else filled(page.body, self._facts).encode()
        fields = [filled(f, self._facts) for f in (*service.headers, *page.headers)]
        names = {f.partition(":")[0].lower() for f in fields}
        if not names & {"content-length", "transfer-encoding"} and page.ending != "endless":
            fields.append(f"Content-Length: {len(body) + (1000 if page.ending == 'stall' else 0)}")
        if "connection" not in names:
            fields.append("Connection: close")
        reason = page.reason or _REASONS.get(page.status, "Unknown")
        head = "\r\n".join((f"HTTP/1.1 {page.status} {reason}", *fields, "", "")).encode("utf-8")
        await line.send(head + (b"" if bodiless else body))
        if bodiless:
            return
        if page.ending == "stall":
            await line.wait_for_goodbye()
        elif page.ending == "endless":
            await line.repeat(body)

    async def _rtsp(self, service: TcpService, line: _Line) -> None:
        for _ in range(8):
            head = await line.head()
            if head is None:
                return
            method = head.partition(" ")[0]
            sequence = re.search(r"^cseq:[ \t]*(\d{1,10})[ \t\r]*$", head, re.IGNORECASE | re.MULTILINE)
            status, *fields = service.rtsp.get(method) or service.rtsp.get("*") or ("405 Method Not Allowed",)
            await asyncio.sleep(self.profile.delay_s)
            lines = (f"RTSP/1.0 {status}", f"CSeq: {sequence[1] if sequence else -1}", *fields, "", "")
            await line.send(filled("\r\n".join(lines), self._facts).encode())

    async def _greet(self, service: TcpService, line: _Line) -> None:
        await asyncio.sleep(self.profile.delay_s)
        await line.send(filled(service.greeting, self._facts).encode())
        await line.wait_for_goodbye()

    async def _endless(self, service: TcpService, line: _Line) -> None:
        await line.repeat(service.greeting.encode())

    async def _silent(self, service: TcpService, line: _Line) -> None:
        await line.wait_for_goodbye()


class _Line:
    """One connection; all that comes in goes into the record."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: Received) -> None:
        self._reader, self._writer, self._seen = reader, writer, seen

    async def head(self) -> str | None:
        """One request up to the empty line, or None when the peer says nothing or speaks another language."""
        raw = b""
        while b"\r\n\r\n" not in raw:
            piece = await self._reader.read(1) if not raw else await self._reader.readline()
            self._seen.hear(piece)
            raw += piece
            if not piece or not raw[:1].isalpha() or len(raw) > _HEAD_BYTES:
                return None
        return raw.decode("latin-1")

    async def body(self, size: int) -> bytes:
        raw = await self._reader.readexactly(size)
        self._seen.hear(raw)
        return raw

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def repeat(self, data: bytes) -> None:
        block = data * max(1, 4096 // max(1, len(data)))
        for _ in range(_ENDLESS_BYTES // len(block)):
            await self.send(block)

    async def wait_for_goodbye(self) -> None:
        """Listen until the peer closes."""
        while data := await self._reader.read(4096):
            self._seen.hear(data)


class _Ears(asyncio.DatagramProtocol):
    """One UDP socket of a device. What comes to a group is answered from the device's own address: `sender`."""

    def __init__(self, device: Device, protocol: _Datagrams, sender: asyncio.DatagramTransport | None) -> None:
        self._device, self._protocol, self._sender = device, protocol, sender

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._sender is None:
            self._sender = cast(asyncio.DatagramTransport, transport)  # 3.11 doesn't derive it from that class

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._sender is not None:
            self._device.receive(self._protocol, data, addr, self._sender)


class EmulatedLan:
    """Emulated devices, each at its own address. `missing` says which ports another program holds."""

    def __init__(self, devices: Sequence[Device]) -> None:
        self.devices = tuple(devices)

    @classmethod
    def on_loopback(
        cls, profiles: Sequence[Profile], *, first: str = FIRST_ADDRESS, shift_ports: bool = True
    ) -> EmulatedLan:
        """One device per profile on successive addresses of 127.0.0.0/8 (Linux routes them all to the loopback)."""
        devices = []
        for number, profile in enumerate(profiles):
            ip = str(IPv4Address(first) + number)
            devices.append(Device(profile, ip, LoopbackPlace(ip), shift_ports=shift_ports))
        return cls(devices)

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(f"{d.ip} {what}" for d in self.devices for what in d.missing)

    def device(self, name: str) -> Device:
        """The device with that profile name or address."""
        return next(d for d in self.devices if name in (d.profile.name, d.ip))

    async def start(self) -> None:
        try:
            for device in self.devices:
                await device.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        await asyncio.gather(*(device.stop() for device in self.devices))

    async def __aenter__(self) -> EmulatedLan:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


_REASONS = {
    200: "OK", 301: "Moved Permanently", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
    404: "Not Found", 405: "Method Not Allowed", 500: "Internal Server Error",
}


@functools.cache
def server_context(name: str, version: str = "") -> ssl.SSLContext:
    """A TLS server with the certificate certs/<name>.pem (key and chain in one file); any client is taken."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")  # small keys and old versions are what many devices still have
    context.load_cert_chain(str(CERTS / f"{name}.pem"))
    if version:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # an old version is the point
            context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    return context


def _announced(service: Announced, facts: Mapping[str, str]) -> Announced:
    return replace(
        service,
        name=filled(service.name, facts),
        host=filled(service.host, facts),
        txt=tuple(filled(text, facts) for text in service.txt),
    )


def _send(transport: asyncio.DatagramTransport, data: bytes, goal: tuple[str, int]) -> None:
    if not transport.is_closing():
        transport.sendto(data, goal)


@contextlib.contextmanager
def _closing_on_error(sock: socket.socket) -> Iterator[socket.socket]:
    try:
        yield sock
    except BaseException:
        sock.close()
        raise
