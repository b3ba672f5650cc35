"""From observations to an identity, in an invented world."""

import random

import pytest

from netcam.engine.identify import identify, vendor_of
from netcam.engine.match import EvidenceIds

LISTED_AT = 0.9  # netcam/policy/judge.py


@pytest.fixture
def told(world, observed):
    """Identity of observations, each pair from a port of its own."""

    def tell(*pairs, signatures=None):
        seen = [o for n, pair in enumerate(pairs) for o in observed(pair, port=8000 + n, transport="tcp")]
        return identify(signatures or world, seen, EvidenceIds())[1]

    return tell


def leader(claims):
    return claims[0].value if claims else None


def test_nothing_seen_is_nobody(told):
    nobody = told()
    assert (nobody.manufacturer, nobody.brand, nobody.is_cctv, nobody.conflicts) == ((), (), None, ())


def test_a_badge_alone_gives_the_table_s_maker_but_never_enough_to_list_it(told):
    seen = told(("http.title", "Southgate"))
    assert leader(seen.brand) == "southgate"
    assert leader(seen.manufacturer) == "northlight"
    assert seen.manufacturer[0].confidence <= 0.5


def test_many_badges_of_one_maker_in_the_table_never_list_it_either(signature_set, files, told, badge):
    names = [f"Gate{letter * 3}" for letter in "abcdef"]
    many = signature_set(files | {n.lower(): badge(n.lower(), n) for n in names})
    seen = told(*[("http.title", n) for n in names], ("sadp.mac", "00:00:5e:00:00:01"), signatures=many)
    assert leader(seen.manufacturer) == "northlight"
    assert seen.manufacturer[0].confidence < LISTED_AT


def test_the_table_holds_for_its_series_only(told):
    assert told(("http.title", "Eastgate XX-1")).manufacturer == ()
    assert leader(told(("http.title", "Eastgate NL-D220")).manufacturer) == "northlight"


def test_a_badge_of_two_makers_is_decided_by_the_date_of_old_firmware_only(signature_set, files, told, dated):
    signatures = signature_set(files | {"oldgate": dated})

    def makers(*more):
        seen = told(("http.title", "Oldgate"), *more, signatures=signatures)
        return {c.value: c.confidence for c in seen.manufacturer}

    undated = makers()
    assert list(undated) == ["northlight", "westlake"]
    assert undated["northlight"] < 0.5
    assert list(makers(("onvif.firmware", "OG1.0 build 150310"))) == ["westlake"]
    # A build may be older than the sale by a year, and an update may come long after it: neither rules a maker out.
    assert list(makers(("onvif.firmware", "OG1.0 build 160310"))) == ["northlight", "westlake"]
    assert list(makers(("onvif.firmware", "OG3.0 build 230310"))) == ["northlight", "westlake"]


def test_a_row_that_ended_before_the_build_has_less_weight(signature_set, files, told, badge):
    text = badge("oldgate", "Oldgate").replace('certainty = "A"', 'certainty = "A"\nto = "2017"')
    text += """
[[signature]]
id = "oldgate.onvif.firmware"
status = "experimental"
observes = "onvif.firmware"
pattern = '^(?P<firmware>OG.+)$'
strength = "supporting"
says = {}
references = ["constructed"]
"""
    signatures = signature_set(files | {"oldgate": text})
    before = told(("http.title", "Oldgate"), ("onvif.firmware", "OG1 build 170101"), signatures=signatures)
    after = told(("http.title", "Oldgate"), ("onvif.firmware", "OG1 build 180101"), signatures=signatures)
    assert [s.manufacturer[0].confidence for s in (before, after)] == [0.5, 0.15]


def test_a_row_for_a_part_of_the_range_has_less_weight_until_a_series_decides(signature_set, files, told, badge):
    def shown(series, title):
        text = badge("oldgate", "Oldgate", series).replace('certainty = "A"', 'certainty = "A"\nstatus = "mixed"')
        return told(("http.title", title), signatures=signature_set(files | {"oldgate": text})).manufacturer

    assert shown("", "Oldgate NL-D1")[0].confidence == 0.15
    assert shown("NL-", "Oldgate NL-D1")[0].confidence == 0.5
    assert shown("NL-", "Oldgate XX-1") == ()


def test_a_series_that_fits_silences_the_rows_for_the_badge_as_a_whole(signature_set, files, told, dated):
    signatures = signature_set(files | {"oldgate": dated})
    fitting, other = (told(("http.title", t), signatures=signatures) for t in ("Oldgate HV-1", "Oldgate"))
    assert [c.value for c in fitting.manufacturer] == ["harbourview"]
    assert [c.value for c in other.manufacturer] == ["northlight", "westlake"]


def test_the_table_is_silent_when_the_device_names_its_maker(told):
    seen = told(("http.title", "Southgate"), ("ftp", "220 Westlake"))
    assert [c.value for c in seen.manufacturer] == ["westlake"]
    assert leader(seen.brand) == "southgate"


def test_a_maker_s_own_badge_is_assumed_with_low_confidence(told):
    seen = told(("http.server", "NLO-Web/4"))
    assert (leader(seen.brand), seen.brand[0].confidence) == ("northlight", 0.5)


def test_no_own_badge_where_another_was_seen_or_the_maker_has_none(told):
    assert [c.value for c in told(("http.server", "NLO-Web/4"), ("http.title", "Southgate")).brand] == ["southgate"]
    assert told(("ftp", "220 Westlake")).brand == ()


def test_no_own_badge_where_two_makers_are_equally_likely(told):
    seen = told(("http.server", "NLO-Web/4"), ("ftp", "220 Westlake"))
    assert seen.brand == ()
    assert all(c.confidence < 0.5 for c in seen.manufacturer)
    assert [c.field for c in seen.conflicts] == ["manufacturer"]


def test_a_company_and_its_parent_on_one_device_are_no_conflict_and_the_company_leads(told):
    seen = told(("http.server", "NLO-Web/4"), ("http.title", "Harbourview"))
    assert [c.value for c in seen.manufacturer] == ["harbourview", "northlight"]
    first, second = (c.confidence for c in seen.manufacturer)
    assert 0.84 < second < first == 0.85
    assert seen.conflicts == ()


def test_the_first_model_rule_with_a_type_sets_it_and_all_add_capabilities(told):
    seen = told(("http.server", "NLO-Web/4"), ("onvif.name", "Northlight NL-D2PTZ"))
    assert [c.value for c in seen.device_type] == ["camera"]
    assert {c.value for c in seen.capabilities} == {"ptz", "audio"}
    assert seen.is_cctv is True


def test_a_model_of_type_other_is_not_cctv(told):
    seen = told(("http.server", "NLO-Web/4"), ("onvif.name", "Northlight NL-S1"))
    assert leader(seen.device_type) == "other"
    assert seen.is_cctv is False


def test_a_badge_s_device_is_decoded_in_its_maker_s_scheme(told):
    seen = told(("http.title", "Eastgate NL-D220"))
    assert leader(seen.device_type) == "camera"


def test_a_model_without_a_vendor_says_nothing_about_the_type(told):
    assert told(("onvif.name", "Nobody NL-D220")).device_type == ()


def test_the_maker_s_scheme_is_the_parent_s_where_it_has_none(told):
    seen = told(("http.title", "Harbourview"), ("onvif.name", "Nobody NL-D220"))
    assert leader(seen.device_type) == "camera"


def test_a_part_that_the_device_shows_is_neither_its_maker_nor_its_badge(signature_set, files, told):
    files["westlake"] = (
        files["westlake"]
        .replace("builds = true", "parts = true")
        .replace('manufacturer = "westlake"', 'component = "westlake"')
    )
    seen = told(("ftp", "220 Westlake"), ("onvif.name", "Westlake NL-D220"), signatures=signature_set(files))
    assert [(c.value, c.confidence) for c in seen.components] == [("westlake", 0.85)]
    assert (seen.manufacturer, seen.brand, seen.is_cctv) == ((), (), None)


def test_the_order_of_observations_changes_nothing(world, observed):
    seen = observed(
        ("http.server", "NLO-Web/4.2"),
        ("http.title", "Southgate"),
        ("onvif.name", "Northlight NL-D2PTZ"),
        ("mac", "00:00:5e:00:00:01"),
        ("sadp.mac", "00:00:5e:00:00:01"),
        ("sadp.serial", "NL-20190101"),
        port=80,
        transport="tcp",
    )

    def answer(items):
        identity = identify(world, items, EvidenceIds())[1]
        return [
            [(c.value, c.confidence) for c in getattr(identity, field)]
            for field in ("manufacturer", "brand", "model", "firmware", "serial", "device_type", "capabilities")
        ] + [identity.is_cctv, identity.confidence]

    first = answer(seen)
    for seed in range(10):
        mixed = list(seen)
        random.Random(seed).shuffle(mixed)
        assert answer(mixed) == first


def test_evidence_ids_of_claims_exist(world, observed):
    evidence, identity = identify(world, observed(("http.title", "Eastgate NL-D220")), EvidenceIds())
    known = {e.id for e in evidence}
    claims = [*identity.manufacturer, *identity.brand, *identity.model, *identity.device_type, *identity.capabilities]
    assert claims
    assert all(set(c.evidence) <= known and c.evidence for c in claims)


def test_a_spelling_leads_to_its_vendor(world):
    assert vendor_of(world, "NORTHLIGHT optics, ltd") == "northlight"
    assert vendor_of(world, "Nobody") is None
