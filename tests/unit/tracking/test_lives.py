"""What changed in a device's life, read off its states."""

from __future__ import annotations

from netcam.model.report import Citation, DeviceRecord, NamedClaim, Outcome, VerdictRecord
from netcam.tracking.lives import turns
from netcam.tracking.model import Life, State


def life(*records):
    states = tuple(
        State(record=r, first_visit=f"v{n}", last_visit=f"v{n}", since=f"day {n}", until=f"day {n}")
        for n, r in enumerate(records)
    )
    return Life(key="k", site=None, first_seen="day 0", last_seen=f"day {len(records) - 1}", states=states)


def verdict(list_id, outcome):
    return VerdictRecord(
        list=list_id, outcome=outcome, basis=None, entity=None, statement="", effect="procurement",
        citation=Citation(title="", url="", section=""), last_checked="", because=(),
    )  # fmt: skip


def told(*records):
    return [(t.at, t.what, t.list, t.old, t.new) for t in turns(life(*records))]


def test_every_answer_that_changed_is_told_and_nothing_else():
    before = DeviceRecord(id="x", addresses=("192.0.2.1",), is_cctv=None, model="NL-220", confidence=0.5)
    after = DeviceRecord(
        id="x", addresses=("192.0.2.1", "192.0.2.2"), is_cctv=True, model="NL-220", firmware="V2", confidence=0.9,
        brand=NamedClaim(id="harbourview", name="Harbourview", confidence=0.9),
    )  # fmt: skip
    assert told(before, after) == [
        ("day 1", "address", None, "192.0.2.1", "192.0.2.1, 192.0.2.2"),
        ("day 1", "cctv", None, None, "yes"),
        ("day 1", "brand", None, None, "Harbourview"),
        ("day 1", "firmware", None, None, "V2"),
    ]
    assert told(before) == told(after, after) == []


def test_verdicts_are_told_list_by_list_those_that_came_and_went_too():
    listed = verdict("ex-b", Outcome.LISTED)
    before = DeviceRecord(id="x", verdicts=(verdict("ex-a", Outcome.POSSIBLE), listed))
    after = DeviceRecord(id="x", verdicts=(listed, verdict("ex-c", Outcome.NOT_LISTED)))
    assert told(before, after, before)[:2] == [
        ("day 1", "verdict", "ex-a", "possible", None),
        ("day 1", "verdict", "ex-c", None, "not-listed"),
    ]
    assert len(told(before, after, before)) == 4
