"""Which device of a later visit is which of an earlier one (contract, section 3), whatever address it has by now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from netcam.model import canonical_uuid, placeholder_serial
from netcam.model.report import DeviceRecord, MacSource, ObservationRecord, Report
from netcam.tracking.model import Marks, Sighted

MARKS_KEPT = 32  # UUIDs or certificates of one device; a device that shows more makes them up

Recorded = tuple[DeviceRecord, Marks]


def marks(record: DeviceRecord, observations: Iterable[ObservationRecord]) -> Marks:
    """What tells this device from others, of its record and of the observations that are its own.

    A serial number that many devices share from the factory is none.
    """
    uuids: set[str] = set()
    certificates: set[str] = set()
    for seen in observations:
        if seen.kind.endswith(".uuid") and (uuid := canonical_uuid(seen.value)):
            uuids.add(uuid)
        elif seen.kind == "tls.fingerprint" and seen.value.strip():
            certificates.add(seen.value.strip().lower())
    serial = record.serial.strip().upper() if record.serial else ""
    return Marks(
        serial=serial if serial and not placeholder_serial(serial) else None,
        mac=record.mac,
        measured=record.mac is not None and record.mac_source is MacSource.MEASURED,
        uuids=frozenset(sorted(uuids)[:MARKS_KEPT]),
        certificates=frozenset(sorted(certificates)[:MARKS_KEPT]),
        addresses=record.addresses,
    )


def marked(report: Report) -> tuple[Recorded, ...]:
    """The devices of a report with their marks, in the report's order.

    An observation belongs to the one device at its address. Where several or none have that address, as in what others
    collected, it belongs to the device whose evidence rests on it.
    """
    owner: dict[str, int | None] = {}  # address -> device; None: more than one
    for number, device in enumerate(report.devices):
        for address in device.addresses:
            owner[address] = None if address in owner else number
    spoken: dict[str, int] = {}
    if None in owner.values() or not all(device.addresses for device in report.devices):
        spoken = {e.observation: n for n, device in enumerate(report.devices) for e in device.evidence}
    own: defaultdict[int, list[ObservationRecord]] = defaultdict(list)
    for seen in report.observations:
        if seen.kind != "tls.fingerprint" and not seen.kind.endswith(".uuid"):
            continue
        found = owner.get(seen.ip) if seen.ip is not None else None
        if found is None:
            found = spoken.get(seen.id)
        if found is not None:
            own[found].append(seen)
    return tuple((device, marks(device, own[number])) for number, device in enumerate(report.devices))


def pair(old: Sequence[Sighted], new: Sequence[Recorded]) -> tuple[str | None, ...]:
    """For each new record, the key of the old device that it is; None where it is none of them.

    Marks are asked in the contract's order: serial number, measured MAC, any MAC, discovery UUID, certificate, address.
    A mark that two devices show at one visit tells neither; the weaker ones then decide. A serial number overrules
    the MAC (a camera moved from wire to Wi-Fi), a MAC pairs nothing whose serial numbers differ, and an address nothing
    whose serial numbers or MACs differ, nor what has become another maker's other model. Each old device is at most
    one new record, and the order of either side changes nothing.
    """
    made = _Pairs(old, new)
    made.by(lambda m: (m.serial,) if m.serial else (), lambda one, other: False)
    made.by(lambda m: (m.mac,) if m.mac and m.measured else (), _other_serial)
    made.by(lambda m: (m.mac,) if m.mac else (), _other_serial)
    made.by(lambda m: m.uuids, _other_unit)
    made.by(lambda m: m.certificates, lambda one, other: _other_unit(one, other) or _other_model(one[0], other[0]))
    made.by(lambda m: m.addresses, _replaced)
    return tuple(made.found)


class _Pairs:
    """Old devices and new records that are still alone, and those found to be one."""

    def __init__(self, old: Sequence[Sighted], new: Sequence[Recorded]) -> None:
        self.old, self.new = old, new
        self.found: list[str | None] = [None] * len(new)
        self.taken: set[int] = set()

    def by(self, marks_of: Callable[[Marks], Iterable[str]], apart: Callable[[Recorded, Recorded], bool]) -> None:
        """Pair what shares a mark that nothing else at either visit has, unless something keeps the two apart."""
        olds = _index(marks_of(device.marks) for device in self.old)
        news = _index(marks_of(m) for _, m in self.new)
        shared: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
        for value, one in olds.items():
            other = news.get(value)
            if one is None or other is None or one in self.taken or self.found[other] is not None:
                continue
            shared[one, other].append(value)
        # The more they share the sooner; of equals always the same first, in whatever order devices come.
        for (one, other), _ in sorted(shared.items(), key=lambda item: (-len(item[1]), min(item[1]))):
            if one in self.taken or self.found[other] is not None:
                continue
            before = self.old[one]
            if not apart((before.record, before.marks), self.new[other]):
                self.taken.add(one)
                self.found[other] = before.key


def _index(all: Iterable[Iterable[str]]) -> dict[str, int | None]:
    """Mark -> the one device that shows it; None where several do."""
    index: dict[str, int | None] = {}
    for number, values in enumerate(all):
        for value in set(values):
            index[value] = None if value in index else number
    return index


def _other_serial(one: Recorded, other: Recorded) -> bool:
    a, b = one[1].serial, other[1].serial
    return a is not None and b is not None and a not in b and b not in a  # some protocols put the model before it


def _other_unit(one: Recorded, other: Recorded) -> bool:
    a, b = one[1].mac, other[1].mac
    return _other_serial(one, other) or (a is not None and b is not None and a != b)


def _other_model(one: DeviceRecord, other: DeviceRecord) -> bool:
    return bool(one.model and other.model) and (one.model or "").casefold() != (other.model or "").casefold()


def _other_maker(one: DeviceRecord, other: DeviceRecord) -> bool:
    return bool(one.manufacturer and other.manufacturer and one.manufacturer.id != other.manufacturer.id)


def _replaced(one: Recorded, other: Recorded) -> bool:
    """Whether the device at an address has become another one.

    Other UUIDs alone don't say so: a device has one for each protocol, and not every scan hears all of them.
    """
    (before, a), (after, b) = one, other
    if _other_unit(one, other):
        return True
    differs = _other_model(before, after), _other_maker(before, after)
    return all(differs) or (any(differs) and bool(a.uuids and b.uuids) and a.uuids.isdisjoint(b.uuids))
