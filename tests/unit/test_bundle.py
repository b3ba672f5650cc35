"""A device fit to be sent to strangers: none of its own marks is left, and the engine still sees the same device."""

import io
import json
import re
import zipfile
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from netcam.bundle import bundle, pack
from netcam.masked import Mask
from netcam.pipeline import identify, rejudge, report_of
from netcam.report.explain import find_device
from netcam.report.to_json import dump

HIKVISION = "4419b6"
tails = st.text("0123456789abcdef", min_size=6, max_size=6).filter(lambda t: len(set(t)) > 2 and re.search("[a-f]", t))
v4 = st.integers(0x0B000000, 0xBFFFFFFF).map(IPv4Address).filter(lambda i: not i.is_loopback and not i.is_unspecified)
v6 = st.integers(1 << 120, 1 << 127).map(IPv6Address)
letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
serials = st.from_regex(rf"[{letters}]{{2}}[0-9]{{6}}[{letters}]{{3}}[0-9]{{3}}", fullmatch=True)


def spellings(mac):
    """A MAC in every way that devices write it."""
    pairs = [mac[i : i + 2] for i in range(0, 12, 2)]
    dotted = ".".join(mac[i : i + 4] for i in range(0, 12, 4))
    lower = (":".join(pairs), "-".join(pairs), " ".join(pairs), dotted, mac)
    return (*lower, *(s.upper() for s in lower))


def report(knowledge, lines):
    found, bad = identify([json.dumps({"device": "one"} | line) for line in lines], knowledge)
    assert not bad
    return report_of(found, knowledge)


def bundled(knowledge, lines):
    whole = report(knowledge, lines)
    return whole, bundle(whole, whole.devices[0], knowledge)


def answer(device):
    return (
        device.manufacturer and device.manufacturer.id, device.brand and device.brand.id, device.model, device.firmware,
        device.device_type, device.is_cctv,
    )  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(tail=tails, ip=v4, other=v4, six=v6, serial=serials, host=st.from_regex("[a-z]{3,6}-[0-9]{3,5}", fullmatch=True))
@example(tail="0a0001", ip=IPv4Address("192.0.2.1"), other=IPv4Address("10.9.8.7"), six=IPv6Address("2001:db8::1"),
         serial="XQ729481XQZ729", host="host-1234")  # fmt: skip
def test_no_mark_of_the_device_is_left_and_the_answer_stays(knowledge, tail, ip, other, six, serial, host):
    assume(len({ip, other}) == 2)
    mac, model = HIKVISION + tail, "DS-2CD2046G2-IU"
    uuid = f"4d454930-0000-1000-8000-{mac}"
    own = f"{model}20210101AAWR{serial[2:8]}"
    texts = [
        {"kind": "http.server", "value": "App-webs/", "port": "tcp/80"},
        {"kind": "sadp.model", "value": model},
        {"kind": "sadp.firmware", "value": "V5.7.1build 210625"},
        {"kind": "sadp.mac", "value": spellings(mac)[6]},
        {"kind": "sadp.serial", "value": own},
        {"kind": "sadp.ip", "value": str(other)},
        {"kind": "onvif.uuid", "value": f"urn:uuid:{uuid}"},
        {"kind": "onvif.xaddrs", "value": f"http://{ip}/onvif/device_service http://[{six.exploded.upper()}]/onvif"},
        {"kind": "onvif.hostname", "value": host},
        {"kind": "tls.subject", "value": f"CN={host}.shop.local, serialNumber={serial}"},
        {"kind": "tls.fingerprint", "value": (mac + serial.lower().encode().hex() * 3)[:64]},
        {"kind": "rtsp.realm", "value": f'Digest realm="IP Camera({mac.upper()})"'},
        {"kind": "http.wwwauth", "value": f'Digest realm="{uuid.upper()}", qop="auth"'},
        {"kind": "http.title", "value": f"Camera {serial} at {ip} ({host})"},
        {"kind": "telnet", "value": "\n".join([f"{s} {ip}-{other} {six} sn:{own}x{serial}" for s in spellings(mac)])},
        {"kind": "port-banner", "value": f"tail {tail.upper()} id=ABCD-123456-ABCDE {str(ip).replace('.', '-')}.arpa"},
    ]
    whole, made = bundled(knowledge, [{"ip": str(ip)} | t for t in texts])
    data = dump(made.report).decode().lower()
    secrets = [
        *spellings(mac), tail, uuid, own, serial, host, str(six), six.exploded, "ABCD-123456-ABCDE",
        texts[10]["value"], whole.devices[0].id,
    ]  # fmt: skip
    assert [s for s in secrets if s.lower() in data] == []
    # An address of the documentation ranges may be another's stand-in.
    mine = [i for i in (ip, other) if not str(i).startswith(("192.0.2.", "198.18."))]
    assert [i for i in mine if re.search(rf"(?<![0-9.]){re.escape(str(i))}(?![0-9.])", data)] == []
    assert made.changed == ()
    assert answer(made.report.devices[0]) == answer(whole.devices[0])
    assert answer(rejudge(made.report, knowledge).devices[0]) == answer(whole.devices[0])
    assert made.report.devices[0].mac.startswith("44:19:b6:")
    assert made.report.devices[0].oui_registrant == whole.devices[0].oui_registrant


def test_one_secret_has_one_stand_in_in_every_spelling(knowledge):
    mask = Mask()
    mask.mac("44:19:b6:12:ab:ef")
    made = [mask.text(f"x {s} y")[2:-2] for s in spellings("4419b612abef")]
    assert len({re.sub("[^0-9a-f]", "", m.lower()) for m in made}) == 1
    assert [re.sub("[0-9a-fA-F]", "_", m) for m in made] == [
        re.sub("[0-9a-fA-F]", "_", s) for s in spellings("4419b612abef")
    ]
    assert mask.text("12ABEF") == made[-1][6:]


def test_a_small_block_keeps_as_much_as_tells_its_owner():
    mask = Mask(block=lambda digits: 9)
    mask.mac("70:b3:d5:12:3a:bc")
    assert mask.text("70:b3:d5:12:3a:bc").startswith("70:b3:d5:12:3")
    assert not mask.text("70:b3:d5:12:3a:bc").endswith("a:bc")


@pytest.mark.parametrize(
    "text",
    ["App-webs/", "Server/5.4.0.12", "V4.30.0.1", "Firmware version 2.8.0.1", "TP-LINK_1.2.3.4", "12:30:59", "::"],
)
def test_what_is_no_secret_stays(text):
    assert Mask().text(text) == text


@pytest.mark.parametrize("text", ["http://11.2.3.4/", "host=11.2.3.4", "at 11.2.3.4:80.", "[fd00::1:2]", "shop7.corp"])
def test_an_address_or_local_name_that_nobody_announced_goes_too(text):
    mask = Mask()
    assert not re.search(r"11\.2|fd00|shop7", mask.text(text))
    assert mask.text(text) == mask.text(text)


def test_a_serial_that_is_a_mac_has_the_mac_s_stand_in(knowledge):
    said = {"onvif.mac": "ac:cc:8e:12:ab:ef", "onvif.serial": "ACCC8E12ABEF"}
    _, made = bundled(knowledge, [{"kind": kind, "value": value} for kind, value in said.items()])
    mac, serial = (o.value for o in made.report.observations)
    assert serial == mac.replace(":", "").upper()
    assert "12abef" not in dump(made.report).decode().lower()


def test_a_serial_in_the_name_of_a_certificate_goes_and_the_company_stays(knowledge):
    said = "CN=AVIGILON-CAMERA-H5A-100200300456, OU=Certification Manager, O=Avigilon Corporation"
    whole, made = bundled(knowledge, [{"kind": "tls.subject", "value": said, "port": "tcp/443"}])
    assert "100200300456" not in dump(made.report).decode()
    assert answer(made.report.devices[0]) == answer(whole.devices[0])
    assert made.report.devices[0].manufacturer.id == "avigilon"


def test_a_site_and_the_other_devices_stay_at_home(knowledge):
    from dataclasses import replace

    lines = [
        {"device": "a", "ip": "10.1.2.3", "kind": "http.server", "value": "App-webs/ Shop Utrecht", "port": "tcp/80"},
        {"device": "b", "ip": "10.1.2.4", "kind": "http.title", "value": "Neighbour", "port": "tcp/80"},
    ]
    found, _ = identify(map(json.dumps, lines), knowledge)
    whole = report_of(found, knowledge)
    whole = replace(whole, scan=replace(whole.scan, site="Shop Utrecht"))
    made = bundle(whole, find_device(whole, "10.1.2.3"), knowledge)
    data = dump(made.report).decode()
    assert "App-webs/" in data
    assert not re.search(r"Utrecht|Neighbour|10\.1\.2", data)
    assert whole.scan.id not in data


def test_the_zip_holds_the_report_its_observations_and_what_it_is(knowledge):
    _, made = bundled(knowledge, [{"kind": "http.server", "value": "App-webs/", "port": "tcp/80"}])
    assert pack(made.report) == pack(made.report)
    with zipfile.ZipFile(io.BytesIO(pack(made.report))) as file:
        assert file.namelist() == ["report.json", "observations.jsonl", "README.txt"]
        assert file.read("report.json") == dump(made.report)
