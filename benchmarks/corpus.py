"""How well `netcam identify` reads labelled observations of real devices.

    python benchmarks/corpus.py [--corpus FOLDER] [--misses]

Prints, over every *.jsonl of the folder: vendor right among the positives in which a vendor may fairly be asked for
(not marked weak, ambiguous or generic), maker right where it differs from the badge, model and firmware right where
the value contains them, negatives called CCTV, and devices called `listed` whose maker no list names. Each line of the
corpus counts once; lines of one device are judged together.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netcam.knowledge import Knowledge
from netcam.model.report import DeviceRecord, Outcome
from netcam.pipeline import identify

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "corpus"


def same(a: str | None, b: str | None) -> bool:
    """Two spellings of one name, model or version: case, spaces and punctuation don't count."""
    squeeze = lambda t: re.sub(r"[\W_]+", "", (t or "").casefold())  # noqa: E731
    return squeeze(a) == squeeze(b)


def vendor_right(truth: dict[str, Any], device: DeviceRecord, knowledge: Knowledge) -> bool:
    names = {
        spelling
        for claim in (device.brand, device.manufacturer)
        if claim
        for spelling in knowledge.signatures.named(claim.id)
    }
    return any(same(truth["vendor"], n) for n in names)


def maker_right(truth: dict[str, Any], device: DeviceRecord, knowledge: Knowledge) -> bool:
    claim = device.manufacturer
    return claim is not None and any(same(truth["manufacturer"], n) for n in knowledge.signatures.named(claim.id))


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of one corpus: counts ("vendor right", "vendor asked", ...), and one line for each miss."""

    count: Counter[str]
    misses: tuple[str, ...]
    unread: tuple[str, ...]
    observations: int
    devices: int


def measure(folder: Path, knowledge: Knowledge) -> Measured | None:
    """Hold every *.jsonl of the folder against its truth; None where there is none."""
    paths = sorted(folder.glob("*.jsonl"))
    if not paths:
        return None
    lines = [line for path in paths for line in path.read_text("utf-8").splitlines() if line.strip()]
    items = {item["id"]: item for item in map(json.loads, lines)}
    found, bad = identify(lines, knowledge)
    count: Counter[str] = Counter()
    misses: list[str] = []
    listed = {e.vendor for p in knowledge.lists.values() for e in p.entry if e.vendor and not e.removed}
    for intake, device in found:
        for item in (items[i] for i in intake.ids):
            truth = dict.fromkeys(("vendor", "manufacturer", "model", "firmware")) | item["truth"]
            if note := judge_one(item, truth, device, knowledge, listed, count):
                want = "{vendor}/{manufacturer} {model} {firmware}".format(**truth)
                maker, brand = device.manufacturer and device.manufacturer.id, device.brand and device.brand.id
                misses.append(
                    f"{note:16} {item['id']:12} {item['kind']:16} {item['value'][:90]!r} want {want}: brand={brand} "
                    f"maker={maker} model={device.model} fw={device.firmware} type={device.device_type} "
                    f"cctv={device.is_cctv}"
                )
    return Measured(count, tuple(misses), tuple(f"line {b.number}: {b.reason}" for b in bad), len(lines), len(found))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=FOLDER)
    parser.add_argument("--misses", action="store_true", help="print each line that was not read right")
    options = parser.parse_args()
    knowledge = Knowledge.load()
    measured = measure(options.corpus, knowledge)
    if measured is None:
        print(f"no corpus in {options.corpus}: nothing measured", file=sys.stderr)
        return 2
    for line in measured.unread:
        print(line, file=sys.stderr)
    if options.misses:
        print("\n".join(measured.misses))
    count = measured.count
    digest = knowledge.signatures.digest[:19]
    print(f"{measured.observations} observations, {measured.devices} devices, signatures {digest}")
    for name, key in (
        ("vendor right, fair positives", "vendor"),
        ("maker right where it differs", "maker"),
        ("model right where the value has it", "model"),
        ("firmware right where the value has it", "firmware"),
        ("called CCTV, all positives", "cctv"),
    ):
        right, of = count[f"{key} right"], count[f"{key} asked"]
        print(f"{name:40} {right:4} of {of:4}  {100 * right / max(of, 1):5.1f} %")
    print(f"{'negatives called CCTV':40} {count['false cctv']:4} of {count['negatives']:4}")
    print(f"{'false listed':40} {count['false listed']:4}")
    return 0


def judge_one(
    item: dict[str, Any],
    truth: dict[str, Any],
    device: DeviceRecord,
    knowledge: Knowledge,
    listed: set[str],
    count: Counter[str],
) -> str:
    note = ""
    wrongly = any(v.outcome is Outcome.LISTED for v in device.verdicts)
    true_maker = knowledge.signatures.names.get(re.sub(r"[\W_]+", "", (truth["manufacturer"] or "").casefold()))
    family = {true_maker, *knowledge.signatures.parents(true_maker or "")}
    if wrongly and not (family & listed):
        count["false listed"] += 1
        note = "FALSE LISTED"
    if not truth["is_cctv"]:
        count["negatives"] += 1
        if device.is_cctv:
            count["false cctv"] += 1
            note = "FALSE CCTV"
        return note
    count["cctv asked"] += 1
    count["cctv right"] += device.is_cctv is True
    fair = not (item.get("weak") or item.get("vendor_ambiguous") or item.get("generic"))
    if truth["vendor"] and fair:
        count["vendor asked"] += 1
        if vendor_right(truth, device, knowledge):
            count["vendor right"] += 1
        else:
            note = note or "vendor"
        if not same(truth["vendor"], truth["manufacturer"]) and truth["manufacturer"]:
            count["maker asked"] += 1
            if maker_right(truth, device, knowledge):
                count["maker right"] += 1
            else:
                note = note or "maker"
    for field in ("model", "firmware"):
        if truth[field] and re.sub(r"\W", "", truth[field]).casefold() in re.sub(r"\W", "", item["value"]).casefold():
            count[f"{field} asked"] += 1
            got = getattr(device, field)
            build = f"{got}build{(device.firmware_date or '').replace('-', '')[2:]}"
            if same(got, truth[field]) or (field == "firmware" and got and same(build, truth[field])):
                count[f"{field} right"] += 1
            else:
                note = note or field
    return note


if __name__ == "__main__":
    sys.exit(main())
