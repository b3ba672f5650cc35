"""One echo request, where the system lets an ordinary program send it (ping sockets)."""

from __future__ import annotations

import asyncio
import socket
import struct

from netcam.model import IPAddress
from netcam.net.addresses import family, to_socket
from netcam.net.gate import Gate

_ECHO_BYTES = 28  # IP and ICMP headers


async def ping(gate: Gate, ip: IPAddress, timeout_s: float) -> bool:
    """Whether `ip` answered an echo request; False too where this machine may not send one.

    Uses datagram ICMP sockets (Linux `net.ipv4.ping_group_range`, macOS), which need no privilege and can send nothing
    else.

    Raises:
        ScopeError: before a packet leaves.
    """
    gate.check(ip)
    protocol = socket.IPPROTO_ICMP if ip.version == 4 else socket.IPPROTO_ICMPV6
    try:
        sock = socket.socket(family(ip), socket.SOCK_DGRAM, protocol)
    except OSError:
        return False
    with sock:
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        # RFC 792 and 4443: type, code 0, checksum (the kernel fills in identifier and checksum), sequence 1.
        kind = 8 if ip.version == 4 else 128
        request = struct.pack("!BBHHH", kind, 0, _checksum(struct.pack("!BBHHH", kind, 0, 0, 0, 1)), 0, 1)
        await gate.admit(ip, 1, _ECHO_BYTES)
        try:
            sock.connect(to_socket(ip, 0))
            async with asyncio.timeout(timeout_s):
                await loop.sock_sendall(sock, request)
                answer = await loop.sock_recv(sock, 1500)
        except (OSError, TimeoutError):
            return False
    return bool(answer)


def _checksum(data: bytes) -> int:
    """The Internet checksum, RFC 1071."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF
