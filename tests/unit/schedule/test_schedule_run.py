"""One run: its lock, its files, its last word; and what is left where it goes wrong."""

import errno
import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from netcam.errors import ScopeError, StoreError
from netcam.report.write import write_atomically
from netcam.schedule import keep, status
from netcam.schedule.lock import Busy, held, holder
from netcam.schedule.places import Job
from netcam.schedule.run import Outcome, crashed, run

NIGHT = datetime(2026, 6, 1, 2, 30, tzinfo=UTC)


@pytest.fixture
def job(tmp_path):
    return Job(
        scope="store-17", site="store-17", title="Store 17", state=tmp_path / "state",
        folder=tmp_path / "reports" / "store-17", forms=("json", "html"), keep_s=90 * 86400.0,
    )  # fmt: skip


def outcome(code=0, complete=True, text=b"{}"):
    forms = {"html": lambda: b"<html>", "json": lambda: text}
    return Outcome(code=code, complete=complete, devices=3, listed=1, forms=forms)


def once(job, at=NIGHT, scan=outcome, write=write_atomically, said=None):
    return run(job, scan, write=write, now=lambda: at, say=(said if said is not None else []).append)


def names(job):
    return sorted(path.name for path in job.folder.iterdir())


def full(path, data):
    raise StoreError(f"{path}: can't be written: No space left on device")


def test_a_run_leaves_dated_reports_a_link_to_the_last_and_its_status(job):
    assert once(job) == 0
    stem = "netcam-store-17-20260601T023000Z"
    assert names(job) == ["latest.json", f"{stem}.html", f"{stem}.json"]
    assert os.readlink(job.latest) == "netcam-store-17-20260601T023000Z.json"
    said = json.loads(job.status_path.read_text())
    assert said == {
        "schema": "netcam.status/1", "scope": "store-17", "site": "store-17", "state": "done", "pid": os.getpid(),
        "started_at": "2026-06-01T02:30:00Z", "ended_at": "2026-06-01T02:30:00Z", "exit_code": 0, "message": "",
        "complete": True, "devices": 3, "listed": 1,
        "report": str(job.folder / "netcam-store-17-20260601T023000Z.json"),
        "last_good": {
            "at": "2026-06-01T02:30:00Z", "report": str(job.folder / "netcam-store-17-20260601T023000Z.json"),
        },
    }  # fmt: skip
    assert sorted(path.name for path in job.status_path.parent.iterdir()) == ["lock", "status.json"]


def test_while_it_runs_the_status_says_so_and_the_lock_says_who(job):
    def scan():
        assert status.load(job.status_path).state == "running"
        assert holder(job.lock_path).pid == os.getpid()
        return outcome()

    once(job, scan=scan)
    assert holder(job.lock_path) is None


def test_a_second_run_of_the_scope_is_told_who_is_at_it_and_touches_nothing(job):
    with held(job.lock_path, "Store 17", NIGHT):
        with pytest.raises(Busy, match=rf"'Store 17' is running already \(process {os.getpid()} .*, since 2026-"):
            once(job)
        assert not job.status_path.exists()
        assert not job.folder.exists()


def test_a_lock_file_that_a_dead_process_left_holds_nobody_up(job):
    job.lock_path.parent.mkdir(parents=True)
    job.lock_path.write_text('{"pid": 1, "host": "gone", "since": "2020-01-01T00:00:00+00:00"}')
    assert holder(job.lock_path) is None
    assert once(job) == 0


@pytest.mark.parametrize("text", ["", "x" * 5000, "[1]", '{"pid": "\\u001b[31m", "host": 7}', "[" * 3000], ids=range(5))
def test_whatever_stands_in_a_lock_that_is_held_the_second_run_says_something(job, text):
    with held(job.lock_path, "s", NIGHT):
        job.lock_path.write_text(text)
        assert str(holder(job.lock_path)) == "another process"


def test_a_scan_that_is_refused_is_told_in_the_status_and_keeps_what_was_good(job):
    once(job)

    def refuse():
        raise ScopeError("not in these hours")

    with pytest.raises(ScopeError):
        once(job, NIGHT + timedelta(days=1), refuse)
    said = status.load(job.status_path)
    assert (said.state, said.exit_code, said.message) == ("refused", 2, "not in these hours")
    assert said.last_good.at == "2026-06-01T02:30:00Z"
    assert len(names(job)) == 3


@pytest.mark.parametrize(
    ("error", "state", "code"),
    [(StoreError("no"), "failed", 1), (ZeroDivisionError(), "failed", 1), (KeyboardInterrupt(), "interrupted", 130)],
    ids=["trouble", "bug", "interrupt"],
)
def test_however_a_scan_ends_there_is_a_last_word(job, error, state, code):
    def scan():
        raise error

    with pytest.raises(type(error)):
        once(job, scan=scan)
    assert (status.load(job.status_path).state, status.load(job.status_path).exit_code) == (state, code)


def test_an_incomplete_report_is_kept_and_does_not_become_the_latest(job):
    once(job)
    assert once(job, NIGHT + timedelta(days=1), lambda: outcome(code=4, complete=False)) == 4
    assert os.readlink(job.latest) == "netcam-store-17-20260601T023000Z.json"
    assert "netcam-store-17-20260602T023000Z.json" in names(job)
    said = status.load(job.status_path)
    assert said.report.endswith("20260602T023000Z.json")
    assert said.last_good.report.endswith("20260601T023000Z.json")


def test_on_a_full_disk_the_last_good_report_stays_and_the_message_is_clear(job):
    once(job)
    said = []
    with pytest.raises(StoreError, match="No space left"):
        once(job, NIGHT + timedelta(days=1), write=full, said=said)
    assert os.readlink(job.latest) == "netcam-store-17-20260601T023000Z.json"
    found = status.load(job.status_path)
    assert (found.state, found.exit_code) == ("failed", 1)
    assert "No space left" in found.message
    assert said == [f"the last good report is {job.folder / 'netcam-store-17-20260601T023000Z.json'}"]


def test_a_form_that_could_not_be_written_does_not_take_the_others_along(job):
    def write(path, data):
        full(path, data) if path.suffix == ".html" else write_atomically(path, data)

    with pytest.raises(StoreError):
        once(job, write=write)
    assert names(job) == ["latest.json", "netcam-store-17-20260601T023000Z.json"]


def test_what_is_done_after_the_report_may_fail_and_takes_nothing_away(job):
    def after(report):
        assert json.loads(report.read_text()) == {}
        raise StoreError("the history's server is away")

    with pytest.raises(StoreError):
        once(job, scan=lambda: replace(outcome(), after=after))
    said = status.load(job.status_path)
    assert (said.state, said.exit_code, said.message) == ("failed", 1, "the history's server is away")
    assert os.readlink(job.latest) == "netcam-store-17-20260601T023000Z.json"


def test_without_room_for_the_last_word_nothing_is_scanned(job, monkeypatch):
    def no_room(fd, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    once(job)
    monkeypatch.setattr(status.os, "write", no_room)
    with pytest.raises(StoreError, match=r"status\.json: can't be written: No space left on device"):
        once(job, NIGHT + timedelta(days=1), scan=lambda: pytest.fail("it was scanned"))
    monkeypatch.undo()
    assert status.load(job.status_path).state == "done"
    assert sorted(path.name for path in job.status_path.parent.iterdir()) == ["lock", "status.json"]


def test_where_links_cannot_be_made_latest_is_a_copy_and_no_earlier_report_is_written_over(job):
    def no_links(target, path):
        raise OSError(errno.EPERM, "no links here")

    once(job)  # latest.json is a link to the first report
    first, second = (job.folder / f"netcam-store-17-2026060{n}T023000Z.json" for n in (1, 2))
    second.write_bytes(b'{"second": 2}')
    keep.point(job, second, write_atomically, link=no_links)
    assert not job.latest.is_symlink()
    assert job.latest.read_bytes() == second.read_bytes()
    assert first.read_bytes() == b"{}"
    second.write_bytes(b'{"third": 3}')
    keep.point(job, second, write_atomically, link=no_links)
    assert job.latest.read_bytes() == b'{"third": 3}'


def test_a_clock_that_was_set_back_never_writes_over_an_earlier_report(job):
    once(job, scan=lambda: outcome(text=b"1"))
    once(job, scan=lambda: outcome(text=b"2"))
    assert (job.folder / "netcam-store-17-20260601T023000Z.json").read_bytes() == b"1"
    assert job.latest.read_bytes() == b"2"


def test_reports_older_than_they_are_kept_go_and_nothing_else_does(job):
    for days in (0, 50, 89):
        once(job, NIGHT + timedelta(days=days))
    strangers = ("report.json", "netcam-store-18-20200101T000000Z.json", "netcam-store-17-20200101T000000Z.json.bak",
                 "netcam-store-17-20201301T000000Z.json", "xnetcam-store-17-20200101T000000Z.json")  # fmt: skip
    for name in strangers:
        (job.folder / name).write_text("mine")
    (job.folder / "netcam-store-17-20200101T000000Z.d").mkdir()
    (job.folder / "netcam-store-17-20200102T000000Z.json").symlink_to("report.json")
    said = []
    once(job, NIGHT + timedelta(days=120), said=said)
    days = {name[16:24] for name in names(job) if name.startswith("netcam-store-17-2026")}
    assert days == {"20260721", "20260829", "20260929"}
    assert len(said) == 2
    assert set(strangers) <= set(names(job))
    assert {"netcam-store-17-20200101T000000Z.d", "netcam-store-17-20200102T000000Z.json"} <= set(names(job))


def test_the_last_good_report_stays_however_old_it_is(job):
    once(job)
    for days in range(1, 200, 20):
        once(job, NIGHT + timedelta(days=days), lambda: outcome(code=4, complete=False))
    assert "netcam-store-17-20260601T023000Z.json" in names(job)
    assert job.latest.exists()
    assert "netcam-store-17-20260602T023000Z.json" not in names(job)


def test_a_clock_that_jumped_years_ahead_deletes_nothing(job):
    for days in range(5):
        once(job, NIGHT + timedelta(days=days))
    before = names(job)
    once(job, NIGHT + timedelta(days=4000))
    assert set(before) <= set(names(job))


def test_a_run_that_was_killed_is_told_by_the_next_one_and_by_whoever_started_it(job):
    once(job)
    killed = status.Status(scope="store-17", site=None, state="running", pid=1, started_at="2026-06-02T02:30:00Z")
    job.status_path.write_bytes(killed.dump())
    crashed(job, -9, NIGHT)
    said = status.load(job.status_path)
    assert (said.state, said.exit_code, said.message) == ("crashed", 1, "the run ended early: killed by signal 9")
    job.status_path.write_bytes(killed.dump())
    words = []
    once(job, NIGHT + timedelta(days=2), said=words)
    assert words == ["the run that began 2026-06-02T02:30:00Z had no end: it was killed, or the power went"]


def test_a_run_that_is_under_way_is_not_called_crashed(job):
    running = status.Status(scope="store-17", site=None, state="running", pid=1, started_at="2026-06-02T02:30:00Z")
    with held(job.lock_path, "s", NIGHT):
        job.status_path.write_bytes(running.dump())
        crashed(job, 1, NIGHT)
    assert status.load(job.status_path) == running


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{}", '{"schema": "netcam.status/1"}', "[" * 99999, "\x00",
             '{"schema": "netcam.status/1", "scope": 1, "site": 1, "state": 1, "pid": 1, "started_at": 1}',
             '{"schema": "netcam.status/1", "last_good": 7}'],
    ids=range(9),
)  # fmt: skip
def test_a_status_file_that_is_none_is_like_no_status(job, text):
    job.status_path.parent.mkdir(parents=True)
    job.status_path.write_text(text)
    assert status.load(job.status_path) is None
    assert once(job) == 0


def test_a_long_and_hostile_message_fits_the_room_that_was_taken(job):
    def scan():
        raise ScopeError("\x1b[31m" + "\U0001f600" * 20000)

    with pytest.raises(ScopeError):
        once(job, scan=scan)
    assert "\x1b" not in status.load(job.status_path).message
    assert job.status_path.stat().st_size < status.ROOM


def test_temporary_files_of_killed_runs_go_after_a_day(job):
    once(job)
    old, new, other = (job.folder / f".netcam-{name}.tmp" for name in ("0" * 16, "1" * 16, "mine"))
    for path in (old, new, other):
        path.write_text("x")
    os.utime(old, (1, 1))
    os.utime(other, (1, 1))
    once(job, NIGHT + timedelta(days=1))
    assert [path.exists() for path in (old, new, other)] == [False, True, True]


def test_a_lock_that_is_a_link_to_somebody_s_file_is_not_followed(job, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    job.lock_path.parent.mkdir(parents=True)
    job.lock_path.symlink_to(victim)
    with pytest.raises(StoreError, match="the lock can't be made"):
        once(job)
    assert victim.read_text() == "precious"
