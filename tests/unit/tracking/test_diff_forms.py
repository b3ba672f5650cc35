"""A difference as text, Markdown, CSV and JSON."""

import csv
import io
import json
from dataclasses import replace

import pytest
from scans import KNOWN, LIST, camera, scan

from netcam.model.report import NamedClaim
from netcam.tracking.diff import compare
from netcam.tracking.diff_forms import COLUMNS, counts, to_csv, to_json, to_markdown, to_text

EVIL = "=HYPERLINK(1)|\x1b[31m\u202e<script>alert(1)</script>*x*"


@pytest.fixture
def diff():
    old = scan(1, camera(1), camera(2), camera(3), camera(4, outcome="not-listed"), camera(6), camera(7))
    new = scan(
        2, camera(1, "192.0.2.101"), camera(2, firmware="V5.8.0"), camera(4), camera(5, "192.0.2.3"), camera(6),
        camera(7), versions=replace(KNOWN, list_digests={LIST: "sha256:m"}),
    )  # fmt: skip
    return compare(old, new)


def test_the_text_has_a_section_for_every_sort(diff):
    assert to_text(diff) == """\
store-7: 2026-01-01 02:00 UTC -> 2026-01-02 02:00 UTC
  note: ex-procurement: the list changed

New (1)
  192.0.2.3  camera  Northlight Optics  NL-220  listed: ex-procurement; in place of what was at 192.0.2.3

Gone (1)
  192.0.2.3  camera  Northlight Optics  NL-220  listed: ex-procurement

Moved to another address (1)
  192.0.2.101: 192.0.2.1 -> 192.0.2.101  camera  Northlight Optics  NL-220  listed: ex-procurement

Firmware (1)
  192.0.2.2: V5.7.1 -> V5.8.0 (up)  camera  Northlight Optics  NL-220  listed: ex-procurement
      the device changed: says something else: any.http.firmware

Verdicts (1)
  192.0.2.4: ex-procurement not-listed -> listed
      our knowledge changed: the list changed

1 new, 1 gone, 3 changed, 2 unchanged; newly listed: 2
"""


def test_json_has_every_device_with_its_changes(diff):
    made = json.loads(to_json(diff))
    assert made["schema"] == "netcam.diff/1"
    assert made["old"] == {
        "id": "store-7-2026-01-01", "site": "store-7", "started_at": "2026-01-01T02:00:00.000Z",
        "ended_at": "2026-01-01T02:00:00.000Z", "complete": True,
    }  # fmt: skip
    assert made["counts"] == {
        "new": 1, "back": 0, "first_looked_at": 0, "gone": 1, "not_looked_at": 0, "changed": 3, "moved": 1,
        "firmware": 1, "answers": 0, "verdicts": 1, "newly_listed": 2, "unchanged": 2,
    }  # fmt: skip
    firmware = next(d for d in made["devices"] if d["key"] == "id2")
    assert firmware["changes"] == [
        {"field": "firmware", "list": None, "old": "V5.7.1", "new": "V5.8.0", "direction": "up", "cause": "device",
         "why": "says something else: any.http.firmware"}
    ]  # fmt: skip
    assert {d["key"]: d["instead_of"] for d in made["devices"] if d["status"] == "new"} == {"id5": "id3"}


def test_csv_has_a_row_for_every_change(diff):
    rows = list(csv.DictReader(io.StringIO(to_csv(diff).decode())))
    assert tuple(rows[0]) == COLUMNS
    assert [(r["status"], r["key"], r["field"]) for r in rows] == [
        ("new", "id5", ""), ("gone", "id3", ""), ("changed", "id2", "firmware"), ("changed", "id4", "verdict"),
        ("changed", "id1", "address"),
    ]  # fmt: skip


def test_devices_that_changed_alike_stand_in_one_line():
    old = scan(1, *(camera(n, outcome="not-listed") for n in range(1, 101)))
    new = scan(2, *(camera(n) for n in range(1, 101)), versions=replace(KNOWN, list_digests={LIST: "sha256:m"}))
    text = to_text(compare(old, new))
    assert "192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4 and 96 more: ex-procurement not-listed -> listed\n" in text
    assert len(text.splitlines()) == 8


def test_long_sections_are_cut_and_the_rest_is_counted():
    made = compare(scan(1), scan(2, *(camera(n) for n in range(1, 101))))
    assert "\n  and 60 more lines; --all shows them\n" in to_text(made)
    assert to_text(made, all=True).count("camera") == 100
    assert "New (100)" in to_text(made)


def test_a_reason_that_all_share_stands_once():
    made = compare(scan(1, camera(1), camera(2)), scan(2, complete=False))
    assert to_text(made).count("because the later scan ended") == 1
    assert "2026-01-02 02:00 UTC (incomplete)" in to_text(made)


def test_text_from_devices_is_shown_and_does_nothing():
    evil = replace(
        camera(1), model=EVIL, serial=EVIL, firmware=EVIL, manufacturer=NamedClaim(id="x", name=EVIL, confidence=1.0)
    )
    made = compare(scan(1, site=EVIL), scan(2, evil, site=EVIL))
    text, page = to_text(made), to_markdown(made).decode()
    assert "\x1b" not in text + page
    assert "\u202e" not in text + page
    assert "<script>" not in page.replace("\\<", "")
    assert "\\*x\\*" in page
    for row in csv.DictReader(io.StringIO(to_csv(made).decode())):
        assert row["model"].startswith("'=")
        assert row["site"].startswith("'=")
    assert json.loads(to_json(made))["devices"][0]["model"] == EVIL


def test_lone_surrogates_can_be_written():
    made = compare(scan(1), scan(2, camera(1, model="\ud800")))
    for form in (to_json, to_csv, to_markdown):
        assert form(made).decode()


def test_counts_add_up(diff):
    n = counts(diff)
    assert n["changed"] + n["unchanged"] + n["gone"] + n["not_looked_at"] == 6
