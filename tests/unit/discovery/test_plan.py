"""How a scope is split among attached and routed networks, and who is asked by multicast."""

from ipaddress import ip_interface

import pytest

from netcam.discovery.plan import make_plan
from netcam.discovery.targets import scope_of
from netcam.errors import ConfigError
from netcam.net.gate import PACES
from netcam.net.interfaces import Interface
from netcam.probes import all_probes

ETH = ("eth0", "192.0.2.10/24", "ethernet")
LO = ("lo", "127.0.0.1/8", "loopback")


def interface(name, address, kind, *, up=True, multicast=True):
    return Interface(
        name=name, index=1, mac=None, kind=kind, up=up, multicast=multicast, addresses=(ip_interface(address),)
    )


def planned(*targets, excluded=(), interfaces=None, chosen=(), without=(), raw=(True, ""), left_out=()):
    return make_plan(
        scope_of(targets, excluded), pace=PACES["normal"], ports=(80, 554), probes=all_probes(), without=without,
        engine="connect", interfaces=[interface(*ETH), interface(*LO)] if interfaces is None else interfaces,
        chosen=chosen, raw=raw, left_out=left_out,
    )  # fmt: skip


def words(ranges):
    return [(r.first & 0xFF, r.last & 0xFF) for r in ranges]


def test_attached_and_routed_parts_share_out_the_scope():
    plan = planned("192.0.2.0/24", "198.51.100.0/24")
    (segment,) = plan.segments
    assert (segment.interface.name, words(segment.ranges)) == ("eth0", [(0, 255)])
    assert sum(r.size for r in plan.routed) == 256


def test_neither_our_own_nor_the_network_s_first_and_last_address_is_looked_at():
    hosts = {str(ip) for ip in planned("192.0.2.0/24").segments[0].hosts()}
    assert len(hosts) == 253
    assert not hosts & {"192.0.2.0", "192.0.2.10", "192.0.2.255"}


def test_an_excluded_address_is_in_no_part():
    plan = planned("192.0.2.0/24", "198.51.100.1-3", excluded=["192.0.2.50", "198.51.100.2"])
    hosts = {str(ip) for s in plan.segments for ip in s.hosts()}
    assert "192.0.2.50" not in hosts
    assert words(plan.routed) == [(1, 1), (3, 3)]


@pytest.mark.parametrize(
    ("targets", "more", "asked"),
    [
        (["192.0.2.0/24"], {}, True),
        (["192.0.2.0/24"], {"excluded": ["192.0.2.50"]}, True),
        (["192.0.2.0/25"], {}, False),
        (["192.0.2.7"], {}, False),
        (["192.0.2.7"], {"chosen": ["eth0"]}, True),
        (["192.0.2.0/24"], {"without": ["multicast"]}, False),
        (["192.0.2.0/24"], {"chosen": ["eth0"], "without": ["multicast"]}, False),
        (["192.0.2.0/24"], {"interfaces": [interface(*ETH, multicast=False)]}, False),
        (["127.0.0.0/24"], {}, False),
    ],
)
def test_a_group_is_asked_only_where_the_whole_network_or_the_interface_was_named(targets, more, asked):
    segments = planned(*targets, **more).segments
    assert [s.group for s in segments] == [asked]
    assert all(bool(s.why_no_group) != asked for s in segments)


def test_an_address_attached_twice_is_looked_at_once():
    plan = planned("192.0.2.0/24", interfaces=[interface(*ETH), interface("wlan0", "192.0.2.11/24", "wifi")])
    assert [s.interface.name for s in plan.segments] == ["eth0"]
    assert plan.routed == ()


def test_an_interface_that_is_not_there_or_down_is_named():
    with pytest.raises(ConfigError, match=r"'eth9'.*eth0"):
        planned("192.0.2.0/24", chosen=["eth9"])
    with pytest.raises(ConfigError, match="'eth0' is down"):
        planned("192.0.2.0/24", chosen=["eth0"], interfaces=[interface(*ETH, up=False)])


def test_a_probe_switched_off_costs_nothing():
    full, less = planned("192.0.2.0/24"), planned("192.0.2.0/24", without=[p.spec.name for p in all_probes()])
    assert less.probes == ()
    assert less.packets_at_most < full.packets_at_most


def test_what_default_targets_leave_out_is_told():
    plan = planned("192.0.2.0/24", left_out=[("172.17.0.0/16 on docker0", "a bridge of containers")])
    assert [(c.what, c.status) for c in plan.coverage] == [("172.17.0.0/16 on docker0", "not")]
    assert plan.notes == ("172.17.0.0/16 on docker0 left out: a bridge of containers",)
