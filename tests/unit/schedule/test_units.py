"""What schedulers are told: golden files, and hostile words given back by whatever reads each form."""

import plistlib
import shutil
import subprocess
import sys
from datetime import datetime
from itertools import pairwise
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

import pytest

from netcam.config.hours import zone
from netcam.errors import ConfigError, StoreError
from netcam.report.write import write_atomically
from netcam.schedule import install, units
from netcam.schedule.due import Every, Times
from netcam.schedule.units import KINDS, Wanted, activation, calendar, files, places

GOLDEN = Path(__file__).with_name("golden")
NIGHTLY = Times(minutes=(150, 765), days=(0, 1, 2, 3, 4), zone=None)
HOSTILE = r"""it's 50% "off" \n $HOME ${X} `id` ; & <b> é"""


def wanted(**more):
    given = {
        "name": "netcam-store-17", "title": "Store 17", "plan": NIGHTLY, "jitter_s": 900.0, "user": None,
        "command": ("/opt/netcam/bin/python", "-P", "-m", "netcam", "watch", "--once", "--config",
                    "/etc/netcam/netcam.toml", "--site", "store-17"),
        "state": PurePosixPath("/var/lib/netcam"), "reports": PurePosixPath("/var/lib/netcam/reports"),
        "config": PurePosixPath("/etc/netcam/netcam.toml"),
    }  # fmt: skip
    return Wanted(**{**given, **more})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("plan", [NIGHTLY, Every(interval_s=21600)], ids=["at", "every"])
def test_the_files_are_those_that_were_looked_at(kind, plan):
    name = "at" if plan is NIGHTLY else "every"
    made = files(kind, wanted(plan=plan))
    assert {f.place for f in made} == set(places(kind, "netcam-store-17"))
    for file in made:
        golden = GOLDEN / f"{name}-{kind}{Path(file.place).suffix or '.cron'}"
        assert file.data == golden.read_bytes(), golden.name


def exec_start(data):
    return next(line for line in data.decode().splitlines() if line.startswith("ExecStart="))


def test_systemd_takes_hostile_words_literally():
    made = files("systemd", wanted(command=("/bin/x", HOSTILE), title=HOSTILE))
    told = exec_start(made[0].data)
    assert told == (
        r'''ExecStart="/bin/x" "it's 50%% \"off\" \\n $$HOME $${X} `id` ; & <b> é"'''
    )
    assert "50%% \"off\"" in made[0].data.decode().splitlines()[2]


@pytest.mark.parametrize("mark", ["$", '"', "'", "\\"], ids=["dollar", "quote", "apostrophe", "backslash"])
def test_a_program_that_systemd_would_not_run_is_refused(mark):
    with pytest.raises(ConfigError, match="systemd runs no program"):
        files("systemd", wanted(command=(f"/opt/a{mark}b", "x")))


def test_a_title_can_add_no_line_to_a_unit():
    made = files("systemd", wanted(title="x\nExecStartPre=/bin/evil\\"))
    assert not any(line.startswith("ExecStartPre") for f in made for line in f.data.decode().splitlines())
    assert not any(line.startswith("Description") and line.endswith("\\") for f in made for line in
                   f.data.decode().splitlines())  # fmt: skip


def test_cron_gives_hostile_words_to_the_program_as_they_are():
    """As cron does it: an escaped % is one, and the rest of the line goes to sh."""
    script = "import sys; print(ascii(sys.argv[1:]))"
    made = files("cron", wanted(command=(sys.executable, "-c", script, HOSTILE, "--site"), jitter_s=0))
    line = made[0].data.decode().splitlines()[-1]
    command = line.split(" ", 6)[6]
    assert "%" not in command.replace("\\%", "")
    done = subprocess.run(
        ["/bin/sh", "-c", command.replace("\\%", "%")], capture_output=True, text=True, check=True
    )  # fmt: skip
    assert done.stdout.strip() == ascii([HOSTILE, "--site"])


def test_a_cron_file_has_a_name_that_cron_reads_and_ends_its_last_line():
    (made,) = files("cron", wanted())
    assert set(made.place.rpartition("/")[2]) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert made.data.endswith(b"\n")


def test_launchd_reads_hostile_words_as_they_are():
    (made,) = files("launchd", wanted(command=("/bin/x", HOSTILE), jitter_s=0, title=HOSTILE))
    assert plistlib.loads(made.data)["ProgramArguments"] == ["/bin/x", HOSTILE]


def test_a_windows_task_reads_hostile_words_as_they_are():
    (made,) = files("windows", wanted(command=("C:\\x\\netcam.exe", HOSTILE), jitter_s=0, title=HOSTILE))
    root = ElementTree.fromstring(made.data.decode("utf-16").partition("?>")[2])
    space = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
    assert root.find(f".//{space}Arguments").text == subprocess.list2cmdline([HOSTILE])
    assert "<b>" in root.find(f".//{space}Description").text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("word", ["a\nb", "a\0b", "a\x1bb", "a\x7fb"], ids=range(4))
def test_a_word_with_control_characters_is_refused(kind, word):
    with pytest.raises(ConfigError, match="control characters"):
        files(kind, wanted(command=("/bin/x", word)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("user", ["root\nx", "a b:c", "$(id)", "", "-x", "%i"], ids=range(6))
def test_a_user_that_is_none_is_refused(kind, user):
    with pytest.raises(ConfigError, match=r"user name|control characters"):
        files(kind, wanted(user=user))


@pytest.mark.parametrize("kind", ["cron", "launchd", "windows"])
def test_a_scheduler_without_time_zones_does_not_pretend_to_have_them(kind):
    plan = Times(minutes=(150,), days=tuple(range(7)), zone=zone("Europe/Paris"))
    with pytest.raises(ConfigError, match=r"schedule\.timezone: .* machine's clock"):
        files(kind, wanted(plan=plan))
    assert calendar(plan) == "OnCalendar=*-*-* 02:30:00 Europe/Paris\n"


@pytest.mark.parametrize(
    ("interval", "lines"),
    [
        (86400, "OnCalendar=*-*-* 00:00:00\n"),
        (21600, "OnCalendar=*-*-* 00/6:00:00\n"),
        (900, "OnCalendar=*-*-* *:00/15:00\n"),
        (5 * 3600, None),
        (90, None),
    ],
    ids=["1d", "6h", "15m", "5h", "90s"],
)
def test_intervals_that_divide_a_day_are_calendar_times_so_that_missed_ones_are_made_up_for(interval, lines):
    assert calendar(Every(interval_s=interval)) == lines
    timer = files("systemd", wanted(plan=Every(interval_s=interval)))[1].data.decode()
    assert (lines or "OnUnitActiveSec=") in timer
    if lines is None:
        with pytest.raises(ConfigError, match="cron can't say that"):
            files("cron", wanted(plan=Every(interval_s=interval)))


def test_the_service_writes_where_it_must_and_nowhere_else():
    inside = files("systemd", wanted())[0].data.decode()
    assert "DynamicUser=yes" in inside
    assert "ReadWritePaths" not in inside
    outside = PurePosixPath('/srv/cctv "reports" 50%')
    with pytest.raises(ConfigError, match="--user"):
        files("systemd", wanted(reports=outside))
    text = files("systemd", wanted(reports=outside, user="scanner"))[0].data.decode()
    assert 'User=scanner\n' in text
    assert 'ReadWritePaths="/srv/cctv \\"reports\\" 50%%"\n' in text


def test_people_s_folders_are_hidden_unless_the_program_lies_there():
    assert "ProtectHome=yes" in files("systemd", wanted())[0].data.decode()
    at_home = ("/home/" + "ann/venv/bin/python", "-m", "netcam")
    assert "ProtectHome=read-only" in files("systemd", wanted(command=at_home))[0].data.decode()


@pytest.fixture
def root(tmp_path):
    for folder in ("etc/systemd/system", "etc/cron.d", "Library/LaunchDaemons", "ProgramData/netcam"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "etc/cron.d/other").write_text("theirs")
    return tmp_path


def tree(root):
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.mark.parametrize("kind", KINDS)
def test_what_install_wrote_remove_takes_away_and_nothing_else(root, kind):
    before = tree(root)
    made = files(kind, wanted())
    for _ in range(2):  # twice is as good as once
        install.put(made, root, write_atomically)
    assert set(tree(root)) - set(before) == {place.lstrip("/") for place in places(kind, "netcam-store-17")}
    assert all(install.under(root, f.place).stat().st_mode & 0o777 == 0o644 for f in made)
    assert len(install.remove(kind, "netcam-store-17", root)) == len(made)
    assert install.remove(kind, "netcam-store-17", root) == []
    assert tree(root) == before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("link", [False, True], ids=["file", "link"])
def test_somebody_else_s_file_is_neither_written_over_nor_deleted(root, kind, link):
    path = install.under(root, places(kind, "netcam-store-17")[-1])
    if link:
        path.symlink_to(root / "etc/cron.d/other")
    else:
        path.write_text("[Unit]\nDescription=mine\n")
    before = tree(root)
    for attempt in (
        lambda: install.put(files(kind, wanted()), root, write_atomically),
        lambda: install.remove(kind, "netcam-store-17", root),
    ):
        with pytest.raises(ConfigError, match="netcam did not write this file"):
            attempt()
    assert tree(root) == before


def test_a_folder_that_is_not_there_is_told_and_not_made(tmp_path):
    with pytest.raises(StoreError, match=r"there is no folder .*cron\.d"):
        install.put(files("cron", wanted()), tmp_path, write_atomically)
    assert list(tmp_path.iterdir()) == []


def test_the_scheduler_of_a_machine_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(install.shutil, "which", lambda name: None)
    monkeypatch.setattr(install.sys, "platform", "linux")
    with pytest.raises(ConfigError, match="--kind names one"):
        install.kind_here(tmp_path)
    (tmp_path / "etc/cron.d").mkdir(parents=True)
    assert install.kind_here(tmp_path) == "cron"
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    assert install.kind_here(tmp_path) == "systemd"
    for platform, kind in (("darwin", "launchd"), ("win32", "windows")):
        monkeypatch.setattr(install.sys, "platform", platform)
        assert install.kind_here(tmp_path) == kind


def test_every_kind_says_how_it_is_switched_on():
    assert ("systemctl", "enable", "--now", "netcam.timer") in activation("systemd", "netcam")
    assert activation("cron", "netcam") == ()
    assert activation("windows", "netcam")[0][-1] == r"C:\ProgramData\netcam\netcam.xml"
    assert activation("launchd", "netcam")[0][-1] == "/Library/LaunchDaemons/org.netcam.plist"


analyze = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(analyze is None, reason="systemd-analyze is not installed")


@pytest.fixture
def written(tmp_path):
    """The units of a schedule in a folder, with a program that exists under a hostile name."""

    def write(**more):
        program = tmp_path / "we%ird  name; é"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        made = files("systemd", wanted(command=(str(program), HOSTILE), title=HOSTILE, **more))
        for file in made:
            (tmp_path / Path(file.place).name).write_bytes(file.data)
        return [str(tmp_path / Path(file.place).name) for file in made]

    return write


@needs_systemd
@pytest.mark.parametrize(
    "plan",
    [NIGHTLY, Every(interval_s=21600), Every(interval_s=5400.0), Every(interval_s=86400),
     Times(minutes=(0,), days=(6,), zone=zone("Europe/Paris"))],
    ids=["at", "6h", "90m", "1d", "zone"],
)  # fmt: skip
def test_systemd_finds_nothing_wrong_with_the_units(written, plan):
    done = subprocess.run([analyze, "verify", *written(plan=plan)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
def test_systemd_would_find_a_program_that_is_not_there(written):
    """That the test above can fail: the program's name is read as it is written."""
    paths = written()
    next(p for p in Path(paths[0]).parent.iterdir() if p.name.startswith("we%ird")).unlink()
    done = subprocess.run([analyze, "verify", *paths], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "is not executable" in done.stderr


@needs_systemd
def test_systemd_calls_the_service_well_shut_in(written):
    service = written()[0]
    done = subprocess.run(
        [analyze, "security", "--offline=true", "--no-pager", service], capture_output=True, text=True, check=False
    )
    level = next(line for line in done.stdout.splitlines() if "Overall exposure level" in line)
    assert float(level.split(": ")[1].split()[0]) <= 2.0, done.stdout


@needs_systemd
@pytest.mark.parametrize("interval", [900, 21600, 86400], ids=["15m", "6h", "1d"])
def test_systemd_reads_the_calendar_as_it_is_meant(interval):
    expression = calendar(Every(interval_s=interval)).removeprefix("OnCalendar=").strip()
    done = subprocess.run(
        [analyze, "calendar", "--iterations=3", expression], capture_output=True, text=True, check=True,
        env={"TZ": "UTC", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    times = [line.split(" UTC")[0].split()[-2:] for line in done.stdout.splitlines() if "UTC" in line]
    moments = [datetime.fromisoformat(" ".join(words)) for words in times]
    assert len(moments) == 3
    assert {(b - a).total_seconds() for a, b in pairwise(moments)} == {interval}


def test_the_service_has_one_right_and_no_other():
    text = files("systemd", wanted())[0].data.decode().splitlines()
    assert [line for line in text if line.startswith(("Ambient", "CapabilityB"))] == [
        "CapabilityBoundingSet=CAP_NET_RAW", "AmbientCapabilities=CAP_NET_RAW",
    ]  # fmt: skip
    assert "NoNewPrivileges=yes" in text
    assert units.MARK in text[0]
