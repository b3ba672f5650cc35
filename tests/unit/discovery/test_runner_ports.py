"""Which probes an open port gets, and in which order."""

from ipaddress import ip_address
from types import SimpleNamespace

import pytest

from netcam.discovery.record import Host
from netcam.discovery.runner import Runner, _named_ports
from netcam.model import Endpoint, Numbering
from netcam.probes import all_probes

HERE = ip_address("192.0.2.7")
PLAN = SimpleNamespace(plan=SimpleNamespace(probes=all_probes()))


@pytest.fixture
def probes():
    """Names of the probes of a port, of a host that said these things."""

    def names(port, *said, late=False, ip=HERE):
        host = Host(ip)
        for kind, value in said:
            host.observations += Numbering().observe(Endpoint(ip=ip, port=1900, transport="udp"), "ssdp", {kind: value})
        return [p.spec.name for p in Runner._probes_for(PLAN, host, port, late=late)]

    return names


def test_on_a_port_that_nobody_claims_the_listener_goes_first(probes):
    assert probes(40123)[0] == "banner"
    assert "http" in probes(40123)


@pytest.mark.parametrize(
    "url", ["http://192.0.2.7:40123/rootdesc1.xml", "https://192.0.2.7:40123/", "http://192.0.2.7:40123"]
)
def test_a_port_that_the_host_s_own_ssdp_url_names_is_not_waited_on(probes, url):
    named = probes(40123, ("ssdp.location", url))
    assert "banner" not in named
    assert named[0] == "http"


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.8:40123/rootdesc1.xml",  # another host
        "http://192.0.2.7:40124/rootdesc1.xml",  # another port
        "http://192.0.2.7:999999/",
        "http://[192.0.2.7:40123/",
        "40123",
        "",
    ],
)
def test_no_other_url_takes_the_listener_away(probes, url):
    assert probes(40123, ("ssdp.location", url))[0] == "banner"


def test_only_an_ssdp_url_counts(probes):
    assert probes(40123, ("onvif.xaddrs", "http://192.0.2.7:40123/onvif"))[0] == "banner"


def test_a_port_with_a_probe_of_its_own_keeps_it(probes):
    assert probes(21, ("ssdp.location", "http://192.0.2.7:21/")) == probes(21) == ["banner"]


def test_the_named_port_is_looked_at_and_its_description_fetched_late(probes):
    said = ("ssdp.location", "http://192.0.2.7:40123/rootdesc1.xml")
    assert probes(40123, said, late=True) == ["upnp"]
    assert probes(40124, said, late=True) == []
    host = Host(HERE)
    host.observations += Numbering().observe(Endpoint(ip=HERE), "ssdp", [said])
    assert _named_ports(host) == [40123]


def test_an_ipv6_url_names_its_own_host(probes):
    six = ip_address("2001:db8::7")
    assert "banner" not in probes(40123, ("ssdp.location", "http://[2001:db8::7]:40123/d.xml"), ip=six)
