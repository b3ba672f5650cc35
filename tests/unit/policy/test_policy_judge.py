"""What one list says about one identity, rule by rule."""

from __future__ import annotations

import pytest
from policy_cases import COUNTRY, NORTHLIGHT, claim, dispute, entry, held, maker, policy

from netcam.model import Identity
from netcam.model.report import Basis, Outcome
from netcam.policy.judge import CLEARED_AT, LISTED_AT
from netcam.policy.load import Entry


def test_a_sure_maker_that_the_list_names_is_listed_with_its_evidence_and_primary_citation():
    verdict = held(Identity(manufacturer=(claim("northlight", 0.97, "e3", "e7"),)))
    assert (verdict.outcome, verdict.basis) == (Outcome.LISTED, Basis.NAMED)
    assert verdict.entity == "Northlight Optics Company"
    assert verdict.because == ("e3", "e7")
    assert (verdict.list, verdict.effect, verdict.last_checked) == ("ex-procurement", "procurement", "2026-01-12")
    assert (verdict.citation.url, verdict.citation.section) == ("https://law.example/act", "section 1")
    assert verdict.statement == (
        "made by Northlight Optics Company, a company named on the Exampleland list, "
        "which applies to public bodies of Exampleland"
    )


@pytest.mark.parametrize(
    ("confidence", "outcome", "start"),
    [
        (LISTED_AT, Outcome.LISTED, "made by "),
        (LISTED_AT - 0.001, Outcome.POSSIBLE, "probably made by "),
        (0.85, Outcome.POSSIBLE, "probably made by "),
        (0.5, Outcome.POSSIBLE, "perhaps made by "),
        (0.1, Outcome.POSSIBLE, "perhaps made by "),
        (0.099, Outcome.UNDETERMINED, "perhaps made by "),
    ],
)
def test_how_sure_the_maker_is_decides_between_listed_possible_and_undetermined(confidence, outcome, start):
    verdict = held(maker("northlight", confidence))
    assert verdict.outcome is outcome
    assert verdict.statement.startswith(start)


@pytest.mark.parametrize(
    ("confidence", "outcome"),
    [(0.97, Outcome.NOT_LISTED), (CLEARED_AT, Outcome.NOT_LISTED), (CLEARED_AT - 0.001, Outcome.UNDETERMINED)],
)
def test_another_maker_is_not_listed_only_when_sure(confidence, outcome):
    verdict = held(maker("tidewater", confidence))
    assert (verdict.outcome, verdict.basis, verdict.entity) == (outcome, None, None)


def test_an_unknown_maker_is_undetermined_and_never_not_listed():
    verdict = held(Identity())
    assert (verdict.outcome, verdict.because) == (Outcome.UNDETERMINED, ())
    assert verdict.statement == "of a maker that is not known, so the Exampleland list can't be applied"


def test_a_badge_without_a_maker_is_undetermined_and_says_which_badge():
    verdict = held(Identity(brand=(claim("harbourview", 0.97),)))
    assert verdict.outcome is Outcome.UNDETERMINED
    assert verdict.statement.startswith("sold as Harbourview, by a maker that is not known")


@pytest.mark.parametrize(
    ("verified", "outcome", "words"),
    [
        ("yes", Outcome.LISTED, "a company named on"),
        ("partly", Outcome.POSSIBLE, "a company reported to be named on"),
        ("no", Outcome.POSSIBLE, "a company reported to be named on"),
    ],
)
def test_only_an_entry_that_the_sources_confirm_gives_listed(verified, outcome, words):
    verdict = held(maker("northlight"), policy(entry(verified=verified)))
    assert verdict.outcome is outcome
    assert words in verdict.statement
    assert ("confirm" in verdict.statement) is (verified != "yes")


@pytest.mark.parametrize(
    ("covered", "outcome", "basis"),
    [
        ("yes", Outcome.LISTED, Basis.SUBSIDIARY),
        ("unknown", Outcome.POSSIBLE, Basis.SUBSIDIARY),
        ("no", Outcome.NOT_LISTED, None),
    ],
)
def test_a_subsidiary_is_listed_only_where_the_list_covers_subsidiaries(covered, outcome, basis):
    verdict = held(maker("pinhole"), policy(covers_subsidiaries=covered))
    assert (verdict.outcome, verdict.basis) == (outcome, basis)
    if basis is not None:
        assert "made by Pinhole, which belongs to Northlight Optics Company, a company named on" in verdict.statement
        assert ("leave open whether that includes subsidiaries" in verdict.statement) is (covered == "unknown")


def test_a_parent_is_not_reached_through_its_subsidiary():
    verdict = held(maker("northlight"), policy(entry(vendor="pinhole", entity="Pinhole")))
    assert verdict.outcome is Outcome.NOT_LISTED


@pytest.mark.parametrize(
    ("covered", "outcome", "tail"),
    [
        ("yes", Outcome.LISTED, "Exampleland"),
        ("unknown", Outcome.LISTED, "our sources leave open whether that includes devices sold under another badge"),
        ("no", Outcome.POSSIBLE, "that does not include devices sold under another badge"),
    ],
)
def test_a_device_under_another_badge_counts_by_who_built_it(covered, outcome, tail):
    verdict = held(maker("northlight", brand=(claim("harbourview", 0.97),)), policy(covers_oem=covered))
    assert (verdict.outcome, verdict.basis) == (outcome, Basis.OEM)
    assert verdict.statement.startswith("sold as Harbourview, made by Northlight Optics Company, ")
    assert verdict.statement.endswith(tail)


def test_a_badge_of_the_makers_own_group_is_no_oem_device():
    assert held(maker("northlight", brand=(claim("pinhole", 0.97),))).basis is Basis.NAMED


def test_a_faint_badge_does_not_turn_a_device_into_an_oem_device():
    verdict = held(maker("northlight", brand=(claim("harbourview", 0.15),)))
    assert (verdict.outcome, verdict.basis) == (Outcome.LISTED, Basis.NAMED)
    assert "Harbourview" not in verdict.statement


def test_a_list_that_describes_companies_gives_at_most_possible_and_names_nobody():
    verdict = held(maker("northlight", 0.999), policy(COUNTRY))
    assert (verdict.outcome, verdict.basis, verdict.entity) == (Outcome.POSSIBLE, None, None)
    assert verdict.statement == (
        "made by Northlight Optics, perhaps one of the companies subject to the law of Northland that the Exampleland "
        "list describes without naming any; it applies to public bodies of Exampleland"
    )


def test_a_description_reaches_a_company_of_unknown_seat_through_its_parent():
    assert held(maker("pinhole"), policy(COUNTRY)).outcome is Outcome.POSSIBLE


def test_a_description_leaves_out_makers_seated_elsewhere_and_decides_nothing_about_those_of_unknown_seat():
    assert held(maker("tidewater"), policy(COUNTRY)).outcome is Outcome.NOT_LISTED
    assert held(maker("driftwood"), policy(COUNTRY)).outcome is Outcome.UNDETERMINED


@pytest.mark.parametrize(
    "claims",
    [
        (claim("northlight", 0.47, "e1"), claim("tidewater", 0.47, "e2")),
        (claim("tidewater", 0.829, "e2"), claim("northlight", 0.145, "e1")),
        (claim("northlight", 0.97, "e1"), claim("tidewater", 0.025, "e2")),
        (claim("tidewater", 0.97, "e2"), claim("northlight", 0.025, "e1")),
    ],
)
def test_two_makers_in_conflict_give_possible_for_the_listed_one_and_name_the_other(claims):
    verdict = held(Identity(manufacturer=claims, conflicts=dispute("northlight", "tidewater")))
    assert verdict.outcome is Outcome.POSSIBLE
    assert verdict.because == ("e1",)
    assert not verdict.statement.startswith("made by")
    assert "it also shows signs of Tidewater Imaging" in verdict.statement


def test_a_conflict_about_something_else_does_not_weaken_the_maker():
    verdict = held(maker("northlight", conflicts=dispute("camera", "nvr", field="device_type")))
    assert verdict.outcome is Outcome.LISTED


def test_two_makers_in_conflict_that_the_list_both_leaves_out_stay_unlisted():
    claims = (claim("tidewater", 0.85), claim("driftwood", 0.1))
    verdict = held(Identity(manufacturer=claims, conflicts=dispute("tidewater", "driftwood")))
    assert verdict.outcome is Outcome.NOT_LISTED


def test_a_listed_maker_behind_a_likelier_one_is_possible_with_its_own_evidence():
    claims = (claim("tidewater", 0.7, "e1"), claim("northlight", 0.15, "e2"))
    verdict = held(Identity(manufacturer=claims))
    assert (verdict.outcome, verdict.because) == (Outcome.POSSIBLE, ("e2",))
    assert verdict.statement.startswith("perhaps made by Northlight")


@pytest.mark.parametrize(
    ("is_cctv", "outcome"), [(True, Outcome.LISTED), (None, Outcome.LISTED), (False, Outcome.POSSIBLE)]
)
def test_a_listed_makers_device_that_is_no_cctv_is_at_most_possible_and_says_why(is_cctv, outcome):
    verdict = held(maker("northlight", is_cctv=is_cctv))
    assert verdict.outcome is outcome
    assert ("this is no surveillance equipment" in verdict.statement) is (is_cctv is False)


def test_an_entry_that_was_removed_names_nobody():
    verdict = held(maker("northlight"), policy(entry(removed="2025-01-07")))
    assert verdict.outcome is Outcome.NOT_LISTED


def test_a_confirmed_entry_wins_over_a_description_whatever_their_order():
    for entries in ((COUNTRY, NORTHLIGHT), (NORTHLIGHT, COUNTRY)):
        verdict = held(maker("northlight"), policy(*entries))
        assert (verdict.outcome, verdict.basis) == (Outcome.LISTED, Basis.NAMED)


def test_a_subsidiary_that_is_named_itself_is_named_and_not_reached_through_its_parent():
    own = Entry(vendor="pinhole", entity="Pinhole Cameras")
    verdict = held(maker("pinhole"), policy(NORTHLIGHT, own))
    assert (verdict.basis, verdict.entity) == (Basis.NAMED, "Pinhole Cameras")


@pytest.mark.parametrize(
    ("brand", "more", "outcome", "start"),
    [
        (0.97, {}, Outcome.LISTED, "carrying"),
        (0.85, {}, Outcome.POSSIBLE, "probably carrying"),
        (0.97, {"is_cctv": False}, Outcome.POSSIBLE, "carrying"),
        (0.97, {"conflicts": dispute("harbourview", "pinhole", field="brand")}, Outcome.POSSIBLE, "probably carrying"),
    ],
)
def test_an_own_list_may_name_a_badge_whoever_built_the_device(brand, more, outcome, start):
    own = policy(Entry(brand="harbourview"), effect="private-policy", own=True)
    identity = Identity(manufacturer=(claim("tidewater", 0.97),), brand=(claim("harbourview", brand),), **more)
    verdict = held(identity, own)
    assert verdict.outcome is outcome
    assert verdict.statement.startswith(
        f"{start} the badge Harbourview, named on the Exampleland list, which applies to"
    )


def test_a_sure_badge_outweighs_a_doubtful_maker_on_an_own_list():
    own = policy(NORTHLIGHT, Entry(brand="harbourview"), own=True)
    identity = Identity(manufacturer=(claim("northlight", 0.5),), brand=(claim("harbourview", 0.97),))
    assert held(identity, own).outcome is Outcome.LISTED


def with_part(*makers: tuple[str, float], part: str = "lantern-chips") -> Identity:
    claims = tuple(claim(vendor, confidence) for vendor, confidence in makers)
    return Identity(manufacturer=claims, components=(claim(part, 0.5, "e9"),), is_cctv=True)


@pytest.mark.parametrize("covered", ["unknown", "no"])
def test_a_part_counts_only_where_the_list_says_that_it_covers_components(covered):
    assert held(with_part(("tidewater", 0.97)), policy(covers_components=covered)).outcome is Outcome.NOT_LISTED


def test_a_part_of_a_named_company_is_possible_whoever_built_the_device_and_says_that_it_is_a_part():
    verdict = held(with_part(("tidewater", 0.97)), policy(covers_components="yes"))
    assert (verdict.outcome, verdict.basis, verdict.because) == (Outcome.POSSIBLE, Basis.COMPONENT_RISK, ("e9",))
    assert verdict.entity == "Northlight Optics Company"
    assert verdict.statement == (
        "made by Tidewater Imaging, and shows signs of a part by Lantern Chips, which belongs to Northlight Optics "
        "Company, a company named on the Exampleland list, which applies to public bodies of Exampleland; a part does "
        "not make the device that company's product, and whether the list means such a part is open"
    )


def test_a_part_in_a_device_of_an_unknown_maker_is_possible_too():
    verdict = held(with_part(), policy(covers_components="yes"))
    assert verdict.outcome is Outcome.POSSIBLE
    assert verdict.statement.startswith("of a maker that is not known, and shows signs of a part by Lantern Chips")


def test_a_part_of_a_subsidiary_counts_only_where_the_list_covers_subsidiaries():
    verdict = held(with_part(("tidewater", 0.97)), policy(covers_components="yes", covers_subsidiaries="unknown"))
    assert verdict.outcome is Outcome.NOT_LISTED


@pytest.mark.parametrize(("confidence", "outcome"), [(0.97, Outcome.LISTED), (0.5, Outcome.POSSIBLE)])
def test_a_maker_that_the_list_reaches_is_told_before_a_part(confidence, outcome):
    verdict = held(with_part(("northlight", confidence)), policy(covers_components="yes"))
    assert (verdict.outcome, verdict.basis) == (outcome, Basis.NAMED)


def test_a_description_by_country_reaches_no_part():
    assert held(with_part(("tidewater", 0.97)), policy(COUNTRY, covers_components="yes")).outcome is Outcome.NOT_LISTED


def test_a_list_without_a_name_for_sentences_is_called_by_its_title():
    assert "named on Exampleland act," in held(maker("northlight"), policy(called="")).statement
