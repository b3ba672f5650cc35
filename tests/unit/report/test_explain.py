"""The chain behind one device, and finding that device."""

from dataclasses import replace

import pytest
from sample import HOSTILE, camera, evidence, hostile_report, sample_report

from netcam.errors import ConfigError
from netcam.model.identity import Strength
from netcam.model.report import DeviceRecord
from netcam.report.explain import answers, explain, find_device


@pytest.mark.parametrize("text", [
    "192.0.2.9", " 192.0.2.109 ", "2001:db8::9", "2001:DB8:0::9", "serial:NL000002", "02:00:5e:00:00:02",
    "02-00-5E-00-00-02", "0200.5e00.0002",
])  # fmt: skip
def test_a_device_is_found_by_any_address_mac_spelling_or_id(text):
    assert find_device(sample_report(), text).id == "serial:NL000002"


@pytest.mark.parametrize("text", ["192.0.2.1", "", "northlight", "02:00:5e:00:00:99", "\x1b[2J\n"])
def test_an_unknown_device_raises_one_line_with_the_number_of_devices(text):
    with pytest.raises(ConfigError) as caught:
        find_device(sample_report(), text)
    assert "6 devices" in str(caught.value)
    assert str(caught.value).isprintable()


def test_an_address_that_two_sites_share_asks_for_the_id():
    report = sample_report([camera(1, "192.0.2.1")[0], camera(2, "192.0.2.1")[0]], [])
    with pytest.raises(ConfigError, match="serial:NL000001, serial:NL000002"):
        find_device(report, "192.0.2.1")
    assert find_device(report, "serial:NL000002").serial == "NL000002"


def test_the_chain_runs_from_observation_to_citation():
    report = sample_report()
    text = explain(report, find_device(report, "192.0.2.10"))
    chain = [
        "maker: northlight, 98 %",
        "e2    definitive  northlight.nldp.model",
        'o11 nldp.model "NL-220" at 192.0.2.10 udp/40102, nldp, 2026-01-15T10:00:03Z',
        "ex-procurement: listed",
        "made by a company named on the Exampleland procurement act, which applies to purchases by public bodies",
        "section 7 (a), https://law.example/ex-procurement",
        "last checked 2026-01-12",
        "because      e1, e2",
    ]
    at = 0
    for part in chain:
        assert part in text[at:], part
        at = text.index(part, at)


def test_the_strongest_evidence_comes_first_and_an_echo_is_called_one():
    report = sample_report()
    maker = next(a for a in answers(find_device(report, "192.0.2.10")) if a.field == "manufacturer")
    assert [e.id for e in maker.evidence] == ["e2", "e1", "e3"]
    text = explain(report, find_device(report, "192.0.2.10"))
    assert "supporting  harbourview.http.title, same witness as e1" in text
    assert text.count("same witness") == 1


def test_what_came_in_one_answer_is_called_an_echo_whatever_fact_it_rests_on():
    report = sample_report()
    device = find_device(report, "192.0.2.10")
    serial = evidence(9, "northlight.nldp.serial", "o11", root="serial:NL0001", manufacturer="northlight")
    text = explain(report, replace(device, evidence=(*device.evidence, serial)))
    assert "strong      northlight.nldp.serial, same witness as e2" in text


def test_an_answer_that_the_report_does_not_follow_is_shown_after_the_one_it_does():
    device, _ = camera(1, "192.0.2.1")
    rival = evidence(9, "tidewater.http.title", "o12", Strength.WEAK, manufacturer="tidewater")
    found = [a for a in answers(replace(device, evidence=(rival, *device.evidence))) if a.field == "manufacturer"]
    assert [(a.value, a.followed, a.confidence) for a in found] == [
        ("northlight", True, 0.98), ("tidewater", False, None),
    ]  # fmt: skip


def test_a_raw_spelling_that_the_report_normalized_is_not_called_unfollowed():
    device = DeviceRecord(
        id="d",
        firmware_date="2022-04-12",
        evidence=(evidence(1, "northlight.isapi.firmware", "o1", firmware_date="220412"),),
    )
    assert [a.followed for a in answers(device)] == [True]


def test_conflicts_and_undetermined_lists_are_explained():
    report = sample_report()
    text = explain(report, find_device(report, "192.0.2.30"))
    assert "maker: northlight or tidewater (e1, e3)\n    two makers' marks on one device" in text
    assert "ex-export: undetermined" in text
    assert "02:00:5e:00:00:03 (claimed)" in text


def test_a_device_about_which_no_signature_speaks_still_shows_what_was_seen():
    report = sample_report()
    text = explain(report, find_device(report, "192.0.2.77"))
    assert "nothing decided whether it is CCTV" in text
    assert "nothing: no signature spoke" in text
    assert 'o99 http.server "webserver"' in text


def test_evidence_whose_observation_is_gone_says_so():
    device, _ = camera(1, "192.0.2.1")
    assert "o11: not in this report" in explain(sample_report([device], []), device)


def test_hostile_text_is_made_visible_and_stays_on_its_line():
    report = hostile_report()
    for device in report.devices:
        text = explain(report, device)
        assert all(line.isprintable() for line in text.splitlines())
        assert len(text) < 60_000
    assert HOSTILE["escape"] not in text
