from captured import capture
from fake_io import FakeIO

from netcam.probes import mdns, onvif
from netcam.probes.base import Service
from netcam.probes.vendor import dhip, isapi, sadp

SADP, DHIP, WSD = capture("sadp/recorder"), capture("dhip/camera"), capture("ws-discovery/camera")


def test_a_malformed_neighbour_does_not_hide_the_others():
    io = FakeIO(replies=[SADP, b"junk", SADP])
    seen = io.run(sadp.PROBE)
    assert {str(o.endpoint.ip) for o in seen if o.kind == "sadp.model"} == {"192.0.2.10", "192.0.2.12"}
    assert [status for status, _ in io.runs] == ["answered", "malformed", "answered"]


def test_sadp_answers_become_observations():
    assert FakeIO(replies=[SADP]).told(sadp.PROBE) == [
        ("sadp.answer", "ProbeMatch"),
        ("sadp.model", "DS-7804HQH-K1"),
        ("sadp.devicetype", "44322"),
        ("sadp.serial", "DS-7804HQH-K10420190822CCCH000000001WCVU"),
        ("sadp.firmware", "V3.5.38build 191215"),
        ("sadp.dsp", "V5.0, build 191213"),
        ("sadp.mac", "02:00:00:00:00:01"),
        ("sadp.ip", "192.0.2.10"),
        ("sadp.activated", "true"),
        ("sadp.channels", "analog=4 digital=5"),
        ("sadp.httpport", "80"),
        ("sadp.sdkport", "8000"),
    ]


def test_nothing_of_the_password_exchange_is_kept():
    assert "00112233" not in str(FakeIO(replies=[SADP]).told(sadp.PROBE))


def test_a_misspelt_flag_an_oem_name_and_a_bare_ampersand_are_read():
    raw = SADP.replace(b"<Activated>true", b"<Activated>flase").replace(
        b"OEMInfo>N/A</OEMInfo", b"OEMinfo>North & Light</OEMinfo"
    )
    told = dict(FakeIO(replies=[raw]).told(sadp.PROBE))
    assert (told["sadp.activated"], told["sadp.oem"]) == ("false", "North & Light")


def test_somebody_elses_question_is_no_device():
    io = FakeIO(replies=[b"<Probe><Uuid>X</Uuid><Types>inquiry</Types></Probe>", dhip.encode_search()])
    assert io.told(sadp.PROBE) == []
    assert FakeIO(replies=[dhip.encode_search()]).told(dhip.PROBE) == []


def test_dhip_answers_become_observations():
    assert FakeIO(replies=[DHIP]).told(dhip.PROBE) == [
        ("dhip.answer", "client.notifyDevInfo"),
        ("dhip.model", "IPC-HDW5421S"),
        ("dhip.class", "IPC"),
        ("dhip.serial", "1F0000000000001"),
        ("dhip.firmware", "2.400.0.8"),
        ("dhip.vendor", "Dahua"),
        ("dhip.manufacturer", "Private"),
        ("dhip.name", "1F0000000000001"),
        ("dhip.httpport", "80"),
        ("dhip.port", "37777"),
        ("dhip.mac", "02:00:00:00:00:02"),
        ("dhip.ip", "192.0.2.20"),
        ("dhip.channels", "video-in=1 remote-in=0 video-out=0"),
    ]


def test_the_dhip_question_is_the_search_in_its_frame():
    assert (
        dhip.encode_search()
        == bytes.fromhex("2000000044484950000000000000000049000000000000004900000000000000")
        + b'{ "method" : "DHDiscover.search", "params" : { "mac" : "", "uni" : 1 } }\n'
    )


def test_dhip_without_frame_with_padding_and_with_a_brace_in_its_length_is_read():
    body = DHIP[32:]
    padded = b"\x20\0\0\0DHIP" + bytes(8) + b"{\x03\0\0" + bytes(12) + body + b"\0\0"
    for raw in (body, b"\0\0" + body, padded):
        assert ("dhip.model", "IPC-HDW5421S") in dhip.decode_notify(raw)


def test_dhip_of_wrong_types_says_nothing_wrong():
    info = b'{"DeviceType":{},"Port":true,"Vendor":" ","IPv4Address":7,"Version":5}'
    raw = b'{"method":["x"],"params":{"deviceInfo":' + info + b"}}"
    assert [(kind, text) for kind, text in dhip.decode_notify(raw) if text] == [("dhip.firmware", "5")]


def test_deep_json_is_malformed_and_not_a_crash():
    io = FakeIO(replies=[b'{"a":' + b"[" * 16000, b"{" * 9000, b'{"a":' + b"9" * 15000 + b"}"])
    assert io.told(dhip.PROBE) == []
    assert [status for status, _ in io.runs] == ["malformed"] * 3


def test_ws_discovery_answers_become_observations_with_the_scopes_as_sent():
    told = FakeIO(replies=[WSD]).told(onvif.PROBE)
    assert ("onvif.name", "HIKVISION DS-2CD2385G1-I") in told
    assert "name/HIKVISION%20DS-2CD2385G1-I" in dict(told)["onvif.scopes"]


def test_each_run_asks_with_ids_of_its_own():
    first, second = FakeIO(), FakeIO()
    first.run(onvif.PROBE)
    second.run(onvif.PROBE)
    assert len({*first.sent, *second.sent}) == 6


def test_services_become_observations():
    service = Service(
        type="_axis-video._tcp.local.", name="AXIS M0000 - 02000000000D._axis-video._tcp.local.",
        host="axis-02000000000d.local.", port=80, txt={"macaddress": "02000000000D", "a": "1"},
    )  # fmt: skip
    io = FakeIO(found=[service])
    assert io.told(mdns.PROBE) == [
        ("mdns.service", "_axis-video._tcp.local."),
        ("mdns.name", service.name),
        ("mdns.host", "axis-02000000000d.local."),
        ("mdns.txt", "a=1; macaddress=02000000000D"),
            ("mdns.mac", "02000000000D"),
    ]
    assert len(io.types) <= 64


def test_device_information_of_isapi_joins_firmware_and_its_release():
    assert {k: v for k, v in isapi.decode_device_info(capture("isapi/device-info")) if v} == {
        "isapi.model": "DS-KV8213-WME1(C)",
        "isapi.name": "OUTDOOR STATION",
        "isapi.mac": "02:00:00:00:00:04",
        "isapi.serial": "DS-KV8213-WME1(C)0120230508RR000000000",
        "isapi.firmware": "V2.2.77 build 240515",
        "isapi.devicetype": "VIS",
    }


def test_every_observation_is_of_a_declared_kind():
    for probe, raw in ((sadp.PROBE, SADP), (dhip.PROBE, DHIP), (onvif.PROBE, WSD)):
        assert {kind for kind, _ in FakeIO(replies=[raw]).told(probe)} <= probe.spec.emits
