"""What a report comes to: the order, counts and groups that every form for people shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from netcam.model.report import AdvisoryRecord, Citation, CoverageRecord, DeviceRecord, Outcome, Report, VerdictRecord
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
    """Devices of which one list says the same, for the same reason."""

    verdict: VerdictRecord
    devices: tuple[DeviceRecord, ...]


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


def address_key(ip: str | None) -> tuple[int, int, str]:
    """A key that sorts addresses by version and number; no address, or none that can be read, comes last."""
    try:
        address = ip_address(ip or "")
    except ValueError:
        return 9, 0, ip or ""
    return address.version, int(address), ""


def findings(report: Report, list_id: str) -> tuple[Finding, ...]:
    """The listed and possible devices of one list, grouped by what is said and why; listed ones first."""
    groups: dict[tuple[object, ...], tuple[VerdictRecord, list[DeviceRecord]]] = {}
    for device in in_order(report):
        for v in device.verdicts:
            if v.list == list_id and v.outcome in (Outcome.LISTED, Outcome.POSSIBLE):
                key = (
                    OUTCOMES.index(v.outcome),
                    v.entity or "",
                    v.basis or "",
                    v.statement,
                    v.effect,
                    v.citation.url,
                    v.citation.section,
                )
                groups.setdefault(key, (v, []))[1].append(device)
    return tuple(Finding(verdict=v, devices=tuple(ds)) for _, (v, ds) in sorted(groups.items(), key=lambda g: g[0]))


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
