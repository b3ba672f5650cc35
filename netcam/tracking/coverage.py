"""Whether one scan looked at an address as another one did: only then does a device that it lacks count as gone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from ipaddress import ip_address, ip_network

from netcam.model.report import CoverageRecord, ScopeRecord
from netcam.model.runs import CoverageStatus
from netcam.model.scope import AddressRange, IPNetwork
from netcam.tracking.model import Visit

_RANK = {CoverageStatus.COVERED: 2, CoverageStatus.PARTLY: 1, CoverageStatus.NOT: 0}
_PASSES = re.compile(r"hosts in \d+ passes")
_WORD = re.compile(r"[0-9A-Fa-f:.]+(?:%[\w.-]+)?(?:/\d{1,3})?(?:-[0-9A-Fa-f:.]+)?")
_ASKING, _BY_ARP = ": multicast and broadcast", ": hosts by ARP"
_BY_TCP = ": hosts by TCP and the kernel's neighbour table"
_ASKED = re.compile(r"asked by ([a-z0-9_, -]+)")


def why_not(addresses: Collection[str], before: Visit, after: Visit) -> str:
    """Why a device that had `addresses` at `before` can't be said to be gone at `after`; "" where it can.

    It can where `after` was complete, at least one of its addresses lies in the scope of `after`, and no part of the
    coverage that concerns it is worse than it was at `before`. One good address is enough: a device that is there
    answers on it.
    """
    return Comparison(before, after).why_not(addresses)


class Comparison:
    """How two visits looked, worked out once for all devices.

    Args:
        before: the visit that found the devices.
        after: the one that may have missed them.
        called: what reasons call `after`; "earlier" where the two are told apart backwards.
    """

    def __init__(self, before: Visit, after: Visit, *, called: str = "later") -> None:
        self.before, self.after, self.called = before, after, called
        self.scope = _Scope(after.scope, same=_same_words(before.scope, after.scope), called=called)
        self.worse = tuple(_worse(before.coverage, after.coverage, called))

    def why_not(self, addresses: Collection[str]) -> str:
        """As `why_not` of this module."""
        if not self.after.complete:
            return f"the {self.called} scan ended before its whole scope was covered"
        if not addresses:
            return "it has no address to look at"
        reasons = [self._address(ip) for ip in addresses]
        return "" if "" in reasons else reasons[0]

    def _address(self, ip: str) -> str:
        if reason := self.scope.lacks(ip):
            return reason
        return next((why for touches, why in self.worse if touches.holds(ip)), "")


class _Touches:
    """Which addresses a coverage entry is about: those in its networks, all where it names none."""

    def __init__(self, what: str) -> None:
        self.version = 6 if what.startswith("IPv6 on ") else 0
        named = what.partition(": ")[0]
        found = [part for word in _WORD.findall(named) if (part := _range(word)) is not None]
        self.parts = () if re.search(r" and \d+ more\b", named) else tuple(found)

    def holds(self, ip: str) -> bool:
        at = _number(ip)
        if at is None:
            return True
        if self.version:
            return at[0] == self.version
        return not self.parts or any(_in(part, at) for part in self.parts)


def _worse(
    before: Sequence[CoverageRecord], after: Sequence[CoverageRecord], called: str
) -> Iterable[tuple[_Touches, str]]:
    """The parts of the coverage `after` that are less than those `before`, each with its reason."""
    was, now = _by_what(before), _by_what(after)
    for what, entry in now.items():
        old = was.get(what)
        if _RANK[entry.status] < (_RANK[old.status] if old else 2):
            yield _Touches(what), f"{what}: {_how(entry)}{f', {entry.why}' if entry.why else ''}"
        elif old is not None and (left := _asked(old.why) - _asked(entry.why)):
            yield _Touches(what), f"{what}: the {called} scan did not ask by {', '.join(sorted(left))}"
    for what, old in was.items():
        if what not in now and not _no_loss(old) and _better(what) not in now:
            yield _Touches(what), f"{what}: the {called} scan did not look in this way"


def _no_loss(entry: CoverageRecord) -> bool:
    """Whether nothing is lost when an entry isn't there any more: it told of trouble, or of what could not be seen."""
    partly = entry.status is CoverageStatus.PARTLY and not entry.what.endswith(_ASKING)
    return entry.status is CoverageStatus.NOT or partly


def _better(what: str) -> str:
    """The entry of a scan with root in place of one without: ARP finds all that TCP and the neighbour table find."""
    return what.removesuffix(_BY_TCP) + _BY_ARP if what.endswith(_BY_TCP) else what


def _by_what(coverage: Sequence[CoverageRecord]) -> dict[str, CoverageRecord]:
    """The worst entry about each thing; how often a repeated search was repeated is no difference."""
    found: dict[str, CoverageRecord] = {}
    for entry in coverage:
        what = _PASSES.sub("hosts in several passes", entry.what)
        if what not in found or _RANK[entry.status] < _RANK[found[what].status]:
            found[what] = entry
    return found


def _asked(why: str) -> frozenset[str]:
    found = _ASKED.search(why)
    return frozenset(part.strip() for part in found[1].split(",")) if found else frozenset()


def _how(entry: CoverageRecord) -> str:
    return "not covered" if entry.status is CoverageStatus.NOT else "covered in part"


class _Scope:
    """The addresses that a scope's words come to, as far as they can be read without looking up names."""

    def __init__(self, scope: ScopeRecord, *, same: bool, called: str) -> None:
        self.same, self.called = same, called
        self.nothing = not scope.targets
        self.ranges = [part for word in scope.targets if (part := _range(word)) is not None]
        self.excluded = [part for word in scope.excluded if (part := _range(word)) is not None]
        self.unread = len(self.ranges) < len(scope.targets)
        self.unread_excluded = len(self.excluded) < len(scope.excluded)

    def lacks(self, ip: str) -> str:
        """Why `ip` is not known to lie in the scope; "" where it does."""
        if self.nothing:
            return f"the {self.called} report has no scope: it looked at nothing of its own accord"
        at = _number(ip)
        if at is None:
            return "its address can't be read"
        if any(_in(part, at) for part in self.excluded):
            return f"{ip} was excluded from the {self.called} scan"
        inside = any(_in(part, at) for part in self.ranges)
        if inside and (not self.unread_excluded or self.same):
            return ""
        if self.same and self.unread:
            return ""  # the same words that came to it before
        if self.unread or self.unread_excluded:
            return f"whether {ip} was in the {self.called} scope can't be told from its words"
        return f"{ip} was not in the {self.called} scope"


def _same_words(before: ScopeRecord, after: ScopeRecord) -> bool:
    """The order of the words is nothing; the count of addresses tells that names and files came to the same."""
    return (
        set(before.targets) == set(after.targets)
        and set(before.excluded) == set(after.excluded)
        and before.addresses == after.addresses
    )


@lru_cache(maxsize=4096)  # a year of visits repeats the same words; the bound stops hostile reports from filling memory
def _range(word: str) -> AddressRange | None:
    """The addresses of an address, CIDR or dash range, as the scan's targets are read; None for anything else."""
    word = word.strip()
    try:
        network: IPNetwork = ip_network(re.sub(r"%[^/]*", "", word), strict=False)
        return AddressRange.of(network)
    except ValueError:
        pass
    first, dash, last = word.partition("-")
    if not dash:
        return None
    if last.isdigit() and "." in first:
        last = f"{first.rpartition('.')[0]}.{last}"
    low, high = _number(first), _number(last)
    if low is None or high is None or low[0] != high[0] or high[1] < low[1]:
        return None
    return AddressRange(low[0], low[1], high[1])


@lru_cache(maxsize=16384)  # the same addresses at every visit; bounded like the above
def _number(ip: str) -> tuple[int, int] | None:
    try:
        at = ip_address(ip.partition("%")[0])
    except ValueError:
        return None
    return at.version, int(at)


def _in(part: AddressRange, at: tuple[int, int]) -> bool:
    return part.version == at[0] and part.first <= at[1] <= part.last
