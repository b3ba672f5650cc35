"""The only door: every packet and connection of a run passes here, for its scope and its pace."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from netcam.errors import ScopeError
from netcam.model import AddressRange, IPAddress, Scope, is_home
from netcam.model.report import Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What one run may send: packets a second in all and to one host, and connections at once to one host."""

    name: str
    total_pps: int
    host_pps: int
    host_connections: int


PACES: dict[str, Pace] = {
    pace.name: pace
    for pace in (
        Pace(name="gentle", total_pps=200, host_pps=10, host_connections=1),
        Pace(name="normal", total_pps=2_000, host_pps=40, host_connections=4),
        Pace(name="fast", total_pps=20_000, host_pps=100, host_connections=8),
    )
}

# The promise holds over any one second, however the second is cut, and counts what the kernel sends by itself. So the
# schedule spends at most STEADY of it evenly and BURST of it at once, and no second may see more than CEILING leave,
# also when a busy machine wakes many senders late and together. The rest is for packets that leave at another moment
# than the gate knows of: the ACK of a SYN-ACK comes before anyone can be asked, and the goodbye of a connection, FIN
# and ACK, was admitted when it began. That is about two for each connection slot, a fifth of the pace to one host.
STEADY, BURST, CEILING = 0.7, 0.1, 0.8

# Lanes of hosts that were quiet for a second are forgotten past this number, so that a /16 doesn't fill the memory.
_LANES_KEPT = 4096


class _Lane:
    """The schedule of one destination, or of all together; the caller holds the lock."""

    __slots__ = ("_burst", "_free_at", "_limit", "_rate", "_recent", "_recent_packets")

    def __init__(self, pps: int) -> None:
        self._rate = STEADY * pps
        self._burst = max(1.0, BURST * pps)
        self._limit = CEILING * pps
        self._free_at = 0.0  # when everything promised so far has been spread out at the steady rate
        self._recent: deque[tuple[float, int]] = deque()  # (when, packets) of the last second, as they really left
        self._recent_packets = 0

    def plan(self, now: float, packets: int) -> float:
        """Promise the next free moment to `packets` that leave together (GCRA).

        More packets than a burst wait for quiet before them, and keep it after them; so any one second sees at most
        one second's steady rate and one burst.
        """
        start = max(self._free_at, now)
        moment = start + (packets - self._burst) / self._rate
        self._free_at = max(start, moment) + packets / self._rate
        return max(now, moment)

    def full_for(self, now: float, packets: int) -> float:
        """Seconds until `packets` fit under the ceiling of the second that ends then; 0 when they do now."""
        self._forget(now)
        over = self._recent_packets + packets - self._limit
        if over <= 0 or not self._recent_packets:
            return 0.0
        for when, count in self._recent:
            over -= count
            if over <= 0:
                return when + 1.0 - now
        return self._recent[-1][0] + 1.0 - now

    def book(self, now: float, packets: int) -> None:
        """Note that `packets` leave now."""
        self._recent.append((now, packets))
        self._recent_packets += packets

    def charge(self, now: float, packets: int) -> None:
        """Note `packets` that left without having been planned; what is planned later comes later."""
        self._free_at = max(self._free_at, now) + packets / self._rate
        self.book(now, packets)

    def idle(self, now: float) -> bool:
        self._forget(now)
        return self._free_at <= now and not self._recent

    def _forget(self, now: float) -> None:
        while self._recent and self._recent[0][0] <= now - 1.0:
            self._recent_packets -= self._recent.popleft()[1]


class _Slots:
    """The connection slots of one host, and how many tasks hold or wait for one."""

    __slots__ = ("free", "users")

    def __init__(self, slots: int) -> None:
        self.free = asyncio.Semaphore(slots)
        self.users = 0


class Gate:
    """Lets a packet out when its destination is in scope and the pace has room, and counts it.

    All may be used from any thread, except `connection`: from the tasks of one event loop. `clock` gives seconds; only
    differences count.
    """

    def __init__(self, scope: Scope, pace: Pace, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.scope = scope
        self.pace = pace
        self._clock = clock
        self._lock = threading.Lock()
        self._total = _Lane(pace.total_pps)
        self._hosts: dict[IPAddress, _Lane] = {}
        self._groups: frozenset[IPAddress] = frozenset()
        self._slots: dict[IPAddress, _Slots] = {}
        self._packets = self._bytes = 0
        self._packets_to: dict[IPAddress, int] = {}

    def check(self, ip: IPAddress) -> None:
        """Nothing, when `ip` may be touched.

        Raises:
            ScopeError: it is outside the scope.
        """
        if ip not in self.scope:
            raise ScopeError(f"{ip} is outside the scope of this run")

    def check_group(self, group: IPAddress) -> None:
        """Nothing, when `group` was registered with `allow_group`.

        Raises:
            ScopeError: it wasn't.
        """
        if _bare(group) not in self._groups:
            raise ScopeError(f"{group} is not a group or broadcast address of this run")

    def allow_group(self, group: IPAddress) -> None:
        """Register a multicast group, or the broadcast address of a network that is being scanned.

        Raises:
            ScopeError: the operator excluded it, or it is neither multicast nor in private space nor in scope.
        """
        bare = _bare(group)
        number = AddressRange(bare.version, int(bare), int(bare))
        everyone = bare == IPv4Address("255.255.255.255")
        if self.scope.forbids(bare) or not (bare.is_multicast or everyone or is_home(number) or bare in self.scope):
            raise ScopeError(f"{group} may not be asked as a group")
        with self._lock:
            self._groups |= {bare}

    async def admit(self, ip: IPAddress, packets: int = 1, size_bytes: int = 0) -> None:
        """Return when `packets` may leave for `ip`, a host in scope or a registered group.

        Groups count to the total only.

        Raises:
            ScopeError: the address is neither.
        """
        for wait_s in self._waits(ip, packets, size_bytes):
            await asyncio.sleep(wait_s)

    def admit_blocking(self, ip: IPAddress, packets: int = 1, size_bytes: int = 0) -> None:
        """`admit` for worker threads."""
        for wait_s in self._waits(ip, packets, size_bytes):
            time.sleep(wait_s)

    def charge(self, ip: IPAddress, packets: int, size_bytes: int) -> None:
        """Count packets that left beyond what was admitted; later ones wait for them.

        Raises:
            ScopeError: as `admit`.
        """
        to_group = self._door(ip)
        with self._lock:
            now = self._clock()
            self._total.charge(now, packets)
            if not to_group:
                self._lane(ip, now).charge(now, packets)
            self._count(ip, packets, size_bytes, to_group)

    def behind(self, ip: IPAddress) -> float:
        """Seconds until the host's schedule has caught up with what was promised and charged.

        A reader waits so long before it reads on: what it doesn't read, the kernel soon stops acknowledging.
        """
        with self._lock:
            now = self._clock()
            return self._lane(ip, now).plan(now, 0) - now

    def connection(self, ip: IPAddress) -> AbstractAsyncContextManager[None]:
        """One of the host's connection slots, waited for on entering.

        Raises:
            ScopeError: on entering; as `check`.
        """
        return self._connection(ip)

    @property
    def traffic(self) -> Traffic:
        """What left so far; packets of the kernel are estimates, rather too high than too low."""
        with self._lock:
            return Traffic(
                packets_sent=self._packets,
                bytes_sent=self._bytes,
                max_packets_to_one_host=max(self._packets_to.values(), default=0),
            )

    def _door(self, ip: IPAddress) -> bool:
        """Whether `ip` is a registered group; raises when it is not in scope either."""
        if _bare(ip) in self._groups:
            return True
        self.check(ip)
        return False

    def _waits(self, ip: IPAddress, packets: int, size_bytes: int) -> Iterator[float]:
        """Seconds to sleep, one nap after the other; when it ends the packets are booked and may leave.

        The host's turn comes first and the total's then, so that packets queued for one host don't hold places in the
        total that others could use.
        """
        to_group = self._door(ip)
        if not to_group:
            with self._lock:
                now = self._clock()
                moment = self._lane(ip, now).plan(now, packets)
            if moment > now:
                yield moment - now
        with self._lock:
            now = self._clock()
            moment = self._total.plan(now, packets)
        if moment > now:
            yield moment - now
        while True:
            with self._lock:
                now = self._clock()
                lanes = [self._total] if to_group else [self._total, self._lane(ip, now)]
                wait_s = max(lane.full_for(now, packets) for lane in lanes)
                if wait_s <= 0:
                    for lane in lanes:
                        lane.book(now, packets)
                    self._count(ip, packets, size_bytes, to_group)
                    return
            yield wait_s

    def _lane(self, ip: IPAddress, now: float) -> _Lane:
        lane = self._hosts.get(ip)
        if lane is None:
            if len(self._hosts) >= _LANES_KEPT and len(self._hosts) % 256 == 0:  # now and then: it looks at all
                self._hosts = {host: lane for host, lane in self._hosts.items() if not lane.idle(now)}
            lane = self._hosts[ip] = _Lane(self.pace.host_pps)
        return lane

    def _count(self, ip: IPAddress, packets: int, size_bytes: int, to_group: bool) -> None:
        self._packets += packets
        self._bytes += size_bytes
        if not to_group:
            self._packets_to[ip] = self._packets_to.get(ip, 0) + packets

    @asynccontextmanager
    async def _connection(self, ip: IPAddress) -> AsyncIterator[None]:
        self.check(ip)
        slots = self._slots.setdefault(ip, _Slots(self.pace.host_connections))
        slots.users += 1
        try:
            async with slots.free:
                yield
        finally:
            slots.users -= 1
            if not slots.users:
                del self._slots[ip]


def _bare(ip: IPAddress) -> IPAddress:
    """`ip` without an IPv6 scope id: a group is the same on every interface."""
    return IPv6Address(int(ip)) if isinstance(ip, IPv6Address) else ip
