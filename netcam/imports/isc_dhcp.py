"""ISC dhcpd's lease database (`dhcpd.leases`): MAC, name and vendor class of clients with an active lease.

Layout: the manual page dhcpd.leases(5). Of an address that is declared more than once, the last active lease counts.
"""

from __future__ import annotations

import re
from typing import BinaryIO

from netcam.imports.base import Format, Found, How, Sighting, Trouble, address, hardware, numbered, too_long

_BEGIN = re.compile(r"\s*lease\s+([0-9A-Fa-f.:]{2,45})\s*\{")
_STATEMENT = re.compile(
    r"""\s*(hardware\s+ethernet|binding\s+state|client-hostname|set\s+vendor-class-identifier\s*=)\s*"""
    r"""("(?:[^"\\]|\\.){0,512}"|[^\s;"]{1,64})\s*;"""
)


def _looks(head: str) -> bool:
    return any(_BEGIN.match(line[:200]) for line in head.splitlines()[:500])


def read(stream: BinaryIO) -> Found:
    """Each declaration when its brace closes."""
    ip: str | None = None
    said: dict[str, str] = {}
    inside, began = False, 0
    for at, line in numbered(stream):
        if line is None:
            yield too_long(at)
        elif begin := _BEGIN.match(line):
            if inside:
                yield Trouble(began, "a lease that does not end")
            ip, inside, began, said = address(begin[1]), True, at, {}
            if ip is None:
                yield Trouble(at, f"no address: {begin[1]!r}")
        elif inside and line.strip() == "}":
            inside = False
            mac = hardware(said.get("hardware"))
            if ip and mac and said.get("binding", "active") == "active":
                kinds = (("dhcp.hostname", "client-hostname"), ("dhcp.vendorclass", "set"))
                yield Sighting(How.LEASE, ip, mac, facts=tuple((k, said[key]) for k, key in kinds if said.get(key)))
        elif inside and (statement := _STATEMENT.match(line)):
            said[statement[1].split()[0]] = statement[2].strip('"')
    if inside:
        yield Trouble(began, "a lease that does not end", ends=True)


FORMAT = Format(name="isc-dhcp", title="ISC dhcpd leases", looks=_looks, read=read)
