"""Every decoder, against every cut of a good message and against noise: it decodes, or names the byte that failed."""

import pytest
from captured import capture
from hypothesis import given, settings
from hypothesis import strategies as st

from netcam.errors import DecodeError
from netcam.probes.vendor.dhip import decode_notify
from netcam.probes.vendor.isapi import decode_device_info
from netcam.probes.vendor.sadp import decode_match
from netcam.wire import composite
from netcam.wire.http_head import decode_head
from netcam.wire.mdns_txt import decode_txt
from netcam.wire.onvif import decode_answer
from netcam.wire.rtsp import decode_response
from netcam.wire.tls_cert import decode_certificate
from netcam.wire.xml import read_xml

CASES = {
    "sadp": (decode_match, capture("sadp/recorder")),
    "dhip": (decode_notify, capture("dhip/camera")),
    "isapi": (decode_device_info, capture("isapi/device-info")),
    "onvif.probematch": (composite.DECODERS["onvif.probematch"], capture("ws-discovery/camera")),
    "onvif.deviceinfo": (composite.DECODERS["onvif.deviceinfo"], capture("onvif/device-information")),
    "onvif.scopes": (
        composite.DECODERS["onvif.scopes"],
        b"onvif://www.onvif.org/name/NL%20220 onvif://www.onvif.org/MAC/x",
    ),
    "onvif.clock": (decode_answer, capture("onvif/clock")),
    "onvif.fault": (decode_answer, capture("onvif/not-authorized")),
    "ssdp": (composite.DECODERS["ssdp"], capture("ssdp/answer")),
    "upnp.xml": (composite.DECODERS["upnp.xml"], capture("upnp/description")),
    "http": (decode_head, capture("http/camera-401")),
    "rtsp": (decode_response, capture("rtsp/describe-401")),
    "x509": (decode_certificate, capture("tls/recorder")),
    "txt": (decode_txt, b"\x17macaddress=02000000000D\x03a=b"),
    "xml": (lambda data: read_xml(data, protocol="xml"), capture("ws-discovery/camera")),
}
every_decoder = pytest.mark.parametrize("name", CASES)


def outcome(name, data):
    """What the decoder says, or None when it named the byte that failed; anything else is a failure of the test."""
    decode, _ = CASES[name]
    try:
        result = decode(data)
    except DecodeError as error:
        assert 0 <= error.offset <= len(data)  # noqa: PT017 - decoding is as good an outcome
        return None
    return result


@every_decoder
def test_the_whole_message_decodes(name):
    assert outcome(name, CASES[name][1])


@every_decoder
def test_a_message_cut_at_any_byte_decodes_or_names_the_byte(name):
    good = CASES[name][1]
    for cut in range(len(good)):
        outcome(name, good[:cut])


@every_decoder
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_cut_message_with_a_strange_tail_decodes_or_names_the_byte(name, data):
    good = CASES[name][1]
    cut = data.draw(st.integers(0, len(good)))
    outcome(name, good[:cut] + data.draw(st.binary(max_size=64)) + good[cut : data.draw(st.integers(cut, len(good)))])


@every_decoder
@settings(max_examples=40, deadline=None)
@given(noise=st.binary(max_size=300))
def test_noise_decodes_or_names_the_byte(name, noise):
    outcome(name, noise)


@every_decoder
@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_one_changed_byte_decodes_or_names_the_byte(name, at, byte):
    good = bytearray(CASES[name][1])
    good[at % len(good)] = byte
    outcome(name, bytes(good))


@pytest.mark.parametrize("name", ["sadp", "dhip"])
def test_a_cut_answer_never_gives_a_shortened_text(name):
    decode, good = CASES[name]
    whole = dict(decode(good))
    for cut in range(len(good)):
        for kind, text in outcome(name, good[:cut]) or ():
            # counts are one text of several numbers, so theirs may lack the later ones
            assert text in (None, whole[kind]) or kind.endswith(".channels")
