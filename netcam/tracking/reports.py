"""Report files as the past: what a history answers, worked out from reports in memory."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field, replace

from netcam.model.report import DeviceRecord, Report
from netcam.tracking.model import Life, Marks, Sighted, State, Visit
from netcam.tracking.sameness import MARKS_KEPT, marked, pair


def visit_of(report: Report) -> Visit:
    """The head of a report as a visit."""
    scan = report.scan
    return Visit(
        id=scan.id, site=scan.site, started_at=scan.started_at, ended_at=scan.ended_at, complete=scan.complete,
        scope=scan.scope, coverage=scan.coverage, versions=scan.versions,
    )  # fmt: skip


@dataclass(slots=True, kw_only=True)
class _Open:
    """One device so far; `last` has its latest record and all marks it ever showed."""

    last: Sighted
    states: list[State] = field(default_factory=list)


class Reports:
    """A Past (see model.Past) made of reports; devices of one site are followed from the oldest report on."""

    def __init__(self, reports: Iterable[Report]) -> None:
        self._visits: dict[str | None, list[Visit]] = {}
        self._sighted: dict[str, tuple[Sighted, ...]] = {}
        self._open: dict[str | None, dict[str, _Open]] = {}
        for report in sorted(reports, key=lambda r: (r.scan.started_at, r.scan.ended_at, r.scan.id)):
            if report.scan.id not in self._sighted:
                self._take(report)

    def _take(self, report: Report) -> None:
        visit = visit_of(report)
        self._visits.setdefault(visit.site, []).append(visit)
        lives = self._open.setdefault(visit.site, {})
        found = marked(report)
        keys = pair([life.last for life in lives.values()], found)
        here = []
        for (record, marks), known in zip(found, keys, strict=True):
            key = known if known is not None else free_key(record.id, lives)
            life = lives.setdefault(key, _Open(last=Sighted(key=key, record=record, marks=marks)))
            life.last = Sighted(key=key, record=record, marks=_together(life.last.marks, marks))
            _extend(life.states, record, visit)
            here.append(Sighted(key=key, record=record, marks=marks))
        self._sighted[visit.id] = tuple(here)

    def sites(self) -> tuple[str | None, ...]:
        return tuple(sorted(self._visits, key=lambda site: (site is not None, site or "")))

    def visits(self, site: str | None = None, *, since: str | None = None) -> Iterator[Visit]:
        chosen = [v for s, of in self._visits.items() if site is None or s == site for v in of]
        return (v for v in sorted(chosen, key=lambda v: v.started_at) if since is None or v.started_at >= since)

    def sighted(self, visit: str) -> tuple[Sighted, ...]:
        return self._sighted.get(visit, ())

    def lives(self, site: str | None = None) -> Iterator[Life]:
        for where in self.sites():
            if site is not None and where != site:
                continue
            for key, life in self._open[where].items():
                yield Life(
                    key=key, site=where, first_seen=life.states[0].since, last_seen=life.states[-1].until,
                    states=tuple(life.states),
                )  # fmt: skip


def free_key(id: str, taken: Container[str]) -> str:
    """The device's id as its key, with a number where another device has it already."""
    key, number = id, 2
    while key in taken:
        key, number = f"{id}-{number}", number + 1
    return key


def _together(old: Marks, new: Marks) -> Marks:
    """What a device showed once stays a mark of it, as far as a later scan doesn't say otherwise."""
    mac = new if new.mac is not None and (new.measured or not old.measured) else old
    return replace(
        new,
        serial=new.serial or old.serial,
        mac=mac.mac,
        measured=mac.measured,
        uuids=new.uuids if len(new.uuids | old.uuids) > MARKS_KEPT else new.uuids | old.uuids,
        certificates=new.certificates or old.certificates,
    )


def _extend(states: list[State], record: DeviceRecord, visit: Visit) -> None:
    if states and what_matters(states[-1].record) == what_matters(record):
        states[-1] = replace(states[-1], record=record, last_visit=visit.id, until=visit.started_at)
    else:
        states.append(
            State(
                record=record,
                first_visit=visit.id,
                last_visit=visit.id,
                since=visit.started_at,
                until=visit.started_at,
            )
        )


def what_matters(record: DeviceRecord) -> tuple[object, ...]:
    """What ends a state when it changes: place, identity, firmware and what lists say."""
    claims = tuple(claim.id if claim else None for claim in (record.brand, record.manufacturer))
    return (
        record.addresses, record.mac, record.serial, record.is_cctv, record.device_type, *claims, record.model,
        record.firmware, tuple((v.list, v.outcome) for v in record.verdicts),
    )  # fmt: skip
