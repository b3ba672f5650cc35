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
    closed: int = 0
    silent: int = 0
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

    def host(self, ip: IPAddress) -> Host:
        return self.hosts.setdefault(ip, Host(ip))

    def keep(self, seen: Iterable[Observation]) -> None:
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
