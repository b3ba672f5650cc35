"""ARP and neighbour tables, as text or CSV: any line with one IP address and one MAC.

So read `arp -a` of Linux, BSD, macOS and Windows, `arp -n`, `ip neigh`, /proc/net/arp, and what switches and routers
print for `show ip arp` or `show arp`. Lines without both are headings, or entries without an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from netcam.imports.base import Format, How, Sighting, address, by_line, hardware

MAC = re.compile(
    r"(?<![0-9A-Za-z:.-])((?:[0-9a-fA-F]{1,2}[:-]){5}[0-9a-fA-F]{1,2}|(?:[0-9a-fA-F]{4}[.-]){2}[0-9a-fA-F]{4}"
    r"|[0-9a-fA-F]{6}-[0-9a-fA-F]{6})(?![0-9A-Za-z:.-])"
)
# Inventories and server logs have addresses and MACs in a line too, and nobody's link layer measured those.
OTHERS = re.compile(r"^\s*[{<]|\b(?:manufacturer|model|serial|DHCP\w*)\b", re.IGNORECASE)
_IPV4 = re.compile(r"(?<![\w.])(\d{1,3}(?:\.\d{1,3}){3})(?![\w.])")
_IPV6 = re.compile(r"(?<![\w:.])([0-9a-fA-F]{0,4}:[0-9a-fA-F:]{1,39})(?![\w:.])")


def address_in(line: str, mac: str) -> str | None:
    """The first IP address in a line, other than its MAC."""
    if found := _IPV4.search(line):
        return address(found[1])
    return next((ip for text in _IPV6.findall(line) if text != mac and (ip := address(text))), None)


def _line(line: str) -> Iterable[Sighting]:
    found = MAC.search(line)
    if found is None or (mac := hardware(found[1])) is None or (ip := address_in(line, found[1])) is None:
        return ()
    return (Sighting(How.NEIGHBOUR, ip, mac),)


def _looks(head: str) -> bool:
    if OTHERS.search(head):
        return False
    with_mac = [line for text in head.splitlines()[:200] if MAC.search(line := text[:1024])]
    return 0 < len(with_mac) <= 2 * sum(bool(_line(line)) for line in with_mac)


FORMAT = Format(name="arp", title="ARP or neighbour table", looks=_looks, read=by_line(_line), generic=True)
