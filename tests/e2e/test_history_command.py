"""`--save` and `netcam history`, as somebody at a terminal meets them."""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from store_lan import AS_ROOT, NETCAM, PLAIN, netcam

sys.path.append(str(Path(__file__).parents[1] / "unit" / "history"))

from nights import camera, night, time_of

from netcam.model.report import Outcome
from netcam.report.to_json import dump, load

GIVEN = '{"kind": "http.server", "value": "App-webs/", "ip": "10.0.0.20"}\n'


@pytest.fixture
def folder(tmp_path):
    """Two stores' reports, a file of observations, and no history yet."""
    (tmp_path / "given.jsonl").write_text(GIVEN)
    for n in range(3):
        moved = camera(1, address=f"10.0.0.{50 + n}", firmware=f"V{n // 2}")
        other = camera(2, outcome=Outcome.NOT_LISTED, maker="tidewater", model="\x1b[31m=TW")
        (tmp_path / f"one-{n}.json").write_bytes(dump(night(n, [moved, other])))
    (tmp_path / "two.json").write_bytes(dump(night(1, [camera(7)], site="store-2", complete=False)))
    return tmp_path


@pytest.fixture
def env(folder):
    return {"NETCAM_DB": str(folder / "history.sqlite")}


@pytest.fixture
def filled(folder, env):
    names = sorted(path for path in folder.glob("*.json"))
    done = netcam("history", "add", *names, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    return env


def test_a_saved_report_is_in_the_history_and_its_file_is_written(folder, env):
    done = netcam("identify", folder / "given.jsonl", "--save", "-o", folder / "out.json", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    (run,) = json.loads(netcam("history", "runs", "--format", "json", env=env).stdout)
    assert run["id"] == load(folder / "out.json").scan.id
    assert (run["site"], run["devices"], run["complete"]) == (None, 1, True)


def test_a_report_that_is_judged_again_changes_no_history(filled, folder):
    done = netcam("identify", folder / "one-0.json", "--save", env=filled)
    assert done.returncode == 0
    assert "in the history already" in done.stderr
    assert "whole: 4 visits" in netcam("history", "check", env=filled).stdout


def test_reports_are_taken_in_once_and_one_that_is_none_stops_no_other(filled, folder):
    (folder / "none.json").write_text("{}")
    done = netcam("history", "add", folder / "none.json", folder / "missing.json", folder / "two.json", env=filled)
    assert done.returncode == 1
    assert done.stdout == f"{folder}/two.json: store-2 {time_of(1)}: is in the history already\n"
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == [
        f"{folder}/none.json", f"{folder}/missing.json",
    ]  # fmt: skip


def test_runs_are_listed_oldest_first(filled):
    for words in ((), ("runs",)):
        lines = netcam("history", *words, env=filled).stdout.splitlines()
        assert lines[0].split() == ["started", "ended", "site", "devices", "cctv", "listed", "complete", "scan"]
        assert [line.split()[2] for line in lines[1:]] == ["store-1", "store-1", "store-2", "store-1"]
    lines = netcam("history", "runs", "--site", "store-2", env=filled).stdout.splitlines()
    assert [line.split()[2:7] for line in lines[1:]] == [["store-2", "1", "1", "1", "no"]]
    assert len(netcam("history", "runs", "--since", "2026-01-02", env=filled).stdout.splitlines()) == 4
    assert netcam("history", "runs", "--since", "soon", env=filled).returncode == 2


def test_devices_are_listed_and_chosen(filled):
    def shown(*words):
        done = netcam("history", "devices", "--format", "json", *words, env=filled)
        return [device["record"]["serial"][:10] for device in json.loads(done.stdout)]

    assert shown() == ["NL00000001", "NL00000002", "NL00000007"]
    assert shown("--site", "store-1") == ["NL00000001", "NL00000002"]
    assert shown("--listed") == ["NL00000001", "NL00000007"]
    assert shown("--maker", "tidewater") == shown("--maker", "TIDE") == ["NL00000002"]
    assert shown("--maker", "nobody") == []
    table = netcam("history", "devices", env=filled).stdout
    assert "\x1b" not in table
    assert "\\x1b[31m=TW" in table


def test_a_life_is_shown(filled):
    for word in ("NL00000001AB", "00:00:5E:00:00:01", "10.0.0.51", camera(1).id):
        done = netcam("history", "show", word, env=filled)
        assert done.returncode == 0
        assert done.stdout.splitlines()[0] == f"device     {camera(1).id}"
        tail = done.stdout[done.stdout.index("addresses") :].splitlines()
        assert tail == [
            "addresses", *(f"  {time_of(n)}  10.0.0.{50 + n}" for n in range(3)), "changes",
            f"  {time_of(2)}  firmware: V0 -> V1",
        ]  # fmt: skip
    (life,) = json.loads(netcam("history", "show", "NL00000001AB", "--format", "json", env=filled).stdout)
    assert [change["what"] for change in life["changes"]] == ["address", "address", "firmware"]
    missing = netcam("history", "show", "10.0.0.99", env=filled)
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "no device '10.0.0.99'" in missing.stderr


def test_pruning_takes_a_span_of_time(filled):
    for word in ("90", "0d", "-1d", "soon"):
        assert netcam("history", "prune", "--keep", word, env=filled).returncode == 2
    done = netcam("history", "prune", "--keep", "9999y", env=filled)
    assert done.stdout == "forgot 0 visits, and 0 devices that no later visit saw\n"
    done = netcam("history", "prune", "--keep", "1d", env=filled)
    assert done.returncode == 0
    assert "whole: 2 visits" in netcam("history", "check", env=filled).stdout  # the last one of each site


def test_damage_is_told(filled):
    with sqlite3.connect(filled["NETCAM_DB"]) as connection:
        connection.execute("DELETE FROM netcam_sighting WHERE visit_id = 1")
    done = netcam("history", "check", env=filled)
    assert done.returncode == 1
    assert "0 of 2 devices are there" in done.stdout


def test_without_a_history_it_is_said_and_none_is_made(folder, env):
    for words in ((), ("devices",), ("show", "10.0.0.1"), ("check",), ("prune", "--keep", "1y")):
        done = netcam("history", *words, env=env)
        assert (done.returncode, done.stdout) == (1, "")
        assert "no history there yet" in done.stderr
    assert not Path(env["NETCAM_DB"]).exists()


def test_where_it_lies_is_looked_at_before_anything_is_done(folder):
    refused = (
        ("--save", "--db", "mysql://u:hunter22@h/x"), ("--db", "x.sqlite"), ("--save", "--db", str(folder)),
    )  # fmt: skip
    for words in refused:
        done = netcam("identify", folder / "given.jsonl", *words, "-o", folder / "out.json")
        assert done.returncode == 2
        assert "hunter22" not in done.stderr
    assert not (folder / "out.json").exists()


def test_a_history_that_fails_leaves_the_report_and_the_table(folder):
    (folder / "broken.sqlite").write_text("no database " * 99)
    done = netcam(
        "identify", folder / "given.jsonl", "--save", "--db", folder / "broken.sqlite", "-o", folder / "out.json"
    )
    assert done.returncode == 1
    assert done.stderr == f"netcam: {folder}/broken.sqlite: it is no SQLite database (file is not a database)\n"
    assert "10.0.0.20" in done.stdout
    assert load(folder / "out.json").devices[0].ip == "10.0.0.20"


def test_programs_that_save_at_once_into_a_new_history_all_do(folder, env):
    names = []
    for n in range(6):
        names.append(folder / f"at-once-{n}.json")
        names[-1].write_bytes(dump(night(n, [camera(1), camera(2)], site=f"store-{n % 2}")))
    programs = [
        subprocess.Popen(
            [*NETCAM, "history", "add", str(name)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env={**PLAIN, **env},
        )
        for name in names
    ]  # fmt: skip
    told = [program.communicate(timeout=100)[1] for program in programs]
    assert (told, [program.returncode for program in programs]) == ([""] * 6, [0] * 6)
    assert "whole: 6 visits" in netcam("history", "check", env=env).stdout
    assert len(json.loads(netcam("history", "devices", "--format", "json", env=env).stdout)) == 4


def no_mounts():
    """Why no file system can be mounted here for a test alone, or None."""
    if shutil.which("unshare") is None:
        return "unshare is not installed"
    tried = subprocess.run(
        ["unshare", "--mount", *AS_ROOT, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return None if tried.returncode == 0 else f"no mounts here: {tried.stderr.strip()}"


on_a_disk_of_its_own = pytest.mark.skipif(no_mounts() is not None, reason=str(no_mounts()))


def on_small_disk(folder, script):
    """Run a shell script where `small` is a disk of 700 kB of its own, and `netcam` the program."""
    (folder / "small").mkdir()
    head = f"set -e; mount -t tmpfs -o size=700k tmpfs small; netcam() {{ {shlex.join(NETCAM)} \"$@\"; }}\n"
    done = subprocess.run(
        ["unshare", "--mount", *AS_ROOT, "sh", "-c", head + script], cwd=folder, capture_output=True, text=True,
        timeout=110, check=False, stdin=subprocess.DEVNULL, env={**PLAIN, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


@on_a_disk_of_its_own
def test_a_full_disk_keeps_the_history_whole_and_the_report_is_written(folder):
    done = on_small_disk(
        folder,
        """
        netcam history add one-0.json --db small/h.sqlite
        dd if=/dev/zero of=small/filler bs=1k 2>/dev/null || true
        netcam identify given.jsonl --save --db small/h.sqlite -o out.json --format jsonl >/dev/null || echo "code $?"
        netcam history --db small/h.sqlite runs --format json >runs.json
        rm small/filler
        netcam history add one-1.json --db small/h.sqlite
        netcam history check --db small/h.sqlite
        """,
    )
    assert "code 1" in done.stdout
    assert "small/h.sqlite: no room is left on the disk; nothing of this visit was kept" in done.stderr
    assert load(folder / "out.json").devices[0].ip == "10.0.0.20"
    assert [run["id"] for run in json.loads((folder / "runs.json").read_text())] == ["store-1-0-0"]
    assert done.stdout.endswith("whole: 2 visits\n")


@on_a_disk_of_its_own
def test_a_report_that_finds_no_room_is_saved_all_the_same_and_the_earlier_one_stays(folder):
    done = on_small_disk(
        folder,
        """
        cp one-0.json small/report.json
        dd if=/dev/zero of=small/filler bs=1k 2>/dev/null || true
        netcam identify given.jsonl --save --db h.sqlite -o small/report.json >/dev/null || echo "code $?"
        cmp one-0.json small/report.json
        netcam history check --db h.sqlite
        """,
    )
    assert done.stdout == "code 1\nwhole: 1 visits\n"
    assert "small/report.json: can't be written: No space left on device" in done.stderr


@on_a_disk_of_its_own
def test_a_folder_that_cannot_be_written_can_be_read_and_a_save_is_told(folder):
    done = on_small_disk(
        folder,
        """
        netcam history add one-0.json --db small/h.sqlite
        mount -o remount,ro small
        netcam history --db small/h.sqlite runs --format json >runs.json
        netcam identify given.jsonl --save --db small/h.sqlite -o out.json >/dev/null || echo "code $?"
        netcam identify given.jsonl --save --db small/new.sqlite -o new.json >/dev/null || echo "code $?"
        netcam history prune --keep 1d --db small/h.sqlite || echo "code $?"
        mount -o remount,rw small
        netcam history check --db small/h.sqlite
        """,
    )
    assert done.stdout.splitlines()[1:] == ["code 1", "code 1", "code 1", "whole: 1 visits"]
    assert [line.partition(" (")[0] for line in done.stderr.splitlines()] == [
        "netcam: small/h.sqlite: it can't be opened: the folder may be missing or closed to you",
        "netcam: small/new.sqlite: it can't be opened: the folder may be missing or closed to you",
        "netcam: small/h.sqlite: it can't be written to",
    ]
    assert len(json.loads((folder / "runs.json").read_text())) == 1
    for name in ("out.json", "new.json"):
        assert load(folder / name).devices[0].ip == "10.0.0.20"


@pytest.fixture
def kills(checkout):
    """benchmarks/kills.py as a module."""
    spec = importlib.util.spec_from_file_location("kills", checkout / "benchmarks" / "kills.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_scan_is_saved_with_its_site(folder, env, kills):
    with kills.camera() as port:
        for _ in range(2):
            done = netcam(*kills.scan_of(port)[3:], "--save", "-o", folder / "out.json", env=env)
            assert (done.returncode, done.stderr) == (0, "")
    (device,) = json.loads(netcam("history", "devices", "--site", "store-1", "--format", "json", env=env).stdout)
    assert (device["record"]["ip"], device["record"]["manufacturer"]["id"]) == (kills.HOST, "hikvision")
    assert "whole: 2 visits" in netcam("history", "check", env=env).stdout


@pytest.mark.timeout(300)
def test_after_a_kill_at_any_moment_report_and_history_are_whole(folder, kills):
    """By a command that takes less time than a scan; benchmarks/kills.py does the same to scans, 200 times."""
    (folder / "trial").mkdir()
    command = [*NETCAM, "identify", str(folder / "given.jsonl"), "--format", "jsonl"]
    outcomes = kills.run(folder / "trial", 40, seed=7, command=command)
    assert sum(count for outcome, count in outcomes.items() if outcome.startswith("killed")) == 40
