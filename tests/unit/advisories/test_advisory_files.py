"""Advisory files: what loading and checking refuse, and the shipped ones."""

import shutil
from datetime import date

import pytest

from netcam.advisories.check import check_advisories
from netcam.advisories.load import load_advisories
from netcam.datafiles import data_folder
from netcam.engine.load import load_signatures
from netcam.errors import SignatureError

SET = load_signatures()
SHIPPED = load_advisories()
GOOD = """
schema = 1
vendor = "hikvision"
[[advisory]]
id = "CVE-2099-0001"
title = "A flaw"
url = "https://northlight.example/1"
known_exploited = false
references = ["constructed"]
checked = 2026-01-15
[[advisory.affected]]
models = ['^NL-2']
from = "build 200101"
before = "build 210625"
[[advisory.example]]
model = "NL-220"
firmware = "V4.1 build 210101"
status = "affected"
from = "constructed"
[[advisory.example]]
model = "XL-1"
firmware = ""
status = "left-out"
from = "constructed"
"""


def loaded(tmp_path, text, name="hikvision.toml"):
    shutil.copy(data_folder() / "vocabulary.toml", tmp_path)
    (tmp_path / "advisories").mkdir()
    (tmp_path / "advisories" / name).write_text(text, "utf-8")
    return load_advisories(tmp_path)


def test_a_good_file_keeps_every_rule(tmp_path):
    assert check_advisories(loaded(tmp_path, GOOD), SET) == ()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('references = ["constructed"]', "references = []", "an advisory without a source"),
        ('"CVE-2099-0001"', '"2099-1"', "is no CVE number"),
        ("https://", "javascript:", "is no web address"),
        ("known_exploited = false", "known_exploited = true", "takes kev or exploitation"),
        ("known_exploited = false", "known_exploited = false\nkev = 2026-01-12", "neither goes without it"),
        ("models = ['^NL-2']", "models = ['^NL-(2']", "affected 1: "),
        ("models = ['^NL-2']", "models = ['^NL-(?=2)']", "affected 1: re2"),
        ('before = "build 210625"', 'before = "V5.5"', "can't be compared under the vendor's"),
        ('before = "build 210625"', 'before = "build 190625"', "is empty"),
        ('before = "build 210625"', 'before = "build 200101"', "is empty"),
        ('before = "build 210625"', 'before = "build 210625"\nto = "build 210625"', "not both"),
        ('before = "build 210625"', "all = true", "all firmwares, or a range"),
        ('before = "build 210625"', 'before = "build 210625"\nstatus = "perhaps"', "status 'perhaps'"),
        ('before = "build 210625"', 'before = "build 210625"\nbeyond = "affected"', "beyond 'affected'"),
        ('before = "build 210625"', 'before = "build 210625"\ndevice_types = ["car"]', "device_type 'car'"),
        ('from = "build 200101"\nbefore = "build 210625"', "", "without a range nothing can be affected"),
        ('status = "affected"\nfrom', 'status = "unknown"\nfrom', "gives affected, not unknown"),
        ('status = "affected"\nfrom', 'status = "maybe"\nfrom', "status 'maybe' is not one of"),
        ('model = "XL-1"', 'model = "NL-2"', "gives unknown, not left-out"),
        ('status = "left-out"', 'status = "affected"', "at least two different outcomes"),
        ('"CVE-2099-0001"', '"CVE-2099-0001"\nalso = ["CVE-2099-0001"]', "a second advisory with this id"),
    ],
)
def test_a_broken_rule_is_told_with_file_id_and_reason(old, new, reason, tmp_path):
    assert old in GOOD
    problems = check_advisories(loaded(tmp_path, GOOD.replace(old, new, 1)), SET)
    assert any(reason in p.reason for p in problems), problems
    assert {p.file.rpartition("/")[2] for p in problems} == {"hikvision.toml"}
    assert all(p.id for p in problems)


def test_an_advisory_for_nobody_known_is_told(tmp_path):
    text = GOOD.replace('"hikvision"', '"northlight"')
    problems = check_advisories(loaded(tmp_path, text, "northlight.toml"), SET)
    assert "vendor 'northlight' has no file under vendors/" in [p.reason for p in problems]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (GOOD.replace("schema = 1", "schema = 9"), "schema 9"),
        (GOOD.replace('"hikvision"', '"dahua"'), "the vendor must be the file's name"),
        (GOOD.replace("checked =", "cheked ="), "CVE-2099-0001: [advisory] unknown key 'cheked'; is 'checked' meant?"),
        (GOOD.replace("checked = 2026-01-15\n", ""), "CVE-2099-0001: [advisory] the key 'checked' is missing"),
        ("[[advisory", "not TOML"),
    ],
)
def test_a_file_of_the_wrong_shape_is_refused_with_its_name_and_the_reason(text, reason, tmp_path):
    with pytest.raises(SignatureError, match=r"hikvision\.toml") as told:
        loaded(tmp_path, text)
    assert reason in str(told.value)


def test_a_folder_without_advisories_is_in_order(tmp_path):
    shutil.copy(data_folder() / "vocabulary.toml", tmp_path)
    assert list(load_advisories(tmp_path)) == []
    assert load_advisories(tmp_path).checked == ""


def test_the_shipped_advisories_keep_every_rule_and_their_vectors_come_out_right():
    assert [(p.file.rpartition("/")[2], p.id, p.reason) for p in check_advisories(SHIPPED, SET)] == []


def test_the_vectors_of_the_command_injection_in_the_web_server_are_all_there():
    flaw = next(a for a in SHIPPED if a.id == "CVE-2021-36260")
    vectors = {(c.model, c.firmware): c.status for c in flaw.example}
    assert {
        ("DS-2CD2342WD-I", "V5.5.82 build 190909"): "affected",
        ("HWI-T220H", "V5.5.82 build 181022"): "affected",
        ("DS-2CD2046G2-IU", "V5.7.18 build 240826"): "not-affected",
        ("DS-2CD2387G2-LSU/SL", "V5.7.14 build 231028"): "not-affected",
        ("DS-2CD2055FWD-I", "V5.6.6 build 210625"): "unknown",
        ("DS-2CD2443G0-IW", "V5.6.5 build 200316"): "unknown",
        ("DS-7616NI-Q2/16P", "V4.30.097 build 240401"): "not-affected",
    }.items() <= vectors.items()
    assert flaw.kev == date(2022, 1, 10)


def test_no_id_is_given_twice_across_files():
    ids = [id for a in SHIPPED for id in (a.id, *a.also)]
    assert sorted(ids) == sorted(set(ids))
    assert len(ids) >= 50
