"""Each discovery protocol alone: heard by the question to the whole segment, and by a question to single hosts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from netns import NetnsLan, why_not

from netcam.demo.profile import load_profiles, read_profiles
from netcam.probes import all_probes
from netcam.probes.base import Contact, Transport

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(why_not() is not None, reason=str(why_not())),
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("lab"),
]
# Probe -> the device that speaks it, and the facts that its answer tells.
PROMISED = {
    "onvif": ("cpplus-camera", "name hardware uuid xaddrs"),
    "uniview": ("uniview-quiet-camera", "hardware firmware serial mac"),
    "sadp": ("hikvision-camera", "model firmware serial mac"),
    "dhip": ("dahua-camera", "model firmware serial mac"),
    "dahua-5050": ("dahua-older-camera", "model serial mac"),
    "xiongmai": ("xiongmai-dvr", "serial mac"),
    "mhed": ("tvt-camera", "model firmware serial mac"),
    "bosch-rcp": ("bosch-newer-camera", "model serial mac"),
    "hanwha": ("hanwha-dome", "model mac"),
    "ipro": ("ipro-recorder", "model firmware serial mac"),
    "vivotek": ("vivotek-camera", "model mac"),
    "foscam": ("foscam-camera", "firmware mac"),
    "vstarcam": ("vstarcam-camera", "firmware serial mac"),
    "sony": ("sony-box", "model firmware serial mac"),
    "ubiquiti": ("unifi-camera", "model firmware mac"),
    "tplink": ("tapo-camera", "model firmware mac"),
    "kasa": ("kasa-camera", "model mac"),
    "dlink": ("dcs-camera", "model mac"),
    "baichuan": ("baichuan-camera", "answer"),
    "reolink": ("baichuan-camera", "answer"),
    "tuya": ("tuya-device", "serial productkey version"),
    "topsee": ("topsee-camera", "model firmware serial mac"),
    "vision360": ("vision360-dome", "serial mac"),
    "nice": ("nice-encoder", "firmware mac"),
    "nx": ("video-server", "firmware name"),
    "ssdp": ("avtech-dvr", "server"),
    "mdns": ("axis-camera", "name mac"),
    "sip": ("door-station", "useragent"),
    "netbios": ("back-office-pc", "name mac"),
    "llmnr": ("back-office-pc", "name"),
    "snmp": ("edge-router", "sysdescr"),
    "zkteco": ("zkteco-terminal", "answer"),
}
SPECS = {p.spec.name: p.spec for p in all_probes() if p.spec.transport in (Transport.UDP_GROUP, Transport.MDNS)}
OF_A_SEGMENT = [
    n for n, s in SPECS.items() if s.groups or s.answer_groups or s.broadcast or s.contact is Contact.LISTEN
]
OF_SINGLE_HOSTS = [n for n, s in SPECS.items() if s.unicast]
TRUE = ("model", "serial")  # what the emulated device is; a firmware may be told in more words


@pytest.fixture(scope="module")
def lan():
    own = {profile.name: profile for profile in read_profiles("own-protocols")}
    names = dict.fromkeys(device for device, _ in PROMISED.values())
    profiles = [own[name] if name in own else load_profiles(name)[0] for name in names]
    with NetnsLan(profiles, network="10.0.0.0/26") as lan:
        yield lan


def scanned(lan, *targets):
    path = Path(lan.folder()) / "r.json"
    wanted = [f"--with={name}" for name, spec in SPECS.items() if spec.optional]
    done = lan.run(["scan", *targets, *wanted, "-o", str(path), "--quiet"], timeout_s=300)
    assert done.returncode == 0, done.stderr
    return json.loads(path.read_text("utf-8"))


@pytest.fixture(scope="module")
def whole(lan):
    """A scan of the network: its groups and its broadcast address are asked."""
    return scanned(lan, "10.0.0.0/26")


@pytest.fixture(scope="module")
def part(lan):
    """A scan of less than the network: nothing is asked but single hosts."""
    return scanned(lan, f"10.0.0.1-{len(lan.devices)}")


def assert_told(lan, report, probe):
    name, fields = PROMISED[probe]
    device = lan.device(name)
    seen = [o for o in report["observations"] if o["ip"] == device.ip and o["probe"] == probe]
    told = {o["kind"].partition(".")[2]: o["value"] for o in seen}
    assert not [field for field in fields.split() if not told.get(field)]
    if "mac" in fields.split():
        assert told["mac"].lower().replace("-", ":").replace(":", "") == device.profile.mac.replace(":", "")
    truth = {field: getattr(device.profile.truth, field) for field in TRUE if field in fields.split()}
    (row,) = [d for d in report["devices"] if device.ip in d["addresses"]]
    assert {field: row[field] for field, value in truth.items() if value} == {f: v for f, v in truth.items() if v}
    assert (row["manufacturer"] or {}).get("id") == device.profile.truth.maker
    assert row["mac"] == device.profile.mac


def test_every_protocol_is_looked_at_here():
    assert set(PROMISED) == set(SPECS)
    assert set(OF_A_SEGMENT) | set(OF_SINGLE_HOSTS) == set(SPECS)


@pytest.mark.parametrize("probe", OF_A_SEGMENT)
def test_a_protocol_is_heard_by_the_question_to_the_segment(lan, whole, probe):
    assert_told(lan, whole, probe)


@pytest.mark.parametrize("probe", OF_SINGLE_HOSTS)
def test_a_protocol_is_heard_by_the_question_to_a_single_host(lan, part, probe):
    assert_told(lan, part, probe)


def test_the_places_of_a_recorder_stand_behind_it_unseen(lan, whole):
    (recorder,) = [d for d in whole["devices"] if lan.device("ipro-recorder").ip in d["addresses"]]
    assert recorder["device_type"] == "nvr"
    assert [(b["seen"], b["count"]) for b in recorder["behind"]] == [(False, 64)]
    assert [d["ip"] for d in whole["devices"] if d["behind"] and d["device_type"] == "camera"] == []


def test_where_single_hosts_are_asked_no_group_is(lan, part):
    assert [r for r in part["runs"] if r["probe"] in ("mhed", "tuya", "topsee", "llmnr")] == []


def test_what_other_protocols_say_on_a_port_is_no_malformed_answer(whole, part):
    runs = (*whole["runs"], *part["runs"])
    assert [r for r in runs if r["status"] == "malformed" and r["probe"] in SPECS] == []
