"""What a scan stirs up in the lab, heard by somebody who sends nothing: from a capture, and off an interface."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from netns import NetnsLan, why_not

from netcam.demo.store import demo_store

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(why_not() is not None, reason=str(why_not())),
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("lab"),
]


def report_of(lan, *arguments):
    path = lan.folder() / "r.json"
    done = lan.run([*arguments, "-o", str(path), "--quiet"], timeout_s=200)
    assert done.returncode in (0, 4), done.stderr
    return json.loads(Path(path).read_text("utf-8"))


def cctv(report):
    """Address -> maker of every CCTV device."""
    return {d["ip"]: (d["manufacturer"] or {}).get("id") for d in report["devices"] if d["is_cctv"]}


@pytest.fixture(scope="module")
def store():
    """The store's LAN, a scan of it, its capture read back, and a second scan with somebody listening beside it."""
    with NetnsLan(demo_store(), network="10.0.0.0/24") as lan:
        scanned = report_of(lan, "scan", "10.0.0.0/24")
        capture = lan.folder() / "scan.pcap"
        lan.write_capture(capture)
        read = report_of(lan, "pcap", str(capture))
        before = len(lan.frames)
        heard = {}
        listener = threading.Thread(
            target=lambda: heard.update(report_of(lan, "listen", "--for", "6", "--interface", "eth0"))
        )
        listener.start()
        report_of(lan, "scan", "10.0.0.0/24")
        listener.join()
        # Of what the scan left behind the kernel would look up addresses again: that is not the listener's.
        assert lan.run(["ip", "neigh", "flush", "all"], python=False).returncode == 0
        quiet = len(lan.frames)
        alone = report_of(lan, "listen", "--for", "1", "--interface", "eth0")
        sent = [f for f in lan.frames[quiet:] if f.src_mac == lan.scanner_mac]
        assert before < quiet
        yield lan, scanned, read, heard, alone, sent


def test_a_capture_of_a_scan_names_the_same_cctv_devices_and_makers(store):
    _, scanned, read, *_ = store
    found, told = cctv(read), cctv(scanned)
    assert len(told) >= 15
    assert {ip: found.get(ip) for ip in told} == told
    assert found.keys() <= told.keys()


def test_the_scanner_and_other_viewers_are_no_cameras(store):
    lan, _, read, *_ = store
    truth = {d.ip: d.profile.truth.is_cctv for d in lan.devices}
    assert all(truth.get(d["ip"]) for d in read["devices"] if d["is_cctv"])
    scanner = next(d for d in read["devices"] if d["ip"] == lan.scanner_ip)
    assert (scanner["is_cctv"], scanner["manufacturer"]) == (None, None)


def test_macs_in_a_capture_are_those_of_the_devices(store):
    lan, _, read, *_ = store
    macs = {d.ip: d.profile.mac for d in lan.devices}
    assert {d["ip"]: d["mac"] for d in read["devices"] if d["ip"] in macs}.items() <= macs.items()
    assert {d["mac_source"] for d in read["devices"]} == {"measured"}


def test_a_listener_hears_the_answers_to_somebody_s_scan(store):
    _, scanned, _, heard, *_ = store
    found, told = cctv(heard), cctv(scanned)
    assert len(found) >= len(told) // 2
    assert found.keys() <= told.keys()
    assert {ip: maker for ip, maker in found.items() if maker}.items() <= told.items()  # it may not have heard all
    assert heard["scan"]["traffic"]["packets_sent"] == 0
    assert [r["probe"] for r in heard["runs"]] == ["listen"]


def test_listening_sends_nothing(store):
    *_, alone, sent = store
    assert alone["scan"]["complete"] is True
    assert sent == []
