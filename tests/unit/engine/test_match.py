"""What the signatures and the OUI data say about one observation."""

import pytest

from netcam.engine.fuse import WEIGHT, alone
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


NODE = "89a11a00-58d0-11b5-8e20-00005e000001"


@pytest.fixture
def shipped(knowledge, observed):
    def evidence(*seen):
        made = [o for kind, value in seen for o in observed((kind, value), ip="192.0.2.1")]
        return match(knowledge.signatures, made, EvidenceIds())

    return evidence


def test_a_mac_in_a_time_based_uuid_is_weak_evidence_of_its_block(world, observed):
    (one,) = match(world, observed(("onvif.uuid", NODE), ip="192.0.2.1"), EvidenceIds())
    assert (one.signature, one.strength, one.root) == ("northlight.oui", Strength.WEAK, "mac:00:00:5e:00:00:01")
    assert match(world, observed(("onvif.uuid", NODE.replace("-11", "-41")), ip="192.0.2.1"), EvidenceIds()) == ()


def test_a_mac_that_arp_a_uuid_and_an_answer_repeat_is_one_witness(world, observed):
    seen = [
        o
        for kind, value in (("mac", "00:00:5e:00:00:01"), ("onvif.uuid", NODE), ("isapi.mac", "00-00-5E-00-00-01"))
        for o in observed((kind, value), ip="192.0.2.1")
    ]
    evidence = match(world, seen, EvidenceIds())
    assert {e.root for e in evidence} == {"mac:00:00:5e:00:00:01"}
    assert alone(evidence) == WEIGHT[Strength.SUPPORTING]


@pytest.mark.parametrize(
    ("kind", "text", "mac"),
    [
        ("rtsp.realm", 'Digest realm="AXIS_WS_ACCC8E012345", nonce=""', "ac:cc:8e:01:23:45"),
        ("http.wwwauth", 'Digest realm="AXIS_00408CEF081C", nonce=""', "00:40:8c:ef:08:1c"),
        ("http.wwwauth", 'Digest qop="auth", realm="iPolis_00-09-18-52-39-00", nonce=""', "00:09:18:52:39:00"),
        ("tls.subject", "CN=axis-accc8e012345, O=Axis Communications AB", "ac:cc:8e:01:23:45"),
        ("tls.subject", "CN=00-07-5f-00-00-01, OU=ST-VS, O=Bosch Sicherheitssysteme GmbH", "00:07:5f:00:00:01"),
        ("mdns.name", "AXIS M1065-LW - 00408C123456._axis-video._tcp.local.", "00:40:8c:12:34:56"),
        ("mdns.name", "Doorstation - 1CCAE3AAAAAA._axis-video._tcp.local.", "1c:ca:e3:aa:aa:aa"),
        ("dhcp.hostname", "axis-00408c123456", "00:40:8c:12:34:56"),
        ("onvif.uuid", "3fa1fe68-b915-4053-a3e1-1027f5ea88f4", "10:27:f5:ea:88:f4"),
        ("onvif.uuid", "00075fc4-23b6-b623-c45f-0700075fc45f", "00:07:5f:c4:23:b6"),
        ("upnp.uuid", "89a11a00-58d0-11b5-8e20-4419b6000001", "44:19:b6:00:00:01"),
    ],
)
def test_a_mac_is_read_where_the_form_of_a_text_says_so(knowledge, observed, shipped, kind, text, mac):
    (seen,) = observed((kind, text), ip="192.0.2.1")
    assert knowledge.mac_in(seen) == mac
    blocks = [e for e in shipped((kind, text)) if e.signature.endswith(".oui")]
    assert all((e.strength, e.root) == (Strength.WEAK, f"mac:{mac}") for e in blocks)
    assert not any("mac" in e.says for e in shipped((kind, text)))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("rtsp.realm", 'Digest realm="Login to 4419b6000001", nonce=""'),
        ("rtsp.realm", 'Digest realm="Login to 4419b60000014419b60000014419b600", nonce=""'),
        ("rtsp.realm", 'Digest realm="AXIS_WS_FFFFFFFFFFFF", nonce=""'),
        ("rtsp.realm", 'Digest realm="AXIS_WS_020000000001", nonce=""'),
        ("http.wwwauth", 'Digest realm="IP Camera(C2183)", nonce=""'),
        ("tls.subject", "CN=00-07-5f-00-00-01, O=Example Ltd"),
        ("tls.subject", "CN=4419b6000001"),
        ("mdns.name", "4419b6000001._http._tcp.local."),
        ("dhcp.hostname", "4419b6000001"),
        ("onvif.uuid", "54072677-7e74-dabf-24eb-a12a321db374"),
        ("onvif.uuid", "3fa1fe68-b915-4053-a3e2-1027f5ea88f4"),
        ("http.body", "89a11a00-58d0-11b5-8e20-4419b6000001"),
    ],
)
def test_twelve_digits_elsewhere_are_no_mac(knowledge, observed, kind, text):
    (seen,) = observed((kind, text), ip="192.0.2.1")
    assert knowledge.mac_in(seen) is None
