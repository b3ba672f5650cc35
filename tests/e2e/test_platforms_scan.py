"""A real scan of emulated devices on loopback: each platform's question, asked one by one, finds its device."""

import asyncio
import os

import pytest

from netcam.demo.emulator import EmulatedLan, shifted
from netcam.demo.profile import load_profiles
from netcam.pipeline import Settings, scan

pytestmark = pytest.mark.xdist_group("loopback")
FIRST = f"127.{100 + os.getpid() % 100}.{os.getpid() // 100 % 250}.110"
UNICAST = {
    "xiongmai-dvr": "xiongmai", "avtech-dvr": "ssdp", "axis-camera": "upnp", "uniview-quiet-camera": "uniview",
    "dahua-older-camera": "dahua-5050", "bosch-newer-camera": "bosch-rcp", "bosch-older-encoder": "bosch-rcp",
}  # fmt: skip


async def scan_of(knowledge, names):
    async with EmulatedLan.on_loopback(load_profiles(*names), first=FIRST) as lan:
        targets = tuple(device.ip for device in lan.devices)
        settings = Settings(targets=targets, pace="fast", ports=(80, 34567), dial=shifted)
        return {d.profile.name: d for d in lan.devices}, await scan(settings, knowledge)


@pytest.fixture(scope="module")
def scanned(knowledge):
    return asyncio.run(scan_of(knowledge, UNICAST))


@pytest.mark.parametrize("name", UNICAST)
def test_a_device_is_found_one_by_one(scanned, name):
    devices, report = scanned
    ip, truth = devices[name].ip, devices[name].profile.truth
    assert [o for o in report.observations if o.ip == ip and o.probe == UNICAST[name]]
    (device,) = [d for d in report.devices if d.ip == ip]
    assert device.is_cctv is True
    assert device.manufacturer.id == truth.maker
    assert device.mac == (None if name == "avtech-dvr" else devices[name].profile.mac)  # which speaks of none
    for key in ("model", "firmware", "serial"):
        assert getattr(device, key) == getattr(truth, key), key
