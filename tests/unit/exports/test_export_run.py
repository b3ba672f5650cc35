"""Delivering and its journal: nothing lost, nothing twice, and an end to trying."""

import json
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from store_reports import store

from netcam.errors import ExportError, StoreError
from netcam.exports.base import Done, Item
from netcam.exports.journal import COMPACT_AT, Journal, digest
from netcam.exports.run import Policy, Runner, event_id, run_id


def item(number, **fields):
    return Item(key=f"k{number}", kind="event", fields=fields or {"n": number})


ONE_LINE = b'{"to":"log:1","key":"k0","digest":"' + b"0" * 32 + b'","turn":1,"run":""}\n'


class Log:
    """A destination that can't be asked: it holds what it was sent, by event id, and fails as told."""

    name = "log"
    once = True

    def __init__(self, items, fails=()):
        self.said, self.fails, self.got, self.calls = items, list(fails), [], 0

    def items(self, reports):
        return iter(self.said)

    def compare(self, item):
        raise AssertionError("a log can't be asked")

    def put(self, item):
        self.calls += 1
        error = self.fails.pop(0) if self.fails else None
        if error is not None:
            raise error
        self.got.append((item.key, event_id(item)))
        return Done.UPDATED if item.turn else Done.CREATED

    def close(self):
        pass


class Inventory(Log):
    """A destination that is asked each time."""

    once = False

    def __init__(self, items, fails=()):
        super().__init__(items, fails)
        self.holds = {}

    def compare(self, item):
        before = self.holds.get(item.key)
        return Done.CREATED if before is None else Done.UNCHANGED if before == item.fields else Done.UPDATED

    def put(self, item):
        done = self.compare(item)
        super().put(item)
        self.holds[item.key] = item.fields
        return done


class Time:
    """A clock that only waiting moves."""

    def __init__(self):
        self.at, self.waits = 0.0, []

    def now(self):
        return self.at

    def sleep(self, wait):
        self.waits.append(wait)
        self.at += wait


def busy(after_s=None):
    return ExportError("log", "answered 503", retry=True, after_s=after_s)


def run(destination, path, *, policy=None, dry_run=False, run="", time=None, told=None):
    time = time or Time()
    with Journal(path, "log:1", run=run, read_only=dry_run) as journal:
        runner = Runner(
            destination=destination, journal=journal, policy=policy or Policy(), told=told or (lambda result: None),
            now=time.now, sleep=time.sleep, chance=lambda: 1.0,
        )  # fmt: skip
        return runner.run([], dry_run=dry_run)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


def test_twice_is_as_good_as_once(path):
    log = Log([item(1), item(2)])
    assert run(log, path).counts == {Done.CREATED: 2}
    assert run(log, path).counts == {Done.UNCHANGED: 2}
    assert [key for key, _ in log.got] == ["k1", "k2"]


def test_what_changed_is_sent_again_and_what_stands_beside_it_is_no_change(path):
    log = Log([replace(item(1), beside={"time": "now"})])
    run(log, path)
    log.said = [replace(item(1), beside={"time": "later"})]
    assert run(log, path).counts == {Done.UNCHANGED: 1}
    log.said = [item(1, n="other")]
    assert run(log, path).counts == {Done.UPDATED: 1}


def test_an_item_that_goes_back_to_what_it_was_is_news_of_its_own(path):
    log = Log([])
    for n in ("listed", "possible", "listed"):
        log.said = [item(1, outcome=n)]
        run(log, path)
    ids = [id for _, id in log.got]
    assert len(ids) == len(set(ids)) == 3


def test_every_try_of_one_event_has_the_same_id(path):
    ids = []

    class Lossy(Log):
        def put(self, item):
            ids.append(event_id(item))
            return super().put(item)

    run(Lossy([item(1)], [busy(), busy()]), path)
    assert len(ids) == 3
    assert len(set(ids)) == 1


def test_waits_double_up_to_the_most(path):
    time = Time()
    run(Log([item(1)], [busy()] * 6), path, policy=Policy(tries=7, first_s=1, most_s=8), time=time)
    assert time.waits == [1, 2, 4, 8, 8, 8]


def test_waits_are_spread():
    log = Runner(destination=Log([]), journal=None, chance=lambda: 0.0)
    assert log._wait(3, busy()) == 2.0


def test_retry_after_is_honoured(path):
    time = Time()
    assert run(Log([item(1)], [busy(after_s=33)]), path, time=time).whole
    assert time.waits == [33]


def test_a_retry_after_past_the_deadline_ends_the_trying_at_once(path):
    time = Time()
    summary = run(Log([item(1), item(2)], [busy(after_s=9999)] * 2), path, policy=Policy(total_s=60), time=time)
    assert time.waits == []
    assert "9999" in summary.failed[0].reason
    assert not summary.whole


def test_what_can_t_be_taken_is_not_tried_again_and_the_others_still_are(path):
    log = Log([item(1), item(2)], [ExportError("log", "answered 400", retry=False)])
    summary = run(log, path)
    assert [result.item.key for result in summary.failed] == ["k1"]
    assert [key for key, _ in log.got] == ["k2"]
    assert run(log, path).counts == {Done.CREATED: 1, Done.UNCHANGED: 1}


def test_a_destination_that_is_down_is_left_after_three_items(path):
    log = Log([item(n) for n in range(10)], [busy()] * 100)
    summary = run(log, path, policy=Policy(tries=2))
    assert (len(summary.failed), summary.left, log.calls) == (3, 7, 6)
    log.fails.clear()
    assert run(log, path).counts == {Done.CREATED: 10}


def test_a_run_ends_by_its_deadline_and_leaves_the_rest_for_the_next(path):
    time = Time()

    class Slow(Log):
        def put(self, item):
            time.at += 10
            return super().put(item)

    log = Slow([item(n) for n in range(6)])
    summary = run(log, path, policy=Policy(total_s=35), time=time)
    assert (summary.counts, summary.left, summary.whole) == ({Done.CREATED: 4}, 2, False)
    assert run(log, path).counts == {Done.UNCHANGED: 4, Done.CREATED: 2}


def test_dry_run_sends_nothing_and_writes_nothing(path):
    log = Log([item(1), item(2)])
    assert run(log, path, dry_run=True).counts == {Done.CREATED: 2}
    assert not path.exists()
    log.said = [item(1)]
    run(log, path)
    log.said = [item(1), item(2), item(1, n="new")]
    before = path.read_bytes()
    assert run(log, path, dry_run=True).counts == {Done.UNCHANGED: 1, Done.CREATED: 1, Done.UPDATED: 1}
    assert path.read_bytes() == before
    assert len(log.got) == 1


def test_dry_run_of_an_inventory_asks_the_inventory(path):
    inventory = Inventory([item(1), item(2)])
    inventory.holds = {"k1": item(1).fields}
    assert run(inventory, path, dry_run=True, run="r").counts == {Done.UNCHANGED: 1, Done.CREATED: 1}
    assert inventory.calls == 0


def test_an_inventory_is_asked_again_after_a_whole_run(path):
    inventory = Inventory([item(1)])
    assert run(inventory, path, run="r").counts == {Done.CREATED: 1}
    inventory.holds.clear()  # somebody deleted it there
    assert run(inventory, path, run="r").counts == {Done.CREATED: 1}


def test_an_inventory_run_that_broke_off_goes_on_where_it_stopped(path):
    inventory = Inventory([item(n) for n in range(4)], [None, None, busy()])
    assert not run(inventory, path, run="r", policy=Policy(tries=1)).whole
    calls = inventory.calls
    assert run(inventory, path, run="r").counts == {Done.UNCHANGED: 3, Done.CREATED: 1}
    assert inventory.calls == calls + 1


def test_what_a_run_over_other_reports_left_does_not_count(path):
    inventory = Inventory([item(1), item(2)], [None, busy()])
    run(inventory, path, run="r", policy=Policy(tries=1))
    inventory.holds.clear()
    assert run(inventory, path, run="other").counts == {Done.CREATED: 2}


def test_a_batch_counts_when_it_is_flushed_and_is_sent_again_when_that_fails(path):
    class Batching(Log):
        batch = 2

        def flush(self):
            if self.flushes.pop(0):
                raise busy()

    log = Batching([item(n) for n in range(3)])
    log.flushes = [True, False, False]
    assert run(log, path).counts == {Done.CREATED: 3}
    assert [key for key, _ in log.got] == ["k0", "k1", "k0", "k1", "k2"]
    assert len({id for _, id in log.got}) == 3


def test_a_journal_that_can_t_be_written_stops_the_sending(path, monkeypatch):
    log = Log([item(1), item(2)])
    monkeypatch.setattr("netcam.exports.journal.os.fsync", lambda fd: (_ for _ in ()).throw(OSError(28, "No space")))
    with pytest.raises(StoreError, match="No space"):
        run(log, path)
    assert len(log.got) == 1


def test_two_runs_at_once_are_one_too_many(path):
    with (
        Journal(path, "log:1"),
        pytest.raises(StoreError, match="another export"),
        Journal(path, "log:1"),
    ):
        pass


def test_destinations_may_share_a_journal(path):
    with Journal(path, "a") as journal:
        journal.confirm(item(1))
    with Journal(path, "b") as journal:
        assert journal.get("k1") is None
        journal.confirm(item(1, n=2))
    with Journal(path, "a") as journal:
        assert journal.get("k1").digest == digest(item(1))


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(1, 400))
@example(cut=len(ONE_LINE) * 3 - 1)
@example(cut=len(ONE_LINE) * 3 - 7)
def test_a_journal_cut_anywhere_holds_whole_confirmations_and_goes_on(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("cut") / "journal.jsonl"
    log = Log([item(n) for n in range(3)])
    run(log, path)
    data = path.read_bytes()
    assert len(data) == 3 * len(ONE_LINE)
    whole = data[:-cut].count(b"\n") if cut < len(data) else 0
    path.write_bytes(data[:-cut] if cut < len(data) else b"")
    log.got.clear()
    run(log, path)
    assert [key for key, _ in log.got] == [f"k{n}" for n in range(whole, 3)]
    assert run(log, path).counts == {Done.UNCHANGED: 3}
    assert all(json.loads(line) for line in path.read_bytes().splitlines())


def test_lines_that_can_t_be_read_are_counted_and_a_foreign_file_is_left_alone(path):
    run(Log([item(1)]), path)
    path.write_bytes(path.read_bytes() + b"\x00\xff what\n[1]\n" + b"[" * 5000 + b"\n")
    with Journal(path, "log:1") as journal:
        assert journal.odd == 3
        assert journal.get("k1") is not None
    foreign = path.with_name("notes.txt")
    for text in (b"my shopping list\n", b"my shopping list"):
        foreign.write_bytes(text)
        with pytest.raises(StoreError, match="not a journal"), Journal(foreign, "log:1"):
            pass
        assert foreign.read_bytes() == text


def test_a_journal_does_not_grow_with_what_was_replaced(path):
    with Journal(path, "log:1") as journal:
        journal.confirm(*(item(1, n=n) for n in range(COMPACT_AT + 10)), item(2))
    with Journal(path, "log:1"):
        pass
    assert path.read_bytes().count(b"\n") == 2
    with Journal(path, "log:1") as journal:
        assert journal.get("k1").digest == digest(item(1, n=COMPACT_AT + 9))


def test_a_journal_is_its_owner_s(path):
    run(Log([item(1)]), path)
    assert path.stat().st_mode & 0o077 == 0


def test_the_order_of_reports_does_not_change_what_a_run_is_called():
    one, two = store(), replace(store(), scan=replace(store().scan, id="scan-2"))
    assert run_id([one, two]) == run_id([two, one]) != run_id([one])
