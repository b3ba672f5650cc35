"""The pages on differences and programmes name every key, word and column that they are about."""

import re
from pathlib import Path

from scans import camera, report, scan

from netcam.programme.count import CONFIRM, REPLACED_DAYS, STALE_DAYS, Came, Place, Standing, programme
from netcam.programme.forecast import BLOCK, DRAWS, LEAST_BUSY, LEAST_REMOVED, LEAST_WEEKS, MOST_WEEKS
from netcam.programme.forms import document as programme_document
from netcam.programme.targets import load_targets
from netcam.tracking.diff import Cause, Direction, Status, compare
from netcam.tracking.diff_forms import document
from netcam.tracking.reports import Reports

DOCS = Path(__file__).resolve().parents[3] / "docs"


def words(page):
    return set(re.findall(r"[A-Za-z0-9_.-]+", " ".join(re.findall(r"`([^`\n]+)`", (DOCS / page).read_text("utf-8")))))


def keys(value):
    """Every key of a document; those of `outcomes` are ids of lists."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            if key != "outcomes":
                yield from keys(item)
    elif isinstance(value, list):
        for item in value:
            yield from keys(item)


def test_the_page_on_differences_names_every_key_and_word():
    made = document(compare(scan(1, camera(1), camera(2)), scan(2, camera(1, firmware="V6"), camera(3))))
    wanted = {*keys(made), *map(str, (*Status, *Cause, *Direction))}
    assert {"changes", "instead_of", "gone"} <= wanted
    assert wanted - words("diff.md") == set()


def test_the_page_on_programmes_names_every_key_and_word():
    new = camera(9, "192.0.2.1", maker="harrow", outcome="not-listed")
    nights = [report(1, camera(1)), *(report(day, new) for day in range(2, 20))]
    made = programme_document(programme(Reports(nights), now="2026-01-31T00:00:00Z"))
    wanted = {*keys(made), *map(str, (*Standing, *Came, *Place))}
    assert {"replaced_by", "weeks", "per_week"} <= wanted
    assert wanted - words("programme.md") == set()


def test_the_numbers_of_the_page_are_those_of_the_program():
    page = " ".join((DOCS / "programme.md").read_text("utf-8").split())
    for text in (
        f"`--confirm N` scans ({CONFIRM})", f"`--stale DAYS` ({STALE_DAYS})", f"within {REPLACED_DAYS} days",
        f"{DRAWS:,} drawn futures", f"Of the {MOST_WEEKS} last weeks",
        f"fewer than {LEAST_WEEKS} complete weeks, {LEAST_REMOVED} removals or {LEAST_BUSY} weeks with a removal",
        f"blocks of up to {['', 'one', 'two', 'three', 'four'][BLOCK]}",
    ):  # fmt: skip
        assert text in page, text


def test_the_targets_of_the_page_can_be_read(tmp_path):
    (block,) = re.findall(r"^```toml\n(.*?)^```", (DOCS / "programme.md").read_text("utf-8"), re.M | re.S)
    (tmp_path / "targets.toml").write_text(block)
    made = load_targets(tmp_path / "targets.toml")
    assert (made.programme.target, made.site[0].target) == (0, 2)
