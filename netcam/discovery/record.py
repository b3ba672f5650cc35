"""What a scan finds out, kept safe from whatever happens to the scan: hosts, observations, runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from netcam.model import Coverage, CoverageStatus, IPAddress, Numbering, Observation, ProbeRun, RunStatus

OBSERVATION_LIMIT = 2000  # of one host: a host that says more than that is talking to fill our memory
RUN_LIMIT = 200_000
# What the search for hosts itself observes: that something answered, who answered ARP besides, who answers for others.
OWN_KINDS = frozenset(("tcp.open", "alive", "arp.other-mac", "arp.proxy-mac"))


@dataclass(slots=True)
class Host:
    """One address that answered something."""

    ip: IPAddress
    interface: str | None = None
    rtt_s: float | None = None
    alive: str = ""
    observations: list[Observation] = field(default_factory=list)
    open_ports: dict[int, None] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)  # ports that answered "closed"
    silent: int = 0  # ports of the present pass without an answer
    accepts_all: bool = False
    outside: bool = False  # heard, but not ours to contact


class Record:
    """Hosts, observations and runs as they come in; what is here survives a deadline or Ctrl-C."""

    def __init__(self) -> None:
        self.numbering = Numbering()
        self.hosts: dict[IPAddress, Host] = {}
        self.runs: list[ProbeRun] = []
        self.coverage: list[Coverage] = []
        self.lost = False  # part of the scope could not be covered as asked
        self._answered: list[set[IPAddress]] = []  # who answered, pass by pass
        self._known: list[frozenset[tuple[IPAddress, str]]] = []  # what was known at the end of each pass

    def begin_pass(self) -> None:
        """The whole search starts, for the first time or again; what is known stays."""
        self._answered.append(set())
        for host in self.hosts.values():
            host.silent = 0

    def end_pass(self) -> None:
        """The search has come to its end."""
        seen = ((ip, o) for ip, host in self.hosts.items() for o in host.observations)
        self._known.append(frozenset((ip, f"{o.probe} {o.endpoint.port}") for ip, o in seen))

    def answered(self, ip: IPAddress) -> None:
        """Note that this host gave a sign of life in the present pass."""
        if self._answered:
            self._answered[-1].add(ip)

    def has_answered(self, ip: IPAddress) -> bool:
        """Whether it did."""
        return bool(self._answered) and ip in self._answered[-1]

    @property
    def passes(self) -> int:
        """Passes that came to their end."""
        return len(self._known)

    @property
    def agreed(self) -> bool:
        """Whether the same hosts answered in the last two passes, and the later one brought nothing new of them."""
        if self.passes < 2:
            return False
        one, two = ({ip for ip in answered if ip in self.hosts} for answered in self._answered[-2:])
        return one == two and self._known[-2] == self._known[-1]

    def once(self) -> list[IPAddress]:
        """Hosts that answered in one pass only, in the order of addresses."""
        counts = {ip: sum(ip in answered for answered in self._answered) for ip in self.hosts}
        return sorted((ip for ip, count in counts.items() if count == 1), key=lambda ip: (ip.version, int(ip)))

    def host(self, ip: IPAddress) -> Host:
        return self.hosts.setdefault(ip, Host(ip))

    def keep(self, seen: Iterable[Observation]) -> list[Observation]:
        """Add what is new; gives those."""
        new: list[Observation] = []
        for observation in seen:
            ip = observation.endpoint.ip
            if ip is None:
                continue
            kept = self.host(ip).observations
            if len(kept) < OBSERVATION_LIMIT and not any(
                o.kind == observation.kind and o.value == observation.value and o.endpoint == observation.endpoint
                for o in kept
            ):
                kept.append(observation)
                new.append(observation)
        return new

    def run(self, probe: str, target: str, status: RunStatus, detail: str = "", took_s: float = 0.0) -> None:
        if len(self.runs) < RUN_LIMIT:
            self.runs.append(
                ProbeRun(probe=probe, target=target, status=status, detail=detail[:300], took_s=round(took_s, 3))
            )

    def cover(self, what: str, status: CoverageStatus, why: str = "") -> None:
        entry = Coverage(what=what, status=status, why=why)
        if entry not in self.coverage:
            self.coverage.append(entry)

    def lose(self, what: str, why: str) -> None:
        """Note a part of the scope that nobody could look at."""
        self.lost = True
        self.cover(what, CoverageStatus.NOT, why)

    def observations(self) -> Sequence[Observation]:
        """All that was seen, host by host in the order of addresses."""
        ordered = sorted(self.hosts.values(), key=lambda h: (h.ip.version, int(h.ip)))
        return [o for host in ordered for o in host.observations]
