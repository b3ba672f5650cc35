"""Visits and devices in a SQLite file: what was saved comes out, and devices stay themselves."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest
from nights import FIRST_NIGHT, camera, night, seen, time_of, verdict

from netcam.errors import ConfigError, StoreError
from netcam.history import states
from netcam.history.store import History, Pruned
from netcam.model.report import NamedClaim, Outcome
from netcam.tracking.lives import turns


@pytest.fixture
def path(tmp_path):
    return tmp_path / "history.sqlite"


@pytest.fixture
def history(path):
    with History.open(str(path)) as opened:
        yield opened


def changes(history, site="store-1"):
    """device -> what changed, when, from what to what."""
    return {life.key: [(t.at, t.what, t.old, t.new) for t in turns(life)] for life in history.lives(site)}


def rows(path, table):
    with sqlite3.connect(path) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def test_what_was_saved_comes_out(history):
    report = night(3, [camera(1), camera(2)], complete=False)
    visit = history.save(report)
    scan = report.scan
    assert (visit.id, visit.site, visit.started_at, visit.ended_at, visit.complete) == (
        scan.id, "store-1", scan.started_at, scan.ended_at, False,
    )  # fmt: skip
    assert (visit.scope, visit.coverage, visit.versions) == (scan.scope, scan.coverage, scan.versions)
    (run,) = history.runs()
    assert (run.visit, run.devices, run.cctv, run.listed) == (visit, 2, 2, 2)
    one, two = history.sighted(visit.id)
    assert (one.record.ip, one.record.serial, one.record.firmware) == ("10.0.0.1", "NL00000001AB", "V4.1")
    assert two.record.verdicts == (verdict(because=("e1",)),)  # its own numbers, not the report's
    assert one.marks.serial == "NL00000001AB"
    assert one.marks.measured
    assert history.check() == ()


def test_a_scan_that_is_saved_twice_is_there_once(history, path):
    report = night(0, [camera(1)])
    assert history.save(report) == history.save(report)
    assert not history.holds("something else")
    assert history.holds(report.scan.id)
    assert (rows(path, "netcam_visit"), rows(path, "netcam_sighting")) == (1, 1)


def test_what_changes_with_every_scan_makes_no_new_state(history, path):
    for n in range(10):
        device = replace(
            camera(1), confidence=0.9 + n / 1000, firmware_age_days=400 + n,
            manufacturer=NamedClaim(id="northlight", name="Northlight", confidence=0.9 + n / 1000),
        )  # fmt: skip
        other = [camera(9)] if n % 2 else []  # its evidence moves the numbers of all that follows
        numbers = {e.id: f"e{n + 7}" for e in device.evidence}
        device = replace(
            device,
            evidence=tuple(replace(e, id=numbers[e.id], observation=f"o{n}") for e in device.evidence),
            verdicts=tuple(
                replace(v, because=tuple(numbers[b] for b in v.because), last_checked=f"2026-01-{n + 1:02d}")
                for v in device.verdicts
            ),
            capabilities=tuple(replace(c, because=tuple(numbers[b] for b in c.because)) for c in device.capabilities),
        )
        history.save(night(n, [*other, device], checked=f"2026-01-{n + 1:02d}"))
    assert rows(path, "netcam_state") == 2
    (life,) = history.find("NL00000001AB")
    (state,) = life.states
    assert (state.since, state.until) == (time_of(0), time_of(9))
    assert list(turns(life)) == []


def test_a_record_at_one_visit_is_as_old_and_as_lately_checked_as_it_was_then(history):
    for n in (0, 30):
        history.save(night(n, [camera(1)], checked=f"2026-01-{n + 1:02d}"))
    (device,) = history.sighted("store-1-30-0")
    assert device.record.firmware_age_days == 395
    assert device.record.verdicts[0].last_checked == "2026-01-31"
    (device,) = history.sighted("store-1-0-0")
    assert (device.record.firmware_age_days, device.record.verdicts[0].last_checked) == (365, "2026-01-01")


def test_a_devices_life_tells_moves_updates_and_verdicts(history):
    history.save(night(0, [camera(1)]))
    history.save(night(1, [camera(1, address="10.0.0.80")]))
    history.save(night(2, [camera(1, address="10.0.0.80", firmware="V4.2", outcome=Outcome.NOT_LISTED)]))
    history.save(night(3, []))
    history.save(night(4, [camera(1, address="10.0.0.80", firmware="V4.2", outcome=Outcome.NOT_LISTED)]))
    (life,) = history.lives()
    assert (life.first_seen, life.last_seen, len(life.states)) == (time_of(0), time_of(4), 3)
    assert [(t.at, t.what, t.list, t.old, t.new) for t in turns(life)] == [
        (time_of(1), "address", None, "10.0.0.1", "10.0.0.80"),
        (time_of(2), "firmware", None, "V4.1", "V4.2"),
        (time_of(2), "verdict", "ex-procurement", "listed", "not-listed"),
    ]


def test_a_state_that_comes_back_is_kept_once(history, path):
    for n in range(6):
        history.save(night(n, [camera(1, firmware=f"V{n % 2}")]))
    assert rows(path, "netcam_state") == 2
    (life,) = history.lives()
    assert [s.record.firmware for s in life.states] == ["V0", "V1"] * 3


def test_cameras_that_swap_addresses_stay_themselves(history):
    history.save(night(0, [camera(1, address="10.0.0.7"), camera(2, address="10.0.0.8")]))
    history.save(night(1, [camera(1, address="10.0.0.8"), camera(2, address="10.0.0.7")]))
    assert changes(history) == {
        camera(1).id: [(time_of(1), "address", "10.0.0.7", "10.0.0.8")],
        camera(2).id: [(time_of(1), "address", "10.0.0.8", "10.0.0.7")],
    }


def test_a_camera_that_took_anothers_place_is_a_device_of_its_own(history):
    history.save(night(0, [camera(1, address="10.0.0.7")]))
    history.save(night(1, [camera(2, address="10.0.0.7")]))
    assert {life.key: (life.first_seen, life.last_seen) for life in history.lives()} == {
        camera(1).id: (time_of(0), time_of(0)),
        camera(2).id: (time_of(1), time_of(1)),
    }


def test_marks_are_remembered_through_visits_that_miss_them(history):
    history.save(night(0, [camera(1)]))
    history.save(night(1, [camera(1, address="10.0.0.50", serial=None, id="aaaa")]))  # the MAC says who it is
    history.save(night(2, [camera(1, address="10.0.0.60", mac=None, mac_source=None, id="bbbb")]))  # the serial does
    (life,) = history.lives()
    assert [s.record.ip for s in life.states] == ["10.0.0.1", "10.0.0.50", "10.0.0.60"]


def test_an_address_points_to_the_device_that_had_it_last(history):
    bare = {"serial": None, "mac": None, "mac_source": None}
    history.save(night(0, [camera(1, address="10.0.0.7", id="first", maker="northlight", model="NL-1", **bare)]))
    history.save(night(1, [camera(2, address="10.0.0.7", id="second", maker="tidewater", model="TW-9", **bare)]))
    history.save(night(2, [camera(3, address="10.0.0.7", id="third", maker="tidewater", model=None, **bare)]))
    assert {life.key: len(life.states) for life in history.lives()} == {"first": 1, "second": 2}


def test_uuids_are_kept_as_marks(history):
    bare = {"serial": None, "mac": None, "mac_source": None}
    uuid = "4d454930-0000-4000-8000-000000000001"
    for n, address in enumerate(("10.0.0.7", "10.0.0.8")):
        told = [seen(1, "wsd.uuid", f"urn:uuid:{uuid}", address)]
        history.save(night(n, [camera(1, address=address, id=f"id-{n}", **bare)], observations=told))
    (life,) = history.lives()
    assert life.key == "id-0"
    assert history.sighted("store-1-1-0")[0].marks.uuids == {uuid}


def test_one_serial_number_in_two_sites_is_two_devices(history):
    history.save(night(0, [camera(1)], site="store-1"))
    history.save(night(0, [camera(1)], site="store-2"))
    history.save(night(1, [camera(1, id="other")], site=None))
    assert sorted((life.site or "") for life in history.lives()) == ["", "store-1", "store-2"]
    assert len({life.key for life in history.lives()}) == 3
    assert history.sites() == (None, "store-1", "store-2")
    assert [v.id for v in history.visits("store-2")] == ["store-2-0-0"]
    assert [v.id for v in history.visits("")] == ["None-1-0"]
    assert len(list(history.visits())) == 3


def test_cloned_serial_numbers_at_one_visit_stay_two_devices(history):
    one, two = camera(1, serial="NL77777777"), camera(2, serial="NL77777777")
    for n in range(3):
        history.save(night(n, [one, two]))
    assert sorted(len(life.states) for life in history.lives()) == [1, 1]


def test_reports_that_come_late_and_out_of_order_tell_the_same(tmp_path):
    nights = [
        night(n, [camera(1, address=f"10.0.0.{7 + n // 2}", firmware=f"V{n // 3}"), camera(2), *[camera(3)] * (n > 3)])
        for n in range(8)
    ]
    told = []
    for name, order in (("a", range(8)), ("b", reversed(range(8))), ("c", (3, 7, 0, 5, 1, 6, 2, 4))):
        with History.open(str(tmp_path / f"{name}.sqlite")) as history:
            for n in order:
                history.save(nights[n])
            told.append(
                {
                    life.states[0].record.serial: (
                        life.first_seen, life.last_seen,
                        [(s.since, s.until, s.record.ip, s.record.firmware) for s in life.states],
                    )
                    for life in history.lives()
                }
            )  # fmt: skip
            assert [v.started_at for v in history.visits()] == [time_of(n) for n in range(8)]
            assert {k.record.ip for k in history.devices()} == {"10.0.0.10", "10.0.0.2", "10.0.0.3"}
    assert told[0] == told[1] == told[2]
    assert len(told[0]) == 3


def test_visits_begin_with_a_day(history):
    for n in range(3):
        history.save(night(n, []))
    assert [v.started_at for v in history.visits(since="2026-01-02")] == [time_of(1), time_of(2)]
    assert [v.started_at for v in history.visits(since=time_of(2))] == [time_of(2)]
    with pytest.raises(ConfigError, match="no time"):
        list(history.visits(since="yesterday"))


@pytest.mark.parametrize(
    "word", ["NL00000002AB", "nl00000002ab", "00-00-5E-00-00-02", "10.0.0.2", "10.0.0.99", "0000000000000002"]
)
def test_a_device_is_found_by_serial_number_mac_key_and_every_address_it_had(history, word):
    history.save(night(0, [camera(1), camera(2)]))
    history.save(night(1, [camera(1), camera(2, address="10.0.0.99")]))
    assert [life.key for life in history.find(word)] == [camera(2).id]
    assert history.find(word, "store-2") == ()


def test_nothing_is_found_by_a_part_of_an_address_or_a_pattern(history):
    history.save(night(0, [camera(1, address="10.0.0.11")]))
    for word in ("10.0.0.1", "%", "10.0.0.1_", "", "NL"):
        assert history.find(word) == ()


def test_devices_are_listed_as_they_were_last_seen(history):
    history.save(night(0, [camera(1), camera(2)]))
    history.save(night(1, [camera(1, firmware="V9")]))
    assert [(d.key, d.record.firmware, d.record.ip, d.last_seen) for d in history.devices("store-1")] == [
        (camera(1).id, "V9", "10.0.0.1", time_of(1)),
        (camera(2).id, "V4.1", "10.0.0.2", time_of(0)),
    ]


def test_what_is_pruned_is_gone_and_first_sights_stay(history, path):
    for n in range(10):
        history.save(night(n, [camera(1, firmware=f"V{n}"), *([camera(2)] * (n < 3))]))
    history.save(night(0, [camera(1)], site="store-2"))
    now = FIRST_NIGHT + timedelta(days=9, minutes=-1)
    assert history.prune(timedelta(days=4), now=now) == Pruned(visits=5, devices=1)
    assert [v.started_at for v in history.visits("store-1")] == [time_of(n) for n in range(5, 10)]
    (life,) = history.lives("store-1")
    assert (life.first_seen, life.states[0].since) == (time_of(0), time_of(5))
    assert len(list(history.visits("store-2"))) == 1  # a site's last one
    assert rows(path, "netcam_state") == 6
    assert history.check() == ()
    assert history.prune(timedelta(days=4), now=now) == Pruned()


def test_pruning_gives_room_back(history, path):
    for n in range(4):
        history.save(night(n, [camera(i, firmware=f"V{n}" + "x" * 900 + str(i)) for i in range(1, 200)]))
    history.save(night(40, []))
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = path.stat().st_size
    history.prune(timedelta(days=1), now=FIRST_NIGHT + timedelta(days=41))
    assert path.stat().st_size < before / 2


def test_a_better_definition_of_a_state_makes_no_change_where_there_was_none(history, path, monkeypatch):
    for n in range(2):
        history.save(night(n, [camera(1), camera(2)]))
    older = states.DEFINITIONS[1]
    monkeypatch.setitem(states.DEFINITIONS, 2, lambda record: [older(record), record.hostnames])
    history.save(night(2, [camera(1, hostnames=("till-2",)), camera(2, firmware="V5")]))
    assert changes(history) == {camera(1).id: [], camera(2).id: [(time_of(2), "firmware", "V4.1", "V5")]}
    history.save(night(3, [camera(1, hostnames=("till-3",)), camera(2, firmware="V5")]))
    assert rows(path, "netcam_state") == 4  # the new definition counts from then on
    assert history.check() == ()


def test_hostile_texts_are_kept_or_made_fit(history):
    device = camera(
        1, id="x" * 5000, serial="S\0" + "9" * 3000, model="=cmd|\ud800\x1b[31m\u202e", hostnames=("a\0b",),
        mac=None, mac_source=None,
    )  # fmt: skip
    for n in range(2):
        history.save(night(n, [device]))
    (life,) = history.lives()
    assert len(life.states) == 1
    assert life.states[0].record.model == "=cmd|\ufffd\x1b[31m\u202e"
    assert len(life.key) == 16


@pytest.mark.parametrize(
    "changed",
    [{"id": ""}, {"id": "x" * 201}, {"site": "y\0z"}, {"started_at": "soon"}, {"ended_at": ""},
     {"started_at": "0001-01-01T00:00:00+14:00"}],
    ids=["no-id", "long-id", "site", "start", "end", "year-1"],
)
def test_a_report_without_a_name_or_time_is_refused_whole(history, changed):
    report = night(0, [camera(1)])
    with pytest.raises(StoreError):
        history.save(replace(report, scan=replace(report.scan, **changed)))
    assert list(history.visits()) == []


def test_two_devices_of_one_id_in_a_report_are_two(history):
    history.save(night(0, [camera(1, id="same"), camera(2, id="same")]))
    assert len({life.key for life in history.lives()}) == 2


def test_a_large_report_is_one_visit(history):
    history.save(night(0, [camera(n, address=f"10.0.{n // 250}.{n % 250}") for n in range(1, 2501)]))
    assert history.save(night(1, [camera(n) for n in range(1, 2501)])).id == "store-1-1-0"
    assert sum(1 for _ in history.lives()) == 2500
    assert len(history.sighted("store-1-1-0")) == 2500


def test_a_visit_that_is_not_there_is_named(history):
    for ask in (history.visit, history.sighted):
        with pytest.raises(StoreError, match="no visit 'nothing'"):
            ask("nothing")


def test_damage_is_found(history, path):
    history.save(night(0, [camera(1), camera(2)]))
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM netcam_sighting WHERE device_id = 2")
        connection.execute("UPDATE netcam_state SET core = x'00' WHERE device_id = 1")
        connection.execute("UPDATE netcam_device SET state_id = 99 WHERE id = 2")
        connection.execute("DELETE FROM netcam_fact WHERE id = 1")
    found = "\n".join(history.check())
    assert "visit store-1-0-0: 1 of 2 devices are there" in found
    assert "netcam_state: row 1 can't be read" in found
    assert f"device {camera(2).id}: its last state is not there" in found
    assert "netcam_visit: row" in found
