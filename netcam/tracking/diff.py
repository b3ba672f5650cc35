"""What differs between two scans of one place, and whether a device changed or what we know of it.

Devices are matched by their key (see model.Sighted), so a new address is no new device. A device that the later scan
lacks is gone only where that scan looked at it as the earlier one did (coverage.py); one that the earlier scan lacks is
new only where that one had looked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from netcam.model.answers import compared, in_words
from netcam.model.report import DeviceRecord, EvidenceRecord, Outcome, Versions
from netcam.tracking.coverage import Comparison
from netcam.tracking.model import Sighted, Visit

LOUD = (Outcome.LISTED, Outcome.POSSIBLE)
_MOST_NAMED = 3  # signatures named for one change
_NUMBERS = re.compile(r"\d+")


class Status(StrEnum):
    """What became of one device."""

    NEW = "new"
    BACK = "back"  # the earlier scan lacks it, an even earlier one has it
    FIRST_LOOKED_AT = "first-looked-at"  # the earlier scan did not look where it is
    GONE = "gone"
    NOT_LOOKED_AT = "not-looked-at"  # the later scan did not look where it was
    CHANGED = "changed"


class Cause(StrEnum):
    """Why an answer differs."""

    DEVICE = "device"  # what was seen of it is something else
    KNOWLEDGE = "knowledge"  # signatures, registers, lists or rules of judging changed
    BOTH = "both"
    TIME = "time"  # nothing but its age
    UNCLEAR = "unclear"


class Direction(StrEnum):
    """Which way firmware went."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One side: the visit and the devices found at it, with keys that both sides share."""

    visit: Visit
    devices: tuple[Sighted, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One answer that differs. `list` is set where `field` is "verdict"; None is no answer."""

    field: str
    list: str | None = None
    old: str | None
    new: str | None
    direction: Direction | None = None
    cause: Cause
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Differing:
    """One device that differs.

    `newly_listed`: lists that say `listed` now and did not before. `instead_of`: the key of the device that is gone
    from the address at which this one is new.
    """

    key: str
    status: Status
    old: DeviceRecord | None
    new: DeviceRecord | None
    why: str = ""
    changes: tuple[Changed, ...] = ()
    newly_listed: tuple[str, ...] = ()
    instead_of: str | None = None

    @property
    def record(self) -> DeviceRecord:
        """The later of the two records."""
        found = self.new or self.old
        assert found is not None
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """All that differs between two visits; `devices` by status, then address."""

    old: Visit
    new: Visit
    devices: tuple[Differing, ...]
    unchanged: int
    knowledge: tuple[str, ...] = ()  # what is known otherwise at the later visit

    def of(self, *statuses: Status) -> tuple[Differing, ...]:
        return tuple(d for d in self.devices if d.status in statuses)


Again = Callable[[Collection[str]], Mapping[str, tuple[DeviceRecord, DeviceRecord]]]
"""Keys of devices -> their old and new records judged anew under one knowledge; what can't be judged is absent."""


def compare(
    old: Scan,
    new: Scan,
    *,
    again: Again | None = None,
    earlier: Callable[[], Mapping[str, DeviceRecord]] = dict,
    lists: Collection[str] = (),
) -> Diff:
    """What differs.

    Args:
        again: judges devices of both sides under one knowledge; asked once, and only where the two were judged under
            different ones. Without it the causes are told from the evidence in the records.
        earlier: devices that were seen before the old visit, each as it was seen last before; asked only where
            something came.
        lists: the lists whose verdicts are compared; empty means all.
    """
    was, now = {d.key: d.record for d in old.devices}, {d.key: d.record for d in new.devices}
    both = [key for key in was if key in now]
    reader = _Reader(old.visit.versions, new.visit.versions, frozenset(lists))
    raw = {key: found for key in both if (found := tuple(reader.differences(was[key], now[key])))}
    # Where a device is and what it is called is no matter of knowledge, so it needs no judging anew.
    judged = {key for key, found in raw.items() if any(d.field not in _PLAIN for d in found)}
    anew = again(judged) if again is not None and judged and not reader.same_knowledge else {}
    devices = [
        Differing(
            key=key, status=Status.CHANGED, old=was[key], new=now[key],
            changes=tuple(reader.explained(d, was[key], now[key], anew.get(key)) for d in found),
            newly_listed=reader.newly_listed(was[key], now[key]),
        )
        for key, found in raw.items()
    ]  # fmt: skip
    forward = Comparison(old.visit, new.visit)
    backward = Comparison(new.visit, old.visit, called="earlier")
    for key, record in was.items():
        if key not in now:
            why = forward.why_not(record.addresses)
            devices.append(
                Differing(
                    key=key, status=Status.NOT_LOOKED_AT if why else Status.GONE, old=record, new=None, why=why
                )
            )
    known = earlier() if now.keys() - was.keys() else {}
    left = {ip: d.key for d in devices if d.status is Status.GONE for ip in d.record.addresses}
    for key, record in now.items():
        if key not in was:
            why = "" if key in known else backward.why_not(record.addresses)
            status = Status.BACK if key in known else Status.FIRST_LOOKED_AT if why else Status.NEW
            devices.append(
                Differing(
                    key=key, status=status, old=None, new=record, why=why,
                    newly_listed=reader.newly_listed(known.get(key), record),
                    instead_of=next((left[ip] for ip in record.addresses if ip in left), None),
                )
            )  # fmt: skip
    return Diff(
        old=old.visit,
        new=new.visit,
        devices=tuple(sorted(devices, key=_order)),
        unchanged=len(both) - len(raw),
        knowledge=reader.changed_knowledge(),
    )


def verdict_cause(
    old: tuple[DeviceRecord, Versions], new: tuple[DeviceRecord, Versions], list_id: str
) -> tuple[Cause, str]:
    """Why a list says something else of a device than before, as far as its two records tell."""
    reader = _Reader(old[1], new[1], frozenset((list_id,)))
    was, now = (_outcomes(record).get(list_id) for record in (old[0], new[0]))
    return reader.cause(_Difference(field="verdict", list=list_id, old=was, new=now), old[0], new[0], None)


def _order(one: Differing) -> tuple[object, ...]:
    ip = one.record.ip or ""
    number = tuple(int(part) for part in ip.split(".")) if ip.count(".") == 3 and _digits(ip) else (999,)
    return list(Status).index(one.status), number, ip, one.key


def _digits(ip: str) -> bool:
    return all(part.isascii() and part.isdigit() for part in ip.split("."))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Difference:
    field: str
    list: str | None = None
    old: str | None
    new: str | None


# Answers that lists and signatures don't touch: they are read off the device, or are its place.
_PLAIN = frozenset(("address", "addresses", "mac"))
_ANSWERS = {
    "is_cctv": ("cctv", "device_type"),
    "device_type": ("device_type",),
    "manufacturer": ("manufacturer",),
    "brand": ("brand", "badge"),
    "model": ("model",),
    "firmware": ("firmware",),
    "serial": ("serial",),
}
# What a verdict can rest on.
_JUDGED = ("cctv", "device_type", "manufacturer", "brand", "badge", "model")


class _Reader:
    """Differences between two records and their causes, with what is known of both sides' knowledge."""

    def __init__(self, before: Versions, after: Versions, lists: frozenset[str]) -> None:
        self.before, self.after, self.lists = before, after, lists
        self.identity = tuple(_identity_changes(before, after))
        ids = before.lists.keys() | after.lists.keys()
        self.listing = {id: reason for id in ids if (reason := _list_change(id, before, after))}

    @property
    def same_knowledge(self) -> bool:
        return not self.identity and not self.listing

    def changed_knowledge(self) -> tuple[str, ...]:
        return (*self.identity, *(f"{id}: {reason}" for id, reason in sorted(self.listing.items())))

    def differences(self, old: DeviceRecord, new: DeviceRecord) -> Iterator[_Difference]:
        if old.addresses != new.addresses and set(old.addresses) != set(new.addresses):
            moved = old.ip not in new.addresses
            yield _Difference(
                field="address" if moved else "addresses", old=_joined(old.addresses), new=_joined(new.addresses)
            )
        if old.mac != new.mac:
            yield _Difference(field="mac", old=old.mac, new=new.mac)
        for field in _ANSWERS:
            if compared(old, field) != compared(new, field):
                yield _Difference(field=field, old=in_words(old, field), new=in_words(new, field))
        was, now = _outcomes(old), _outcomes(new)
        for id in sorted(was.keys() | now.keys()):
            a, b = was.get(id), now.get(id)
            if a == b or (self.lists and id not in self.lists):
                continue
            if (a is None or b is None) and (a or b) not in LOUD:
                continue  # a list came or went; what it does not say of a device is no change of the device
            yield _Difference(field="verdict", list=id, old=a, new=b)

    def newly_listed(self, old: DeviceRecord | None, new: DeviceRecord) -> tuple[str, ...]:
        was = _outcomes(old) if old else {}
        return tuple(
            id
            for id, outcome in sorted(_outcomes(new).items())
            if outcome is Outcome.LISTED
            and was.get(id) is not Outcome.LISTED
            and (not self.lists or id in self.lists)
        )

    def explained(
        self,
        d: _Difference,
        old: DeviceRecord,
        new: DeviceRecord,
        anew: tuple[DeviceRecord, DeviceRecord] | None,
    ) -> Changed:
        cause, why = self.cause(d, old, new, anew)
        direction = firmware_direction(old, new) if d.field == "firmware" else None
        return Changed(
            field=d.field, list=d.list, old=d.old, new=d.new, direction=direction, cause=cause, why=why
        )

    def cause(
        self,
        d: _Difference,
        old: DeviceRecord,
        new: DeviceRecord,
        anew: tuple[DeviceRecord, DeviceRecord] | None,
    ) -> tuple[Cause, str]:
        if d.field in _PLAIN:
            return Cause.DEVICE, ""
        known = self._knowledge(d)
        if d.list is not None and known and (d.list not in self.before.lists or d.list not in self.after.lists):
            if d.list not in self.before.lists and d.list not in self.after.lists:
                return Cause.UNCLEAR, "neither report says which state of the list judged"
            return Cause.KNOWLEDGE, known[0]
        seen = _evidence_change(old, new, d.field)
        if not known:
            return self._by_the_device(d, old, new, seen)
        if anew is not None and (d.list is None or any(d.list in _outcomes(record) for record in anew)):
            return self._by_one_yardstick(d, old, new, anew, seen, known)
        if d.list is not None and _judged_alike(old, new, sure=_only_doubt(d)):
            return Cause.KNOWLEDGE, self.listing.get(d.list) or "; ".join(known)
        if d.field == "firmware" and (signature := _same_reader(old, new)):
            return Cause.DEVICE, f"says something else: {signature}"
        if not seen and old.evidence and _plain_alike(old, new):
            return Cause.KNOWLEDGE, "; ".join(known)
        told = f" ({seen})" if seen else ""
        return Cause.UNCLEAR, f"what was seen changed{told}, and so did what is known: {'; '.join(known)}"

    def _knowledge(self, d: _Difference) -> tuple[str, ...]:
        """What changed in the knowledge that this answer rests on."""
        listing = self.listing.get(d.list, "") if d.list is not None else ""
        return (*([listing] if listing else []), *self.identity)

    def _by_the_device(
        self, d: _Difference, old: DeviceRecord, new: DeviceRecord, seen: str
    ) -> tuple[Cause, str]:
        if seen:
            return Cause.DEVICE, seen
        if d.list is not None and not _judged_alike(old, new):
            return Cause.DEVICE, f"{_first_answer(old, new)} changed"
        if d.list is not None and old.firmware_date and old.firmware_age_days != new.firmware_age_days:
            return Cause.TIME, "its firmware is older now"
        if d.list is None:
            return Cause.DEVICE, "it was judged with the same knowledge"
        return Cause.UNCLEAR, "neither what was seen nor what is known differs"

    def _by_one_yardstick(
        self,
        d: _Difference,
        old: DeviceRecord,
        new: DeviceRecord,
        anew: tuple[DeviceRecord, DeviceRecord],
        seen: str,
        known: Sequence[str],
    ) -> tuple[Cause, str]:
        """Both sides under one knowledge: what still differs is the device, what doesn't is the knowledge."""
        was, now, then, today = (_value(r, d) for r in (old, new, *anew))
        if today != now and then != was:
            return Cause.UNCLEAR, "today's knowledge judges both scans otherwise than they were judged"
        if then == today:
            return Cause.KNOWLEDGE, f"the earlier scan's observations say the same today; {'; '.join(known)}"
        if then == was and today == now:
            return Cause.DEVICE, seen or "its observations differ under the same knowledge too"
        return Cause.BOTH, f"{seen or 'what was seen of it'}; {'; '.join(known)}"


def _value(record: DeviceRecord, d: _Difference) -> object:
    return _outcomes(record).get(d.list) if d.list is not None else compared(record, d.field)


def _identity_changes(before: Versions, after: Versions) -> Iterator[str]:
    """What changed in the knowledge that says who made a device."""
    if before.signatures != after.signatures:
        yield "the signatures changed"
    if before.oui != after.oui:
        yield f"the MAC register changed ({before.oui} -> {after.oui})"
    if before.netcam != after.netcam:
        yield f"netcam changed ({before.netcam} -> {after.netcam})"
    elif before.pattern_engine != after.pattern_engine:
        yield f"another pattern engine matched ({before.pattern_engine} -> {after.pattern_engine})"


def _list_change(id: str, before: Versions, after: Versions) -> str:
    """What changed about one list; "" for nothing. A digest that one side lacks leaves its date to tell."""
    if id not in before.lists:
        return "the list was not held against devices before"
    if id not in after.lists:
        return "the list is not held against devices any more"
    one, other = before.list_digests.get(id), after.list_digests.get(id)
    dates = before.lists[id], after.lists[id]
    same_date = dates[0] == dates[1]
    if one == other if one is not None and other is not None else same_date:
        return ""
    return "the list changed" if same_date else f"the list changed (last checked {dates[0]} -> {dates[1]})"


def _about(device: DeviceRecord, field: str) -> dict[tuple[str, str, tuple[tuple[str, str], ...]], EvidenceRecord]:
    """The evidence that an answer rests on, told apart by what it says and not by ids, which every scan gives anew."""
    wanted = _ANSWERS.get(field, _JUDGED)
    found = {}
    for e in device.evidence:
        said = tuple(sorted((k, v) for k, v in e.says.items() if k in wanted))
        if said:
            found[e.signature, str(e.strength), said] = e
    return found


def _evidence_change(old: DeviceRecord, new: DeviceRecord, field: str) -> str:
    """Which evidence about an answer came and went; "" where it is the same."""
    was, now = _about(old, field), _about(new, field)
    went = sorted({key[0] for key in was if key not in now})
    came = sorted({key[0] for key in now if key not in was})
    other = [id for id in came if id in went]
    parts = (
        ("says something else", other),
        ("seen now", [id for id in came if id not in other]),
        ("not seen any more", [id for id in went if id not in other]),
    )
    return "; ".join(f"{what}: {_few(ids)}" for what, ids in parts if ids)


def _few(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _MOST_NAMED} more" if len(ids) > _MOST_NAMED else ""
    return ", ".join(ids[:_MOST_NAMED]) + more


def _same_reader(old: DeviceRecord, new: DeviceRecord) -> str:
    """The signature that read both versions, in one form: a changed signature would hardly have moved a number.

    "" where another one read it, or the text around the numbers differs.
    """
    if firmware_direction(old, new) is None or _around(old.firmware or "") != _around(new.firmware or ""):
        return ""
    both = [{e.signature for e in r.evidence if e.says.get("firmware") == r.firmware} for r in (old, new)]
    return min(both[0] & both[1], default="")


def _only_doubt(d: _Difference) -> bool:
    """Whether the two outcomes may differ in nothing but how sure the maker is."""
    return {d.old, d.new} != {Outcome.LISTED, Outcome.NOT_LISTED}


def _judged_alike(old: DeviceRecord, new: DeviceRecord, *, sure: bool = True) -> bool:
    """Whether all answers are the same that a list can ask about; with `sure`, how sure they are too."""
    return _first_answer(old, new, sure=sure) == ""


def _first_answer(old: DeviceRecord, new: DeviceRecord, *, sure: bool = True) -> str:
    for field in ("manufacturer", "brand", "model", "is_cctv", "device_type"):
        if compared(old, field) != compared(new, field):
            return WORDS[field]
    if sure and _sureness(old) != _sureness(new):
        return "how sure its maker is"
    if {c.id for c in old.capabilities} != {c.id for c in new.capabilities}:
        return "what it can do"
    return "its firmware's date" if old.firmware_date != new.firmware_date else ""


def _sureness(device: DeviceRecord) -> tuple[float | None, float | None]:
    return tuple(claim.confidence if claim else None for claim in (device.manufacturer, device.brand))  # type: ignore[return-value]


def _plain_alike(old: DeviceRecord, new: DeviceRecord) -> bool:
    """Whether what a device shows of itself without any signature is the same."""
    return (old.mac, old.hostnames, old.services) == (new.mac, new.hostnames, new.services)


WORDS = {
    "address": "address", "addresses": "addresses", "mac": "MAC", "is_cctv": "CCTV or not", "device_type": "type",
    "manufacturer": "maker", "brand": "brand", "model": "model", "firmware": "firmware", "serial": "serial number",
    "verdict": "list",
}  # fmt: skip


def _outcomes(device: DeviceRecord) -> dict[str, Outcome]:
    return {v.list: v.outcome for v in device.verdicts}


def _joined(addresses: Sequence[str]) -> str | None:
    return ", ".join(addresses) or None


def firmware_direction(old: DeviceRecord, new: DeviceRecord) -> Direction | None:
    """Whether firmware went up or down; None where that can't be said: other build dates decide, then the numbers.

    Numbers are compared only where the text around them is the same, so "V5.7.1" and "5.7.3 build 220412" are not.
    """
    a, b = (old.firmware_date, old.firmware), (new.firmware_date, new.firmware)
    if a[1] is None or b[1] is None:
        return None
    if a[0] and b[0] and a[0] != b[0]:
        return Direction.UP if a[0] < b[0] else Direction.DOWN
    one, other = ([int(n[:18]) for n in _NUMBERS.findall(text)] for text in (a[1], b[1]))
    if not one or one == other or _around(a[1]) != _around(b[1]):
        return None
    return Direction.UP if one < other else Direction.DOWN


def _around(text: str) -> str:
    """A version's text with a mark in the place of its numbers."""
    return re.sub(r"\d+(?:[.\d]*\d)?", "#", text).strip().casefold()
