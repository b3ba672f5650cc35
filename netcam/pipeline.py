"""Facts flow one way: targets -> probes -> observations -> evidence -> identity -> verdict -> report."""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
import uuid
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from ipaddress import ip_address
from typing import Any

from netcam import __version__
from netcam.discovery.grouping import Group, group
from netcam.discovery.plan import Plan, make_plan
from netcam.discovery.ports import DEFAULT_PORTS
from netcam.discovery.record import OWN_KINDS, Record
from netcam.discovery.runner import Progress, Runner
from netcam.discovery.targets import scope_of
from netcam.engine.load import PageRule
from netcam.engine.match import EvidenceIds, match
from netcam.errors import ConfigError, NetcamError, PrivilegeError
from netcam.intake import BadLine, Intake, read_observations
from netcam.knowledge import Knowledge
from netcam.model import AddressRange, Conflict, CoverageStatus, Endpoint, IPAddress, Observation, utc
from netcam.model.report import (
    SCHEMA,
    CoverageRecord,
    DeviceRecord,
    ObservationRecord,
    Report,
    RunRecord,
    ScanRecord,
    ScopeRecord,
    Traffic,
)
from netcam.net.gate import PACES, Gate
from netcam.net.interfaces import default_networks, interfaces
from netcam.net.privileges import raw_frames
from netcam.probes import all_probes, decoders, emitted_kinds
from netcam.probes.base import Page, Transport
from netcam.report.build import instant, observation_record, with_unique_ids
from netcam.report.changes import Standing, changes

# What the runner itself notes about a host; it proves nothing, but `scan --record` writes it like the rest.
RUNNER_KINDS = ("alive", "arp.other-mac", "tcp.open")

MOST_PASSES = 5  # a LAN on which no two in a row agree by then will not settle
STOP_ASKED_S = 0.5  # how often a scan asks whether it may go on
ONCE_NAMED = 10  # hosts that coverage names


def input_kinds(knowledge: Knowledge) -> frozenset[str]:
    """Every observation kind that may be given to `identify`."""
    return frozenset((*knowledge.signatures.vocabulary.kinds["input"], *emitted_kinds(), *decoders(), *OWN_KINDS))


def identify(lines: Iterable[str], knowledge: Knowledge) -> tuple[list[tuple[Intake, DeviceRecord]], list[BadLine]]:
    """Identities from somebody else's observations; devices in the order of first appearance.

    Lines that can't be read come back with their number, and the others still count.
    """
    devices, bad = read_observations(lines, decoders(), input_kinds(knowledge))
    ids = EvidenceIds()
    records = [
        knowledge.describe(
            d.group(knowledge.mac_in), ids, site=None, key=str(d.key) if d.key is not None else None
        )
        for d in devices
    ]
    return list(zip(devices, with_unique_ids(records, None), strict=True)), bad


def rejudge(report: Report, knowledge: Knowledge) -> Report:
    """The same observations under today's signatures and lists; what was seen, asked and covered stays as it was.

    So do the devices: which addresses are one was settled with what only the scan knew, such as routers' MACs. The age
    of firmware counts from the day of the scan. `changes` tells what has another answer than before, and why.
    """
    seen = _seen(report.observations)
    ids, on = EvidenceIds(), day_of(report.scan.started_at)
    devices = [
        replace(knowledge.describe(g, ids, site=report.scan.site, on=on), id=device.id, hostnames=device.hostnames)
        for device, g in zip(report.devices, _as_reported(report, seen), strict=True)
    ]
    again = replace(report, scan=replace(report.scan, versions=knowledge.versions()), devices=tuple(devices))
    return replace(again, changes=changes(report, again, standing_of(knowledge)))


def seen_in(report: Report, device: DeviceRecord) -> Sequence[Observation]:
    """What one device of a report showed."""
    groups = _as_reported(report, _seen(report.observations))
    found = next(g.observations for d, g in zip(report.devices, groups, strict=True) if d is device)
    if len(report.devices) == 1:  # those without an address and without evidence can be no other's
        return _seen(report.observations)
    return found


def _seen(records: Iterable[ObservationRecord]) -> list[Observation]:
    return [
        Observation(
            id=o.id,
            kind=o.kind,
            value=o.value,
            probe=o.probe,
            root=o.root,
            seen_at=utc(),
            endpoint=Endpoint(ip=ip_address(o.ip) if o.ip else None, port=o.port, transport=o.transport),
        )
        for o in records
    ]


def standing_of(knowledge: Knowledge) -> Callable[[str], Standing]:
    """Signature or rule id -> whether today's files still have it."""
    files = knowledge.signatures.vendors.values()
    retired = {s.id for file in files for s in file.signature if s.status == "retired"}
    active = {s.id for _, s in knowledge.signatures.signatures} | {rule.id for file in files for rule in file.model}
    active |= {f"{file.vendor.id}.made-by.{row.maker}" for file in files for row in file.made_by}
    active |= {f"{file.vendor.id}.{what}" for file in files for what in ("oui", "own-badge")}

    def standing(id: str) -> Standing:
        return Standing.ACTIVE if id in active else Standing.RETIRED if id in retired else Standing.GONE

    return standing


def day_of(time: str) -> date | None:
    """The day of a report's time; None where it is none, as somebody else's report may have it."""
    try:
        return date.fromisoformat(time[:10])
    except ValueError:
        return None


def _as_reported(report: Report, seen: Sequence[Observation]) -> list[Group]:
    """The devices of a report with their observations; those without an address are told by the evidence on them."""
    by_address = {ip: n for n, device in enumerate(report.devices) for ip in device.addresses}
    by_evidence = {e.observation: n for n, device in enumerate(report.devices) for e in device.evidence}
    nowhere = [n for n, device in enumerate(report.devices) if not device.addresses]
    loose = [o.id for o in seen if o.endpoint.ip is None]
    told = dict(zip(loose, _between([by_evidence.get(id) for id in loose], nowhere), strict=True))
    owned: list[list[Observation]] = [[] for _ in report.devices]
    for observation in seen:
        ip = observation.endpoint.ip
        owner = told[observation.id] if ip is None else by_address.get(str(ip))
        if owner is not None:
            owned[owner].append(observation)
    return [
        Group(
            addresses=tuple(ip_address(ip) for ip in device.addresses),
            mac=device.mac,
            mac_source=device.mac_source,
            observations=tuple(observations),
            conflicts=tuple(
                Conflict(field=c.field, values=c.values, evidence=(), note=c.note)
                for c in device.conflicts
                if not c.evidence  # those about addresses; the others are found again
            ),
        )
        for device, observations in zip(report.devices, owned, strict=True)
    ]


def _between(owners: Sequence[int | None], nowhere: Sequence[int]) -> list[int | None]:
    """Owners of observations that stand device by device: a gap belongs to whom both its ends do.

    Where just one device has no address, everything without an address is its.
    """
    only = nowhere[0] if len(nowhere) == 1 else None
    before, after = list(owners), list(owners)
    for n in range(1, len(owners)):
        before[n] = before[n - 1] if before[n] is None else before[n]
        after[-n - 1] = after[-n] if after[-n - 1] is None else after[-n - 1]
    return [a if a is not None and a == b else only for a, b in zip(before, after, strict=True)]


def report_of(found: list[tuple[Intake, DeviceRecord]], knowledge: Knowledge) -> Report:
    """The identities of an input as a report: nothing was sent, and the coverage says so."""
    now = instant(utc())
    return Report(
        schema=SCHEMA,
        scan=ScanRecord(
            id=new_id(),
            site=None,
            started_at=now,
            ended_at=now,
            complete=True,
            scope=ScopeRecord(),
            versions=knowledge.versions(),
            traffic=Traffic(),
            coverage=(
                CoverageRecord(
                    what="input",
                    status=CoverageStatus.PARTLY,
                    why="observations collected elsewhere; nothing was asked",
                ),
            ),
        ),
        devices=tuple(device for _, device in found),
        observations=tuple(observation_record(o) for intake, _ in found for o in intake.observations),
    )


def new_id() -> str:
    """A name for a run."""
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a scan is done; the words of the command line.

    `targets` empty means the private networks attached to this machine. `deadline_s` counts from the start of `scan`.
    `passes`: how often the search is done; with `until_stable` at most so often, and with 1 at most MOST_PASSES times.
    `ipv6`: ask the IPv6 groups too, on the links whose IPv4 groups are asked.
    `dial` maps a port to the one really dialled: the demo, which can't listen below 1024, shifts them.
    `also_excluded` names more addresses never to touch, by those that the targets come to; `stop` is asked during the
    scan, and says why it has to end now, or "".
    """

    targets: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    pace: str = "normal"
    ports: tuple[int, ...] = DEFAULT_PORTS
    engine: str = "connect"
    interfaces: tuple[str, ...] = ()
    without: frozenset[str] = frozenset()
    with_probes: frozenset[str] = frozenset()
    passes: int = 1
    until_stable: bool = False
    ipv6: bool = False
    deadline_s: float | None = None
    allow_public: bool = False
    site: str | None = None
    stdin: tuple[str, ...] = ()
    dial: Callable[[int], int] = lambda port: port
    also_excluded: Callable[[Sequence[AddressRange]], Sequence[str]] = lambda asked: ()
    stop: Callable[[], str] = lambda: ""


def probe_names() -> tuple[str, ...]:
    """Every word that --without takes; `discovery` stands for all discovery questions."""
    return tuple(sorted({p.spec.name for p in all_probes()} | {"arp", "icmp", "multicast", "discovery"}))


def discovery_names() -> frozenset[str]:
    """The probes that ask or listen by datagrams."""
    return frozenset(p.spec.name for p in all_probes() if p.spec.transport in (Transport.UDP_GROUP, Transport.MDNS))


def optional_names() -> tuple[str, ...]:
    """Every word that --with takes: probes that run only when they are asked for."""
    return tuple(p.spec.name for p in all_probes() if p.spec.optional)


def plan(settings: Settings) -> Plan:
    """What `scan` would do, without doing it.

    Raises:
        ConfigError: a setting that can't be used, naming it.
        ScopeError: a public target without leave.
    """
    off = settings.without | (discovery_names() if "discovery" in settings.without else frozenset())
    unknown = settings.without - set(probe_names())
    if unknown:
        raise ConfigError(f"--without {sorted(unknown)[0]!r}: no such probe; there are {', '.join(probe_names())}")
    strange = settings.with_probes - set(optional_names())
    if strange:
        raise ConfigError(f"--with {sorted(strange)[0]!r}: no optional probe; there are {', '.join(optional_names())}")
    if settings.engine not in ("connect", "syn", "nmap"):
        raise ConfigError(f"engine {settings.engine!r} is not one of connect, syn, nmap")
    machine = interfaces()
    left_out: Sequence[tuple[str, str]] = ()
    known = {i.name for i in machine}
    for name in settings.interfaces:
        if name not in known:
            raise ConfigError(f"--interface {name!r}: there is none; this machine has {', '.join(sorted(known))}")
    targets = settings.targets
    if not targets:
        networks, left_out = default_networks(machine)
        targets = tuple(
            str(network)
            for interface, network in networks
            if not settings.interfaces or interface.name in settings.interfaces
        )
        if not targets:
            raise ConfigError("no private IPv4 network is attached to this machine; name a target")
    scope = scope_of(
        targets, settings.excluded, allow_public=settings.allow_public, stdin=settings.stdin,
        also_excluded=settings.also_excluded,
    )  # fmt: skip
    probes = tuple(p for p in all_probes() if not p.spec.optional or p.spec.name in settings.with_probes)
    return make_plan(
        scope, pace=PACES[settings.pace], ports=settings.ports, probes=probes, without=off,
        engine=settings.engine, interfaces=machine, chosen=settings.interfaces, raw=raw_frames(), left_out=left_out,
        passes=most_passes(settings), ipv6=settings.ipv6,
    )  # fmt: skip


async def scan(
    settings: Settings, knowledge: Knowledge, *, plan_made: Plan | None = None, progress: Progress | None = None
) -> Report:
    """Discover, group, match, fuse, judge, report.

    Ends by the deadline, or when the surrounding task is cancelled, with the report of what was known by then and
    `complete` false.

    Raises:
        ConfigError, ScopeError, PrivilegeError: before the first packet, where something asked for can't be done.
    """
    made = plan_made or plan(settings)
    record, started_at = Record(), utc()
    gate = Gate(made.scope, made.pace)
    pages, own = page_chooser(knowledge), own_addresses()

    def runner() -> Runner:
        return Runner(
            made, gate, record, pages=pages, own=own, dial=settings.dial, user_agent=f"netcam/{__version__}",
            progress=progress or (lambda what, done, total: None),
        )  # fmt: skip

    if made.engine != "connect":
        check_engine(made)
    cut_short = await _until(_stopped(_passes(settings, record, runner), settings.stop), settings.deadline_s)
    if cut_short:
        record.cover("the whole scope", CoverageStatus.PARTLY, cut_short)
    return _report(settings, knowledge, made, record, gate, started_at, complete=not cut_short)


def most_passes(settings: Settings) -> int:
    """How often the search is done at most."""
    return MOST_PASSES if settings.until_stable and settings.passes == 1 else min(settings.passes, MOST_PASSES)


async def _passes(settings: Settings, record: Record, runner: Callable[[], Runner]) -> None:
    """Search as often as it was asked for, and say what the repetition showed."""
    most = most_passes(settings)
    while record.passes < most and not (settings.until_stable and record.agreed):
        await runner().run()
    if most == 1:
        return
    once = record.once()
    named = f": {', '.join(map(str, once[:ONCE_NAMED]))}{', ...' if len(once) > ONCE_NAMED else ''}" if once else ""
    what = "the last two agree" if record.agreed else "no two in a row agree"
    record.cover(
        f"hosts in {record.passes} passes",
        CoverageStatus.COVERED if record.agreed else CoverageStatus.PARTLY,
        f"{what}; {len(once)} of {len(record.hosts)} hosts answered in one pass only{named}",
    )


class _Stopped(NetcamError):
    """Whoever asked for the scan wants it to end now."""


async def _stopped(work: Coroutine[Any, Any, None], stop: Callable[[], str]) -> None:
    """Run to the end, or until `stop` gives a reason.

    Raises:
        NetcamError: with that reason.
    """
    task = asyncio.create_task(work)
    try:
        while not task.done():
            if why := stop():
                raise _Stopped(why)
            await asyncio.wait((task,), timeout=STOP_ASKED_S)
        await task
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait((task,))


async def _until(work: Coroutine[Any, Any, None], deadline_s: float | None) -> str:
    """Run to the end, the deadline, a cancellation or a broken worker; says which of these, "" for the end."""
    try:
        async with asyncio.timeout(deadline_s):
            await work
    except TimeoutError:
        return f"ended by the deadline of {deadline_s:g} s"
    except asyncio.CancelledError:
        return "interrupted"
    except NetcamError as error:
        return str(error)  # a worker broke: what was seen by then is worth a report
    return ""


def _report(
    settings: Settings,
    knowledge: Knowledge,
    made: Plan,
    record: Record,
    gate: Gate,
    started_at: datetime,
    *,
    complete: bool,
) -> Report:
    ids = EvidenceIds()
    seen = record.observations()
    groups = group(seen, read=knowledge.mac_in)
    devices = [knowledge.describe(g, ids, site=settings.site, on=started_at.date()) for g in groups]
    return Report(
        schema=SCHEMA,
        scan=ScanRecord(
            id=new_id(), site=settings.site, started_at=instant(started_at), ended_at=instant(utc()),
            complete=complete and not record.lost,
            scope=ScopeRecord(
                targets=made.scope.targets, excluded=made.scope.excluded, addresses=made.scope.addresses,
            ),
            versions=knowledge.versions(), traffic=gate.traffic,
            coverage=tuple(CoverageRecord(what=c.what, status=c.status, why=c.why) for c in record.coverage),
        ),
        devices=with_unique_ids(devices, settings.site),
        observations=tuple(observation_record(o) for o in seen),
        runs=tuple(
            RunRecord(probe=r.probe, target=r.target, status=r.status, detail=r.detail, took_s=r.took_s)
            for r in record.runs
        ),
    )  # fmt: skip


def own_addresses() -> frozenset[IPAddress]:
    """This machine's addresses: it doesn't scan itself."""
    return frozenset(ip_address(str(a.ip)) for i in interfaces() for a in i.addresses)


def page_chooser(knowledge: Knowledge) -> Callable[[Sequence[Observation]], Sequence[Page]]:
    """Pages worth a request, by the makers and badges that the observations so far speak for."""
    rules = [
        (frozenset(rule.when), page_of(rule))
        for vendor_id in sorted(knowledge.signatures.vendors)
        for rule in knowledge.signatures.vendors[vendor_id].page
    ]

    def choose(seen: Sequence[Observation]) -> Sequence[Page]:
        named: dict[str, int] = {}
        for evidence in match(knowledge.signatures, seen, EvidenceIds()):
            for field in ("manufacturer", "brand"):
                if field in evidence.says:
                    named[evidence.says[field]] = named.get(evidence.says[field], 0) + 1
        chosen = [(sum(named.get(v, 0) for v in when), page) for when, page in rules if when & (named.keys() | {"*"})]
        return [page for _, page in sorted(chosen, key=lambda item: (-item[0], item[1].id))]

    return choose


def page_of(rule: PageRule) -> Page:
    """The page of a signature file as probes take it."""
    return Page(
        id=rule.id, path=rule.path, method=rule.method, body=rule.body, content_type=rule.content_type, kind=rule.kind,
        ports=frozenset(rule.ports),
    )  # fmt: skip


def check_engine(made: Plan) -> None:
    """Whether the chosen port engine can work here, asked before the first packet.

    Raises:
        PrivilegeError: SYN without raw frames.
        ConfigError: a program or package that is missing.
    """
    if made.engine == "syn" and not made.raw:
        raise PrivilegeError(f"--engine syn: {made.why_not_raw}")
    if made.engine == "nmap":
        for there, what in (
            (shutil.which("nmap"), "the program nmap"),
            (importlib.util.find_spec("nmap"), "the package python-nmap"),
        ):
            if not there:
                raise ConfigError(f"--engine nmap: {what} is not installed; --engine connect needs neither")
