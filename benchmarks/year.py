"""A simulated year of nightly scans through history, diff and programme, held against the simulation's own books.

    python benchmarks/year.py [--stores 35] [--size 60] [--nights 365] [--seed 5] [--db FILE] [--diffs 700]

The simulation (tests/simulation/stores.py) makes the reports; nothing is scanned. Every life, every figure of the
programme and a sample of the differences between two visits in a row have to match the books, or this ends with the
difference. Printed: visits, seconds to save them, size of the database, seconds for lives, programme and one diff, and
for `netcam diff` and `netcam programme` as whole commands, with the start of Python.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "simulation")]

from held import check_diff, check_lives, check_programme  # noqa: E402
from stores import LIST, Simulation  # noqa: E402

from netcam.history.store import History  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stores", type=int, default=35)
    parser.add_argument("--size", type=int, default=60)
    parser.add_argument("--nights", type=int, default=365)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--diffs", type=int, default=700)
    parser.add_argument("--db", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.db or Path(folder) / "year.sqlite"
        if path.exists():
            print(f"{path} is there already", file=sys.stderr)
            return 2
        run(options, path)
    return 0


def run(options: argparse.Namespace, path: Path) -> None:
    simulation = Simulation(stores=options.stores, size=options.size, nights=options.nights, seed=options.seed)
    saved, took = 0, 0.0
    with History.open(str(path)) as past:
        for night in range(options.nights):
            reports = simulation.night(night)
            began = time.perf_counter()
            for report in reports:
                past.save(report)
            took += time.perf_counter() - began
            saved += len(reports)
    each = f"{1000 * took / saved:.0f} ms each"
    print(f"{saved} visits of {options.stores} stores saved in {took:.0f} s, {each}", flush=True)
    size = sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))
    print(f"database: {size / 1e6:.1f} MB", flush=True)
    print(f"happened: {dict(simulation.changed)}")
    with History.open(str(path), create=False) as past:
        began = time.perf_counter()
        lives = sum(check_lives(past, store) for store in simulation.stores)
        print(f"{lives} lives match, {time.perf_counter() - began:.1f} s", flush=True)
        began = time.perf_counter()
        made = check_programme(past, simulation)
        took = time.perf_counter() - began
        print(f"the programme matches, {took:.1f} s with the check; {made.total('removed')} removed")
        print(f"forecast: {made.forecast}", flush=True)
        pairs = [(store, n) for store in simulation.stores for n in range(len(store.visits) - 1)]
        chosen = random.Random(options.seed).sample(pairs, min(options.diffs, len(pairs)))
        times = []
        gc.collect()
        gc.freeze()  # the simulation's books fill a gigabyte, and one walk of the collector through them takes seconds
        for store, n in chosen:
            began = time.perf_counter()
            check_diff(past, store, n)
            times.append(time.perf_counter() - began)
        median, most = statistics.median(times), max(times)
        print(f"{len(chosen)} diffs match; {median:.3f} s each, {most:.3f} s at most, with the check", flush=True)
    page = ["programme", "--list", LIST, "-o", str(path.with_suffix(".html"))]
    for words in (["diff", "--site", "store-00"], page):
        began = time.perf_counter()
        command = [sys.executable, "-m", "netcam", *words, "--db", str(path)]
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        print(f"netcam {words[0]}: {time.perf_counter() - began:.2f} s")


if __name__ == "__main__":
    sys.exit(main())
