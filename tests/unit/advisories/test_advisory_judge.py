"""An identity held against published flaws. Makers, models and numbers are invented; the signature set is the shipped
one, of which only the rules for firmware and names are used."""

from dataclasses import replace
from datetime import date

import pytest

from netcam.advisories.judge import judge
from netcam.advisories.load import Advisories, Advisory, AdvisoryFile, Affected
from netcam.engine.load import load_signatures
from netcam.model import Claim, Identity

SET = load_signatures()


def claim(value, confidence=0.97, *evidence):
    return Claim(value=value, confidence=confidence, evidence=evidence or ("e1",))


def camera(model="NL-220", firmware="V4.1.0", built="2020-01-01", maker="hikvision", **more):
    def told(value):
        return (claim(value),) if value else ()

    facts = {
        "manufacturer": told(maker), "model": told(model), "firmware": told(firmware), "firmware_date": told(built),
        "device_type": (claim("camera"),), "is_cctv": True, "confidence": 0.97,
    }  # fmt: skip
    return Identity(**(facts | more))


def flaw(*rows, id="CVE-2099-0001", known_exploited=False, **more):
    return Advisory(
        id=id, title="A flaw", url="https://northlight.example/1", known_exploited=known_exploited,
        references=["constructed"], checked=date(2026, 1, 15), affected=list(rows), example=[], **more,
    )  # fmt: skip


def told(identity, *flaws, vendor="hikvision"):
    files = {vendor: AdvisoryFile(schema=1, vendor=vendor, advisory=list(flaws))}
    return judge(identity, Advisories(files=files, paths={}), SET)


def status(identity, *rows, **more):
    found = told(identity, flaw(*rows, **more))
    return found[0].status if found else None


FAMILY = Affected(models=(r"^NL-2\d\d\b",), before="build 210625", fixed="4.2")
RANGE = Affected(models=(r"^NL-2\d\d\b",), since="V4.0 build 200101", to="V4.2 build 210511")
PLATFORM = Affected(before="build 210702", status="unknown", note="others run the same code")


def test_a_build_before_the_fix_is_affected_and_the_fix_itself_is_not():
    assert status(camera(built="2021-06-24"), FAMILY) == "affected"
    assert status(camera(built="2021-06-25"), FAMILY) == "not-affected"


@pytest.mark.parametrize(
    ("built", "said"),
    [("2019-12-31", "unknown"), ("2020-01-01", "affected"), ("2021-05-11", "affected"), ("2021-05-12", "not-affected")],
)
def test_a_range_has_both_ends_in_it_and_says_nothing_of_what_is_older(built, said):
    version = {"2020-01-01": "V4.0", "2021-05-11": "V4.2"}.get(built, "V4.1")
    assert status(camera(firmware=version, built=built), RANGE) == said


def test_the_build_day_wins_over_the_version():
    assert status(camera(firmware="V3.0.0", built="2024-04-01"), RANGE) == "not-affected"


@pytest.mark.parametrize("firmware", [None, "V4.1.0", "strange"])
def test_without_a_build_day_it_is_unknown(firmware):
    assert status(camera(firmware=firmware, built=None), FAMILY) == "unknown"


def test_other_models_are_left_out():
    assert told(camera(model="XL-9"), flaw(FAMILY)) == ()


def test_a_family_the_table_does_not_name_is_unknown_while_its_build_is_old():
    found = told(camera(model="XL-9"), flaw(FAMILY, PLATFORM))
    assert [(a.status, "others run the same code" in a.why) for a in found] == [("unknown", True)]
    assert status(camera(model="XL-9", built="2022-01-01"), FAMILY, PLATFORM) == "not-affected"


def test_the_first_row_whose_models_match_decides():
    assert status(camera(), FAMILY, PLATFORM) == "affected"
    assert status(camera(), PLATFORM, FAMILY) == "unknown"


def test_while_the_model_is_unknown_only_an_exploited_flaw_of_some_models_is_told():
    unnamed = camera(model=None)
    assert told(unnamed, flaw(FAMILY)) == ()
    found = told(unnamed, flaw(FAMILY, known_exploited=True, kev=date(2022, 1, 10)))
    assert [(a.status, a.known_exploited, a.kev_added) for a in found] == [("unknown", True, "2022-01-10")]
    assert "the model is not known" in found[0].why


def test_a_device_under_another_badge_is_found_by_its_maker():
    badged = camera(brand=(claim("annke"),))
    assert status(badged, FAMILY) == "affected"


def test_a_badge_s_own_flaws_are_found_by_the_badge():
    badged = camera(brand=(claim("annke"),))
    found = told(badged, flaw(FAMILY), vendor="annke")
    assert [a.status for a in found] == ["affected"]


@pytest.mark.parametrize("confidence", [0.5, 0.75, 0.79])
def test_a_maker_that_is_not_sure_has_no_flaws(confidence):
    assert told(camera(manufacturer=(claim("hikvision", confidence),)), flaw(FAMILY)) == ()


def test_what_a_device_hardly_tells_counts_as_not_known():
    doubtful = camera(firmware=None, built=None, firmware_date=(claim("2020-01-01", 0.4),))
    assert status(doubtful, FAMILY) == "unknown"
    even = camera(firmware_date=(claim("2020-01-01", 0.5), claim("2022-01-01", 0.5)))
    assert status(even, FAMILY) == "unknown"


def test_what_is_no_cctv_has_no_flaws_and_what_is_undecided_none_of_the_platform():
    assert told(camera(is_cctv=False), flaw(FAMILY)) == ()
    assert told(camera(is_cctv=None, model=None), flaw(PLATFORM)) == ()
    assert status(camera(is_cctv=None), FAMILY) == "affected"


def test_a_row_for_other_types_is_passed_by_unless_the_type_is_unknown():
    recorders = Affected(models=("^NL",), device_types=["nvr"], all=True)
    assert told(camera(), flaw(recorders)) == ()
    assert status(camera(device_type=()), recorders) == "affected"


def test_every_firmware_needs_no_firmware():
    assert status(camera(firmware=None, built=None), Affected(models=("^NL",), all=True)) == "affected"


def test_no_range_is_unknown_whatever_the_firmware():
    found = told(camera(), flaw(Affected(models=("^NL",), status="unknown", note="no range")))
    assert [(a.status, a.why) for a in found] == [
        ("unknown", "which firmwares are affected is not known here; no range")
    ]


def test_after_a_range_without_a_known_fix_it_is_unknown():
    row = replace_row(RANGE, beyond="unknown")
    assert status(camera(built="2024-01-01"), row) == "unknown"


def replace_row(row, **changes):
    return Affected(**{f: getattr(row, f) for f in row.__struct_fields__} | changes)


def test_all_ids_of_a_notice_are_told_and_affected_ones_come_first():
    quiet = flaw(replace_row(FAMILY, before="build 190101"), id="CVE-2099-0000")
    pair = flaw(FAMILY, id="CVE-2099-0002", also=["CVE-2099-0003"])
    found = told(camera(), quiet, pair)
    assert [(a.id, a.status) for a in found] == [
        ("CVE-2099-0002", "affected"), ("CVE-2099-0003", "affected"), ("CVE-2099-0000", "not-affected"),
    ]  # fmt: skip
    assert {a.because for a in found} == {("e1",)}
    assert found[0].fixed == "4.2"


def test_a_leading_name_of_the_maker_is_no_part_of_the_model():
    assert status(camera(model="Hikvision NL-220"), FAMILY) == "affected"


def test_a_hostile_model_neither_matches_for_long_nor_fails():
    assert told(camera(model="A" * 100_000), flaw(FAMILY)) == ()


def test_the_record_tells_the_firmware_and_the_range():
    found = told(camera(), flaw(FAMILY))
    assert found[0].why == "firmware V4.1.0 built on 2020-01-01 is older than build 210625"
    assert found[0] == replace(found[0], url="https://northlight.example/1", last_checked="2026-01-15")
