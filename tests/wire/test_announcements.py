"""SSDP answers, UPnP descriptions and DNS-SD TXT records."""

import pytest
from captured import capture

from netcam.errors import DecodeError
from netcam.wire.mdns_txt import decode_txt, format_txt
from netcam.wire.ssdp import decode_ssdp
from netcam.wire.upnp import decode_description


def said(pairs):
    return {kind: text for kind, text in pairs if text}


def test_an_ssdp_answer():
    assert said(decode_ssdp(capture("ssdp/answer"))) == {
        "ssdp.server": "Linux/4.14.173-axis8, UPnP/1.0, Portable SDK for UPnP devices/1.8.7",
        "ssdp.st": "upnp:rootdevice",
        "ssdp.usn": "uuid:Upnp-BasicDevice-1_0-02000000000D::upnp:rootdevice",
        "ssdp.location": "http://192.0.2.130:49152/rootdesc1.xml",
        "ssdp.uuid": "upnp-basicdevice-1_0-02000000000d",
    }


def test_a_notify_names_its_type_in_nt():
    raw = b"NOTIFY * HTTP/1.1\r\nNT: upnp:rootdevice\r\nServer: x/1\r\n\r\n"
    assert said(decode_ssdp(raw)) == {"ssdp.server": "x/1", "ssdp.st": "upnp:rootdevice"}


def test_header_lines_without_a_first_line_or_last_line_end_are_read():
    assert said(decode_ssdp(b"SERVER: x/1\r\nST: y")) == {"ssdp.server": "x/1", "ssdp.st": "y"}


@pytest.mark.parametrize("raw", [b"M-SEARCH * HTTP/1.1\r\nST: ssdp:all\r\n\r\n", b"", b"hello"])
def test_questions_and_other_text_are_no_answers(raw):
    with pytest.raises(DecodeError):
        decode_ssdp(raw)


def test_a_description_tells_the_root_device_and_not_the_embedded_one():
    told = dict(decode_description(capture("upnp/description")))
    assert (told["upnp.friendlyname"], told["upnp.serial"]) == ("AXIS M0000 - 02000000000D", "02000000000D")
    assert told["upnp.uuid"] == "upnp-basicdevice-1_0-02000000000d"
    assert told["upnp.manufacturerurl"] == "http://www.axis.com/"


def test_a_device_without_its_root_is_read():
    assert dict(decode_description(b"<device><modelName>NL-220</modelName></device>")) == {"upnp.modelname": "NL-220"}


def test_the_firmware_that_belkin_adds_to_a_description_is_read():
    raw = b"<root><device><firmwareVersion>WeMo_NetCam_WW_2.00.10684.PVT</firmwareVersion></device></root>"
    assert dict(decode_description(raw)) == {"upnp.firmware": "WeMo_NetCam_WW_2.00.10684.PVT"}


def test_txt_pairs_are_sorted_and_the_first_of_a_repeated_key_counts():
    record = b"\x03b=1\x03a=2\x03b=3\x04flag\x02=x"
    assert decode_txt(record) == {"b": "1", "a": "2", "flag": ""}
    assert format_txt(decode_txt(record)) == "a=2; b=1; flag="
    assert format_txt({}) is None


def test_a_txt_length_past_the_record_is_rejected_at_its_offset():
    with pytest.raises(DecodeError) as caught:
        decode_txt(b"\x03a=1\x09b=2")
    assert caught.value.offset == 5


def test_a_flood_of_txt_keys_is_bounded():
    assert len(decode_txt(b"".join(bytes((len(t),)) + t for t in (b"k%d=1" % n for n in range(500))))) == 64
