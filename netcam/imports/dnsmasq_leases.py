"""dnsmasq's lease file: expiry, MAC, address, name, client id, one lease a line; Pi-hole's `dhcp.leases` too.

Layout: dnsmasq's `src/lease.c`. The leases of DHCPv6 tell no MAC and are passed over. A name is the client's own,
unless the server was set to give one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from netcam.imports.base import Format, How, Sighting, by_line, hardware, needed

_V4 = re.compile(r"\d{1,20} ((?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}) (\d[\d.]{6,14}) (\S{1,255})(?: (\S{1,512}))?")
_OTHER = re.compile(r"\d{1,20} \S{1,600} [0-9a-fA-F.:]{2,45} \S{1,255} \S{1,512}|duid \S{1,600}")


def _looks(head: str) -> bool:
    first = head.lstrip().partition("\n")[0].rstrip()
    return bool(_V4.fullmatch(first)) or first.startswith("duid ")


def _line(line: str) -> Iterable[Sighting]:
    text = line.strip()
    found = _V4.fullmatch(text)
    if found is None:
        if text and not _OTHER.fullmatch(text):
            raise ValueError(f"no lease: {text[:60]!r}")
        return ()
    mac, ip = hardware(found[1]), needed(found[2], "the lease's address")
    if mac is None:
        return ()
    return (Sighting(How.LEASE, ip, mac, facts=(("dhcp.hostname", found[3]),) if found[3] != "*" else ()),)


FORMAT = Format(name="dnsmasq-leases", title="dnsmasq leases", looks=_looks, read=by_line(_line))
