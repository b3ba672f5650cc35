"""Visits, devices and reports for the tests of comparing and counting. Makers and lists are invented."""

from __future__ import annotations

from dataclasses import replace

from netcam.model.identity import Strength
from netcam.model.report import (
    SCHEMA,
    Citation,
    CoverageRecord,
    DeviceRecord,
    EvidenceRecord,
    MacSource,
    NamedClaim,
    Outcome,
    Report,
    ScanRecord,
    ScopeRecord,
    Traffic,
    VerdictRecord,
    Versions,
)
from netcam.model.runs import CoverageStatus
from netcam.tracking.diff import Scan
from netcam.tracking.model import Marks, Sighted
from netcam.tracking.reports import visit_of

NET = "192.0.2.0/24"
LIST = "ex-procurement"
ARP = f"{NET} on eth0: hosts by ARP"
GROUP = f"{NET} on eth0: multicast and broadcast"
KNOWN = Versions(
    netcam="0.1.0", signatures="sha256:a", oui="2026-01-01", lists={LIST: "2026-01-01"},
    list_digests={LIST: "sha256:l"},
)  # fmt: skip
NAMES = {"northlight": "Northlight Optics", "harrow": "Harrow Cameras"}


def cover(what, status="covered", why=""):
    return CoverageRecord(what=what, status=CoverageStatus(status), why=why)


COVERAGE = (cover(GROUP, why="asked by mdns, onvif"), cover(ARP))


def verdict(outcome, list_id=LIST):
    return VerdictRecord(
        list=list_id, outcome=Outcome(outcome), basis=None, entity=None, statement="", effect="procurement",
        citation=Citation(title="A list", url="https://law.example/", section=""), last_checked="2026-01-01",
        because=(),
    )  # fmt: skip


def evidence(signature, **says):
    return EvidenceRecord(id="e1", signature=signature, observation="o1", strength=Strength.STRONG, says=says)


def camera(n, ip=None, *, maker="northlight", outcome="listed", firmware="V5.7.1", **more):
    """Camera `n`, told by its serial number."""
    ip = ip or f"192.0.2.{n}"
    says = [evidence(f"{maker}.http.server", manufacturer=maker)] if maker else []
    made = DeviceRecord(
        id=f"id{n}", ip=ip, addresses=(ip,), mac=f"02:00:5e:00:00:{n:02x}", mac_source=MacSource.MEASURED,
        is_cctv=True, device_type="camera", confidence=0.97,
        manufacturer=NamedClaim(id=maker, name=NAMES[maker], confidence=0.98) if maker else None,
        model="NL-220", firmware=firmware, serial=f"SN{n:04}",
        verdicts=(verdict(outcome),) if outcome else (),
        evidence=(*says, evidence("any.http.firmware", firmware=firmware)),
    )  # fmt: skip
    return replace(made, **more)


def report(day, *devices, site="store-7", complete=True, coverage=COVERAGE, targets=(NET,), excluded=(),
           versions=KNOWN, addresses=256, observations=()):  # fmt: skip
    at = f"2026-01-{day:02}T02:00:00.000Z" if isinstance(day, int) else day
    return Report(
        schema=SCHEMA,
        scan=ScanRecord(
            id=f"{site}-{at[:10]}", site=site, started_at=at, ended_at=at, complete=complete,
            scope=ScopeRecord(targets=targets, excluded=excluded, addresses=addresses), versions=versions,
            traffic=Traffic(), coverage=coverage,
        ),
        devices=devices, observations=observations,
    )  # fmt: skip


def visit(day=1, **more):
    return visit_of(report(day, **more))


def scan(day, *devices, **more):
    """One side of a comparison; the key is the device's id."""
    marks = Marks(serial=None, mac=None, measured=False, uuids=frozenset(), certificates=frozenset(), addresses=())
    sighted = tuple(Sighted(key=d.id, record=d, marks=marks) for d in devices)
    return Scan(visit=visit(day, **more), devices=sighted)
