"""`netcam scan` on a LAN in network namespaces: who is found, who made it, what was sent, and what a liar achieves."""

from __future__ import annotations

import json
from collections import Counter
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from netns import NetnsLan, big_lan, busiest_second, why_not

from netcam.demo.profile import load_profiles

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(why_not() is not None, reason=str(why_not())),
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("lab"),
]


def scanned(lan, *arguments, user=None):
    """The report of a scan of the whole network, and who sent how much meanwhile."""
    folder = lan.folder(user)
    result = lan.run(["scan", *arguments, "-o", str(folder / "r.json"), "--quiet"], user=user, timeout_s=200)
    assert result.returncode in (0, 4), result.stderr
    return json.loads(Path(folder / "r.json").read_text("utf-8"))


def by_address(report):
    return {address: device for device in report["devices"] for address in device["addresses"]}


def outcomes(device):
    return {verdict["outcome"] for verdict in device["verdicts"]}


@pytest.fixture(scope="module")
def store():
    """100 live hosts of 254, scanned three times as root and once without any privilege."""
    with big_lan() as lan:
        reports = [scanned(lan, "10.0.0.0/24") for _ in range(3)]
        frames, dropped = lan.frames, lan.dropped
        plain = scanned(lan, "10.0.0.0/24", user="nobody")
        yield lan, reports, frames, dropped, plain


def test_every_cctv_device_is_found_and_no_neighbour_is_called_one(store):
    lan, (report, *_), *_ = store
    found = by_address(report)
    cctv = [d for d in lan.devices if d.profile.truth.is_cctv]
    assert len(cctv) == 40
    assert [d.profile.name for d in cctv if d.ip not in found or found[d.ip]["is_cctv"] is not True] == []
    others = [d for d in lan.devices if not d.profile.truth.is_cctv]
    assert [d.profile.name for d in others if d.ip in found and found[d.ip]["is_cctv"]] == []
    assert report["scan"]["complete"] is True


def test_the_maker_is_right_for_every_cctv_device(store):
    lan, (report, *_), *_ = store
    found = by_address(report)
    wrong = [
        (d.profile.name, d.profile.truth.maker, found[d.ip]["manufacturer"])
        for d in lan.devices
        if d.profile.truth.is_cctv and (found[d.ip]["manufacturer"] or {}).get("id") != d.profile.truth.maker
    ]
    assert wrong == []


def test_nothing_is_listed_whose_maker_the_list_does_not_name(store):
    from netcam.knowledge import Knowledge

    lan, (report, *_), *_ = store
    known = Knowledge.load()
    truth = {d.ip: d.profile.truth for d in lan.devices}
    listed = 0
    for device in report["devices"]:
        for verdict in device["verdicts"]:
            if verdict["outcome"] == "listed":
                maker = truth[device["ip"]].maker
                family = {maker, *known.signatures.parents(maker)}
                assert family & {e.vendor for e in known.lists[verdict["list"]].entry}, (device["ip"], verdict["list"])
                assert truth[device["ip"]].is_cctv
                listed += 1
    assert listed > 20


def test_every_live_host_is_a_device_with_the_mac_its_link_layer_showed(store):
    lan, (report, *_), *_ = store
    found = by_address(report)
    macs = {d.ip: d.profile.mac for d in lan.devices}
    assert {ip: found[ip]["mac"] for ip in macs} == macs
    assert {d["mac_source"] for d in report["devices"]} == {"measured"}


def test_the_normal_pace_holds_in_any_second_in_all_and_to_each_host(store):
    lan, reports, frames, dropped, _ = store
    assert dropped == 0
    in_all, to_one = busiest_second(frames, lan.scanner_mac)
    assert in_all <= 2000
    assert to_one <= 40
    for report in reports:
        assert report["scan"]["traffic"]["packets_sent"] > 0


def test_nothing_leaves_the_scope_but_to_groups(store):
    lan, _, frames, _, _ = store
    inside = ip_network("10.0.0.0/24")
    strangers = {
        f.dst
        for f in frames
        if f.src_mac == lan.scanner_mac and f.ethertype == 0x0800 and f.dst
        and ip_address(f.dst) not in inside and not ip_address(f.dst).is_multicast
    }  # fmt: skip
    assert strangers == set()


def test_three_scans_give_the_same_devices(store):
    _, reports, *_ = store
    whole = ("id", "ip", "mac", "is_cctv", "device_type", "model", "firmware", "serial")
    seen = [
        [
            {k: d[k] for k in whole}
            | {k: (d[k] or {}).get("id") for k in ("manufacturer", "brand")}
            for d in report["devices"]
        ]
        for report in reports
    ]
    assert seen[0] == seen[1] == seen[2]


def test_without_privileges_the_same_cctv_devices_are_found_with_their_macs(store):
    _, (report, *_), _, _, plain = store

    def cctv(r):
        keys = ("ip", "id", "mac", "model")
        return {
            (*(d[k] for k in keys), (d["manufacturer"] or {}).get("id")) for d in r["devices"] if d["is_cctv"]
        }

    assert cctv(plain) == cctv(report)
    assert any("no CAP_NET_RAW" in c["why"] for c in plain["scan"]["coverage"])


def test_no_request_carries_credentials_and_no_port_gets_more_than_eight(store):
    lan, *_ = store
    for device in lan.devices:
        said = b"\n".join(r.data for r in device.record).lower()
        for word in (b"authorization:", b"cookie:", b"update</types>", b"reset</types>", b"setconfig", b"passwdfind"):
            assert word not in said, (device.profile.name, word)
        # The record holds four scans; eight requests each is the limit of the contract's issue.
        requests = Counter(r.port for r in device.record if r.transport == "tcp" and r.data[:4] in (b"GET ", b"POST"))
        assert all(count <= 4 * 8 for count in requests.values()), (device.profile.name, requests)


def test_excluded_addresses_get_no_packet_of_their_own():
    with NetnsLan(load_profiles("hikvision-camera", "dahua-camera", "till"), network="10.0.0.0/28") as lan:
        report = scanned(lan, "10.0.0.0/28", "--exclude", "10.0.0.2-3")
        assert set(by_address(report)) == {"10.0.0.1"}
        # Their own questions for our MAC are answered by the kernel, to their MAC; that is no question of ours.
        ours = [f for f in lan.frames if f.src_mac == lan.scanner_mac]
        asked = {f.dst for f in ours if f.ethertype != 0x0806 or f.dst_mac == "ff:ff:ff:ff:ff:ff"}
        assert not asked & {"10.0.0.2", "10.0.0.3"}
        connected = {d.profile.name: [r for r in d.record if r.transport == "tcp"] for d in lan.devices}
        assert connected["dahua-camera"] == connected["till"] == []


def test_a_part_of_a_network_is_asked_one_by_one_without_multicast():
    with NetnsLan(load_profiles("hikvision-camera", "dahua-camera"), network="10.0.0.0/24") as lan:
        report = scanned(lan, "10.0.0.1-10")
        assert set(by_address(report)) == {"10.0.0.1", "10.0.0.2"}
        assert {d["manufacturer"]["id"] for d in report["devices"]} == {"hikvision", "dahua"}
        assert [f.dst for f in lan.frames if f.src_mac == lan.scanner_mac and f.dst and f.dst.startswith("239.")] == []
        why = [c["why"] for c in report["scan"]["coverage"] if "multicast" in c["what"]]
        assert "only a part of" in why[0]


def test_a_router_that_answers_arp_for_everybody_makes_no_devices():
    with NetnsLan(load_profiles("quiet-host", "hikvision-camera"), network="10.0.0.0/25") as lan:
        habit = (
            "ip route add local 10.0.0.64/27 dev lo && nft add table inet t && "
            "nft add chain inet t c '{ type filter hook input priority 0; }' && "
            "nft add rule inet t c ip daddr 10.0.0.64/27 drop"
        )
        done = lan.run_at("10.0.0.1", ["sh", "-c", habit])
        assert done.returncode == 0, done.stderr
        report = scanned(lan, "10.0.0.0/25")
        assert set(by_address(report)) & {f"10.0.0.{n}" for n in range(64, 96)} == set()
        assert by_address(report)["10.0.0.2"]["manufacturer"]["id"] == "hikvision"
        assert any("proxy ARP" in c["why"] for c in report["scan"]["coverage"])


def test_a_firewall_that_refuses_for_every_address_makes_no_devices():
    with NetnsLan(load_profiles("quiet-host"), network="10.0.0.0/28") as lan:
        assert lan.run_at("10.0.0.1", ["ip", "route", "add", "local", "10.9.0.0/26", "dev", "lo"]).returncode == 0
        report = scanned(lan, "10.9.0.0/26")
        assert report["devices"] == []
        assert any("answers for hosts" in c["why"] for c in report["scan"]["coverage"])


def test_two_makers_marks_on_one_box_are_a_conflict_and_never_a_listed_device():
    with NetnsLan(load_profiles("two-makers"), network="10.0.0.0/28") as lan:
        (device,) = scanned(lan, "10.0.0.0/28")["devices"]
    assert "manufacturer" in {c["field"] for c in device["conflicts"]}
    assert device["manufacturer"] is None or device["manufacturer"]["confidence"] <= 0.75
    assert "listed" not in outcomes(device)


def test_a_stolen_mac_and_serial_stay_with_their_owner_and_are_told():
    with NetnsLan(load_profiles("stolen-mac", "hikvision-camera"), network="10.0.0.0/28") as lan:
        report = scanned(lan, "10.0.0.0/28")
    thief, owner = report["devices"]
    assert thief["id"] != owner["id"]
    assert "listed" in outcomes(owner)
    assert "listed" not in outcomes(thief)
    assert {"mac"} <= {c["field"] for c in thief["conflicts"]}


def test_a_honeypot_with_every_banner_gets_no_sure_maker():
    with NetnsLan(load_profiles("honeypot"), network="10.0.0.0/28") as lan:
        (device,) = scanned(lan, "10.0.0.0/28")["devices"]
    assert device["manufacturer"] is None or device["manufacturer"]["confidence"] <= 0.75
    assert "listed" not in outcomes(device)
    assert "manufacturer" in {c["field"] for c in device["conflicts"]}


def test_hostile_devices_neither_stop_the_scan_nor_hide_their_neighbour_nor_lead_it_outside():
    hostile = ("endless", "stalls", "leads-outside", "xml-bomb", "escapes-in-model", "thousand-scopes")
    names = (*hostile, "hikvision-camera")
    with NetnsLan(load_profiles(*names), network="10.0.0.0/28") as lan:
        report = scanned(lan, "10.0.0.0/28")
        frames = lan.frames
    found = by_address(report)
    assert len(found) == len(names)
    assert found["10.0.0.7"]["manufacturer"]["id"] == "hikvision"
    assert not [f for f in frames if f.src_mac == lan.scanner_mac and f.dst and f.dst.startswith("192.0.2.")]
    assert max(len(o["value"]) for o in report["observations"]) <= 16384
    per_host = Counter(o["ip"] for o in report["observations"])
    assert max(per_host.values()) <= 2000
