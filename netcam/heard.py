"""Reports of what was only listened to: capture files, and the frames that reach this machine. Nothing is sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from netcam.discovery.grouping import Group, group
from netcam.discovery.passive import HOST_LIMIT, Hearing, without_lone_questions
from netcam.discovery.record import OBSERVATION_LIMIT, Record
from netcam.engine.match import EvidenceIds, match
from netcam.errors import ConfigError, NetcamError, PrivilegeError
from netcam.knowledge import Knowledge
from netcam.model import Coverage, CoverageStatus, RunStatus, utc
from netcam.model.report import SCHEMA, CoverageRecord, Report, RunRecord, ScanRecord, ScopeRecord, Traffic
from netcam.net.captures import FrameSource
from netcam.net.interfaces import interfaces
from netcam.pipeline import new_id, own_addresses
from netcam.report.build import instant, observation_record, with_unique_ids

FRAMES_BETWEEN = 256  # frames taken in before others of this program have their turn

ONLY_HEARD = "passive: only what was heard; silent devices, and what a switch did not pass on, are missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The report, what could not be read (one line each, naming it), and whether somebody ended it early."""

    report: Report
    unread: tuple[str, ...] = ()
    interrupted: bool = False


@dataclass(slots=True)
class Sitting:
    """What one run collects from its sources; `begin_sitting` makes one."""

    knowledge: Knowledge
    hearing: Hearing
    record: Record
    probe: str
    started_at: datetime = field(default_factory=utc)
    unread: list[str] = field(default_factory=list)
    read: int = 0
    interrupted: bool = False


async def read_captures(paths: Sequence[str], knowledge: Knowledge, *, site: str | None = None) -> Heard:
    """Who is heard in capture files; the bytes of one packet are in memory at a time.

    A file that is no capture is told in `unread`, and the others still count; so does what was read of a damaged one.
    Ends early when the surrounding task is cancelled.

    Raises:
        ConfigError, PrivilegeError: captures can't be read on this machine.
        NetcamError: none of the files is one.
    """
    sitting = begin_sitting(knowledge, "pcap")
    for path in paths:
        await _take_in(sitting, path)
        if sitting.interrupted:
            break
    if not sitting.read and sitting.unread and not sitting.interrupted:
        raise NetcamError("; ".join(sitting.unread))
    return end_sitting(sitting, tuple(paths), site)


async def listen(interface: str, seconds: float, knowledge: Knowledge, *, site: str | None = None) -> Heard:
    """Who is heard on an interface within so many seconds, or until the surrounding task is cancelled.

    Raises:
        PrivilegeError: no CAP_NET_RAW.
        ConfigError: scapy is not installed.
        NetcamError: the interface can't be listened on.
    """
    sitting = begin_sitting(knowledge, "listen")
    await _take_in(sitting, interface, seconds)
    if not sitting.read and sitting.unread:
        raise NetcamError(sitting.unread[0])
    return end_sitting(sitting, (interface,), site)


def listening_place(chosen: str | None) -> tuple[str, tuple[str, ...]]:
    """The interface to listen on, and the others that would do: the chosen one, or the first that is on and wired.

    Raises:
        ConfigError: there is none of this name, or none at all.
    """
    machine = interfaces()
    if chosen is not None:
        if chosen not in {i.name for i in machine}:
            there = ", ".join(sorted(i.name for i in machine))
            raise ConfigError(f"--interface {chosen!r}: there is none; this machine has {there}")
        return chosen, ()
    able = [i.name for i in machine if i.up and i.kind in ("ethernet", "wifi", "bridge") and i.addresses]
    if not able:
        raise ConfigError("no interface to listen on is up; name one with --interface")
    return able[0], tuple(able[1:])


def begin_sitting(knowledge: Knowledge, probe: str, **more: int) -> Sitting:
    """An empty one; `more` goes to `Hearing`."""

    def telling(kind: str, name: str) -> bool:
        reader = knowledge.signatures.reading(kind)
        return reader is not None and bool(reader.matcher.find(name))

    record = Record()
    own = own_addresses() if probe == "listen" else frozenset()
    hearing = Hearing(record, probe=probe, telling=telling, own=own, read=knowledge.mac_in, **more)
    return Sitting(knowledge, hearing, record, probe)


async def _take_in(sitting: Sitting, name: str, seconds: float | None = None) -> None:
    """Hear one source to its end: a file, or with `seconds` an interface."""
    began, heard, missed = time.monotonic(), sitting.hearing.heard, sitting.hearing.not_read
    record, trouble = sitting.record, ""
    try:
        source = await FrameSource.of_file(name) if seconds is None else await FrameSource.of_interface(name)
    except (ConfigError, PrivilegeError):
        raise
    except NetcamError as error:
        sitting.unread.append(str(error))
        return
    except asyncio.CancelledError:
        sitting.interrupted = True
        return
    stop = asyncio.get_running_loop().call_later(seconds, source.stop) if seconds is not None else None
    try:
        async for frame in source.frames():
            sitting.hearing.frame(frame.at, frame.link_type, frame.data)
            if sitting.hearing.heard % FRAMES_BETWEEN == 0:
                await asyncio.sleep(0)
        trouble = source.cut
    except NetcamError as error:
        trouble = str(error)
    except asyncio.CancelledError:
        sitting.interrupted, trouble = True, "interrupted"
    finally:
        if stop is not None:
            stop.cancel()
        await source.close()
    count, strange = sitting.hearing.heard - heard, sitting.hearing.not_read - missed
    if trouble and not count and not sitting.interrupted:
        sitting.unread.append(trouble)
        return
    sitting.read += 1
    detail = f"{count} frames, {strange} of other protocols or not whole"
    status = RunStatus.ANSWERED if count else RunStatus.SILENT
    record.run(sitting.probe, name, status, detail, time.monotonic() - began)
    record.cover(name, CoverageStatus.PARTLY, ONLY_HEARD)
    if trouble:
        record.lost = True
        record.cover(f"{name}: after {count} frames", CoverageStatus.PARTLY, trouble)


def end_sitting(sitting: Sitting, targets: Sequence[str], site: str | None) -> Heard:
    """The report of all that was taken in."""
    record, known = sitting.record, sitting.knowledge
    homeless = sitting.hearing.finish()
    if sitting.hearing.full:
        record.lost = True
        record.cover("devices", CoverageStatus.PARTLY, f"more than is kept ({HOST_LIMIT} addresses, and what they say)")
    crowded = sum(len(host.observations) >= OBSERVATION_LIMIT for host in record.hosts.values())
    if crowded:
        record.lost = True
        why = f"more than is kept of one device ({OBSERVATION_LIMIT} observations)"
        record.cover(f"{crowded} devices", CoverageStatus.PARTLY, why)
    for line in sitting.unread:
        record.lost = True
        record.coverage.append(Coverage(what="a source", status=CoverageStatus.NOT, why=line))

    def speaks(one: Group) -> bool:
        found = match(known.signatures, one.observations, EvidenceIds())
        return any({"manufacturer", "brand"} & e.says.keys() for e in found)

    every = (*group(record.observations(), read=known.mac_in), *homeless)
    groups = without_lone_questions(every, speaks)
    if len(groups) < len(every):
        record.cover(
            "clients known by names only",
            CoverageStatus.PARTLY,
            f"{len(every) - len(groups)} asked for names that makers' devices ask for, and so do their apps; nothing "
            "else connects them with a maker, so they are left out",
        )
    ids = EvidenceIds()
    devices = [known.describe(g, ids, site=site) for g in groups]
    report = Report(
        schema=SCHEMA,
        scan=ScanRecord(
            id=new_id(), site=site, started_at=instant(sitting.started_at), ended_at=instant(utc()),
            complete=not (record.lost or sitting.interrupted),
            scope=ScopeRecord(targets=tuple(targets)), versions=known.versions(), traffic=Traffic(),
            coverage=tuple(CoverageRecord(what=c.what, status=c.status, why=c.why) for c in record.coverage),
        ),
        devices=with_unique_ids(devices, site),
        observations=tuple(observation_record(o) for g in groups for o in g.observations),
        runs=tuple(
            RunRecord(probe=r.probe, target=r.target, status=r.status, detail=r.detail, took_s=r.took_s)
            for r in record.runs
        ),
    )  # fmt: skip
    return Heard(report=report, unread=tuple(sitting.unread), interrupted=sitting.interrupted)
