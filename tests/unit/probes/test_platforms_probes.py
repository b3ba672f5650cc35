"""Search questions of platforms: what is asked, what the answers say, and that the emulated devices say the same."""

import base64
import json
import re
from ipaddress import ip_address
from uuid import UUID

import pytest
from captured import capture
from fake_io import FakeIO

from netcam.demo import datagrams
from netcam.demo.profile import load_profiles
from netcam.errors import DecodeError
from netcam.model import Endpoint, Numbering
from netcam.pipeline import identify
from netcam.probes import ssdp, upnp
from netcam.probes.vendor import bosch_rcp, dahua_5050, mhed, uniview, xiongmai
from netcam.wire.ssdp import encode_search

XIONGMAI, MHED, UNIVIEW = capture("xiongmai/board"), capture("mhed/camera"), capture("uniview/camera")
DAHUA, BOSCH, BOSCH_XML = capture("dahua-5050/camera"), capture("bosch-rcp/binary"), capture("bosch-rcp/xml")


def emulated(name, protocol, question, ip="192.0.2.77"):
    """What an emulated device sends on being asked, and the words that its profile stands for."""
    (profile,) = load_profiles(name)
    facts = profile.facts(ip)
    return list(datagrams.protocol(protocol).answer(question, profile.datagrams[protocol], facts)), facts


def said(pairs):
    return {kind: text for kind, text in pairs if text}


# Xiongmai


def xiongmai_answer(body, *, message=1531, length=None):
    size = len(body) if length is None else length
    return b"\xff\x01" + bytes(12) + message.to_bytes(2, "little") + size.to_bytes(4, "little") + body


def test_the_xiongmai_question_is_the_search_and_is_asked_three_times():
    io = FakeIO()
    io.run(xiongmai.PROBE)
    assert io.sent == [bytes.fromhex("ff00000000000000000000000000fa0500000000")] * 3


def test_xiongmai_answers_become_observations():
    assert FakeIO(replies=[XIONGMAI]).told(xiongmai.PROBE) == [
        ("xiongmai.answer", "NetWork.NetCommon"),
        ("xiongmai.name", "LocalHost"),
        ("xiongmai.serial", "0000000000000000"),
        ("xiongmai.mac", "02:00:00:00:00:03"),
        ("xiongmai.ip", "192.0.2.30"),
        ("xiongmai.httpport", "80"),
        ("xiongmai.port", "34567"),
    ]


def test_the_bytes_of_a_xiongmai_address_are_turned_round():
    assert said(xiongmai.decode_found(capture("xiongmai/short")))["xiongmai.ip"] == "192.0.2.120"
    for text in ("0x0A01A8", "192.0.2.1", "0x0A01A8C0FF", "0xZZ01A8C0", "-0x000001"):
        raw = xiongmai_answer(json.dumps({"NetWork.NetCommon": {"HostIP": text, "SN": "x"}}).encode())
        assert "xiongmai.ip" not in said(xiongmai.decode_found(raw))


def test_xiongmai_fields_of_wrong_types_say_nothing():
    body = {"MAC": 7, "HttpPort": -1, "TCPPort": 70000, "SN": ["x"], "HostName": {}, "ChannelNum": True}
    raw = xiongmai_answer(json.dumps({"NetWork.NetCommon": body}).encode())
    assert said(xiongmai.decode_found(raw)) == {"xiongmai.answer": "NetWork.NetCommon"}


@pytest.mark.parametrize(
    ("raw", "offset"),
    [
        (b"", 0),
        (b"\xfe" + XIONGMAI[1:], 0),
        (xiongmai.encode_search(), 14),
        (xiongmai_answer(b"{}", message=1533), 14),
        (xiongmai_answer(b"{}", length=3), 20),
        (xiongmai_answer(b"{}"), 20),
        (xiongmai_answer(b'{"NetWork.NetCommon":[]}'), 20),
        (xiongmai_answer(b"[" * 9000), 20),
        (xiongmai_answer(b'{"SN":"' + b"9" * 17000 + b'"}'), 16384),
    ],
)
def test_what_is_no_xiongmai_answer_is_refused_at_its_byte(raw, offset):
    with pytest.raises(DecodeError) as caught:
        xiongmai.decode_found(raw)
    assert caught.value.offset == offset


def test_an_emulated_xiongmai_board_says_what_it_is():
    (answer,), facts = emulated("xiongmai-dvr", "xiongmai", xiongmai.encode_search())
    told = said(xiongmai.decode_found(answer.data))
    assert (answer.to, answer.port) == ("asker", 0)
    assert told["xiongmai.mac"] == facts["mac"]
    assert told["xiongmai.serial"] == facts["serial"]
    assert told["xiongmai.firmware"] == facts["firmware"]
    assert told["xiongmai.ip"] == "192.0.2.77"
    assert told["xiongmai.channels"] == "8"
    (everybody,), _ = emulated("xiongmai-broadcaster", "xiongmai", xiongmai.encode_search())
    assert (everybody.to, everybody.port) == ("broadcast", 34569)


@pytest.mark.parametrize("message", [1000, 1531, 1532, 1533])
def test_an_emulated_xiongmai_board_answers_nothing_but_the_search(message):
    question = b"\xff" + bytes(13) + message.to_bytes(2, "little") + bytes(4)
    assert emulated("xiongmai-dvr", "xiongmai", question)[0] == []


# TVT


def changed(raw, at, new):
    return raw[:at] + new + raw[at + len(new) :]


def test_the_mhed_question_is_the_search_in_each_version():
    io = FakeIO()
    io.run(mhed.PROBE)
    assert io.sent == [
        b"MHED" + bytes.fromhex(f"0{version} 00 01 00 01 00 00 00") + bytes(128) for version in (9, 8, 7)
    ]


def test_mhed_announcements_become_observations():
    assert FakeIO(replies=[MHED]).told(mhed.PROBE) == [
        ("mhed.answer", "announcement, version 8"),
        ("mhed.model", "TD-0000S1"),
        ("mhed.name", "IPC"),
        ("mhed.serial", "N000000000A1"),
        ("mhed.firmware", "1.4.10.0"),
        ("mhed.builddate", "20240131"),
        ("mhed.vendor", "Customer"),
        ("mhed.devicetype", "2"),
        ("mhed.channels", "1"),
        ("mhed.mac", "02:00:00:00:00:03"),
        ("mhed.ip", "192.0.2.30"),
        ("mhed.port", "9008"),
        ("mhed.httpport", "80"),
        ("mhed.rtspport", "554"),
    ]


def test_a_long_mhed_model_goes_on_in_the_field_before_it():
    raw = changed(changed(MHED, 196, b"TD-0000000000000"), 180, b"S1(D)\0")
    assert said(mhed.decode_announcement(raw))["mhed.model"] == "TD-0000000000000S1(D)"


def test_mhed_gives_the_packed_firmware_where_the_text_is_empty_and_the_usual_port_for_none():
    told = said(mhed.decode_announcement(changed(changed(MHED, 156, bytes(16)), 38, bytes(2))))
    assert (told["mhed.firmware"], told["mhed.port"]) == ("1.4.10.0", "6036")


@pytest.mark.parametrize(
    ("raw", "offset"),
    [
        (b"MHE", 0),
        (changed(MHED, 4, b"\x0a"), 4),
        (mhed.encode_search(9), 8),
        (changed(MHED, 8, b"\x03"), 8),
        (MHED[:-1], 232),
        (MHED + bytes(4096), 4096),
    ],
)
def test_what_is_no_mhed_announcement_is_refused_at_its_byte(raw, offset):
    with pytest.raises(DecodeError) as caught:
        mhed.decode_announcement(raw)
    assert caught.value.offset == offset


def test_an_emulated_tvt_camera_announces_what_it_is_to_the_answer_group():
    (answer,), facts = emulated("tvt-camera", "mhed", mhed.encode_search(9))
    assert (answer.to, answer.port) == ("234.55.55.56", 23456)
    assert len(answer.data) == 240
    told = said(mhed.decode_announcement(answer.data))
    for field in ("mac", "model", "serial", "firmware", "ip"):
        assert told[f"mhed.{field}"] == facts[field]


def test_an_emulated_tvt_camera_answers_nothing_but_the_search():
    question = mhed.encode_search(9)
    for wrong in (changed(question, 8, b"\x03"), changed(question, 8, b"\x02"), question[:-1], b"x" * 140):
        assert emulated("tvt-camera", "mhed", wrong)[0] == []


# SSDP and UPnP

SSDP, DESCRIPTION = capture("ssdp/answer"), b"HTTP/1.1 200 OK\r\n\r\n" + capture("upnp/description")


def located(*urls):
    """What is known of the host 192.0.2.7 when it announced these descriptions."""
    endpoint = Endpoint(ip=ip_address("192.0.2.7"), port=1900, transport="udp")
    return [seen for url in urls for seen in Numbering().observe(endpoint, "ssdp", {"ssdp.location": url})]


def test_ssdp_asks_for_root_devices_and_then_for_everything():
    io = FakeIO()
    io.run(ssdp.PROBE)
    assert [raw.split(b"\r\n")[0] for raw in io.sent] == [b"M-SEARCH * HTTP/1.1"] * 2
    assert [raw.rpartition(b"\r\nST: ")[2] for raw in io.sent] == [b"upnp:rootdevice\r\n\r\n", b"ssdp:all\r\n\r\n"]
    assert all(b'\r\nMAN: "ssdp:discover"\r\nMX: 1\r\n' in raw for raw in io.sent)


def test_ssdp_answers_become_observations():
    assert FakeIO(replies=[SSDP]).told(ssdp.PROBE) == [
        ("ssdp.server", "Linux/4.14.173-axis8, UPnP/1.0, Portable SDK for UPnP devices/1.8.7"),
        ("ssdp.st", "upnp:rootdevice"),
        ("ssdp.usn", "uuid:Upnp-BasicDevice-1_0-02000000000D::upnp:rootdevice"),
        ("ssdp.location", "http://192.0.2.130:49152/rootdesc1.xml"),
        ("ssdp.uuid", "upnp-basicdevice-1_0-02000000000d"),
    ]


def test_what_a_device_repeats_for_each_of_its_services_counts_once():
    class Chatty(FakeIO):
        def _reply(self, message, n):
            return super()._reply(message, 10)

    again = SSDP.replace(b"upnp:rootdevice", b"urn:axis-com:service:BasicService:1")
    told = Chatty(replies=[SSDP, SSDP, again]).told(ssdp.PROBE)
    assert [kind for kind, _ in told].count("ssdp.server") == 1
    assert [value for kind, value in told if kind == "ssdp.st"] == [
        "upnp:rootdevice",
        "urn:axis-com:service:BasicService:1",
    ]


def test_somebody_elses_search_is_no_device():
    assert FakeIO(replies=[encode_search("ssdp:all")]).told(ssdp.PROBE) == []


def test_a_description_is_fetched_from_where_its_device_announced_it():
    io = FakeIO(port=49152, seen=located("http://192.0.2.7:49152/rootdesc1.xml"), web={"/rootdesc1.xml": DESCRIPTION})
    told = dict(io.told(upnp.PROBE))
    assert [(method, path) for method, path, *_ in io.asked] == [("GET", "/rootdesc1.xml")]
    assert told["upnp.manufacturer"] == "AXIS"
    assert set(told) <= upnp.PROBE.spec.emits


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.8:49152/rootdesc1.xml",
        "http://192.0.2.7:49153/rootdesc1.xml",
        "https://192.0.2.7:49152/rootdesc1.xml",
        "http://name.example:49152/rootdesc1.xml",
        "http://192.0.2.7:49152@192.0.2.8/rootdesc1.xml",
        "http://admin:admin@192.0.2.7:49152/rootdesc1.xml",
        "http://192.0.2.7:49152/cgi-bin/reboot.cgi",
        "http://192.0.2.7:49152/snapshot.jpg",
        "http://[192.0.2.7:49152/rootdesc1.xml",
        "file:///rootdesc1.xml",
    ],
)
def test_a_location_elsewhere_or_of_no_description_is_not_fetched(url):
    io = FakeIO(port=49152, seen=located(url))
    assert io.told(upnp.PROBE) == []
    assert io.asked == []
    assert [status for status, _ in io.runs] == ["skipped"]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "refused"),
        (b"HTTP/1.1 200 OK\r\n\r\nnothing", "malformed"),
        (b'HTTP/1.1 200 OK\r\n\r\n<!DOCTYPE x [<!ENTITY a "b">]><root><device/></root>', "malformed"),
    ],
)
def test_a_description_that_is_none_is_told_and_gives_nothing(answer, status):
    io = FakeIO(port=49152, seen=located("http://192.0.2.7:49152/d.xml"), web={"/d.xml": answer})
    assert io.told(upnp.PROBE) == []
    assert [said for said, _ in io.runs] == [status]


# Uniview


def test_the_uniview_question_is_one_empty_element_with_an_id_of_its_own():
    io = FakeIO()
    io.run(uniview.PROBE)
    bodies = [re.search(rb"<s:Body>(.*)</s:Body>", raw)[1] for raw in io.sent]
    assert bodies == [b"<tns:UniviewProbe/>"] * 2
    assert len(set(io.sent)) == 2
    assert all(b"/Ver10/Device/wsdl/UniviewProbe</a:Action>" in raw for raw in io.sent)


def test_uniview_answers_become_onvif_observations():
    told = FakeIO(replies=[UNIVIEW]).told(uniview.PROBE)
    assert told[0] == ("uniview.answer", "UniviewProbeMatches")
    assert told[1][0] == "onvif.scopes"
    assert told[2:] == [
        ("uniview.xaddrs", "http://192.0.2.90:8080/LAPI/V1.0/System/DeviceInfo"),
        ("onvif.manufacturer", "UNIVIEW"),
        ("onvif.firmware", "DIPC-B1232.9.3.C00010.251208"),
        ("onvif.serial", "210235UEC3Q260000001"),
        ("onvif.mac", "02:00:00:00:00:0f"),
        ("onvif.hardware", "IPC2124LE-ADF28KM-H"),
        ("onvif.name", "IPC2124LE-ADF28KM-H"),
    ]


def test_uniview_scopes_right_under_the_matches_and_under_the_questions_own_action_are_read():
    flat = UNIVIEW.replace(b"<tns:UniviewProbeMatch>", b"").replace(b"</tns:UniviewProbeMatch>", b"")
    own = UNIVIEW.replace(b"UniviewProbeMatches</wsa", b"UniviewProbe</wsa")
    bare = own.replace(b"tns:UniviewProbeMatches", b"tns:UniviewProbe")
    for raw in (flat, own, bare):
        assert ("onvif.serial", "210235UEC3Q260000001") in uniview.decode_matches(raw)


@pytest.mark.parametrize(
    "raw",
    [
        uniview.encode_probe(UUID(int=1)),
        capture("ws-discovery/camera"),
        UNIVIEW.replace(b"Scopes", b"Other").replace(b"XAddrs", b"Others"),
        UNIVIEW + b" " * 16384,
        b"UniviewProbeMatches",
    ],
)
def test_what_is_no_uniview_answer_is_refused(raw):
    with pytest.raises(DecodeError):
        uniview.decode_matches(raw)


@pytest.mark.parametrize("habit", ["", "own-action"])
def test_an_emulated_uniview_camera_says_what_it_is(habit):
    (profile,) = load_profiles("uniview-quiet-camera")
    facts = profile.facts("192.0.2.77")
    said_by = {**profile.datagrams["uniview"], "habit": habit}
    (answer,) = datagrams.protocol("uniview").answer(uniview.encode_probe(UUID(int=1)), said_by, facts)
    told = said(uniview.decode_matches(answer.data))
    assert told["onvif.mac"] == facts["mac"]
    assert told["onvif.hardware"] == facts["model"]
    assert (told["onvif.serial"], told["onvif.firmware"]) == (facts["serial"], facts["firmware"])


def test_an_emulated_uniview_camera_leaves_the_standard_question_alone():
    question = uniview.encode_probe(UUID(int=1)).replace(b"UniviewProbe</a", b"Probe</a")
    assert emulated("uniview-quiet-camera", "uniview", question)[0] == []


# Dahua, older devices


def test_the_older_dahua_question_is_the_fixed_packet():
    io = FakeIO()
    io.run(dahua_5050.PROBE)
    assert io.sent == [bytes.fromhex("a3010001" + "00" * 12 + "02" + "00" * 15)] * 2


def test_older_dahua_answers_become_observations():
    assert FakeIO(replies=[DAHUA]).told(dahua_5050.PROBE) == [
        ("dahua-5050.answer", "DVRIP b3"),
        ("dahua-5050.model", "IPC-HFW0000"),
        ("dahua-5050.name", "CAM1"),
        ("dahua-5050.device", "IPC-TEST"),
        ("dahua-5050.serial", "1F0000000000001"),
        ("dahua-5050.hostname", "CAM1"),
        ("dahua-5050.mac", "02:00:00:00:00:02"),
        ("dahua-5050.ip", "192.0.2.20"),
        ("dahua-5050.httpport", "80"),
        ("dahua-5050.port", "37777"),
    ]


def test_an_older_dahua_answer_with_the_mac_alone_names_its_model_by_the_device_line():
    raw = DAHUA[:0x89] + DAHUA[0x94:]
    assert said(dahua_5050.decode_found(changed(raw, 2, b"\x11")))["dahua-5050.model"] == "IPC-TEST"


def test_of_a_repeated_line_the_first_counts_and_unknown_lines_are_left_out():
    lines = b"SerialNo:ABC0000001\r\nSerialNo:XYZ0000002\r\nPassword:x\r\nnonsense\r\n"
    raw = changed(DAHUA[:0x94], 0x14, len(lines).to_bytes(2, "little")) + lines
    told = said(dahua_5050.decode_found(raw))
    assert told["dahua-5050.serial"] == "ABC0000001"
    assert set(told) <= dahua_5050.EMITS
    assert "x" not in told.values()


@pytest.mark.parametrize(
    ("raw", "offset"),
    [
        (b"\xb0" + DAHUA[1:], 0),
        (dahua_5050.encode_search(), 0),
        (changed(DAHUA, 2, b"\x10"), 2),
        (changed(DAHUA, 4, b"\x57"), 4),
        (changed(DAHUA, 2, b"\x1d"), 0x14),
        (changed(DAHUA, 0x14, b"\xff\xff"), 0x14),
        (DAHUA[:-1], 0x14),
        (DAHUA + b"\0", 0x14),
        (DAHUA + bytes(4096), 4096),
    ],
)
def test_what_is_no_older_dahua_answer_is_refused_at_its_byte(raw, offset):
    with pytest.raises(DecodeError) as caught:
        dahua_5050.decode_found(raw)
    assert caught.value.offset == offset


def test_an_emulated_older_dahua_camera_says_what_it_is_and_answers_no_login():
    (answer,), facts = emulated("dahua-older-camera", "dahua_5050", dahua_5050.encode_search())
    told = said(dahua_5050.decode_found(answer.data))
    for field in ("mac", "model", "serial", "ip"):
        assert told[f"dahua-5050.{field}"] == facts[field]
    assert told["dahua-5050.name"] == "entrance"
    login = b"\xa0" + dahua_5050.encode_search()[1:]
    assert emulated("dahua-older-camera", "dahua_5050", login)[0] == []


# Bosch


def test_the_bosch_question_names_the_port_for_answers():
    io = FakeIO()
    io.run(bosch_rcp.PROBE)
    assert [raw[:4] + raw[8:] for raw in io.sent] == [bytes.fromhex("9939a427ff0006de")] * 2
    assert bosch_rcp.encode_detection(1) == bytes.fromhex("9939a42700000001ff0006de")
    assert bosch_rcp.PROBE.spec.bind_port == 0x06DE


def test_bosch_answers_of_both_forms_become_observations():
    assert FakeIO(replies=[BOSCH]).told(bosch_rcp.PROBE) == [
        ("bosch-rcp.answer", "binary"),
        ("bosch-rcp.mac", "02:00:00:00:00:04"),
        ("bosch-rcp.ip", "192.0.2.40"),
    ]
    assert FakeIO(replies=[BOSCH_XML]).told(bosch_rcp.PROBE) == [
        ("bosch-rcp.answer", "xml OEMExt00:device-1-0"),
        ("bosch-rcp.model", "FLEXIDOME IP 0000"),
        ("bosch-rcp.name", "Loading bay"),
        ("bosch-rcp.serial", "044000000000000001"),
        ("bosch-rcp.devicetype", "1"),
        ("bosch-rcp.uuid", "00000000-0000-4000-8000-020000000004"),
        ("bosch-rcp.mac", "02:00:00:00:00:04"),
        ("bosch-rcp.ip", "192.0.2.40"),
        ("bosch-rcp.httpport", "80"),
        ("bosch-rcp.port", "1756"),
    ]


def test_the_session_key_of_a_bosch_answer_is_not_kept():
    assert "5e55101" not in str(FakeIO(replies=[BOSCH_XML]).told(bosch_rcp.PROBE))


@pytest.mark.parametrize(
    ("raw", "offset"),
    [
        (b"\x98" + BOSCH[1:], 0),
        (bosch_rcp.encode_detection(1), 4),
        (BOSCH[:-1], 4),
        (BOSCH + b"\0", 4),
        (b"<root><other/></root>", 0),
        (b"<root><device><HTTPPort>80</HTTPPort></device></root>", 0),
        (BOSCH_XML + b" " * 16384, 16384),
    ],
)
def test_what_is_no_bosch_answer_is_refused_at_its_byte(raw, offset):
    with pytest.raises(DecodeError) as caught:
        bosch_rcp.decode_detected(raw)
    assert caught.value.offset == offset


@pytest.mark.parametrize(
    ("name", "fields"),
    [("bosch-newer-camera", ("mac", "model", "serial", "ip")), ("bosch-older-encoder", ("mac", "ip"))],
)
def test_an_emulated_bosch_device_says_what_it_is_to_the_port_it_is_told(name, fields):
    (answer,), facts = emulated(name, "bosch_rcp", bosch_rcp.encode_detection(7))
    assert (answer.to, answer.port) == ("asker", 1758)
    told = said(bosch_rcp.decode_detected(answer.data))
    for field in fields:
        assert told[f"bosch-rcp.{field}"] == facts[field]
    assert emulated(name, "bosch_rcp", bosch_rcp.encode_detection(7)[:-1])[0] == []


# One codec for live scans and for bytes that somebody else recorded


@pytest.mark.parametrize(
    ("kind", "name", "maker"),
    [
        ("xiongmai", "xiongmai/board", "xiongmai"),
        ("mhed", "mhed/camera", "tvt"),
        ("uniview", "uniview/camera", "uniview"),
        ("dahua-5050", "dahua-5050/camera", "dahua"),
        ("bosch-rcp", "bosch-rcp/xml", "bosch"),
    ],
)
def test_recorded_answers_are_read_by_the_same_codec(knowledge, kind, name, maker):
    line = {"kind": kind, "value": base64.b64encode(capture(name)).decode(), "encoding": "base64"}
    (((intake, device),), bad) = identify([json.dumps(line)], knowledge)
    assert bad == []
    assert device.manufacturer.id == maker
    assert device.is_cctv is True
    assert f"{kind}.answer" in {o.kind for o in intake.observations}
