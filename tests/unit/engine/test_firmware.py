"""Firmwares of one maker put in order."""

import pytest

from netcam.engine.check import check
from netcam.engine.firmware import compare, read_firmware
from netcam.engine.load import FirmwareRule, load_signatures

SHIPPED = load_signatures()


def rule(pattern=r"^V?(?P<version>\d+(?:\.\d+)*)$", compare="version", **more):
    facts = {"id": "northlight.firmware.x", "certainty": "A", "references": ["constructed"], "example": []}
    return FirmwareRule(**{**facts, "pattern": pattern, "compare": compare, "counterexamples": [], **more})


def order(rules, a, b):
    return compare(read_firmware(rules, a), read_firmware(rules, b))


def shipped(vendor, a, b):
    return order(SHIPPED.vendors[vendor].firmware, a, b)


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [("4.2", "4.10", -1), ("4.2.0", "4.2", 0), ("V5.0", "4.9.9", 1), ("4.2", "beta", None), ("", "4.2", None)],
)
def test_dotted_versions_go_by_number_and_not_by_letter(a, b, said):
    assert order([rule()], a, b) == said


def test_the_build_day_wins_over_the_version():
    assert shipped("hikvision", "V4.30.097 build 240401", "V4.31.000 build 210511") == 1
    assert shipped("hikvision", "V5.7.1 build 210101", "V5.5.0 build 210102") == -1


def test_of_one_build_day_the_version_decides_where_both_are_told():
    assert shipped("hikvision", "V5.7.1 build 210101", "V5.7.2 build 210101") == -1
    assert shipped("hikvision", "V5.7.1 build 210101", "build 210101") == 0


def test_without_its_build_day_a_dated_firmware_is_not_compared():
    assert shipped("hikvision", "V5.7.1", "V5.7.2 build 210101") is None


def test_a_day_that_was_told_apart_from_the_version_counts_the_same():
    rules = SHIPPED.vendors["hikvision"].firmware
    apart = read_firmware(rules, "V5.7.1", "2021-06-25")
    assert compare(apart, read_firmware(rules, "V5.7.1 build 210625")) == 0


def test_a_badge_s_own_number_is_compared_by_its_day_if_the_maker_s_is():
    assert shipped("hikvision", "ABC-77 build 200101", "build 210625") == -1
    assert shipped("axis", "ABC-77 build 200101", "build 210625") is None


@pytest.mark.parametrize(
    "text", ["2.800.0000016.0.R,build:2020-06-05", "V2.800.0000016.0.R.20200605", "2.800.0000016.0.R.200605"]
)
def test_the_shapes_of_one_maker_give_one_day(text):
    assert shipped("dahua", text, "build 2020-06-05") == 0


def test_branches_tell_nothing_about_each_other():
    assert shipped("uniview", "NVR-B3801.20.10.230101", "NVR-B3801.20.17.240507") == -1
    assert shipped("uniview", "NVR-B3601.20.10.230101", "NVR-B3801.20.17.240507") is None
    assert shipped("axis", "1.65.4", "9.80.1") is None


def test_tuples_have_the_same_length_or_no_order():
    assert shipped("avtech", "FullImg-1023-1007-1011-1009", "1024-1007-1011-1009") == -1
    assert order([rule(r"(?P<version>[\d-]+)", "tuple")], "1-2-3", "1-2") is None


@pytest.mark.parametrize(("vendor", "a", "b"), [("bosch", "6.20.0089", "7.87.0039"), ("axis", "8.20.1", "9.80.1")])
def test_an_unverified_shape_has_no_order(vendor, a, b):
    assert shipped(vendor, a, b) is None


@pytest.mark.parametrize(
    "maker", ["hikvision", "gss", "dahua", "uniview", "axis", "hanwha", "bosch", "vivotek", "tvt", "avtech"]
)
def test_every_maker_whose_firmware_is_known_has_a_rule(maker):
    assert SHIPPED.vendors[maker].firmware


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"compare": "size"}, "compare 'size' is not one of date, version, tuple, none"),
        ({"certainty": "U"}, "an unverified shape is not compared"),
        ({"certainty": "Z"}, "certainty 'Z' is not one of A, B, C, U"),
        ({"references": []}, "a firmware rule without a source"),
        ({"pattern": r"^(?P<serial>\d+)$"}, "group 'serial' is not one of version, branch"),
        ({"pattern": r"^\d"}, "compare 'version' takes a group named version"),
        ({"example": []}, "at least one example and one counterexample"),
        ({"counterexamples": ["4.2.1"]}, "matches its counterexample '4.2.1'"),
        ({"example": [{"value": "beta", "from": "constructed"}]}, "is taken by no rule"),
        ({"example": [{"value": "4.2", "version": "4.3", "from": "constructed"}]}, "gives version '4.2'"),
    ],
)
def test_a_broken_firmware_rule_is_told_with_file_id_and_reason(change, reason, tmp_path):
    facts = {
        "id": "northlight.firmware.x", "pattern": r"^(?P<version>\d+(?:\.\d+)*)$", "compare": "version",
        "certainty": "A", "references": ["constructed"], "counterexamples": ["beta"],
        "example": [{"value": "4.2.1", "version": "4.2.1", "from": "constructed"}],
    } | change  # fmt: skip
    (tmp_path / "northlight.toml").write_text(
        'schema = 1\n[vendor]\nid = "northlight"\nname = "Northlight"\nreferences = ["constructed"]\n[[firmware]]\n'
        + "".join(f"{key} = {toml(value)}\n" for key, value in facts.items()),
        "utf-8",
    )
    found = [p for p in check(load_signatures(extra=[tmp_path]), ()) if p.file == str(tmp_path / "northlight.toml")]
    assert any(p.id == "northlight.firmware.x" and reason in p.reason for p in found), found


def toml(value):
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {toml(v)}" for k, v in value.items()) + " }"
    return f"'{value}'"
