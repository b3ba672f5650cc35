"""A fuzz run over every codec: each input decodes or raises DecodeError, and memory stays bounded.

    python benchmarks/fuzz.py [--inputs N] [--seed S]

Codecs are found, not listed: every public function `decode_*` of netcam.wire and netcam.probes.vendor that takes bytes
alone. Inputs are the captures of tests/captures and mutations of them: cut, bytes changed, pieces doubled, moved and
swapped between messages, lengths set to extremes, and noise. Prints inputs and seconds by codec, and the growth of the
process; exits 1 with the input in hex when a codec raises anything else.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import pkgutil
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import netcam.probes.vendor
import netcam.wire
from netcam.errors import DecodeError

CAPTURES = Path(__file__).resolve().parents[1] / "tests" / "captures"
LONGEST = 16384  # what the runner accepts of one datagram
EXTREMES = (b"\x00", b"\xff", b"\x7f", b"\x80", b"\xff\xff", bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff")


def codecs() -> dict[str, Callable[[bytes], object]]:
    """Every codec by its dotted name."""
    found: dict[str, Callable[[bytes], object]] = {}
    for package in (netcam.wire, netcam.probes.vendor):
        for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(info.name)
            for name, function in vars(module).items():
                if name.startswith("decode_") and inspect.isfunction(function) and function.__module__ == info.name:
                    needed = [p for p in inspect.signature(function).parameters.values() if p.default is p.empty]
                    if len(needed) == 1 and needed[0].annotation == "bytes":
                        found[f"{info.name}.{name}"] = function
    return found


def seeds(codec: str = "") -> list[bytes]:
    """The captures and a little of nothing; those of the codec's own protocol as often as all the others together."""
    paths = [p for p in sorted(CAPTURES.rglob("*")) if p.is_file() and p.suffix != ".md"]
    kept = [*(p.read_bytes() for p in paths), b"", b"\0", b"<a/>", b"{}"]
    protocol = codec.split(".")[-2].replace("_", "") if codec else ""
    own = [p.read_bytes() for p in paths if protocol and protocol in p.parent.name.replace("-", "").replace("_", "")]
    return kept + own * (len(kept) // max(1, len(own)))


def mutations(base: list[bytes], rng: random.Random) -> Iterator[bytes]:
    """Endless inputs made from the seeds."""
    while True:
        data = bytearray(rng.choice(base))
        for _ in range(rng.choice((0, 1, 1, 2, 3, 8))):
            at = rng.randrange(len(data) + 1)
            match rng.randrange(7):
                case 0:
                    del data[at:]
                case 1:
                    data[at : at + 1] = rng.randbytes(1)
                case 2:
                    data[at:at] = rng.randbytes(rng.randrange(1, 40))
                case 3:
                    data[at : at + 4] = rng.choice(EXTREMES)
                case 4:
                    piece = data[at : at + rng.randrange(1, 200)]
                    data[at:at] = piece * rng.choice((1, 2, 16))
                case 5:
                    other = rng.choice(base)
                    cut = rng.randrange(len(other) + 1)
                    data[at:] = other[cut:]
                case 6:
                    del data[at : at + rng.randrange(1, 20)]
            if len(data) > LONGEST:
                del data[LONGEST:]
        yield bytes(data)


def run(inputs: int, seed: int) -> dict[str, tuple[int, float]]:
    """(inputs, seconds) by codec.

    Raises:
        AssertionError: a codec raised something else; the text has the codec and the input.
    """
    found = codecs()
    rng = random.Random(seed)
    spent: dict[str, tuple[int, float]] = {}
    each = -(-inputs // len(found))
    for name, decode in sorted(found.items()):
        source = mutations(seeds(name), rng)
        began = time.perf_counter()
        for _ in range(each):
            data = next(source)
            try:
                decode(data)
            except DecodeError as error:
                if not 0 <= error.offset <= len(data):
                    raise AssertionError(f"{name}: offset {error.offset} of {len(data)} bytes: {data.hex()}") from error
            except Exception as error:
                raise AssertionError(f"{name}: {error!r}: {data.hex()}") from error
        spent[name] = each, time.perf_counter() - began
    return spent


def main() -> int:
    """Run, print, and say by the exit code whether every codec kept its word."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        spent = run(options.inputs, options.seed)
    except AssertionError as error:
        print(error, file=sys.stderr)
        return 1
    for name, (count, seconds) in spent.items():
        print(f"{name:60} {count:8} inputs {seconds:8.1f} s")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    print(f"{sum(c for c, _ in spent.values())} inputs, {len(spent)} codecs, process grew by {grown} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
