"""A short fuzz run over every codec there is; benchmarks/fuzz.py does the long one."""

import importlib.util
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "fuzz.py"


def test_every_codec_decodes_or_names_the_byte_for_any_input():
    spec = importlib.util.spec_from_file_location("fuzz", SCRIPT)
    fuzz = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fuzz)
    spent = fuzz.run(60_000, seed=7)
    assert len(spent) >= 15
    assert sum(count for count, _ in spent.values()) >= 60_000
