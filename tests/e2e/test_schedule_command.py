"""Scheduled runs as processes: two that overlap, kill -9, a full disk, a read-only folder, an end on demand."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from store_lan import NETCAM, PLAIN, netcam

BUSY = 5
SETTINGS = """[scan]
pace = "{pace}"
without = ["discovery", "icmp"]
ports = "{ports}"
[output]
folder = "reports"
forms = ["json", "csv"]
[schedule]
every = "6h"
state = "state"
[[site]]
id = "store-17"
name = "Store 17"
targets = ["127.77.0.8/29"]
"""
BRIEF, SLOW = {"pace": "fast", "ports": "80"}, {"pace": "gentle", "ports": "1-2000"}
RUN = ("scan", "--scheduled", "--quiet", "--site", "store-17")


@pytest.fixture
def place(tmp_path):
    def write(kind):
        (tmp_path / "netcam.toml").write_text(SETTINGS.format(**kind), "utf-8")
        return tmp_path

    write(BRIEF)
    write.folder = tmp_path
    return write


def status(folder):
    return json.loads((folder / "state" / "store-17" / "status.json").read_text("utf-8"))


def latest(folder):
    """The last good report, read as a whole through its link."""
    return json.loads((folder / "reports" / "store-17" / "latest.json").read_text("utf-8"))


def wait_for(what, seconds=30):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def running(folder, pid=None):
    """Whether the folder's run is at its scan; with `pid`, that process's."""
    try:
        said = status(folder)
    except (OSError, ValueError):
        return False
    return said["state"] == "running" and (pid is None or said["pid"] == pid)


def started(store, folder, *args):
    return subprocess.Popen(
        [*store.enter, *NETCAM, *args], cwd=folder, env=PLAIN, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def ended(process, number=signal.SIGKILL):
    if process.poll() is None:
        process.send_signal(number)
    return process.communicate(timeout=60)[1]


def test_a_scheduled_run_leaves_reports_a_link_and_a_status(store, place):
    done = store.netcam(*RUN, cwd=place.folder)
    assert (done.returncode, done.stdout) == (0, "")
    said = status(place.folder)
    assert (said["state"], said["exit_code"], said["complete"]) == ("done", 0, True)
    assert said["devices"] == len(latest(place.folder)["devices"]) > 0
    assert latest(place.folder)["scan"]["site"] == "store-17"
    names = sorted(p.suffix for p in (place.folder / "reports" / "store-17").iterdir())
    assert names == [".csv", ".json", ".json"]


def test_of_two_schedules_that_overlap_the_second_says_who_is_at_it_and_nothing_is_lost(store, place):
    assert store.netcam(*RUN, cwd=place.folder).returncode == 0
    good = latest(place.folder)["scan"]["id"]
    first = started(store, place(SLOW), *RUN)
    try:
        wait_for(lambda: running(place.folder, first.pid))
        second = store.netcam(*RUN, cwd=place.folder)
        third = store.netcam("watch", "--once", cwd=place.folder)
    finally:
        stderr = ended(first, signal.SIGTERM)
    for done in (second, third):
        assert done.returncode == BUSY
        assert f"a scan of 'Store 17' is running already (process {first.pid} on " in done.stderr
        assert ", since 20" in done.stderr
    assert first.returncode == 130, stderr
    said = status(place.folder)
    assert (said["state"], said["exit_code"], said["pid"]) == ("interrupted", 130, first.pid)
    assert json.loads(Path(said["report"]).read_text("utf-8"))["scan"]["complete"] is False
    assert latest(place.folder)["scan"]["id"] == good


def test_a_run_that_is_killed_leaves_the_last_good_report_and_holds_nobody_up(store, place):
    assert store.netcam(*RUN, cwd=place.folder).returncode == 0
    good = latest(place.folder)["scan"]["id"]
    killed = started(store, place(SLOW), *RUN)
    wait_for(lambda: running(place.folder, killed.pid))
    ended(killed)
    assert latest(place.folder)["scan"]["id"] == good
    told = netcam("schedule", "status", cwd=place.folder)
    assert told.returncode == 1
    assert "Store 17: crashed" in told.stdout
    done = store.netcam(*RUN, cwd=place(BRIEF))
    assert done.returncode == 0
    assert "had no end: it was killed" in done.stderr
    assert latest(place.folder)["scan"]["id"] != good
    told = netcam("schedule", "status", "--json", cwd=place.folder)
    assert (told.returncode, json.loads(told.stdout)[0]["state"]) == (0, "done")


def test_watch_goes_on_when_its_scan_is_killed_and_says_so_in_the_status(store, place):
    watching = started(store, place(SLOW), "watch", "--every", "1h")
    try:
        wait_for(lambda: running(place.folder))
        os.kill(status(place.folder)["pid"], signal.SIGKILL)
        wait_for(lambda: status(place.folder)["state"] == "crashed")
        assert status(place.folder)["message"] == "the run ended early: killed by signal 9"
        assert watching.poll() is None
    finally:
        stderr = ended(watching, signal.SIGTERM)
    assert watching.returncode == 0
    assert "Store 17: killed by signal 9" in stderr


def test_watch_ends_on_demand_and_its_scan_writes_what_it_knows(store, place):
    watching = started(store, place(SLOW), "watch", "--every", "1h")
    wait_for(lambda: running(place.folder))
    time.sleep(2)  # past its start, where a signal would find nobody to write a report
    stderr = ended(watching, signal.SIGTERM)
    assert watching.returncode == 0, stderr
    said = status(place.folder)
    assert (said["state"], said["exit_code"], said["complete"]) == ("interrupted", 130, False)
    assert json.loads(Path(said["report"]).read_text("utf-8"))["schema"] == "netcam.report/1"
    assert not os.path.lexists(place.folder / "reports" / "store-17" / "latest.json")


def test_watch_once_leaves_a_site_out_in_its_forbidden_hours_and_runs_the_others(store, place):
    text = (place.folder / "netcam.toml").read_text()
    text += '[[site]]\nid = "store-18"\ntargets = ["127.77.0.40/30"]\ntimezone = "UTC"\n'
    text += 'opening_hours = ["daily 00:00-24:00"]\n'
    (place.folder / "netcam.toml").write_text(text)
    done = store.netcam("watch", "--once", cwd=place.folder)
    assert done.returncode == 4
    assert "'store-18' is left out" in done.stderr
    assert status(place.folder)["state"] == "done"
    assert not (place.folder / "state" / "store-18" / "status.json").exists()
    done = store.netcam("scan", "--scheduled", "--site", "store-18", cwd=place.folder)
    assert done.returncode == 2
    told = json.loads((place.folder / "state" / "store-18" / "status.json").read_text())
    assert (told["state"], told["exit_code"]) == ("refused", 2)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("scan", "--scheduled"), "say which with --site"),
        (("scan", "--scheduled", "--site", "store-17", "127.77.0.9"), "none can be given here"),
        (("scan", "--scheduled", "--site", "store-71"), "is 'store-17' meant"),
        (("watch", "--every", "6"), "no duration"),
        (("watch", "--keep", "x", "--once"), "output.keep"),
        (("schedule", "install", "--kind", "cron", "--every", "7h", "--dry-run"), "cron can't say that"),
    ],
    ids=range(6),
)
def test_wrong_usage_is_refused(place, args, said):
    done = netcam(*args, cwd=place.folder)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr


needs_mounts = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mount") is None, reason="mounting a small disk takes root"
)


def in_mounts(store, folder, script):
    """Run a shell script with mounts of its own; `scan` in it is one scheduled run."""
    scan = f"{shlex.quote(sys.executable)} -m netcam {shlex.join(RUN)}"
    done = subprocess.run(
        [*store.enter, "unshare", "--mount", "--propagation", "private", "sh", "-c", f"scan() {{ {scan}; }}\n{script}"],
        cwd=folder, env=PLAIN, capture_output=True, text=True, timeout=100, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, done.stderr


@needs_mounts
@pytest.mark.parametrize("what", [".", "reports"], ids=["everything", "reports"])
def test_a_full_disk_takes_nothing_of_what_was_good_and_is_told(store, place, what):
    """A disk of 1 MB for reports and state, or for reports alone, that somebody else fills during the scan."""
    (place.folder / "disk").mkdir()
    text = (place.folder / "netcam.toml").read_text().replace('"reports"', '"disk/reports"')
    (place.folder / "netcam.toml").write_text(text.replace('"state"', '"disk/state"') if what == "." else text)
    state = "disk/state" if what == "." else "state"
    script = f"""
mount -t tmpfs -o size=1m tmpfs disk
scan || exit 1
cp disk/reports/store-17/latest.json before.json
( while ! grep -q running {state}/store-17/status.json; do :; done; dd if=/dev/zero of=disk/fill bs=4k 2>/dev/null ) &
scan; echo "code $?"
wait
df --output=avail disk | tail -1
cmp before.json disk/reports/store-17/latest.json && echo same
cat {state}/store-17/status.json
rm disk/fill
scan; echo "code $?"
cmp -s before.json disk/reports/store-17/latest.json || echo newer
find disk -name '.netcam*'
"""
    out, err = in_mounts(store, place.folder, script)
    lines = out.splitlines()
    assert lines[0] == "code 1"
    assert int(lines[1]) <= 32  # kB: what the status gave back
    assert lines[2] == "same"
    end = lines.index("}")
    said = json.loads("\n".join(lines[3 : end + 1]))
    assert (said["state"], said["exit_code"]) == ("failed", 1)
    assert "can't be written: No space left on device" in said["message"]
    assert "can't be written: No space left on device" in err
    assert "the last good report is" in err
    assert lines[end + 1 :] == ["code 0", "newer"]


@needs_mounts
@pytest.mark.parametrize(
    ("what", "said"), [("reports", "no report can be written in this folder"), ("state", "Read-only file system")]
)
def test_a_read_only_folder_is_told_before_anything_is_scanned(store, place, what, said):
    script = f"""
scan || exit 1
mount --bind {what} {what} && mount -o remount,bind,ro {what}
scan; echo "code $?"
"""
    before = sum(map(len, store.record().values()))
    out, err = in_mounts(store, place.folder, script)
    once = sum(map(len, store.record().values())) - before
    assert out.splitlines() == ["code 1"]
    assert said in err
    assert latest(place.folder)["schema"] == "netcam.report/1"
    if what == "reports":
        assert said in status(place.folder)["message"]
    in_mounts(store, place.folder, "scan")
    again = sum(map(len, store.record().values())) - before - once
    assert abs(once - again) <= 0.2 * again  # one scan was heard, not two


def test_install_show_and_remove_through_the_command_line(place, tmp_path):
    root = tmp_path / "root"
    (root / "etc" / "systemd" / "system").mkdir(parents=True)
    base = ("--root", str(root), "--kind", "systemd", "--site", "store-17")
    text = (place.folder / "netcam.toml").read_text().replace('state = "state"\n', "")
    (place.folder / "netcam.toml").write_text(text.replace('folder = "reports"\n', ""))
    dry = netcam("schedule", "install", *base, "--dry-run", cwd=place.folder)
    assert dry.returncode == 0, dry.stderr
    assert list((root / "etc" / "systemd" / "system").iterdir()) == []
    done = netcam("schedule", "install", *base, cwd=place.folder)
    assert done.returncode == 0, done.stderr
    assert "systemctl enable --now netcam-store-17.timer" in done.stdout
    assert netcam("schedule", "show", *base, cwd=place.folder).stdout == dry.stdout
    service = (root / "etc/systemd/system/netcam-store-17.service").read_text()
    assert f'"--config" "{place.folder / "netcam.toml"}" "--site" "store-17"' in service
    assert netcam("schedule", "remove", *base, cwd=place.folder).returncode == 0
    assert list((root / "etc" / "systemd" / "system").iterdir()) == []
    assert netcam("schedule", "show", *base, cwd=place.folder).returncode == 1


def test_status_before_the_first_run_says_that_there_was_none(place):
    done = netcam("schedule", "status", cwd=place.folder)
    assert done.returncode == 1
    assert "Store 17: no run yet" in done.stdout


def test_the_command_line_that_cron_is_given_runs(store, place):
    """What `schedule install` writes, taken from a cron file and run as cron does it, from another folder."""
    made = netcam("schedule", "install", "--kind", "cron", "--dry-run", "--site", "store-17", cwd=place.folder)
    line, own = (line for line in made.stdout.splitlines() if "watch --once" in line)
    command = line.split(" ", 6)[6].replace("\\%", "%")
    assert own == line.replace(" root ", " ", 1)
    done = subprocess.run(
        [*store.enter, "sh", "-c", command], cwd="/", capture_output=True, text=True, check=False, timeout=60,
        env={**PLAIN, "PYTHONPATH": os.pathsep.join([*filter(None, [PLAIN.get("PYTHONPATH")]), os.getcwd()])},
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert status(place.folder)["state"] == "done"


def test_a_scheduled_run_is_saved_in_the_history_of_the_settings_and_its_report_stays_when_that_fails(store, place):
    path = place.folder / "netcam.toml"
    text = path.read_text()
    path.write_text(text + '[history]\ndb = "history.sqlite"\n')
    assert store.netcam(*RUN, cwd=place.folder).returncode == 0
    told = netcam("history", "runs", "--db", place.folder / "history.sqlite", cwd=place.folder)
    assert (told.returncode, "store-17" in told.stdout) == (0, True)
    good = latest(place.folder)["scan"]["id"]
    path.write_text(text + '[history]\ndb = "no/such/folder/history.sqlite"\n')
    (place.folder / "no").write_text("a file where a folder should be")
    done = store.netcam(*RUN, cwd=place.folder)
    assert done.returncode == 1, done.stderr
    said = status(place.folder)
    assert (said["state"], said["exit_code"]) == ("failed", 1)
    assert "history.sqlite" in said["message"]
    assert latest(place.folder)["scan"]["id"] != good  # the report is there all the same


def test_a_scheduled_run_exports_its_report_and_an_export_that_fails_takes_nothing_away(store, place):
    path = place.folder / "netcam.toml"
    text = path.read_text()
    export = '[[export]]\nto = "prometheus"\n[export.options]\noutput = "{site}.prom"\n'
    path.write_text(text + export)
    done = store.netcam(*RUN, cwd=place.folder)
    assert done.returncode == 0, done.stderr
    assert "store-17" in (place.folder / "store-17.prom").read_text()
    path.write_text(text + export.replace("{site}.prom", "no/such/folder/x.prom"))
    good = latest(place.folder)["scan"]["id"]
    done = store.netcam(*RUN, cwd=place.folder)
    assert done.returncode == 1, done.stderr
    assert status(place.folder)["message"] == "prometheus: netcam export ended with exit code 2"
    assert latest(place.folder)["scan"]["id"] != good
