"""Platforms' search protocols found by broadcast and multicast on a LAN in network namespaces."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from netns import NetnsLan, why_not

from netcam.demo.profile import Ssdp, load_profiles

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(why_not() is not None, reason=str(why_not())),
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("lab"),
]
# Device -> the probe that its platform answers.
DEVICES = {
    "xiongmai-dvr": "xiongmai",
    "xiongmai-broadcaster": "xiongmai",
    "tvt-camera": "mhed",
    "avtech-dvr": "ssdp",
    "axis-camera": "upnp",
    "uniview-quiet-camera": "uniview",
    "dahua-older-camera": "dahua-5050",
    "bosch-newer-camera": "bosch-rcp",
    "bosch-older-encoder": "bosch-rcp",
}
OTHERS = ("till", "linux-server")


def scanned_by(lan):
    """The report of a scan of the whole network, and all frames."""
    path = Path(lan.folder()) / "r.json"
    done = lan.run(["scan", "10.0.0.0/28", "-o", str(path), "--quiet"], timeout_s=200)
    assert done.returncode == 0, done.stderr
    return json.loads(path.read_text("utf-8")), lan.frames


@pytest.fixture(scope="module")
def scanned():
    """One scan of a /28: every device of DEVICES by what it said, and all frames."""
    with NetnsLan(load_profiles(*DEVICES, *OTHERS), network="10.0.0.0/28") as lan:
        yield (lan, *scanned_by(lan))


@pytest.mark.parametrize("name", DEVICES)
def test_a_device_of_a_platform_is_found_by_its_own_question_and_read_right(scanned, name):
    lan, report, _ = scanned
    emulated = lan.device(name)
    (device,) = [d for d in report["devices"] if emulated.ip in d["addresses"]]
    truth = emulated.profile.truth
    heard = {o["kind"] for o in report["observations"] if o["ip"] == emulated.ip and o["probe"] == DEVICES[name]}
    assert heard
    assert device["is_cctv"] is True
    assert device["mac"] == emulated.profile.mac
    assert device["manufacturer"]["id"] == truth.maker
    assert device["conflicts"] == []
    for key in ("model", "firmware", "serial"):
        assert device[key] in (getattr(truth, key), None), key
        if getattr(truth, key):
            assert device[key], key


def test_no_neighbour_is_taken_for_a_device_of_a_platform(scanned):
    lan, report, _ = scanned
    neighbours = {lan.device(name).ip for name in OTHERS}
    probes = set(DEVICES.values())
    assert [o for o in report["observations"] if o["ip"] in neighbours and o["probe"] in probes] == []
    assert [d["ip"] for d in report["devices"] if d["ip"] in neighbours and d["is_cctv"]] == []


def test_the_group_is_asked_no_more_often_than_each_protocol_says(scanned):
    lan, _, frames = scanned
    asked = [f.dport for f in frames if f.src_mac == lan.scanner_mac and f.dst == "10.0.0.15"]
    assert asked.count(34569) == 3


def test_a_group_that_answers_go_to_is_not_asked(scanned):
    lan, _, frames = scanned
    own = [f for f in frames if f.src_mac == lan.scanner_mac and f.dport == 23456]
    assert {f.dst for f in own} == {"234.55.55.55"}
    assert len(own) == 3


def test_a_description_is_fetched_from_the_host_that_announced_it_and_from_nobody_else():
    """Both at ports that no default names."""
    liar, honest, victim = (load_profiles(name)[0] for name in ("quiet-host", "axis-camera", "avtech-dvr"))
    liar = replace(liar, ssdp=Ssdp(server="Linux UPnP/1.0", location="http://10.0.0.3:49501/rootdesc1.xml"))
    (description,) = [service for service in honest.tcp if service.port == 49152]
    others = [service for service in honest.tcp if service.port != 49152]
    location = "http://@ip@:49500/rootdesc1.xml"
    honest = replace(
        honest, tcp=(*others, replace(description, port=49500)), ssdp=replace(honest.ssdp, location=location)
    )
    victim = replace(victim, ssdp=None, tcp=(replace(description, port=49501),))
    with NetnsLan((liar, honest, victim), network="10.0.0.0/28") as lan:
        report, frames = scanned_by(lan)
        asked = [r.data for r in lan.record("10.0.0.3") if r.port == 49501]
    located = {o["ip"]: o["value"] for o in report["observations"] if o["kind"] == "ssdp.location"}
    assert located["10.0.0.1"] == "http://10.0.0.3:49501/rootdesc1.xml"
    assert {(o["ip"], o["port"]) for o in report["observations"] if o["probe"] == "upnp"} == {("10.0.0.2", 49500)}
    assert asked == []
    assert [f for f in frames if f.src_mac == lan.scanner_mac and f.dport == 49501] == []
