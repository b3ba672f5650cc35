"""LANs of several networks: behind a router that forwards no multicast, or side by side on the scanner's interfaces.

    with SegmentsLan([near, far], router=True) as lan:      # the scanner is in the first network
        lan.run(["scan", "10.0.1.0/28", "-o", "-"])
    with SegmentsLan([shop, office]) as lan:                # the scanner is in both, by eth0 and eth1
        lan.run(["scan", "-o", "-"])
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from netns import Capture, Frame, NamespacePlace, NetnsLan, configure, inside, tool

from netcam.demo.profile import Profile

ROUTER_MACS = ("02:00:00:00:fe:00", "02:00:00:00:fe:01")


@dataclass(frozen=True, slots=True)
class Segment:
    """One network and its devices, on the first addresses; the scanner has the last, a router the one before."""

    network: str
    profiles: Sequence[Profile]

    def address(self, number: int) -> str:
        """The address of that number; negative ones count from the end."""
        network = IPv4Network(self.network)
        return str(network.network_address + number if number > 0 else network.broadcast_address + number)


@dataclass(frozen=True, slots=True)
class RoutedPlace(NamespacePlace):
    """A device's place in one of several networks: it answers askers of all of them."""

    networks: tuple[IPv4Network, ...] = ()

    def admits(self, peer: str) -> bool:
        return any(IPv4Address(peer) in network for network in self.networks)


class SegmentsLan(NetnsLan):
    """A lab of several networks, each on its own switch.

    Args:
        segments: the first one is the scanner's.
        router: a host between all of them that forwards unicast and nothing else; without it the scanner has an
            interface in every network: eth0, eth1, ...
    """

    def __init__(self, segments: Sequence[Segment], *, router: bool = False) -> None:
        super().__init__([p for s in segments for p in s.profiles], network="10.0.0.0/8")
        self._segments, self._routed = tuple(segments), router
        self._networks = tuple(IPv4Network(s.network) for s in segments)
        self.addresses = [s.address(1 + n) for s in segments for n in range(len(s.profiles))]
        self.scanner_ip = segments[0].address(-1)

    @property
    def frames(self) -> list[Frame]:
        """Every frame of the scanner's first network."""
        return self.frames_of(0)

    def frames_of(self, segment: int) -> list[Frame]:
        """Every frame on the switch of one network so far."""
        return self._captures[segment].frames()

    def _build(self) -> None:
        self._scanner = self._namespace()
        self._spaces = [self._namespace() for _ in self.profiles]
        middle = self._namespace() if self._routed else self._scanner
        spaces = iter(zip(self._spaces, self.profiles, self.addresses, strict=True))
        self._captures: list[Capture] = []
        for number, segment in enumerate(self._segments):
            mask = str(self._networks[number].netmask)
            own = [next(spaces) for _ in segment.profiles]
            stations = [(space, "eth0", ip, profile.mac) for space, profile, ip in own]
            if self._routed:
                stations.append((middle, f"eth{number}", segment.address(-2), ROUTER_MACS[number]))
            if number == 0 or not self._routed:
                mac = f"{self.scanner_mac[:-2]}{0xFE - number:02x}"
                stations.append((self._scanner, f"eth{number}", segment.address(-1), mac))
            switch = self._switch([(space, name) for space, name, _, _ in stations])
            for space, name, ip, mac in stations:
                inside(space, functools.partial(configure, name, ip, mask, mac, ipv6=False))
                if self._routed and space != middle:
                    route = f"route add default via {segment.address(-2)}"
                    inside(space, functools.partial(tool, ["ip", "-batch", "-"], route))
            self._captures.append(Capture(switch, "br0"))
            self._undo.callback(self._captures[-1].close)
        if self._routed:
            inside(middle, lambda: Path("/proc/sys/net/ipv4/ip_forward").write_text("1"))
        self._filter()
        self._serve()

    def _place(self, space: int, ip: str) -> NamespacePlace:
        own = next(network for network in self._networks if IPv4Address(ip) in network)
        return RoutedPlace(space, ip, own, networks=self._networks)
