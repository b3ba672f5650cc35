"""TCP through the gate: is a port open, and a stream with a deadline."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TypeVar

from netcam.model import IPAddress
from netcam.net.addresses import family, to_socket
from netcam.net.gate import Gate, Pace
from netcam.net.tls_context import device_context

SYN_BYTES, ACK_BYTES = 60, 52  # IPv4 and TCP headers with the options Linux sends
SEGMENT_BYTES = 1460  # payload of a full Ethernet segment
FAREWELL_S, FAREWELL_BYTES = 0.25, 2048
# Every drop of a dripping answer costs an ACK of our kernel, up to 25 a second for a connection, which no window stops.
# An honest service says what it has in a few pieces.
DROP_BYTES, DROP_S, DROPS = 1024, 0.03, 6
_RECORD_LIMIT = 16_384  # one TLS record

_T = TypeVar("_T")

_NO_WAY = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EPERM, errno.ENETDOWN, errno.EHOSTDOWN}


class PortState(StrEnum):
    """What a connection attempt showed of a port."""

    OPEN = "open"
    CLOSED = "closed"
    FILTERED = "filtered"  # no answer
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectResult:
    """What one connection attempt showed, and how long the answer took."""

    state: PortState
    took_s: float


async def connect_port(
    gate: Gate, ip: IPAddress, port: int, timeout_s: float, *, interface: str | None = None
) -> ConnectResult:
    """Whether something listens: a full connection that sends nothing and is closed with a normal FIN.

    `timeout_s` counts from the moment the SYN may leave.

    Raises:
        ScopeError: before a packet leaves.
        OSError: this machine's own fault: no file descriptor or local port left, no such interface.
    """
    loop = asyncio.get_running_loop()
    async with gate.connection(ip):
        await gate.admit(ip, 1, SYN_BYTES)
        sock = _socket(ip, interface)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 0)  # the least there is: what it says is not read
            began = loop.time()
            state = await _connect(sock, ip, port, timeout_s, interface)
            took_s = loop.time() - began
            if state is PortState.OPEN:
                gate.charge(ip, 1, ACK_BYTES)
                await gate.admit(ip, 2, 2 * ACK_BYTES)  # our FIN, and the ACK of theirs
            elif state is not PortState.CLOSED and (again := int(took_s)):
                gate.charge(ip, again, again * SYN_BYTES)  # the kernel repeats a SYN, or an ARP question, every second
        finally:
            sock.close()
    return ConnectResult(state=state, took_s=took_s)


async def _connect(
    sock: socket.socket, ip: IPAddress, port: int, timeout_s: float, interface: str | None
) -> PortState:
    try:
        async with asyncio.timeout(timeout_s):
            await asyncio.get_running_loop().sock_connect(sock, to_socket(ip, port, interface))
        # On loopback the kernel may choose the port itself as source and connect the socket to itself.
        return PortState.CLOSED if sock.getsockname() == sock.getpeername() else PortState.OPEN
    except TimeoutError:
        return PortState.FILTERED
    except (ConnectionRefusedError, ConnectionResetError):
        return PortState.CLOSED
    except OSError as error:
        if error.errno == errno.ENOTCONN:  # reset between the connect and the question for the peer
            return PortState.CLOSED
        if error.errno in _NO_WAY:
            return PortState.UNREACHABLE
        raise


def _socket(ip: IPAddress, interface: str | None) -> socket.socket:
    sock = socket.socket(family(ip), socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if interface is not None and hasattr(socket, "SO_BINDTODEVICE"):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
    except OSError:
        sock.close()
        raise
    return sock


def receive_window(pace: Pace) -> int:
    """Receive buffer in bytes: how much a device may send, and our kernel acknowledge, before we read on."""
    return max(2304, 112 * pace.host_pps)


def acknowledgements(size_bytes: int) -> int:
    """About how many ACKs our kernel sent for so much data: one for two segments."""
    return -(-size_bytes // (2 * SEGMENT_BYTES))


class Drip:
    """Watches one connection for an answer that comes drop by drop; used by every reader of a stream."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._drops = 0
        self._last = 0.0

    def feed(self, size_bytes: int, now: float) -> None:
        """Note what one read brought at the moment `now` of a monotonic clock.

        Raises:
            ConnectionError: it drips. The connection will then end with a reset, which stops the peer at once.
        """
        if size_bytes >= DROP_BYTES:
            self._drops = 0
        elif size_bytes and now - self._last >= DROP_S:
            self._last = now
            self._drops += 1
            if self._drops > DROPS:
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                raise ConnectionError("the answer drips")


class TcpStream:
    """A connection with a deadline for its whole life; made by `open_stream`.

    Attributes:
        tls: the TLS side with its certificate and version, None on a plain connection.
    """

    def __init__(
        self, gate: Gate, ip: IPAddress, sock: socket.socket, end: float, context: ssl.SSLContext | None
    ) -> None:
        self._gate, self._ip, self._sock, self._end = gate, ip, sock, end
        self._loop = asyncio.get_running_loop()
        self._drip = Drip(sock)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._in, self._out) if context else None

    async def handshake(self) -> None:
        """Speak TLS first.

        Raises:
            OSError: the peer doesn't, or not in time.
        """
        if self.tls:
            await self._tls_step(self.tls.do_handshake, self._end)

    async def send(self, data: bytes) -> None:
        """Send everything.

        Raises:
            OSError: the peer is gone, or the deadline has passed (TimeoutError).
        """
        if self.tls is None:
            await self._send(data)
            return
        tls, rest = self.tls, memoryview(data)
        while rest:
            rest = rest[await self._tls_step(partial(tls.write, rest), self._end) :]

    async def read(self, limit: int, wait_s: float) -> bytes:
        """At most `limit` bytes: what came within `wait_s` seconds, perhaps nothing; b"" too when the peer closed."""
        end = min(self._end, self._loop.time() + wait_s)
        try:
            if self.tls is None:
                return await self._receive(limit, end)
            return await self._tls_step(partial(self.tls.read, limit), end)
        except (TimeoutError, ConnectionError, ssl.SSLError):
            return b""

    async def _tls_step(self, step: Callable[[], _T], end: float) -> _T:
        """Do `step` with as many records from and to the peer as it takes."""
        while True:
            wanting = False
            try:
                done = step()
            except ssl.SSLWantReadError:
                wanting = True
            finally:
                if self._out.pending:  # an alert, too, when the step failed
                    await self._send(self._out.read())
            if not wanting:
                return done
            if data := await self._receive(_RECORD_LIMIT, end):
                self._in.write(data)
            else:
                self._in.write_eof()

    async def _send(self, data: bytes) -> None:
        segments = -(-len(data) // SEGMENT_BYTES)
        if self._loop.time() >= self._end:  # a send that needn't wait would never notice
            raise TimeoutError("total deadline passed")
        async with asyncio.timeout_at(self._end):
            await self._gate.admit(self._ip, segments, len(data) + segments * ACK_BYTES)
            await self._loop.sock_sendall(self._sock, data)

    async def _receive(self, limit: int, end: float) -> bytes:
        async with asyncio.timeout_at(end):
            await asyncio.sleep(self._gate.behind(self._ip))
            data = await self._loop.sock_recv(self._sock, limit)
        acks = acknowledgements(len(data))
        self._gate.charge(self._ip, acks, acks * ACK_BYTES)
        self._drip.feed(len(data), self._loop.time())
        return data


async def _farewell(sock: socket.socket) -> None:
    """Send FIN and take the little that still comes: closed with unread data, the kernel would send a reset.

    A peer that goes on talking gets that reset, because every further segment would cost an ACK.
    """
    if sock.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER):
        return  # it drips: a reset is wanted
    try:
        sock.shutdown(socket.SHUT_WR)
        came = 0
        async with asyncio.timeout(FAREWELL_S):
            while came < FAREWELL_BYTES:
                data = await asyncio.get_running_loop().sock_recv(sock, FAREWELL_BYTES)
                if not data:
                    return
                came += len(data)
    except OSError:  # TimeoutError among them
        pass


@asynccontextmanager
async def open_stream(
    gate: Gate, ip: IPAddress, port: int, timeout_s: float, tls: bool = False
) -> AsyncIterator[TcpStream]:
    """A connection whose connect, handshake, reads and writes all end `timeout_s` seconds after its SYN may leave.

    Raises:
        ScopeError: before a packet leaves.
        OSError: no connection, or no TLS where that was wanted; TimeoutError when it took too long.
    """
    loop = asyncio.get_running_loop()
    async with gate.connection(ip):
        await gate.admit(ip, 4, SYN_BYTES + 3 * ACK_BYTES)  # SYN and ACK, FIN and ACK
        sock = _socket(ip, None)
        try:
            end = loop.time() + timeout_s
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_window(gate.pace))
            async with asyncio.timeout_at(end):
                await loop.sock_connect(sock, to_socket(ip, port))
            stream = TcpStream(gate, ip, sock, end, device_context() if tls else None)
            await stream.handshake()
            yield stream
            await _farewell(sock)
        finally:
            sock.close()
