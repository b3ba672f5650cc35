"""MAC tables of switches, as text or CSV: any line with a MAC and no IP address.

So read `show mac address-table` and its likes, and Linux's `bridge fdb`. The switch's own entries are passed over. A
MAC without an address becomes a device of its own, unless another file tells its address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from netcam.imports.arp import MAC, OTHERS, address_in
from netcam.imports.base import Format, How, Sighting, by_line, hardware

_OWN = re.compile(r"\b(?:CPU|permanent|self)\b", re.IGNORECASE)
_WORDS = re.compile(r"\b(?:vlan|mac|dynamic|learned|port|dev)\b", re.IGNORECASE)


def _line(line: str) -> Iterable[Sighting]:
    found = MAC.search(line)
    if found is None or _OWN.search(line) or (mac := hardware(found[1])) is None or address_in(line, found[1]):
        return ()
    return (Sighting(How.STATION, mac=mac),)


def _looks(head: str) -> bool:
    lines = [line[:1024] for line in head.splitlines()[:200]]
    return (
        bool(_WORDS.search(head))
        and not OTHERS.search(head)
        and any(_line(line) for line in lines)
        and not any((found := MAC.search(line)) and address_in(line, found[1]) for line in lines)
    )


FORMAT = Format(name="mac-table", title="switch's MAC table", looks=_looks, read=by_line(_line), generic=True)
