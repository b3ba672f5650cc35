"""Which addresses are one device (contract, section 3)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from netcam.model import Conflict, IPAddress, Observation, canonical_mac, placeholder_serial
from netcam.model.report import MacSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The observations of one device. `addresses` in numeric order; conflicts are about identity of the box itself."""

    addresses: tuple[IPAddress, ...]
    mac: str | None
    mac_source: MacSource | None
    observations: tuple[Observation, ...]
    conflicts: tuple[Conflict, ...] = ()


def claimed_macs(observations: Iterable[Observation]) -> dict[str, Observation]:
    """MACs that stand inside answers, in order of appearance, with the first observation of each."""
    out: dict[str, Observation] = {}
    for seen in observations:
        if seen.kind.endswith(".mac") and (mac := canonical_mac(seen.value)):
            out.setdefault(mac, seen)
    return out


def measured_mac(observations: Iterable[Observation]) -> str | None:
    return next((mac for o in observations if o.kind == "mac" and (mac := canonical_mac(o.value))), None)


def group(observations: Sequence[Observation], not_a_device: Collection[str] = ()) -> tuple[Group, ...]:
    """One group per device.

    Addresses are joined by the MAC our own link layer measured; where that says nothing, by a claimed MAC, a serial
    number or a discovery UUID. A claim never joins two addresses whose measured MACs differ: that is a clone or a lie,
    and both rows say so. A certificate joins nothing, because makers ship one for all devices.

    Args:
        not_a_device: MACs that answer for other hosts (routers, proxy ARP).
    """
    by_ip: dict[IPAddress, list[Observation]] = {}
    for seen in observations:
        if seen.endpoint.ip is not None:
            by_ip.setdefault(seen.endpoint.ip, []).append(seen)
    measured = {ip: mac for ip, items in by_ip.items() if (mac := measured_mac(items)) and mac not in not_a_device}
    leader = {ip: ip for ip in by_ip}

    def find(ip: IPAddress) -> IPAddress:
        while leader[ip] != ip:
            leader[ip] = leader[leader[ip]]
            ip = leader[ip]
        return ip

    def macs_of(ip: IPAddress) -> set[str]:
        return {mac for other, mac in measured.items() if find(other) == find(ip)}

    shared: dict[IPAddress, list[Conflict]] = {}
    for field, owners in _marks(by_ip, measured).items():
        for value, holders in owners.items():
            first, *others = holders
            for other in others:
                if find(first[0]) == find(other[0]):
                    continue
                if field == "measured" or len(macs_of(first[0]) | macs_of(other[0])) <= 1:
                    leader[find(other[0])] = find(first[0])
                    continue
                note = Conflict(
                    field=field,
                    values=(value,),
                    evidence=(),
                    note=f"{first[0]} and {other[0]} both claim it, and their MACs differ",
                )
                shared.setdefault(first[0], []).append(note)
                shared.setdefault(other[0], []).append(note)
    members: dict[IPAddress, list[IPAddress]] = {}
    for ip in by_ip:
        members.setdefault(find(ip), []).append(ip)
    groups = [
        _group(
            ips, [o for ip in _sorted(ips) for o in by_ip[ip]], measured, [c for ip in ips for c in shared.get(ip, ())]
        )
        for ips in members.values()
    ]
    return tuple(sorted(groups, key=lambda g: (g.addresses[0].version, int(g.addresses[0]))))


def _sorted(ips: Iterable[IPAddress]) -> list[IPAddress]:
    return sorted(ips, key=lambda ip: (ip.version, int(ip)))


def _marks(
    by_ip: dict[IPAddress, list[Observation]], measured: dict[IPAddress, str]
) -> dict[str, dict[str, list[tuple[IPAddress, str]]]]:
    """What could join addresses, strongest first: field -> value -> the addresses that show it."""
    marks: dict[str, dict[str, list[tuple[IPAddress, str]]]] = {"measured": {}, "mac": {}, "serial": {}, "uuid": {}}

    def add(field: str, value: str, ip: IPAddress) -> None:
        holders = marks[field].setdefault(value, [])
        if all(held != ip for held, _ in holders):
            holders.append((ip, value))

    for ip in _sorted(by_ip):
        if ip in measured:
            add("measured", measured[ip], ip)
            add("mac", measured[ip], ip)
        for seen in by_ip[ip]:
            if seen.kind.endswith(".mac") and (mac := canonical_mac(seen.value)):
                add("mac", mac, ip)
            elif seen.kind.endswith(".serial") and not placeholder_serial(seen.value):
                add("serial", seen.value.strip().upper(), ip)
            elif seen.kind.endswith(".uuid"):
                add("uuid", seen.value.strip().lower().removeprefix("urn:").removeprefix("uuid:"), ip)
    return marks


def _group(
    ips: Sequence[IPAddress], items: Sequence[Observation], measured: dict[IPAddress, str], conflicts: list[Conflict]
) -> Group:
    ordered = tuple(_sorted(ips))
    own = next((measured[ip] for ip in ordered if ip in measured), None)
    claims = claimed_macs(items)
    mac, source = (own, MacSource.MEASURED) if own else (next(iter(claims), None), MacSource.CLAIMED)
    if own is not None and claims and own not in claims:
        claim, seen = next(iter(claims.items()))
        conflicts = [
            *conflicts,
            Conflict(
                field="mac", values=(own, claim), evidence=(), note=f"measured {own}, but {seen.kind} says {claim}"
            ),
        ]
    for seen in items:
        if seen.kind in ("sadp.ip", "dhip.ip") and seen.value not in ("0.0.0.0", *map(str, ordered)):  # noqa: S104
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
