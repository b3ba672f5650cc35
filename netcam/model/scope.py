"""What a scan may touch: address ranges minus exclusions."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from .observation import IPAddress

IPNetwork = IPv4Network | IPv6Network

# Where a scan may go without --allow-public (contract, section 1): private, loopback, link-local, documentation.
# The standard library's `is_private` also takes in shared (RFC 6598) and benchmark space, so the list is spelt out.
HOME_RANGES: tuple[IPNetwork, ...] = tuple(
    ip_network(n)
    for n in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",  # RFC 1918
        "127.0.0.0/8",
        "169.254.0.0/16",  # loopback, RFC 3927
        "192.0.2.0/24",
        "198.51.100.0/24",
        "203.0.113.0/24",  # RFC 5737
        "::1/128",
        "fe80::/10",
        "fc00::/7",
        "2001:db8::/32",
        "3fff::/20",  # RFC 4291, 4193, 3849, 9637
    )
)


@dataclass(frozen=True, slots=True, order=True)
class AddressRange:
    """Addresses `first` to `last`, both included, of one IP version."""

    version: int
    first: int
    last: int

    @property
    def size(self) -> int:
        return self.last - self.first + 1

    @classmethod
    def of(cls, network: IPNetwork) -> AddressRange:
        return cls(network.version, int(network.network_address), int(network.broadcast_address))


def address(version: int, number: int) -> IPAddress:
    """The address of that IP version with this number."""
    return IPv4Address(number) if version == 4 else IPv6Address(number)


def is_home(part: AddressRange) -> bool:
    """Whether the whole range lies in private, loopback, link-local or documentation space."""
    return any(
        part.version == net.version
        and int(net.network_address) <= part.first
        and part.last <= int(net.broadcast_address)
        for net in HOME_RANGES
    )


def merged(parts: Iterable[AddressRange]) -> tuple[AddressRange, ...]:
    """The same addresses as sorted ranges that neither touch nor overlap."""
    out: list[AddressRange] = []
    for part in sorted(parts):
        if out and out[-1].version == part.version and part.first <= out[-1].last + 1:
            out[-1] = AddressRange(part.version, out[-1].first, max(out[-1].last, part.last))
        else:
            out.append(part)
    return tuple(out)


def subtracted(parts: Iterable[AddressRange], holes: Iterable[AddressRange]) -> tuple[AddressRange, ...]:
    """`parts` without the addresses of `holes`."""
    left = list(merged(parts))
    for hole in merged(holes):
        nxt: list[AddressRange] = []
        for part in left:
            if part.version != hole.version or hole.last < part.first or part.last < hole.first:
                nxt.append(part)
                continue
            if part.first < hole.first:
                nxt.append(AddressRange(part.version, part.first, hole.first - 1))
            if hole.last < part.last:
                nxt.append(AddressRange(part.version, hole.last + 1, part.last))
        left = nxt
    return tuple(left)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The addresses a scan may touch.

    `targets` and `excluded` keep the operator's words for the report; `ranges` is what they come to, and `forbidden`
    the exclusions alone: an answer that comes unasked from there is dropped too. `asked` is what the targets come to
    before the exclusions.
    """

    targets: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    ranges: tuple[AddressRange, ...] = ()
    forbidden: tuple[AddressRange, ...] = ()
    asked: tuple[AddressRange, ...] = ()

    @property
    def addresses(self) -> int:
        return sum(r.size for r in self.ranges)

    def __contains__(self, ip: IPAddress) -> bool:
        return _within(self.ranges, ip)

    def forbids(self, ip: IPAddress) -> bool:
        """Whether the operator excluded this address."""
        return _within(self.forbidden, ip)

    def __iter__(self) -> Iterator[IPAddress]:
        for part in self.ranges:
            for number in range(part.first, part.last + 1):
                yield address(part.version, number)

    def covers(self, network: IPNetwork) -> bool:
        """Whether the operator asked for the whole network; exclusions inside it don't count against it."""
        whole = AddressRange.of(network)
        return any(
            r.version == whole.version and r.first <= whole.first and whole.last <= r.last
            for r in merged((*self.ranges, *self.asked))
        )


def _within(ranges: tuple[AddressRange, ...], ip: IPAddress) -> bool:
    probe = AddressRange(ip.version, int(ip), 1 << 129)  # sorts after every range that starts at or before ip
    at = bisect.bisect_right(ranges, probe) - 1
    return at >= 0 and ranges[at].version == ip.version and ranges[at].first <= int(ip) <= ranges[at].last
