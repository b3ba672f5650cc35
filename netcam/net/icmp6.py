"""Echo requests to everybody on a link (ff02::1), where the system lets this process send them."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator
from ipaddress import IPv6Address

from netcam.errors import PrivilegeError
from netcam.model import IPAddress
from netcam.net.addresses import from_socket, to_socket
from netcam.net.gate import Gate

ALL_NODES = IPv6Address("ff02::1")
ASKERS_NAME = b"netcam\0\0"  # the payload comes back, and tells our echoes from another program's
REPEATS = 2
SENDERS_LIMIT = 4096

_REQUEST, _REPLY = 128, 129  # RFC 4443, section 4
_PACKET_BYTES = 48 + len(ASKERS_NAME)
_ICMP6_FILTER = 1  # linux/icmpv6.h


async def echo_all(gate: Gate, interface: str, timeout_s: float) -> AsyncGenerator[IPAddress, None]:
    """Who answers an echo request to all nodes of the link, each once, without scope id; `timeout_s` after the last.

    Ping sockets need no privilege where the system allows them (Linux `net.ipv4.ping_group_range`, macOS); otherwise a
    raw ICMPv6 socket, which takes CAP_NET_RAW.

    Raises:
        ScopeError: the operator excluded the group.
        PrivilegeError: this process may open neither.
        OSError: the interface is gone.
    """
    gate.allow_group(ALL_NODES)
    loop = asyncio.get_running_loop()
    heard: set[IPAddress] = set()
    with _socket(interface) as sock:
        # The kernel computes the checksum of ICMPv6, and on ping sockets it sets the identifier.
        request = struct.pack("!BBHHH", _REQUEST, 0, 0, 0x6E63, 1) + ASKERS_NAME
        for last in (False, True):
            await gate.admit(ALL_NODES, 1, _PACKET_BYTES)
            await loop.sock_sendto(sock, request, to_socket(ALL_NODES, 0, interface))
            end = loop.time() + (timeout_s if last else timeout_s / REPEATS)
            while (left := end - loop.time()) > 0 and len(heard) < SENDERS_LIMIT:
                try:
                    async with asyncio.timeout(left):
                        data, address = await loop.sock_recvfrom(sock, 1500)
                except TimeoutError:
                    break
                ip = IPv6Address(int(from_socket(address)[0]))
                if data[:1] == bytes((_REPLY,)) and data[8:] == ASKERS_NAME and ip not in heard:
                    heard.add(ip)
                    yield ip


def _socket(interface: str) -> socket.socket:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            sock = socket.socket(socket.AF_INET6, kind, socket.IPPROTO_ICMPV6)
        except PermissionError:
            continue
        try:
            sock.setblocking(False)
            if kind is socket.SOCK_RAW:
                blocked = [0xFFFFFFFF] * 8  # one bit for each type
                blocked[_REPLY // 32] ^= 1 << _REPLY % 32
                sock.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, struct.pack("=8I", *blocked))
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, socket.if_nametoindex(interface))
        except OSError:
            sock.close()
            raise
        return sock
    raise PrivilegeError("an echo request takes net.ipv4.ping_group_range or CAP_NET_RAW")
