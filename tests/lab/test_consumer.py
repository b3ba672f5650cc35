"""Devices with a discovery protocol of their own, found by a real scan: one by one, and by the group question."""

from __future__ import annotations

import asyncio
import json
import os

import pytest
from netns import NetnsLan, why_not

from netcam.demo.emulator import EmulatedLan, shifted
from netcam.demo.profile import read_profiles
from netcam.pipeline import Settings, probe_names, scan
from netcam.report.to_json import dump

PROFILES = read_profiles("own-protocols")
BY_NAME = {profile.name: number for number, profile in enumerate(PROFILES)}
# Every process that runs these tests has addresses of its own.
FIRST = f"127.{100 + os.getpid() % 100}.{os.getpid() // 100 % 250}.10"
WITH = frozenset({"snmp", "zkteco"})
ONE_BY_ONE = {"netbios", "sip", "snmp", "zkteco"}  # never asked by broadcast
UNASKED = {"topsee", "tuya"}  # only heard
ABOUT_HOSTS = {"llmnr"}  # asked of the link, about the hosts found on it
TO_A_FIXED_PORT = {"reolink"}  # which on this machine may be another program's
every_device = pytest.mark.parametrize("name", BY_NAME)


def identity(device):
    """What a report says that the truth of a profile says too."""
    return {
        "is_cctv": device["is_cctv"], "device_type": device["device_type"], "model": device["model"],
        "maker": (device["manufacturer"] or {}).get("id"), "brand": (device["brand"] or {}).get("id"),
        "firmware": device["firmware"], "serial": device["serial"],
    }  # fmt: skip


def truth(name):
    facts = PROFILES[BY_NAME[name]].truth
    return {
        "is_cctv": facts.is_cctv, "device_type": facts.device_type, "model": facts.model, "maker": facts.maker,
        "brand": facts.brand, "firmware": facts.firmware, "serial": facts.serial,
    }  # fmt: skip


PROTOCOLS = sorted({name for profile in PROFILES for name in profile.datagrams})
ASKED = [profile.name for profile in PROFILES if not UNASKED & profile.datagrams.keys()]


@pytest.fixture(scope="module")
def one_by_one():
    """A scan of loopback without any group: every device that answers a question of its own is in it."""

    async def main():
        from netcam.knowledge import Knowledge

        async with EmulatedLan.on_loopback(PROFILES, first=FIRST) as lan:
            settings = Settings(targets=tuple(d.ip for d in lan.devices), pace="fast", dial=shifted, with_probes=WITH)
            return [d.ip for d in lan.devices], await scan(settings, Knowledge.load())

    ips, report = asyncio.run(main())
    return ips, json.loads(dump(report))


@pytest.mark.parametrize("name", ASKED)
def test_a_device_asked_by_itself_is_known(one_by_one, name):
    ips, report = one_by_one
    (device,) = [d for d in report["devices"] if d["ip"] == ips[BY_NAME[name]]]
    assert identity(device) == truth(name)
    assert device["mac"] in (PROFILES[BY_NAME[name]].mac, None)


def test_a_neighbour_is_called_by_its_own_name(one_by_one):
    ips, report = one_by_one
    (device,) = [d for d in report["devices"] if d["ip"] == ips[BY_NAME["back-office-pc"]]]
    assert device["hostnames"] == ["BACKOFFICE"]


@pytest.mark.parametrize(
    "protocol", [name for name in PROTOCOLS if name not in UNASKED | ABOUT_HOSTS | TO_A_FIXED_PORT]
)
def test_each_protocol_is_answered_to_a_single_host(one_by_one, protocol):
    _, report = one_by_one
    assert {r["status"] for r in report["runs"] if r["probe"] == protocol} == {"answered"}


@pytest.fixture(scope="module")
def segment():
    """A network of its own in namespaces, asked by multicast and broadcast."""
    with NetnsLan(PROFILES, network="10.0.0.0/27") as lan:
        folder = lan.folder()
        wanted = [f"--with={name}" for name in sorted(WITH)]
        result = lan.run(["scan", "10.0.0.0/27", *wanted, "-o", str(folder / "r.json"), "--quiet"], timeout_s=200)
        assert result.returncode == 0, result.stderr
        yield lan, json.loads((folder / "r.json").read_text("utf-8"))


@pytest.mark.xdist_group("loopback")
def test_an_announcement_is_heard_without_a_question():
    async def main():
        from netcam.knowledge import Knowledge

        profiles = [profile for profile in PROFILES if "tuya" in profile.datagrams]
        async with EmulatedLan.on_loopback(profiles, first=FIRST) as lan:
            ips = tuple(d.ip for d in lan.devices)
            off = frozenset(probe_names()) - {"tuya", "multicast", "discovery"}
            settings = Settings(targets=ips, pace="fast", dial=shifted, interfaces=("lo",), without=off)
            return ips, await scan(settings, Knowledge.load())

    ips, report = asyncio.run(main())
    told = {(o.ip, o.kind): o.value for o in report.observations if o.kind.startswith("tuya.")}
    assert [told[ip, "tuya.answer"] for ip in ips] == ["55aa plain", "55aa encrypted"]
    assert told[ips[0], "tuya.ip"] == ips[0]


@pytest.mark.netns
@pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
@pytest.mark.timeout(400)
@pytest.mark.xdist_group("lab")
class TestSegment:
    """Needs root and network namespaces."""

    @every_device
    def test_a_device_that_heard_the_group_question_is_known(self, segment, name):
        lan, report = segment
        ip = lan.devices[BY_NAME[name]].ip
        (device,) = [d for d in report["devices"] if d["ip"] == ip]
        assert identity(device) == truth(name)
        assert device["mac"] == PROFILES[BY_NAME[name]].mac

    def test_a_neighbour_is_called_by_the_names_it_gave_there(self, segment):
        lan, report = segment
        (device,) = [d for d in report["devices"] if d["ip"] == lan.devices[BY_NAME["back-office-pc"]].ip]
        assert set(device["hostnames"]) == {"BACKOFFICE", "back-office"}

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_each_protocol_was_answered_on_the_segment(self, segment, protocol):
        _, report = segment
        runs = [r for r in report["runs"] if r["probe"] == protocol and r["status"] == "answered"]
        on_segment = [r for r in runs if r["target"].startswith("10.0.0.0/27")]
        assert runs
        assert on_segment or protocol in ONE_BY_ONE
