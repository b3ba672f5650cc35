import hashlib
from datetime import UTC

import pytest
from captured import capture

from netcam.errors import DecodeError
from netcam.wire.tls_cert import decode_certificate

GOOD = capture("tls/recorder")
SUBJECT = "C=CN, ST=ZheJiang, L=HangZhou, O=HIKVISION, OU=DVRNVR, CN=www.hikvision.com"


def der(tag, *parts):
    body = b"".join(parts)
    length = bytes((len(body),)) if len(body) < 128 else b"\x82" + len(body).to_bytes(2, "big")
    return bytes((tag,)) + length + body


def name(*attributes):
    return der(0x30, *(der(0x31, der(0x30, der(0x06, oid), der(tag, value))) for oid, tag, value in attributes))


def certificate(subject, validity=(b"260101000000Z", b"360101000000Z")):
    """The smallest certificate that has every field which is walked over."""
    times = der(0x30, *(der(0x17, t) for t in validity))
    return der(0x30, der(0x30, der(0x02, b"\x01"), der(0x30), subject, times, subject, der(0x30)), der(0x30), der(0x03))


def test_names_are_read_in_certificate_order():
    names = decode_certificate(GOOD)
    assert names.subject == names.issuer == SUBJECT
    assert names.san == "DNS:www.hikvision.com, IP:192.0.2.10"
    assert names.fingerprint == hashlib.sha256(GOOD).hexdigest()
    assert names.not_before.tzinfo is UTC
    assert (names.not_after - names.not_before).days == 3650


def test_bytes_after_the_certificate_change_nothing():
    assert decode_certificate(GOOD + b"\0" * 7) == decode_certificate(GOOD)


def test_string_types_and_unknown_attributes_are_shown():
    subject = name(
        (b"\x55\x04\x03", 0x1E, "摄像机".encode("utf-16-be")),
        (b"\x55\x04\x0a", 0x14, b"Soci\xe9t\xe9"),
        (b"\x2a\x03\x04", 0x0C, b"x"),
        (b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", 0x16, b"a@b.example"),
    )
    assert (
        decode_certificate(certificate(subject)).subject == "CN=摄像机, O=Société, 1.2.3.4=x, emailAddress=a@b.example"
    )


def test_dates_that_do_not_exist_are_none_and_the_names_remain():
    names = decode_certificate(certificate(name((b"\x55\x04\x03", 0x0C, b"cam")), (b"000000000000Z", b"junk")))
    assert (names.subject, names.not_before, names.not_after) == ("CN=cam", None, None)


def test_a_length_past_the_container_is_rejected():
    broken = bytearray(certificate(name((b"\x55\x04\x03", 0x0C, b"cam"))))
    broken[broken.index(b"cam") - 1] = 0x7F
    with pytest.raises(DecodeError):
        decode_certificate(bytes(broken))


def test_an_indefinite_length_and_an_oversized_certificate_are_rejected():
    with pytest.raises(DecodeError):
        decode_certificate(b"\x30\x80\x00\x00")
    with pytest.raises(DecodeError):
        decode_certificate(GOOD + bytes(20_000))
