"""What the signatures and the OUI data say about one observation."""

import pytest

from netcam.engine.match import EvidenceIds, match
from netcam.model import Strength


@pytest.fixture
def said(world, observed):
    def says(kind, value, **where):
        return [dict(e.says) for e in match(world, observed((kind, value), **where), EvidenceIds())]

    return says


@pytest.mark.parametrize(
    "badge", ["Northlight", "NORTHLIGHT", "northlight", "Northlight Optical Tech", "NORTHLIGHT  OPTICS LTD"]
)
def test_a_badge_in_any_spelling_is_its_vendor(said, badge):
    assert said("onvif.name", f"{badge} NL-D220") == [{"brand": "northlight", "model": "NL-D220"}]


def test_an_unknown_badge_is_left_out(said):
    assert said("onvif.name", "Nobody NL-D220") == [{"model": "NL-D220"}]


def test_a_placeholder_model_is_left_out(said):
    assert said("onvif.name", "Northlight IP Camera") == [{"brand": "northlight"}]


def test_evidence_that_says_nothing_is_none(said):
    assert said("onvif.name", "Nobody IP Camera") == []


def test_a_placeholder_serial_is_no_serial(said):
    assert said("sadp.serial", "00000000") == []
    assert said("sadp.serial", "NL-20190101") == [{"serial": "NL-20190101"}]


def test_a_build_date_leaves_the_firmware(said):
    assert said("http.server", "NLO-Web/V4.2.1_build220412") == [
        {"manufacturer": "northlight", "firmware": "V4.2.1", "firmware_date": "2022-04-12"}
    ]


def test_a_kind_nobody_reads_says_nothing(said):
    assert said("telnet", "NLO-Web/4.2.1") == []


@pytest.mark.parametrize("mac", ["00:00:5e:00:00:01", "00:00:5f:10:00:01", "00:00:60:12:30:01"])
def test_blocks_of_all_three_sizes_name_the_registrant(said, mac):
    assert said("mac", mac) == [{"manufacturer": "northlight"}]


@pytest.mark.parametrize(
    "mac", ["00:00:5f:20:00:01", "00:00:60:12:40:01", "02:00:5e:00:00:01", "junk", "00:00:61:00:00:01"]
)
def test_a_neighbouring_block_and_a_locally_administered_address_name_nobody(said, mac):
    assert said("mac", mac) == []


def test_a_prefix_that_a_source_proves_counts_though_no_registry_has_it(said):
    assert said("mac", "0a:00:5e:00:00:01") == [{"manufacturer": "harbourview"}]


def test_a_claimed_mac_is_weaker_than_a_measured_one(world, observed):
    seen = observed(("mac", "00:00:5e:00:00:01"), ("sadp.mac", "00-00-5E-00-00-01"))
    measured, claimed = match(world, seen, EvidenceIds())
    assert (measured.strength, claimed.strength) == (Strength.SUPPORTING, Strength.WEAK)
    assert measured.root == claimed.root
    assert measured.signature == "northlight.oui"


def test_evidence_is_numbered_through_a_report(world, observed):
    ids = EvidenceIds()
    seen = observed(("http.server", "NLO-Web/4"), ("http.title", "Harbourview"))
    assert [e.id for _ in range(2) for e in match(world, seen, ids)] == ["e1", "e2", "e3", "e4"]


def test_a_captured_secret_place_holds_text_of_a_stranger_as_it_is(said):
    assert said("http.server", "NLO-Web/<script>\x1b[31m")[0]["firmware"] == "<script>\x1b[31m"
