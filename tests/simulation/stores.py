"""A simulated year: stores that are scanned every night while their cameras are replaced, with books of its own.

Everything is invented and drawn from one seed. `Simulation.night()` gives the reports of one night; what the books say
afterwards was noted down as it happened, and nothing of netcam's comparing, storing or counting is used for it. Each
device carries its number as host name, so that a stored device can be held against the books.

What happens: cameras are replaced (at the same address, or at another one), removed for good, or added; addresses move;
firmware goes up, seldom down; a device misses a scan; nights are missed; scans end early, leave a network out, or run
with a probe switched off; a list takes a maker in and lets another go; a signature learns to tell a maker; some stores
have a network that is scanned only later.

Every fourth store is scanned through a router, so no MAC is known there: cameras show a serial number or a UUID. A
camera of one of these kinds that stands where one of the other kind stood is another one only if its maker and model
say so, and that is what is simulated there.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from netcam.model.identity import Strength
from netcam.model.report import (
    SCHEMA,
    Basis,
    Citation,
    CoverageRecord,
    DeviceRecord,
    EvidenceRecord,
    MacSource,
    NamedClaim,
    ObservationRecord,
    Outcome,
    Report,
    ScanRecord,
    ScopeRecord,
    ServiceRecord,
    Traffic,
    VerdictRecord,
    Versions,
)
from netcam.model.runs import CoverageStatus

LIST, OTHER_LIST = "ex-procurement", "ex-export"
CONFIRM = 2
QUARANTINE = 45  # nights before a freed address is given to anybody but a replacement
MAKERS = {
    "northlight": "Northlight Optics Manufacturing", "tidewater": "Tidewater Imaging", "lowfell": "Lowfell Vision",
    "harrow": "Harrow Cameras", "brightmere": "Brightmere Systems",
}  # fmt: skip
OLD_MAKERS = ("northlight", "tidewater", "lowfell", "mystery")
NEW_MAKERS = ("harrow", "brightmere")
FULL, HALF, PARTIAL, DEAF = "full", "half", "partial", "deaf"


@dataclass(slots=True)
class Device:
    """One box. `maker` "mystery" is a camera whose maker only a later signature tells."""

    number: int
    maker: str | None
    model: str
    marks: str  # serial | serial+mac | mac | uuid | address
    net: int
    address: str
    firmware: list[int]
    hidden: bool = False  # in a network that isn't scanned yet
    # The books, as the scans told them.
    first: Visit | None = None
    last: Visit | None = None
    shown: DeviceRecord | None = None
    misses: list[Visit] = field(default_factory=list)  # scans that looked for it in vain, since `last`
    firmwares: int = 0  # changes that scans told
    moves: int = 0
    replacement: int | None = None
    spans: list[list[str | None]] = field(default_factory=list)  # listed: from, until, how it came and went
    seen: int = 0

    @property
    def camera(self) -> bool:
        return self.maker is not None


@dataclass(frozen=True, slots=True)
class Visit:
    """One scan as the books have it."""

    id: str
    night: int
    kind: str
    at: str
    knowledge: int
    nets: int  # how many networks its scope had
    found: frozenset[int]
    records: dict[int, DeviceRecord]


@dataclass(slots=True)
class Store:
    number: int
    nets: list[str]
    devices: dict[int, Device] = field(default_factory=dict)
    away: dict[int, Device] = field(default_factory=dict)
    visits: list[Visit] = field(default_factory=list)
    freed: dict[str, int] = field(default_factory=dict)
    settled: bool = True  # a full scan has been since the crew was there
    extra_from: int | None = None

    @property
    def routed(self) -> bool:
        return self.number % 4 == 3

    @property
    def site(self) -> str:
        return f"store-{self.number:02}"


class Simulation:
    """`stores` stores of `size` devices, from one seed."""

    def __init__(self, *, stores: int, size: int, nights: int, seed: int = 5, start: date = date(2025, 1, 1)) -> None:
        self.random = random.Random(seed)
        self.nights, self.start, self.size = nights, start, size
        self.count = 0
        # (night from which, what): the same sort of change at the same share of any length of time.
        self.list_takes_in, self.list_lets_go = nights * 3 // 10, nights * 7 // 10
        self.signature_learns = nights // 2
        self.stores = [self._store(n) for n in range(stores)]
        self.changed: Counter[str] = Counter()

    # -- the world -----------------------------------------------------------------------------------------------------

    def _store(self, number: int) -> Store:
        store = Store(number, [f"10.{number}.0.0/25", f"10.{number}.0.128/25"])
        for n in range(self.size):
            self._add(store, net=n % 2, camera=n % 3 != 2)
        if number % 3 == 1:
            store.extra_from = self.nights * 2 // 5
            store.nets.append(f"10.{number}.1.0/28")
            for _ in range(3):
                self._add(store, net=2, camera=True, hidden=True)
        return store

    def _add(self, store: Store, *, net: int, camera: bool, maker: str | None = None, address: str = "",
             hidden: bool = False) -> Device:  # fmt: skip
        self.count += 1
        number, draw = self.count, self.random
        made = (maker or draw.choice(OLD_MAKERS[: 3 if store.routed else 4])) if camera else None
        # What can't be told apart but by its address stays where it is, for as long as there are scans.
        kinds = ("serial", "uuid") if store.routed else ("serial+mac", "serial+mac", "mac")
        marks = draw.choice(kinds if camera else ("address",) if store.routed else ("mac", "address"))
        device = Device(
            number=number, maker=made, model=f"{made or 'till'}-{draw.randint(1, 4)}", marks=marks, net=net,
            address=address or self._free(store, net), firmware=[draw.randint(1, 5), draw.randint(0, 9)],
            hidden=hidden,
        )  # fmt: skip
        store.devices[number] = device
        return device

    def _free(self, store: Store, net: int) -> str:
        base, first, last = ((f"10.{store.number}.0", 1, 126), (f"10.{store.number}.0", 129, 254),
                             (f"10.{store.number}.1", 1, 14))[net]  # fmt: skip
        used = {d.address for d in store.devices.values()} | store.freed.keys()
        free = [ip for n in range(first, last + 1) if (ip := f"{base}.{n}") not in used]
        return self.random.choice(free)

    def _happen(self, store: Store, night: int) -> None:
        """One night's changes in one store."""
        draw = self.random
        store.freed = {ip: at for ip, at in store.freed.items() if night - at < QUARANTINE}
        for device in list(store.devices.values()):
            if device.hidden:
                continue
            if device.marks != "address" and device.net < 2 and draw.random() < 0.002:
                store.freed[device.address] = night
                device.address = self._free(store, device.net)
                self.changed["moved"] += 1
            if device.camera and draw.random() < 0.004:
                device.firmware[1] += -1 if draw.random() < 0.1 and device.firmware[1] > 0 else 1
                self.changed["firmware"] += 1
        # A crew comes only once the last one's work was seen by a full scan: else nobody could say what replaced what.
        if not store.settled or draw.random() > 0.12:
            return
        # It takes none that the last scans missed: what goes was there when the last crew's work was seen.
        old = [d for d in store.devices.values() if d.maker in OLD_MAKERS and d.last and not d.misses]
        what = draw.choices(("swap", "swap-elsewhere", "remove", "add", "add-listed"), (60, 12, 10, 5, 4))[0]
        store.settled = False
        if what.startswith("add"):
            maker = draw.choice(("northlight", "tidewater")) if what == "add-listed" else draw.choice(NEW_MAKERS)
            self._add(store, net=draw.randint(0, 1), camera=True, maker=maker)
        elif old:
            gone = draw.choice(old)
            del store.devices[gone.number]
            store.away[gone.number] = gone
            store.freed[gone.address] = night
            if what != "remove":
                # Now and then the new one is by a listed maker again.
                maker = "tidewater" if draw.random() < 0.08 and not store.routed else draw.choice(NEW_MAKERS)
                address = gone.address if what == "swap" else ""
                new = self._add(store, net=gone.net if address else draw.randint(0, 1), camera=True, maker=maker,
                                address=address)  # fmt: skip
                gone.replacement = new.number
        self.changed[what] += 1

    # -- the scans -----------------------------------------------------------------------------------------------------

    def when(self, night: int) -> datetime:
        return datetime.combine(self.start, datetime.min.time()) + timedelta(days=night, hours=2)

    def knowledge(self, night: int) -> int:
        return sum(night >= at for at in (self.list_takes_in, self.signature_learns, self.list_lets_go))

    def night(self, night: int) -> list[Report]:
        """What happens, and then the reports of the scans."""
        reports = []
        for store in self.stores:
            if night:
                self._happen(store, night)
            if store.extra_from == night:
                for device in store.devices.values():
                    device.hidden = False
            if night and self.random.random() < 0.04:
                continue  # the computer was off
            kind = self.random.choices((FULL, HALF, PARTIAL, DEAF), (90, 4, 4, 2))[0] if night else FULL
            reports.append(self._scan(store, night, kind))
        return reports

    def _scan(self, store: Store, night: int, kind: str) -> Report:
        draw, level = self.random, self.knowledge(night)
        extended = store.extra_from is not None and night >= store.extra_from
        nets = store.nets[: 1 if kind == HALF else 3 if extended else 2]
        found = []
        for device in store.devices.values():
            looked = not device.hidden and device.net < len(nets)
            if kind == PARTIAL and draw.random() < 0.4:
                looked = False
            # A device restarts during a scan, but never during two that follow each other, nor when it is new.
            asleep = device.first is not None and not device.misses and draw.random() < 0.004
            if looked and not (asleep and kind != PARTIAL):
                found.append(device)
        records = {d.number: self._record(store, d, level) for d in found}
        visit = Visit(
            id=f"{store.site}-{night:03}", night=night, kind=kind, at=f"{self.when(night):%Y-%m-%dT%H:%M:%S}.000Z",
            knowledge=level, nets=len(nets), found=frozenset(records), records=records,
        )  # fmt: skip
        self._note(store, visit)
        return _report(store, visit, nets, found, self.when(night))

    def _record(self, store: Store, d: Device, level: int) -> DeviceRecord:
        maker = d.maker if d.maker != "mystery" else "northlight" if level >= 2 else None
        tail = f"{d.number >> 16 & 255:02x}:{d.number >> 8 & 255:02x}:{d.number & 255:02x}"
        mac = f"02:00:5e:{tail}" if d.marks in ("mac", "serial+mac") else None
        says = [{"manufacturer": maker}] if maker else []
        says += [{"cctv": "yes"}, {"model": d.model}] if d.camera else []
        says += [{"firmware": _firmware(d)}] if d.camera else []
        evidence = tuple(
            EvidenceRecord(id=f"e{n}", signature=f"{maker or 'any'}.http.{next(iter(s))}", observation=f"o{n}",
                           strength=Strength.STRONG, root=f"banner:{d.number}", says=s)
            for n, s in enumerate(says)
        )  # fmt: skip
        return DeviceRecord(
            id=f"{store.number:04x}{d.number:012x}", ip=d.address, addresses=(d.address,),
            mac=mac, mac_source=MacSource.MEASURED if mac else None,
            hostnames=(f"n{d.number}",), is_cctv=d.camera, device_type="camera" if d.camera else None, confidence=0.97,
            manufacturer=NamedClaim(id=maker, name=MAKERS[maker], confidence=0.98) if maker else None,
            model=d.model if d.camera else None, firmware=_firmware(d) if d.camera else None,
            serial=f"SN{d.number:06}" if d.marks.startswith("serial") else None,
            verdicts=tuple(_verdict(id, outcome(id, d, level)) for id in (OTHER_LIST, LIST)) if d.camera else (),
            services=(ServiceRecord(port=80, transport="tcp", protocol="http", tls=False),), evidence=evidence,
        )  # fmt: skip

    # -- the books -----------------------------------------------------------------------------------------------------

    def _note(self, store: Store, visit: Visit) -> None:
        store.visits.append(visit)
        if visit.kind == FULL:
            store.settled = True
        for number, record in visit.records.items():
            d = store.devices[number]
            d.seen += 1
            d.misses.clear()
            listed = Outcome.LISTED in {v.outcome for v in record.verdicts if v.list == LIST}
            was = bool(d.spans) and d.spans[-1][1] is None
            if listed and not was:
                how = "judged" if d.first else self._first_sight(store, d, visit)
                d.spans.append([visit.at, None, how, None])
            elif was and not listed:
                d.spans[-1][1], d.spans[-1][3] = visit.at, "no-longer-listed"
            if d.shown is not None:
                d.firmwares += d.shown.firmware != record.firmware
                d.moves += d.shown.ip != record.ip
            d.first, d.last, d.shown = d.first or visit, visit, record
        for d in (*store.devices.values(), *store.away.values()):
            if d.last and d.number not in visit.found and self.looked(d, d.last, visit):
                d.misses.append(visit)

    def _first_sight(self, store: Store, d: Device, visit: Visit) -> str:
        earlier = store.visits[:-1]
        if not earlier:
            return "first-visit"
        return "appeared" if any(self.looked(d, visit, before) for before in earlier) else "first-looked-at"

    @staticmethod
    def looked(d: Device, before: Visit, after: Visit) -> bool:
        """Whether `after` looked for a device as `before` did, which found it."""
        net = net_of(before.records[d.number].ip)
        if after.kind == PARTIAL or net >= after.nets:
            return False
        return after.kind != DEAF or before.kind == DEAF


def net_of(ip: str) -> int:
    third, fourth = (int(part) for part in ip.split(".")[2:])
    return 2 if third else int(fourth > 127)


def outcome(list_id: str, d: Device, level: int) -> Outcome:
    """What a list says of a maker, as known at a level."""
    maker = d.maker if d.maker != "mystery" else "northlight" if level >= 2 else None
    if maker is None:
        return Outcome.UNDETERMINED
    listed = {"northlight", "tidewater"} if list_id == LIST else {"northlight"}
    if list_id == LIST:
        listed |= {"lowfell"} if level >= 1 else set()
        listed -= {"tidewater"} if level >= 3 else set()
    return Outcome.LISTED if maker in listed else Outcome.NOT_LISTED


def versions(level: int) -> Versions:
    """The knowledge of a night: the list changes at levels 1 and 3, the signatures at level 2."""
    return Versions(
        netcam="0.1.0", signatures=f"sha256:s{int(level >= 2)}", oui="2025-01-01",
        lists={LIST: f"2025-0{1 + (level >= 1) + (level >= 3)}-01", OTHER_LIST: "2025-01-01"},
        list_digests={LIST: f"sha256:l{(level >= 1) + (level >= 3)}", OTHER_LIST: "sha256:o"},
    )  # fmt: skip


def _firmware(d: Device) -> str:
    return f"V{d.firmware[0]}.{d.firmware[1]}.0"


def _verdict(list_id: str, found: Outcome) -> VerdictRecord:
    listed = found is Outcome.LISTED
    return VerdictRecord(
        list=list_id, outcome=found, basis=Basis.NAMED if listed else None, entity=None,
        statement="made by a company named on an invented list" if listed else "", effect="procurement",
        citation=Citation(title="An invented list", url=f"https://law.example/{list_id}", section="1"),
        last_checked="2025-01-01", because=("e0",) if listed else (),
    )  # fmt: skip


def _report(store: Store, visit: Visit, nets: list[str], found: list[Device], at: datetime) -> Report:
    covered = [
        CoverageRecord(what=f"{net} on eth0: {how}", status=CoverageStatus.COVERED, why=why)
        for net in nets
        for how, why in (("multicast and broadcast", "asked by onvif, mdns"), ("hosts by ARP", ""))
        if not (visit.kind == DEAF and how == "hosts by ARP")
    ]
    if visit.kind == DEAF:
        covered.append(CoverageRecord(what="probe arp", status=CoverageStatus.NOT, why="switched off by the operator"))
    if visit.kind == PARTIAL and visit.night % 2:  # else a part was lost, which the report says in one word only
        covered.append(CoverageRecord(what="the whole scope", status=CoverageStatus.PARTLY, why="interrupted"))
    observations = tuple(
        ObservationRecord(id=f"o{n}", kind="onvif.uuid", value=f"00000000-0000-4000-8000-{d.number:012x}",
                          ip=d.address, port=3702, transport="udp", probe="onvif", seen_at=visit.at, root="")
        for n, d in enumerate(found) if d.marks == "uuid"
    )  # fmt: skip
    return Report(
        schema=SCHEMA,
        scan=ScanRecord(
            id=visit.id, site=store.site, started_at=visit.at,
            ended_at=f"{at + timedelta(minutes=4):%Y-%m-%dT%H:%M:%S}.000Z",
            complete=visit.kind != PARTIAL,
            scope=ScopeRecord(targets=tuple(nets), addresses=128 * min(2, len(nets)) + 16 * (len(nets) > 2)),
            versions=versions(visit.knowledge), traffic=Traffic(), coverage=tuple(covered),
        ),
        devices=tuple(visit.records[d.number] for d in found), observations=observations,
    )  # fmt: skip


# -- what the books say ------------------------------------------------------------------------------------------------


def everyone(store: Store) -> list[Device]:
    """All devices that a scan ever found."""
    return [d for d in (*store.devices.values(), *store.away.values()) if d.first]


def listed_spans(store: Store) -> list[tuple[Device, str, str | None, str, str]]:
    """(device, from, until, how it came, how it stands) for every stretch in which a device was listed."""
    out = []
    for d in everyone(store):
        for at, until, came, went in d.spans:
            standing = went or ("missing" if d.misses else "present")
            if until is None and len(d.misses) >= CONFIRM:
                until, standing = d.misses[0].at, "removed"
            out.append((d, at, until, came, standing))
    return out


def replaced_by(store: Store, d: Device) -> tuple[Device, str] | None:
    """What the scans could see in place of a removed device."""
    everybody = store.devices | store.away
    new = everybody.get(d.replacement) if d.replacement else None
    if new is None or new.first is None:
        return None
    # An address may move before a scan shows it; and at another one, only what comes with the scan that misses the old
    # device can be told to be in its place.
    if new.first.records[new.number].ip == d.shown.ip:
        return new, "same-address"
    return (new, "same-site") if new.first.at <= d.misses[0].at else None


def books(store: Store) -> dict[str, int]:
    """The counts of one store."""
    spans = listed_spans(store)
    removed = [d for d, _, _, _, standing in spans if standing == "removed"]
    came = Counter(how for _, _, _, how, _ in spans)
    stands = Counter(standing for *_, standing in spans)
    return {
        "baseline": came["first-visit"], "appeared": came["appeared"], "first_looked_at": came["first-looked-at"],
        "judged": came["judged"], "removed": len(removed), "unlisted": stands["no-longer-listed"],
        "replaced": sum(replaced_by(store, d) is not None for d in removed),
        "remaining": stands["present"] + stands["missing"], "missing": stands["missing"],
    }  # fmt: skip


def listed_at(stores: list[Store], at: str) -> int:
    """How many devices were listed at a moment."""
    return sum(
        since <= at and (until is None or at < until) for s in stores for _, since, until, _, _ in listed_spans(s)
    )


def differences(store: Store, old: Visit, new: Visit) -> dict[str, dict[int, object]]:
    """What differs between two visits of a store: status -> device -> changes as (field, list, old, new, how)."""
    everybody = store.devices | store.away
    found: dict[str, dict[int, object]] = {}
    for number in old.records.keys() | new.records.keys():
        d = everybody[number]
        if number not in new.records:
            status = "gone" if Simulation.looked(d, old, new) else "not-looked-at"
        elif number not in old.records:
            earlier = any(number in v.found for v in store.visits if v.night < old.night)
            status = "back" if earlier else "new" if Simulation.looked(d, new, old) else "first-looked-at"
        else:
            changes = _changes(d, old, new)
            if changes:
                found.setdefault("changed", {})[number] = changes
            continue
        found.setdefault(status, {})[number] = None
    return found


def newly_listed(store: Store, old: Visit, new: Visit) -> set[int]:
    """What the list names at `new` and did not name when it was seen last, up to `old`."""
    found = set()
    for number in new.records:
        before = [v for v in store.visits if v.night <= old.night and number in v.found]
        d = (store.devices | store.away)[number]
        was = bool(before) and outcome(LIST, d, before[-1].knowledge) is Outcome.LISTED
        if d.camera and outcome(LIST, d, new.knowledge) is Outcome.LISTED and not was:
            found.add(number)
    return found


def _changes(d: Device, old: Visit, new: Visit) -> list[tuple[str, str | None, str | None, str | None, str]]:
    was, now = old.records[d.number], new.records[d.number]
    # Where a signature learns and a device shows other evidence, nobody can say which of the two it was.
    signature = old.knowledge < 2 <= new.knowledge
    out: list[tuple[str, str | None, str | None, str | None, str]] = []
    if was.ip != now.ip:
        out.append(("address", None, was.ip, now.ip, "device"))
    if was.manufacturer != now.manufacturer:
        out.append(("manufacturer", None, None, MAKERS["northlight"], "unclear"))
    if was.firmware != now.firmware:
        cause = "unclear" if signature and d.maker == "mystery" else "device"
        out.append(("firmware", None, was.firmware, now.firmware, cause))
    for id in (OTHER_LIST, LIST):
        a, b = outcome(id, d, old.knowledge), outcome(id, d, new.knowledge)
        if d.camera and a != b:
            out.append(("verdict", id, str(a), str(b), "unclear" if d.maker == "mystery" else "knowledge"))
    return out
