"""Search protocols of single makers, found by a whole scan: one by one on loopback, by broadcast between namespaces."""

import asyncio
import json
import os

import pytest
from netns import NetnsLan, why_not

from netcam.cli.store import loopback
from netcam.demo import datagrams
from netcam.demo.emulator import EmulatedLan, shifted
from netcam.demo.profile import load_profiles
from netcam.pipeline import Settings, probe_names, scan
from netcam.report.to_json import dump

# Protocol -> (port, the emulated device that speaks it)
SPOKEN = {
    "ipro": (10670, "ipro-camera"),
    "hanwha": (7701, "hanwha-dome"),
    "vivotek": (10000, "vivotek-camera"),
    "foscam": (10000, "foscam-camera"),
    "sony": (2380, "sony-box"),
    "vstarcam": (8600, "vstarcam-camera"),
}
DEVICES = [device for _, device in SPOKEN.values()] + ["ipro-recorder", "foscam-camera-masked"]
WITHOUT = set(probe_names()) - {"arp", "multicast", "discovery"} - set(SPOKEN)
FIRST = f"127.{100 + os.getpid() % 100}.{os.getpid() // 100 % 250}.40"

every_protocol = pytest.mark.parametrize("name", SPOKEN)


def by_address(report):
    return {address: device for device in report["devices"] for address in device["addresses"]}


def shown(report, ip, protocol):
    """What one protocol showed of a device."""
    prefix = f"{protocol}."
    seen = [o for o in report["observations"] if o["ip"] == ip and o["kind"].startswith(prefix)]
    return {o["kind"].removeprefix(prefix): o["value"] for o in seen}


def assert_found(report, device, protocol):
    """The report holds what the device truly is, as far as the protocol tells it.

    A protocol that one program documents is one supporting sign: alone it leaves open whether the device is CCTV.
    """
    truth, told = device.profile.truth, shown(report, device.ip, protocol)
    assert told["mac"] == device.profile.mac
    found = by_address(report)[device.ip]
    assert found["manufacturer"]["id"] == truth.maker
    assert found["is_cctv"] is not False
    assert found["mac"] == device.profile.mac
    for field in {"model", "firmware", "serial"} & told.keys():
        assert (told[field], found[field]) == (getattr(truth, field), getattr(truth, field))


@pytest.fixture(scope="module")
def on_loopback(knowledge):
    """The devices on addresses of this process, scanned by these protocols alone."""

    async def run():
        async with EmulatedLan.on_loopback(load_profiles(*DEVICES), first=FIRST) as lan:
            settings = Settings(
                targets=tuple(device.ip for device in lan.devices), interfaces=loopback(), pace="fast",
                ports=(80, 88, 10554), without=frozenset(WITHOUT), dial=shifted,
            )  # fmt: skip
            return lan, json.loads(dump(await scan(settings, knowledge)))

    return asyncio.run(run())


@every_protocol
def test_a_device_on_loopback_is_found_by_its_own_protocol(on_loopback, name):
    lan, report = on_loopback
    assert_found(report, lan.device(SPOKEN[name][1]), name)


def test_a_recorder_on_loopback_tells_its_channels(on_loopback):
    lan, report = on_loopback
    recorder = lan.device("ipro-recorder")
    assert shown(report, recorder.ip, "ipro")["channels"] == "64"
    assert by_address(report)[recorder.ip]["device_type"] == "nvr"


def test_the_account_in_an_answer_is_nowhere_in_the_report(on_loopback):
    lan, report = on_loopback
    assert shown(report, lan.device("vstarcam-camera").ip, "vstarcam")
    assert datagrams.protocol("vstarcam").ACCOUNT not in json.dumps(report)


@pytest.fixture(scope="module")
def between_namespaces():
    """A scan of the whole network, and one of single addresses, which broadcasts nothing."""
    with NetnsLan(load_profiles(*DEVICES), network="10.0.0.0/28") as lan:
        reports = []
        for target in ("10.0.0.0/28", f"10.0.0.1-{len(DEVICES)}"):
            path = lan.folder() / "r.json"
            off = ",".join(sorted(WITHOUT))
            done = lan.run(["scan", target, "--port", "80", "--without", off, "-o", str(path), "--quiet"])
            assert done.returncode == 0, done.stderr
            reports.append(json.loads(path.read_text("utf-8")))
        return lan.devices, lan.scanner_mac, lan.frames, reports


lab = [
    pytest.mark.netns,
    pytest.mark.skipif(why_not() is not None, reason=str(why_not())),
    pytest.mark.timeout(200),
    pytest.mark.xdist_group("lab"),
]


def applied(test):
    for mark in lab:
        test = mark(test)
    return test


@applied
@every_protocol
def test_a_device_is_found_by_broadcast(between_namespaces, name):
    devices, scanner, frames, (report, _) = between_namespaces
    port, speaker = SPOKEN[name]
    device = next(d for d in devices if d.profile.name == speaker)
    assert_found(report, device, name)
    asked = [f.dst for f in frames if f.src_mac == scanner and f.dport == port]
    assert asked.count("10.0.0.15") >= 2
    heard = next(r for r in report["runs"] if r["probe"] == name and r["target"].startswith("10.0.0.0/28"))
    assert heard["status"] == "answered"


@applied
@every_protocol
def test_a_device_is_found_by_unicast_where_nothing_is_broadcast(between_namespaces, name):
    devices, _, _, (_, report) = between_namespaces
    device = next(d for d in devices if d.profile.name == SPOKEN[name][1])
    assert_found(report, device, name)
    assert not [r for r in report["runs"] if r["probe"] == name and "/28" in r["target"]]
