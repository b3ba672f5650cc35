"""How fast the engine is, with the whole knowledge base, on one core.

    python benchmarks/engine.py [--devices 4000] [--seed 1] [--profile] [--strict]

The devices are made of the signatures' own examples: each shows one to six short texts of one vendor, often a web
server that proves nothing, and every other one a MAC of a block that the vendor registered. Numbers in half of the
texts are drawn anew. Three streams: in the fleet, as large networks are, 500 kinds of devices come again and again with
MACs of their own; in the second each shows one text alone, as a port scan's lines do; in the third each device is drawn
by itself, and hardly two are alike. Timed is what `identify` does for a device once its observations are read: match,
fuse, judge against every list, make the record.

The peer in the same run is the plain way to do the first of these steps: every pattern of a kind tried in turn with the
standard library's `re`. Start-up is measured in processes of their own, with an empty cache (cold) and a filled one
(warm). Times are processor time of one core, so that a busy machine changes them little; `wall` stands beside it.

With --strict the exit code is 1 when a figure misses its goal.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import os
import pstats
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from ipaddress import ip_address

from netcam.discovery.grouping import Group, as_one
from netcam.engine.identify import identify
from netcam.engine.load import SignatureSet
from netcam.engine.match import EvidenceIds, match
from netcam.knowledge import Knowledge
from netcam.model import Endpoint, Numbering, Observation

GOALS = {"devices": 5000.0, "warm": 0.5, "memory": 150.0}  # devices/s, s, MB
SHORT = 200  # characters: headers, titles, names; pages are another matter
PORTS = {"http": 80, "rtsp": 554, "ftp": 21, "telnet": 23, "tls": 443, "ssh": 22, "favicon": 80}
START = """
import time
begun, wall = time.process_time(), time.perf_counter()
from netcam.knowledge import Knowledge
imported, wall_imported = time.process_time(), time.perf_counter()
known = Knowledge.load()
print(time.process_time() - imported, time.perf_counter() - wall_imported, imported - begun, wall_imported - wall)
"""


def devices(signatures: SignatureSet, count: int, seed: int, kinds: int = 0, most: int = 6) -> list[Group]:
    """`count` devices, always the same ones for one seed, of so many kinds; 0: each is drawn by itself.

    Each shows at most `most` texts of its vendor; with 1, nothing else besides.
    """
    draw = random.Random(seed)
    texts: dict[str, list[tuple[str, str]]] = {}
    for vendor_id, signature in signatures.signatures:
        for example in signature.example:
            if len(example.value) <= SHORT and signature.observes != "http.body":
                texts.setdefault(vendor_id, []).append((signature.observes, example.value))
    plain = [text for vendor_id, of in texts.items() if vendor_id.startswith("generic-") for text in of]
    vendors = sorted(v for v in texts if not v.startswith("generic-"))
    blocks: dict[str, list[str]] = {}
    for prefix, name in sorted(signatures.oui.blocks.items()):
        if (known := signatures.registrants.get(name)) is not None:
            blocks.setdefault(known[0], []).append(prefix)

    def kind_of_device() -> tuple[list[tuple[str, str]], str]:
        """(texts, MAC block or "")."""
        vendor_id = draw.choice(vendors)
        shown = draw.sample(texts[vendor_id], min(len(texts[vendor_id]), draw.randint(1, most)))
        if draw.random() < 0.3 and most > 1:
            shown.append(draw.choice(plain))
        shown = [
            (kind, re.sub(r"\d+(?=\D*$)", lambda m: f"{draw.randrange(10 ** len(m[0])):0{len(m[0])}}", value))
            if draw.random() < 0.5
            else (kind, value)
            for kind, value in shown
        ]
        return shown, draw.choice(blocks.get(vendor_id, [""])) if draw.random() < 0.5 and most > 1 else ""

    known = [kind_of_device() for _ in range(kinds)]
    made: list[Group] = []
    for number in range(count):
        shown, block = draw.choice(known) if known else kind_of_device()
        ip, numbering = ip_address(0x0A000000 + number), Numbering()
        seen = []
        for kind, value in (*shown, *([("mac", (block + f"{draw.getrandbits(24):06X}")[:12])] if block else [])):
            port = PORTS.get(kind.partition(".")[0])
            at = Endpoint(ip=ip, port=port, transport="tcp" if port else None)
            seen += numbering.observe(at, "benchmark", {kind: value})
        made.append(as_one(seen))
    return made


def timed(
    work: Callable[[], Callable[[Group], object]], groups: Sequence[Group], rounds: int = 3
) -> tuple[float, float]:
    """(devices per second of processor time, per second on the clock) of the best of some rounds.

    `work` gives what is timed, anew for each round: what one round learns must not serve the next.
    """
    best, best_wall = 0.0, 0.0
    for _ in range(rounds):
        fresh = work()
        begun, wall = time.process_time(), time.perf_counter()
        for group in groups:
            fresh(group)
        best = max(best, len(groups) / (time.process_time() - begun))
        best_wall = max(best_wall, len(groups) / (time.perf_counter() - wall))
    return best, best_wall


def plain_loop(signatures: SignatureSet) -> Callable[[Group], object]:
    """The peer: every pattern of the kind, one after the other."""
    by_kind: dict[str, list[re.Pattern[str]]] = {}
    for _, signature in signatures.signatures:
        by_kind.setdefault(signature.observes, []).append(re.compile(signature.pattern, re.ASCII))

    def work(group: Group) -> object:
        return [
            hit.groupdict()
            for seen in group.observations
            for pattern in by_kind.get(seen.kind, ())
            if (hit := pattern.search(seen.value))
        ]

    return work


def start(cache: str) -> tuple[float, float, float, float]:
    """Processor and clock seconds of Knowledge.load and of the imports before it, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", START], env=os.environ | {"XDG_CACHE_HOME": cache}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    load, wall, imports, imports_wall = map(float, done.stdout.split())
    return load, wall, imports, imports_wall


def peak_mb() -> float:
    """The most memory this process has held, in MB (Linux)."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--profile", action="store_true", help="say where the time goes")
    parser.add_argument("--strict", action="store_true", help="exit code 1 when a goal is missed")
    options = parser.parse_args()
    known = Knowledge.load()
    gc.freeze()  # as every command does
    signatures = known.signatures
    for group in devices(signatures, 500, options.seed):
        known.describe(group, EvidenceIds(), site=None)  # filters are compiled when their kind is first seen

    def forgetful() -> Knowledge:
        signatures.memo.clear()
        return Knowledge(signatures=signatures, lists=known.lists)

    def describe() -> Callable[[Group], object]:
        fresh = forgetful()
        return lambda g: fresh.describe(g, EvidenceIds(), site=None)

    def step(of: Callable[[SignatureSet, Sequence[Observation], EvidenceIds], object]) -> Callable[[Group], object]:
        forgetful()
        return lambda g: of(signatures, g.observations, EvidenceIds())

    rates: dict[str, float] = {}
    for stream, kinds, most in (("fleet", 500, 6), ("fleet, one text each", 500, 1), ("all different", 0, 6)):
        groups = devices(signatures, options.devices, options.seed, kinds, most)
        texts = sum(len(g.observations) for g in groups) / len(groups)
        print(f"{stream}: {len(groups)} devices, {texts:.1f} texts each, {len(signatures.signatures)} signatures")
        if options.profile:
            profile = cProfile.Profile()
            profile.runcall(lambda work, groups: [work(g) for g in groups], describe(), groups)
            pstats.Stats(profile).sort_stats("tottime").print_stats(25)
        peer, peer_wall = timed(lambda: plain_loop(signatures), groups)
        print(f"  {'plain re loop, match alone':34} {peer:9.0f} devices/s  (wall {peer_wall:.0f})")
        for name, work in (
            ("match", lambda: step(match)),
            ("match, fuse", lambda: step(identify)),
            ("match, fuse, judge, record", describe),
        ):
            rates[stream], wall = timed(work, groups)
            rate = rates[stream]
            print(f"  {name:34} {rate:9.0f} devices/s  (wall {wall:.0f}), {rate / peer:.2f} x the plain loop")
    memory = peak_mb()
    with tempfile.TemporaryDirectory() as cache:
        cold = start(cache)
        warm = min(start(cache) for _ in range(5))
    for name, (load, wall, imports, imports_wall) in (("cold", cold), ("warm", warm)):
        print(
            f"start-up, {name:26} {load:9.3f} s  (wall {wall:.3f}), "
            f"and {imports:.3f} s (wall {imports_wall:.3f}) of imports"
        )
    print(f"{'most memory held':36} {memory:9.0f} MB")
    missed = [
        name
        for name, ok in (
            ("devices", rates["fleet"] >= GOALS["devices"]),
            ("warm", warm[0] + warm[2] <= GOALS["warm"]),
            ("memory", memory <= GOALS["memory"]),
        )
        if not ok
    ]
    if missed:
        print("misses its goal: " + ", ".join(f"{name} ({GOALS[name]:g})" for name in missed))
    return 1 if missed and options.strict else 0


if __name__ == "__main__":
    sys.exit(main())
