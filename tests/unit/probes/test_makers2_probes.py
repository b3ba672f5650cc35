"""Search protocols of single makers: what an answer says, what is refused, and that only the search can be asked."""

import base64
import json
import re
import struct

import pytest
from captured import capture
from fake_io import FakeIO
from hypothesis import given, settings
from hypothesis import strategies as st

from netcam.demo import datagrams
from netcam.demo.profile import load_profiles
from netcam.errors import DecodeError
from netcam.pipeline import identify
from netcam.probes import decoders
from netcam.probes.vendor import foscam, hanwha, ipro, sony, vivotek, vstarcam

IPRO, HANWHA = capture("ipro/camera"), capture("hanwha/camera")
VIVOTEK, FOSCAM = capture("vivotek/camera"), capture("foscam/plain")
MASKED, SONY = capture("foscam/masked"), capture("sony/camera")
VSTARCAM = capture("vstarcam/camera")
# Composite kind -> a whole answer; the probe's module has the same name.
ANSWERS = {
    "ipro": IPRO, "hanwha": HANWHA, "vivotek": VIVOTEK, "foscam": FOSCAM, "sony": SONY, "vstarcam": VSTARCAM,
}  # fmt: skip
MODULES = {
    "ipro": ipro, "hanwha": hanwha, "vivotek": vivotek, "foscam": foscam, "sony": sony, "vstarcam": vstarcam,
}  # fmt: skip
# Protocol -> emulated devices that speak it.
SPEAKERS = {
    "ipro": ["ipro-camera", "ipro-recorder"],
    "hanwha": ["hanwha-dome"],
    "vivotek": ["vivotek-camera"],
    "foscam": ["foscam-camera", "foscam-camera-masked"],
    "sony": ["sony-box"],
    "vstarcam": ["vstarcam-camera"],
}

every_protocol = pytest.mark.parametrize("name", ANSWERS)


def said(name, data):
    """(kind, text) pairs without the empty ones, as they would be observed."""
    return {kind: text for kind, text in decoders()[name](data) if text}


def refused_at(name, data):
    with pytest.raises(DecodeError) as caught:
        decoders()[name](data)
    assert caught.value.protocol == name
    assert 0 <= caught.value.offset <= len(data)
    return caught.value.offset


def questions(name):
    io = FakeIO()
    io.run(MODULES[name].PROBE)
    return io.sent


def outcome(name, data):
    try:
        return decoders()[name](data)
    except DecodeError as error:
        assert 0 <= error.offset <= len(data)  # noqa: PT017 - decoding is as good an outcome
        return ()


# Every protocol


@every_protocol
def test_an_answer_gives_declared_kinds_and_says_that_the_protocol_was_spoken(name):
    told = said(name, ANSWERS[name])
    assert told.keys() <= MODULES[name].PROBE.spec.emits
    assert told[f"{name}.answer"]


@every_protocol
def test_a_neighbour_that_answers_junk_hides_nobody(name):
    io = FakeIO(replies=[ANSWERS[name], b"junk", b"", ANSWERS[name]])
    seen = io.run(MODULES[name].PROBE)
    assert {str(o.endpoint.ip) for o in seen} == {"192.0.2.10", "192.0.2.13"}
    assert [status for status, _ in io.runs] == ["answered", "malformed", "malformed", "answered"]


@every_protocol
def test_the_question_is_asked_twice_and_is_no_answer(name):
    asked = questions(name)
    assert len(asked) == 2
    for question in asked:
        refused_at(name, question)


@every_protocol
def test_the_questions_and_answers_of_the_others_are_refused(name):
    for other in ANSWERS.keys() - {name}:
        refused_at(name, ANSWERS[other])
        refused_at(name, questions(other)[0])


@every_protocol
def test_an_answer_cut_at_any_byte_is_refused_or_says_nothing_shortened(name):
    whole = said(name, ANSWERS[name])
    for cut in range(len(ANSWERS[name])):
        for kind, text in outcome(name, ANSWERS[name][:cut]):
            assert text in (None, "", whole.get(kind))


@every_protocol
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_cut_answer_with_a_strange_tail_decodes_or_names_the_byte(name, data):
    good = ANSWERS[name]
    cut = data.draw(st.integers(0, len(good)))
    outcome(name, good[:cut] + data.draw(st.binary(max_size=64)) + good[cut : data.draw(st.integers(cut, len(good)))])


@every_protocol
@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_one_changed_byte_decodes_or_names_the_byte(name, at, byte):
    good = bytearray(ANSWERS[name])
    good[at % len(good)] = byte
    outcome(name, bytes(good))


@every_protocol
@settings(max_examples=40, deadline=None)
@given(noise=st.binary(max_size=300))
def test_noise_decodes_or_names_the_byte(name, noise):
    outcome(name, noise)


@every_protocol
def test_more_than_four_kilobytes_is_refused(name):
    assert refused_at(name, ANSWERS[name] + bytes(4096)) == 4096


@every_protocol
def test_what_an_emulated_device_answers_is_decoded_to_its_truth(name):
    """The encoders of the emulator know nothing of the decoders."""
    for profile in load_profiles(*SPEAKERS[name]):
        facts = profile.facts("192.0.2.77")
        answers = [
            a
            for question in questions(name)[:1]
            for a in datagrams.protocol(name).answer(question, profile.datagrams[name], facts)
        ]
        assert len(answers) == 1
        told = said(name, answers[0].data)
        assert told.get(f"{name}.mac") == profile.mac
        assert told.get(f"{name}.ip", "192.0.2.77") == "192.0.2.77"
        for field in ("model", "firmware", "serial"):
            if f"{name}.{field}" in MODULES[name].EMITS:
                assert told[f"{name}.{field}"] == getattr(profile.truth, field), (profile.name, field)
        for junk in (b"", b"\0" * 300, answers[0].data):
            assert list(datagrams.protocol(name).answer(junk, profile.datagrams[name], facts)) == []


@every_protocol
def test_an_answer_that_somebody_else_recorded_is_read_by_the_same_codec(name, knowledge):
    line = {"kind": name, "value": base64.b64encode(ANSWERS[name]).decode(), "encoding": "base64", "ip": "192.0.2.1"}
    [(intake, _)], bad = identify([json.dumps(line)], knowledge)
    assert bad == []
    assert {o.kind: o.value for o in intake.observations if o.kind != name} == said(name, ANSWERS[name])


# i-PRO and Panasonic


def ipro_answer(*fields, message=b"\0\x0e", extra=b""):
    """A whole answer with a right length and checksum around these fields."""
    told = b"".join(struct.pack(">HH", tag, len(value)) + value for tag, value in fields) + b"\xff\xff" + extra
    body = message + IPRO[6:48] + told
    data = b"\0\1" + struct.pack(">H", len(body) + 6 - 52) + body
    return data + struct.pack(">H", (sum(data) + 1) % 65536)


def test_ipro_answers_become_observations():
    assert FakeIO(replies=[IPRO]).told(ipro.PROBE) == [
        ("ipro.answer", "000e"),
        ("ipro.model", "WV-X0000"),
        ("ipro.name", "WV-X0000"),
        ("ipro.firmware", "3.67"),
        ("ipro.serial", "ABC00001"),
        ("ipro.mac", "02:00:00:00:00:06"),
        ("ipro.ip", "192.0.2.60"),
        ("ipro.httpport", "80"),
    ]


def test_the_ipro_question_is_the_documented_one_with_its_checksum():
    question = ipro.encode_question()
    assert len(question) == 94
    assert question[:6] == bytes.fromhex("0001 002a 000d")
    assert question[22:50] == bytes.fromhex("00002011 1e11231f 1e1913 00000201" + "00" * 11 + "fff0")
    assert question[50:92] == bytes.fromhex(
        "0026 0020 0021 0022 0023 0025 0028 0040 0041 0042 0044 00a5 00a6 00a7 00a8 00ad 00b3 00b4 00b7 00b8 ffff"
    )
    assert question[92:] == struct.pack(">H", (sum(question[:92]) + 1) % 65536)


def test_the_ipro_checksum_is_that_of_the_documented_answer():
    assert ipro.checksum(IPRO[:-2]) == 0x1401


def test_an_ipro_answer_with_any_other_checksum_is_refused_there():
    for wrong in (b"\0\0", b"\x14\x02", b"\x01\x14"):
        assert refused_at("ipro", IPRO[:-2] + wrong) == len(IPRO) - 2


@pytest.mark.parametrize("message", [b"\0\2", b"\0\4", b"\0\x0d", b"\0\x0f"])
def test_other_ipro_messages_are_refused(message):
    assert refused_at("ipro", ipro_answer((0xA8, b"WV-X1"), message=message)) == 4


def test_an_ipro_field_past_its_message_and_a_missing_end_are_refused():
    assert refused_at("ipro", IPRO.replace(b"\x00\xa9\x00\x10", b"\x00\xa9\x7f\xff")) > 48
    endless = ipro_answer((0xA8, b"WV-X1")).replace(b"\xff\xff", b"\xff\xfe")
    refused_at("ipro", endless)


def test_of_a_repeated_ipro_tag_the_first_counts_and_unknown_and_odd_ones_say_nothing():
    odd = ipro_answer((0x7777, b"x"), (0xA8, b"WV-X1\0\0"), (0xA8, b"WV-X2"), (0x20, b"123"), (0x25, b""))
    assert said("ipro", odd) == {"ipro.answer": "000e", "ipro.model": "WV-X1", "ipro.mac": "02:00:00:00:00:06"}


def test_an_ipro_recorder_tells_its_channels_and_wants_its_byte_in_the_question():
    (recorder,) = load_profiles("ipro-recorder")
    ask = datagrams.protocol("ipro").answer
    (answer,) = ask(ipro.encode_question(), recorder.datagrams["ipro"], recorder.facts("192.0.2.7"))
    assert said("ipro", answer.data)["ipro.channels"] == "64"
    assert said("ipro", answer.data)["ipro.name"] == "Back office"
    older = bytearray(ipro.encode_question())
    older[35] = 0
    assert list(ask(bytes(older), recorder.datagrams["ipro"], recorder.facts("192.0.2.7"))) == []


def test_broadcast_equipment_of_the_same_protocol_is_not_called_cctv(knowledge):
    data = base64.b64encode(ipro_answer((0xA8, b"AW-HE40"))).decode()
    [(_, device)], _ = identify([json.dumps({"kind": "ipro", "value": data, "encoding": "base64"})], knowledge)
    assert device.is_cctv is not True
    assert device.manufacturer.id == "panasonic"


def test_no_message_number_but_the_searchs_can_be_asked():
    for question in questions("ipro"):
        assert re.match(rb"\x00\x01..\x00\x0d", question, re.S)


# Hanwha


def test_hanwha_answers_become_observations():
    assert FakeIO(replies=[HANWHA]).told(hanwha.PROBE) == [
        ("hanwha.answer", "0b"),
        ("hanwha.model", "XNV-0000R"),
        ("hanwha.mac", "02:00:00:00:00:05"),
        ("hanwha.ip", "192.0.2.50"),
    ]


def test_the_hanwha_question_is_its_number_and_zeros():
    assert hanwha.encode_question() == b"\x01" + bytes(261)


def test_a_hanwha_answer_is_read_up_to_its_last_known_field_and_may_be_longer():
    assert said("hanwha", HANWHA[:0xAC]) == said("hanwha", HANWHA) == said("hanwha", HANWHA + bytes(400))
    assert refused_at("hanwha", HANWHA[:0xAB]) == 0xAB


def test_a_hanwha_answer_without_a_mac_in_its_place_is_refused_there():
    for other in (b"00:00:00:00:00:00\0", b"not a mac address\0", bytes(18)):
        assert refused_at("hanwha", HANWHA[:0x13] + other + HANWHA[0x25:]) == 0x13


@pytest.mark.parametrize(
    ("field", "model"), [(b"XND-8081RV\0", "XND-8081RV"), (b"XND-A9084RV", None), (bytes(11), None)]
)
def test_a_hanwha_model_that_goes_on_after_its_field_is_left_out(field, model):
    told = said("hanwha", HANWHA[:0x6D] + field + HANWHA[0x6D + 11 :])
    assert told.get("hanwha.model") == model
    assert told["hanwha.mac"] == "02:00:00:00:00:05"


def test_a_hanwha_address_that_is_none_is_left_out():
    assert "hanwha.ip" not in said("hanwha", HANWHA.replace(b"192.0.2.50\0", b"192.0.2.500", 1))


# Vivotek


def test_vivotek_answers_become_observations():
    assert FakeIO(replies=[VIVOTEK]).told(vivotek.PROBE) == [
        ("vivotek.answer", "4a5d8f1c"),
        ("vivotek.model", "FD0000"),
        ("vivotek.name", "Lobby"),
        ("vivotek.mac", "02:00:00:00:00:07"),
        ("vivotek.ip", "192.0.2.70"),
        ("vivotek.httpport", "80"),
    ]


def test_the_vivotek_question_is_a_session_byte_and_the_magic():
    assert vivotek.encode_question()[1:] == bytes.fromhex("4a5d8f1c")
    assert len(vivotek.encode_question()) == 5


def test_a_vivotek_answer_of_another_session_is_read_and_another_magic_is_refused():
    assert said("vivotek", b"\xff" + VIVOTEK[1:]) == said("vivotek", VIVOTEK)
    assert refused_at("vivotek", VIVOTEK[:4] + b"\x1d" + VIVOTEK[5:]) == 1


def test_a_vivotek_field_past_the_end_is_refused_where_its_value_begins():
    assert refused_at("vivotek", VIVOTEK[:5] + b"\x09\x40FD0000") == 7


def test_the_vivotek_field_without_length_shifts_nothing_whatever_its_value():
    for value in (b"\x00", b"\xff"):
        assert said("vivotek", VIVOTEK.replace(b"\x04\x1b", b"\x04" + value)) == said("vivotek", VIVOTEK)


def test_vivotek_fields_of_odd_sizes_say_nothing_and_of_repeated_ones_the_first_counts():
    odd = VIVOTEK[:5] + b"\x09\x02FD\x09\x02XX\x02\x05\x02\0\0\0\0\x03\x02\xc0\0\x06\x01P\x77\x00"
    assert said("vivotek", odd) == {"vivotek.answer": "4a5d8f1c", "vivotek.model": "FD"}


# Foscam


def test_foscam_answers_become_observations():
    assert FakeIO(replies=[FOSCAM]).told(foscam.PROBE) == [
        ("foscam.answer", "MO_I"),
        ("foscam.name", "Shop cam"),
        ("foscam.firmware", "1.4.1.8"),
        ("foscam.webversion", "2.0.0.1"),
        ("foscam.mac", "02:00:00:00:00:08"),
        ("foscam.ip", "192.0.2.80"),
        ("foscam.httpport", "88"),
    ]


def test_a_masked_foscam_answer_says_the_same_as_the_plain_one():
    assert MASKED[23:] != FOSCAM[23:]
    assert said("foscam", MASKED) == said("foscam", FOSCAM)


def test_a_foscam_mask_of_another_key_or_kind_gives_no_garbage():
    assert refused_at("foscam", MASKED[:7] + b"\x7f" * 8 + MASKED[15:]) == 23
    assert refused_at("foscam", MASKED[:6] + b"\2" + MASKED[7:]) == 6
    assert refused_at("foscam", FOSCAM[:6] + b"\1" + bytes(8) + FOSCAM[15:23] + b"\0" * 64) == 23


def test_a_foscam_answer_cut_at_any_byte_is_refused_masked_or_not():
    for whole in (FOSCAM, MASKED):
        for cut in range(len(whole)):
            refused_at("foscam", whole[:cut])


def test_a_longer_foscam_answer_is_read_like_the_known_one():
    assert said("foscam", FOSCAM + b"more") == said("foscam", FOSCAM)
    assert said("foscam", MASKED + b"more") == said("foscam", FOSCAM)


def test_the_foscam_question_is_the_documented_one():
    assert foscam.encode_question() == b"MO_I" + bytes(11) + b"\4\0\0\0\0\0\0\0\0\0\0\1"


@pytest.mark.parametrize("kind", [0, 2, 3, 4])
def test_other_foscam_messages_are_refused(kind):
    assert refused_at("foscam", FOSCAM[:4] + bytes((kind, 0)) + FOSCAM[6:]) == 4
    assert foscam.encode_question()[4:6] == b"\0\0"


# Sony


def test_sony_answers_become_observations():
    assert FakeIO(replies=[SONY]).told(sony.PROBE) == [
        ("sony.answer", "allinfo"),
        ("sony.model", "SNC-XX000"),
        ("sony.serial", "0000001"),
        ("sony.firmware", "3.0.0"),
        ("sony.mac", "02:00:00:00:00:09"),
        ("sony.ip", "192.0.2.90"),
        ("sony.httpport", "80"),
    ]


def test_the_sony_question_asks_for_all_information_and_nothing_else():
    assert sony.encode_question() == b"\x02ENQ:allinfo\xff\x03"


def test_a_sony_answer_without_start_end_or_device_is_refused():
    assert refused_at("sony", SONY[1:]) == 0
    assert refused_at("sony", SONY[:-1]) == len(SONY) - 1
    assert refused_at("sony", b"\x02INFO:allinfo\xff\x03") == 1
    assert refused_at("sony", b"\x02\xff\x03") == 1


def test_sony_lines_come_in_any_order_and_of_a_repeated_one_the_first_counts():
    lines = SONY[1:-2].split(b"\xff")
    turned = b"\xff".join((*reversed(lines), b"MODEL:SNC-YY000", b"junk", b"", b"\x03"))
    assert said("sony", b"\x02" + turned) == said("sony", SONY)


def test_sony_numbers_and_addresses_that_are_none_say_nothing():
    odd = b"\x02MODEL:SNC-XX000\xffMAC:not one\xffIPADR:1.2.3\xffWEBPORT:80a\xffSERIAL:\xff\x03 and more"
    assert said("sony", odd) == {"sony.answer": "allinfo", "sony.model": "SNC-XX000"}


# VStarcam


def test_vstarcam_answers_become_observations():
    assert FakeIO(replies=[VSTARCAM]).told(vstarcam.PROBE) == [
        ("vstarcam.answer", "44480108"),
        ("vstarcam.name", "IPCAM"),
        ("vstarcam.firmware", "10.1.2.3"),
        ("vstarcam.serial", "VSTA000000AAAAA"),
        ("vstarcam.mac", "02:00:00:00:00:0a"),
        ("vstarcam.ip", "192.0.2.100"),
        ("vstarcam.httpport", "8080"),
    ]


def test_no_byte_of_a_vstarcam_account_changes_what_is_said():
    cut = VSTARCAM[:0xEC]
    full = cut[:0xCC] + b"10.1.2.3".ljust(32, b"x")  # a firmware text without an end
    for head in (cut, full):
        for tail in (b"owner".ljust(32, b"\0") + b"hidden".ljust(32, b"\0"), b"\xff" * 300):
            assert said("vstarcam", head + tail) == said("vstarcam", head)
            assert "owner" not in str(said("vstarcam", head + tail))


def test_a_recorded_vstarcam_answer_leaves_no_account_in_a_report(knowledge):
    (profile,) = load_profiles("vstarcam-camera")
    facts = profile.facts("192.0.2.7")
    (answer,) = datagrams.protocol("vstarcam").answer(vstarcam.encode_question(), {}, facts)
    secret = datagrams.protocol("vstarcam").ACCOUNT
    assert secret.encode() in answer.data
    for data in (answer.data, b"DH\1\7" + answer.data[4:], answer.data[1:]):
        line = {"kind": "vstarcam", "value": base64.b64encode(data).decode(), "encoding": "base64"}
        found, bad = identify([json.dumps(line)], knowledge)
        assert (bad, len(found)) == ([], 1)
        assert secret not in repr(found)


def test_the_vstarcam_question_is_four_bytes_and_other_messages_are_refused():
    assert vstarcam.encode_question() == bytes.fromhex("44480101")
    for other in (b"DH\1\2", b"DH\1\1", b"DH\2\x08"):
        assert refused_at("vstarcam", other + VSTARCAM[4:]) == 0


def test_a_vstarcam_answer_that_ends_before_its_account_is_read_and_a_shorter_one_refused():
    assert said("vstarcam", VSTARCAM[:0xEC]) == said("vstarcam", VSTARCAM)
    assert refused_at("vstarcam", VSTARCAM[:0xEB]) == 0xEB


# Vivotek and Foscam on one port


def test_devices_that_share_a_port_with_another_makers_are_told_apart():
    both = FakeIO(replies=[VIVOTEK, FOSCAM])
    assert {o.kind.partition(".")[0] for o in both.run(vivotek.PROBE)} == {"vivotek"}
    assert [status for status, _ in both.runs] == ["answered", "malformed"]
    both = FakeIO(replies=[VIVOTEK, FOSCAM])
    assert {o.kind.partition(".")[0] for o in both.run(foscam.PROBE)} == {"foscam"}
    assert [status for status, _ in both.runs] == ["malformed", "answered"]
