from pathlib import Path

import pytest

import netcam.probes
from netcam.probes import all_probes, decoders, emitted_kinds
from netcam.probes.base import Contact, Transport
from netcam.probes.quiet_ports import QUIET_PORTS


def test_every_probe_file_is_found_without_a_registry():
    assert {"banner", "dhip", "http", "mdns", "onvif", "onvif-calls", "rtsp", "sadp", "tls"} <= {
        probe.spec.name for probe in all_probes()
    }


def test_every_composite_kind_of_the_contract_has_a_decoder():
    assert set(decoders()) >= {
        "sadp",
        "dhip",
        "onvif.probematch",
        "onvif.deviceinfo",
        "onvif.scopes",
        "isapi.deviceinfo",
        "upnp.xml",
        "ssdp",
    }


def test_kinds_of_probes_and_of_decoders_are_known_as_emitted():
    assert {
        "http.server",
        "sadp.oem",
        "upnp.modelname",
        "ssdp.server",
        "isapi.oemcode",
        "onvif.hardwareid",
    } <= emitted_kinds()


def test_no_probe_asks_for_a_port_that_is_left_alone():
    for probe in all_probes():
        assert not probe.spec.trigger.ports & QUIET_PORTS.keys()


@pytest.mark.parametrize(
    "probe", [p for p in all_probes() if p.spec.transport is Transport.UDP_GROUP], ids=lambda p: p.spec.name
)
def test_a_group_probe_names_its_port_whom_it_asks_and_its_kinds(probe):
    assert probe.spec.ports
    listens = probe.spec.contact is Contact.LISTEN
    assert probe.spec.groups or probe.spec.broadcast or probe.spec.unicast or listens
    assert probe.spec.emits


def test_a_maker_is_named_below_vendor_only():
    makers = (
        "hikvision",
        "dahua",
        "axis",
        "hanwha",
        "vivotek",
        "reolink",
        "uniview",
        "bosch",
        "mobotix",
        "xiongmai",
        "tp-link",
    )
    folder = Path(netcam.probes.__file__).parent
    for file in (*folder.glob("*.py"), *(folder.parent / "wire").glob("*.py")):
        text = file.read_text(encoding="utf-8").lower()
        assert not [maker for maker in makers if maker in text], file.name
