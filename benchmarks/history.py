"""A year of nightly scans in the history: how large it gets, how long a save and the questions take.

    python benchmarks/history.py [--stores 35] [--nights 365] [--devices 60] [--db PATH|URL]

The devices are those of the demo store, scanned once, each with a serial number and MAC of its own in every store; so
records have their true size. Night by night, by a clock of the simulation's own: one device in a hundred gets another
address, one in a hundred is silent, one in five hundred new firmware, one in a thousand is replaced; confidences move,
evidence is numbered anew, lists are checked every month and signatures change. What the simulation did is counted, and
what the history tells is held to it.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from netcam.cli.store import scan_store  # noqa: E402
from netcam.history.store import History  # noqa: E402
from netcam.knowledge import Knowledge  # noqa: E402
from netcam.model.report import DeviceRecord, MacSource, Report  # noqa: E402
from netcam.tracking.lives import turns  # noqa: E402

FIRST = datetime(2026, 1, 1, 2, tzinfo=UTC)


@dataclass
class Unit:
    """One box: what it is, where it is, and what the simulation did to it."""

    number: int
    record: DeviceRecord
    address: int
    firmware: int = 0
    shown: list[tuple[int, int]] = field(default_factory=list)  # (address, firmware) at each visit that saw it


class Store:
    """The boxes of one store, and those it had."""

    def __init__(self, site: str, templates: list[DeviceRecord], size: int, chance: random.Random) -> None:
        self.site, self.templates, self.chance = site, templates, chance
        self.free = [*range(10, 250)]
        self.made = 0
        self.units = [self.new() for _ in range(size)]
        self.gone: list[Unit] = []

    def new(self) -> Unit:
        self.made += 1
        template = self.templates[self.made % len(self.templates)]
        return Unit(number=self.made, record=template, address=self.free.pop(self.chance.randrange(len(self.free))))

    def night(self) -> None:
        for n, unit in enumerate(self.units):
            if self.chance.random() < 0.01:
                self.free.append(unit.address)
                unit.address = self.free.pop(self.chance.randrange(len(self.free)))
            if self.chance.random() < 0.002:
                unit.firmware += 1
            if self.chance.random() < 0.001:
                self.gone.append(unit)
                self.free.append(unit.address)
                self.units[n] = self.new()

    def report(self, model: Report, number: int) -> Report:
        """What a scan in that night finds."""
        at = FIRST + timedelta(days=number)
        first = 0
        devices = []
        for unit in self.units:
            if self.chance.random() < 0.01:
                continue
            devices.append(shown(unit, self.site, first, self.chance))
            first += len(unit.record.evidence)
            unit.shown.append((unit.address, unit.firmware))
        month = f"{at:%Y-%m}-01"
        versions = replace(
            model.scan.versions, signatures=f"sha256:{month}", lists=dict.fromkeys(model.scan.versions.lists, month)
        )
        scan = replace(
            model.scan, id=f"{self.site}-{number}", site=self.site, started_at=f"{at:%Y-%m-%dT%H:%M:%S}.000Z",
            ended_at=f"{at + timedelta(minutes=6):%Y-%m-%dT%H:%M:%S}.000Z", versions=versions,
        )  # fmt: skip
        return replace(model, scan=scan, devices=tuple(devices), observations=(), runs=())


def shown(unit: Unit, site: str, first: int, chance: random.Random) -> DeviceRecord:
    """A unit's record in one night: its own marks, evidence numbered from `first`, confidences a little off."""
    d, ip = unit.record, f"10.0.0.{unit.address}"
    own = hashlib.sha256(f"{site} {unit.number}".encode()).hexdigest()
    mac = f"02:{own[0:2]}:{own[2:4]}:{own[4:6]}:{own[6:8]}:{own[8:10]}"
    names = {e.id: f"e{first + n}" for n, e in enumerate(d.evidence, 1)}
    off = chance.random() / 100
    return replace(
        d, id=own[:16], ip=ip, addresses=(ip,), mac=mac, mac_source=MacSource.MEASURED, serial=own[:14].upper(),
        firmware=f"V{unit.firmware + 1}.0", confidence=round(d.confidence - off, 4),
        evidence=tuple(replace(e, id=names[e.id], observation=f"o{first + n}") for n, e in enumerate(d.evidence)),
        capabilities=tuple(replace(c, because=tuple(names[b] for b in c.because)) for c in d.capabilities),
        verdicts=tuple(replace(v, because=tuple(names[b] for b in v.because)) for v in d.verdicts),
        advisories=tuple(replace(a, because=tuple(names[b] for b in a.because if b in names)) for a in d.advisories),
        conflicts=(),
    )  # fmt: skip


def timed(what: str, began: float) -> None:
    print(f"{what}: {time.perf_counter() - began:.2f} s", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stores", type=int, default=35)
    parser.add_argument("--nights", type=int, default=365)
    parser.add_argument("--devices", type=int, default=60)
    parser.add_argument("--db")
    options = parser.parse_args()
    model = asyncio.run(scan_store(Knowledge.load(), quiet=True))
    templates = [d for d in model.devices if d.is_cctv]
    chance = random.Random(5)
    stores = [Store(f"store-{n:02d}", templates, options.devices, chance) for n in range(1, options.stores + 1)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.sqlite"
        with History.open(options.db or str(path)) as history:
            saving = 0.0
            began = time.perf_counter()
            for number in range(options.nights):
                for store in stores:
                    store.night()
                    report = store.report(model, number)
                    at = time.perf_counter()
                    history.save(report)
                    saving += time.perf_counter() - at
                if number % 50 == 49:
                    print(f"night {number + 1}, {time.perf_counter() - began:.0f} s", flush=True)
            count = options.nights * len(stores)
            print(f"{count} visits of {options.devices} devices: {1000 * saving / count:.1f} ms a save")
            at = time.perf_counter()
            wrong = sum(differences(history, store) for store in stores)
            timed(f"lives of all devices, held to the simulation ({wrong} differences)", at)
            at = time.perf_counter()
            last = f"{stores[0].site}-{options.nights - 1}"
            for visit in (last, f"{stores[0].site}-{max(0, options.nights - 2)}"):
                history.sighted(visit)
            timed("the devices of two visits, as a comparison reads them", at)
            at = time.perf_counter()
            print(f"{sum(1 for _ in history.runs())} visits listed")
            timed("all visits", at)
            at = time.perf_counter()
            print(f"{len(history.check())} problems")
            timed("check", at)
        if not options.db:
            print(f"database: {path.stat().st_size / 1e6:.1f} MB")
    return 1 if wrong else 0


def differences(history: History, store: Store) -> int:
    """How many devices of a store the history tells otherwise than they were."""
    told: dict[str | None, tuple[int, int, str | None]] = {}
    for life in history.lives(store.site):
        moved = [t for t in turns(life) if t.what == "address"]
        updated = [t for t in turns(life) if t.what == "firmware"]
        told[life.states[0].record.serial] = (len(moved), len(updated), life.states[-1].record.ip)
    was: dict[str | None, tuple[int, int, str | None]] = {}
    for unit in (*store.units, *store.gone):
        if not unit.shown:
            continue
        serial = hashlib.sha256(f"{store.site} {unit.number}".encode()).hexdigest()[:14].upper()
        pairs = list(zip(unit.shown, unit.shown[1:], strict=False))
        moves, updates = (sum(a[n] != b[n] for a, b in pairs) for n in (0, 1))
        was[serial] = (moves, updates, f"10.0.0.{unit.shown[-1][0]}")
    return len(told.keys() ^ was.keys()) + sum(told[serial] != was[serial] for serial in told.keys() & was.keys())


if __name__ == "__main__":
    raise SystemExit(main())
