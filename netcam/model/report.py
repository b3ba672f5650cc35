"""The report (contract, section 2) as types; `netcam.report/1` on disk.

Field names are the file's keys. Every key is always written; unknown is null or an empty list. Renderers, `explain`
and `identify` work on these types alone, so a saved report can do all that a fresh one can.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .identity import Strength
from .runs import CoverageStatus, RunStatus

SCHEMA = "netcam.report/1"


class Outcome(StrEnum):
    """What a list means for a device."""

    LISTED = "listed"
    POSSIBLE = "possible"
    NOT_LISTED = "not-listed"
    UNDETERMINED = "undetermined"


class Basis(StrEnum):
    """Through what a list reaches a device."""

    NAMED = "named"
    SUBSIDIARY = "subsidiary"
    OEM = "oem"
    COMPONENT_RISK = "component-risk"


class MacSource(StrEnum):
    """Whether our own link layer showed a MAC, or only an answer claims it."""

    MEASURED = "measured"
    CLAIMED = "claimed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeRecord:
    """What was asked for, in the operator's words, and how many addresses that came to."""

    targets: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    addresses: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """What judged: program, digest of the signature set, date of the OUI data, last check and digest of each list, and
    when an advisory was last checked."""

    netcam: str
    signatures: str
    signatures_from: str = ""
    oui: str
    lists: Mapping[str, str]
    list_digests: Mapping[str, str] = field(default_factory=dict)
    advisories: str = ""
    pattern_engine: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What left this machine, as the gate counted it."""

    packets_sent: int = 0
    bytes_sent: int = 0
    max_packets_to_one_host: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageRecord:
    """How far one part of the scope was seen, and why not further."""

    what: str
    status: CoverageStatus
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRecord:
    """One run: when, where, with what knowledge, at what cost, how completely."""

    id: str
    site: str | None
    started_at: str
    ended_at: str
    complete: bool
    scope: ScopeRecord
    versions: Versions
    traffic: Traffic
    coverage: tuple[CoverageRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedClaim:
    """A company or badge: vendor id, name for people, confidence."""

    id: str
    name: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityRecord:
    """Something that devices of this model can do. `because`: evidence ids."""

    id: str
    confidence: float
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """Where a list is published."""

    title: str
    url: str
    section: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictRecord:
    """One device held against one list. `because`: evidence ids."""

    list: str
    outcome: Outcome
    basis: Basis | None
    entity: str | None
    statement: str
    effect: str
    citation: Citation
    last_checked: str
    because: tuple[str, ...]
    title: str = ""  # of the list, for people
    due: str | None = None  # by when the owner of an own list wants it done


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisoryRecord:
    """A published flaw and whether its published range takes in this model and firmware. `because`: evidence ids.

    `kev_added` is the day it came on CISA's catalogue of exploited flaws; `fixed` says what mends it, in the source's
    words.
    """

    id: str
    known_exploited: bool
    status: str  # "affected" | "not-affected" | "unknown"
    why: str
    url: str
    title: str = ""
    kev_added: str | None = None
    fixed: str | None = None
    last_checked: str = ""
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRecord:
    """A port on which something answered; `protocol` is None where no answer showed it."""

    port: int
    transport: str
    protocol: str | None
    tls: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRecord:
    """One signature speaking about one observation; ids are unique within the report."""

    id: str
    signature: str
    observation: str
    strength: Strength
    root: str = ""
    says: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictRecord:
    """Two answers to one question. `evidence`: evidence ids, none where the addresses themselves disagree."""

    field: str
    values: tuple[str, ...]
    evidence: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BehindRecord:
    """What a recorder says is behind it: places of one sort, or one device by name. `source`: an observation id.

    `seen` is False: netcam looked at none of them through the recorder.
    """

    what: str
    name: str | None
    count: int | None
    source: str
    seen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRecord:
    """One device, CCTV or not. Addresses and times are text here; `mac` is lower case with colons."""

    id: str
    ip: str | None = None
    addresses: tuple[str, ...] = ()
    mac: str | None = None
    mac_source: MacSource | None = None
    hostnames: tuple[str, ...] = ()
    is_cctv: bool | None = None
    device_type: str | None = None
    confidence: float = 0.0
    brand: NamedClaim | None = None
    manufacturer: NamedClaim | None = None
    model: str | None = None
    firmware: str | None = None
    firmware_date: str | None = None
    firmware_age_days: int | None = None  # from the build to the scan
    serial: str | None = None
    oui_registrant: str | None = None
    capabilities: tuple[CapabilityRecord, ...] = ()
    verdicts: tuple[VerdictRecord, ...] = ()
    advisories: tuple[AdvisoryRecord, ...] = ()
    services: tuple[ServiceRecord, ...] = ()
    behind: tuple[BehindRecord, ...] = ()
    evidence: tuple[EvidenceRecord, ...] = ()
    conflicts: tuple[ConflictRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationRecord:
    """One thing that one probe saw; times are text."""

    id: str
    kind: str
    value: str
    ip: str | None
    port: int | None
    transport: str | None
    probe: str
    seen_at: str
    root: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """How asking one target went."""

    probe: str
    target: str
    status: RunStatus
    detail: str
    took_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRecord:
    """One answer about one device that judging again changed; `list` is set where `field` is "verdict"."""

    device: str
    ip: str | None
    field: str
    list: str | None
    old: str | None
    new: str | None
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesRecord:
    """What judging a saved report again changed, and what had judged before."""

    before: Versions
    changed: tuple[ChangeRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole report. `schema` is `netcam.report/1`. `changes` is None unless it was judged again."""

    schema: str
    scan: ScanRecord
    devices: tuple[DeviceRecord, ...] = ()
    observations: tuple[ObservationRecord, ...] = ()
    runs: tuple[RunRecord, ...] = field(default=())
    changes: ChangesRecord | None = None
