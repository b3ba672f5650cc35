import pytest
from captured import capture

from netcam.errors import DecodeError
from netcam.wire import onvif
from netcam.wire.xml import read_xml


@pytest.mark.parametrize("call", onvif.CALLS)
def test_a_call_is_one_element_in_a_body_after_an_empty_header(call):
    root = read_xml(onvif.encode_call(call), protocol="test")
    header, body = root.children
    assert (root.name, header.name, header.children, body.name) == ("Envelope", "Header", [], "Body")
    assert [child.name for child in body.children] == [call]


@pytest.mark.parametrize(
    "call", ["SetSystemDateAndTime", "SystemReboot", "GetUsers", "GetProfiles", "GetSnapshotUri", ""]
)
def test_no_other_call_can_be_encoded(call):
    with pytest.raises(KeyError):
        onvif.encode_call(call)


@pytest.mark.parametrize(
    ("name", "pairs"),
    [
        (
            "services",
            {"onvif.namespaces": "http://www.onvif.org/ver10/device/wsdl http://www.onvif.org/ver10/media/wsdl"},
        ),
        ("hostname", {"onvif.hostname": "shop-door"}),
        ("clock", {"onvif.datetime": "2026-01-15T09:30:05Z"}),
        ("not-authorized", {"onvif.fault": "ter:NotAuthorized"}),
        (
            "device-information",
            {
                "onvif.manufacturer": "Northlight",
                "onvif.model": "NL-220",
                "onvif.firmware": "4.2.1",
                "onvif.serial": "NL0000001",
                "onvif.hardwareid": "1.0",
            },
        ),
    ],
)
def test_answers(name, pairs):
    assert dict(onvif.decode_answer(capture(f"onvif/{name}"))) == pairs


def test_an_impossible_date_is_no_date():
    raw = capture("onvif/clock").replace(b"<tt:Month>1<", b"<tt:Month>13<")
    assert onvif.decode_answer(raw) == ()


def test_a_local_time_has_no_zone():
    raw = capture("onvif/clock").replace(b"UTCDateTime", b"LocalDateTime")
    assert onvif.decode_answer(raw) == (("onvif.datetime", "2026-01-15T09:30:05"),)


def test_a_soap_1_1_fault_is_a_fault():
    raw = b"<E><Body><Fault><faultcode>SOAP-ENV:Client</faultcode></Fault></Body></E>"
    assert onvif.decode_answer(raw) == (("onvif.fault", "SOAP-ENV:Client"),)


@pytest.mark.parametrize(
    "text",
    [
        '{"Manufacturer": "Northlight", "Model": "NL-220", "FirmwareVersion": "4.2.1"}',
        "DeviceInfo(manufacturer='Northlight', model='NL-220', fw_version='4.2.1')",
        "Manufacturer: Northlight\nModel: NL-220\nFirmwareVersion: 4.2.1\n",
    ],
)
def test_device_information_is_read_as_tools_keep_it(text):
    assert dict(onvif.decode_device_information(text.encode())) == {
        "onvif.manufacturer": "Northlight",
        "onvif.model": "NL-220",
        "onvif.firmware": "4.2.1",
    }


def test_a_web_page_is_no_answer():
    with pytest.raises(DecodeError, match="html"):
        onvif.decode_answer(b"<html><body>404</body></html>")
