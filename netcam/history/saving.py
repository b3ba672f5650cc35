"""How a report becomes rows: one visit, its devices found again, and the states that are new."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from sqlalchemy import Connection, Table, bindparam, func, insert, select, update

from netcam.errors import StoreError
from netcam.history import tables as t
from netcam.history.states import (
    DEFINITIONS,
    core_of,
    current,
    digest,
    encoded,
    hashed,
    packed,
    place_text,
    renumbered,
    unplaced,
)
from netcam.model.report import DeviceRecord, NamedClaim, Outcome, Report
from netcam.safetext import bounded, visible
from netcam.tracking.model import Marks, Sighted
from netcam.tracking.sameness import Recorded, marked, pair

AT_ONCE = 500  # rows written, or looked up, by one statement
_KEY = re.compile(r"[0-9A-Za-z._:-]{1,64}")
_NOTHING = (None, "[]")  # what a column of marks holds where nothing is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """A report that can be saved: it has a name and a time."""

    report: Report
    started_ms: int
    recorded: tuple[Recorded, ...]

    @classmethod
    def of(cls, report: Report) -> Self:
        """Look whether the report can be saved, before anything is written.

        Raises:
            StoreError: a report without a time, or with a name that is none.
        """
        scan = report.scan
        for what, name in (("scan id", scan.id), ("site", scan.site or "-")):
            if not name or len(name) > t.NAME_LIMIT or bounded(name) != name or "\0" in name:
                raise StoreError(f"{what} {visible(name, 60)!r}: a name has 1 to {t.NAME_LIMIT} characters")
        for time in (scan.started_at, scan.ended_at):
            millis(time)
        recorded = tuple((record, _short(marks)) for record, marks in marked(report))
        return cls(report=report, started_ms=millis(scan.started_at), recorded=recorded)

    def into(self, connection: Connection) -> bool:
        """Write all of it in the transaction that is open; False where the scan is there already."""
        scan = self.report.scan
        if connection.execute(select(t.visit.c.id).where(t.visit.c.scan_id == scan.id)).first() is not None:
            return False
        site_id = _site(connection, scan.site or "")
        facts = _Kept(connection, t.fact, "data")
        visit_id = next(_Numbers(connection, t.visit))
        devices = self.report.devices
        known = {
            row.key: row for row in connection.execute(select(t.device).where(t.device.c.site_id == site_id))
        }
        places = _where(connection, site_id, self.started_ms)
        scope_id, coverage_id, versions_id = facts.put(*map(encoded, (scan.scope, scan.coverage, scan.versions)))
        connection.execute(
            insert(t.visit).values(
                id=visit_id, scan_id=scan.id, site_id=site_id, started_at=scan.started_at, ended_at=scan.ended_at,
                started_ms=self.started_ms, complete=scan.complete, devices=len(devices),
                cctv=sum(d.is_cctv is True for d in devices),
                listed=sum(any(v.outcome is Outcome.LISTED for v in d.verdicts) for d in devices),
                scope_id=scope_id, coverage_id=coverage_id, versions_id=versions_id,
            )
        )  # fmt: skip
        old = [_as_sighted(row, places.get(row.id, ())) for row in known.values()]
        keys = _all_named(connection, pair(old, self.recorded), self.report)
        write = _Writer(
            connection=connection, site_id=site_id, visit_id=visit_id, seen_at=scan.started_at,
            seen_ms=self.started_ms, known=known, facts=facts, places=_Kept(connection, t.place, "addresses"),
            device_ids=_Numbers(connection, t.device), state_ids=_Numbers(connection, t.state),
        )  # fmt: skip
        for at in range(0, len(keys), AT_ONCE):
            write.some(list(zip(keys[at : at + AT_ONCE], self.recorded[at : at + AT_ONCE], strict=True)))
        return True


class _Numbers(Iterator[int]):
    """The next free numbers of a table; there is one writer at a time."""

    def __init__(self, connection: Connection, table: Table) -> None:
        self._next = (connection.execute(select(func.max(table.c.id))).scalar() or 0) + 1

    def __next__(self) -> int:
        self._next += 1
        return self._next - 1


class _Kept:
    """Content that is kept once and found by its digest."""

    def __init__(self, connection: Connection, table: Table, column: str) -> None:
        self.connection, self.table, self.column = connection, table, column
        self.numbers = _Numbers(connection, table)
        self._known: dict[bytes, int] = {}

    def put(self, *contents: bytes) -> list[int]:
        """The numbers of these contents, which are kept from now on if they weren't."""
        keys = [hashed(data) for data in contents]
        missing = {key: data for key, data in zip(keys, contents, strict=True) if key not in self._known}
        wanted = sorted(missing)
        query = select(self.table.c.digest, self.table.c.id)
        for at in range(0, len(wanted), AT_ONCE):
            found = self.connection.execute(query.where(self.table.c.digest.in_(wanted[at : at + AT_ONCE])))
            self._known.update((bytes(key), id) for key, id in found)
        new = {key: data for key, data in missing.items() if key not in self._known}
        if new:
            self._known.update((key, next(self.numbers)) for key in new)
            self.connection.execute(
                insert(self.table),
                [
                    {
                        "id": self._known[key],
                        "digest": key,
                        self.column: packed(data) if self.table is t.fact else data.decode(),
                    }
                    for key, data in new.items()
                ],
            )
        return [self._known[key] for key in keys]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writer:
    """Writes the devices of one visit, some hundreds at once."""

    connection: Connection
    site_id: int
    visit_id: int
    seen_at: str
    seen_ms: int
    known: Mapping[str, Any]
    facts: _Kept
    places: _Kept
    device_ids: _Numbers
    state_ids: _Numbers

    def some(self, devices: Sequence[tuple[str, Recorded]]) -> None:
        states = self.states([self.known[key].id for key, _ in devices if key in self.known])
        rows: dict[Table, list[dict[str, Any]]] = {t.device: [], t.state: [], t.sighting: []}
        renewed: defaultdict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)  # by the columns that change
        places = self.places.put(*(place_text(record).encode() for _, (record, _) in devices))
        new: list[tuple[int, int, DeviceRecord]] = []
        for (key, (record, marks)), place_id in zip(devices, places, strict=True):
            row = self.known.get(key)
            device_id = next(self.device_ids) if row is None else row.id
            plain = renumbered(record)
            state_id, is_current = _same_state(states[device_id], plain)
            if state_id is None:
                state_id = next(self.state_ids)
                new.append((state_id, device_id, plain))
            elif not is_current:
                (kept,) = self.kept([plain])
                self.connection.execute(update(t.state).where(t.state.c.id == state_id).values(**kept))
            now = self.marks(record, marks) | {"measured": marks.measured}
            last = {"last_seen": self.seen_at, "last_ms": self.seen_ms, "state_id": state_id, "place_id": place_id}
            first = {"first_seen": self.seen_at, "first_ms": self.seen_ms}
            if row is None:
                rows[t.device].append({"id": device_id, "key": key, "site_id": self.site_id, **now, **first, **last})
            else:
                values = self.news(row, now)
                values |= last if self.seen_ms >= row.last_ms else {}
                values |= first if self.seen_ms < row.first_ms else {}
                if values:
                    renewed[tuple(sorted(values))].append(values | {"of_id": device_id})
            rows[t.sighting].append(
                {"visit_id": self.visit_id, "device_id": device_id, "state_id": state_id, "place_id": place_id}
            )
        rows[t.state] = [
            {"id": id, "device_id": of, **kept}
            for (id, of, _), kept in zip(new, self.kept([plain for _, _, plain in new]), strict=True)
        ]
        for table, made in rows.items():
            if made:
                self.connection.execute(insert(table), made)
        for columns, changed in renewed.items():
            change = update(t.device).where(t.device.c.id == bindparam("of_id"))
            self.connection.execute(change.values({name: bindparam(name) for name in columns}), changed)

    def states(self, devices: Sequence[int]) -> defaultdict[int, list[Any]]:
        """The states in which these devices were seen so far."""
        found: defaultdict[int, list[Any]] = defaultdict(list)
        query = select(t.state.c.id, t.state.c.device_id, t.state.c.digest, t.state.c.definition)
        for row in self.connection.execute(query.where(t.state.c.device_id.in_(devices)).order_by(t.state.c.id)):
            found[row.device_id].append(row)
        return found

    def kept(self, records: Sequence[DeviceRecord]) -> list[dict[str, Any]]:
        """The columns of new states."""
        verdicts = self.facts.put(*(encoded(plain.verdicts) for plain in records))
        advisories = self.facts.put(*(encoded(plain.advisories) for plain in records))
        return [
            {
                "digest": digest(plain, current()), "definition": current(), "core": packed(encoded(core_of(plain))),
                "verdicts_id": verdicts_id, "advisories_id": advisories_id,
            }
            for plain, verdicts_id, advisories_id in zip(records, verdicts, advisories, strict=True)
        ]  # fmt: skip

    def marks(self, record: DeviceRecord, marks: Marks) -> dict[str, Any]:
        """What a device is found by, as its row holds it."""
        return {
            "serial": marks.serial,
            "mac": marks.mac,
            "uuids": encoded(sorted(marks.uuids)).decode(),
            "certificates": encoded(sorted(marks.certificates)).decode(),
            "model": _column(record.model),
            "maker": _column(record.manufacturer.id if record.manufacturer else None),
        }

    def news(self, row: Any, now: dict[str, Any]) -> dict[str, Any]:
        """Which marks of a known device change: what is unseen this time stays, and a late report fills gaps alone."""
        newest = self.seen_ms >= row.last_ms
        values = {
            name: value
            for name, value in now.items()
            if name != "measured" and value not in _NOTHING and (newest or getattr(row, name) in _NOTHING)
        }
        if "mac" in values:
            values["measured"] = now["measured"]
        return {name: value for name, value in values.items() if value != getattr(row, name)}


def _same_state(states: Iterable[Any], plain: DeviceRecord) -> tuple[int | None, bool]:
    """The state that says the same as the record, and whether it follows today's definition of that."""
    states = list(states)
    for definition in sorted({row.definition for row in states} & DEFINITIONS.keys(), reverse=True):
        key = digest(plain, definition)
        for row in states:
            if row.definition == definition and bytes(row.digest) == key:
                return row.id, definition == current()
    return None, False


def _site(connection: Connection, name: str) -> int:
    found = connection.execute(select(t.site.c.id).where(t.site.c.name == name)).scalar()
    if found is None:
        found = next(_Numbers(connection, t.site))
        connection.execute(insert(t.site).values(id=found, name=name))
    return found


def _where(connection: Connection, site_id: int, at_ms: int) -> dict[int, tuple[str, ...]]:
    """The addresses of the site's devices about that time, each at the one that had it last.

    Devices that went away keep their last address in the books, while another has long got it.
    """
    newest = connection.execute(select(func.max(t.visit.c.started_ms)).where(t.visit.c.site_id == site_id)).scalar()
    if newest is None or at_ms >= newest:
        rows = connection.execute(
            select(t.device.c.id, t.device.c.last_ms, t.place.c.addresses)
            .join(t.place, t.device.c.place_id == t.place.c.id)
            .where(t.device.c.site_id == site_id)
        )
    else:  # a report that comes late: what was known about its time, and not today
        rows = connection.execute(
            select(t.sighting.c.device_id, t.visit.c.started_ms, t.place.c.addresses)
            .join(t.visit, t.sighting.c.visit_id == t.visit.c.id)
            .join(t.place, t.sighting.c.place_id == t.place.c.id)
            .where(t.visit.c.site_id == site_id)
        )
    last: dict[int, tuple[int, str]] = {}
    for device_id, seen_ms, text in rows:
        if device_id not in last or _distance(seen_ms, at_ms) < _distance(last[device_id][0], at_ms):
            last[device_id] = (seen_ms, text)
    taken: set[str] = set()
    found: dict[int, tuple[str, ...]] = {}
    for device_id, (_, text) in sorted(last.items(), key=lambda item: (_distance(item[1][0], at_ms), item[0])):
        addresses = unplaced(text)[1]
        found[device_id] = tuple(address for address in addresses if address not in taken)
        taken.update(addresses)
    return found


def _distance(seen_ms: int, at_ms: int) -> tuple[bool, int]:
    """How well a sighting tells where a device was: the last one before is best, then the next one after."""
    return seen_ms > at_ms, abs(seen_ms - at_ms)


def _as_sighted(row: Any, addresses: tuple[str, ...]) -> Sighted:
    """A known device with its last known marks; of its record what sameness looks at."""
    maker = NamedClaim(id=row.maker, name=row.maker, confidence=1.0) if row.maker else None
    return Sighted(
        key=row.key,
        record=DeviceRecord(id=row.key, model=row.model, manufacturer=maker),
        marks=Marks(
            serial=row.serial, mac=row.mac, measured=row.measured, uuids=frozenset(texts(row.uuids)),
            certificates=frozenset(texts(row.certificates)), addresses=addresses,
        ),
    )  # fmt: skip


def _all_named(connection: Connection, keys: Sequence[str | None], report: Report) -> list[str]:
    """The keys, with one that nothing else has where a device is new: its id in the report, if that is free."""
    named: list[str] = []
    wanted = [
        record.id if _KEY.fullmatch(record.id) else _short_digest(record.id)
        for record, key in zip(report.devices, keys, strict=True)
        if key is None
    ]
    taken = {key for key in keys if key is not None}
    for at in range(0, len(wanted), AT_ONCE):
        some = t.device.c.key.in_(wanted[at : at + AT_ONCE])
        taken.update(connection.execute(select(t.device.c.key).where(some)).scalars())
    free = iter(wanted)
    for key in keys:
        if key is None:
            first, number = next(free), 0
            key = first
            while key in taken or (number and _is_key(connection, key)):
                number += 1
                key = _short_digest(f"{first}\0{report.scan.id}\0{number}")
            taken.add(key)
        named.append(key)
    return named


def _short_digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def _is_key(connection: Connection, key: str) -> bool:
    return connection.execute(select(t.device.c.id).where(t.device.c.key == key)).first() is not None


def _short(marks: Marks) -> Marks:
    """Marks as the columns hold them, so that tomorrow's are compared with the same."""
    return replace(
        marks, serial=_column(marks.serial), mac=_column(marks.mac),
        uuids=frozenset(filter(None, map(_column, marks.uuids))),
        certificates=frozenset(filter(None, map(_column, marks.certificates))),
    )  # fmt: skip


def _column(text: str | None) -> str | None:
    """A text that any database takes and can index."""
    return bounded(text.replace("\0", "\ufffd"), t.NAME_LIMIT) if text else None


def texts(column: str) -> tuple[str, ...]:
    """A JSON list of texts."""
    import msgspec

    return msgspec.json.decode(column, type=tuple[str, ...])


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def millis(time: str) -> int:
    """Milliseconds since 1970 of a report's time.

    Raises:
        StoreError: it is none.
    """
    try:
        moment = datetime.fromisoformat(time) if len(time) <= 40 else None
    except ValueError:
        moment = None
    if moment is None or not 1970 <= moment.year < 9999:  # the first is what a clock says that was never set
        raise StoreError(f"{visible(time, 60)!r} is no time, and a visit has one")
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // timedelta(milliseconds=1)
