"""The history: visits are saved in it, and devices are followed through them."""

from __future__ import annotations

import ipaddress
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, delete, func, or_, select

from netcam.errors import ConfigError, StoreError
from netcam.history import tables as t
from netcam.history.engine import give_room_back, make_engine, read, reading, told, write
from netcam.history.saving import EPOCH, Saving, millis, texts
from netcam.history.states import ADVISORIES, VERDICTS, unpacked, unplaced
from netcam.history.upgrade import HEAD, form_of, upgrade
from netcam.history.where import Where, where
from netcam.model import canonical_mac, firmware_age_days
from netcam.model.report import CoverageRecord, DeviceRecord, MacSource, Report, ScopeRecord, Versions
from netcam.safetext import visible
from netcam.tracking.model import Life, Marks, Past, Sighted, State, Visit

PATIENCE_S = 30.0  # how long a save waits for a server that is being restarted
AT_ONCE = 500  # rows fetched at once from what may hold a million


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A visit and what was counted when it was saved. `listed`: devices that some list names."""

    visit: Visit
    devices: int
    cctv: int
    listed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A device as it was last seen."""

    key: str
    site: str | None
    first_seen: str
    last_seen: str
    record: DeviceRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """How much was removed."""

    visits: int = 0
    devices: int = 0


class History(Past):
    """Visits and devices of the past (`netcam.tracking.model.Past`) in one database.

    Every method raises StoreError, naming the database, where it can't be read or written.
    """

    def __init__(self, place: Where, *, patience_s: float = PATIENCE_S) -> None:
        self.place, self.patience_s = place, patience_s
        self._engine = make_engine(place)
        self._states: dict[int, DeviceRecord] = {}

    @classmethod
    def open(cls, named: str | None = None, *, create: bool = True, patience_s: float = PATIENCE_S) -> Self:
        """The history at a path or URL, else at NETCAM_DB, else the default one. An older one is brought up to date.

        Args:
            create: make it where there is none; without, that is an error.
        Raises:
            ConfigError: what is named can't be a database.
            StoreError: it can't be opened, a newer netcam made it, or there is none.
        """
        place = where(named)
        history = cls(place, patience_s=patience_s)
        if place.path is not None:
            if not place.path.exists():
                if not create:
                    raise StoreError(f"{place.shown}: no history there yet; `netcam scan --save` begins one")
                if named is None:  # the default folder, or that of the variable
                    with told(place):
                        os.makedirs(place.path.parent, mode=0o700, exist_ok=True)
            if not create and history._is_current():
                return history
        write(history._engine, place, upgrade, patience_s)
        return history

    def _is_current(self) -> bool:
        """Whether no work is needed, found out without writing: the file may be one that can only be read.

        A file that nobody writes to is read without the files that SQLite puts beside it, where there is no room or
        no right to make them.
        """

        def current(connection: Connection) -> bool:
            return form_of(connection) == HEAD

        try:
            return read(self._engine, self.place, current, 0)
        except StoreError:
            log = Path(f"{self.place.path}-wal")
            if log.exists() and log.stat().st_size:
                raise
            self._engine = make_engine(self.place, still=True)
            return read(self._engine, self.place, current, 0)

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def save(self, report: Report) -> Visit:
        """Keep a report's visit, all of it or nothing. A scan that is here already stays as it is.

        Raises:
            StoreError: also where the report has no time, or a name that no scan has.
        """
        with told(self.place):
            saving = Saving.of(report)

        def work(connection: Connection) -> Visit:
            saving.into(connection)
            (run,) = _runs(connection, t.visit.c.scan_id == report.scan.id)
            return run.visit

        return write(self._engine, self.place, work, self.patience_s)

    def visit(self, id: str) -> Visit:
        """One visit.

        Raises:
            StoreError: there is none of that id.
        """
        wanted = t.visit.c.scan_id == id
        found = read(self._engine, self.place, lambda c: list(_runs(c, wanted)), self.patience_s)
        if not found:
            raise StoreError(f"{self.place.shown}: no visit {visible(id)!r}")
        return found[0].visit

    def holds(self, id: str) -> bool:
        """Whether the scan of that id was saved."""
        query = select(t.visit.c.id).where(t.visit.c.scan_id == id)
        return read(self._engine, self.place, lambda c: c.execute(query).first() is not None, self.patience_s)

    def sites(self) -> tuple[str | None, ...]:
        with reading(self._engine, self.place, self.patience_s) as connection:
            names = connection.execute(select(t.site.c.name).order_by(t.site.c.name)).scalars()
            return tuple(name or None for name in names)

    def visits(self, site: str | None = None, *, since: str | None = None) -> Iterator[Visit]:
        for run in self.runs(site, since=since):
            yield run.visit

    def runs(self, site: str | None = None, *, since: str | None = None) -> Iterator[Run]:
        """Visits with their counts, oldest first.

        Args:
            since: a UTC time with Z, or a day; visits that began before are left out.
        Raises:
            ConfigError: `since` is no time.
        """
        wanted = []
        if site is not None:
            wanted.append(t.site.c.name == site)
        if since is not None:
            wanted.append(t.visit.c.started_ms >= _since(since))
        with reading(self._engine, self.place, self.patience_s) as connection:
            yield from _runs(connection, *wanted)

    def sighted(self, visit: str) -> tuple[Sighted, ...]:
        """The devices found at one visit. UUIDs and certificates are the last known ones of each."""
        with reading(self._engine, self.place, self.patience_s) as connection:
            found = connection.execute(
                select(t.visit.c.id, t.visit.c.started_at, t.fact.c.data)
                .join(t.fact, t.visit.c.versions_id == t.fact.c.id)
                .where(t.visit.c.scan_id == visit)
            ).first()
            if found is None:
                raise StoreError(f"{self.place.shown}: no visit {visible(visit)!r}")
            rows = connection.execute(
                select(
                    t.device.c.key, t.device.c.uuids, t.device.c.certificates, t.sighting.c.state_id,
                    t.place.c.addresses,
                )
                .join(t.device, t.sighting.c.device_id == t.device.c.id)
                .join(t.place, t.sighting.c.place_id == t.place.c.id)
                .where(t.sighting.c.visit_id == found.id)
                .order_by(t.device.c.id)
            ).all()  # fmt: skip
            states = self._records(connection, {row.state_id for row in rows})
        versions = unpacked(found.data, Versions)
        return tuple(_sighted(row, states[row.state_id], found.started_at, versions) for row in rows)

    def lives(self, site: str | None = None) -> Iterator[Life]:
        with reading(self._engine, self.place, self.patience_s) as connection:
            wanted = [] if site is None else [t.site.c.name == site]
            yield from self._lives(connection, *wanted)

    def find(self, text: str, site: str | None = None) -> tuple[Life, ...]:
        """The lives of the devices that have, or had, this key, serial number, MAC or address."""
        words = [t.device.c.key == text, t.device.c.serial == text.strip().upper()[: t.NAME_LIMIT]]
        if mac := canonical_mac(text):
            words.append(t.device.c.mac == mac)
        try:
            address = str(ipaddress.ip_address(text))
        except ValueError:
            address = ""
        with reading(self._engine, self.place, self.patience_s) as connection:
            if address:
                here = select(t.place.c.id).where(t.place.c.addresses.contains(f'"{address}"', autoescape=True))
                words.append(
                    t.device.c.id.in_(select(t.sighting.c.device_id).where(t.sighting.c.place_id.in_(here)).distinct())
                )
            wanted = [or_(*words)] if site is None else [or_(*words), t.site.c.name == site]
            return tuple(self._lives(connection, *wanted))

    def devices(self, site: str | None = None) -> Iterator[Known]:
        """Every device as it was last seen, by site and then as they first appeared."""
        query = (
            select(t.device, t.site.c.name, t.place.c.addresses)
            .join(t.site, t.device.c.site_id == t.site.c.id)
            .join(t.place, t.device.c.place_id == t.place.c.id)
            .order_by(t.site.c.name, t.device.c.id)
        )
        if site is not None:
            query = query.where(t.site.c.name == site)
        with reading(self._engine, self.place, self.patience_s) as connection:
            rows = connection.execution_options(yield_per=AT_ONCE).execute(query)
            for some in rows.partitions():
                records = self._records(connection, {row.state_id for row in some})
                for row in some:
                    record = _placed(records[row.state_id], row.addresses, row.last_seen)
                    yield Known(
                        key=row.key, site=row.name or None, first_seen=row.first_seen, last_seen=row.last_seen,
                        record=record,
                    )  # fmt: skip

    def prune(self, keep: timedelta, *, now: datetime | None = None) -> Pruned:
        """Forget visits that began longer ago than `keep`, but never a site's last one, nor a device's first sight.

        A device that was seen at forgotten visits only is forgotten with them.
        """
        before = int((now or datetime.now(UTC)).timestamp() * 1000) - keep // timedelta(milliseconds=1)
        pruned = write(self._engine, self.place, lambda connection: _prune(connection, before), self.patience_s)
        give_room_back(self._engine, self.place)
        return pruned

    def check(self) -> tuple[str, ...]:
        """What is wrong with the database, a line each; nothing where it is whole."""
        found: list[str] = []
        with reading(self._engine, self.place, self.patience_s) as connection:
            if self.place.path is not None:
                said = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
                found += [f"damaged: {visible(str(line))}" for line in said if line != "ok"]
                loose = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                found += [f"{row[0]}: row {row[1]} refers to a row of {row[2]} that is not there" for row in loose]
            counted = (
                select(t.visit.c.scan_id, t.visit.c.devices, func.count(t.sighting.c.device_id).label("sightings"))
                .join(t.sighting, t.sighting.c.visit_id == t.visit.c.id, isouter=True)
                .group_by(t.visit.c.id, t.visit.c.scan_id, t.visit.c.devices)
            )
            for row in connection.execute(counted):
                if row.devices != row.sightings:
                    found.append(f"visit {visible(row.scan_id)}: {row.sightings} of {row.devices} devices are there")
            last = select(t.device.c.key).join(t.state, t.state.c.id == t.device.c.state_id, isouter=True)
            for key in connection.execute(last.where(t.state.c.id.is_(None))).scalars():
                found.append(f"device {key}: its last state is not there")
            for data, what in ((t.fact.c.data, t.fact), (t.state.c.core, t.state)):
                stream = connection.execution_options(yield_per=AT_ONCE).execute(select(what.c.id, data))
                found += [f"{what.name}: row {row[0]} can't be read" for row in stream if not _readable(row[1])]
        return tuple(found)

    def _records(self, connection: Connection, ids: Iterable[int]) -> Mapping[int, DeviceRecord]:
        """States as records that have no address yet; those that are asked for again and again are kept."""
        missing = sorted(set(ids) - self._states.keys())
        if len(self._states) + len(missing) > 20 * AT_ONCE:
            self._states = {id: self._states[id] for id in ids if id in self._states}
        for at in range(0, len(missing), AT_ONCE):
            self._states |= _load_states(connection, t.state.c.id.in_(missing[at : at + AT_ONCE]))
        return self._states

    def _lives(self, connection: Connection, *wanted: Any) -> Iterator[Life]:
        visits = {
            row.id: (row.started_ms, row.id, row.scan_id, row.started_at)
            for row in connection.execute(
                select(t.visit.c.id, t.visit.c.started_ms, t.visit.c.scan_id, t.visit.c.started_at)
            )
        }
        devices = connection.execute(
            select(t.device, t.site.c.name).join(t.site, t.device.c.site_id == t.site.c.id).where(*wanted)
            .order_by(t.device.c.id)
        ).all()  # fmt: skip
        for at in range(0, len(devices), AT_ONCE // 5):
            some = devices[at : at + AT_ONCE // 5]
            ids = [row.id for row in some]
            of = t.sighting.c.device_id.in_(ids)
            seen: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)
            for device, visit, state, place in connection.execute(
                select(t.sighting.c.device_id, t.sighting.c.visit_id, t.sighting.c.state_id, t.sighting.c.place_id)
                .where(of)
            ):  # fmt: skip
                seen[device].append((visit, state, place))
            states = _load_states(connection, t.state.c.device_id.in_(ids))
            used = select(t.sighting.c.place_id).where(of).distinct()
            places = {
                row.id: row.addresses for row in connection.execute(select(t.place).where(t.place.c.id.in_(used)))
            }
            for row in some:
                runs = _stretches(sorted((visits[visit], state, place) for visit, state, place in seen[row.id]))
                yield Life(
                    key=row.key, site=row.name or None, first_seen=row.first_seen, last_seen=row.last_seen,
                    states=tuple(
                        State(
                            record=_placed(states[state], places[place], first[3]), first_visit=first[2],
                            last_visit=last[2], since=first[3], until=last[3],
                        )
                        for state, place, first, last in runs
                    ),
                )  # fmt: skip


_When = tuple[int, int, str, str]  # of a visit: when, its number, its scan's id, when as text


def _stretches(seen: Iterable[tuple[_When, int, int]]) -> list[tuple[int, int, _When, _When]]:
    """Sightings one after another that show the same state at the same place, as one: with the first and last visit."""
    runs: list[tuple[int, int, _When, _When]] = []
    for when, state, place in seen:
        if runs and runs[-1][:2] == (state, place):
            runs[-1] = (state, place, runs[-1][2], when)
        else:
            runs.append((state, place, when, when))
    return runs


def _load_states(connection: Connection, wanted: Any) -> dict[int, DeviceRecord]:
    rows = connection.execute(
        select(t.state.c.id, t.state.c.core, t.state.c.verdicts_id, t.state.c.advisories_id).where(wanted)
    ).all()
    needed = sorted({id for row in rows for id in (row.verdicts_id, row.advisories_id)})
    facts: dict[int, bytes] = {}
    for at in range(0, len(needed), AT_ONCE):
        some = t.fact.c.id.in_(needed[at : at + AT_ONCE])
        facts.update(connection.execute(select(t.fact.c.id, t.fact.c.data).where(some)).all())
    judged = {id: unpacked(facts[id], VERDICTS) for id in {row.verdicts_id for row in rows}}
    flaws = {id: unpacked(facts[id], ADVISORIES) for id in {row.advisories_id for row in rows}}
    return {
        row.id: replace(
            unpacked(row.core, DeviceRecord), verdicts=judged[row.verdicts_id], advisories=flaws[row.advisories_id]
        )
        for row in rows
    }


def _placed(record: DeviceRecord, addresses: str, seen_at: str) -> DeviceRecord:
    """A state's record at one visit: where the device was, and how old its firmware."""
    ip, all = unplaced(addresses)
    age = firmware_age_days(record.firmware_date, _day(seen_at))
    return replace(record, ip=ip, addresses=all, firmware_age_days=age)


def _sighted(row: Any, state: DeviceRecord, seen_at: str, versions: Versions) -> Sighted:
    record = _placed(state, row.addresses, seen_at)
    checked = versions.lists
    verdicts = tuple(replace(v, last_checked=checked.get(v.list, v.last_checked)) for v in record.verdicts)
    return Sighted(
        key=row.key,
        record=replace(record, verdicts=verdicts),
        marks=Marks(
            serial=record.serial.strip().upper() if record.serial else None, mac=record.mac,
            measured=record.mac is not None and record.mac_source is MacSource.MEASURED,
            uuids=frozenset(texts(row.uuids)), certificates=frozenset(texts(row.certificates)),
            addresses=record.addresses,
        ),
    )  # fmt: skip


def _runs(connection: Connection, *wanted: Any) -> Iterator[Run]:
    """The visits, oldest first. What many of them share is unpacked once."""
    facts: dict[tuple[type[Any], int], Any] = {}

    def fact(kind: type[Any], id: int) -> Any:
        if (kind, id) not in facts:
            data = connection.execute(select(t.fact.c.data).where(t.fact.c.id == id)).scalar_one()
            facts[kind, id] = unpacked(data, kind)
        return facts[kind, id]

    rows = connection.execute(
        select(t.visit, t.site.c.name).join(t.site, t.visit.c.site_id == t.site.c.id).where(*wanted)
        .order_by(t.visit.c.started_ms, t.visit.c.id)
    ).all()  # fmt: skip
    for row in rows:
        yield Run(
            visit=Visit(
                id=row.scan_id, site=row.name or None, started_at=row.started_at, ended_at=row.ended_at,
                complete=row.complete, scope=fact(ScopeRecord, row.scope_id),
                coverage=fact(tuple[CoverageRecord, ...], row.coverage_id), versions=fact(Versions, row.versions_id),
            ),
            devices=row.devices, cctv=row.cctv, listed=row.listed,
        )  # fmt: skip


def _prune(connection: Connection, before_ms: int) -> Pruned:
    last = select(t.visit.c.site_id, func.max(t.visit.c.started_ms)).group_by(t.visit.c.site_id)
    newest = dict(connection.execute(last).all())
    old = [
        row.id
        for row in connection.execute(select(t.visit).where(t.visit.c.started_ms < before_ms))
        if row.started_ms < newest[row.site_id]
    ]
    for at in range(0, len(old), AT_ONCE):
        some = old[at : at + AT_ONCE]
        connection.execute(delete(t.sighting).where(t.sighting.c.visit_id.in_(some)))
        connection.execute(delete(t.visit).where(t.visit.c.id.in_(some)))
    if not old:
        return Pruned()
    connection.execute(delete(t.state).where(t.state.c.id.not_in(select(t.sighting.c.state_id))))
    gone = connection.execute(delete(t.device).where(t.device.c.id.not_in(select(t.sighting.c.device_id)))).rowcount
    connection.execute(
        delete(t.place).where(
            t.place.c.id.not_in(select(t.sighting.c.place_id)), t.place.c.id.not_in(select(t.device.c.place_id))
        )
    )
    of_visits = (t.visit.c.scope_id, t.visit.c.coverage_id, t.visit.c.versions_id)
    users = (t.state.c.verdicts_id, t.state.c.advisories_id, *of_visits)
    connection.execute(delete(t.fact).where(*(t.fact.c.id.not_in(select(column)) for column in users)))
    return Pruned(visits=len(old), devices=gone)


def _readable(data: bytes) -> bool:
    try:
        unpacked(data, object)
    except ValueError:
        return False
    return True


def _since(text: str) -> int:
    try:
        return millis(text)
    except StoreError as error:
        raise ConfigError(f"{visible(text, 60)!r} is no time; write 2026-01-15 or 2026-01-15T10:00:00Z") from error


def _day(time: str) -> date:
    """The day of a time that was looked at when it was saved."""
    return (EPOCH + timedelta(milliseconds=millis(time))).date()
