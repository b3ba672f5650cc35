"""What contradicts itself is never a confident wrong maker: two makers' marks, two-maker badges, clones, honeypots.

The shipped signatures and lists are asked, so that no new file makes one of these devices sure.
"""

from ipaddress import ip_address

import pytest

from netcam.discovery.grouping import Group
from netcam.engine.match import EvidenceIds
from netcam.model import Endpoint, Numbering, Strength
from netcam.model.report import MacSource, Outcome
from netcam.policy.judge import LISTED_AT

OPEN = (Outcome.POSSIBLE, Outcome.UNDETERMINED)
NAMING_BOTH = ("us-ndaa-889", "us-fcc-covered", "us-bis-entity")  # lists that name Hikvision and Dahua
ADDRESS = ip_address("192.0.2.7")


@pytest.fixture
def seen_as(knowledge):
    """The device record of what was seen: (port, {kind: value}) for each port; port None for discovery answers."""
    def tell(*ports, mac=None):
        numbering, observations = Numbering(), []
        for port, seen in ports:
            endpoint = Endpoint(ip=ADDRESS, port=port, transport="tcp" if port else "udp")
            observations += numbering.observe(endpoint, "test", list(seen.items()))
        if mac:
            observations += numbering.observe(Endpoint(ip=ADDRESS, mac=mac), "arp", {"mac": mac})
        source = MacSource.MEASURED if mac else None
        group = Group(addresses=(ADDRESS,), observations=tuple(observations), mac=mac, mac_source=source)
        return knowledge.describe(group, EvidenceIds(), site=None)

    return tell


def outcomes(device, lists=NAMING_BOTH):
    return {v.list: v.outcome for v in device.verdicts if v.list in lists}


def test_two_makers_marks_on_one_box_give_no_sure_maker_and_show_the_conflict(seen_as):
    device = seen_as(
        (80, {"http.server": "App-webs/"}),
        (554, {"rtsp.realm": 'Digest realm="Login to 4K01FD2PAJ6E3FF"'}),
    )
    assert device.manufacturer is None
    [conflict] = [c for c in device.conflicts if c.field == "manufacturer"]
    assert set(conflict.values) == {"hikvision", "dahua"}
    assert set(outcomes(device).values()) == {Outcome.POSSIBLE}
    assert all("it also shows signs of" in v.statement for v in device.verdicts if v.list in NAMING_BOTH)


def test_more_echoes_of_one_maker_do_not_settle_a_dispute(seen_as):
    device = seen_as(
        (80, {"http.server": "App-webs/", "http.location": "/doc/page/login.asp"}),
        (8000, {"http.server": "DNVRS-Webs"}),
        (554, {"rtsp.realm": 'realm="IP Camera(C1234)"'}),
        (None, {"dhip.answer": "client.notifyDevInfo", "dhip.model": "IPC-HDW5421S"}),
    )
    assert device.manufacturer is None or device.manufacturer.confidence < LISTED_AT
    assert [c.field for c in device.conflicts if c.field == "manufacturer"]
    assert set(outcomes(device).values()) == {Outcome.POSSIBLE}


def test_a_badge_of_two_makers_alone_leaves_the_maker_open(seen_as):
    device = seen_as((None, {"onvif.manufacturer": "Annke"}))
    assert device.brand.id == "annke"
    assert device.manufacturer.confidence < 0.5
    assert {e.says["manufacturer"] for e in device.evidence if "made-by" in e.signature} == {"hikvision", "dahua"}
    assert set(outcomes(device).values()) == {Outcome.POSSIBLE}


def test_old_firmware_leaves_the_earlier_maker_of_a_badge_only(seen_as):
    device = seen_as((None, {"onvif.manufacturer": "Annke", "onvif.firmware": "3.2.1.0 build 2015-03-10"}))
    assert device.firmware_date == "2015-03-10"
    assert device.manufacturer.id == "dahua"
    assert device.manufacturer.confidence < 0.5
    assert set(outcomes(device).values()) == {Outcome.POSSIBLE}


@pytest.mark.parametrize(
    ("badge", "makers"),
    [
        ("Alibi", {"hikvision", "uniview"}),
        ("Montavue", {"dahua"}),
        ("Speco", {"tvt", "dahua", "uniview"}),
        ("Winic", {"hikvision", "dahua"}),
        ("Swann", {"hikvision", "raysharp"}),
        ("Q-See", {"dahua", "tvt"}),
    ],
)
def test_a_mixed_badge_without_a_model_is_left_open(seen_as, badge, makers):
    device = seen_as((None, {"onvif.manufacturer": badge}))
    told = {e.says["manufacturer"] for e in device.evidence if "made-by" in e.signature}
    assert told == makers
    assert device.manufacturer is None or device.manufacturer.confidence <= 0.5
    assert all(v.outcome is not Outcome.LISTED for v in device.verdicts)


@pytest.mark.parametrize(
    ("badge", "model", "maker"),
    [
        ("GSS", "NC344", "hikvision"),
        ("GSS", "IPC-144", "dahua"),
        ("Montavue", "MTT4095", "dahua"),
        ("Speco", "O4P4X", "dahua"),
        ("Honeywell", "HEN643484", "dahua"),
        ("Honeywell", "HRGX82", "hikvision"),
        ("Digital Ally", "DTM-600", "uniview"),
    ],
)
def test_the_series_decides_a_mixed_badge_and_still_only_possibly(seen_as, badge, model, maker):
    device = seen_as((None, {"onvif.manufacturer": badge, "onvif.model": model}))
    told = {e.says["manufacturer"] for e in device.evidence if "made-by" in e.signature}
    assert told == {maker}
    assert device.manufacturer.id == maker
    assert device.manufacturer.confidence <= 0.5
    assert all(v.outcome is not Outcome.LISTED for v in device.verdicts)


@pytest.mark.parametrize("badge", ["Lorex", "Bosch", "FLIR", "Panasonic"])
def test_contradictory_claims_about_a_badge_are_no_relation(knowledge, badge):
    file = knowledge.signatures.vendors[badge.lower()]
    assert "hikvision" not in {row.maker for row in file.made_by}


def test_a_cloned_page_on_another_makers_device_is_a_conflict_and_lists_nobody(seen_as):
    """The body is Hikvision's login page; the device answers as an Axis camera everywhere else."""
    device = seen_as(
        (80, {"http.body": '<script>location.href="doc/page/login.asp"</script>'}),
        (554, {"rtsp.realm": 'Digest realm="AXIS_ACCC8E000001"'}),
        (None, {"ssdp.st": "urn:axis-com:service:BasicService:1"}),
        mac="ac:cc:8e:00:00:01",
    )
    assert device.manufacturer is None or device.manufacturer.id == "axis"
    assert [set(c.values) >= {"hikvision", "axis"} for c in device.conflicts if c.field == "manufacturer"] == [True]
    assert set(outcomes(device).values()) <= set(OPEN)


def test_a_page_alone_lists_nobody(seen_as):
    device = seen_as((80, {"http.body": '<script>location.href="doc/page/login.asp"</script>'}))
    assert device.manufacturer.confidence < LISTED_AT
    assert set(outcomes(device).values()) == {Outcome.POSSIBLE}


BANNERS = ("http.server", "http.title", "http.body", "http.wwwauth", "rtsp.server", "rtsp.realm", "telnet", "ftp")


def _banners(knowledge):
    """The best banner of every company that builds, as the signatures' own examples show it."""
    best = {}
    for vendor_id, signature in knowledge.signatures.signatures:
        maker = signature.says.get("manufacturer")
        company = knowledge.signatures.company(vendor_id)
        if maker == vendor_id and company.builds and signature.observes in BANNERS and signature.example:
            rank = list(Strength).index(signature.strength)
            if rank > best.get(maker, (-1,))[0]:
                best[maker] = (rank, signature.observes, signature.example[0].value)
    return {maker: {kind: value} for maker, (_, kind, value) in sorted(best.items())}


def test_a_honeypot_with_every_makers_banner_on_a_port_of_its_own_names_nobody(knowledge, seen_as):
    banners = _banners(knowledge)
    assert len(banners) >= 20
    device = seen_as(*((2000 + n, seen) for n, seen in enumerate(banners.values())))
    assert device.manufacturer is None
    assert device.brand is None
    assert [len(c.values) >= 10 for c in device.conflicts if c.field == "manufacturer"] == [True]
    assert {v.outcome for v in device.verdicts} <= set(OPEN)


def test_a_honeypot_with_every_makers_banner_on_every_port_names_nobody(knowledge, seen_as):
    banners = _banners(knowledge)
    device = seen_as(*((port, seen) for port in (80, 554, 8000, 37777) for seen in banners.values()))
    assert device.manufacturer is None
    assert {v.outcome for v in device.verdicts} <= set(OPEN)
