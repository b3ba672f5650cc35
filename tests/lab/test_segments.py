"""Several networks at once: each is asked by its own interface, and what is no LAN is left out and said so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from netns import why_not
from segments import Segment, SegmentsLan

from netcam.demo.profile import load_profiles

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(why_not() is not None, reason=str(why_not())),
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("lab"),
]
SHOP = ("hikvision-camera", "dahua-onvif-camera", "quiet-host")
OFFICE = ("axis-camera", "annke-camera", "office-printer")


@pytest.fixture(scope="module")
def both():
    """Two networks on two interfaces, a containers' bridge and a tunnel; scanned without naming anything."""
    shop = Segment("10.0.0.0/28", load_profiles(*SHOP))
    office = Segment("192.168.7.0/28", load_profiles(*OFFICE))
    with SegmentsLan([shop, office]) as lan:
        for line in (
            "link add docker0 type bridge", "address add 172.17.0.1/24 dev docker0", "link set docker0 up",
            "link add wg0 type veth peer name peer0", "address add 10.99.0.1/24 dev wg0", "link set wg0 up",
            "link add eth7 type veth peer name peer7", "address add 10.77.0.1/24 dev eth7",
        ):  # fmt: skip
            done = lan.run(["ip", *line.split()], python=False)
            assert done.returncode == 0, done.stderr
        folder = lan.folder()
        result = lan.run(["scan", "-o", str(folder / "r.json")], timeout_s=200)
        assert result.returncode == 0, result.stderr
        yield lan, json.loads(Path(folder / "r.json").read_text("utf-8")), result.stderr


def by_address(report):
    return {address: device for device in report["devices"] for address in device["addresses"]}


def test_every_host_of_both_networks_is_found_with_the_mac_that_its_own_interface_measured(both):
    lan, report, _ = both
    found = by_address(report)
    assert {d.ip: (found[d.ip]["mac"], found[d.ip]["mac_source"]) for d in lan.devices} == {
        d.ip: (d.profile.mac, "measured") for d in lan.devices
    }
    makers = {d.ip: d.profile.truth.maker for d in lan.devices if d.profile.truth.is_cctv}
    assert {ip: found[ip]["manufacturer"]["id"] for ip in makers} == makers


@pytest.mark.parametrize("number", [0, 1])
def test_each_network_is_asked_from_its_own_interface_and_by_its_groups(both, number):
    lan, *_ = both
    mac = f"{lan.scanner_mac[:-2]}{0xFE - number:02x}"
    sent = [f for f in lan.frames_of(number) if f.src_mac == mac]
    prefix, other = ("10.0.0.", "192.168.7.")[number], ("192.168.7.", "10.0.0.")[number]
    assert {f.src for f in sent if f.ethertype == 0x0800} == {f"{prefix}14"}
    assert {"239.255.255.250", "239.255.255.251", "224.0.0.251", f"{prefix}15"} <= {f.dst for f in sent}
    assert [f.dst for f in sent if f.dst and f.dst.startswith((other, "172.17.", "10.99.", "10.77."))] == []


def test_both_networks_stand_in_the_plan_and_in_the_coverage(both):
    _, report, plan = both
    what = [c["what"] for c in report["scan"]["coverage"] if c["status"] == "covered"]
    for network in ("10.0.0.0/28 on eth0", "192.168.7.0/28 on eth1"):
        assert f"network {network}" in plan
        assert {f"{network}: multicast and broadcast", f"{network}: hosts by ARP"} <= set(what)
    assert report["scan"]["scope"]["targets"] == ["10.0.0.0/28", "192.168.7.0/28"]


@pytest.mark.parametrize(
    ("network", "why"),
    [
        ("docker0 172.17.0.0/24", "containers"),
        ("wg0 10.99.0.0/24", "VPN"),
        ("eth7 10.77.0.0/24", "down"),
    ],
)
def test_what_is_no_lan_is_left_out_and_said_so(both, network, why):
    _, report, plan = both
    (entry,) = [c for c in report["scan"]["coverage"] if c["what"] == network]
    assert entry["status"] == "not"
    assert why in entry["why"]
    assert network in plan
