"""The arithmetic of evidence, with the weights as they are: weak 0.15, supporting 0.5, strong 0.85, definitive 0.97."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netcam.engine.fuse import CEILING, alone, cctv_decision, compete, conflict, folded, tally
from netcam.model import Evidence, Strength

WEAK, SUPPORTING, STRONG, DEFINITIVE = Strength.WEAK, Strength.SUPPORTING, Strength.STRONG, Strength.DEFINITIVE
count = itertools.count(1)


def says(strength, root=None, via="", signature=None, **said):
    n = next(count)
    return Evidence(
        id=f"e{n}",
        signature=signature or f"s{n}",
        observation=f"o{n}",
        root=root or f"r{n}",
        via=via,
        strength=strength,
        says=said,
    )


def family(a, b):
    return {a, b} == {"northlight", "harbourview"}


def test_an_echo_of_one_root_counts_once():
    assert alone([says(STRONG, "mac:x"), says(STRONG, "mac:x"), says(WEAK, "mac:x")]) == pytest.approx(0.85)


def test_two_marks_in_one_answer_count_once():
    assert alone(
        [says(STRONG, "realm:x", via="banner:80"), says(STRONG, "banner:80", via="banner:80")]
    ) == pytest.approx(0.85)


def test_one_signature_on_two_ports_counts_once():
    assert alone([says(STRONG, signature="s.http"), says(STRONG, signature="s.http")]) == pytest.approx(0.85)


def test_a_strong_rival_keeps_a_leader_unsure_whatever_it_gathers():
    evidence = [says(DEFINITIVE, manufacturer="a") for _ in range(5)] + [says(STRONG, manufacturer="b")]
    best, other = compete(tally(evidence, "manufacturer"))
    assert (best.value, other.value) == ("a", "b")
    assert 0.5 < best.confidence < 0.9
    allies = compete(tally(evidence, "manufacturer"), lambda a, b: True)
    assert allies[0].confidence > 0.99


def test_independent_roots_add_up():
    assert alone([says(SUPPORTING), says(SUPPORTING), says(STRONG)]) == pytest.approx(1 - 0.5 * 0.5 * 0.15)


def test_two_facts_of_one_answer_are_one_witness():
    server = says(STRONG, "banner:80", "banner:80")
    realm = says(STRONG, "realm:x", "banner:80")
    assert alone([server, realm]) == pytest.approx(0.85)


def test_a_realm_repeated_by_another_protocol_adds_nothing_to_itself_but_stands_beside_a_header():
    server = says(STRONG, "banner:80", "banner:80")
    http_realm = says(STRONG, "realm:x", "banner:80")
    rtsp_realm = says(STRONG, "realm:x", "banner:554")
    assert alone([http_realm, rtsp_realm]) == pytest.approx(0.85)
    assert alone([rtsp_realm, http_realm, server]) == pytest.approx(1 - 0.15 * 0.15)


def test_one_signature_on_two_ports_is_one_witness():
    assert alone([says(STRONG, "banner:80", signature="s"), says(STRONG, "banner:443", signature="s")]) == 0.85


def test_a_strong_rival_keeps_the_leader_from_being_sure_whatever_its_echoes():
    pieces = [says(STRONG, manufacturer="a") for _ in range(4)] + [says(STRONG, manufacturer="b")]
    assert compete(tally(pieces, "manufacturer"))[0].confidence == 0.75
    pieces = [says(STRONG, manufacturer="a") for _ in range(4)] + [says(SUPPORTING, manufacturer="b")]
    assert compete(tally(pieces, "manufacturer"))[0].confidence > 0.9


def test_every_further_strong_rival_takes_a_leader_down_by_the_same_part():
    pieces = [says(DEFINITIVE, manufacturer="a") for _ in range(5)]
    pieces += [says(STRONG, manufacturer=rival) for rival in "bcde"]
    assert [c.confidence for c in compete(tally(pieces, "manufacturer"))[:1]] == [round(0.75**4, 4)]


def test_no_amount_of_answers_makes_a_certainty():
    assert alone([says(DEFINITIVE) for _ in range(50)]) == CEILING < 1


def test_nothing_said_is_no_confidence():
    assert alone([]) == 0
    assert tally([], "manufacturer") == []
    assert compete([]) == ()


@given(st.lists(st.tuples(st.sampled_from(list(Strength)), st.integers(0, 3)), max_size=8), st.randoms())
def test_the_order_of_evidence_plays_no_part(pieces, shuffled):
    evidence = [says(strength, f"r{root}", manufacturer="m") for strength, root in pieces]
    other = list(evidence)
    shuffled.shuffle(other)
    assert alone(evidence) == pytest.approx(alone(other))
    assert [(t.value, t.evidence) for t in tally(evidence, "manufacturer")] == [
        (t.value, t.evidence) for t in tally(other, "manufacturer")
    ]


def test_a_lone_sign_keeps_its_weight():
    (claim,) = compete(tally([says(STRONG, manufacturer="a")], "manufacturer"))
    assert claim.confidence == 0.85


def test_two_strong_rivals_both_end_below_one_half():
    claims = compete(tally([says(STRONG, manufacturer="a"), says(STRONG, manufacturer="b")], "manufacturer"))
    assert [c.value for c in claims] == ["a", "b"]
    assert all(c.confidence < 0.5 for c in claims)


def test_a_weak_contradiction_dents_a_proof_without_undoing_it():
    best, other = compete(tally([says(DEFINITIVE, manufacturer="a"), says(WEAK, manufacturer="b")], "manufacturer"))
    assert best.value == "a"
    assert 0.95 < best.confidence < 0.97
    assert other.confidence < 0.02


def test_a_subsidiary_does_not_count_against_its_parent():
    evidence = [says(STRONG, manufacturer="northlight"), says(SUPPORTING, manufacturer="harbourview")]
    best, other = compete(tally(evidence, "manufacturer"), family)
    assert (best.value, best.confidence) == ("northlight", 0.85)
    assert (other.value, other.confidence) == ("harbourview", 0.5)
    assert conflict("manufacturer", tally(evidence, "manufacturer"), family) is None


def test_a_stranger_counts_against_both_of_a_family():
    evidence = [says(STRONG, manufacturer=m) for m in ("northlight", "harbourview", "stranger")]
    by_name = {c.value: c.confidence for c in compete(tally(evidence, "manufacturer"), family)}
    assert by_name["northlight"] == by_name["harbourview"] < 0.5
    assert by_name["stranger"] < by_name["northlight"]
    found = conflict("manufacturer", tally(evidence, "manufacturer"), family)
    assert set(found.values) == {"northlight", "harbourview", "stranger"}


def test_a_rival_without_real_evidence_is_no_conflict():
    assert conflict("brand", tally([says(STRONG, brand="a"), says(WEAK, brand="b")], "brand")) is None
    found = conflict("brand", tally([says(STRONG, brand="a"), says(SUPPORTING, brand="b")], "brand"))
    assert found.values == ("a", "b")
    assert len(found.evidence) == 2


def test_the_strongest_evidence_is_named_first_and_earlier_before_later():
    evidence = [says(WEAK, brand="a"), says(STRONG, brand="a"), says(STRONG, brand="a")]
    (claim,) = compete(tally(evidence, "brand"))
    assert claim.evidence == (evidence[1].id, evidence[2].id, evidence[0].id)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("M1065-LW", "AXIS M1065-LW"),
        ("DS-2CD2385G1", "DS-2CD2385G1-I"),
        ("NL_220", "nl220"),
        ("V4.31.000", "4.31.000"),
        ("123456789", "DS-2CD2042WD-I20160101AAWR123456789"),
        ("V5.7.1", "V5.7.1.8"),
        ("2.800.0000016.0", "2.800.0000016.0.R"),
    ],
)
def test_a_text_inside_another_is_the_same_answer(one, other):
    (both,) = folded(tally([says(STRONG, x=one), says(SUPPORTING, x=other)], "x"))
    assert both.value == one
    assert both.alone == pytest.approx(0.925)
    assert len(both.evidence) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("V5.7.1", "V5.7.18"),
        ("IPC-HFW123", "IPC-HFW1230S"),
        ("5.7", "V5.7.3"),
        ("NVR", "NVR-220"),
        ("A12345", "A123456"),
        ("DS-2CD2385G1", "DS-2CD2386G1"),
        ("", "DS-2CD2385G1"),
    ],
)
def test_a_number_is_never_cut_and_three_letters_are_too_few(one, other):
    assert len(folded(tally([says(STRONG, x=one), says(SUPPORTING, x=other)], "x"))) == 2


def test_folding_counts_a_shared_root_once():
    (both,) = folded(tally([says(STRONG, "r", x="NL-220"), says(STRONG, "r", x="NL-220-I")], "x"))
    assert both.alone == pytest.approx(0.85)


def test_spellings_of_one_key_are_one_and_the_best_supported_is_shown():
    evidence = [says(WEAK, model="nl-220"), says(STRONG, model="NL-220")]
    (only,) = tally(evidence, "model", str.upper)
    assert (only.value, len(only.evidence)) == ("NL-220", 2)


def test_a_lone_supporting_sign_decides_nothing_about_cctv():
    assert cctv_decision([says(SUPPORTING, device_type="camera")])[0] is None
    assert cctv_decision([]) == (None, 0.0, ())


def test_a_strong_sign_decides_it_either_way():
    assert cctv_decision([says(STRONG, device_type="nvr")])[:2] == (True, 0.85)
    assert cctv_decision([says(STRONG, device_type="other")])[:2] == (False, 0.85)
    assert cctv_decision([says(STRONG, cctv="no")])[:2] == (False, 0.85)


def test_signs_that_disagree_decide_nothing():
    assert cctv_decision([says(STRONG, cctv="yes"), says(STRONG, device_type="other")])[0] is None


def test_types_of_cctv_agree_with_each_other_that_it_is_cctv():
    answer, sure, because = cctv_decision([says(SUPPORTING, device_type="nvr"), says(SUPPORTING, device_type="dvr")])
    assert (answer, sure, len(because)) == (True, 0.75, 2)
