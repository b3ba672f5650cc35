"""What a report comes to: the order, counts and groups that every form for people shows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from netcam.model.report import (
    AdvisoryRecord,
    Citation,
    CoverageRecord,
    DeviceRecord,
    EvidenceRecord,
    Outcome,
    Report,
    VerdictRecord,
)
from netcam.model.runs import CoverageStatus

# What speaks loudest for a device that several lists judge differently.
OUTCOMES = (Outcome.LISTED, Outcome.POSSIBLE, Outcome.UNDETERMINED, Outcome.NOT_LISTED)

# What each kind of list regulates; shown beside every hit, because being named on a list means different things.
EFFECTS: Mapping[str, str] = {
    "procurement": "what named public bodies and their contractors may buy or use",
    "authorisation": "which models may be approved, imported and marketed",
    "export-control": "what others may export to the company; buying from it is another matter",
    "investment": "trade in the company's securities",
    "designation": "a designation; what follows from it stands in other laws",
    "business-closure": "one company's business in one country",
    "certification": "a test that every maker has to pass",
    "position": "a statement or recommendation without legal force",
    "private-policy": "what its owner has decided for its own sites",
}

# Why a list speaks of the device.
BASES: Mapping[str, str] = {
    "named": "the list names the maker",
    "subsidiary": "the maker belongs to a company that the list names",
    "oem": "sold under another brand, built by a company that the list names",
    "component-risk": "parts of it may come from a company that the list names",
}


# What devices can do, in words; first what matters most to the people in front of them.
CAPABILITIES: Mapping[str, str] = {
    "face-recognition": "Face recognition",
    "anpr": "Number-plate recognition (ANPR)",
    "people-counting": "People counting",
    "audio": "Audio",
    "body-worn": "Worn on the body",
    "thermal": "Thermal imaging",
    "ptz": "Pan, tilt and zoom (PTZ)",
    "panoramic": "Panoramic view",
}

_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(?::\d{2}(?:\.\d+)?)?Z")

# Firmware by age: what a group is called, and the days below which a device belongs to it.
_AGES = (("under 1 year", 365), ("1 to 2 years", 730), ("2 to 4 years", 1461), ("4 years and more", None))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSummary:
    """One list over all devices in view. `title` and `effect` are empty when no device was held against it."""

    id: str
    title: str
    effect: str
    citation: Citation | None
    last_checked: str
    counts: Mapping[Outcome, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Devices of one maker and brand of which every list says the same, for the same reason.

    `listed` and `possible` hold the verdicts of each sort, as the first of the devices has them; one is empty at most.
    """

    maker: str
    brand: str
    outcome: Outcome
    listed: tuple[VerdictRecord, ...]
    possible: tuple[VerdictRecord, ...]
    devices: tuple[DeviceRecord, ...]

    @property
    def bases(self) -> tuple[str, ...]:
        """Through what the lists reach the devices, in words."""
        return tuple(dict.fromkeys(BASES[v.basis] for v in self.listed or self.possible if v.basis))


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Devices that the owner of an own list wants done with by a day; `past`: the day lay before the scan's end."""

    day: str
    list: str
    title: str
    past: bool
    devices: tuple[DeviceRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """One thing that devices can do. `shown_by`: evidence and how many of the devices it speaks of, most first."""

    id: str
    name: str
    devices: tuple[DeviceRecord, ...]
    shown_by: tuple[tuple[EvidenceRecord, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareAges:
    """CCTV devices by the age of their firmware on the day of the scan.

    `groups`: (name, loudest outcome -> devices); `unknown` devices tell no build date; `oldest` first.
    """

    groups: tuple[tuple[str, Mapping[Outcome | None, int]], ...]
    known: int
    unknown: int
    oldest: tuple[DeviceRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One published flaw, with the devices whose model and firmware are in its range, and those that may be."""

    id: str
    title: str
    url: str
    known_exploited: bool
    affected: tuple[DeviceRecord, ...]
    unknown: tuple[DeviceRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Counts of devices. `outcomes` counts each device in view once, under its loudest outcome."""

    devices: int
    cctv: int
    undecided: int
    in_view: int
    outcomes: Mapping[Outcome, int]
    lists: tuple[ListSummary, ...]
    missed: tuple[CoverageRecord, ...]


def summarize(report: Report) -> Summary:
    """The counts of a report."""
    viewed = [d for d in report.devices if in_view(d)]
    return Summary(
        devices=len(report.devices),
        cctv=sum(d.is_cctv is True for d in report.devices),
        undecided=sum(d.is_cctv is None for d in report.devices),
        in_view=len(viewed),
        outcomes=Counter(outcome for d in viewed if (outcome := overall(d)) is not None),
        lists=_lists(report, viewed),
        missed=tuple(c for c in report.scan.coverage if c.status is not CoverageStatus.COVERED),
    )


def overall(device: DeviceRecord) -> Outcome | None:
    """The loudest outcome that any list has for the device; None if it was held against none."""
    found = {v.outcome for v in device.verdicts}
    return next((outcome for outcome in OUTCOMES if outcome in found), None)


def in_view(device: DeviceRecord) -> bool:
    """Whether a short report shows the device: CCTV, undecided, or named by a list whatever it is."""
    return device.is_cctv is not False or overall(device) in (Outcome.LISTED, Outcome.POSSIBLE)


def in_order(report: Report) -> tuple[DeviceRecord, ...]:
    """All devices: listed, possible, other CCTV, undecided, the rest; by address within each."""

    def key(device: DeviceRecord) -> tuple[object, ...]:
        outcome = overall(device)
        loud = OUTCOMES.index(outcome) if outcome in (Outcome.LISTED, Outcome.POSSIBLE) else 2
        return loud, (True, None, False).index(device.is_cctv), address_key(device.ip), device.id

    return tuple(sorted(report.devices, key=key))


def when(time: str) -> str:
    """An ISO time in UTC as "2026-01-15 10:00 UTC"; any other text as it is."""
    return f"{at[1]} {at[2]} UTC" if (at := _TIME.fullmatch(time)) else time


def address_key(ip: str | None) -> tuple[int, int, str]:
    """A key that sorts addresses by version and number; no address, or none that can be read, comes last."""
    try:
        address = ip_address(ip or "")
    except ValueError:
        return 9, 0, ip or ""
    return address.version, int(address), ""


def findings(report: Report) -> tuple[Finding, ...]:
    """The listed and possible devices, grouped by who made them and what the lists say; listed and large ones first."""
    groups: dict[tuple[object, ...], tuple[Outcome, list[DeviceRecord]]] = {}
    for device in in_order(report):
        outcome = overall(device)
        if outcome not in (Outcome.LISTED, Outcome.POSSIBLE):
            continue
        key = (outcome, *_names(device), tuple(_said(v) for v in sorted(_loud(device), key=lambda v: v.list)))
        groups.setdefault(key, (outcome, []))[1].append(device)
    made = []
    for outcome, devices in groups.values():
        maker, brand = _names(devices[0])
        loud = sorted(_loud(devices[0]), key=lambda v: (not v.due, v.list))
        made.append(
            Finding(
                maker=maker,
                brand=brand,
                outcome=outcome,
                listed=tuple(v for v in loud if v.outcome is Outcome.LISTED),
                possible=tuple(v for v in loud if v.outcome is Outcome.POSSIBLE),
                devices=tuple(devices),
            )
        )
    return tuple(sorted(made, key=lambda f: (OUTCOMES.index(f.outcome), -len(f.devices), f.maker, f.brand)))


def _loud(device: DeviceRecord) -> tuple[VerdictRecord, ...]:
    return tuple(v for v in device.verdicts if v.outcome in (Outcome.LISTED, Outcome.POSSIBLE))


def _names(device: DeviceRecord) -> tuple[str, str]:
    return device.manufacturer.name if device.manufacturer else "", device.brand.name if device.brand else ""


def _said(v: VerdictRecord) -> tuple[object, ...]:
    """What of a verdict is said alike of several devices: everything but the evidence."""
    cited = (v.citation.title, v.citation.url, v.citation.section)
    return v.list, v.outcome, v.basis, v.entity or "", v.statement, v.effect, *cited, v.last_checked, v.due or ""


def dues(report: Report) -> tuple[Due, ...]:
    """What own lists want done by a day, the first day first."""
    today = report.scan.ended_at[:10]
    found: dict[tuple[str, str], tuple[str, list[DeviceRecord]]] = {}
    for device in in_order(report):
        for v in _loud(device):
            if v.due is not None:
                found.setdefault((v.due, v.list), (v.title or v.citation.title, []))[1].append(device)
    return tuple(
        Due(day=day, list=id, title=title, past=day < today, devices=tuple(devices))
        for (day, id), (title, devices) in sorted(found.items(), key=lambda item: item[0])
    )


def capabilities(report: Report) -> tuple[Capability, ...]:
    """What the CCTV devices can do, as far as evidence shows it, and which signatures show it."""
    devices: dict[str, list[DeviceRecord]] = {}
    shown: dict[str, dict[str, tuple[EvidenceRecord, set[str]]]] = {}
    for device in in_order(report):
        if not in_view(device):
            continue
        evidence = {e.id: e for e in device.evidence}
        for c in device.capabilities:
            devices.setdefault(c.id, []).append(device)
            for e in (evidence[i] for i in c.because if i in evidence):
                shown.setdefault(c.id, {}).setdefault(e.signature, (e, set()))[1].add(device.id)
    order = list(CAPABILITIES)
    return tuple(
        Capability(
            id=id,
            name=CAPABILITIES.get(id, id),
            devices=tuple(devices[id]),
            shown_by=tuple(
                (e, len(of)) for e, of in sorted(shown.get(id, {}).values(), key=lambda s: (-len(s[1]), s[0].signature))
            ),
        )
        for id in sorted(devices, key=lambda id: (order.index(id) if id in order else len(order), id))
    )


def firmware_ages(report: Report, oldest: int = 10) -> FirmwareAges:
    """CCTV devices by firmware age, and the `oldest` ones by build date."""
    counts: dict[str, Counter[Outcome | None]] = {name: Counter() for name, _ in _AGES}
    known: list[tuple[int, DeviceRecord]] = []
    cctv = [d for d in in_order(report) if d.is_cctv]
    for device in cctv:
        age = device.firmware_age_days
        if age is not None:
            counts[next(name for name, below in _AGES if below is None or age < below)][overall(device)] += 1
            known.append((age, device))
    return FirmwareAges(
        groups=tuple(counts.items()),
        known=len(known),
        unknown=len(cctv) - len(known),
        oldest=tuple(d for _, d in sorted(known, key=lambda k: -k[0])[:oldest]),
    )


def flaws(report: Report) -> tuple[Flaw, ...]:
    """The flaws that some device has or may have: those with affected devices first, exploited ones before others."""
    found: dict[str, tuple[AdvisoryRecord, dict[str, list[DeviceRecord]]]] = {}
    for device in in_order(report):
        for a in device.advisories:
            if a.status in ("affected", "unknown"):
                found.setdefault(a.id, (a, {"affected": [], "unknown": []}))[1][a.status].append(device)
    made = [
        Flaw(
            id=id, title=a.title, url=a.url, known_exploited=a.known_exploited,
            affected=tuple(devices["affected"]), unknown=tuple(devices["unknown"]),
        )
        for id, (a, devices) in found.items()
    ]  # fmt: skip
    return tuple(sorted(made, key=lambda f: (not f.affected, not f.known_exploited, -len(f.affected), f.id)))


def makers(report: Report) -> tuple[tuple[str, Mapping[Outcome | None, int]], ...]:
    """How many CCTV devices each maker built, by loudest outcome, most first; the undetermined maker is the name ""."""
    counts: dict[str, Counter[Outcome | None]] = {}
    for device in report.devices:
        if device.is_cctv:
            name = device.manufacturer.name if device.manufacturer else ""
            counts.setdefault(name, Counter())[overall(device)] += 1
    return tuple(sorted(counts.items(), key=lambda c: (c[0] == "", -c[1].total(), c[0])))


def _lists(report: Report, viewed: list[DeviceRecord]) -> tuple[ListSummary, ...]:
    """Each list of the scan, whether or not a device was held against it."""
    counts: dict[str, Counter[Outcome]] = {id: Counter() for id in report.scan.versions.lists}
    heads: dict[str, VerdictRecord] = {}
    for device in viewed:
        for v in device.verdicts:
            counts.setdefault(v.list, Counter())[v.outcome] += 1
            heads.setdefault(v.list, v)
    return tuple(
        ListSummary(
            id=id,
            title=(heads[id].title or heads[id].citation.title) if id in heads else "",
            effect=heads[id].effect if id in heads else "",
            citation=heads[id].citation if id in heads else None,
            last_checked=heads[id].last_checked if id in heads else report.scan.versions.lists[id],
            counts=count,
        )
        for id, count in sorted(counts.items())
    )
