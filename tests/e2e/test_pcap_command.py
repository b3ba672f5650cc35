"""`netcam pcap`: captures of every form, cut, damaged and hostile ones too. Nothing here needs a network."""

import gzip
import json
import os
import struct
import sys

import passing as p
import pytest
from captured import capture
from store_lan import devices, named, netcam

RECORDER, CAMERA, VIEWER = "10.0.0.20", "10.0.0.21", "10.0.0.50"
FRAMES = [
    p.arp(RECORDER, p.CAMERA),
    p.arp(VIEWER, p.PC),
    p.udp(RECORDER, 37020, "239.255.255.250", 37020, capture("sadp/recorder")),
    *p.fragments(CAMERA, 37810, VIEWER, 50000, capture("dhip/camera"), size=512),
    *p.conversation(
        VIEWER, CAMERA, 80, ("c", b"GET / HTTP/1.1\r\n\r\n"), ("s", b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n")
    ),
]
PCAP = p.pcap(FRAMES)


@pytest.fixture
def put(tmp_path):
    """Writes a file of the test and gives its path."""

    def write(data, name="c.pcap"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def heard(*files, **more):
    done = netcam("pcap", *files, "-o", "-", **more)
    return (json.loads(done.stdout) if done.stdout else None), done


def test_a_capture_names_the_devices_in_it_and_their_makers(put):
    report, done = heard(put(PCAP))
    assert (done.returncode, done.stderr) == (0, "")
    found = devices(report)
    assert set(found) == {RECORDER, CAMERA, VIEWER}
    assert {ip: (d["manufacturer"] or {}).get("id") for ip, d in found.items()} == {
        RECORDER: "hikvision", CAMERA: "dahua", VIEWER: None,
    }  # fmt: skip
    assert (found[RECORDER]["mac"], found[RECORDER]["mac_source"]) == (p.CAMERA, "measured")
    assert found[CAMERA]["mac_source"] == "claimed"
    assert found[VIEWER]["is_cctv"] is not True


def test_the_report_says_that_nothing_was_sent_and_only_what_was_heard_is_in_it(put):
    path = put(PCAP)
    scan = heard(path, "--site", "store-17")[0]["scan"]
    assert (scan["scope"]["targets"], scan["site"], scan["complete"]) == ([str(path)], "store-17", True)
    assert set(scan["traffic"].values()) == {0}
    assert [c["status"] for c in scan["coverage"]] == ["partly"]
    assert "only what was heard" in scan["coverage"][0]["why"]


def test_observations_have_the_time_of_their_frame(put):
    report, _ = heard(put(PCAP))
    assert report["observations"][0]["seen_at"] == "2023-11-14T22:13:20.500Z"


@pytest.mark.parametrize(
    "data",
    [
        p.pcapng(FRAMES), gzip.compress(PCAP), gzip.compress(p.pcapng(FRAMES)), p.pcap(FRAMES, order=">"),
        p.pcap(FRAMES, nano=True), p.pcap([f[14:] for f in FRAMES if f[12:14] == b"\x08\0"], link_type=101),
    ],
    ids=["pcapng", "pcap.gz", "pcapng.gz", "big-endian", "nanoseconds", "bare-ip"],
)  # fmt: skip
def test_every_form_of_a_capture_names_the_same_cctv_devices(put, data):
    def cctv(report):
        keep = ("manufacturer", "model", "serial")
        return {ip: [named(d)[k] for k in keep] for ip, d in devices(report).items() if d["is_cctv"]}

    report, done = heard(put(data))
    assert done.returncode == 0, done.stderr
    assert report["scan"]["complete"] is True
    assert cctv(report) == cctv(heard(put(PCAP, "plain.pcap"))[0])


def test_several_files_are_one_report(put):
    one, two = put(p.pcap(FRAMES[:3]), "one.pcap"), put(p.pcapng(FRAMES[3:]), "two.pcapng")
    report, done = heard(one, two)
    assert done.returncode == 0
    assert {d for d, v in devices(report).items() if v["is_cctv"]} == {RECORDER, CAMERA}
    assert [r["target"] for r in report["runs"]] == [str(one), str(two)]


@pytest.mark.parametrize(
    "data",
    [PCAP[:-5], p.pcapng(FRAMES)[:-90], gzip.compress(PCAP)[:-30], PCAP + struct.pack("<IIII", 1, 1, 0xFFFFFFFF, 60)],
    ids=["pcap", "pcapng", "gzip", "length"],
)
def test_a_file_that_breaks_off_gives_what_it_holds_and_says_so(put, data):
    report, done = heard(put(data))
    assert done.returncode == 4
    assert devices(report)[RECORDER]["manufacturer"]["id"] == "hikvision"
    assert report["scan"]["complete"] is False
    assert any("frames" in c["what"] for c in report["scan"]["coverage"])


@pytest.mark.parametrize(
    "data",
    [
        b"", b"GIF89a" * 20, gzip.compress(b"text" * 99), b"\x1f\x8b\x08\0damaged", p.pcapng([])[:20],
        gzip.compress(gzip.compress(PCAP)),
        p.pcapng([])[:28] + struct.pack("<II", 6, 0xFFFFFFF0) + bytes(40),
    ],
    ids=["empty", "picture", "text.gz", "damaged.gz", "cut-head", "gzip-in-gzip", "block-of-4-GB"],
)  # fmt: skip
def test_a_file_that_is_no_capture_is_one_line_and_exit_code_1(put, data):
    path = put(data)
    report, done = heard(path)
    assert (report, done.returncode) == (None, 1)
    assert done.stderr.count("\n") == 1
    assert str(path) in done.stderr


def test_beside_a_file_that_is_no_capture_the_others_still_count(put):
    good, bad = put(PCAP), put(b"hello", "bad.pcap")
    report, done = heard(bad, good)
    assert done.returncode == 1
    assert "bad.pcap: neither pcap nor pcapng" in done.stderr
    assert devices(report)[RECORDER]["is_cctv"] is True
    assert report["scan"]["complete"] is False


def test_a_bomb_of_zeros_is_read_in_bounded_memory(put):
    if sys.platform != "linux":
        pytest.skip("the limit of a process's memory is Linux's")
    record = struct.pack("<IIII", 1, 1, 0x10000000, 0x10000000)  # a packet of 256 MB in some hundred kB
    bomb = gzip.compress(PCAP + record + bytes(0x10000000), compresslevel=1)
    report, done = heard(put(bomb, "bomb.gz"), prefix=["prlimit", "--as=1500000000", "--"])
    assert done.returncode in (0, 4), done.stderr
    assert devices(report)[RECORDER]["is_cctv"] is True


def test_fail_on_record_and_the_table_work_as_in_a_scan(put, tmp_path):
    path, kept = put(PCAP), tmp_path / "seen.jsonl"
    done = netcam("pcap", path, "--fail-on", "listed", "--record", kept, "--list", "us-ndaa-889")
    assert done.returncode == 3
    assert RECORDER in done.stdout
    again = netcam("identify", kept, "--format", "jsonl")
    assert again.returncode == 0, again.stderr
    assert "hikvision" in again.stdout


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path):
    done = netcam("pcap", tmp_path / "none.pcap")
    assert done.returncode == 2
    assert "none.pcap" in done.stderr


def test_a_phone_that_asks_for_a_maker_s_cloud_is_no_device_of_that_maker(put):
    ask = p.udp(VIEWER, 5000, "10.0.0.1", 53, p.dns(questions=[("www.hik-connect.com", 1)]))
    report, _ = heard(put(p.pcap([p.arp(VIEWER, p.PC), ask])))
    assert devices(report)[VIEWER]["manufacturer"] is None
    assert [o["kind"] for o in report["observations"]] == ["mac"]


def test_a_camera_s_questions_to_its_cloud_speak_beside_its_mac(put):
    ask = p.udp(RECORDER, 5000, "10.0.0.1", 53, p.dns(questions=[("www.hik-connect.com", 1), ("news.example", 1)]))
    report, _ = heard(put(p.pcap([p.arp(RECORDER, p.CAMERA), ask])))
    device = devices(report)[RECORDER]
    assert device["manufacturer"]["id"] == "hikvision"
    assert "hikvision.dns.cloud" in {e["signature"] for e in device["evidence"]}
    assert [o["value"] for o in report["observations"] if o["kind"] == "dns.question"] == ["www.hik-connect.com"]


def test_listening_without_the_right_says_which_is_missing():
    powerless = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    done = netcam("listen", "--for", "1", "--interface", "lo", prefix=powerless)
    assert done.returncode == 1
    assert "CAP_NET_RAW" in done.stderr
    assert done.stderr.count("\n") == 1


def test_listening_where_there_is_no_interface_is_wrong_usage():
    done = netcam("listen", "--for", "1", "--interface", "no-such0")
    assert done.returncode == 2
    assert "no-such0" in done.stderr
