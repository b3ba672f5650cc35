"""`netcam config`, and the limits of netcam.toml on real scans of the emulated store."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from store_lan import devices, netcam

from netcam.demo.store import demo_store

IP = {profile.name: f"127.77.0.{10 + number}" for number, profile in enumerate(demo_store())}
CAMERA, REBRAND, AXIS = (IP[name] for name in ("hikvision-camera", "annke-camera", "axis-camera"))
BRIEF = """[scan]
pace = "fast"
without = ["discovery", "icmp"]
ports = "80"
"""


def site(never="", more=""):
    return f"""{BRIEF}
[[site]]
id = "store-17"
name = "Store 17"
targets = ["127.77.0.0/26"]
never = [{never}]
{more}
"""


@pytest.fixture
def settings(tmp_path):
    def write(text):
        (tmp_path / "netcam.toml").write_text(text, "utf-8")
        return tmp_path

    return write


def heard(store):
    return {ip: len(received) for ip, received in store.record().items()}


def test_a_till_hears_nothing_whatever_stands_on_the_command_line(store, settings):
    folder = settings(site(f'{{ address = "{REBRAND}", why = "till" }}'))
    before = heard(store)
    for arguments in (
        ("--site", "store-17"),
        ("--site", "Store 17", f"{CAMERA}-{REBRAND}"),
        (CAMERA, REBRAND),
        ("127.77.0.0/26", "--exclude", AXIS),
    ):
        done = store.netcam("scan", *arguments, "-o", "-", "--quiet", cwd=folder)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert REBRAND in found["scan"]["scope"]["excluded"]
        assert CAMERA in devices(found)
        assert REBRAND not in devices(found)
    after = heard(store)
    assert after[CAMERA] > before[CAMERA]
    assert after[REBRAND] == before[REBRAND]


def test_in_opening_hours_nothing_is_sent_and_the_exit_code_says_refused(store, settings):
    folder = settings(site(more='timezone = "UTC"\nopening_hours = ["daily 00:00-24:00"]'))
    before = heard(store)
    for arguments in (("--site", "store-17"), (CAMERA,)):
        done = store.netcam("scan", *arguments, "-o", "r.json", cwd=folder)
        assert done.returncode == 2
        assert "'Store 17' may not be scanned now" in done.stderr
    assert heard(store) == before
    assert not (folder / "r.json").exists()


def test_a_scan_that_runs_into_opening_hours_ends_before_them_with_what_it_has(store, settings):
    now = datetime.now(UTC)
    ahead = 12 - now.hour  # where it is about noon, for the hours of one day are wanted
    opens = now + timedelta(minutes=2 if now.second > 35 else 1)
    local = opens + timedelta(hours=ahead)
    hours = f'timezone = "Etc/GMT{-ahead:+d}"\nopening_hours = ["daily {local:%H:%M}-24:00"]'
    folder = settings(site(more=hours).replace('"fast"', '"gentle"').replace('ports = "80"', 'ports = "1-3000"'))
    done = store.netcam("scan", "--site", "store-17", "-o", "-", "--quiet", cwd=folder, timeout=150)
    assert done.returncode == 4, done.stderr
    found = json.loads(done.stdout)["scan"]
    assert found["complete"] is False
    assert any("'Store 17' may no longer be scanned" in c["why"] for c in found["coverage"])
    assert datetime.fromisoformat(found["ended_at"]) < opens.replace(second=0, microsecond=0)


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(store, settings):
    folder = settings(BRIEF)
    normal = {"NETCAM_SCAN_PACE": "normal"}
    plan = [
        store.netcam("scan", CAMERA, *args, "-o", "-", cwd=folder, env=env).stderr
        for args, env in (((), {}), ((), normal), (("--pace", "gentle"), normal))
    ]
    assert ["pace fast" in plan[0], "pace normal" in plan[1], "pace gentle" in plan[2]] == [True] * 3
    assert "settings from netcam.toml" in plan[0]
    assert "1 addresses, 1 TCP ports" in plan[0]


def test_wrong_settings_are_told_before_anything_is_sent_and_help_works_all_the_same(settings):
    folder = settings("[scan]\npace = 'fats'\n")
    done = netcam("scan", "127.0.0.1", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "netcam: netcam.toml:2: scan.pace 'fats': is 'fast' meant?\n"
    assert netcam("scan", "--help", cwd=folder).returncode == 0


def test_check_tells_every_fault_with_its_line_also_those_that_other_rooms_know(settings):
    scan = '[scan]\nwithout = ["snmmp"]\nports = "80,x"\nlists = ["us-ndaa-88"]\n'
    folder = settings(scan + '[output]\nforms = ["docx"]\n')
    done = netcam("config", "check", cwd=folder)
    assert done.returncode == 1
    told = done.stderr.splitlines()
    assert [line.split(": ")[0] for line in told] == [f"netcam.toml:{n}" for n in (2, 3, 6, 4)]
    assert "is 'snmp' meant?" in told[0]
    folder = settings(site())
    done = netcam("config", "check", "--file", folder / "netcam.toml")
    assert (done.returncode, done.stdout) == (0, f"{folder / 'netcam.toml'}: 1 site, 0 exports\n")


def test_show_prints_settings_and_sources_and_no_secret(settings):
    folder = settings(BRIEF + '[[export]]\nto = "netbox"\n[export.options]\ntoken_env = "NB"\n')
    env = {"NB": "hunter2", "NETCAM_HISTORY_DB": "postgresql://n:hunter2@h/d"}
    done = netcam("config", "show", cwd=folder, env=env)
    assert done.returncode == 0, done.stderr
    assert "hunter2" not in done.stdout
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["scan.pace", '"fast"', "(netcam.toml:2)"] in rows
    assert ["history.db", '"postgresql://n:***@h/d"', "(NETCAM_HISTORY_DB)"] in rows
    assert ["export.netbox.options.token_env", '"NB"', "(set)", "(netcam.toml:8)"] in rows


def test_without_settings_there_is_nothing_to_check(tmp_path):
    env = {"XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)}
    done = netcam("config", "check", cwd=tmp_path, env=env)
    assert done.returncode == 2
    assert "no netcam.toml" in done.stderr
    assert netcam("config", "show", cwd=tmp_path, env=env).stdout.startswith("no netcam.toml; defaults")
