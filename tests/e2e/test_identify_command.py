"""`netcam identify`, `schema` and shell completion: what needs no network."""

import base64
import json
import re
import shutil

import pytest
from store_lan import netcam

from netcam.cli import _COMMANDS
from netcam.datafiles import data_folder

SADP = (
    '<?xml version="1.0" encoding="UTF-8"?><ProbeMatch><Uuid>u</Uuid><Types>inquiry</Types>'
    "<DeviceDescription>DS-2CD2046G2-IU</DeviceDescription><DeviceSN>DS-2CD2046G2-IU20210101AAWRF00000001</DeviceSN>"
    "<SoftwareVersion>V5.7.1build 210625</SoftwareVersion><MAC>44-19-b6-00-00-01</MAC></ProbeMatch>"
)  # constructed, in the documented form
LINES = [
    {"device": "front door", "id": "n1", "kind": "http.server", "value": "App-webs/", "port": "tcp/80"},
    {
        "device": "front door", "id": "n2", "kind": "sadp", "encoding": "base64",
        "value": base64.b64encode(SADP.encode()).decode(),
    },
    {"id": "n3", "kind": "http.server", "value": "nginx", "something": "else"},
    {"device": 7, "kind": "mac", "value": "AC-CC-8E-00-00-01", "id": "n4"},
]  # fmt: skip
CONTRACT = {
    "device", "ids", "id", "ip", "addresses", "mac", "mac_source", "hostnames", "is_cctv", "device_type", "confidence",
    "brand", "manufacturer", "model", "firmware", "firmware_date", "serial", "capabilities", "verdicts", "advisories",
    "services", "evidence", "conflicts",
}  # fmt: skip


def text(lines):
    return "".join(json.dumps(line) + "\n" for line in lines)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "seen.jsonl"
    path.write_text(text(LINES))
    return path


def identified(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_jsonl_has_one_line_a_device_in_the_order_of_first_appearance_with_every_key(file):
    done = netcam("identify", file, "--format", "jsonl")
    assert (done.returncode, done.stderr) == (0, "")
    found = identified(done)
    assert [d["ids"] for d in found] == [["n1", "n2"], ["n3"], ["n4"]]
    assert found[0]["device"] == "front door"
    assert all(set(d) >= CONTRACT for d in found)
    assert all(list(d)[:2] == ["device", "ids"] for d in found)


def test_a_composite_value_is_decoded_and_names_maker_model_and_serial(file):
    camera = identified(netcam("identify", file, "--format", "jsonl"))[0]
    assert camera["is_cctv"] is True
    assert camera["manufacturer"]["id"] == "hikvision"
    assert camera["model"] == "DS-2CD2046G2-IU"
    assert camera["mac"] == "44:19:b6:00:00:01"
    assert {v["list"]: v["outcome"] for v in camera["verdicts"]}["us-ndaa-889"] == "listed"


def test_a_web_server_that_anything_runs_decides_nothing(file):
    plain = identified(netcam("identify", file, "--format", "jsonl"))[1]
    assert plain["is_cctv"] is not True
    assert plain["manufacturer"] is None


def test_standard_input_gives_the_same_as_a_file(file):
    by_file = netcam("identify", file, "--format", "jsonl")
    by_pipe = netcam("identify", "-", "--format", "jsonl", input=text(LINES))
    assert by_pipe.returncode == 0
    assert identified(by_pipe) == identified(by_file)


def test_without_a_format_a_table_is_printed(file):
    done = netcam("identify", file)
    assert done.returncode == 0
    assert done.stdout.startswith("Address")
    assert "DS-2CD2046G2-IU" in done.stdout


def test_bad_lines_are_told_by_number_and_the_others_still_count(tmp_path):
    bad = 'not json\n{"kind": "http.server"}\n{"kind": "no.such", "value": "x"}\n[]\n'
    lines = text(LINES[:2]) + bad + text(LINES[2:])
    done = netcam("identify", "-", "--format", "jsonl", input=lines)
    assert done.returncode == 1
    assert [line.split(":")[1].strip() for line in done.stderr.splitlines()] == ["line 3", "line 4", "line 5", "line 6"]
    assert [d["ids"] for d in identified(done)] == [["n1", "n2"], ["n3"], ["n4"]]


def test_identities_can_be_written_as_a_report_that_is_read_again(file, tmp_path):
    done = netcam("identify", file, "-o", tmp_path / "r.json", "-o", tmp_path / "r.html")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert report["schema"] == "netcam.report/1"
    assert len(report["devices"]) == 3
    told = netcam("explain", tmp_path / "r.json", "44:19:b6:00:00:01")
    assert told.returncode == 0
    assert "DS-2CD2046G2-IU" in told.stdout


def test_an_empty_input_is_no_device_and_no_failure():
    done = netcam("identify", "-", "--format", "jsonl", input="")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_control_characters_of_a_device_reach_no_terminal():
    seen = [{"kind": "onvif.name", "value": "\x1b[2J\x1b]0;owned\x07\u202etxt", "device": "\x1b[31m"}]
    done = netcam("identify", "-", "--all", input=text(seen))
    assert not {"\x1b", "\x07", "\u202e"} & set(done.stdout + done.stderr)


def test_the_schema_is_valid_json_and_names_every_key_of_a_device():
    done = netcam("schema")
    assert (done.returncode, done.stderr) == (0, "")
    schema = json.loads(done.stdout)
    assert schema["$schema"].startswith("https://json-schema.org/")
    device = schema["$defs"]["DeviceRecord"]
    assert set(device["properties"]) >= CONTRACT - {"device", "ids"}
    assert set(device["required"]) == set(device["properties"])


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_made_for_every_shell(shell):
    done = netcam(env={"_NETCAM_COMPLETE": f"{shell}_source"})
    if shell == "bash" and "Bash version" in done.stderr:
        pytest.skip("bash is missing or older than 4.4")
    assert done.returncode == 0, done.stderr
    assert "_NETCAM_COMPLETE" in done.stdout
    assert "netcam" in done.stdout


def test_commands_and_options_are_completed():
    def completed(typed):
        asked = {"_NETCAM_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
        return [word.partition(",")[2] for word in netcam(env=asked).stdout.split()]

    assert set(completed("netcam ")) == set(_COMMANDS)
    assert completed("netcam scan --fail") == ["--fail-on"]


@pytest.mark.parametrize("command", ["", *_COMMANDS])
def test_every_command_has_help_with_an_example(command):
    done = netcam(*command.split(), "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: netcam" in done.stdout
    if command != "schema":
        assert "Example" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("signatures", "list"), ("signatures", "show", "hikvision"), ("signatures", "check"),
        ("lists", "list"), ("lists", "show", "us-ndaa-889"), ("lists", "check"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_the_knowledge_can_be_listed_shown_and_checked(arguments):
    done = netcam(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout


@pytest.mark.parametrize(
    ("id", "words"),
    [
        ("hikvision.http.server.app-webs", ("observes", "pattern", "matches", "source")),
        ("hikvision.model.camera.dual-panoramic", ("pattern", "says", "matches", "source")),
        ("hikvision.firmware.", ("compared by", "matches", "source")),
        ("annke.made-by.hikvision", ("certainty", "source")),
    ],
)
def test_whatever_evidence_can_name_is_shown_with_its_source(id, words):
    if id.endswith("."):
        file = netcam("signatures", "show", "hikvision").stdout
        id = next(line.split('"')[1] for line in file.splitlines() if line.startswith(f'id = "{id}'))
    done = netcam("signatures", "show", id)
    assert done.returncode == 0, done.stderr
    assert [word for word in words if word not in done.stdout] == []


@pytest.mark.parametrize("name", ["bundle.zip", "bundle.json"])
def test_a_bundle_is_identified_like_the_device_and_holds_none_of_its_marks(file, tmp_path, name):
    saved, made = tmp_path / "report.json", tmp_path / name
    assert netcam("identify", file, "-o", saved).returncode == 0
    device = json.loads(saved.read_text())["devices"][0]
    done = netcam("explain", saved, device["id"], "--bundle", made)
    assert (done.returncode, done.stdout) == (0, "")
    assert "look through it" in done.stderr
    assert netcam("identify", made, "-o", tmp_path / "again.json").returncode == 0
    again = (tmp_path / "again.json").read_text()
    (same,) = json.loads(again)["devices"]
    assert [same[k] for k in ("manufacturer", "model", "firmware")] == [
        device[k] for k in ("manufacturer", "model", "firmware")
    ]
    assert device["serial"] not in again
    assert device["id"] not in again


def test_a_zip_that_is_no_bundle_and_a_bundle_of_another_form_are_refused(file, tmp_path):
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\3\4 and nothing")
    done = netcam("identify", broken)
    assert done.returncode == 1
    assert "report.json" in done.stderr
    saved = tmp_path / "report.json"
    netcam("identify", file, "-o", saved)
    assert netcam("explain", saved, "x", "--bundle", tmp_path / "bundle.html").returncode == 2


def saved(tmp_path, *options):
    """A report of the front door's camera."""
    path, seen = tmp_path / "old.json", tmp_path / "seen.jsonl"
    seen.write_text(text(LINES[:2]))
    done = netcam("identify", seen, "-o", path, "--format", "jsonl", *options)
    assert done.returncode == 0, done.stderr
    return path


def other_knowledge(tmp_path):
    """A copy of the data in which the signatures of SADP and of the web server are retired, and one list is newer."""
    data = tmp_path / "data"
    shutil.copytree(data_folder(), data)
    vendor = data / "vendors" / "hikvision.toml"
    retired = re.sub(r'status = "(?:experimental|tested|stable)"', 'status = "retired"', vendor.read_text("utf-8"))
    vendor.write_text(retired, "utf-8")
    listed = data / "lists" / "uk-cabinet-office-2022.toml"
    newer = listed.read_text("utf-8").replace('country = "CN"', 'country = "XX"')
    listed.write_text(re.sub(r"last_checked = \S+", "last_checked = 2026-11-27", newer), "utf-8")
    return data


def test_a_report_judged_again_by_the_same_knowledge_says_that_nothing_changed(tmp_path):
    old = saved(tmp_path)
    done = netcam("identify", old, "-o", tmp_path / "new.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Judged again: nothing changed" in done.stdout
    before, after = (json.loads((tmp_path / name).read_text("utf-8")) for name in ("old.json", "new.json"))
    assert before["changes"] is None
    assert after["changes"] == {"before": before["scan"]["versions"], "changed": []}


def test_a_report_judged_again_says_what_changed_and_why(tmp_path):
    old, data = saved(tmp_path), other_knowledge(tmp_path)
    done = netcam("identify", old, "--data", data, "-o", tmp_path / "new.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Judged again: 1 device changed" in done.stdout
    changed = json.loads((tmp_path / "new.json").read_text("utf-8"))["changes"]["changed"]
    by_field = {(c["field"], c["list"]): c for c in changed}
    model = by_field["model", None]
    assert (model["old"], model["new"]) == ("DS-2CD2046G2-IU", None)
    gone = "signature hikvision.sadp.model was retired; signature hikvision.sadp.serial-model was retired"
    assert model["cause"] == gone
    assert by_field["device_type", None]["cause"] == "the model is another"
    procurement = by_field["verdict", "us-ndaa-889"]
    assert (procurement["old"], procurement["new"]) == ("listed", "possible")  # the MAC still names the maker
    assert procurement["cause"].startswith("the maker's confidence changed: ")
    assert "was retired" in procurement["cause"]
    assert "model DS-2CD2046G2-IU -> (none)\n" in done.stdout
    assert f"because {gone}\n" in done.stdout
    assert "us-la-1753, us-ndaa-889 listed -> possible\n" in done.stdout
    back = netcam("identify", tmp_path / "new.json", "-o", tmp_path / "back.json").stdout
    assert "was added or changed" in back
    assert netcam("explain", tmp_path / "back.json", "44:19:b6:00:00:01").returncode == 0


def test_a_list_that_changed_is_the_cause_where_the_device_is_the_same(tmp_path):
    old, data = saved(tmp_path), other_knowledge(tmp_path)
    vendor = "vendors/hikvision.toml"
    shutil.copy(data_folder() / vendor, data / vendor)
    done = netcam("identify", old, "--data", data)
    assert "uk-cabinet-office-2022 possible -> not-listed" in done.stdout
    assert "because the list changed (last checked 2026-11-22 -> 2026-11-27)" in done.stdout
    assert done.stdout.count("because ") == 1


def test_lines_and_standard_output_are_for_programs_and_stay_free_of_the_summary(tmp_path):
    old, data = saved(tmp_path), other_knowledge(tmp_path)
    lines = netcam("identify", old, "--data", data, "--format", "jsonl").stdout
    assert [json.loads(line)["device"] for line in lines.splitlines()]
    report = json.loads(netcam("identify", old, "--data", data, "-o", "-").stdout)
    assert report["changes"]["changed"]


def test_a_report_of_before_changes_were_kept_is_judged_again(tmp_path):
    old = saved(tmp_path)
    report = json.loads(old.read_text("utf-8"))
    del report["changes"], report["scan"]["versions"]["list_digests"]
    for device in report["devices"]:
        for verdict in device["verdicts"]:
            del verdict["due"]
    old.write_text(json.dumps(report, indent=2))
    done = netcam("identify", old)
    assert done.returncode == 0, done.stderr
    assert "Judged again: nothing changed" in done.stdout
