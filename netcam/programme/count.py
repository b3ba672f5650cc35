"""Listed devices over time: which are there, which went and were replaced by what, which came.

A device counts as removed once `confirm` visits looked for it as the visit did that found it last (see
tracking/coverage.py) and did not find it; the day of the first of them is the day it went. One that comes back was
never removed. A device that is still there and that no list names any more has not been removed either; it is counted
apart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from netcam.model.report import DeviceRecord, Outcome
from netcam.programme.forecast import Forecast, forecast
from netcam.programme.targets import Targets
from netcam.tracking.coverage import Comparison
from netcam.tracking.diff import verdict_cause
from netcam.tracking.model import Life, Past, State, Visit

CONFIRM = 2  # visits without a device before it counts as removed: one may miss a device that restarts
STALE_DAYS = 30
REPLACED_DAYS = 31  # a new camera at the old address within a month is its replacement


class Standing(StrEnum):
    """Where a listed device stands now."""

    PRESENT = "present"
    MISSING = "missing"  # not found lately, not yet confirmed
    REMOVED = "removed"
    UNLISTED = "no-longer-listed"


class Came(StrEnum):
    """How it came to be counted."""

    BASELINE = "first-visit"  # found at the site's first visit
    APPEARED = "appeared"  # a new device where an earlier visit had looked
    FIRST_LOOKED_AT = "first-looked-at"  # nobody had looked there before
    JUDGED = "judged"  # a device that was known and not listed


class Place(StrEnum):
    """How a replacement was found."""

    ADDRESS = "same-address"
    SITE = "same-site"  # came between the same two visits


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """What came in place of a removed device. `listed`: by the lists of the programme, as it stands now."""

    key: str
    record: DeviceRecord
    seen_at: str
    place: Place
    listed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One device while it was listed. Times are UTC text.

    `lists` are those that name it at the end; `ended_at` is None while it counts; `missed` counts the visits that
    looked for it and did not find it.
    """

    site: str | None
    key: str
    record: DeviceRecord
    lists: tuple[str, ...]
    first_seen: str
    last_seen: str
    listed_at: str
    came: Came
    came_why: str = ""
    standing: Standing
    ended_at: str | None = None
    ended_why: str = ""
    missed: int = 0
    replaced_by: Replacement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCount:
    """One site. Counts are of devices, from `counted_from` on; `series` has (time, listed devices from then on).

    baseline + appeared + first_looked_at + judged = remaining + removed + unlisted.
    """

    site: str | None
    visits: int
    last_visit: Visit
    days_ago: int
    stale: bool
    counted_from: str
    baseline: int
    appeared: int
    first_looked_at: int
    judged: int
    removed: int
    replaced: int
    unlisted: int
    remaining: int
    missing: int
    target: int | None
    due: date | None
    planned: float | None
    series: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """Seven days from `first` on."""

    first: date
    remaining: int  # at the end of the week
    removed: int
    appeared: int
    judged: int
    unlisted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """The whole. `plan` has the two ends of the plan's line; `unknown` are sites with a target and no visit."""

    name: str
    lists: tuple[str, ...]
    now: str
    confirm: int
    stale_days: int
    sites: tuple[SiteCount, ...]
    items: tuple[Item, ...]
    series: tuple[tuple[str, int], ...]
    weeks: tuple[Week, ...]
    start: date | None
    due: date | None
    target: int
    planned: float | None
    plan: tuple[tuple[date, float], ...]
    forecast: Forecast
    unknown: tuple[str, ...]

    def total(self, what: str) -> int:
        """The sum of one count over the sites."""
        return sum(getattr(site, what) for site in self.sites)


def programme(
    past: Past,
    *,
    now: str,
    lists: Collection[str] = (),
    targets: Targets | None = None,
    confirm: int = CONFIRM,
    stale_days: int = STALE_DAYS,
    sites: Collection[str] = (),
) -> Programme:
    """The figures of all sites of the past.

    Args:
        now: UTC text; what was later is left out of the counts only as far as it isn't there yet.
        lists: those that count; empty means those of the targets, or all.
        sites: only these; empty means all.
    """
    head = targets.programme if targets else None
    chosen = frozenset(lists or (head.lists if head else ()))
    visits: dict[str | None, list[Visit]] = {}
    for visit in past.visits():
        if not sites or visit.site in sites:
            visits.setdefault(visit.site, []).append(visit)
    lives: dict[str | None, list[Life]] = {}
    for life in past.lives():
        if life.site in visits:
            lives.setdefault(life.site, []).append(life)
    found = {site: _Site(of, lives.get(site, []), chosen, confirm) for site, of in visits.items()}
    order = sorted(found, key=lambda site: (site is not None, site or ""))
    items = tuple(item for site in order for item in found[site].items)
    start = head.start if head else None
    wanted = {site.id: site for site in (targets.site if targets else ())}
    counts = []
    for site in order:
        one = wanted.get(site or "")
        due = (one.due if one else None) or (head.due if head else None)
        goal = one.target if one else None
        counts.append(_counted(found[site], now, start, goal, due, stale_days))
    firsts = [count.counted_from for count in counts]
    begin = min(firsts, default=now)
    series = _series(items, begin)
    remaining = sum(count.remaining for count in counts)
    weeks = tuple(_weeks(items, begin, _settled(found.values(), confirm, now)))
    baseline = sum(count.baseline for count in counts)
    due, goal = (head.due, head.target) if head else (None, 0)
    plan = ((day_of(begin), float(baseline)), (due, float(goal))) if due and counts and day_of(begin) < due else ()
    return Programme(
        name=head.name if head else "", lists=tuple(sorted(chosen)), now=now, confirm=confirm, stale_days=stale_days,
        sites=tuple(counts), items=items, series=series, weeks=weeks, start=start, due=due, target=goal,
        planned=_planned(plan, day_of(now)), plan=plan,
        forecast=forecast(
            [w.removed for w in weeks], [w.appeared for w in weeks], remaining, goal, day_of(now)
        ),
        unknown=tuple(id for id in wanted if id not in visits and (not sites or id in sites)),
    )  # fmt: skip


class _Site:
    """The items of one site."""

    def __init__(self, visits: list[Visit], lives: list[Life], lists: frozenset[str], confirm: int) -> None:
        self.visits, self.lists, self.confirm = visits, lists, confirm
        self.place = {visit.id: n for n, visit in enumerate(visits)}
        self.lives = lives
        self._compared: dict[tuple[str, str, str], Comparison] = {}
        went = {life.key: self._went(life) for life in lives if life.states}
        self.items: list[Item] = []
        for life in lives:
            if life.states:
                self.items += self._items(life, *went[life.key])
        self._replace(went)
        self.items.sort(key=lambda item: (item.listed_at, _address(item.record), item.key))

    def time(self, visit_id: str, told: str) -> str:
        """When a visit was; what the past itself tells where the visit is kept no longer."""
        return self.visits[self.place[visit_id]].started_at if visit_id in self.place else told

    def compared(self, before: Visit, after: Visit, called: str) -> Comparison:
        key = before.id, after.id, called
        if key not in self._compared:
            self._compared[key] = Comparison(before, after, called=called)
        return self._compared[key]

    def _went(self, life: Life) -> tuple[int, str | None]:
        """How many visits looked for it in vain since, `confirm` at most, and when the first of them was."""
        last = life.states[-1]
        at = self.place.get(last.last_visit)
        if at is None:
            at = next((n - 1 for n, v in enumerate(self.visits) if v.started_at > last.until), len(self.visits) - 1)
        before = self.visits[max(at, 0)]
        missed, first = 0, None
        for visit in self.visits[at + 1 :]:
            if not self.compared(before, visit, "later").why_not(last.record.addresses):
                missed += 1
                first = first or visit.started_at
                if missed == self.confirm:
                    break
        return missed, first

    def named(self, record: DeviceRecord) -> tuple[str, ...]:
        """The lists of the programme that say `listed`."""
        return tuple(
            v.list
            for v in record.verdicts
            if v.outcome is Outcome.LISTED and (not self.lists or v.list in self.lists)
        )

    def _items(self, life: Life, missed: int, gone_at: str | None) -> Iterator[Item]:
        """One for each stretch of its life in which it was listed."""
        before: State | None = None
        item: Item | None = None
        for state in life.states:
            named = self.named(state.record)
            if named and item is None:
                item = self._begun(life, before, state, named)
            elif named and item is not None:
                item = replace(item, record=state.record, lists=named)
            elif item is not None and before is not None:
                why = self._why(before, state, self.named(before.record))
                yield replace(
                    item, standing=Standing.UNLISTED, ended_at=self.time(state.first_visit, state.since), ended_why=why
                )
                item = None
            before = state
        if item is None:
            return
        if missed >= self.confirm:
            yield replace(item, standing=Standing.REMOVED, missed=missed, ended_at=gone_at)
        else:
            yield replace(item, standing=Standing.MISSING if missed else Standing.PRESENT, missed=missed)

    def _begun(self, life: Life, before: State | None, state: State, named: tuple[str, ...]) -> Item:
        came, why = (Came.JUDGED, self._why(before, state, named)) if before else self._came(state)
        return Item(
            site=life.site, key=life.key, record=state.record, lists=named,
            first_seen=life.first_seen, last_seen=life.last_seen,
            listed_at=self.time(state.first_visit, state.since), came=came, came_why=why, standing=Standing.PRESENT,
        )  # fmt: skip

    def _came(self, state: State) -> tuple[Came, str]:
        at = self.place.get(state.first_visit, 0)
        if at == 0:
            return Came.BASELINE, ""
        why = ""
        for visit in reversed(self.visits[:at]):
            reason = self.compared(self.visits[at], visit, "earlier").why_not(state.record.addresses)
            if not reason:
                return Came.APPEARED, ""
            why = why or reason
        return Came.FIRST_LOOKED_AT, why

    def _why(self, before: State, after: State, lists: Sequence[str]) -> str:
        """Why lists say something else than they did at the state before."""
        ends = self.place.get(before.last_visit), self.place.get(after.first_visit)
        if None in ends or not lists:
            return ""
        was, now = (self.visits[n].versions for n in ends if n is not None)
        cause, why = verdict_cause((before.record, was), (after.record, now), lists[0])
        return f"{cause}: {why}" if why else str(cause)

    def _replace(self, went: Mapping[str, tuple[int, str | None]]) -> None:
        """Give removed devices what came in their place: one for one, the same address first.

        Devices that no list named take what came at their own addresses too, so that it stands for nobody else.
        """
        removed = [
            (life, first)
            for life in self.lives
            if life.states
            and life.states[-1].record.is_cctv is not False
            and (first := went[life.key][1]) is not None
            and went[life.key][0] >= self.confirm
        ]
        removed.sort(key=lambda pair: (pair[1], _address(pair[0].states[-1].record), pair[0].key))
        coming = [life for life in self.lives if life.states and life.states[-1].record.is_cctv is not False]
        coming.sort(key=lambda life: (life.first_seen, _address(life.states[0].record), life.key))
        at: dict[str, list[Life]] = {}
        for life in coming:
            for ip in life.states[0].record.addresses:
                at.setdefault(ip, []).append(life)
        taken: set[str] = set()
        found: dict[str, tuple[Life, Place]] = {}
        listed = {item.key for item in self.items if item.standing is Standing.REMOVED}
        for place in Place:
            for life, gone_at in removed:
                if life.key in found or (place is Place.SITE and life.key not in listed):
                    continue
                last = self.time(life.states[-1].last_visit, life.last_seen)
                if place is Place.ADDRESS:
                    until = _later(gone_at, REPLACED_DAYS)
                    likely = [c for ip in life.states[-1].record.addresses for c in at.get(ip, ())]
                else:
                    until = gone_at
                    likely = [c for c in coming if c.states[-1].record.is_cctv]
                for other in likely:
                    first = self.time(other.states[0].first_visit, other.first_seen)
                    if other.key not in taken and last < first <= until and self._new(other, place):
                        taken.add(other.key)
                        found[life.key] = other, place
                        break
        self._told(found)

    def _new(self, life: Life, place: Place) -> bool:
        """Whether a device came, and was not only looked at for the first time."""
        return place is Place.ADDRESS or self._came(life.states[0])[0] is Came.APPEARED

    def _told(self, found: Mapping[str, tuple[Life, Place]]) -> None:
        for n, item in enumerate(self.items):
            if item.standing is Standing.REMOVED and item.key in found:
                other, place = found[item.key]
                latest = other.states[-1].record
                self.items[n] = replace(
                    item,
                    replaced_by=Replacement(
                        key=other.key, record=latest, seen_at=self.time(other.states[0].first_visit, other.first_seen),
                        place=place, listed=bool(self.named(latest)),
                    ),
                )  # fmt: skip


def _counted(
    site: _Site, now: str, start: date | None, target: int | None, due: date | None, stale_days: int
) -> SiteCount:
    last, first = site.visits[-1], site.visits[0]
    begin = max(first.started_at, f"{start.isoformat()}T00:00:00Z") if start else first.started_at
    inside = [item for item in site.items if item.ended_at is None or item.ended_at > begin]
    came = [item for item in inside if item.listed_at > begin]
    ended = [item for item in inside if item.ended_at is not None]
    removed = [item for item in ended if item.standing is Standing.REMOVED]
    remaining = [item for item in inside if item.ended_at is None]
    baseline = len(inside) - len(came)
    days = (day_of(now) - day_of(last.started_at)).days
    line = ((day_of(begin), float(baseline)), (due, float(target or 0))) if due and day_of(begin) < due else ()
    return SiteCount(
        site=last.site, visits=len(site.visits), last_visit=last, days_ago=days, stale=days > stale_days,
        counted_from=begin, baseline=baseline,
        appeared=sum(item.came is Came.APPEARED for item in came),
        first_looked_at=sum(item.came is Came.FIRST_LOOKED_AT for item in came),
        judged=sum(item.came is Came.JUDGED for item in came),
        removed=len(removed), replaced=sum(item.replaced_by is not None for item in removed),
        unlisted=len(ended) - len(removed), remaining=len(remaining),
        missing=sum(item.standing is Standing.MISSING for item in remaining),
        target=target, due=due, planned=_planned(line, day_of(now)), series=_series(inside, begin),
    )  # fmt: skip


def _series(items: Sequence[Item], begin: str) -> tuple[tuple[str, int], ...]:
    """(time, listed devices from then on), from `begin` on, at every time at which the count changes."""
    steps: dict[str, int] = {begin: 0}
    for item in items:
        at = max(item.listed_at, begin)
        end = item.ended_at
        if end is not None and end <= begin:
            continue
        steps[at] = steps.get(at, 0) + 1
        if end is not None:
            steps[end] = steps.get(end, 0) - 1
    count = 0
    made: list[tuple[str, int]] = []
    for at, step in sorted(steps.items()):
        count += step
        if not made or step:
            made.append((at, count))
    return tuple(made)


def _weeks(items: Sequence[Item], begin: str, end: date) -> Iterator[Week]:
    """The complete weeks from `begin` to `end`."""
    first = day_of(begin)
    count = max(0, (end - first).days // 7)
    went = [[0, 0] for _ in range(count)]
    came = [[0, 0, 0] for _ in range(count)]
    level = 0

    def week(time: str) -> int:
        return (day_of(time) - first).days // 7

    for item in items:
        if item.ended_at is not None and item.ended_at > begin and 0 <= (n := week(item.ended_at)) < count:
            went[n][item.standing is Standing.UNLISTED] += 1
        if item.ended_at is not None and item.ended_at <= begin:
            continue
        if item.listed_at <= begin:
            level += 1
        elif 0 <= (n := week(item.listed_at)) < count:
            came[n][{Came.APPEARED: 0, Came.JUDGED: 1}.get(item.came, 2)] += 1
    for n in range(count):
        level += sum(came[n]) - sum(went[n])
        yield Week(
            first=first + timedelta(days=7 * n), remaining=level, removed=went[n][0], appeared=came[n][0],
            judged=came[n][1], unlisted=went[n][1],
        )  # fmt: skip


def _settled(sites: Collection[_Site], confirm: int, now: str) -> date:
    """Up to when removals can be confirmed by now: the middle of all sites. A later week would look too quiet."""
    days = sorted(day_of(site.visits[-min(confirm, len(site.visits))].started_at) for site in sites)
    return min(days[len(days) // 2] + timedelta(days=1), day_of(now)) if days else day_of(now)


def _planned(line: Sequence[tuple[date, float]], on: date) -> float | None:
    """Where a plan's line is on a day."""
    if not line:
        return None
    (first, high), (last, low) = line
    share = min(1.0, max(0.0, (on - first).days / (last - first).days))
    return round(high + (low - high) * share, 1)


def day_of(time: str) -> date:
    """The day of a UTC time; a report that somebody else made may hold anything."""
    try:
        return date.fromisoformat(time[:10])
    except ValueError:
        return date.min + timedelta(days=366)


def _later(time: str, days: int) -> str:
    try:
        return (day_of(time) + timedelta(days=days)).isoformat() + time[10:]
    except OverflowError:
        return time


def _address(record: DeviceRecord) -> tuple[object, ...]:
    parts = (record.ip or "").split(".")
    number = tuple(int(p) for p in parts) if len(parts) == 4 and all(p.isascii() and p.isdigit() for p in parts) else ()
    return number or (999,), record.ip or ""
