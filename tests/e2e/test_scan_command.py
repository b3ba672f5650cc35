"""`netcam scan` with each of its options, on the emulated store in a namespace."""

import csv
import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from dataclasses import replace

import pytest
from store_lan import NETCAM, PLAIN, devices, named, netcam

from netcam.cli.errors import Exit
from netcam.cli.scanning import leave
from netcam.demo.store import demo_store
from netcam.discovery.ports import DEFAULT_PORTS
from netcam.pipeline import discovery_names, probe_names
from netcam.report.to_json import load

IP = {profile.name: f"127.77.0.{10 + number}" for number, profile in enumerate(demo_store())}
CAMERA, REBRAND, AXIS, NAS = (IP[name] for name in ("hikvision-camera", "annke-camera", "axis-camera", "office-nas"))
# The questions sent to every host whatever it listens on; a test of something else needn't wait for their silence.
BRIEF = ["--without", "discovery,icmp", "--port", "80"]
# All of them but one or two.
SADP_ALONE = ",".join(sorted((discovery_names() - {"sadp"}) | {"icmp"}))
OWN_LIST = """schema = 1
[list]
id = "store-policy"
title = "What our stores buy"
jurisdiction = "our company"
authority = "purchasing"
effect = "private-policy"
binds = "our stores"
says = "No new cameras of this maker."
last_checked = 2026-01-01
own = true
[[list.citation]]
title = "Purchasing manual"
url = ""
[[entry]]
{names}
entity = "whom we no longer buy from"
"""


@pytest.fixture(scope="module")
def everything(store, tmp_path_factory):
    """One scan of four devices with every kind of output."""
    folder = tmp_path_factory.mktemp("outputs")
    outputs = [arg for name in ("a.json", "b.json", "a.html", "a.csv", "a.jsonl", "-") for arg in ("-o", name)]
    done = store.netcam(
        "scan", CAMERA, REBRAND, AXIS, NAS, "--interface", "lo", "--pace", "fast", "--site", "store 17",
        "--record", "seen.jsonl", *outputs, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder, done


@pytest.fixture(scope="module")
def report(everything):
    return json.loads((everything[0] / "a.json").read_text("utf-8"))


def test_every_output_asked_for_is_written_and_nothing_else(everything):
    folder, _ = everything
    assert sorted(p.name for p in folder.iterdir()) == ["a.csv", "a.html", "a.json", "a.jsonl", "b.json", "seen.jsonl"]


def test_two_outputs_of_one_form_are_the_same_report_and_a_dash_is_it_on_standard_output(everything):
    folder, done = everything
    assert (folder / "a.json").read_bytes() == (folder / "b.json").read_bytes()
    assert done.stdout == (folder / "a.json").read_text("utf-8")


def test_html_csv_and_jsonl_hold_the_same_devices_as_the_report(everything, report):
    folder, _ = everything
    rows = list(csv.DictReader(io.StringIO((folder / "a.csv").read_text("utf-8-sig"))))
    lines = [json.loads(line) for line in (folder / "a.jsonl").read_text("utf-8").splitlines()]
    assert lines == report["devices"]
    assert sorted(row["ip"] for row in rows) == sorted(d["ip"] for d in report["devices"])
    page = (folder / "a.html").read_text("utf-8")
    assert all(d["ip"] in page for d in report["devices"])
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//[^"'>]*\.(?:js|css|png|woff)""", page)


def test_a_device_record_has_every_key_of_the_contract(report):
    contract = {
        "id", "ip", "addresses", "mac", "mac_source", "hostnames", "is_cctv", "device_type", "confidence", "brand",
        "manufacturer", "model", "firmware", "firmware_date", "serial", "capabilities", "verdicts", "advisories",
        "services", "evidence", "conflicts",
    }  # fmt: skip
    for device in report["devices"]:
        assert set(device) >= contract


def test_the_report_says_what_was_asked_where_and_with_which_data(report):
    scan = report["scan"]
    assert scan["scope"] == {"targets": [CAMERA, REBRAND, AXIS, NAS], "excluded": [], "addresses": 4}
    assert scan["site"] == "store 17"
    assert scan["complete"] is True
    assert scan["versions"]["signatures"].startswith("sha256:")
    assert scan["versions"]["lists"]
    assert 0 < scan["traffic"]["max_packets_to_one_host"] <= scan["traffic"]["packets_sent"]
    for moment in (scan["started_at"], scan["ended_at"], *(o["seen_at"] for o in report["observations"])):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", moment)
    assert {"http", "sadp"} <= {run["probe"] for run in report["runs"]}


def test_the_plan_is_on_standard_error_and_the_report_alone_on_standard_output(everything):
    _, done = everything
    assert "network 127.0.0.0/8 on lo: 4 addresses" in done.stderr
    json.loads(done.stdout)


def test_the_record_judged_again_gives_the_same_identities(everything, report, tmp_path):
    folder, _ = everything
    done = netcam("identify", folder / "seen.jsonl", "--format", "jsonl")
    assert done.returncode == 0, done.stderr
    again = {d["ip"]: d for d in map(json.loads, done.stdout.splitlines()) if d["ip"]}
    before = devices(report)
    for ip in (CAMERA, REBRAND, AXIS, NAS):
        assert named(again[ip]) == named(before[ip])


def test_a_saved_report_judged_again_gives_the_same_devices(everything, report, tmp_path):
    folder, _ = everything
    done = netcam("identify", folder / "a.json", "-o", tmp_path / "again.json")
    assert done.returncode == 0, done.stderr
    again = json.loads((tmp_path / "again.json").read_text("utf-8"))
    assert again["devices"] == report["devices"]
    assert again["observations"] == report["observations"]
    assert {k: v for k, v in again["scan"].items() if k != "versions"} == {
        k: v for k, v in report["scan"].items() if k != "versions"
    }


@pytest.mark.parametrize("kind", ["address", "MAC", "id"])
def test_explain_takes_an_address_a_mac_or_an_id(everything, report, kind):
    device = devices(report)[CAMERA]
    wanted = {"address": CAMERA, "MAC": device["mac"].upper().replace(":", "-"), "id": device["id"]}[kind]
    done = netcam("explain", everything[0] / "a.json", wanted)
    assert done.returncode == 0
    assert device["evidence"][0]["signature"] in done.stdout
    assert "us-ndaa-889" in done.stdout


def test_explain_of_what_the_report_does_not_hold_is_one_line(everything):
    done = netcam("explain", everything[0] / "a.json", "10.9.9.9")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "10.9.9.9" in done.stderr


def test_the_site_is_part_of_a_device_s_identity(store):
    def id_at(*site):
        found, _ = store.scan(CAMERA, "-q", *BRIEF, *site)
        return found["devices"][0]["id"]

    here = id_at("--site", "store 1")
    assert here == id_at("--site", "store 1")
    assert len({here, id_at("--site", "store 2"), id_at()}) == 3


def test_an_excluded_address_gets_no_packet_and_is_not_in_the_report(store):
    before = len(store.record()[REBRAND])
    found, _ = store.scan(CAMERA, REBRAND, "--exclude", REBRAND, "--port", "80", "--interface", "lo", "-q")
    assert found["scan"]["scope"]["excluded"] == [REBRAND]
    assert CAMERA in devices(found)
    assert REBRAND not in devices(found)
    asked = [r for r in store.record()[REBRAND][before:] if r["transport"] == "tcp"]
    assert asked == []


def test_targets_come_from_files_ranges_and_standard_input(store, tmp_path):
    (tmp_path / "hosts.txt").write_text(f"# the back office\n{CAMERA}\n{REBRAND}, {AXIS}\n")
    found, _ = store.scan(f"@{tmp_path / 'hosts.txt'}", "-q", *BRIEF)
    assert set(devices(found)) == {CAMERA, REBRAND, AXIS}
    last = REBRAND.rsplit(".", 1)[1]
    found, _ = store.scan(f"{REBRAND}-{last}", "-", "-q", *BRIEF, input=f"{AXIS}\n")
    assert set(devices(found)) == {REBRAND, AXIS}


def test_port_replaces_the_default_ports_and_extra_port_adds_to_them(store):
    def ports_of(*options):
        before = {ip: len(received) for ip, received in store.record().items()}
        found, done = store.scan(NAS, "--without", "discovery,icmp", *options)
        connected = {r["port"] for r in store.record()[NAS][before[NAS] :] if r["transport"] == "tcp"}
        return {s["port"] for s in found["devices"][0]["services"]}, connected, done.stderr

    seen, connected, plan = ports_of("--port", "5000-5001,tcp/22")
    assert (seen, connected) == ({22, 5000, 5001}, {22, 5000, 5001})
    assert "1 addresses, 3 TCP ports" in plan
    seen, connected, plan = ports_of("--extra-port", "445", "--extra-port", "80")
    assert seen == {22, 80, 445, 5000, 5001}
    assert f"1 addresses, {len(DEFAULT_PORTS) + 1} TCP ports" in plan


@pytest.mark.parametrize("name", probe_names())
def test_every_probe_can_be_switched_off_by_its_name(store, name):
    off = ",".join(sorted(discovery_names() | {"icmp", name}))
    found, done = store.scan(CAMERA, "--port", "80,554,443", "--interface", "lo", "-q", "--without", off)
    assert done.returncode == 0, done.stderr
    assert name not in {run["probe"] for run in found["runs"]}
    assert name not in {o["probe"] for o in found["observations"]}
    assert any(c["what"] == f"probe {name}" and c["status"] == "not" for c in found["scan"]["coverage"])


@pytest.mark.parametrize("name", ["multicast", "arp", "http"])
def test_a_no_option_is_the_same_as_without(store, name):
    found, _ = store.scan(CAMERA, f"--no-{name}", "-q", *BRIEF)
    assert any(c["what"] == f"probe {name}" and c["status"] == "not" for c in found["scan"]["coverage"])


def test_without_list_names_the_probes(store):
    done = netcam("scan", "--without", "list")
    assert (done.returncode, tuple(done.stdout.split())) == (0, probe_names())


@pytest.mark.parametrize("pace", ["gentle", "normal", "fast"])
def test_every_pace_sees_the_same_and_is_named_in_the_plan(store, pace):
    found, done = store.scan(CAMERA, "--pace", pace, *BRIEF)
    assert f"pace {pace}:" in done.stderr
    assert {"http.server", "http.title"} & {o["kind"] for o in found["observations"]}


def test_a_deadline_ends_the_scan_with_a_whole_report_marked_incomplete(store, tmp_path):
    outputs = ("-o", tmp_path / "r.json", "-o", tmp_path / "r.html")
    done = store.netcam("scan", f"{min(IP.values())}-53", "--pace", "gentle", "--deadline", "2", *outputs)
    assert done.returncode == 4, done.stderr
    found = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert found["scan"]["complete"] is False
    assert any("deadline of 2 s" in c["why"] for c in found["scan"]["coverage"])
    assert (tmp_path / "r.html").read_text("utf-8").rstrip().endswith("</html>")
    assert "not covered as asked" in done.stderr


def test_of_several_endings_an_interruption_wins_then_a_listed_device_then_an_incomplete_scan(everything):
    whole = load(everything[0] / "a.json")
    cut = replace(whole, scan=replace(whole.scan, complete=False))

    def code(report, fail_on, *, interrupted=False):
        with pytest.raises(Exit) as left:
            leave(report, fail_on, ("us-ndaa-889",), interrupted)
        return left.value.code

    assert code(whole, "listed") == code(cut, "listed") == 3
    assert code(cut, "none") == 4
    assert code(cut, "listed", interrupted=True) == 130
    assert leave(whole, "none", ("us-ndaa-889",), False) is None


@pytest.mark.parametrize(
    ("names", "options", "code"),
    [
        ('vendor = "hikvision"', ["--fail-on", "listed"], 3),
        ('vendor = "hikvision"', ["--fail-on", "possible"], 3),
        ('vendor = "hikvision"', ["--fail-on", "none"], 0),
        ('vendor = "hikvision"', [], 0),
        ('brand = "annke"', ["--fail-on", "possible"], 3),
        ('country = "CN"', ["--fail-on", "possible"], 3),
        ('country = "CN"', ["--fail-on", "listed"], 0),
        ('vendor = "axis"', ["--fail-on", "possible"], 0),
    ],
)
def test_fail_on_asks_only_the_lists_that_were_chosen(store, tmp_path, names, options, code):
    own = tmp_path / "own.toml"
    own.write_text(OWN_LIST.format(names=names))
    lists = ("--list-file", own, "--list", "store-policy")
    found, done = store.scan(REBRAND, "--port", "80", "--without", SADP_ALONE, "-q", *lists, *options)
    assert done.returncode == code, done.stderr
    assert "store-policy" in {v["list"] for v in found["devices"][0]["verdicts"]}


def test_a_shipped_list_counts_for_fail_on_by_default_and_another_can_be_chosen(store):
    quick = ("--port", "80", "--without", SADP_ALONE, "-q", "--fail-on", "listed")
    assert store.netcam("scan", REBRAND, *quick).returncode == 3
    assert store.netcam("scan", AXIS, *quick).returncode == 0
    assert store.netcam("scan", REBRAND, *quick, "--list", "us-ndaa-889").returncode == 3


def test_quiet_says_nothing_at_all(store, tmp_path):
    done = store.netcam("scan", CAMERA, "-q", "-o", tmp_path / "r.json", *BRIEF)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert devices(json.loads((tmp_path / "r.json").read_text("utf-8")))[CAMERA]


def test_the_table_shows_cctv_devices_and_with_all_the_others(store):
    targets = [CAMERA, IP["axis-speaker"]]
    short = store.netcam("scan", *targets, *BRIEF).stdout
    assert f"\n{CAMERA} " in short
    assert IP["axis-speaker"] not in short
    assert "1 device of another kind" in short or "not shown; --all" in short
    assert f"\n{IP['axis-speaker']} " in store.netcam("scan", *targets, "--all", *BRIEF).stdout


def on_terminal(store, *args, env=None):
    """Standard output of netcam on a terminal."""
    script = shutil.which("script")
    if script is None:
        pytest.skip("script is not installed")
    line = shlex.join([*store.enter, *NETCAM, *args])
    done = subprocess.run(
        [script, "--quiet", "--return", "--command", f"{line} 2>/dev/null", os.devnull],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=100, check=False,
        env={**PLAIN, "TERM": "xterm", **(env or {})},
    )  # fmt: skip
    assert CAMERA in done.stdout
    return done.stdout


def test_colours_are_for_terminals_and_no_color_is_honoured(store):
    scan = ("scan", CAMERA, *BRIEF)
    assert "\x1b[" not in store.netcam(*scan).stdout
    assert "\x1b[" in on_terminal(store, *scan)
    assert "\x1b[" not in on_terminal(store, *scan, env={"NO_COLOR": "1"})
    assert "\x1b[" not in on_terminal(store, *scan, "--no-color")


def test_verbose_says_more_on_standard_error_only(store):
    done = store.netcam("scan", CAMERA, "-v", *BRIEF)
    assert done.stdout.startswith("Address")
    assert done.returncode == 0


def ports_and_maker(found):
    device = devices(found)[CAMERA]
    return {s["port"] for s in device["services"]}, device["manufacturer"]["id"]


@pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not installed")
def test_nmap_finds_the_same_open_ports_as_connecting(store):
    options = (CAMERA, "--port", "80,81,554,8000", "--without", SADP_ALONE, "-q")
    by_nmap, done = store.scan(*options, "--engine", "nmap")
    assert done.returncode == 0, done.stderr
    by_connect, _ = store.scan(*options)
    assert ports_and_maker(by_nmap) == ports_and_maker(by_connect)
    assert 80 in ports_and_maker(by_nmap)[0]


def test_the_engine_nmap_without_nmap_is_refused_by_name_before_anything_is_sent(store, tmp_path):
    nowhere = {"PATH": str(tmp_path)}
    done = store.netcam("scan", CAMERA, "--engine", "nmap", "-q", "-o", tmp_path / "r.json", env=nowhere)
    assert done.returncode == 2
    assert "nmap is not installed" in done.stderr
    assert not (tmp_path / "r.json").exists()


def test_syn_finds_the_same_open_ports_as_connecting(store):
    options = (CAMERA, "--port", "80,81,554,8000", "--without", SADP_ALONE, "-q")
    by_syn, done = store.scan(*options, "--engine", "syn")
    assert done.returncode == 0, done.stderr
    assert ports_and_maker(by_syn) == ports_and_maker(store.scan(*options)[0])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupted_scan_leaves_a_whole_report_and_says_so(store, tmp_path, number):
    path = tmp_path / "r.json"
    first, last = min(IP.values()), max(IP.values(), key=lambda ip: int(ip.rsplit(".", 1)[1])).rsplit(".", 1)[1]
    arguments = ("scan", f"{first}-{last}", "-o", path, "--record", tmp_path / "seen.jsonl")

    def pages_asked():
        return sum(" HTTP/1.1" in r["data"] for received in store.record().values() for r in received)

    before = pages_asked()
    with store.started(*arguments) as process:
        while process.poll() is None and pages_asked() < before + 5:
            pass
        process.send_signal(number)
        stderr = process.communicate(timeout=60)[1]
    assert process.returncode == 130, stderr
    found = json.loads(path.read_text("utf-8"))
    assert found["scan"]["complete"] is False
    assert any(c["why"] == "interrupted" for c in found["scan"]["coverage"])
    assert found["observations"]
    assert stderr.splitlines()[-1] == "netcam: interrupted; the report holds what was known by then"
    assert "Traceback" not in stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.json", "seen.jsonl"]
