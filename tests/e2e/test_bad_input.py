"""What can't work says so in one line that names it, with the right exit code, and takes no report with it."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from store_lan import AS_ROOT, NETCAM, PLAIN, netcam, why_not

from netcam.datafiles import data_folder
from netcam.demo.store import demo_store

CAMERA = next(f"127.77.0.{10 + n}" for n, profile in enumerate(demo_store()) if profile.name == "hikvision-camera")
BRIEF = ["--without", "discovery,icmp", "--port", "80"]
HERE = "127.0.0.5"  # an address that a refused scan never comes to

LIST = """schema = 1
[list]
id = "own"
title = "Ours"
jurisdiction = "us"
authority = "us"
effect = "private-policy"
binds = "us"
says = "none"
last_checked = 2026-01-01
own = true
[[list.citation]]
title = "ours"
url = ""
[[entry]]
vendor = "hikvision"
"""


@pytest.fixture
def place(tmp_path):
    """A folder with one of every thing that can't be used."""
    data = tmp_path / "data"
    shutil.copytree(data_folder(), data)
    (data / "vendors" / "axis.toml").write_text("[vendor\nid = 1\n")
    (tmp_path / "wrong-key.toml").write_text(LIST.replace('says = "none"', 'says = "none"\ncolour = "red"'))
    (tmp_path / "no-toml.toml").write_text("= = =")
    (tmp_path / "taken-id.toml").write_text(LIST.replace('id = "own"', 'id = "us-ndaa-889"'))
    (tmp_path / "later.json").write_text('{"schema": "netcam.report/9", "scan": {}, "devices": []}')
    (tmp_path / "other.json").write_text('{"schema": 3}')
    (tmp_path / "cut.json").write_text('{"schema": "netcam.report/1", "devices": [')
    (tmp_path / "targets.txt").write_text("10.0.0.1\nno!target\n")
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00\x01")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "empty.txt").write_text("# nobody\n")
    return tmp_path


# command, exit code, what the line names
CASES = {
    "a target that is nothing": (f"scan 10.0.0.0/33 {HERE}", 2, "'10.0.0.0/33'"),
    "a target with a bad octet": ("scan 10.0.0.999", 2, "'10.0.0.999'"),
    "a range that ends before it begins": ("scan 10.0.0.9-3", 2, "10.0.0.9-3"),
    "a network too large": ("scan 10.0.0.0/8", 2, "16777216"),
    "a public address": ("scan 192.0.2.1 9.9.9.9", 2, "9.9.9.9"),
    "a public range": ("scan 9.9.9.0/24", 2, "9.9.9.0"),
    "a target file that is not there": ("scan @absent.txt", 2, "absent.txt"),
    "a target file with a bad line": ("scan @targets.txt", 2, "targets.txt: 'no!target'"),
    "a target file that is not text": ("scan @binary.txt", 2, "binary.txt"),
    "a target file without targets": ("scan @empty.txt", 2, "target"),
    "everything excluded": (f"scan {HERE} --exclude {HERE}", 2, "excluded"),
    "an exclusion that is nothing": (f"scan {HERE} --exclude 10.0.0.0/99", 2, "10.0.0.0/99"),
    "no targets on standard input": ("scan -", 2, "target"),
    "a port that is none": (f"scan {HERE} --port http", 2, "'http'"),
    "a port too high": (f"scan {HERE} --extra-port 70000", 2, "70000"),
    "an unknown probe": (f"scan {HERE} --without telepathy", 2, "telepathy"),
    "an unknown interface": (f"scan {HERE} --interface nope0", 2, "nope0"),
    "an unknown engine": (f"scan {HERE} --engine warp", 2, "warp"),
    "an unknown pace": (f"scan {HERE} --pace warp", 2, "warp"),
    "a deadline that is no time": (f"scan {HERE} --deadline soon", 2, "soon"),
    "a deadline of nothing": (f"scan {HERE} --deadline 0", 2, "0"),
    "an unknown outcome": (f"scan {HERE} --fail-on maybe", 2, "maybe"),
    "an unknown list": (f"scan {HERE} --list us-ndaa-999", 2, "us-ndaa-999"),
    "an unknown option": (f"scan {HERE} --password x", 2, "--password"),
    "an unknown command": ("scann", 2, "Did you mean 'scan'"),
    "a suffix of no form": (f"scan {HERE} -o report.pdf", 2, "report.pdf"),
    "an output folder that is not there": (f"scan {HERE} -o absent/report.json", 2, "absent"),
    "an output that is a folder": (f"scan {HERE} -o folder.json", 2, "folder.json"),
    "a record folder that is not there": (f"scan {HERE} --record absent/seen.jsonl", 2, "absent"),
    "two reports for standard output": (f"scan {HERE} -o - -o -", 2, "standard output"),
    "a signature folder that is not there": (f"scan {HERE} --data absent", 2, "absent"),
    "a folder without signatures": (f"scan {HERE} --data .", 2, "vocabulary.toml"),
    "a signature file that is no TOML": (f"scan {HERE} --data data", 2, "axis.toml"),
    "a list file that is not there": (f"scan {HERE} --list-file absent.toml", 2, "absent.toml"),
    "a list file with a wrong key": (f"scan {HERE} --list-file wrong-key.toml", 2, "colour"),
    "a list file that is no TOML": (f"scan {HERE} --list-file no-toml.toml", 2, "no-toml.toml"),
    "a list file with a shipped id": (f"scan {HERE} --list-file taken-id.toml", 2, "us-ndaa-889"),
    "a demo folder that is not there": ("demo --output-dir absent", 2, "absent"),
    "an input file that is not there": ("identify absent.jsonl", 2, "absent.jsonl"),
    "an identify output folder that is not there": ("identify empty.txt -o absent/x.json", 2, "absent"),
    "an unknown input format": ("identify empty.txt --format xml", 2, "xml"),
    "a report of a later version to judge": ("identify later.json", 1, "netcam.report/9"),
    "a report cut in the middle to judge": ("identify cut.json", 1, "cut.json"),
    "a report that is not there": ("explain absent.json 10.0.0.1", 2, "absent.json"),
    "a report of a later version": ("explain later.json 10.0.0.1", 1, "netcam.report/9"),
    "a report that is something else": ("explain other.json 10.0.0.1", 1, "other.json"),
    "a report cut in the middle": ("explain cut.json 10.0.0.1", 1, "cut.json"),
    "no address to explain": ("explain later.json", 2, "ADDRESS"),
    "an unknown signature": ("signatures show nobody", 2, "nobody"),
    "an unknown list to show": ("lists show nobody", 2, "nobody"),
    "signatures to check that are no TOML": ("signatures check --data data", 1, "axis.toml"),
    "a list to check with a wrong key": ("lists check --list-file wrong-key.toml", 1, "colour"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_line_names_what_is_wrong(place, case):
    command, code, named = CASES[case]
    before = sorted(place.rglob("*"))
    done = netcam(*command.split(), cwd=place)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("netcam")
    assert named in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(place.rglob("*")) == before


def test_no_command_at_all_shows_the_help():
    done = netcam()
    assert done.returncode == 2
    assert "Usage: netcam" in done.stderr


WITHOUT_CAPABILITIES = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--"]


def without_rights():
    """A prefix under which root has the rights of its file permissions only."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("root without setpriv can write everywhere")
    return WITHOUT_CAPABILITIES


@pytest.fixture
def closed(tmp_path):
    """A folder that nobody may write to, and that its owner may not either."""
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o555)
    if os.geteuid() == 0:
        os.chown(folder, 65534, 65534)
    yield folder
    folder.chmod(0o755)


@pytest.mark.parametrize(
    "arguments",
    [
        ("scan", HERE, "-o", "{}/r.json"), ("scan", HERE, "--record", "{}/r.jsonl"), ("demo", "--output-dir", "{}"),
        ("identify", os.devnull, "-o", "{}/r.json"),
    ],
    ids=["scan", "record", "demo", "identify"],
)  # fmt: skip
def test_a_folder_without_permission_is_told_before_the_work(closed, arguments):
    done = netcam(*(a.format(closed) for a in arguments), prefix=without_rights())
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert str(closed) in done.stderr
    assert list(closed.iterdir()) == []


def test_an_input_without_permission_is_named(tmp_path):
    path = tmp_path / "seen.jsonl"
    path.write_text("")
    path.chmod(0)
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
    done = netcam("identify", path, prefix=without_rights())
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == 1
    assert str(path) in done.stderr


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed")
def test_raw_frames_without_the_right_to_them_are_refused_with_what_is_missing(store):
    done = store.netcam("scan", CAMERA, "--engine", "syn", "-q", prefix_more=WITHOUT_CAPABILITIES)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "CAP_NET_RAW" in done.stderr


# Failures while running: what can be saved is saved.


@pytest.fixture
def full_disk(tmp_path):
    """A prefix for a command that sees a full file system at the folder given with it."""
    folder = tmp_path / "full"
    folder.mkdir()
    mount = ["unshare", "--mount", *AS_ROOT, "sh", "-c"]
    fill = f'mount -t tmpfs -o size=16k tmpfs "{folder}" && head -c 1000000 /dev/zero >"{folder}/filler" 2>/dev/null'
    tried = subprocess.run([*mount, f"{fill}; test -s '{folder}/filler'"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"no file systems can be mounted here: {tried.stderr.strip()}")
    return folder, [*mount, f'{fill}; "$@"; code=$?; ls -A "{folder}" >&2; exit $code', "sh"]


def test_a_full_disk_loses_neither_the_other_reports_nor_the_table(store, full_disk, tmp_path):
    folder, prefix = full_disk
    done = store.netcam(
        "scan", CAMERA, *BRIEF, "-o", folder / "a.json", "-o", tmp_path / "b.json", "-o", folder / "c.html",
        "--record", folder / "seen.jsonl", prefix_more=prefix,
    )  # fmt: skip
    *lines, left = done.stderr.splitlines()
    assert done.returncode == 1
    assert left == "filler"  # no half-written file
    assert f"{folder / 'a.json'}: can't be written: No space left on device" in lines[-1]
    assert sum(line.startswith("netcam:") for line in lines) == 1
    assert json.loads((tmp_path / "b.json").read_text("utf-8"))["scan"]["complete"] is True
    assert CAMERA in done.stdout


def test_an_older_report_survives_a_full_disk(tmp_path):
    target = tmp_path / "r.json"
    target.write_text("the older one")
    if why_not():
        pytest.skip(why_not())
    limit = ["sh", "-c", 'ulimit -f 1; trap "" XFSZ; exec "$@"', "sh"]  # a file of 512 or 1024 bytes and no more
    done = netcam("identify", os.devnull, "-o", target, prefix=limit)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert str(target) in done.stderr
    assert target.read_text() == "the older one"
    assert list(tmp_path.iterdir()) == [target]


def shell(store, line, tmp_path):
    """A shell line in the store's namespace; `netcam` in it is the program."""
    program = tmp_path / "bin" / "netcam"
    program.parent.mkdir(exist_ok=True)
    program.write_text("#!/bin/sh\nexec " + " ".join(f"'{part}'" for part in NETCAM) + ' "$@"\n')
    program.chmod(0o755)
    environment = {**PLAIN, "PATH": f"{program.parent}:{PLAIN['PATH']}"}
    return subprocess.run(
        [*store.enter, "bash", "-c", line], capture_output=True, text=True, cwd=tmp_path, env=environment,
        stdin=subprocess.DEVNULL, timeout=100, check=False,
    )  # fmt: skip


SCAN = f"netcam scan {CAMERA} -q {' '.join(BRIEF)}"


def test_a_reader_who_went_away_is_no_failure_and_costs_no_report(store, tmp_path):
    done = shell(store, f"{SCAN} -o - -o r.json | true; echo ${{PIPESTATUS[0]}}", tmp_path)
    assert (done.stdout, done.stderr) == ("0\n", "")
    assert json.loads((tmp_path / "r.json").read_text("utf-8"))["devices"]


def test_a_reader_who_went_away_doesn_t_hide_a_listed_device(store, tmp_path):
    scan = f"netcam scan {CAMERA} --port 80 --without dhip,mdns,icmp -q -o - --fail-on listed"
    done = shell(store, f"{scan} | true; echo ${{PIPESTATUS[0]}}", tmp_path)
    assert (done.stdout, done.stderr) == ("3\n", "")


def test_every_command_may_be_cut_short_by_head(store, tmp_path):
    for command in ("signatures list", "schema", "lists show us-ndaa-889", "signatures show hikvision"):
        done = shell(store, f"netcam {command} | head -n 1; echo ${{PIPESTATUS[0]}}", tmp_path)
        assert done.stdout.splitlines()[-1] == "0", command
        assert done.stderr == ""


def test_a_closed_standard_output_is_no_failure_and_costs_no_report(store, tmp_path):
    done = shell(store, f"{SCAN} -o r.json >&-; echo $?", tmp_path)
    assert (done.stdout, done.stderr) == ("0\n", "")
    assert json.loads((tmp_path / "r.json").read_text("utf-8"))["devices"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_standard_output_is_told_in_one_line_and_costs_no_report(store, tmp_path):
    done = shell(store, f"{SCAN} -o - -o r.json >/dev/full; echo $? >&2", tmp_path)
    assert done.stderr == "netcam: standard output: No space left on device\n1\n"
    assert json.loads((tmp_path / "r.json").read_text("utf-8"))["devices"]


def test_closed_standard_input_and_error_are_no_failure(store, tmp_path):
    done = shell(store, f"{SCAN} -o r.json <&- 2>&-; echo $?", tmp_path)
    assert done.stdout == "0\n"
    assert (tmp_path / "r.json").exists()


def test_a_terminal_that_knows_only_ascii_still_gets_its_table(store):
    done = store.netcam("scan", CAMERA, *BRIEF, env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert CAMERA in done.stdout
