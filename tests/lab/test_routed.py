"""A scan through a router: who is found, whose MAC is whose, and what the report says could not be heard."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from netns import why_not
from segments import ROUTER_MACS, Segment, SegmentsLan

from netcam.demo.profile import load_profiles, read_profiles

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(why_not() is not None, reason=str(why_not())),
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("lab"),
]


def scanned(lan, *arguments):
    folder = lan.folder()
    result = lan.run(["scan", *arguments, "-o", str(folder / "r.json"), "--quiet"], timeout_s=200)
    assert result.returncode == 0, result.stderr
    return json.loads(Path(folder / "r.json").read_text("utf-8"))


def by_address(report):
    return {address: device for device in report["devices"] for address in device["addresses"]}


@pytest.fixture(scope="module")
def far():
    """Cameras that answer unicast and their neighbours behind a router, scanned from the network in front of it."""
    files = ("hikvision", "dahua", "makers", "neighbours")
    store = [p for file in files for p in read_profiles(file)]
    store += load_profiles("filtered-camera", "hikvision-nvr")
    here = Segment("10.0.0.0/28", load_profiles("annke-camera"))
    there = Segment("10.0.1.0/25", store)
    with SegmentsLan([here, there], router=True) as lan:
        # The second one of that name is the first one's other card: all that it says of itself is the same.
        pair = [d.ip for d in lan.devices if d.profile.name == "hikvision-nvr"]
        done = lan.run_at(pair[1], ["ip", "link", "set", "eth0", "address", "02:00:00:00:fd:01"])
        assert done.returncode == 0, done.stderr
        report = scanned(lan, "10.0.1.0/25")
        yield lan, report, pair, lan.frames_of(1)


def test_every_camera_behind_the_router_is_found_with_its_maker(far):
    lan, report, _, _ = far
    found = by_address(report)
    cctv = [d for d in lan.devices if d.profile.truth.is_cctv and d.ip.startswith("10.0.1.")]
    assert len(cctv) > 25
    assert [d.profile.name for d in cctv if d.ip not in found or found[d.ip]["is_cctv"] is not True] == []
    wrong = [
        (d.profile.name, found[d.ip]["manufacturer"])
        for d in cctv
        if (found[d.ip]["manufacturer"] or {}).get("id") != d.profile.truth.maker
    ]
    assert wrong == []


def test_no_neighbour_behind_the_router_is_called_cctv(far):
    lan, report, _, _ = far
    found = by_address(report)
    others = [d for d in lan.devices if d.profile.truth.is_cctv is False]
    assert [d.profile.name for d in others if d.ip in found and found[d.ip]["is_cctv"]] == []


def test_no_device_has_the_router_s_mac_or_a_measured_one(far):
    lan, report, _, _ = far
    hosts = report["devices"]
    assert {d["mac_source"] for d in hosts} == {"claimed", None}
    assert {d["mac"] for d in hosts} & set(ROUTER_MACS) == set()
    macs = {d.ip: d.profile.mac for d in lan.devices}
    assert [d["ip"] for d in hosts if d["mac"] not in (None, macs[d["ip"]])] == []
    assert sum(d["mac"] is not None for d in hosts) > 10


def test_two_addresses_with_one_claimed_mac_are_one_device(far):
    _, report, pair, _ = far
    assert by_address(report)[pair[0]]["addresses"] == pair


def test_the_report_says_what_could_not_be_heard_and_by_what_was_asked(far):
    _, report, _, _ = far
    entries = {c["what"]: c for c in report["scan"]["coverage"]}
    heard = entries["10.0.1.0/25, behind a router: multicast and broadcast"]
    assert heard["status"] == "not"
    assert "cross" in heard["why"]
    asked = entries["10.0.1.0/25, behind a router: hosts by TCP, ICMP and unicast discovery"]
    assert asked["status"] == "covered"
    assert {"sadp", "dhip", "onvif"} <= set(asked["why"].replace(",", " ").split())


def test_no_multicast_was_sent_into_the_network_of_the_scanner_or_through_the_router(far):
    lan, _, _, beyond = far
    assert [f.dst for f in lan.frames if f.src_mac == lan.scanner_mac and f.dst and f.dst.startswith("239.")] == []
    assert [f.dst for f in beyond if f.src_mac == ROUTER_MACS[1] and f.dst and f.dst.startswith(("224.", "239."))] == []


def test_both_sides_of_the_router_are_scanned_in_one_run():
    here = Segment("10.0.0.0/28", load_profiles("annke-camera"))
    there = Segment("10.0.1.0/28", load_profiles("dahua-camera"))
    with SegmentsLan([here, there], router=True) as lan:
        report = scanned(lan, "10.0.0.0/28", "10.0.1.0/28", "--exclude", here.address(-2))
    found = by_address(report)
    assert found["10.0.0.1"]["mac_source"] == "measured"
    assert found["10.0.1.1"]["mac_source"] == "claimed"
    assert found["10.0.1.1"]["manufacturer"]["id"] == "dahua"
    assert {d["mac"] for d in report["devices"]} & set(ROUTER_MACS) == set()
