from ipaddress import ip_address

import pytest
from captured import capture

from netcam.errors import DecodeError
from netcam.wire.rtsp import decode_response, encode_describe, encode_options


def test_questions_ask_for_the_root_and_carry_no_login():
    options, describe = encode_options(ip_address("192.0.2.10"), 554), encode_describe(ip_address("fe80::1%eth0"), 8554)
    assert options.startswith(b"OPTIONS rtsp://192.0.2.10:554/ RTSP/1.0\r\nCSeq: 1\r\n")
    assert describe.startswith(b"DESCRIBE rtsp://[fe80::1]:8554/ RTSP/1.0\r\nCSeq: 2\r\n")
    assert b"uthorization" not in options + describe


def test_blanks_and_order_of_the_head_are_kept():
    answer = decode_response(capture("rtsp/options"))
    assert answer.status == 200
    assert answer.public == "OPTIONS, DESCRIBE, PLAY, PAUSE, SETUP, TEARDOWN, SET_PARAMETER, GET_PARAMETER"
    assert "\r\nDate:  Sat, Jan 01 2022 00:00:00 GMT" in answer.block


def test_the_realm_is_read_and_no_nonce_is_kept():
    answer = decode_response(capture("rtsp/describe-401"))
    assert (answer.status, answer.realm, len(answer.challenges)) == (401, "IP Camera(C2875)", 2)
    assert "0123456789abcdef" not in answer.block + "".join(answer.challenges)
    assert 'nonce=""' in answer.block


def test_of_an_open_stream_the_session_name_is_read_and_no_session_number_is_kept():
    answer = decode_response(capture("rtsp/describe-200"))
    assert (answer.server, answer.session_name) == ("Northlight RTSP/2.0", "Northlight Stream")
    assert "12345678" not in answer.block


@pytest.mark.parametrize("raw", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"220 ftp\r\n", b"RTSP/1.0\r\n\r\n"])
def test_another_protocol_is_no_answer(raw):
    with pytest.raises(DecodeError):
        decode_response(raw)
