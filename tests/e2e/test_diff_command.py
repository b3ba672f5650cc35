"""`netcam diff` and `netcam programme` on the command line: files, the history, causes judged anew, exit codes."""

import csv
import json
from pathlib import Path

import pytest
from store_lan import netcam

HIKVISION = [("sadp.model", "DS-2CD2046G2-IU"), ("http.server", "App-webs/"), ("sadp.firmware", "V5.7.1build 210625")]
AXIS = [("onvif.manufacturer", "AXIS"), ("onvif.model", "P3245-V"), ("http.title", "AXIS P3245-V")]
LIST = "us-ndaa-889"


def judged(folder, name, devices):
    """A report of what devices showed, judged with today's knowledge, as if a scan of 192.0.2.0/24 had found it."""
    lines = [
        {"device": ip, "ip": ip, "kind": kind, "value": value} | ({"port": "tcp/80"} if "http" in kind else {})
        for ip, (mac, seen) in devices.items()
        for kind, value in (("mac", mac), *seen)
    ]
    source, target = folder / f"{name}.jsonl", folder / f"{name}.json"
    source.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = netcam("identify", source, "-o", target)
    assert done.returncode == 0, done.stderr
    made = json.loads(target.read_text())
    made["scan"] |= {"site": "store-7", "id": name, "started_at": name, "ended_at": name}
    made["scan"]["scope"] = {"targets": ["192.0.2.0/24"], "excluded": [], "addresses": 256}
    made["scan"]["coverage"] = [{"what": "192.0.2.0/24 on eth0: hosts by ARP", "status": "covered", "why": ""}]
    return made


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Three nights: two cameras; one of them moved and the other replaced; that one gone."""
    folder = tmp_path_factory.mktemp("diff")
    first, second, third = ("02:00:5e:00:00:01", AXIS), ("02:00:5e:00:00:02", HIKVISION), ("02:00:5e:00:00:03", AXIS)
    nights = (
        {"192.0.2.1": first, "192.0.2.2": second},
        {"192.0.2.9": first, "192.0.2.2": third},
        {"192.0.2.9": first},
    )
    made = []
    for n, devices in enumerate(nights, 1):
        report = judged(folder, f"2026-01-0{n}T02:00:00.000Z", devices)
        made.append(folder / f"night-{n}.json")
        made[-1].write_text(json.dumps(report))
    return made


@pytest.fixture(scope="module")
def db(reports, tmp_path_factory):
    path = tmp_path_factory.mktemp("db") / "history.sqlite"
    done = netcam("history", "add", *reports, "--db", path)
    assert done.returncode == 0, done.stderr
    return path


def test_two_report_files(reports):
    done = netcam("diff", *reports[:2])
    assert (done.returncode, done.stderr) == (0, "")
    assert "192.0.2.9: 192.0.2.1 -> 192.0.2.9" in done.stdout
    assert "in place of what was at 192.0.2.2" in done.stdout
    assert done.stdout.endswith("\n1 new, 1 gone, 1 changed\n")


@pytest.mark.parametrize(
    "words",
    [
        ["--site", "store-7"], [], ["history:store-7@previous", "history:store-7@latest"],
        ["history:2026-01-02T02:00:00.000Z", "--site", "store-7"], ["history:store-7@2026-01-02", "history:@latest"],
    ],
)  # fmt: skip
def test_visits_of_the_history(db, words):
    done = netcam("diff", *words, "--db", db, "--format", "json")
    if "history:@latest" in words:
        assert (done.returncode, done.stdout) == (2, "")
        assert "history:@latest: no visit of this site; there are store-7" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert (made["old"]["id"][:10], made["new"]["id"][:10]) == ("2026-01-02", "2026-01-03")
    assert [(d["status"], d["ip"]) for d in made["devices"]] == [("gone", "192.0.2.2")]


def test_a_file_against_the_history(db, reports):
    done = netcam("diff", reports[0], "history:store-7@latest", "--db", db, "--format", "csv")
    assert done.returncode == 0, done.stderr
    assert [(r["status"], r["ip"]) for r in csv.DictReader(done.stdout.splitlines())] == [
        ("gone", "192.0.2.2"), ("changed", "192.0.2.9"),
    ]  # fmt: skip


def test_a_listed_device_that_one_scan_missed_is_back_and_no_news(reports, tmp_path):
    again, when = tmp_path / "again.json", "2026-01-04T02:00:00.000Z"
    made = json.loads(reports[0].read_text())
    made["scan"] |= {"id": when, "started_at": when, "ended_at": when}
    again.write_text(json.dumps(made))
    db = tmp_path / "history.sqlite"
    assert netcam("history", "add", *reports, again, "--db", db).returncode == 0
    done = netcam("diff", "--site", "store-7", "--db", db, "--fail-on", "new-listed")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Back again (1)\n  192.0.2.2 " in done.stdout
    from_files = netcam("diff", reports[2], again, "--fail-on", "new-listed")  # two files know of no earlier scan
    assert from_files.returncode == 3


@pytest.mark.parametrize(
    ("order", "fail_on", "code"),
    [
        ((0, 1), "none", 0), ((0, 1), "new", 3), ((0, 1), "gone", 3), ((0, 1), "changed", 3), ((0, 1), "new-listed", 0),
        ((1, 0), "new-listed", 3), ((1, 2), "new", 0), ((2, 2), "changed", 0),
    ],
)  # fmt: skip
def test_the_exit_code_says_whether_there_is_one(reports, order, fail_on, code):
    done = netcam("diff", *(reports[n] for n in order), "--fail-on", fail_on)
    assert (done.returncode, done.stderr) == (code, "")


def test_only_the_lists_that_are_named_count(reports):
    assert netcam("diff", reports[1], reports[0], "--fail-on", "new-listed", "--list", LIST).returncode == 3
    done = netcam("diff", reports[1], reports[0], "--list", "nobodys")
    assert done.returncode == 2
    assert "--list 'nobodys': neither scan was held against it" in done.stderr


def older(path, folder, seen):
    """The report as an older netcam would have made it: other signatures, which did not know the maker."""
    made = json.loads(path.read_text())
    made["scan"]["versions"]["signatures"] = "sha256:older"
    for device in made["devices"]:
        device["manufacturer"], device["evidence"] = None, []
        for verdict in device["verdicts"]:
            verdict["outcome"] = "undetermined"
    if seen:
        made["observations"] = [o for o in made["observations"] if o["ip"] != "192.0.2.2"] + [
            o | {"ip": "192.0.2.2"} for o in made["observations"] if o["ip"] == "192.0.2.1" and o["kind"] != "mac"
        ]
    target = folder / "older.json"
    target.write_text(json.dumps(made))
    return target


@pytest.mark.parametrize(("seen", "cause"), [(False, "knowledge"), (True, "both")], ids=["same", "other"])
def test_what_was_seen_is_judged_again_to_tell_the_device_from_our_knowledge(reports, tmp_path, seen, cause):
    """The same observations say the same today, so it was the knowledge; other ones make it both."""
    done = netcam("diff", older(reports[0], tmp_path, seen), reports[0], "--format", "json", "--list", LIST)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made["knowledge"] == ["the signatures changed"]
    device = next(d for d in made["devices"] if d["ip"] == "192.0.2.2")
    causes = {c["field"]: c["cause"] for c in device["changes"]}
    assert (causes["manufacturer"], causes["verdict"]) == (cause, cause)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["a", "b", "c"], "two scans are compared"),
        (["a", "b", "--site", "store-7"], "here both are named already"),
        (["history:x@soon", "history:x@latest"], "after @ comes latest, previous or a day"),
        (["history:nothing", "history:x@latest"], "no visit has this id; `netcam history runs` has them"),
        (["--site", "store-9"], "no visit of this site; there are store-7"),
        (["history:store-7@2025-12-31", "history:store-7@latest"], "the first visit of this site was on 2026-01-01"),
        (["night-1.json"], "is compared with what?"),
    ],
)
def test_what_can_not_be_compared_is_told_in_one_line(db, words, told):
    done = netcam("diff", *words, "--db", db)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert told in done.stderr


def test_a_report_with_addresses_that_are_none_is_compared_by_its_evidence(reports, tmp_path):
    text = older(reports[0], tmp_path, False).read_text().replace("192.0.2.2", "nowhere")
    (tmp_path / "odd.json").write_text(text)
    done = netcam("diff", tmp_path / "odd.json", reports[0], "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert {c["cause"] for d in json.loads(done.stdout)["devices"] for c in d["changes"]} <= {"device", "unclear"}


def test_no_history_and_no_report_are_told(tmp_path):
    done = netcam("diff", "--site", "x", "--db", tmp_path / "none.sqlite")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "no history there yet" in done.stderr
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    done = netcam("diff", broken, broken)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    done = netcam("diff", tmp_path / "a.json", tmp_path / "b.json")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "a.json" in done.stderr


# -- netcam programme --------------------------------------------------------------------------------------------------


def test_a_programme_of_files_and_of_the_history_is_the_same(db, reports):
    words = ["--list", LIST, "--confirm", 1, "--on", "2026-01-05", "-o", "-"]
    from_files = netcam("programme", *reports, *words)
    from_history = netcam("programme", "--db", db, *words)
    assert (from_files.returncode, from_files.stderr) == (0, "")
    made = json.loads(from_history.stdout)
    assert json.loads(from_files.stdout)["totals"] == made["totals"]
    assert (made["totals"]["removed"], made["totals"]["replaced"], made["totals"]["remaining"]) == (1, 1, 0)
    assert made["devices"][0]["replaced_by"]["manufacturer"]["id"] == "axis"


def test_a_programme_is_written_in_every_form(db, tmp_path):
    targets = tmp_path / "targets.toml"
    targets.write_text(f'schema = 1\n[programme]\nname = "Out"\nlist = "{LIST}"\ndue = 2027-01-01\n')
    paths = [tmp_path / f"p.{form}" for form in ("html", "csv", "json")]
    words = [word for path in paths for word in ("-o", path)]
    done = netcam("programme", "--db", db, "--targets", targets, "--on", "2026-01-05", *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Site     Last scan")
    assert b"Out" in paths[0].read_bytes()
    assert paths[1].read_text().startswith("site,key,standing,")
    assert json.loads(paths[2].read_text())["due"] == "2027-01-01"
    assert netcam("programme", "--db", db, "--quiet", "--site", "store-7", "--stale", 5).stdout == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--targets", "bad.toml"], "bad.toml:3: [programme] unknown key 'du'; is 'due' meant?"),
        (["-o", "p.pdf"], "the suffix picks the form"),
        (["-o", "nowhere/p.csv"], "there is no folder"),
        (["--site", "store-9"], "--site 'store-9': no scan of it; there are store-7"),
        (["--list", "nobodys"], "list 'nobodys': no scan was held against it"),
        (["--on", "tomorrow"], "--on 'tomorrow' is no day"),
        (["--on", "2026-01-02"], "there are scans up to 2026-01-03"),
    ],
)
def test_what_can_not_be_counted_is_told_in_one_line(db, tmp_path, words, told):
    (tmp_path / "bad.toml").write_text("schema = 1\n[programme]\ndu = 2027-01-01\n")
    words = [str(tmp_path / word) if Path(word).suffix else word for word in words]
    done = netcam("programme", "--db", db, *words)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert told in done.stderr
