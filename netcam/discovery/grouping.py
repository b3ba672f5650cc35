"""Which addresses are one device (contract, section 3)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from netcam.model import Conflict, IPAddress, Observation, canonical_mac, canonical_uuid, placeholder_serial, uuid_node
from netcam.model.report import MacSource

Reading = Callable[[Observation], str | None]
"""The MAC that stands inside a text which is no MAC itself: a UUID, a name, a realm; None where there is none."""

PORTS_APART = 3  # MACs of one device's wired and wireless ports are numbered this close

@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The observations of one device. `addresses` in numeric order; conflicts are about identity of the box itself."""

    addresses: tuple[IPAddress, ...]
    mac: str | None
    mac_source: MacSource | None
    observations: tuple[Observation, ...]
    conflicts: tuple[Conflict, ...] = ()


def node_in(seen: Observation) -> str | None:
    """The Reading that needs no knowledge of makers: the node of a time-based UUID."""
    return uuid_node(seen.value) if seen.kind.endswith(".uuid") else None


def claimed_macs(observations: Iterable[Observation], read: Reading = node_in) -> dict[str, Observation]:
    """MACs that stand inside answers, stated ones first, in order of appearance, with the first observation of each."""
    stated: dict[str, Observation] = {}
    inside: dict[str, Observation] = {}
    for seen in observations:
        if seen.kind.endswith(".mac") and (mac := canonical_mac(seen.value)):
            stated.setdefault(mac, seen)
        elif mac := read(seen):
            inside.setdefault(mac, seen)
    return stated | {mac: seen for mac, seen in inside.items() if mac not in stated}


def measured_mac(observations: Iterable[Observation]) -> str | None:
    """The first MAC that our own link layer showed, or None."""
    return next((mac for o in observations if o.kind == "mac" and (mac := canonical_mac(o.value))), None)


def as_one(observations: Sequence[Observation], read: Reading = node_in) -> Group:
    """The observations of one device, where somebody else already said that they are."""
    ips = list(dict.fromkeys(o.endpoint.ip for o in observations if o.endpoint.ip is not None))
    return _group(ips, observations, measured_mac(observations), [], read)


def group(
    observations: Sequence[Observation], not_a_device: Collection[str] = (), read: Reading = node_in
) -> tuple[Group, ...]:
    """One group per device.

    Addresses are joined by the MAC our own link layer measured; where that says nothing, by a claimed MAC, a serial
    number, a MAC read out of another text, or a discovery UUID. A claim never joins two addresses whose measured MACs
    differ, a MAC none whose serial numbers differ, and a serial number none whose claimed MACs differ: that is a clone
    or a lie, and both rows say so; only a device's own two ports (wire and Wi-Fi: MACs numbered next to each other, and
    one serial number) are one row. Some firmware has one UUID for all devices, so a UUID doesn't join addresses whose
    claimed MACs or serials differ either. A certificate joins nothing, because makers ship one for all devices.

    Args:
        not_a_device: MACs that answer for other hosts (routers, proxy ARP).
        read: finds the MAC inside UUIDs, names and realms.
    """
    by_ip: dict[IPAddress, list[Observation]] = {}
    for seen in observations:
        if seen.endpoint.ip is not None:
            by_ip.setdefault(seen.endpoint.ip, []).append(seen)
    measured = {ip: mac for ip, items in by_ip.items() if (mac := measured_mac(items)) and mac not in not_a_device}
    marks = _marks(by_ip, measured, read)
    leader = {ip: ip for ip in by_ip}
    held: dict[tuple[str, IPAddress], set[str]] = {}  # (field, leader) -> what its addresses show
    for field, owners in marks.items():
        for value, holders in owners.items():
            for ip in holders:
                held.setdefault((field, ip), set()).add(value)

    def find(ip: IPAddress) -> IPAddress:
        while leader[ip] != ip:
            leader[ip] = leader[leader[ip]]
            ip = leader[ip]
        return ip

    def apart(field: str, one: IPAddress, other: IPAddress) -> bool:
        """Whether both show such a mark, and none in common."""
        ours, theirs = held.get((field, one), set()), held.get((field, other), set())
        if field == "serial" and any(a in b or b in a for a in ours for b in theirs):
            return False  # some protocols put the model before it
        return bool(ours) and bool(theirs) and ours.isdisjoint(theirs)

    def two_ports(one: IPAddress, other: IPAddress) -> bool:
        """Whether the MACs are as near as a maker numbers the ports of one device, and the serial number is one."""
        serials = held.get(("serial", one), set()) & held.get(("serial", other), set())
        field = "measured" if apart("measured", one, other) else "mac"
        ours, theirs = ([_number(mac) for mac in held.get((field, ip), ())] for ip in (one, other))
        if field == "measured" and len(ours) + len(theirs) != 2:
            return False
        return bool(serials) and any(abs(a - b) <= PORTS_APART for a in ours for b in theirs)

    def difference(field: str, one: IPAddress, other: IPAddress) -> str | None:
        """What keeps two addresses apart that share such a mark; None if nothing does."""
        if field == "measured" or two_ports(one, other):
            return None
        against = {"mac": ("measured", "serial"), "serial": ("measured", "mac")}.get(
            field, ("measured", "mac", "serial")
        )
        return next((other_mark for other_mark in against if apart(other_mark, one, other)), None)

    def join(one: IPAddress, other: IPAddress) -> None:
        leader[other] = one
        for field in marks:
            held.setdefault((field, one), set()).update(held.pop((field, other), ()))

    shared: dict[IPAddress, list[Conflict]] = {}
    for field, owners in marks.items():
        for value, (first, *others) in owners.items():
            for other in others:
                one, two = find(first), find(other)
                if one == two:
                    continue
                differs = difference(field, one, two)
                if differs is None:
                    join(one, two)
                    continue
                if field == "uuid" and differs != "measured":
                    continue
                note = Conflict(
                    field="mac" if field == "read" else field,
                    values=(value,),
                    evidence=(),
                    note=f"{first} and {other} both claim it, and their "
                    f"{'serial numbers' if differs == 'serial' else 'MACs'} differ",
                )
                shared.setdefault(first, []).append(note)
                shared.setdefault(other, []).append(note)
    members: dict[IPAddress, list[IPAddress]] = {}
    for ip in by_ip:
        members.setdefault(find(ip), []).append(ip)
    groups = [
        _group(
            ips,
            [o for ip in _sorted(ips) for o in by_ip[ip]],
            next((measured[ip] for ip in _sorted(ips) if ip in measured), None),
            [c for ip in ips for c in shared.get(ip, ())],
            read,
        )
        for ips in members.values()
    ]
    return tuple(sorted(groups, key=lambda g: (g.addresses[0].version, int(g.addresses[0]))))


def _sorted(ips: Iterable[IPAddress]) -> list[IPAddress]:
    return sorted(ips, key=lambda ip: (ip.version, int(ip)))


def _number(mac: str) -> int:
    return int(mac.replace(":", ""), 16)


def _marks(
    by_ip: dict[IPAddress, list[Observation]], measured: dict[IPAddress, str], read: Reading
) -> dict[str, dict[str, list[IPAddress]]]:
    """What could join addresses, strongest first: field -> value -> the addresses that show it."""
    marks: dict[str, dict[str, list[IPAddress]]] = {f: {} for f in ("measured", "mac", "serial", "read", "uuid")}
    inside: set[str] = set()

    def add(field: str, value: str, ip: IPAddress) -> None:
        holders = marks[field].setdefault(value, [])
        if not holders or holders[-1] != ip:
            holders.append(ip)

    for ip in _sorted(by_ip):
        if ip in measured:
            add("measured", measured[ip], ip)
            add("mac", measured[ip], ip)
            add("read", measured[ip], ip)
        for seen in by_ip[ip]:
            if seen.kind.endswith(".mac") and (mac := canonical_mac(seen.value)):
                add("mac", mac, ip)
                add("read", mac, ip)
            elif seen.kind.endswith(".serial") and not placeholder_serial(seen.value):
                add("serial", seen.value.strip().upper(), ip)
            elif seen.kind.endswith(".uuid") and (uuid := canonical_uuid(seen.value)):
                add("uuid", uuid, ip)
            if not seen.kind.endswith(".mac") and (mac := read(seen)):
                add("read", mac, ip)
                inside.add(mac)
    # A MAC that was only ever stated has had its say.
    marks["read"] = {mac: ips for mac, ips in marks["read"].items() if mac in inside}
    return marks


def _group(
    ips: Sequence[IPAddress], items: Sequence[Observation], own: str | None, conflicts: list[Conflict], read: Reading
) -> Group:
    ordered = tuple(_sorted(ips))
    claims = claimed_macs(items, read)
    stated = [mac for mac, seen in claims.items() if seen.kind.endswith(".mac")]
    # Of several claims always the same one, in whatever order answers came: the device's id may rest on it.
    mac, source = (own, MacSource.MEASURED) if own else (min(stated or claims, default=None), MacSource.CLAIMED)
    if own is not None and claims and own not in claims:
        claim, seen = next(iter(claims.items()))
        conflicts = [
            *conflicts,
            Conflict(
                field="mac", values=(own, claim), evidence=(), note=f"measured {own}, but {seen.kind} says {claim}"
            ),
        ]
    for seen in items:
        if seen.kind.endswith(".ip") and seen.value not in ("0.0.0.0", *map(str, ordered)) and ordered:  # noqa: S104
            conflicts = [
                *conflicts,
                Conflict(
                    field="address",
                    values=(str(seen.endpoint.ip), seen.value),
                    evidence=(),
                    note=f"answered from {seen.endpoint.ip}, but {seen.kind} says {seen.value}",
                ),
            ]
    return Group(
        addresses=ordered,
        mac=mac,
        mac_source=source if mac else None,
        observations=tuple(items),
        conflicts=tuple(dict.fromkeys(conflicts)),
    )
