"""The log of dnsmasq with `log-queries`, which is Pi-hole's `pihole.log` too: who asks for which name, who got a lease.

A name is a sign of the client that asks for it, never of the server that answers. Layout: dnsmasq's manual (`-q`,
`--log-queries`, `--log-dhcp`) and `src/log.c`; Pi-hole's FTL writes the same lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from netcam.imports.base import Format, How, Sighting, address, by_line, hardware

_QUERY = re.compile(r"query\[(?:A|AAAA|HTTPS)\] (\S{1,255}) from (\S{1,60})")
_FORWARDED = re.compile(r"\bforwarded \S{1,255} to ([0-9a-fA-F.:]{2,45})")
_LEASE = re.compile(r"\bDHCPACK\(\S{1,40}\) (\S{7,45}) ([0-9a-fA-F:]{17})(?: (\S{1,255}))?")
_LOOKS = re.compile(r"\bdnsmasq\S{0,20}\[\d+\S{0,20}\]: |\bquery\[A{1,4}\] \S{1,255} from ")


def _looks(head: str) -> bool:
    return any(_LOOKS.search(line[:2048]) for line in head.splitlines()[:2000])


def _line(line: str) -> Iterable[Sighting]:
    if (start := line.find(" query[")) >= 0 and (asked := _QUERY.match(line, start + 1)):
        ip = address(asked[2].partition("#")[0])
        # The resolver's own machine asks for others as well.
        if ip is None or ip.startswith("127.") or ip == "::1":
            return ()
        return (Sighting(How.SEEN, ip, facts=(("dns.question", asked[1].rstrip(".").lower()),)),)
    if " forwarded " in line and (upstream := _FORWARDED.search(line)):
        ip = address(upstream[1])
        return (Sighting(How.RESOLVER, ip),) if ip else ()
    if "DHCPACK(" in line and (lease := _LEASE.search(line)):
        ip, mac = address(lease[1]), hardware(lease[2])
        if ip and mac:
            return (Sighting(How.LEASE, ip, mac, facts=(("dhcp.hostname", lease[3]),) if lease[3] else ()),)
    return ()


FORMAT = Format(name="dnsmasq-log", title="dnsmasq or Pi-hole query log", looks=_looks, read=by_line(_line))
