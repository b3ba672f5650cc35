"""Each format: what stands in its sample, that it is recognised, and that hostile files end in words."""

import gzip
import io
from collections import Counter

import import_samples as s
import pytest
from captured import capture
from hypothesis import given
from hypothesis import strategies as st

from netcam.imports import all_formats, format_names, recognised
from netcam.imports.base import LINE_LIMIT, How, Sighting, Trouble

FORMATS = all_formats()
CASES = [(name, text) for name, texts in s.SAMPLES.items() for text in texts]
C, O = s.MAC, s.OTHER  # noqa: E741


def read(name, data):
    data = data.encode() if isinstance(data, str) else data
    return list(FORMATS[name].read(io.BufferedReader(io.BytesIO(data))))


def sightings(name, data):
    found = read(name, data)
    assert [f for f in found if isinstance(f, Trouble)] == []
    return found


def facts(name, data):
    return [fact for seen in sightings(name, data) for fact in seen.facts]


def test_every_format_has_a_sample_and_is_called_as_its_file():
    assert set(FORMATS) == set(s.SAMPLES) == set(format_names())


@pytest.mark.parametrize(("name", "text"), CASES)
def test_a_sample_is_recognised_as_its_format_and_as_no_other_sure_one(name, text):
    assert recognised(text.encode()).name == name
    sure = [f.name for f in FORMATS.values() if not f.generic and f.looks(text)]
    assert sure == ([] if FORMATS[name].generic else [name])


@pytest.mark.parametrize(("name", "text"), CASES)
def test_a_sample_is_read_without_trouble(name, text):
    assert sightings(name, text)


@pytest.mark.parametrize("text", ["", "\n", "hello\n", "{}\n", "a,b,c\n1,2,3\n", "<xml/>", "\0" * 100, "%PDF-1.7"])
def test_what_is_of_no_format_is_not_recognised(text):
    assert recognised(text.encode()) is None


# -- what stands in them -----------------------------------------------------------------------------------------------


def test_nmap_gives_raw_text_and_none_of_its_opinions():
    found = sightings("nmap", s.NMAP)
    assert found[0] == Sighting(How.NEIGHBOUR, "10.0.0.20", C, at=1700000060.0)
    told = {(seen.port, *fact) for seen in found for fact in seen.facts}
    assert told == {
        (None, "alive", "nmap"), (None, "dns.ptr", "cam-7.example"), (80, "tcp.open", "80"),
        (80, "http.server", "App-webs/"), (80, "http.title", "index"), (80, "http.location", "/doc/page/login.asp"),
        (80, "http.wwwauth", 'Digest realm="IP Camera(12345)"'), (81, "tcp.open", "81"), (81, "http.status", "200 /"),
        (81, "http.headers", "Server"), (81, "http.server", "thttpd/2.25b"), (81, "port-banner", "hello"),
        (554, "tcp.open", "554"), (554, "rtsp.public", "OPTIONS, DESCRIBE, PLAY"),
        (161, "snmp.sysdescr", "Linux camera 3.0.8"), (1900, "ssdp.server", "Linux UPnP/1.0"),
        (1900, "upnp.manufacturer", "Northlight"), (1900, "upnp.modelname", "NL-220"), (None, "netbios.name", "CAM7"),
        (None, "netbios.mac", C),
    }  # fmt: skip
    assert "Opinion" not in repr(found)
    assert "abc123" not in repr(found)


def test_masscan_gives_ports_and_banners():
    told = facts("masscan", s.MASSCAN)
    assert {("tcp.open", "80"), ("http.server", "App-webs/"), ("telnet", "(none) login: ")} <= set(told)
    assert facts("masscan", s.MASSCAN_LINES) == [("tcp.open", "80"), ("http.title", "index")]


def test_masscan_s_certificates_are_read():
    from pathlib import Path

    pem = (Path(__file__).parents[1] / "net" / "device.pem").read_text().partition("-----BEGIN CERTIFICATE-----")[2]
    import base64

    der = base64.b64decode("".join(pem.partition("-----END")[0].split()))
    assert {"tls.subject", "tls.fingerprint"} <= {k for k, _ in facts("masscan", s.masscan_certificate(der))}


def test_zgrab2_gives_pages_and_first_words_and_no_cookie_s_value():
    found = sightings("zgrab2", s.ZGRAB2)
    assert [(seen.ip, seen.port) for seen in found] == [("10.0.0.20", 8080), ("10.0.0.20", None), ("10.0.0.20", None)]
    told = [fact for seen in found for fact in seen.facts]
    assert {
        ("http.server", "App-webs/"), ("http.title", "index"), ("http.cookie", "sid"), ("ftp", "220 FTP ready\r\n"),
        ("ssh", "SSH-2.0-dropbear_2014.63"),
    } <= set(told)  # fmt: skip
    assert "secret" not in repr(found)


def test_zeek_tells_who_answered_and_who_asked():
    assert sightings("zeek", s.ZEEK_CONN) == [
        Sighting(How.SEEN, "10.0.0.20", None, 80, "tcp", (("tcp.open", "80"),), 1700000000.5)
    ]
    asked = [Sighting(How.RESOLVER, "10.0.0.1")]
    question = Sighting(How.SEEN, "10.0.0.21", facts=(("dns.question", "dev.hik-connect.com"),), at=1700000000.5)
    assert sightings("zeek", s.ZEEK_DNS) == [*asked, question]
    assert sightings("zeek", s.ZEEK_JSON) == [*asked, question]
    assert [seen.facts for seen in sightings("zeek", s.ZEEK_SSL)] == [
        (("tls.sni", "dev.hik-connect.com"),), (("tcp.open", "443"), ("tls.subject", "CN=camera")),
    ]  # fmt: skip
    assert facts("zeek", s.ZEEK_HTTP) == [("tcp.open", "80"), ("http.status", "200 /doc/page/login.asp")]
    assert "secret" not in repr(read("zeek", s.ZEEK_HTTP))
    assert [(seen.how, seen.ip, seen.mac, seen.facts) for seen in sightings("zeek", s.ZEEK_DHCP)] == [
        (How.LEASE, "10.0.0.20", C, (("dhcp.hostname", "cam-7"),))
    ]


def test_zeek_rows_that_differ_in_time_alone_are_told_once_and_unanswered_ones_never():
    row = s.ZEEK_CONN.splitlines()[-2]
    again = s.ZEEK_CONN + row.replace("1700000000.5", "1700000009.5") + "\n" + row.replace("SF", "REJ") + "\n"
    assert len(sightings("zeek", again)) == 1


def test_several_zeek_logs_may_stand_one_behind_the_other():
    assert len(sightings("zeek", s.ZEEK_CONN + s.ZEEK_DNS)) == 3


def test_a_query_log_names_clients_and_never_the_resolver_s_own_machine():
    found = sightings("dnsmasq-log", s.DNSMASQ_LOG)
    assert found == [
        Sighting(How.SEEN, "10.0.0.21", facts=(("dns.question", "dev.hik-connect.com"),)),
        Sighting(How.RESOLVER, "10.0.0.1"),
        Sighting(How.LEASE, "10.0.0.20", C, facts=(("dhcp.hostname", "cam-7"),)),
    ]
    assert [seen.ip for seen in sightings("dnsmasq-log", s.PIHOLE_LOG)] == ["10.0.0.21"]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("dnsmasq-leases", s.DNSMASQ_LEASES, [("10.0.0.20", C, {"dhcp.hostname": "cam-7"}), ("10.0.0.50", O, {})]),
        ("isc-dhcp", s.ISC, [("10.0.0.20", C, {"dhcp.hostname": "cam-7", "dhcp.vendorclass": "udhcp 1.20"})]),
        ("kea", s.KEA, [("10.0.0.20", C, {"dhcp.hostname": "cam-7"})]),
        ("windows-dhcp", s.WINDOWS, [("10.0.0.20", C, {"dhcp.hostname": "cam-7.example"})]),
        ("windows-dhcp", s.WINDOWS_CONSOLE, [("10.0.0.20", C, {"dhcp.hostname": "cam-7"})]),
        (
            "windows-dhcp",
            s.WINDOWS_AUDIT,
            [("10.0.0.20", C, {"dhcp.hostname": "cam-7", "dhcp.vendorclass": "udhcp 1.20"})],
        ),
    ],
)
def test_leases_in_use_are_claims_of_a_mac(name, text, told):
    found = sightings(name, text)
    assert {seen.how for seen in found} == {How.LEASE}
    assert [(seen.ip, seen.mac, dict(seen.facts)) for seen in found] == told


def test_a_table_in_utf_16_is_read():
    data = s.WINDOWS_CONSOLE.encode("utf-16")
    assert recognised(data).name == "windows-dhcp"
    assert len(sightings("windows-dhcp", data)) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (s.ARP, [("10.0.0.20", C), ("10.0.0.1", "02:00:00:00:00:01")]),
        (s.IP_NEIGH, [("10.0.0.20", C), ("fe80::1", O)]),
        (s.ARP_WINDOWS, [("10.0.0.20", C)]),
        (s.ARP_CISCO, [("10.0.0.20", C)]),
        (f"ip;mac;port\n10.0.0.20;{C};7\n", [("10.0.0.20", C)]),
    ],
)
def test_neighbour_tables_of_every_make_are_read(text, told):
    assert sightings("arp", text) == [Sighting(How.NEIGHBOUR, ip, mac) for ip, mac in told]


@pytest.mark.parametrize("text", [s.MAC_TABLE, s.MAC_TABLE_PROCURVE, s.BRIDGE_FDB, f"vlan,mac,port\n1,{C},7\n"])
def test_mac_tables_give_macs_but_not_the_switch_s_own(text):
    assert sightings("mac-table", text) == [Sighting(How.STATION, mac=C)]


def test_tables_of_search_tools_give_the_devices_claims():
    assert dict(facts("onvif-csv", s.ONVIF_CSV)) == {
        "onvif.manufacturer": "Northlight", "onvif.model": "NL-220", "onvif.firmware": "V1.2.3",
        "onvif.serial": "NL22000012345", "onvif.hardwareid": "1.0", "onvif.name": "cam", "onvif.mac": C,
    }  # fmt: skip
    assert dict(facts("sadp-csv", s.SADP_CSV)) == {
        "sadp.model": "DS-7804HQH-K1", "sadp.serial": "DS-7804HQH-K10420180101CCWR000000001",
        "sadp.firmware": "V3.5.60build 180702", "sadp.dsp": "V5.0, build 180625", "sadp.sdkport": "8000",
        "sadp.httpport": "80", "sadp.mac": C, "sadp.activated": "true",
    }  # fmt: skip


def test_a_list_that_people_typed_is_not_taken_for_answers():
    assert recognised(s.ONVIF_CSV.replace("ONVIF version", "shelf").encode()) is None


def test_a_capture_of_ours_is_no_format_here():
    assert recognised(capture("sadp/recorder")) is None


# -- hostile files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.binary(max_size=400))
def test_any_bytes_end_in_sightings_or_in_numbered_troubles(name, data):
    for found in read(name, data):
        assert isinstance(found, Sighting) or found.line >= 0


@pytest.mark.parametrize("name", FORMATS)
@given(st.data())
def test_a_sample_cut_and_spoilt_anywhere_does_no_harm(name, data):
    good = data.draw(st.sampled_from(s.SAMPLES[name])).encode()
    cut = data.draw(st.integers(0, len(good)))
    for found in read(name, good[:cut] + data.draw(st.binary(max_size=16)) + good[cut + 3 :]):
        assert isinstance(found, Sighting | Trouble)


@pytest.mark.parametrize("encoding", ["UT", "utf-7", "rot13", "shift_jis"])
def test_nmap_s_file_in_an_encoding_that_the_reader_lacks_is_one_trouble(encoding):
    (found,) = read("nmap", f'<?xml version="1.0" encoding="{encoding}"?><nmaprun/>')
    assert "encoding" in found.reason
    assert found.ends


@pytest.mark.parametrize("name", [n for n in FORMATS if n != "nmap"])
def test_a_line_without_end_is_skipped_and_named_and_the_next_one_counts(name):
    good = s.SAMPLES[name][0].encode()
    head = good.partition(b"\n")[0] + b"\n" if "csv" in name or name in ("kea",) else b""
    rest = good.removeprefix(head)
    found = read(name, head + b"x" * (LINE_LIMIT + 5) + b"\n" + rest)
    troubles = [f for f in found if isinstance(f, Trouble)]
    assert [t.line for t in troubles] == [2 if head else 1]
    assert "longer than" in troubles[0].reason
    assert [f for f in found if isinstance(f, Sighting)] == sightings(name, good)


@pytest.mark.parametrize("name", ["masscan", "zgrab2", "zeek"])
def test_deep_json_is_named_with_its_line(name):
    deep = '{"ip":' + '{"a":' * 100_000 + "1" + "}" * 100_000 + "}\n"
    found = read(name, deep + s.SAMPLES[name][-1])
    assert [f.line for f in found if isinstance(f, Trouble)] == [1]
    assert any(isinstance(f, Sighting) for f in found)


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE nmaprun [<!ENTITY a "x"><!ENTITY b "&a;&a;">]>',
        '<!DOCTYPE nmaprun [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
    ],
)
def test_xml_with_entities_is_refused(head):
    found = read("nmap", f"{head}<nmaprun><host><status state='up'/></host></nmaprun>")
    assert [type(f) for f in found] == [Trouble]
    assert found[0].ends


def test_a_tag_without_end_does_not_fill_the_memory():
    found = read("nmap", b"<nmaprun><host a='" + b"x" * (20 << 20))
    assert [f.ends for f in found] == [True]


def test_a_host_with_too_many_elements_is_named_and_the_next_one_counts():
    crowd = "<host><status state='up'/><address addr='10.0.0.1' addrtype='ipv4'/>" + "<x/>" * 100_001 + "</host>"
    found = read("nmap", s.NMAP.replace("<host ", f"{crowd}<host ", 1))
    assert Counter(type(f) for f in found)[Trouble] == 1
    assert found[-1].ip == "10.0.0.20"


def test_a_scan_that_was_broken_off_gives_the_hosts_before():
    found = read("nmap", s.NMAP[: s.NMAP.index("</nmaprun>")])
    assert found[0].ip == "10.0.0.20"
    assert isinstance(found[-1], Trouble)
    assert found[-1].ends


def test_a_quote_that_never_closes_is_named_and_ends_nothing():
    rows = s.KEA + '10.0.0.60,"' + ("02:00:00:00:00:60,\n" * 20_000)
    assert any(isinstance(f, Trouble) for f in read("kea", rows))


def test_a_table_without_the_columns_says_which_it_wants():
    (trouble,) = read("kea", "a,b\n1,2\n")
    assert "hwaddr" in trouble.reason


def test_gzip_is_not_the_readers_business():
    assert recognised(gzip.compress(s.NMAP.encode())) is None
