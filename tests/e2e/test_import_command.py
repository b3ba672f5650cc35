"""`netcam import` as a process: files, folders, standard input, exit codes. Nothing here needs a network."""

import gzip
import json
import sys

import import_samples as s
import pytest
from store_lan import devices, netcam


@pytest.fixture
def folder(tmp_path):
    """A folder with a file of most formats, some of them packed."""
    inside = tmp_path / "files"
    inside.mkdir()
    for name, texts in s.SAMPLES.items():
        data = texts[0].encode()
        (inside / f"{name}.txt").write_bytes(gzip.compress(data) if name in ("zeek", "kea") else data)
    return inside


def taken(*args, **more):
    done = netcam("import", *args, "-o", "-", **more)
    return (json.loads(done.stdout) if done.stdout else None), done


def test_a_folder_of_every_format_is_one_report(folder):
    report, done = taken(folder)
    assert (done.returncode, done.stderr) == (0, "")
    camera = devices(report)["10.0.0.20"]
    assert (camera["manufacturer"]["id"], camera["is_cctv"]) == ("hikvision", True)
    assert len(report["scan"]["coverage"]) >= len(s.SAMPLES)
    assert set(report["scan"]["traffic"].values()) == {0}


def test_standard_input_is_recognised_and_from_overrides():
    for args in ((), ("--from", "arp")):
        report, done = taken("-", *args, input=s.IP_NEIGH)
        assert (done.returncode, done.stderr) == (0, "")
        assert devices(report)["10.0.0.20"]["mac"] == s.MAC
    assert "standard input" in report["scan"]["coverage"][0]["what"]


def test_a_bad_line_is_numbered_on_standard_error_and_ends_in_1(tmp_path):
    path = tmp_path / "leases"
    path.write_text(s.DNSMASQ_LEASES + "nonsense\n\0\x1b[31m\n" + f"9 {s.MAC[:-1]}7 10.0.0.70 late *\n")
    report, done = taken(path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == f"{path}: line 5: no lease: 'nonsense'"
    assert "\x1b" not in done.stderr
    assert "10.0.0.70" in devices(report)


def test_a_file_of_no_format_is_named_beside_the_others_and_alone(tmp_path):
    good, bad = tmp_path / "arp.txt", tmp_path / "letter.txt"
    good.write_text(s.ARP)
    bad.write_text("Dear Sir or Madam,\n")
    report, done = taken(bad, good)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{bad}: its beginning is of no known format; --from names the format: arp, ")
    assert devices(report)
    report, done = taken(bad)
    assert (report, done.returncode) == (None, 1)
    assert done.stderr.count("\n") == 2


def test_fail_on_site_record_and_the_table_work_as_in_a_scan(tmp_path):
    path, kept = tmp_path / "scan.xml", tmp_path / "seen.jsonl"
    path.write_text(s.NMAP)
    done = netcam("import", path, "--fail-on", "listed", "--record", kept, "--site", "store-17")
    assert done.returncode == 3
    assert "10.0.0.20" in done.stdout
    again = netcam("identify", kept, "--format", "jsonl")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout.splitlines()[0])["manufacturer"]["id"] == "hikvision"


def test_a_wrong_format_name_and_a_missing_file_are_wrong_usage(tmp_path):
    assert netcam("import", tmp_path, "--from", "nessus").returncode == 2
    assert netcam("import", tmp_path / "missing").returncode == 2
    assert netcam("import").returncode == 2


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of a process's memory is Linux's")
def test_a_bomb_of_one_line_is_read_in_bounded_memory(tmp_path):
    bomb = tmp_path / "bomb.gz"
    bomb.write_bytes(gzip.compress(s.ARP.encode() + bytes(400 << 20) + b"\n" + s.IP_NEIGH.encode(), compresslevel=1))
    report, done = taken(bomb, prefix=["prlimit", "--as=1200000000", "--"])
    assert done.returncode == 1
    assert "longer than" in done.stderr
    assert set(devices(report)) >= {"10.0.0.20", "10.0.0.1"}
