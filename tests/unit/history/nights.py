"""Constructed nights of constructed stores: reports as scans would write them, with invented makers and marks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from netcam.model.identity import Strength
from netcam.model.report import (
    SCHEMA,
    AdvisoryRecord,
    Basis,
    CapabilityRecord,
    Citation,
    CoverageRecord,
    DeviceRecord,
    EvidenceRecord,
    MacSource,
    NamedClaim,
    ObservationRecord,
    Outcome,
    Report,
    ScanRecord,
    ScopeRecord,
    ServiceRecord,
    Traffic,
    VerdictRecord,
    Versions,
)
from netcam.model.runs import CoverageStatus

FIRST_NIGHT = datetime(2026, 1, 1, 2, 0, tzinfo=UTC)


def time_of(night, *, minutes=0):
    return (FIRST_NIGHT + timedelta(days=night, minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def verdict(outcome=Outcome.LISTED, *, because=("e1",), checked="2026-01-01"):
    return VerdictRecord(
        list="ex-procurement",
        outcome=outcome,
        basis=Basis.NAMED if outcome is Outcome.LISTED else None,
        entity="Northlight Optics" if outcome is Outcome.LISTED else None,
        statement="made by a company named on the Exampleland procurement act",
        effect="procurement",
        citation=Citation(title="Exampleland procurement act", url="https://law.example/1", section="7"),
        last_checked=checked,
        because=because,
    )


def camera(n, *, address=None, firmware="V4.1", maker="northlight", model="NL-220", outcome=Outcome.LISTED, **changes):
    """Camera number `n` of a store: its serial number and MAC say which it is, wherever it is."""
    ip = address or f"10.0.0.{n}"
    record = DeviceRecord(
        id=changes.pop("id", f"{n:016x}"),
        ip=ip,
        addresses=(ip,),
        mac=f"00:00:5e:00:{n // 256:02x}:{n % 256:02x}",
        mac_source=MacSource.MEASURED,
        is_cctv=True,
        device_type="camera",
        confidence=0.97,
        manufacturer=NamedClaim(id=maker, name=maker.title(), confidence=0.97),
        model=model,
        firmware=firmware,
        firmware_date="2025-01-01",
        firmware_age_days=400,
        serial=f"NL{n:08d}AB",
        capabilities=(CapabilityRecord(id="face-recognition", confidence=0.9, because=(f"e{n}",)),),
        verdicts=(verdict(outcome, because=(f"e{n}",)),),
        advisories=(AdvisoryRecord(id="EX-1", known_exploited=True, status="affected", why="", url="https://x.example"),),
        services=(ServiceRecord(port=80, transport="tcp", protocol="http", tls=False),),
        evidence=(
            EvidenceRecord(
                id=f"e{n}", signature="northlight.http.server", observation=f"o{n}", strength=Strength.STRONG,
                root=f"banner:{ip}:80", says={"manufacturer": maker},
            ),
        ),
    )  # fmt: skip
    return replace(record, **changes)


def night(number, devices, *, site="store-1", id=None, complete=True, observations=(), checked="2026-01-01", minutes=0):
    """The report of a scan in that night, at two o'clock and some minutes."""
    return Report(
        schema=SCHEMA,
        scan=ScanRecord(
            id=id or f"{site}-{number}-{minutes}",
            site=site,
            started_at=time_of(number, minutes=minutes),
            ended_at=time_of(number, minutes=minutes + 9),
            complete=complete,
            scope=ScopeRecord(targets=("10.0.0.0/24",), addresses=256),
            versions=Versions(
                netcam="0.1.0", signatures="sha256:a", oui="2026-01-01", lists={"ex-procurement": checked}
            ),
            traffic=Traffic(),
            coverage=(CoverageRecord(what="10.0.0.0/24", status=CoverageStatus.COVERED, why=""),),
        ),
        devices=tuple(devices),
        observations=tuple(observations),
    )


def seen(n, kind, value, ip):
    return ObservationRecord(
        id=f"o{n}", kind=kind, value=value, ip=ip, port=None, transport=None, probe="", seen_at="", root=""
    )
