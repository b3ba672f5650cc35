"""Addresses between `ipaddress` objects and the socket module, IPv6 scopes included."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

from netcam.model import IPAddress

SockAddr = tuple[str, int] | tuple[str, int, int, int]


def family(ip: IPAddress) -> socket.AddressFamily:
    """AF_INET or AF_INET6."""
    return socket.AF_INET if ip.version == 4 else socket.AF_INET6


def unscoped(ip: IPAddress) -> IPAddress:
    """The address without an IPv6 scope id, which only says by which of our interfaces it is reached."""
    return IPv6Address(int(ip)) if isinstance(ip, IPv6Address) and ip.scope_id else ip


def to_socket(ip: IPAddress, port: int, interface: str | None = None) -> SockAddr:
    """The address as the socket module takes it; a scope id, or else the interface, goes with link-local IPv6.

    Raises:
        OSError: no such interface.
    """
    if isinstance(ip, IPv4Address):
        return str(ip), port
    scope = ip.scope_id or (interface if ip.is_link_local or ip.is_multicast else None)
    index = 0 if scope is None else int(scope) if scope.isdecimal() else socket.if_nametoindex(scope)
    return str(IPv6Address(int(ip))), port, 0, index


def from_socket(address: tuple[str, int] | tuple[str, int, int, int]) -> tuple[IPAddress, int]:
    """What the socket module says as (address, port); link-local IPv6 carries its interface's name as scope."""
    ip = ip_address(address[0].partition("%")[0])
    if len(address) == 4 and address[3] and isinstance(ip, IPv6Address) and ip.is_link_local:
        ip = IPv6Address(f"{ip}%{socket.if_indextoname(address[3])}")
    return ip, address[1]
