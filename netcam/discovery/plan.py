"""What a scan is going to do, worked out and shown before the first packet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv6Address, IPv6Interface, IPv6Network

from netcam.errors import ConfigError
from netcam.model import AddressRange, Coverage, CoverageStatus, IPAddress, IPNetwork, Scope
from netcam.model.scope import address, merged, subtracted
from netcam.net.gate import STEADY, Pace
from netcam.net.interfaces import Interface
from netcam.probes.base import Probe, Transport

SWEEP_PORTS = (80, 443, 554, 8000, 37777, 34567)  # one of these answers, open or closed, on nearly every device
ARP_PASSES = 3
HOST_S, HOST_PACKETS = 20.0, 300  # one host's time, besides what the pace makes its packets take
LINK_LOCAL = IPv6Network("fe80::/10")
ROUTED_NAMED = 4  # networks behind routers that coverage names
USUAL_PACKETS, USUAL_S = 50, 5.0  # what a device takes besides its ports, and how long discovery listens


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One network attached to this machine, as far as the scope reaches into it.

    `group` says whether its multicast and broadcast addresses are asked: only where the operator asked for the whole
    network or named the interface, because such a question reaches every host on it.
    """

    interface: Interface
    own: IPv4Interface | IPv6Interface
    ranges: tuple[AddressRange, ...]
    group: bool
    why_no_group: str = ""

    @property
    def network(self) -> IPNetwork:
        return self.own.network

    @property
    def loopback(self) -> bool:
        return self.network.is_loopback

    @property
    def where(self) -> str:
        return f"{self.network} on {self.interface.name}"

    def hosts(self) -> list[IPAddress]:
        """Addresses to look at: neither our own nor the network's first, nor with IPv4 its last."""
        special = {int(self.own.ip)}
        if self.network.prefixlen < self.network.max_prefixlen - 1 and not self.loopback:
            special.add(int(self.network.network_address))
            if self.own.version == 4:
                special.add(int(self.network.broadcast_address))
        version = self.own.version
        return [address(version, n) for r in self.ranges for n in range(r.first, r.last + 1) if n not in special]


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
    passes: int = 1  # how often the search is done at most

    def runs(self, name: str) -> bool:
        return name not in self.without

    def way(self, ip: IPAddress) -> IPAddress:
        """The address with the link it lies on, which packets to link-local IPv6 addresses need."""
        if isinstance(ip, IPv6Address) and ip.is_link_local:
            for segment in self.segments:
                if segment.own.ip.is_link_local and any(r.first <= int(ip) <= r.last for r in segment.ranges):
                    return IPv6Address(f"{IPv6Address(int(ip))}%{segment.interface.name}")
        return ip

    @property
    def where_routed(self) -> str:
        """The networks behind routers by name; past a few only how many."""
        more = len(self.routed) - ROUTED_NAMED
        named = ", ".join(_text(r) for r in self.routed[:ROUTED_NAMED])
        return f"{named}{f' and {more} more' if more > 0 else ''}, behind a router"

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
        one_pass = self.addresses * (finding + round(self.host_budget_s * self.pace.host_pps))
        return self.passes * (one_pass + 100 * udp * len(self.segments))

    @property
    def expected_packets(self) -> int:
        """A guess for a network in which every fifth address holds a host that answers; later passes ask less."""
        one_pass = self.addresses * ARP_PASSES + 0.2 * self.addresses * (len(self.ports) + USUAL_PACKETS)
        return self.passes * round(one_pass)

    @property
    def expected_s(self) -> float:
        """The same guess in seconds."""
        one_host = (len(self.ports) + USUAL_PACKETS) / (STEADY * self.pace.host_pps)
        return round(self.passes * (USUAL_S + one_host) + self.expected_packets / (STEADY * self.pace.total_pps))


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
    passes: int = 1,
    ipv6: bool = False,
) -> Plan:
    """Split the scope into attached and routed parts.

    Args:
        chosen: interface names of --interface; empty means all that are up.
        raw: whether raw frames may be sent, and why not.
        left_out: networks that the default targets leave out, with the reason.
        passes: how often the search is done at most.
        ipv6: whether the IPv6 groups of a link are asked, where its IPv4 groups are, IPv6 targets lie on it, or it was
            named. By default they are not: what was excluded by its IPv4 address can't be known by its IPv6 one.

    Raises:
        ConfigError: an interface that doesn't exist or is down, or a link-local target that several have.
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
    segments += _segments6(scope, usable, segments, chosen, ipv6 and "multicast" not in without)
    taken += [r for s in segments for r in s.ranges if s.own.version == 6]
    routed = subtracted(scope.ranges, merged(taken))
    left_out = [*left_out, *_left_out6(segments, ipv6)]
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
        passes=passes,
    )


def _text(part: AddressRange) -> str:
    """A range as an address or a network where it is one, else as first-last."""
    first, last = address(part.version, part.first), address(part.version, part.last)
    if part.size == 1:
        return str(first)
    size = part.size.bit_length() - 1
    if part.size == 1 << size and part.first % part.size == 0:
        return f"{first}/{first.max_prefixlen - size}"
    return f"{first}-{last}"


def _segments6(
    scope: Scope, usable: Sequence[Interface], others: Sequence[Segment], chosen: Collection[str], ask: bool
) -> list[Segment]:
    """IPv6 networks of the links: those that targets lie in, and the link-local ones whose groups are asked."""
    links = [i.name for i in usable if _has_link_local(i)]
    if len(links) > 1 and _inside(scope, LINK_LOCAL):
        raise ConfigError(f"link-local IPv6 targets lie on every link; name theirs: --interface {' or '.join(links)}")
    asked = {s.interface.name for s in others if s.group} | set(chosen)
    made: list[Segment] = []
    for interface in usable:
        owns = [a for a in interface.addresses if isinstance(a, IPv6Interface) and not a.ip.is_loopback]
        for own in sorted(owns, key=lambda own: own.ip.is_link_local):
            inside = subtracted(_inside(scope, own.network), [r for s in made for r in s.ranges])
            if inside:
                asked.add(interface.name)
            group = ask and own.ip.is_link_local and interface.multicast and interface.name in asked
            if inside or group:
                why = "" if group else "IPv6 groups are asked with --ipv6, from the link-local address"
                made.append(Segment(interface=interface, own=own, ranges=inside, group=group, why_no_group=why))
    return made


def _left_out6(segments: Sequence[Segment], ipv6: bool) -> list[tuple[str, str]]:
    """Links whose IPv4 groups are asked and whose IPv6 groups are not: (what, why)."""
    links = {s.interface.name: s.interface for s in segments if s.group and s.own.version == 4 and not s.loopback}
    for segment in segments:
        if segment.group and segment.own.version == 6:
            links.pop(segment.interface.name, None)
    return [
        (f"IPv6 on {name}", ("multicast is not asked" if ipv6 else "only asked with --ipv6"))
        for name, interface in links.items()
        if _has_link_local(interface)
    ]


def _has_link_local(interface: Interface) -> bool:
    return any(a.version == 6 and a.ip.is_link_local for a in interface.addresses)


def _inside(scope: Scope, network: IPNetwork) -> tuple[AddressRange, ...]:
    """The part of the scope that lies in the network."""
    whole = AddressRange.of(network)
    return tuple(
        AddressRange(r.version, max(r.first, whole.first), min(r.last, whole.last))
        for r in scope.ranges
        if r.version == whole.version and r.first <= whole.last and whole.first <= r.last
    )


def _segment(
    scope: Scope, interface: Interface, own: IPv4Interface, taken: Sequence[AddressRange], named: bool, muted: bool
) -> Segment | None:
    inside = subtracted(_inside(scope, own.network), merged(taken))
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
