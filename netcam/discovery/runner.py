"""The scan itself: find hosts, look at their ports, ask what is there, and keep account of all of it.

Everything runs at once: discovery questions, the search for hosts, and questions to services while other ports are
still being looked at. The gate sets the pace.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address
from typing import Any
from urllib.parse import urlsplit

from netcam.errors import ConfigError, NetcamError, PrivilegeError
from netcam.model import CoverageStatus, Endpoint, IPAddress, Observation, RunStatus
from netcam.model.scope import address
from netcam.net import neighbours
from netcam.net.gate import Gate
from netcam.net.http import HttpClient
from netcam.net.icmp import ping
from netcam.net.icmp6 import echo_all
from netcam.net.l2 import L2Worker
from netcam.net.tcp import PortState as TcpState
from netcam.net.tcp import connect_port
from netcam.probes.base import Contact, Page, Probe, ProbeSpec, Transport

from .io import LATE, HostIO, MdnsIO, PortOf, PortState, Tools, UdpIO
from .plan import ARP_PASSES, SWEEP_PORTS, Plan, Segment
from .record import OWN_KINDS, Host, Record

log = logging.getLogger(__name__)

HOSTS_AT_ONCE = 256  # well below the 1,024 entries of the kernel's neighbour table
CONNECT_S = 1.0  # for an answer to a SYN, before anything is known about the host
CONNECT_MOST_S = 4.0
GIVE_UP_AFTER = 8  # ports without any answer: from here on the host counts as filtered
FILTERED_S = 0.4  # for each further port of such a host
RETRY_S = 2.5  # second look where answers got lost: long enough for the kernel to repeat its SYN
SHARED_MAC_AT = 16  # addresses answered for by one MAC: a router's proxy ARP, no device
ALL_UP_SHARE = 0.9  # of a routed network that only refuses: a firewall answering for absent hosts
ALL_UP_FROM = 32  # addresses, below which no share means anything
CANARY_PORT = 60443  # nothing listens here; a host that accepts it accepts everything
CANARY_AT = 10  # open ports from which the canary is worth a packet
GROUP_FIRST_S = 1.2  # hosts that hear the group have answered by then; the others are asked one by one
ECHO_S = 3.0  # an IPv6 node may delay its answer to a group
ASK_AGAIN = 2  # times that a host which loses packets is asked a discovery question again
BATCH_S = 0.4  # single questions to hosts are collected for this long

Progress = Callable[[str, int, int], None]
"""(what, done, of all) for a progress bar; called often, must be quick."""

# Discovery answers name the ports of their device's services.
_NAMED_PORT = re.compile(r"https?://[^/\s]*?:(\d{1,5})(?:/|\s|$)")


class Runner:
    """One pass of a scan. `run` ends by itself; a cancelled run leaves what was found in `record`.

    Another pass is another runner with the same record: it looks for hosts again, and asks what was not answered.
    """

    def __init__(
        self,
        plan: Plan,
        gate: Gate,
        record: Record,
        *,
        pages: Callable[[Sequence[Observation]], Sequence[Page]],
        own: frozenset[IPAddress],
        user_agent: str,
        dial: PortOf = lambda port: port,
        progress: Progress = lambda what, done, total: None,
    ) -> None:
        self.plan, self.gate, self.record = plan, gate, record
        self._own, self._progress, self._dial = own, progress, dial
        self._http = HttpClient(gate, workers=48, user_agent=user_agent)
        self._tools = Tools(
            gate=gate, http=self._http, record=record, dial=dial, pages=pages, own=own, on_host=self._heard,
            way=plan.way,
        )
        self._at_once = asyncio.Semaphore(HOSTS_AT_ONCE)
        self._tasks: asyncio.TaskGroup | None = None
        self._examined: set[IPAddress] = set()
        self._finding = 0
        self._group_asking = 0
        self._holding: dict[str, list[asyncio.Event]] = {}  # by probe: set when a group's listener leaves its port
        self._asked: dict[IPAddress, asyncio.Event] = {}
        self._to_ask: dict[IPAddress, None] = {}
        self._again: dict[IPAddress, asyncio.Task[None]] = {}  # hosts that lose packets
        self._asking = 0
        self._done_hosts = 0
        self._workers: dict[str, L2Worker] = {}
        self._services: dict[IPAddress, asyncio.TaskGroup] = {}
        self._port_state: dict[tuple[IPAddress, int], PortState] = {}
        self._batch: dict[IPAddress, asyncio.Future[None]] = {}
        self._macs: dict[str, set[IPAddress]] = {}
        self._heard6: dict[str, set[IPAddress]] = {}  # by interface, for their MACs

    # -- the whole -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Find, look, ask, until nothing is left to do.

        Raises:
            ConfigError, PrivilegeError: the chosen engine can't work here.
            NetcamError: a worker failed in a way that leaves part of the scope unseen.
        """
        self.record.begin_pass()
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                finders = [*self._finders()]
                self._finding = len(finders)
                for finder in finders:
                    tasks.create_task(self._counted(finder))
                tasks.create_task(self._ask_hosts())
                if self.plan.engine != "connect":
                    tasks.create_task(self._look_in_batches())
            await self._measure6()
        except BaseExceptionGroup as group:
            raise _first(group) from group
        finally:
            self._tasks = None
            await self._http.close()
            for worker in self._workers.values():
                await worker.close()
            self._settle()
        self.record.end_pass()

    def _finders(self) -> Iterable[Coroutine[Any, Any, None]]:
        for segment in self.plan.segments:
            where = segment.where
            if segment.group:
                probes = self._group_probes(segment)
                for probe in probes:
                    self._group_asking += 1
                    yield self._ask_group(probe, segment)
                if segment.own.version == 6 and self.plan.runs("icmp"):
                    yield self._echo(segment)
                asked = ", ".join(p.spec.name for p in probes)
                self.record.cover(
                    f"{where}: multicast and broadcast", CoverageStatus.COVERED, f"asked by {asked}" if asked else ""
                )
            elif self._udp_probes() and segment.hosts():
                self.record.cover(
                    f"{where}: multicast and broadcast",
                    CoverageStatus.PARTLY,
                    f"{segment.why_no_group}; hosts were asked one by one",
                )
            if segment.loopback:
                yield self._sweep(segment.hosts(), where, local=True)
            elif segment.own.version == 4 and self.plan.raw and self.plan.runs("arp"):
                yield self._sweep_arp(segment, where)
            elif segment.ranges:
                yield self._sweep_attached(segment, where)
        if self.plan.routed:
            hosts = [address(r.version, n) for r in self.plan.routed for n in range(r.first, r.last + 1)]
            hosts = [ip for ip in hosts if ip not in self._own]
            deaf = [p.spec.name for p in self._udp_probes() if not p.spec.unicast]
            self.record.cover(
                f"{self.plan.where_routed}: multicast and broadcast",
                CoverageStatus.NOT,
                "they don't cross routers; every address was asked by unicast, and MACs are known only from answers"
                + (f"; answers to multicast or broadcast alone were not heard: {', '.join(deaf)}" if deaf else ""),
            )
            yield self._sweep(hosts, self.plan.where_routed, local=False)
        self.record.coverage += [c for c in self.plan.coverage if c not in self.record.coverage]
        for name in sorted(self.plan.without):
            self.record.cover(f"probe {name}", CoverageStatus.NOT, "switched off by the operator")

    async def _counted(self, finder: Coroutine[Any, Any, None]) -> None:
        try:
            await finder
        finally:
            self._finding -= 1

    def _udp_probes(self) -> list[Probe]:
        return [p for p in self.plan.probes if p.spec.transport in (Transport.UDP_GROUP, Transport.MDNS)]

    def _group_probes(self, segment: Segment) -> list[Probe]:
        """Those that ask, or only hear, this whole segment at once. The loopback has no broadcast."""

        def reaches(spec: ProbeSpec) -> bool:
            if segment.own.version == 6:
                return bool(spec.groups6)
            broadcast = spec.broadcast and not segment.loopback
            return bool(spec.groups) or broadcast or spec.contact is Contact.LISTEN

        return [p for p in self._udp_probes() if reaches(p.spec)]

    def _settle(self) -> None:
        """What can be said only at the end: MACs that speak for many, networks in which everything seems up."""
        for mac, ips in self._macs.items():
            if len(ips) >= SHARED_MAC_AT:
                self.record.cover(
                    f"ARP answers of {mac}",
                    CoverageStatus.PARTLY,
                    f"answers for {len(ips)} addresses (proxy ARP); those count as hosts only where more answered",
                )
                for ip in ips:
                    self._not_its_own(self.record.host(ip), mac)
        for ip in [ip for ip, host in self.record.hosts.items() if not self._believed(host)]:
            del self.record.hosts[ip]

    def _not_its_own(self, host: Host, mac: str) -> None:
        """The MAC belongs to whoever answers for this host: keep the fact, but not as the host's MAC."""
        host.observations[:] = [
            replace(o, kind="arp.proxy-mac", root=f"proxy:{mac}") if o.kind == "mac" and o.value == mac else o
            for o in host.observations
        ]

    def _believed(self, host: Host) -> bool:
        """Whether a host is there, and not merely spoken for by a firewall or router."""
        facts = [o for o in host.observations if o.kind != "mac" and o.kind not in OWN_KINDS]
        if facts:
            return True
        if any(o.kind == "mac" for o in host.observations):
            return True
        return bool(host.open_ports) and not host.accepts_all if host.alive != "doubtful" else False

    # -- finding hosts -------------------------------------------------------------------------------------------------

    def _found(self, ip: IPAddress, how: str, *, interface: str | None = None, rtt_s: float | None = None) -> None:
        """A host answered: look at it, once."""
        if ip in self._own or ip not in self.gate.scope:
            return
        self.record.answered(ip)
        host = self.record.host(ip)
        host.interface = host.interface or interface
        host.rtt_s = rtt_s if host.rtt_s is None else host.rtt_s
        host.alive = host.alive or how
        if ip in self._examined or self._tasks is None:
            return
        self._examined.add(ip)
        self._will_ask(ip)
        self._tasks.create_task(self._examine(host))

    def _will_ask(self, ip: IPAddress) -> None:
        """Put discovery questions to one host, once, however often it turns up."""
        if ip not in self._asked:
            self._asked[ip] = asyncio.Event()
            self._to_ask[ip] = None

    def _heard(self, ip: IPAddress, interface: str | None) -> None:
        """A discovery answer came from this address."""
        if ip.version == 6 and interface is not None:
            self._heard6.setdefault(interface, set()).add(ip)
        if ip in self.gate.scope:
            self._found(ip, "discovery", interface=interface)
        else:
            self.record.host(ip).outside = True
            self.record.answered(ip)

    async def _sweep_arp(self, segment: Segment, where: str) -> None:
        began = time.monotonic()
        targets = [ip for ip in segment.hosts() if isinstance(ip, IPv4Address) and ip not in self._own]
        worker = L2Worker()
        try:
            await worker.start(segment.interface.name)
        except NetcamError as error:
            log.warning("%s", error)
            self.record.run("arp", where, RunStatus.SKIPPED, str(error))
            await self._sweep_attached(segment, where)
            return
        self._workers[segment.interface.name] = worker
        count = 0
        try:
            async with aclosing(worker.arp(self.gate, segment.interface, targets, ARP_PASSES)) as answers:
                async for answer in answers:
                    if answer.ip not in self.gate.scope:
                        continue
                    count += 1
                    self._measured(answer.ip, answer.mac, segment.interface.name, answer.rtt_s)
                    self._progress("hosts", len(self._examined), 0)
        except NetcamError as error:
            log.warning("%s", error)
            self.record.run("arp", where, RunStatus.FAILED, str(error), time.monotonic() - began)
            self.record.cover(f"{where}: ARP", CoverageStatus.PARTLY, str(error))
            await self._sweep_attached(segment, where)
            return
        finally:
            if self.plan.engine != "syn":
                self._workers.pop(segment.interface.name, None)
                await worker.close()
        status = RunStatus.ANSWERED if count else RunStatus.SILENT
        self.record.run(
            "arp", where, status, f"{count} answers from {len(targets)} addresses", time.monotonic() - began
        )
        self.record.cover(f"{where}: hosts by ARP", CoverageStatus.COVERED)
        await self._sweep_shared(segment, where)

    def _measured(self, ip: IPAddress, mac: str, interface: str, rtt_s: float | None) -> None:
        """A MAC answered for an address. Past SHARED_MAC_AT addresses it is a proxy, and the rest need another sign."""
        ips = self._macs.setdefault(mac, set())
        ips.add(ip)
        host = self.record.host(ip)
        known = next((o.value for o in host.observations if o.kind == "mac"), None)
        if known is None or known != mac:
            kind = "mac" if known is None else "arp.other-mac"
            self.record.keep(self.record.numbering.observe(Endpoint(ip=ip, mac=mac), "arp", {kind: mac}))
        if len(ips) < SHARED_MAC_AT:
            self._found(ip, "arp", interface=interface, rtt_s=rtt_s)

    async def _sweep_shared(self, segment: Segment, where: str) -> None:
        """Look by TCP at addresses that only a proxy answered for."""
        doubtful = [
            ip for mac, ips in self._macs.items() if len(ips) >= SHARED_MAC_AT for ip in ips if ip not in self._examined
        ]
        if doubtful:
            await self._sweep(sorted(doubtful, key=int), f"{where}, behind proxy ARP", local=False)

    async def _sweep_attached(self, segment: Segment, where: str) -> None:
        """Without raw frames: connecting makes the kernel ask for the MAC, and its table tells who answered."""
        began = time.monotonic()
        targets = [ip for ip in segment.hosts() if ip not in self._own]
        table: Mapping[IPAddress, tuple[str, str]] = {}
        for start in range(0, len(targets), HOSTS_AT_ONCE):
            wave = targets[start : start + HOSTS_AT_ONCE]
            # The kernel asks three times, a second apart, so a lost question costs nothing but time.
            states = await asyncio.gather(*(self._touch(ip, SWEEP_PORTS[0], 3.2) for ip in wave))
            table = await asyncio.to_thread(neighbours.table)
            for ip, state in zip(wave, states, strict=True):
                entry = table.get(ip)
                if entry is not None and entry[1] in ("", segment.interface.name) and state is not TcpState.UNREACHABLE:
                    self._measured(ip, entry[0], segment.interface.name, None)
                elif state in (TcpState.OPEN, TcpState.CLOSED):
                    self._found(ip, "tcp", interface=segment.interface.name)
            self._progress("addresses", min(start + HOSTS_AT_ONCE, len(targets)), len(targets))
        count = sum(ip in self._examined for ip in targets)
        status = RunStatus.ANSWERED if count else RunStatus.SILENT
        self.record.run(
            "connect", where, status, f"{count} hosts by TCP and the neighbour table", time.monotonic() - began
        )
        why = "ARP switched off" if not self.plan.runs("arp") else self.plan.why_not_raw or "no raw frames"
        why = why if segment.own.version == 4 else "every address was asked"
        self.record.cover(f"{where}: hosts by TCP and the kernel's neighbour table", CoverageStatus.COVERED, why)
        await self._sweep_shared(segment, where)

    async def _touch(self, ip: IPAddress, port: int, timeout_s: float) -> TcpState:
        try:
            return (await connect_port(self.gate, self.plan.way(ip), self._dial(port), timeout_s)).state
        except OSError as error:
            self.record.run("connect", f"{ip}:{port}", RunStatus.FAILED, error.strerror or str(error))
            return TcpState.FILTERED

    async def _sweep(self, targets: Sequence[IPAddress], where: str, *, local: bool) -> None:
        """Hosts without a link layer to ask: a few likely ports, ICMP, and discovery questions to every address."""
        began = time.monotonic()
        if not local:
            for ip in targets:
                self._will_ask(ip)
        ports = self.plan.ports if local else SWEEP_PORTS
        refused: list[IPAddress] = []
        no_way = 0

        async def look(ip: IPAddress) -> None:
            nonlocal no_way
            how = await self._answers(ip, ports, local)
            if how == "no way":
                no_way += 1
            elif how == "refuses":
                refused.append(ip)
            elif how:
                self._alive(ip, how)

        for start in range(0, len(targets), HOSTS_AT_ONCE):
            wave = targets[start : start + HOSTS_AT_ONCE]
            await asyncio.gather(*(look(ip) for ip in wave))
            self._progress("addresses", min(start + HOSTS_AT_ONCE, len(targets)), len(targets))
        if not local:
            if len(refused) >= ALL_UP_FROM and len(refused) >= ALL_UP_SHARE * len(targets):
                self.record.cover(
                    where,
                    CoverageStatus.PARTLY,
                    f"{len(refused)} of {len(targets)} addresses refuse connections: something in between answers for "
                    "hosts that need not be there; only those with an open port or a discovery answer are reported",
                )
                for ip in refused:
                    self.record.host(ip).alive = "doubtful"
            for ip in refused:
                self._alive(ip, "tcp")
            if no_way == len(targets):
                self.record.lose(f"{where}: hosts", "this machine has no way to any of these addresses")
            else:
                asked = ", ".join(p.spec.name for p in self._udp_probes() if p.spec.unicast)
                self.record.cover(
                    f"{where}: hosts by TCP, ICMP and unicast discovery", CoverageStatus.COVERED, f"asked by {asked}"
                )
        count = sum(ip in self._examined for ip in targets)
        self.record.run(
            "connect",
            where,
            RunStatus.ANSWERED if count else RunStatus.SILENT,
            f"{count} hosts",
            time.monotonic() - began,
        )

    def _alive(self, ip: IPAddress, how: str) -> None:
        self.record.keep(self.record.numbering.observe(Endpoint(ip=ip), "connect", {"alive": how}))
        self._found(ip, how)

    async def _answers(self, ip: IPAddress, ports: Sequence[int], local: bool) -> str:
        """ "tcp" for an open port, "icmp" for an echo, "refuses" when it only refuses, "" for silence.

        On loopback the kernel itself refuses for every address, so only an open port counts.
        """
        refuses = False
        states: set[TcpState] = set()
        for port in ports:
            state = await self._touch(ip, port, CONNECT_S)
            states.add(state)
            if state is TcpState.OPEN:
                return "tcp"
            refuses = refuses or state is TcpState.CLOSED
            if refuses and not local:
                break
        if local:
            return ""
        if states == {TcpState.UNREACHABLE}:
            return "no way"
        if not refuses and self.plan.runs("icmp") and await ping(self.gate, self.plan.way(ip), CONNECT_S):
            return "icmp"
        return "refuses" if refuses else ""

    async def _echo(self, segment: Segment) -> None:
        """Everybody on an IPv6 link, by one echo request to all nodes."""
        where = f"{segment.where}: echo to all nodes"
        began = time.monotonic()
        count = 0
        try:
            async with aclosing(echo_all(self.gate, segment.interface.name, ECHO_S)) as answers:
                async for ip in answers:
                    if ip in self._own or self.gate.scope.forbids(ip):
                        continue
                    count += 1
                    self._heard(ip, segment.interface.name)
                    self.record.keep(self.record.numbering.observe(Endpoint(ip=ip), "icmp", {"alive": "icmp"}))
        except (PrivilegeError, OSError) as error:
            self.record.run("icmp", segment.where, RunStatus.SKIPPED, str(error))
            self.record.cover(where, CoverageStatus.NOT, str(error))
            return
        status = RunStatus.ANSWERED if count else RunStatus.SILENT
        self.record.run("icmp", segment.where, status, f"{count} answered", time.monotonic() - began)
        self.record.cover(where, CoverageStatus.COVERED)

    async def _measure6(self) -> None:
        """The MACs of those heard on IPv6 links: they asked for ours before they answered, so the kernel knows them."""
        if not self._heard6:
            return
        table = await asyncio.to_thread(neighbours.table)
        for interface, ips in self._heard6.items():
            for ip in ips:
                mac, on = table.get(ip, ("", ""))
                if mac and on == interface:
                    self.record.keep(self.record.numbering.observe(Endpoint(ip=ip, mac=mac), "nd", {"mac": mac}))

    # -- discovery questions -------------------------------------------------------------------------------------------

    async def _ask_group(self, probe: Probe, segment: Segment) -> None:
        io = (MdnsIO if probe.spec.transport is Transport.MDNS else UdpIO)(self._tools, probe.spec, segment=segment)
        asking = asyncio.ensure_future(self._drain(probe, io, segment.where))
        left = asyncio.Event()
        if probe.spec.bind_port and not probe.spec.shy and not segment.loopback:  # the shy answer whoever asked
            self._holding.setdefault(probe.spec.name, []).append(left)
        try:
            while not asking.done() and (io.asked_at is None or time.monotonic() < io.asked_at + GROUP_FIRST_S):
                if isinstance(io, MdnsIO):
                    break  # nobody waits for it: hosts of this segment are not asked by unicast
                await asyncio.wait((asking,), timeout=0.1)
            self._group_asking -= 1
            await asking
        finally:
            asking.cancel()
            left.set()

    async def _drain(self, probe: Probe, io: UdpIO | HostIO, target: str) -> None:
        """Run a probe to its end and keep what it yields; a fault in one probe is that probe's record."""
        try:
            async with aclosing(_observations(probe, io)) as seen:
                async for observation in seen:
                    self.record.keep((observation,))
        except (OSError, TimeoutError) as error:
            text = getattr(error, "strerror", None) or str(error) or type(error).__name__
            status = RunStatus.REFUSED if isinstance(error, ConnectionError) else RunStatus.FAILED
            self.record.run(probe.spec.name, target, status, text)
            if isinstance(io, UdpIO):
                self.record.lose(f"{target}: {probe.spec.name}", text)
        except NetcamError as error:
            self.record.run(probe.spec.name, target, RunStatus.FAILED, str(error))
        except Exception as error:
            log.exception("probe %s failed on %s", probe.spec.name, target)
            self.record.run(probe.spec.name, target, RunStatus.FAILED, f"{type(error).__name__}: {error}")

    async def _ask_hosts(self) -> None:
        """Ask hosts one by one by each protocol whose group question they did not answer, in batches."""
        probes = [p for p in self._udp_probes() if p.spec.unicast]
        about = [p for p in self._udp_probes() if p.spec.about_hosts]
        assert self._tasks is not None
        while self._finding or self._to_ask:
            await asyncio.sleep(BATCH_S)
            if self._group_asking:
                continue
            batch = list(self._to_ask)
            self._to_ask.clear()
            if batch:
                self._asking += 1
                self._tasks.create_task(self._ask_batch(probes, batch))
                for probe in about:
                    self._tasks.create_task(self._ask_about(probe, batch))

    async def _ask_batch(self, probes: Sequence[Probe], batch: Sequence[IPAddress]) -> None:
        async def one(probe: Probe) -> None:
            silent = [ip for ip in batch if not self._has_answered(ip, probe)]
            if (probe.spec.groups or probe.spec.broadcast) and not probe.spec.shy:
                # Whoever speaks it heard the group; unicast is for routed networks, and where the group wasn't asked.
                silent = [ip for ip in silent if not self._in_asked_group(ip)]
            await self._ask_each(probe, silent)

        try:
            await asyncio.gather(*(one(probe) for probe in probes))
        finally:
            self._asking -= 1
            for ip in batch:
                if (asked := self._asked.get(ip)) is not None:
                    asked.set()

    async def _ask_each(self, probe: Probe, hosts: Sequence[IPAddress], *, times: int = 1) -> None:
        for left in self._holding.get(probe.spec.name, ()):
            await left.wait()  # devices answer to that port only, and it goes to one socket at a time
        for version in (4, 6):
            asked = [ip for ip in hosts if ip.version == version]
            if asked:
                kind = MdnsIO if probe.spec.transport is Transport.MDNS else UdpIO
                io = kind(self._tools, probe.spec, hosts=asked, times=times)
                await self._drain(probe, io, f"{len(asked)} hosts")

    async def _ask_again(self, ip: IPAddress) -> None:
        """Repeat what a host that loses packets did not answer.

        Its serial number may stand in one datagram alone, and its id rests on that: it shouldn't change from scan to
        scan because the datagram got lost.
        """
        probes = [p for p in self._udp_probes() if p.spec.unicast and (ip.version == 4 or p.spec.groups6)]
        silent = [p for p in probes if not self._has_answered(ip, p)]
        await asyncio.gather(*(self._ask_each(probe, [ip], times=ASK_AGAIN) for probe in silent))

    async def _ask_about(self, probe: Probe, batch: Sequence[IPAddress]) -> None:
        """Ask each link about the hosts found on it. Nothing waits for it: a name is no reason to ask further."""
        for segment in self.plan.segments:
            if not segment.group or segment.loopback:
                continue
            there = [ip for ip in batch if ip.version == segment.own.version and ip in segment.network]
            there = [ip for ip in there if not self._has_answered(ip, probe)]
            if there:
                io = UdpIO(self._tools, probe.spec, segment=segment, about=there)
                await self._drain(probe, io, segment.where)

    def _has_answered(self, ip: IPAddress, probe: Probe) -> bool:
        """Whether there is no need to ask: it answered this probe, and in this pass gave some sign of life."""
        host = self.record.hosts.get(ip)
        return (
            host is not None
            and self.record.has_answered(ip)
            and any(o.probe == probe.spec.name for o in host.observations)
        )

    def _in_asked_group(self, ip: IPAddress) -> bool:
        """Whether multicast and broadcast reached this address; loopback has no broadcast."""
        return any(
            s.group and not s.loopback and ip.version == s.own.version and ip in s.network for s in self.plan.segments
        )

    # -- ports and services --------------------------------------------------------------------------------------------

    async def _examine(self, host: Host) -> None:
        """Everything that is asked of one host over TCP, within the time one host may take."""
        if self.plan.engine != "connect":
            self._batch[host.ip] = asyncio.get_running_loop().create_future()
            await self._batch[host.ip]
        try:
            async with self._at_once, asyncio.timeout(self.plan.host_budget_s):
                await self._look_and_ask(host)
        except TimeoutError:
            detail = f"more than {self.plan.host_budget_s:.0f} s for one host: the rest of its services was not asked"
            self.record.run("connect", str(host.ip), RunStatus.FAILED, detail)
            self.record.cover(f"services of {host.ip}", CoverageStatus.PARTLY, detail)
        self._done_hosts += 1
        self._progress("hosts", self._done_hosts, len(self._examined))

    async def _look_and_ask(self, host: Host) -> None:
        async with asyncio.TaskGroup() as services:
            self._services[host.ip] = services
            try:
                for port in list(host.open_ports):  # found by an engine, or in an earlier pass
                    services.create_task(self._ask_port(host, port, late=False))
                if self.plan.engine == "connect":
                    await self._look(host, self.plan.ports, partial(self._opened, host))
                await self._asked[host.ip].wait()
                if (again := self._again.get(host.ip)) is not None:
                    await again
                named = [p for p in _named_ports(host) if p not in self.plan.ports]
                if named:
                    await self._look(host, named, partial(self._opened, host))
                for port in list(host.open_ports):
                    services.create_task(self._ask_port(host, port, late=True))
            finally:
                del self._services[host.ip]

    def _opened(self, host: Host, port: int) -> None:
        """A port is open: note it, and ask what is there while others are still being looked at."""
        if port in host.open_ports:
            return
        host.open_ports[port] = None
        at = Endpoint(ip=host.ip, port=port, transport="tcp")
        self.record.keep(self.record.numbering.observe(at, self.plan.engine, {"tcp.open": str(port)}))
        if (services := self._services.get(host.ip)) is not None:
            services.create_task(self._ask_port(host, port, late=False))

    async def _look(self, host: Host, ports: Sequence[int], opened: Callable[[int], None]) -> None:
        """Which ports are open, by connecting; slow, filtering and lossy hosts each get what they need."""
        base = min(CONNECT_MOST_S, max(CONNECT_S, 2.5 * (host.rtt_s or 0.0)))
        left = iter([p for p in ports if p not in host.open_ports and p not in host.refused])
        silent: list[int] = []

        async def one(port: int, timeout_s: float) -> TcpState:
            state = await self._touch(host.ip, port, timeout_s)
            if state is TcpState.OPEN:
                opened(port)
            elif state is TcpState.CLOSED:
                host.refused.add(port)
            return state

        async def walk() -> None:
            for port in left:
                filtered = not host.refused and not host.open_ports and host.silent >= GIVE_UP_AFTER
                if await one(port, FILTERED_S if filtered and base <= CONNECT_S else base) in (
                    TcpState.FILTERED,
                    TcpState.UNREACHABLE,
                ):
                    host.silent += 1
                    silent.append(port)
                    if host.refused and host.ip not in self._again:
                        await again(silent.pop())  # the sooner it shows that packets get lost, the sooner it is asked

        async def again(port: int) -> None:
            if await one(port, RETRY_S) in (TcpState.OPEN, TcpState.CLOSED):
                self._loses(host)

        # One slot stays free for questions to services while ports are still being looked at.
        walkers = max(1, self.plan.pace.host_connections - 1)
        await asyncio.gather(*(walk() for _ in range(walkers)))
        if silent and (host.refused or host.open_ports):
            # Where some ports refuse and some are silent, packets get lost; where none refuses, a firewall drops them.
            left = iter(silent if host.refused else [p for p in silent if p in SWEEP_PORTS])

            async def walk_again() -> None:
                for port in left:
                    await again(port)

            await asyncio.gather(*(walk_again() for _ in range(walkers)))
        if len(host.open_ports) >= CANARY_AT and CANARY_PORT not in host.refused and not host.accepts_all:
            state = await self._touch(host.ip, CANARY_PORT, base)
            if state is TcpState.CLOSED:
                host.refused.add(CANARY_PORT)
            elif state is TcpState.OPEN:
                host.accepts_all = True
                detail = "accepts every port, so an open port proves nothing"
                self.record.run("connect", str(host.ip), RunStatus.MALFORMED, detail)

    def _loses(self, host: Host) -> None:
        """The host answers what it didn't answer before: ask it again, while its ports are still being looked at."""
        if host.ip not in self._again and (services := self._services.get(host.ip)) is not None:
            self._again[host.ip] = services.create_task(self._ask_again(host.ip))

    async def _ask_port(self, host: Host, port: int, *, late: bool) -> None:
        """The probes of one open port: the usual ones when it is found, those that build on discovery late."""
        if host.accepts_all and port not in SWEEP_PORTS:
            return
        state = self._port_state.setdefault((host.ip, port), PortState())
        at = Endpoint(ip=host.ip, port=port, transport="tcp")
        answered = {o.probe for o in host.observations if o.endpoint == at}  # in an earlier pass
        for probe in self._probes_for(host, port, late):
            if probe.spec.name in answered:
                if probe.spec.name == "banner":
                    return
                continue
            io = HostIO(self._tools, probe.spec, host, port, state)
            began = time.monotonic()
            runs = len(self.record.runs)
            await self._drain(probe, io, f"{host.ip}:{port}")
            if io.made:
                self.record.run(probe.spec.name, f"{host.ip}:{port}", RunStatus.ANSWERED, "", time.monotonic() - began)
                if probe.spec.name == "banner":
                    return
            elif len(self.record.runs) == runs:
                self.record.run(probe.spec.name, f"{host.ip}:{port}", RunStatus.SILENT, "", time.monotonic() - began)

    def _probes_for(self, host: Host, port: int, late: bool) -> list[Probe]:
        """Probes of a port in the order they are run; the listener goes first on a port that nobody claims."""
        tcp = [p for p in self.plan.probes if p.spec.transport is Transport.TCP]
        if late:
            named = {p.spec.name for p in tcp if port in _own_ports(host, p.spec.trigger.named_by)}
            return [p for p in tcp if p.spec.name in LATE and (port in p.spec.trigger.ports or p.spec.name in named)]
        claimed = [p for p in tcp if port in p.spec.trigger.ports and p.spec.name not in LATE]
        if not claimed:
            claimed = [p for p in tcp if p.spec.trigger.unknown]
            if port in _own_ports(host, "ssdp.location"):  # a URL: the client speaks first there
                claimed = [p for p in claimed if p.spec.name != "banner"]
            claimed.sort(key=lambda p: p.spec.name != "banner")
        return claimed

    # -- other engines -------------------------------------------------------------------------------------------------

    async def _look_in_batches(self) -> None:
        """Ports by SYN or nmap, for all hosts found since the last batch; by connecting where raw frames can't go."""
        while self._finding or self._to_ask or self._asking or self._batch:
            await asyncio.sleep(BATCH_S)
            batch, self._batch = self._batch, {}
            try:
                asked = await self._look_by_engine([ip for ip in batch if isinstance(ip, IPv4Address)])
                rest = [self.record.host(ip) for ip in batch if ip not in asked]
                await asyncio.gather(*(self._look(host, self.plan.ports, partial(self._opened, host)) for host in rest))
            finally:
                for done in batch.values():
                    if not done.done():
                        done.set_result(None)

    async def _look_by_engine(self, hosts: Sequence[IPv4Address]) -> set[IPAddress]:
        """Note the open ports of the hosts that the engine can ask, and say which those were."""
        asked: set[IPAddress] = set()
        if not hosts:
            return asked
        async with aclosing(self._engine(hosts, asked)) as states:
            async for ip, port, state in states:
                host = self.record.host(ip)
                if state is TcpState.OPEN:
                    self._opened(host, port)
                elif state is TcpState.CLOSED:
                    host.refused.add(port)
        return asked

    async def _engine(
        self, hosts: Sequence[IPv4Address], asked: set[IPAddress]
    ) -> AsyncGenerator[tuple[IPAddress, int, TcpState]]:
        back = {self._dial(port): port for port in self.plan.ports}
        if self.plan.engine == "nmap":
            from netcam.net.nmap import nmap_ports

            asked.update(hosts)
            async for ip, port, state in nmap_ports(self.gate, hosts, list(back), RETRY_S):
                yield ip, back.get(port, port), state
            return
        for segment in self.plan.segments:
            mine = [ip for ip in hosts if ip in segment.network]
            if not mine or segment.loopback:
                continue
            worker = self._workers.get(segment.interface.name)
            if worker is None:
                worker = self._workers[segment.interface.name] = L2Worker()
                await worker.start(segment.interface.name)
            mine = [ip for ip in mine if ip in worker.reachable(segment.interface, mine)]
            asked.update(mine)
            targets = [(ip, port) for ip in mine for port in back]
            async for ip, port, state, _ in worker.syn(self.gate, segment.interface, targets, CONNECT_S):
                yield ip, back.get(port, port), state


async def _observations(probe: Probe, io: UdpIO | HostIO) -> AsyncGenerator[Observation]:
    async for observation in probe.run(io):
        yield observation


def _named_ports(host: Host) -> list[int]:
    """Ports that the host's own discovery answers name for its services."""
    ports: dict[int, None] = {}
    for seen in host.observations:
        if seen.kind.endswith((".httpport", ".rtspport")) and seen.value.isdigit():
            ports[int(seen.value)] = None
        elif seen.kind == "onvif.xaddrs":
            ports.update(dict.fromkeys(int(p) for p in _NAMED_PORT.findall(seen.value)))
    ports.update(dict.fromkeys(_own_ports(host, "ssdp.location")))
    return [p for p in ports if 0 < p < 65536][:8]


def _own_ports(host: Host, kind: str) -> list[int]:
    """Ports in the URLs of that kind which lead to the very host that gave them."""
    ports: dict[int, None] = {}
    for url in (seen.value for seen in host.observations if seen.kind == kind):
        try:
            there = urlsplit(url)
            port = there.port or {"http": 80, "https": 443}.get(there.scheme)
        except ValueError:  # a port that is no number, brackets that don't close
            continue
        if port and there.hostname == str(host.ip):
            ports[port] = None
    return list(ports)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error a caller can act on, out of what a task group collected."""
    flat: list[BaseException] = []

    def walk(error: BaseException) -> None:
        if isinstance(error, BaseExceptionGroup):
            for inner in error.exceptions:
                walk(inner)
        else:
            flat.append(error)

    walk(group)
    for kind in (ConfigError, PrivilegeError, NetcamError, Exception):
        for error in flat:
            if isinstance(error, kind):
                return error
    return flat[0]
