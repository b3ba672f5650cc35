"""History, diff and programme held against the books of a simulation; benchmarks/year.py uses it at full length."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from stores import (
    CONFIRM,
    LIST,
    MAKERS,
    Simulation,
    Store,
    books,
    differences,
    everyone,
    listed_at,
    listed_spans,
    newly_listed,
    replaced_by,
)

from netcam.programme.count import Programme, programme
from netcam.tracking.diff import Diff, Scan, compare
from netcam.tracking.model import Past


def number(record) -> int:
    """The device of the books that a record is of."""
    return int(record.hostnames[0][1:])


def as_told(diff: Diff) -> dict:
    """A diff in the words of the books."""
    found: dict = {}
    for d in diff.devices:
        changes = [(c.field, c.list, c.old, c.new, str(c.cause)) for c in d.changes] or None
        found.setdefault(str(d.status), {})[number(d.record)] = changes
    return found


def check_diff(past: Past, store: Store, n: int) -> Diff:
    """Visits n and n + 1 of a store."""
    old, new = store.visits[n], store.visits[n + 1]
    visits = {v.id: v for v in past.visits(store.site)}
    before = visits[old.id].started_at
    made = compare(
        *(Scan(visit=visits[v.id], devices=past.sighted(v.id)) for v in (old, new)),
        earlier=lambda: {
            life.key: [s.record for s in life.states if s.since < before][-1]
            for life in past.lives(store.site)
            if life.first_seen < before
        },
    )
    wanted = differences(store, old, new)
    assert as_told(made) == wanted, (old.id, old.kind, new.id, new.kind)
    assert made.unchanged == len(old.records.keys() & new.records.keys()) - len(wanted.get("changed", ()))
    listed = {number(d.record) for d in made.devices if LIST in d.newly_listed}
    assert listed == newly_listed(store, old, new), (old.id, new.id)
    for d in made.devices:
        for c in d.changes:
            if c.field == "firmware":
                up = [int(part) for part in c.old[1:].split(".")] < [int(part) for part in c.new[1:].split(".")]
                assert c.direction == ("up" if up else "down")
    return made


def check_lives(past: Past, store: Store) -> int:
    """Every device's life: seen first and last, how often it moved, how often its firmware changed."""
    devices = {d.number: d for d in everyone(store)}
    lives = list(past.lives(store.site))
    assert sorted(number(life.states[-1].record) for life in lives) == sorted(devices)
    for life in lives:
        d = devices[number(life.states[-1].record)]
        assert {number(state.record) for state in life.states} == {d.number}
        assert (life.first_seen, life.last_seen) == (d.first.at, d.last.at)
        steps = list(zip(life.states, life.states[1:], strict=False))
        assert sum(a.record.addresses != b.record.addresses for a, b in steps) == d.moves
        assert sum(a.record.firmware != b.record.firmware for a, b in steps) == d.firmwares
    return len(lives)


def check_programme(past: Past, simulation: Simulation) -> Programme:
    """All figures of the programme at the end of the simulation."""
    last = simulation.start + timedelta(days=simulation.nights - 1)
    made = programme(past, now=f"{last}T23:59:59.000Z", lists=[LIST], confirm=CONFIRM)
    stores = {s.site: s for s in simulation.stores}
    assert [s.site for s in made.sites] == sorted(stores)
    for site in made.sites:
        store = stores[site.site]
        told = {what: getattr(site, what) for what in books(store)}
        assert told == books(store), site.site
        assert site.visits == len(store.visits)
        assert site.last_visit.id == store.visits[-1].id
        assert site.baseline + site.appeared + site.first_looked_at + site.judged == (
            site.remaining + site.removed + site.unlisted
        )
        for visit in store.visits:
            assert level(site.series, visit.at) == listed_at([store], visit.at), (site.site, visit.at)
    check_devices(made, stores)
    check_weeks(made, simulation)
    for night in range(simulation.nights):
        at = f"{simulation.when(night):%Y-%m-%dT%H:%M:%S}.000Z"
        assert level(made.series, at) == listed_at(simulation.stores, at)
    return made


def level(series, at: str) -> int:
    """A series of (from, count) at a moment."""
    return next((count for since, count in reversed(series) if since <= at), 0)


def check_devices(made: Programme, stores: dict[str, Store]) -> None:
    """Device by device: from when, until when, how it came and went, and what stands in its place."""
    told = sorted(
        (i.site, number(i.record), i.listed_at, i.ended_at or "", str(i.came), str(i.standing),
         (number(i.replaced_by.record), str(i.replaced_by.place)) if i.replaced_by else None)
        for i in made.items
    )  # fmt: skip
    wanted = []
    for store in stores.values():
        for d, since, until, came, standing in listed_spans(store):
            new = replaced_by(store, d) if standing == "removed" else None
            wanted.append((store.site, d.number, since, until or "", came, standing,
                           (new[0].number, new[1]) if new else None))  # fmt: skip
    assert told == sorted(wanted)
    new = [i.replaced_by for i in made.items if i.replaced_by]
    by_maker = Counter((r.record.manufacturer.name, r.listed) for r in new)
    wanted_makers: Counter = Counter()
    for store in stores.values():
        for d, _, _, _, standing in listed_spans(store):
            if standing == "removed" and (new := replaced_by(store, d)):
                listed = bool(new[0].spans) and new[0].spans[-1][1] is None
                wanted_makers[MAKERS[new[0].maker], listed] += 1
    assert by_maker == wanted_makers


def check_weeks(made: Programme, simulation: Simulation) -> None:
    """What went and came in each week."""
    first = simulation.start
    for n, week in enumerate(made.weeks):
        assert week.first == first + timedelta(days=7 * n)
        inside = [(str(week.first + timedelta(days=k))) for k in range(7)]
        spans = [span for store in simulation.stores for span in listed_spans(store)]
        assert week.removed == sum(u is not None and u[:10] in inside and s == "removed" for _, _, u, _, s in spans)
        assert week.unlisted == sum(u is not None and u[:10] in inside and s != "removed" for _, _, u, _, s in spans)
        assert week.appeared == sum(a[:10] in inside and c == "appeared" for _, a, _, c, _ in spans)
        assert week.judged == sum(a[:10] in inside and c == "judged" for _, a, _, c, _ in spans)
        assert week.remaining == listed_at(simulation.stores, f"{date.fromisoformat(inside[-1])}T23:59:59.999Z")
