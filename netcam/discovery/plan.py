"""What a scan is going to do, worked out and shown before the first packet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv4Network

from netcam.errors import ConfigError
from netcam.model import AddressRange, Coverage, CoverageStatus, IPAddress, Scope
from netcam.model.scope import address, merged, subtracted
from netcam.net.gate import STEADY, Pace
from netcam.net.interfaces import Interface
from netcam.probes.base import Probe, Transport

SWEEP_PORTS = (80, 443, 554, 8000, 37777, 34567)  # one of these answers, open or closed, on nearly every device
ARP_PASSES = 3
HOST_S, HOST_PACKETS = 20.0, 300  # one host's time, besides what the pace makes its packets take
USUAL_PACKETS, USUAL_S = 50, 5.0  # what a device takes besides its ports, and how long discovery listens


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One network attached to this machine, as far as the scope reaches into it.

    `group` says whether its multicast and broadcast addresses are asked: only where the operator asked for the whole
    network or named the interface, because such a question reaches every host on it.
    """

    interface: Interface
    own: IPv4Interface
    ranges: tuple[AddressRange, ...]
    group: bool
    why_no_group: str = ""

    @property
    def network(self) -> IPv4Network:
        return self.own.network

    @property
    def loopback(self) -> bool:
        return self.network.is_loopback

    def hosts(self) -> list[IPAddress]:
        """Addresses to look at: neither our own nor the network's first and last."""
        special = {int(self.own.ip)}
        if self.network.prefixlen < 31 and not self.loopback:
            special |= {int(self.network.network_address), int(self.network.broadcast_address)}
        return [address(4, n) for r in self.ranges for n in range(r.first, r.last + 1) if n not in special]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Segments, routed ranges, probes and ports of one scan, with what it costs at most."""

    scope: Scope
    pace: Pace
    engine: str
    ports: tuple[int, ...]
    segments: tuple[Segment, ...]
    routed: tuple[AddressRange, ...]
    probes: tuple[Probe, ...]
    without: frozenset[str]
    raw: bool
    why_not_raw: str
    notes: tuple[str, ...] = ()
    coverage: tuple[Coverage, ...] = field(default=())

    def runs(self, name: str) -> bool:
        return name not in self.without

    @property
    def addresses(self) -> int:
        """Addresses that are looked at."""
        return sum(len(s.hosts()) for s in self.segments) + sum(r.size for r in self.routed)

    @property
    def host_budget_s(self) -> float:
        """Seconds one host may take: a slow device needs half of it, a tarpit gets no more."""
        return HOST_S + (len(self.ports) + HOST_PACKETS) / (STEADY * self.pace.host_pps)

    @property
    def packets_at_most(self) -> int:
        """An upper bound: every address a host that talks for as long as one host may."""
        udp = sum(1 for p in self.probes if p.spec.transport in (Transport.UDP_GROUP, Transport.MDNS))
        finding = len(SWEEP_PORTS) + ARP_PASSES + 1 + 3 * udp
        return self.addresses * (finding + round(self.host_budget_s * self.pace.host_pps)) + 100 * udp * len(
            self.segments
        )

    @property
    def expected_packets(self) -> int:
        """A guess for a network in which every fifth address holds a host that answers."""
        return round(self.addresses * ARP_PASSES + 0.2 * self.addresses * (len(self.ports) + USUAL_PACKETS))

    @property
    def expected_s(self) -> float:
        """The same guess in seconds."""
        packets = self.expected_packets
        one_host = (len(self.ports) + USUAL_PACKETS) / (STEADY * self.pace.host_pps)
        return round(USUAL_S + packets / (STEADY * self.pace.total_pps) + one_host)


def make_plan(
    scope: Scope,
    *,
    pace: Pace,
    ports: tuple[int, ...],
    probes: Sequence[Probe],
    without: Collection[str],
    engine: str,
    interfaces: Sequence[Interface],
    chosen: Sequence[str],
    raw: tuple[bool, str],
    left_out: Sequence[tuple[str, str]] = (),
) -> Plan:
    """Split the scope into attached and routed parts.

    Args:
        chosen: interface names of --interface; empty means all that are up.
        raw: whether raw frames may be sent, and why not.
        left_out: networks that the default targets leave out, with the reason.

    Raises:
        ConfigError: an interface that doesn't exist or is down.
    """
    by_name = {i.name: i for i in interfaces}
    for name in chosen:
        if name not in by_name:
            raise ConfigError(f"--interface {name!r}: there is none; this machine has {', '.join(by_name)}")
        if not by_name[name].up:
            raise ConfigError(f"--interface {name!r} is down")
    usable = [i for i in interfaces if i.up and (not chosen or i.name in chosen)]
    segments: list[Segment] = []
    taken: list[AddressRange] = []
    for interface in usable:
        for own in interface.addresses:
            if isinstance(own, IPv4Interface) and own.network.prefixlen < 32:
                segment = _segment(scope, interface, own, taken, interface.name in chosen, "multicast" in without)
                if segment is not None:
                    segments.append(segment)
                    taken += segment.ranges
    routed = subtracted(scope.ranges, merged(taken))
    coverage = [Coverage(what=what, status=CoverageStatus.NOT, why=why) for what, why in left_out]
    return Plan(
        scope=scope,
        pace=pace,
        engine=engine,
        ports=ports,
        segments=tuple(segments),
        routed=routed,
        probes=tuple(p for p in probes if p.spec.name not in without),
        without=frozenset(without),
        raw=raw[0],
        why_not_raw=raw[1],
        notes=tuple(f"{what} left out: {why}" for what, why in left_out),
        coverage=tuple(coverage),
    )


def _segment(
    scope: Scope, interface: Interface, own: IPv4Interface, taken: Sequence[AddressRange], named: bool, muted: bool
) -> Segment | None:
    whole = AddressRange.of(own.network)
    inside = tuple(
        AddressRange(4, max(r.first, whole.first), min(r.last, whole.last))
        for r in scope.ranges
        if r.version == 4 and r.first <= whole.last and whole.first <= r.last
    )
    inside = subtracted(inside, merged(taken))
    if not inside:
        return None
    if muted:
        group, why = False, "switched off"
    elif own.network.is_loopback:
        group, why = named, "" if named else "loopback, and the interface was not named"
    elif not interface.multicast:
        group, why = False, f"{interface.name} has no multicast"
    elif scope.covers(own.network) or named:
        group, why = True, ""
    else:
        group, why = False, f"only a part of {own.network} was asked for; --interface {interface.name} includes it"
    return Segment(interface=interface, own=own, ranges=inside, group=group, why_no_group=why)
