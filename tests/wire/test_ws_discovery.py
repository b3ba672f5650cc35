from uuid import UUID

import pytest
from captured import capture

from netcam.errors import DecodeError
from netcam.wire.composite import DECODERS
from netcam.wire.onvif_scopes import SCOPE_LIMIT, decode_scopes, split_scopes
from netcam.wire.ws_discovery import decode_matches, encode_probes, facts
from netcam.wire.xml import read_xml

ROOT = "onvif://www.onvif.org/"
GOOD = capture("ws-discovery/camera")


def hello(types="", scopes="", xaddrs="", space=""):
    return (
        f"<e:Envelope {space}><e:Body><d:Hello><a:EndpointReference><a:Address>uuid:x</a:Address></a:EndpointReference>"
        f"<d:Types>{types}</d:Types><d:Scopes>{scopes}</d:Scopes><d:XAddrs>{xaddrs}</d:XAddrs></d:Hello></e:Body></e:Envelope>"
    ).encode()


def test_a_camera_announces_all_that_its_scopes_hold():
    assert DECODERS["onvif.probematch"](GOOD) == (
        ("onvif.uuid", "00000000-0000-4000-8000-020000000001"),
        ("onvif.types", "dn:NetworkVideoTransmitter tds:Device"),
        ("onvif.xaddrs", "http://192.0.2.10/onvif/device_service http://[fe80::200:ff:fe00:1]/onvif/device_service"),
        (
            "onvif.scopes",
            f"{ROOT}type/video_encoder {ROOT}Profile/Streaming {ROOT}Profile/T {ROOT}MAC/02:00:00:00:00:01 "
            f"{ROOT}hardware/DS-2CD2385G1-I {ROOT}name/HIKVISION%20DS-2CD2385G1-I {ROOT}location/city/hangzhou",
        ),
        ("onvif.mac", "02:00:00:00:00:01"),
        ("onvif.hardware", "DS-2CD2385G1-I"),
        ("onvif.name", "HIKVISION DS-2CD2385G1-I"),
        ("onvif.location", "city/hangzhou"),
    )


def test_the_three_questions_differ_in_type_and_alternate_the_id_form():
    questions = encode_probes((UUID(int=1), UUID(int=2), UUID(int=3)))
    roots = [read_xml(q, protocol="test") for q in questions]
    assert [r.text_of("Types") for r in roots] == ["dp0:NetworkVideoTransmitter", "tds:Device", None]
    assert [r.text_of("MessageID") for r in roots] == [
        "uuid:00000000-0000-0000-0000-000000000001",
        "urn:uuid:00000000-0000-0000-0000-000000000002",
        "uuid:00000000-0000-0000-0000-000000000003",
    ]
    assert set(roots[0].first("Types").attributes) == {"xmlns:d", "xmlns:dp0"}  # some answer nothing else


def test_a_question_is_no_answer():
    for question in encode_probes((UUID(int=1), UUID(int=2), UUID(int=3))):
        with pytest.raises(DecodeError):
            decode_matches(question)


def test_a_fault_is_no_answer():
    with pytest.raises(DecodeError, match="fault"):
        decode_matches(capture("onvif/not-authorized"))


def test_a_printer_that_answers_the_open_question_says_nothing_about_onvif():
    raw = hello("wsdp:Device wprt:PrintDeviceType", "", "http://192.0.2.9:5357/x", 'xmlns:wsdp="urn:devprof"')
    (match,) = decode_matches(raw)
    assert not match.onvif
    assert list(facts(match)) == []


def test_a_device_type_counts_by_its_namespace_whatever_its_prefix():
    (match,) = decode_matches(hello("q:Device", "", "", 'xmlns:q="http://www.onvif.org/ver10/device/wsdl"'))
    assert match.onvif


def test_undeclared_prefixes_and_records_without_envelope_are_read():
    raw = b"<d:Hello><d:Scopes>onvif://www.onvif.org/name/NL</d:Scopes></d:Hello>"
    assert ("onvif.name", "NL") in DECODERS["onvif.probematch"](raw)


def test_scopes_directly_in_the_list_are_read():
    raw = b"<x:ProbeMatches><Scopes>onvif://www.onvif.org/name/NL</Scopes></x:ProbeMatches>"
    assert ("onvif.name", "NL") in DECODERS["onvif.probematch"](raw)


def test_several_records_are_several_devices():
    record = "<d:ProbeMatch><d:Scopes>onvif://www.onvif.org/name/{}</d:Scopes></d:ProbeMatch>"
    raw = "<d:ProbeMatches>" + "".join(record.format(n) for n in "ab") + "</d:ProbeMatches>"
    assert [m.scopes for m in decode_matches(raw.encode())] == [f"{ROOT}name/a", f"{ROOT}name/b"]


def test_raw_blanks_stay_inside_their_scope():
    text = f"{ROOT}name/VIGI-C350 {ROOT}location/Hong Kong {ROOT}type/NetworkVideoTransmitter"
    assert dict(decode_scopes(text)) == {"onvif.name": "VIGI-C350", "onvif.location": "Hong Kong"}


def test_categories_in_any_case_and_extended_ones_have_their_kinds():
    text = (
        f"{ROOT}NAME/NL {ROOT}macaddr/02000000000a {ROOT}serial/2102350000 {ROOT}version/DIPC-B1.2 "
        f"{ROOT}manufacturer/NONE {ROOT}manufacturer/Northlight%20Optics"
    )
    assert list(decode_scopes(text)) == [
        ("onvif.name", "NL"),
        ("onvif.mac", "02:00:00:00:00:0a"),
        ("onvif.serial", "2102350000"),
        ("onvif.firmware", "DIPC-B1.2"),
        ("onvif.manufacturer", "Northlight Optics"),
    ]


def test_bad_percent_codes_empty_values_and_foreign_schemes_say_nothing_wrong():
    text = f"{ROOT}name/100%zz {ROOT}location/ {ROOT}mac/notamac flir://www.flir.com/security/ {ROOT}name/%ff"
    assert list(decode_scopes(text)) == [("onvif.name", "100%zz"), ("onvif.name", "\ufffd")]


def test_a_thousand_scopes_are_bounded():
    text = " ".join(f"{ROOT}name/{n}" for n in range(1000))
    assert len(split_scopes(text)) == SCOPE_LIMIT
    (match,) = decode_matches(hello(scopes=text))
    assert match.scopes.count(ROOT) == SCOPE_LIMIT


def test_text_without_any_scope_has_none():
    assert split_scopes("just words") == ()
