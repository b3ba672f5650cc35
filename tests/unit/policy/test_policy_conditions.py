"""Entries of own lists with conditions: all must hold, and what is not known is never taken for a no."""

from __future__ import annotations

import re
from datetime import date
from itertools import product

import pytest
from policy_cases import SCANNED, claim, dispute, held, maker, policy

from netcam.model import Identity, firmware_age_days
from netcam.model.report import Basis, Outcome
from netcam.policy.lists import Entry

FACE = (claim("face-recognition", 0.85, "e9"),)
OLD, NEW = (claim("2019-03-01", 0.85, "e8"),), (claim("2026-01-01", 0.85, "e8"),)
MODEL = (claim("NL-D220", 0.97, "e7"),)


def own(*entries, **head):
    return policy(*entries, **{"own": True, "effect": "private-policy", "called": "our programme", **head})


def camera(vendor="tidewater", confidence=0.97, **more):
    return maker(vendor, confidence, **{"is_cctv": True, **more})


CAN = own(Entry(capability="face-recognition"))
AGE = own(Entry(firmware_older_than_days=1095))
KIND = own(Entry(model=["NL-D*", "NL-R1??"]))


@pytest.mark.parametrize(
    ("listed", "identity", "outcome", "because"),
    [
        (CAN, camera(capabilities=FACE), Outcome.LISTED, ("e9",)),
        (CAN, camera(capabilities=(claim("face-recognition", 0.5, "e9"),)), Outcome.POSSIBLE, ("e9",)),
        (CAN, camera(capabilities=(claim("ptz", 0.85),)), Outcome.UNDETERMINED, ("e1",)),
        (CAN, camera(), Outcome.UNDETERMINED, ("e1",)),
        (CAN, Identity(is_cctv=True, capabilities=FACE), Outcome.LISTED, ("e9",)),
        (CAN, Identity(capabilities=FACE), Outcome.POSSIBLE, ("e9",)),
        (CAN, Identity(), Outcome.UNDETERMINED, ()),
        (CAN, camera(is_cctv=False), Outcome.NOT_LISTED, ("e1",)),
        (AGE, camera(firmware_date=OLD), Outcome.LISTED, ("e8",)),
        (AGE, camera(firmware_date=(claim("2019-03-01", 0.5, "e8"),)), Outcome.POSSIBLE, ("e8",)),
        (AGE, camera(firmware_date=NEW), Outcome.NOT_LISTED, ("e1",)),
        (AGE, camera(firmware_date=(claim("2026-01-01", 0.5, "e8"),)), Outcome.UNDETERMINED, ("e1",)),
        (AGE, camera(firmware_date=(claim("2031-01-01", 0.97, "e8"),)), Outcome.UNDETERMINED, ("e1",)),
        (AGE, camera(), Outcome.UNDETERMINED, ("e1",)),
        (AGE, Identity(is_cctv=True, firmware_date=OLD), Outcome.LISTED, ("e8",)),
        (KIND, camera(model=MODEL), Outcome.LISTED, ("e7",)),
        (KIND, camera(model=(claim("nl-d 220", 0.97, "e7"),)), Outcome.LISTED, ("e7",)),
        (KIND, camera(model=(claim("Northlight NL-D220", 0.97, "e7"),)), Outcome.LISTED, ("e7",)),
        (KIND, camera(model=(claim("NL-R122", 0.97, "e7"),)), Outcome.LISTED, ("e7",)),
        (KIND, camera(model=(claim("NL-R1222", 0.97, "e7"),)), Outcome.NOT_LISTED, ("e1",)),
        (KIND, camera(model=(claim("NL-D220", 0.5, "e7"),)), Outcome.POSSIBLE, ("e7",)),
        (KIND, camera(model=(claim("NL-X1", 0.5, "e7"),)), Outcome.UNDETERMINED, ("e1",)),
        (KIND, camera(), Outcome.UNDETERMINED, ("e1",)),
    ],
)
def test_one_condition_is_met_perhaps_met_not_met_or_open(listed, identity, outcome, because):
    verdict = held(identity, listed)
    assert verdict.outcome is outcome, verdict.statement
    if outcome in (Outcome.LISTED, Outcome.POSSIBLE):
        assert verdict.because == because
    assert (verdict.entity, verdict.basis) == (None, None)


@pytest.mark.parametrize(
    ("identity", "outcome"),
    [
        (camera("northlight", capabilities=FACE, firmware_date=OLD), Outcome.LISTED),
        (camera("northlight", 0.85, capabilities=FACE, firmware_date=OLD), Outcome.POSSIBLE),
        (camera("northlight", capabilities=FACE), Outcome.POSSIBLE),
        (camera("northlight", capabilities=FACE, firmware_date=NEW), Outcome.NOT_LISTED),
        (camera("tidewater", capabilities=FACE, firmware_date=OLD), Outcome.NOT_LISTED),
        (camera("tidewater", 0.5, capabilities=FACE, firmware_date=OLD), Outcome.POSSIBLE),
        (Identity(is_cctv=True), Outcome.UNDETERMINED),
    ],
)
def test_all_conditions_of_an_entry_must_hold(identity, outcome):
    entry = Entry(vendor="northlight", capability="face-recognition", firmware_older_than_days=1095)
    verdict = held(identity, own(entry))
    assert verdict.outcome is outcome, verdict.statement


def test_the_sentence_says_which_conditions_are_met_and_which_are_open():
    entry = Entry(vendor="northlight", model="NL-D*", firmware_older_than_days=1095, due=date(2027, 6, 30), note="ask.")
    verdict = held(camera("northlight", model=MODEL), own(entry))
    assert (verdict.outcome, verdict.basis, verdict.due) == (Outcome.POSSIBLE, Basis.NAMED, "2027-06-30")
    assert verdict.because == ("e1", "e7")
    assert verdict.statement == (
        "made by Northlight Optics, of the model NL-D220, as an entry of our programme has it, which applies to public "
        "bodies of Exampleland; the age of its firmware is not known; due 2027-06-30; ask"
    )
    assert held(camera(firmware_date=OLD), AGE).statement.startswith(
        f"with firmware built on 2019-03-01, {(SCANNED - date(2019, 3, 1)).days} days before the scan, as an entry of"
    )
    assert "capable of face-recognition, whether or not it is in use" in held(camera(capabilities=FACE), CAN).statement


def test_a_device_that_meets_several_entries_is_told_all_with_the_earliest_day():
    listed = own(
        Entry(vendor="northlight", due=date(2027, 12, 31)),
        Entry(capability="face-recognition", due=date(2027, 3, 31)),
        Entry(firmware_older_than_days=1095),
    )
    verdict = held(camera("northlight", capabilities=FACE, firmware_date=OLD), listed)
    assert verdict.outcome is Outcome.LISTED
    assert verdict.due == "2027-03-31"
    assert verdict.because == ("e1", "e9", "e8")
    assert verdict.statement.startswith("made by Northlight Optics, a company named on our programme, which applies to")
    assert "; also capable of face-recognition" in verdict.statement
    assert "; also with firmware built on 2019-03-01" in verdict.statement


def test_a_maker_that_is_only_likely_is_still_told_beside_a_condition_that_is_met():
    listed = own(Entry(vendor="northlight"), Entry(capability="face-recognition"))
    verdict = held(camera("northlight", 0.85, capabilities=FACE), listed)
    assert verdict.outcome is Outcome.LISTED
    assert "; also probably made by Northlight Optics, whom it names" in verdict.statement


def test_another_maker_is_no_answer_to_a_capability_that_nobody_could_see():
    listed = own(Entry(vendor="northlight"), Entry(capability="face-recognition"))
    verdict = held(camera("tidewater"), listed)
    assert verdict.outcome is Outcome.UNDETERMINED
    assert verdict.statement == (
        "made by Tidewater Imaging, which our programme does not name; whether it is capable of face-recognition is "
        "not known, so our programme can't be applied"
    )


def test_a_badge_that_nobody_saw_is_not_taken_for_another_badge():
    listed = own(Entry(brand="harbourview"))
    assert held(camera(), listed).outcome is Outcome.UNDETERMINED
    assert held(camera(brand=(claim("pinhole", 0.5),)), listed).outcome is Outcome.UNDETERMINED
    other = held(camera(brand=(claim("pinhole", 0.85),)), listed)
    assert (other.outcome, other.statement) == (
        Outcome.NOT_LISTED, "met by no entry of our programme: its badge is Pinhole"
    )  # fmt: skip


@pytest.mark.parametrize(("covers", "outcome"), [("yes", "listed"), ("unknown", "possible"), ("no", "undetermined")])
def test_a_vendor_condition_reaches_as_far_as_the_list_says(covers, outcome):
    entry = Entry(vendor="northlight", capability="face-recognition")
    verdict = held(camera("pinhole", capabilities=FACE), own(entry, covers_subsidiaries=covers))
    assert verdict.outcome == (outcome if covers != "no" else "not-listed")
    badged = camera("northlight", capabilities=FACE, brand=(claim("harbourview", 0.97),))
    assert held(badged, own(entry, covers_oem="no")).outcome is Outcome.POSSIBLE
    assert held(badged, own(entry, covers_oem="yes")).basis is Basis.OEM


def test_two_makers_marks_leave_a_vendor_condition_open_and_name_the_other():
    entry = Entry(vendor="northlight", capability="face-recognition")
    both = camera("northlight", capabilities=FACE, conflicts=dispute("northlight", "tidewater"))
    verdict = held(both, own(entry))
    assert verdict.outcome is Outcome.POSSIBLE
    assert "it also shows signs of Tidewater Imaging" in verdict.statement


def test_a_country_in_an_entry_never_gives_more_than_possible():
    entry = Entry(country="XN", capability="face-recognition")
    assert held(camera("northlight", capabilities=FACE), own(entry)).outcome is Outcome.POSSIBLE
    assert held(camera("tidewater", capabilities=FACE), own(entry)).outcome is Outcome.NOT_LISTED
    assert held(camera("driftwood", capabilities=FACE), own(entry)).outcome is Outcome.POSSIBLE


def test_an_entry_that_was_removed_asks_for_nothing():
    listed = own(Entry(capability="face-recognition", removed="2026-01-01"), Entry(vendor="northlight"))
    assert held(camera(capabilities=FACE), listed).outcome is Outcome.NOT_LISTED


@pytest.mark.parametrize(
    ("built", "days"), [("2026-05-31", 1), ("2026-06-01", 0), ("2026-06-02", None), ("last spring", None), ("", None)]
)
def test_the_age_of_firmware_counts_from_a_day_that_was_before_the_scan(built, days):
    assert firmware_age_days(built, SCANNED) == days


def test_no_sentence_about_a_condition_says_more_than_what_was_seen():
    forbidden = re.compile(r"\b(?:ban|banned|unsafe|safe|compliant|compliance|bad|illegal|unlawful)\b", re.IGNORECASE)
    entries = (
        Entry(vendor="northlight"), Entry(brand="harbourview"), Entry(model="NL-D*"),
        Entry(vendor="northlight", capability="face-recognition"), Entry(firmware_older_than_days=1095),
    )  # fmt: skip
    identities = [
        camera(v, c, is_cctv=cctv, model=model, firmware_date=built, capabilities=can)
        for v, c, cctv, model, built, can in product(
            ("northlight", "tidewater", "pinhole"), (0.97, 0.5, 0.05), (True, None, False), (MODEL, ()),
            (OLD, NEW, ()), (FACE, ()),
        )
    ]  # fmt: skip
    for entry, identity in product(entries, identities):
        verdict = held(identity, own(entry))
        assert verdict.statement
        assert not forbidden.search(verdict.statement), verdict.statement
        assert "  " not in verdict.statement
        assert "\n" not in verdict.statement
        if verdict.outcome in (Outcome.LISTED, Outcome.POSSIBLE):
            assert "which applies to public bodies of Exampleland" in verdict.statement
            assert verdict.because
