"""IPv6 on the link: who is heard, whose row that is, what is asked only when it was asked for."""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address
from pathlib import Path

import pytest
from netns import NetnsLan, inside, why_not

from netcam.demo.answers import discovery_answer
from netcam.demo.profile import load_profiles

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(why_not() is not None, reason=str(why_not())),
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("lab"),
]


def link_local(mac):
    """The address that Linux makes of a MAC (RFC 4291, appendix A)."""
    raw = bytearray(bytes.fromhex(mac.replace(":", "")))
    raw[0] ^= 2
    return str(IPv6Address(bytes.fromhex("fe80000000000000") + bytes(raw[:3]) + b"\xff\xfe" + bytes(raw[3:])))


@contextmanager
def answering_on_ipv6(lan, device):
    """WS-Discovery of an emulated device on its link's ff02::c, which the emulator itself leaves out."""

    def opened():
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(("::", 3702))
        member = IPv6Address("ff02::c").packed + struct.pack("=I", socket.if_nametoindex("eth0"))
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, member)
        sock.settimeout(0.1)
        return sock

    sock = inside(lan.space(device.ip), opened)
    asked, ends = [], threading.Event()

    def serve():
        while not ends.is_set():
            try:
                data, peer = sock.recvfrom(65535)
            except TimeoutError:
                continue
            asked.append(peer[0])
            answer = discovery_answer(data, device.profile.onvif, device.profile.facts(device.ip))
            if answer is not None:
                sock.sendto(answer, peer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield asked
    finally:
        ends.set()
        thread.join()
        sock.close()


def scanned(lan, *arguments):
    folder = lan.folder()
    result = lan.run(["scan", *arguments, "-o", str(folder / "r.json")], timeout_s=200)
    assert result.returncode == 0, result.stderr
    return json.loads(Path(folder / "r.json").read_text("utf-8")), result.stderr


def by_address(report):
    return {address: device for device in report["devices"] for address in device["addresses"]}


@pytest.fixture(scope="module")
def heard():
    """A camera that answers ff02::c, a neighbour that answers only an echo, and a camera without IPv4."""
    with NetnsLan(
        load_profiles("hikvision-onvif-camera", "quiet-host", "dahua-onvif-camera"), network="10.0.0.0/28", ipv6=True
    ) as lan:
        only6 = lan.device("dahua-onvif-camera")
        done = lan.run_at(only6.ip, ["ip", "address", "del", f"{only6.ip}/28", "dev", "eth0"])
        assert done.returncode == 0, done.stderr
        camera = lan.device("hikvision-onvif-camera")
        with answering_on_ipv6(lan, camera) as asked, answering_on_ipv6(lan, only6):
            plain, plan = scanned(lan, "10.0.0.0/28")
            asked_plainly, frames = list(asked), lan.frames
            report, _ = scanned(lan, "10.0.0.0/28", "--ipv6")
        yield lan, report, plain, plan, (asked_plainly, frames)


def test_both_addresses_of_a_host_are_one_row_by_its_measured_mac(heard):
    lan, report, *_ = heard
    for name in ("hikvision-onvif-camera", "quiet-host"):
        device = lan.device(name)
        six = link_local(device.profile.mac)
        row = by_address(report)[device.ip]
        assert row["addresses"] == [device.ip, six]
        assert (row["mac"], row["mac_source"]) == (device.profile.mac, "measured")


def test_a_camera_without_ipv4_is_found_by_ws_discovery_on_the_link(heard):
    lan, report, *_ = heard
    device = lan.device("dahua-onvif-camera")
    row = by_address(report)[link_local(device.profile.mac)]
    assert row["is_cctv"] is True
    assert (row["mac"], row["mac_source"]) == (device.profile.mac, "measured")


def test_the_report_says_how_the_link_was_asked(heard):
    _, report, *_ = heard
    entries = {c["what"]: c for c in report["scan"]["coverage"]}
    asked = entries["fe80::/64 on eth0: multicast and broadcast"]
    assert asked["status"] == "covered"
    assert {"onvif", "mdns"} <= set(asked["why"].replace(",", " ").split())
    assert entries["fe80::/64 on eth0: echo to all nodes"]["status"] == "covered"


def test_without_the_option_no_ipv6_question_leaves_and_the_plan_and_report_say_so(heard):
    lan, _, plain, plan, (asked, frames) = heard
    assert asked == []
    ours = [f for f in frames if f.src_mac == lan.scanner_mac and f.ethertype == 0x86DD and f.protocol == 17]
    assert ours == []
    assert not [ip for ip in by_address(plain) if ip_address(ip).version == 6]
    assert "IPv6 on eth0" in plan
    assert "--ipv6" in plan
    assert [c["status"] for c in plain["scan"]["coverage"] if c["what"] == "IPv6 on eth0"] == ["not"]


def test_hosts_heard_outside_the_targets_are_not_contacted(heard):
    lan, *_ = heard
    sixes = [f for f in lan.frames if f.src_mac == lan.scanner_mac and f.ethertype == 0x86DD]
    assert [f.dst for f in sixes if f.protocol == 6] == []
    assert {f.dst for f in sixes if f.protocol == 17} == {"ff02::c", "ff02::fb"}


def test_ipv6_targets_are_walked_and_looked_at_like_any_other():
    with NetnsLan(load_profiles("hikvision-camera", "quiet-host"), network="10.0.0.0/28", ipv6=True) as lan:
        camera, quiet = lan.devices
        for device, last in ((camera, 5), (quiet, 9)):
            command = ["ip", "address", "add", f"2001:db8::{last}/64", "dev", "eth0", "nodad"]
            assert lan.run_at(device.ip, command).returncode == 0
        here = ["ip", "address", "add", "2001:db8::ff/64", "dev", "eth0", "nodad"]
        assert lan.run(here, python=False).returncode == 0
        web = "import http.server as h; h.ThreadingHTTPServer.address_family = 10; h.test(h.SimpleHTTPRequestHandler, "
        web += "h.ThreadingHTTPServer, port=8080, bind='::')"
        with lan.daemon(camera.ip, [sys.executable, "-c", web], listens="tcp/8080"):
            report, _ = scanned(lan, "2001:db8::/120", "10.0.0.0/28")
            local, _ = scanned(lan, link_local(camera.profile.mac))
        found = by_address(report)
        assert found["2001:db8::5"]["addresses"] == [camera.ip, "2001:db8::5"]
        assert found["2001:db8::9"]["mac"] == quiet.profile.mac
        assert 8080 in {s["port"] for s in found["2001:db8::5"]["services"]}
        (one,) = local["devices"]
        assert {(s["port"], s["protocol"]) for s in one["services"]} >= {(8080, "http")}
        assert one["mac"] == camera.profile.mac
