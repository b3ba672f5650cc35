"""Discovery protocols of single makers: what an answer says, what is left out of it, and what is no answer."""

import json
from ipaddress import ip_address

import pytest
from captured import capture
from fake_io import FakeIO
from hypothesis import given, settings
from hypothesis import strategies as st

from netcam.demo import datagrams
from netcam.demo.profile import read_profiles
from netcam.errors import DecodeError, HeardQuestion
from netcam.intake import finer, read_observations
from netcam.probes import all_probes, decoders, sip, snmp
from netcam.probes import llmnr as llmnr_probe
from netcam.probes.base import Contact
from netcam.probes.vendor import (
    baichuan,
    dlink,
    kasa,
    nice,
    nx,
    reolink,
    topsee,
    tplink,
    tuya,
    ubiquiti,
    vision360,
    zkteco,
)
from netcam.wire import llmnr, netbios
from netcam.wire.dns_message import decode_message
from netcam.wire.snmp import encode_get

# name of the probe -> decoder, a good answer, what must come out of it
CASES = {
    "ubiquiti": (
        ubiquiti.decode_answer,
        capture("ubiquiti/camera"),
        [
            ("ubiquiti.answer", "version 1"),
            ("ubiquiti.model", "UVC G3 Flex"),
            ("ubiquiti.platform", "UVC G3 Flex"),
            ("ubiquiti.firmware", "UVC.S2L.v4.75.62.67"),
            ("ubiquiti.systemid", "0xa534"),
            ("ubiquiti.name", "UVC G3 Flex"),
            ("ubiquiti.mac", "02:00:00:00:00:0b"),
            ("ubiquiti.ip", "192.0.2.110"),
        ],
    ),
    "tplink": (
        tplink.decode_answer,
        capture("tplink/camera"),
        [
            ("tplink.answer", "device_type"),
            ("tplink.devicetype", "SMART.IPCAMERA"),
            ("tplink.model", "C210(EU)"),
            ("tplink.hardware", "2.0"),
            ("tplink.firmware", "1.4.7"),
            ("tplink.mac", "02:00:00:00:00:0e"),
            ("tplink.ip", "192.0.2.110"),
            ("tplink.httpport", "443"),
        ],
    ),
    "kasa": (
        kasa.decode_answer,
        capture("kasa/camera"),
        [
            ("kasa.answer", "get_sysinfo"),
            ("kasa.devicetype", "IOT.IPCAMERA"),
            ("kasa.model", "KC100(US)"),
            ("kasa.mac", "02:00:00:00:00:0f"),
        ],
    ),
    "dlink": (
        dlink.decode_answer,
        capture("dlink/camera"),
        [("dlink.answer", "DCS"), ("dlink.model", "DCS-932L"), ("dlink.mac", "02:00:00:00:00:11")],
    ),
    "topsee": (
        topsee.decode_answer,
        capture("topsee/camera"),
        [
            ("topsee", "search answer"),
            ("topsee.answer", "XML_TOPSEE"),
            ("topsee.devicetype", "NVS-IPCAM-HISI"),
            ("topsee.model", "TS-0000"),
            ("topsee.serial", "EE0000000001"),
            ("topsee.firmware", "V1.0.0.0"),
            ("topsee.mac", "02:00:00:00:00:1e"),
            ("topsee.ip", "192.0.2.140"),
            ("topsee.httpport", "80"),
            ("topsee.rtspport", "554"),
            ("topsee.accounts", "sent in clear to the whole network"),
        ],
    ),
    "llmnr": (llmnr.decode_answer, capture("llmnr/pointer"), [("llmnr.name", "BACKOFFICE")]),
    "tuya": (
        tuya.decode_announcement,
        capture("tuya/plain"),
        [
            ("tuya.answer", "55aa plain"),
            ("tuya.serial", "bf00000000000000001a"),
            ("tuya.productkey", "keyconstructed00"),
            ("tuya.version", "3.1"),
            ("tuya.ip", "192.0.2.120"),
        ],
    ),
    "baichuan": (baichuan.decode_answer, capture("baichuan/camera"), [("baichuan.answer", "P2P")]),
    "reolink": (reolink.decode_answer, capture("reolink/camera"), [("reolink.answer", "udp/3000")]),
    "sip": (
        sip.decode_answer,
        capture("sip/intercom"),
        [
            ("sip.status", "200"),
            ("sip", "User-Agent: Grandstream GDS3710 1.0.7.23"),
            ("sip.useragent", "Grandstream GDS3710 1.0.7.23"),
            ("sip", "Server: constructed/1"),
            ("sip.server", "constructed/1"),
        ],
    ),
    "netbios": (
        netbios.decode_answer,
        capture("netbios/host"),
        [("netbios.name", "BACKOFFICE"), ("netbios.group", "WORKGROUP"), ("netbios.mac", "02:00:00:00:00:12")],
    ),
    "nx": (
        nx.decode_answer,
        capture("nx/server"),
        [
            ("nx.answer", "Media Server"),
            ("nx.name", "Recorder 1"),
            ("nx.system", "Store 17"),
            ("nx.firmware", "5.1.2.37996"),
            ("nx.customization", "constructed"),
            ("nx.httpport", "7001"),
        ],
    ),
    "vision360": (
        vision360.decode_answer,
        capture("vision360/dome"),
        [
            ("vision360.answer", "DISCOVER"),
            ("vision360.type", "IPDOME"),
            ("vision360.mac", "02:00:00:00:00:14"),
            ("vision360.serial", "1234567890"),
        ],
    ),
    "nice": (
        nice.decode_answer,
        capture("nice/encoder"),
        [
            ("nice.answer", "NICE"),
            ("nice.name", "Gate 3"),
            ("nice.firmware", "2.5.8.41"),
            ("nice.mac", "02:00:00:00:00:15"),
            ("nice.ip", "192.0.2.124"),
        ],
    ),
    "zkteco": (zkteco.decode_answer, capture("zkteco/terminal"), [("zkteco.answer", "key wanted")]),
    "snmp": (
        snmp.decode_system,
        capture("snmp/camera"),
        [
            ("snmp.sysdescr", "; AXIS M3045-V; Network Camera; 6.15.4.1; Aug 23 2016 13:57; 71B; 1;"),
            ("snmp.sysobjectid", "1.3.6.1.4.1.368.1.2"),
            ("snmp.sysname", "axis-02000000000d"),
        ],
    ),
}
PROBES = {probe.spec.name: probe for probe in all_probes()}
every_protocol = pytest.mark.parametrize("name", CASES)


def outcome(name, data):
    """The pairs, or None where the decoder named the byte that failed; anything else fails the test."""
    try:
        return CASES[name][0](data)
    except DecodeError as error:
        assert 0 <= error.offset <= len(data)  # noqa: PT017 - decoding is as good an outcome
        return None


@every_protocol
def test_an_answer_becomes_observations_and_a_malformed_neighbour_does_not_hide_it(name):
    io = FakeIO(replies=[b"", CASES[name][1], b"\xffjunk"])
    assert io.told(PROBES[name]) == CASES[name][2]
    assert [status for status, _ in io.runs] == ["malformed", "answered", "malformed"]


@every_protocol
def test_every_pair_is_of_a_declared_kind(name):
    assert {kind for kind, _ in CASES[name][0](CASES[name][1])} <= PROBES[name].spec.emits


@every_protocol
def test_a_question_is_no_answer(name):
    io = FakeIO(replies=[CASES[name][1]])
    io.run(PROBES[name])
    assert all(outcome(name, question) is None for question in io.sent)


@every_protocol
def test_an_answer_cut_at_any_byte_decodes_to_the_same_texts_or_names_the_byte(name):
    decode, good, _ = CASES[name]
    whole = decode(good)
    for cut in range(len(good)):
        for kind, text in outcome(name, good[:cut]) or ():
            assert text is None or (kind, text) in whole


@every_protocol
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_cut_answer_with_a_strange_tail_decodes_or_names_the_byte(name, data):
    good = CASES[name][1]
    cut = data.draw(st.integers(0, len(good)))
    outcome(name, good[:cut] + data.draw(st.binary(max_size=64)) + good[cut : data.draw(st.integers(cut, len(good)))])


@every_protocol
@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_one_changed_byte_decodes_or_names_the_byte(name, at, byte):
    good = bytearray(CASES[name][1])
    good[at % len(good)] = byte
    outcome(name, bytes(good))


@every_protocol
def test_an_answer_of_64_kilobytes_is_refused_or_read_within_bounds(name):
    for filler in (b"\0", b"A", b"[", b"{"):
        pairs = outcome(name, (CASES[name][1] + filler * 65535)[:65507]) or ()
        assert all(text is None or len(text) <= 4096 for _, text in pairs)


# ubiquiti


def records(*pairs, head=b"\x01\x00"):
    body = b"".join(bytes((tag,)) + len(value).to_bytes(2, "big") + value for tag, value in pairs)
    return head + len(body).to_bytes(2, "big") + body


def test_ubiquiti_fields_about_logins_are_never_read():
    told = ubiquiti.decode_answer(records((0x0C, b"UVC"), (0x06, b"ubnt"), (0x07, b"SECRET"), (0x2C, b"\x01")))
    assert "ubnt" not in str(told)
    assert "SECRET" not in str(told)


def test_a_ubiquiti_record_past_the_body_is_rejected_at_its_offset():
    with pytest.raises(DecodeError) as error:
        ubiquiti.decode_answer(b"\x01\x00\x00\x05\x0c\x00\x09UV and more")
    assert error.value.offset == 7


def test_a_ubiquiti_record_of_the_wrong_size_is_left_out_and_the_others_count():
    odd = records((0x01, b"\x02\0\0"), (0x10, b"\1\2\3"), (0x0C, b"UVC\0x"), (0x0C, b"2"))
    told = dict(ubiquiti.decode_answer(odd))
    assert (told["ubiquiti.mac"], told["ubiquiti.systemid"], told["ubiquiti.platform"]) == (None, None, "UVC")


def test_ubiquiti_version_two_is_read_and_its_question_is_not():
    told = dict(ubiquiti.decode_answer(records((0x15, b"UVC G4 Pro"), (0x0F, b"\0\x50"), head=b"\x02\x06")))
    assert (told["ubiquiti.answer"], told["ubiquiti.model"], told["ubiquiti.httpport"]) == (
        "version 2", "UVC G4 Pro", "80",
    )  # fmt: skip
    with pytest.raises(DecodeError):
        ubiquiti.decode_answer(records((0x15, b"UVC G4 Pro"), head=b"\x02\x08"))


# tplink, kasa


def test_the_tplink_question_is_the_fixed_one():
    assert tplink.encode_question() == bytes.fromhex("020000010000000000000000463cb5d3")


def test_owner_and_device_id_of_a_tplink_answer_are_never_read():
    assert not {"F" * 32, "0" * 32} & {text for _, text in tplink.decode_answer(capture("tplink/camera"))}


def test_tplink_fields_of_wrong_types_say_nothing():
    result = {"device_type": ["x"], "device_model": "M", "ip": 7, "mac": {}, "mgt_encrypt_schm": {"http_port": 70000}}
    told = tplink.decode_answer(bytes((2,)) + bytes(15) + json.dumps({"result": result}).encode())
    assert {kind: text for kind, text in told if text} == {"tplink.answer": "device_model", "tplink.model": "M"}


def test_a_tplink_answer_that_somebody_kept_without_its_header_tells_the_same():
    whole = capture("tplink/camera")
    assert tplink.decode_answer(whole[16:]) == tplink.decode_answer(whole)
    with pytest.raises(DecodeError):
        tplink.decode_answer(b"{")


def test_place_name_and_account_of_a_kasa_answer_are_never_read():
    told = str(kasa.decode_answer(capture("kasa/camera")))
    assert not any(word in told for word in ("Somewhere", "owner@", "1.5", "88888888"))


def test_the_kasa_question_is_the_system_information_scrambled():
    assert kasa.encode_question()[:4].hex() == "d0f281f8"
    assert kasa.unscrambled(kasa.encode_question()) == b'{"system":{"get_sysinfo":{}}}'


def test_kasa_facts_on_the_first_level_are_read_too():
    told = {"system": {"get_sysinfo": {"mic_type": "IOT.SMARTPLUGSWITCH", "model": "HS110", "mic_mac": "020000000010"}}}
    assert dict(kasa.decode_answer(kasa.scrambled(json.dumps(told).encode()))) == {
        "kasa.answer": "get_sysinfo", "kasa.devicetype": "IOT.SMARTPLUGSWITCH", "kasa.model": "HS110",
        "kasa.mac": "02:00:00:00:00:10",
    }  # fmt: skip


# snmp


def test_the_snmp_question_is_a_get_of_three_texts_with_the_public_community():
    assert encode_get(("1.3.6.1.2.1.1.1.0",), "public", 0x01020304).hex(" ") == (
        "30 29 02 01 01 04 06 70 75 62 6c 69 63 a0 1c 02 04 01 02 03 04 02 01 00 02 01 00 "
        "30 0e 30 0c 06 08 2b 06 01 02 01 01 01 00 05 00"
    )
    io = FakeIO()
    io.run(snmp.PROBE)
    assert all(question.count(b"\x2b\x06\x01\x02\x01\x01") == 3 and b"\xa0" in question for question in io.sent)


def test_each_snmp_run_has_a_request_id_of_its_own():
    runs = [FakeIO(), FakeIO()]
    for io in runs:
        io.run(snmp.PROBE)
    assert runs[0].sent != runs[1].sent


def test_an_snmp_object_that_is_not_there_says_nothing():
    good = capture("snmp/camera")
    told = dict(snmp.decode_system(good.replace(b"\x04\x11axis-", b"\x81\x11axis-")))
    assert "snmp.sysname" not in told
    assert told["snmp.sysobjectid"] == "1.3.6.1.4.1.368.1.2"


@pytest.mark.parametrize(
    "broken", ["3080020101", "3084ffffffff020101", "30030201000406", "300b02010104067075626c6963a200"]
)
def test_an_open_or_overlong_snmp_length_another_version_and_an_empty_response_are_malformed(broken):
    with pytest.raises(DecodeError):
        snmp.decode_system(bytes.fromhex(broken))


def test_an_snmp_identifier_without_an_end_is_malformed():
    with pytest.raises(DecodeError):
        snmp.decode_system(capture("snmp/camera").replace(bytes.fromhex("2b0601040182700102"), b"\xff" * 9))


# dlink


def test_a_dlink_answer_needs_a_whole_model_and_32_bytes():
    good = capture("dlink/camera")
    unended = good.replace(b"DCS-932L\0", b"DCS-932L\n")
    for broken in (good[:31], good.replace(b"DCS-932L", b"DIR-300\0"), unended, good[2:]):
        with pytest.raises(DecodeError):
            dlink.decode_answer(broken)


# tuya


def test_tuya_is_never_asked():
    io = FakeIO(replies=[capture("tuya/plain")])
    assert io.told(tuya.PROBE)
    assert io.sent == []
    assert tuya.PROBE.spec.contact is Contact.LISTEN


def test_an_encrypted_tuya_announcement_says_that_it_was_made():
    frame = bytes.fromhex("000055aa000000000000001300000018") + bytes(range(20)) + bytes.fromhex("0000aa55")
    assert tuya.decode_announcement(frame) == (("tuya.answer", "55aa encrypted"),)
    frame = bytes.fromhex("00006699") + bytes(40) + bytes.fromhex("00009966")
    assert tuya.decode_announcement(frame) == (("tuya.answer", "6699 encrypted"),)


def test_a_return_code_before_the_tuya_payload_is_skipped():
    good = capture("tuya/plain")
    longer = (int.from_bytes(good[12:16], "big") + 4).to_bytes(4, "big")
    assert tuya.decode_announcement(good[:12] + longer + bytes(4) + good[16:]) == tuya.decode_announcement(good)


@pytest.mark.parametrize(
    "broken", ["000055aa0000000000000000000000", "000055aa000000000000000000000004deadbeef", "000066990000"]
)
def test_a_tuya_frame_without_room_for_its_tail_is_malformed(broken):
    with pytest.raises(DecodeError):
        tuya.decode_announcement(bytes.fromhex(broken))


# baichuan, reolink


def test_the_baichuan_question_names_the_port_it_leaves_from_under_cipher_and_checksum():
    io = FakeIO()
    io.run(baichuan.PROBE)
    transmission = int.from_bytes(io.sent[0][12:16], "little")
    assert baichuan.ciphered(io.sent[0][20:], transmission) == (
        b"<P2P><C2D_S><to><port>40000</port></to></C2D_S></P2P>"
    )
    assert baichuan.encode_question(40000, 87)[:20].hex(" ") == (
        "3a cf 87 2a 35 00 00 00 01 00 00 00 57 00 00 00 "
        + baichuan.checksum(baichuan.encode_question(40000, 87)[20:]).to_bytes(4, "little").hex(" ")
    )


def test_cipher_and_checksum_of_baichuan_are_those_that_other_programs_test_against():
    assert baichuan.ciphered(bytes(4), 0).hex() == "4b3c2d1f"
    assert baichuan.ciphered(bytes(4), 1).hex() == "4c3c2d1f"
    assert baichuan.ciphered(bytes(4), 0xFFFFFFFF).hex() == "4a3c2d1f"
    assert baichuan.checksum(b"123456789") == 0x2DFD2D88


def test_a_baichuan_frame_with_another_checksum_and_one_of_a_client_are_no_answers():
    good = bytearray(capture("baichuan/camera"))
    good[16] ^= 1
    for data in (bytes(good), baichuan.encode_question(2015, 5)):
        with pytest.raises(DecodeError):
            baichuan.decode_answer(data)


# sip


def test_the_sip_question_is_options_without_anybodys_name_and_goes_no_further():
    io = FakeIO()
    io.run(sip.PROBE)
    head = io.sent[0].decode("ascii")
    assert head.startswith("OPTIONS sip:device.invalid SIP/2.0\r\nVia: SIP/2.0/UDP netcam.invalid:40000;")
    assert "\r\nMax-Forwards: 0\r\n" in head
    assert head.endswith("Content-Length: 0\r\n\r\n")
    assert not any("@" in line for line in head.split("\r\n") if not line.startswith("Call-ID"))


def test_accounts_in_a_sip_answer_are_never_read():
    assert "frontdoor" not in str(sip.decode_answer(capture("sip/intercom")))


def test_a_sip_refusal_still_names_the_software_and_a_request_does_not_count():
    told = sip.decode_answer(b"SIP/2.0 404 Not Found\r\nSERVER : Asterisk PBX\r\nServer:\r\n\r\n")
    assert told == (("sip.status", "404"), ("sip", "Server: Asterisk PBX"), ("sip.server", "Asterisk PBX"))
    for other in (b"OPTIONS sip:x SIP/2.0\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"SIP/2.0 200 OK\r\nServer: cut"):
        with pytest.raises(DecodeError):
            sip.decode_answer(other)


# netbios


def test_the_netbios_question_is_the_node_status_of_the_wildcard():
    assert netbios.encode_question(7).hex(" ") == (
        "00 07 00 00 00 01 00 00 00 00 00 00 20 43 4b " + "41 " * 30 + "00 00 21 00 01"
    )


def test_netbios_answers_with_a_name_by_reference_and_without_a_mac_are_read():
    good = capture("netbios/host")
    by_reference = good[:12] + b"\xc0\x0c" + good[46:].replace(bytes.fromhex("020000000012"), bytes(6))
    assert dict(netbios.decode_answer(by_reference)) == {
        "netbios.name": "BACKOFFICE", "netbios.group": "WORKGROUP", "netbios.mac": None,
    }  # fmt: skip


def test_more_netbios_names_promised_than_sent_are_malformed():
    good = capture("netbios/host")
    with pytest.raises(DecodeError):
        netbios.decode_answer(good.replace(b"\x03BACKOFFICE", b"\xffBACKOFFICE", 1))


# nx, vision360


def test_an_nx_server_may_call_its_type_application_and_a_client_does_not_count():
    assert nx.decode_answer(b'{"application":"Media Server","version":"2.3.0"}')[0] == ("nx.answer", "Media Server")
    for other in (b'{"type":"Desktop Client","version":"5"}', b'{"reply":{"type":["Media Server"]}}', b"[1]"):
        with pytest.raises(DecodeError):
            nx.decode_answer(other)


def test_360_vision_fields_come_in_any_order_and_one_that_is_no_mac_is_left_out():
    told = dict(vision360.decode_answer(b"DISCOVER ID=77 KEY='NONE' NEW='A B' TYPE=IPDOME\r\n"))
    assert (told["vision360.serial"], told["vision360.mac"], told["vision360.type"]) == ("77", None, "IPDOME")
    with pytest.raises(DecodeError):
        vision360.decode_answer(b"DISCOVER ID=77\r\n")


# nice, zkteco


def test_the_nice_question_names_the_port_it_leaves_from():
    assert nice.encode_question(40000, 7).hex(" ") == "4e 49 43 45 00 07 01 08 00 00 00 00 9c 40"


def test_a_nice_answer_without_a_mac_or_with_less_than_its_record_is_malformed():
    good = capture("nice/encoder")
    for broken in (good[:89], good.replace(bytes.fromhex("020000000015"), bytes(6))):
        with pytest.raises(DecodeError):
            nice.decode_answer(broken)


def test_the_only_zkteco_word_that_is_sent_is_the_first_and_it_is_sent_once():
    io = FakeIO()
    io.run(zkteco.PROBE)
    assert [question.hex(" ") for question in io.sent] == ["e8 03 17 fc 00 00 00 00"]
    assert zkteco.PROBE.spec.optional


def test_a_zkteco_checksum_folds_its_carries():
    assert zkteco.checksum(b"\xff\xff\x01\x00") == 0xFFFE
    assert zkteco.checksum(b"\x01") == 0xFFFE


# the same codecs read what others recorded


@pytest.mark.parametrize(
    ("name", "secret"), [("kasa", "owner"), ("tplink", "F" * 32), ("snmp", "public"), ("sip", "frontdoor")]
)
def test_of_a_recorded_answer_only_what_its_codec_reads_is_kept(name, secret):
    told = list(finer(name, CASES[name][1], decoders()))
    assert [(kind, text.strip()) for kind, text in told if text] == CASES[name][2]
    assert secret not in str(told)


# the emulated devices are encoders of their own


EMULATED = [(profile, protocol) for profile in read_profiles("own-protocols") for protocol in profile.datagrams]
every_emulated = pytest.mark.parametrize(
    ("profile", "protocol"), EMULATED, ids=[f"{profile.name}-{protocol}" for profile, protocol in EMULATED]
)


def said_by(profile, protocol):
    """Every pair that an emulated device's answers to the probe's own questions give."""
    io = FakeIO(ip="192.0.2.51")
    io.run(PROBES[protocol])
    said, facts = profile.datagrams[protocol], profile.facts("192.0.2.51")
    answers = [a for question in io.sent for a in datagrams.protocol(protocol).answer(question, said, facts)]
    if (module := datagrams.announcing(protocol)) is not None:
        answers += module.announcements(said, facts)
    return {kind: text for answer in answers for kind, text in CASES[protocol][0](answer.data) if text}


@every_emulated
def test_what_an_emulated_device_says_is_what_it_is(profile, protocol):
    told = said_by(profile, protocol)
    assert told.get(f"{protocol}.mac", profile.mac) == profile.mac
    assert told.get(f"{protocol}.ip", "192.0.2.51") == "192.0.2.51"
    assert told


@every_emulated
def test_an_emulated_device_answers_nothing_but_the_question(profile, protocol):
    module, said = datagrams.protocol(protocol), profile.datagrams[protocol]
    for noise in (b"", b"\0" * 16, b"reset", bytes(range(64))):
        assert list(module.answer(noise, said, profile.facts("192.0.2.51"))) == []


# topsee


def test_topsee_is_never_asked():
    io = FakeIO(replies=[capture("topsee/camera")])
    assert io.told(topsee.PROBE)
    assert io.sent == []
    assert topsee.PROBE.spec.contact is Contact.LISTEN


@pytest.mark.parametrize("cut", [0, 1, 40, 400])
def test_accounts_and_cloud_codes_of_a_topsee_answer_are_never_read(cut):
    whole = capture("topsee/camera")
    told = [text for _, text in topsee.decode_answer(whole[: len(whole) - cut]) if text]
    assert not [text for text in told if "constructed" in text]


@pytest.mark.parametrize(
    "value",
    [capture("topsee/camera"), capture("topsee/camera")[:-400], b"<Account Username='account-constructed'"],
    ids=("whole", "cut", "fragment"),
)
def test_accounts_of_a_topsee_answer_in_an_input_are_not_kept(value):
    line = json.dumps({"kind": "topsee", "value": value.decode("gb2312"), "ip": "192.0.2.140"})
    (device,), bad = read_observations([line], decoders(), {"topsee"})
    assert not bad
    assert not [o for o in device.observations if "constructed" in o.value]


@pytest.mark.parametrize("code", ["2", "4", "5", "7", "", "33"])
def test_another_topsee_message_is_no_answer(code):
    with pytest.raises(DecodeError):
        topsee.decode_answer(capture("topsee/camera").replace(b'Msg_code="3"', b'Msg_code="%s"' % code.encode()))


def test_a_topsee_question_is_known_as_one():
    with pytest.raises(HeardQuestion):
        topsee.decode_answer(capture("topsee/camera").replace(b'Msg_code="3"', b'Msg_code="1"'))


@pytest.mark.parametrize("broken", [b"<XML_TOPSEE/>", b"<other/>", b"", b"x" * 9000])
def test_a_topsee_answer_without_a_device_is_malformed(broken):
    with pytest.raises(DecodeError):
        topsee.decode_answer(broken)


# llmnr


def test_a_real_llmnr_daemon_tells_its_name():
    assert llmnr.decode_answer(capture("llmnr/llmnrd")) == (("llmnr.name", "shop-pc"),)


@pytest.mark.parametrize(("ip", "asked"), [("192.0.2.9", "9.2.0.192.in-addr.arpa."), ("fe80::1", "1.0.0")])
def test_an_llmnr_question_is_about_one_address(ip, asked):
    message = decode_message(llmnr.encode_question(0x1234, ip_address(ip)))
    ((name, kind),) = message.questions
    assert (message.response, message.records, kind) == (False, (), 12)
    assert name.startswith(asked)
    assert name == ip_address(ip).reverse_pointer + "."


def test_an_llmnr_question_is_known_as_one():
    with pytest.raises(HeardQuestion):
        llmnr.decode_answer(llmnr.encode_question(1, ip_address("192.0.2.9")))


def test_an_llmnr_pointer_of_something_else_is_no_name():
    other = capture("llmnr/pointer").replace(b"\x04arpa", b"\x04test")
    with pytest.raises(DecodeError):
        llmnr.decode_answer(other)


def test_an_llmnr_answer_gives_no_more_names_than_the_limit():
    record = b"%cx\0\0\1\0\1\0\0\0\0\0\4\1\2\3\4"
    many = b"".join(b"\x02" + bytes((65 + n // 20, 65 + n % 20)) + record[3:] for n in range(200))
    assert len(llmnr.decode_answer(b"\0\0\x80\0\0\0\0\xc8\0\0\0\0" + many)) == llmnr.NAME_LIMIT


@given(st.binary(max_size=300))
def test_any_llmnr_bytes_decode_or_name_the_byte(data):
    for message in (data, b"\0\0\x80\0\0\0\0\1\0\0\0\0" + data):
        told = outcome("llmnr", message)
        assert told is None or {kind for kind, text in told if text} == {"llmnr.name"}


def test_llmnr_asks_about_each_host_once():
    io = FakeIO(replies=[capture("llmnr/llmnrd")], ip="192.0.2.7")
    assert io.told(llmnr_probe.PROBE) == [("llmnr.name", "shop-pc")]
    assert [decode_message(m).questions[0][0] for m in io.sent] == ["7.2.0.192.in-addr.arpa."]
