"""Files as a user has them: recognised, unpacked, taken together, judged; in bounded memory."""

import gzip
import subprocess
import sys

import import_samples as s
import passing as p
import pytest

from netcam import imported
from netcam.discovery import passive, record
from netcam.errors import ConfigError, NetcamError
from netcam.imported import read_files

C, O = s.MAC, s.OTHER  # noqa: E741


@pytest.fixture
def take(tmp_path, knowledge):
    """Imports texts, each from a file of its own; gives the devices by address or MAC, and what was heard."""

    def run(*texts, form=None):
        paths = []
        for n, text in enumerate(texts):
            path = tmp_path / f"{n}.txt"
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            paths.append(str(path))
        heard = read_files(paths, knowledge, form=form)
        return {d.ip or d.mac: d for d in heard.report.devices}, heard

    return run


def kinds(heard, ip):
    return {(o.kind, o.value) for o in heard.report.observations if o.ip == ip}


def maker(device):
    return device.manufacturer and device.manufacturer.id


def test_an_nmap_file_makes_the_report_of_a_scan(take):
    devices, heard = take(s.NMAP)
    assert (maker(devices["10.0.0.20"]), devices["10.0.0.20"].is_cctv) == ("hikvision", True)
    assert (devices["10.0.0.20"].mac, devices["10.0.0.20"].mac_source) == (C, "measured")
    assert devices["10.0.0.20"].hostnames[0] == "cam-7.example"
    assert set(devices) == {"10.0.0.20"}
    assert {o.probe for o in heard.report.observations} == {"import:nmap"}
    assert heard.report.scan.complete


def test_the_coverage_says_that_nothing_was_asked_and_where_it_came_from(take):
    _, heard = take(s.NMAP, gzip.compress(s.ARP.encode()))
    nmap, arp = heard.report.scan.coverage
    assert (nmap.what, nmap.status) == (heard.report.scan.scope.targets[0], "partly")
    assert nmap.why.startswith("nmap XML: collected by others, nothing was asked")
    assert arp.why.startswith("ARP or neighbour table")
    assert heard.report.scan.traffic.packets_sent == 0
    assert [run.probe for run in heard.report.runs] == ["import", "import"]


def test_files_of_different_tools_join_by_address_and_by_mac(take):
    devices, heard = take(s.DNSMASQ_LEASES, s.MAC_TABLE, s.ARP, s.MASSCAN)
    assert set(devices) == {"10.0.0.20", "10.0.0.50", "10.0.0.1"}
    assert {("mac", C), ("dhcp.hostname", "cam-7"), ("http.server", "App-webs/")} <= kinds(heard, "10.0.0.20")


def test_a_mac_of_a_switch_s_table_is_a_device_without_address(take):
    devices, _ = take(s.MAC_TABLE)
    assert (devices[C].ip, devices[C].mac_source, maker(devices[C])) == (None, "measured", "hikvision")


def test_a_mac_that_a_search_tool_s_table_claims_joins_the_switch_s_table(take):
    devices, _ = take(s.MAC_TABLE, s.SADP_CSV)
    assert set(devices) == {"10.0.0.20"}
    assert devices["10.0.0.20"].mac_source == "claimed"
    assert (devices["10.0.0.20"].model, maker(devices["10.0.0.20"])) == ("DS-7804HQH-K1", "hikvision")


def test_a_name_asked_for_is_a_sign_of_the_client_and_never_of_a_resolver(take):
    _, heard = take(s.DNSMASQ_LOG.replace("10.0.0.21", "10.0.0.20"), s.ARP)
    question = ("dns.question", "dev.hik-connect.com")
    assert question in kinds(heard, "10.0.0.20")
    assert question not in kinds(heard, "10.0.0.1")
    forwarder = s.zeek("dns", **{**s.TO_RESOLVER, "id.orig_h": "10.0.0.20"}, query="dev.hik-connect.com")
    _, heard = take(forwarder, s.ARP, s.zeek("dns", **{**s.TO_RESOLVER, "id.resp_h": "10.0.0.20"}, query="x.example"))
    assert question not in kinds(heard, "10.0.0.20")


def test_a_client_known_by_a_name_alone_is_left_out_and_counted(take):
    devices, heard = take(s.PIHOLE_LOG)
    assert devices == {}
    assert any(c.why.startswith("1 asked for names") for c in heard.report.scan.coverage)


def test_names_that_no_signature_knows_are_not_kept(take):
    _, heard = take(s.PIHOLE_LOG.replace("dev.hik-connect.com", "private.example"), s.IP_NEIGH)
    assert "private.example" not in repr(heard.report)


def test_of_two_leases_for_one_address_the_later_one_has_it(take):
    devices, _ = take(f"1 {O} 10.0.0.20 old *\n2 {C} 10.0.0.20 new *\n")
    assert devices["10.0.0.20"].mac == C
    assert devices[O].ip is None


def test_a_lease_is_older_than_the_neighbour_that_has_the_address_now(take):
    devices, _ = take(s.DNSMASQ_LEASES, f"10.0.0.20 dev eth0 lladdr {p.ROUTER} REACHABLE\n")
    assert (devices["10.0.0.20"].mac, devices[C].ip) == (p.ROUTER, None)


def test_a_mac_that_stands_at_many_addresses_is_a_router_s(take):
    devices, _ = take("".join(f"10.0.1.{n} dev eth0 lladdr {C} STALE\n" for n in range(1, 40)))
    assert devices == {}


def test_public_addresses_are_devices_only_where_somebody_asked_them(take):
    seen = s.zeek("conn", **{**s.ENDS, "id.resp_h": "8.8.4.4"}, proto="tcp", conn_state="SF")
    assert take(seen)[0] == {}
    assert set(take(s.MASSCAN.replace("10.0.0.20", "8.8.4.4"))[0]) == {"8.8.4.4"}


def test_bad_lines_are_named_by_number_up_to_a_limit_and_the_others_count(take):
    devices, heard = take("x\n" * 50 + s.DNSMASQ_LEASES, form="dnsmasq-leases")
    assert "line 1: no lease" in heard.unread[0]
    assert len(heard.unread) == imported.TOLD_OF_ONE + 1
    assert "30 more lines" in heard.unread[-1]
    assert set(devices) == {"10.0.0.20", "10.0.0.50"}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"), (b"hello", "no known format"), (b"\x1f\x8b\x08\0broken", "damaged gzip"),
        (gzip.compress(gzip.compress(b"x", mtime=0), mtime=0), "gzip inside gzip"), (p.pcap([]), "netcam pcap"),
        (b'{"kind": "mac", "value": "44:19:b6:00:00:01"}', "netcam identify"),
    ],
)  # fmt: skip
def test_a_file_of_no_known_format_is_one_line_that_names_it(take, data, why):
    _, heard = take(data, s.ARP)
    (line,) = heard.unread
    assert "0.txt" in line
    assert why in line
    assert heard.report.devices
    assert not heard.report.scan.complete
    with pytest.raises(NetcamError):
        take(data)


def test_gzip_that_breaks_off_gives_what_it_holds(take):
    macs = ((n, f"02:00:00:00:{n // 256:02x}:{n % 256:02x}") for n in range(4000))
    rows = "".join(f"10.0.{n // 250}.{n % 250 + 1} dev eth0 lladdr {mac} STALE\n" for n, mac in macs)
    devices, heard = take(gzip.compress(rows.encode())[:-900])
    assert len(devices) > 1000
    assert "breaks off" in heard.unread[0]
    assert not heard.report.scan.complete


def test_an_unknown_format_s_name_is_a_wrong_setting(take):
    with pytest.raises(ConfigError, match="masscan"):
        take(s.ARP, form="nessus")


def test_what_is_over_the_limits_is_left_out_and_said(take, monkeypatch):
    monkeypatch.setattr(passive, "HOST_LIMIT", 3)
    devices, heard = take("".join(f"10.0.0.{n} dev eth0 lladdr 02:00:00:00:00:{n:02x} STALE\n" for n in range(1, 9)))
    assert len(devices) == 3
    assert not heard.report.scan.complete
    assert any(c.what == "devices" for c in heard.report.scan.coverage)


def test_a_device_that_says_too_much_is_cut_and_said(take):
    line = s.MASSCAN_LINES.replace('"port":80', '"port":%d')
    _, heard = take("".join(line % n for n in range(1, record.OBSERVATION_LIMIT)))
    assert len(heard.report.observations) == record.OBSERVATION_LIMIT
    assert any("more than is kept of one device" in c.why for c in heard.report.scan.coverage)


GROWTH = """
import resource, sys
from netcam.imported import read_files
from netcam.knowledge import Knowledge

known = Knowledge.load()
def peak(path):
    assert not read_files([path], known).unread
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(*map(peak, sys.argv[1:]))
"""


@pytest.mark.parametrize("form", ["dnsmasq-log", "zeek"])
def test_memory_does_not_grow_with_the_length_of_a_log(tmp_path, form):
    """After 30,000 lines, 300,000 more, all of which differ, need hardly more than the set of repeats."""
    pytest.importorskip("resource")

    def lines(count):
        if form == "zeek":
            yield s.zeek("conn", **s.ENDS, proto="tcp", conn_state="SF")
            row = s.ZEEK_CONN.splitlines()[-2].replace("10.0.0.21", "10.0.{}.9").replace("Cx", "C{}")
            yield from (row.format(n, n % 200) + "\n" for n in range(count))
        else:
            yield from (f"dnsmasq[1]: query[A] n{n}.example from 10.0.{n % 200}.9\n" for n in range(count))

    for count in (30_000, 300_000):
        (tmp_path / str(count)).write_text("".join(lines(count)))
    done = subprocess.run(
        [sys.executable, "-c", GROWTH, str(tmp_path / "30000"), str(tmp_path / "300000")],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    short, long = map(int, done.stdout.split())
    unit = 1 if sys.platform == "darwin" else 1024
    assert (long - short) * unit < 24 << 20
