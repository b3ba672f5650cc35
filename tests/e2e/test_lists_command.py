"""`netcam lists` and own lists on the command line: a removal programme over observations, and mistakes by line."""

import json

import pytest
from store_lan import netcam

from netcam.datafiles import data_folder

SAMPLES = data_folder() / "lists" / "samples"
PROGRAMME = SAMPLES / "removal-programme.toml"
# Constructed in the forms that the signatures' own examples show.
SEEN = [
    {"device": "back door", "kind": "sadp.model", "value": "DS-2CD2046G2-IU", "ip": "192.0.2.1"},
    {"device": "back door", "kind": "http.server", "value": "App-webs/", "ip": "192.0.2.1", "port": "tcp/80"},
    {"device": "back door", "kind": "sadp.firmware", "value": "V5.7.1build 210625", "ip": "192.0.2.1"},
    {"device": "till", "kind": "sadp.model", "value": "iDS-2CD7146G0-IZS", "ip": "192.0.2.2"},
    {"device": "yard", "kind": "onvif.manufacturer", "value": "AXIS", "ip": "192.0.2.3"},
    {"device": "yard", "kind": "onvif.model", "value": "P3245-V", "ip": "192.0.2.3"},
    {"device": "hall", "kind": "dhip.manufacturer", "value": "Dahua", "ip": "192.0.2.4"},
    {"device": "hall", "kind": "dhip.firmware", "value": "2.840.0000000.5.R,build:2026-11-01", "ip": "192.0.2.4"},
    {"device": "shelf", "kind": "http.server", "value": "nginx", "ip": "192.0.2.5"},
]


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """device -> its verdict of the removal programme."""
    file = tmp_path_factory.mktemp("programme") / "seen.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in SEEN))
    done = netcam("identify", file, "--list-file", PROGRAMME, "--format", "jsonl")
    assert (done.returncode, done.stderr) == (0, "")
    devices = [json.loads(line) for line in done.stdout.splitlines()]
    return {d["device"]: next(v for v in d["verdicts"] if v["list"] == "removal-programme") for d in devices}


def test_the_programme_s_sample_keeps_every_rule():
    done = netcam("lists", "check", "--list-file", PROGRAMME)
    assert (done.returncode, done.stderr) == (0, "")
    assert "in order" in done.stdout


def test_a_named_maker_is_listed_with_its_day_and_the_first_wave_with_the_earlier_one(judged):
    verdict = judged["back door"]
    assert (verdict["outcome"], verdict["basis"], verdict["due"]) == ("listed", "named", "2027-06-30")
    assert verdict["statement"].startswith("made by Hikvision, a company named on our removal programme, which applies")
    assert "also made by Hangzhou Hikvision Digital Technology, of the model DS-2CD2046G2-IU" in verdict["statement"]
    assert "also with firmware built on 2021-06-25, " in verdict["statement"]
    assert verdict["because"]


def test_a_model_that_can_recognise_faces_is_flagged_without_saying_that_it_does(judged):
    verdict = judged["till"]
    assert (verdict["outcome"], verdict["due"]) == ("listed", "2027-03-31")
    assert "capable of face-recognition, whether or not it is in use" in verdict["statement"]


def test_what_could_not_be_seen_is_undetermined_and_never_not_listed(judged):
    assert judged["yard"]["outcome"] == "undetermined"
    assert "whether it is capable of face-recognition is not known" in judged["yard"]["statement"]
    assert judged["shelf"]["outcome"] == "undetermined"
    assert "not-listed" not in {v["outcome"] for v in judged.values()}


def test_a_maker_s_firmware_that_is_new_enough_is_not_told_as_old(judged):
    verdict = judged["hall"]
    assert verdict["outcome"] in ("listed", "possible")
    assert "with firmware" not in verdict["statement"]


def test_every_mistake_of_an_own_list_is_one_line_with_its_place(tmp_path):
    file = tmp_path / "mine.toml"
    text = PROGRAMME.read_text("utf-8").replace('capability = "face-recognition"', 'capabilty = "faces"')
    text = text.replace('effect = "private-policy"', 'effect = "private"')
    file.write_text(text.replace("due = 2027-06-30", 'due = "next summer"'), "utf-8")
    done = netcam("lists", "check", "--list-file", file)
    assert (done.returncode, done.stdout) == (1, "")
    lines = file.read_text("utf-8").splitlines()
    told = done.stderr.splitlines()
    assert len(told) == 2
    for line, key in zip(told, ("due", "capabilty"), strict=True):
        place, _, reason = line.removeprefix(f"netcam: {file}:").partition(": ")
        assert key in lines[int(place) - 1]
        assert key in reason
    assert "is 'capability' meant?" in told[1]
    broken = tmp_path / "syntax.toml"
    broken.write_text("schema = 1\n[list\n")
    done = netcam("lists", "check", "--list-file", broken)
    assert done.stderr == f"netcam: {broken}:2: not TOML, column 6: Expected ']' at the end of a table declaration\n"


def test_lists_shows_what_each_is_for_and_show_has_dates_entries_and_sources():
    shown = netcam("lists", "list").stdout
    judging, asked, reading = (shown.index(f"\n{word}") if word != "Devices" else 0 for word in (
        "Devices", "Without legal force", "For reading only"))  # fmt: skip
    assert judging < shown.index("us-ndaa-889") < asked < shown.index("uk-tesco-2023") < reading
    assert reading < shown.index("in-er-certification")
    assert "binds US federal agencies" in shown
    one = netcam("lists", "show", "us-fcc-covered").stdout
    for words in ("effect: authorisation (", "binds: whoever has", "dates:", "- 2023-02-06: ", "entries:", "source: ",
                  "for telecom equipment, since 2021-03-12", "[vendor hikvision]"):  # fmt: skip
        assert words in one, words


def test_a_list_without_legal_force_judges_only_when_it_is_named(tmp_path):
    file = tmp_path / "seen.jsonl"
    file.write_text(json.dumps(SEEN[0]) + "\n")

    def held(*options):
        done = netcam("identify", file, "--format", "jsonl", *options)
        assert done.returncode == 0, done.stderr
        return {v["list"] for v in json.loads(done.stdout)["verdicts"]}

    assert "uk-tesco-2023" not in held()
    assert held("--list", "uk-tesco-2023") == held() | {"uk-tesco-2023"}
    done = netcam("identify", file, "--list", "in-er-certification")
    assert done.returncode == 2
    assert "no device can be held against it" in done.stderr
