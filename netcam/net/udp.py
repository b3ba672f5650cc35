"""UDP through the gate: questions to hosts and groups on one interface, and every answer to them."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from netcam.model import IPAddress
from netcam.net.addresses import family, from_socket, to_socket
from netcam.net.gate import Gate

DATAGRAM_LIMIT = 65_535
HEADER_BYTES = {4: 28, 6: 48}  # IP and UDP headers
# Datagrams that wait to be received; a flood past it is dropped, as a full socket would.
_WAITING_BYTES = 8_388_608
_IP_MULTICAST_ALL = 49  # linux/in.h; the socket module has no name for it


class GroupSocket:
    """Sends questions from one interface and hears what comes back, to its port and to its groups.

    Devices answer to the asker's port, to a fixed port, or to the group they were asked at. So there may be several
    sockets behind it: one that asks, and listeners where that one can't hear. If `bind_port` is free, questions leave
    from it. If another program uses it, it is shared for what comes through the groups, and questions leave from a port
    of our own: a unicast answer to a shared port reaches only one of its sockets.

    Attributes:
        port: the local port that questions leave from.
        fixed: whether that is `bind_port` and ours alone.
        listening: (group, port) pairs that are heard.
        unheard: those of `listen_ports` that another program keeps to itself.
    """

    def __init__(
        self,
        gate: Gate,
        *,
        interface: str | None = None,
        interface_ip: IPAddress,
        groups: Sequence[IPAddress] = (),
        group_port: int = 0,
        bind_port: int = 0,
        listen_ports: Sequence[int] = (),
    ) -> None:
        """Open the sockets; needs a running event loop.

        Args:
            interface: its name; None leaves the way out to the routing table, for hosts behind a router.
            interface_ip: its address of the family that is asked; for IPv6 a link-local one, or "::" without interface.
            groups: joined on the interface; the same family. They are registered with the gate by the caller.
            group_port: where answers through the groups arrive, mostly the port that is asked.
            bind_port: see above; 0 for any.
            listen_ports: where devices speak unasked, by broadcast; shared with whoever shares them too.
        Raises:
            ScopeError: a group is not registered.
            OSError: the interface is gone, or no port is left.
        """
        for group in groups:
            gate.check_group(group)
        self._gate, self._interface, self._ip = gate, interface, interface_ip
        self._loop = asyncio.get_running_loop()
        self._came: deque[tuple[bytes, tuple[IPAddress, int]]] = deque()
        self._came_bytes = 0
        self._more = asyncio.Event()
        self._sockets: list[socket.socket] = []
        self.listening: tuple[tuple[IPAddress, int], ...] = ()
        self.unheard: tuple[int, ...] = ()
        try:
            asking = self._alone(bind_port) if bind_port else None
            self.fixed = asking is not None
            self._asking = asking or self._bound(0)
            self.port: int = self._asking.getsockname()[1]
            for group in groups:
                for port in {group_port, bind_port} - {0}:
                    self._listen(group, port)
            self.unheard = tuple(port for port in listen_ports if self._shared(port) is None)
        except OSError:
            self.close()
            raise
        for sock in self._sockets:
            self._loop.add_reader(sock, self._drain, sock)

    async def send(self, data: bytes, to: tuple[IPAddress, int]) -> None:
        """Send one datagram to a host in scope or a registered group.

        Raises:
            ScopeError: before it leaves.
            OSError: it can't leave (no route, the interface went down).
        """
        ip, port = to
        await self._gate.admit(ip, 1, len(data) + HEADER_BYTES[ip.version])
        await self._loop.sock_sendto(self._asking, data, to_socket(ip, port, self._interface))

    async def receive(self, timeout_s: float) -> tuple[bytes, tuple[IPAddress, int]] | None:
        """The next datagram, at most 65,535 bytes, and where it came from; None when none came in time."""
        try:
            async with asyncio.timeout(timeout_s):
                while not self._came:
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            return None
        data, sender = self._came.popleft()
        self._came_bytes -= len(data)
        return data, sender

    def close(self) -> None:
        """Leave the groups and close the sockets."""
        for sock in self._sockets:
            self._loop.remove_reader(sock)
            sock.close()
        self._sockets.clear()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _drain(self, sock: socket.socket) -> None:
        for _ in range(64):  # then the others' turn
            try:
                data, address = sock.recvfrom(DATAGRAM_LIMIT)
                sender = from_socket(address)
            except OSError:  # nothing more, or an ICMP error of an earlier question
                return
            if self._came_bytes + len(data) <= _WAITING_BYTES:
                self._came.append((data, sender))
                self._came_bytes += len(data)
                self._more.set()

    def _alone(self, port: int) -> socket.socket | None:
        """A socket that has `port` to itself on this interface, or None when it is taken."""
        try:
            return self._bound(port)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return None
            raise

    def _listen(self, group: IPAddress, port: int) -> None:
        """Hear `group` at `port`: on the asking socket if that has the port, else on one that shares it."""
        # Bound to the group's own address it can't take unicast away from the program it shares the port with.
        sock = self._asking if port == self.port else self._shared(port, str(group).partition("%")[0])
        if sock is None:
            return
        if group.version == 4:
            index = socket.if_nametoindex(self._interface) if self._interface else 0
            member = struct.pack("=4s4si", group.packed, self._ip.packed, index)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        else:
            member = group.packed + struct.pack("=I", self._index())
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, member)
        self.listening += ((group, port),)

    def _shared(self, port: int, address: str = "") -> socket.socket | None:
        """A socket at `port` that others may have too, or None when somebody has it alone."""
        try:
            return self._bound(port, address, share=True)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return None
            raise

    def _bound(self, port: int, address: str = "", *, share: bool = False) -> socket.socket:
        """A socket on the interface; kept in `_sockets`, which `close` empties."""
        sock = socket.socket(family(self._ip), socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            if share:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if self._interface is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self._interface.encode())
            loop_back = int(self._ip.is_loopback)  # elsewhere our own questions needn't come back
            if self._ip.version == 4:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, loop_back)
                sock.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)  # only groups that this socket joined
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, self._ip.packed)
                sock.bind((address, port))
            else:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 1)
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, loop_back)
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, self._index())
                sock.bind((address, port, 0, self._index() if address else 0))
        except OSError:
            sock.close()
            raise
        self._sockets.append(sock)
        return sock

    def _index(self) -> int:
        return socket.if_nametoindex(self._interface) if self._interface else 0
