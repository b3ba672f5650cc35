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


def planned(*targets, excluded=(), interfaces=None, chosen=(), without=(), raw=(True, ""), left_out=(), **more):
    return make_plan(
        scope_of(targets, excluded), pace=PACES["normal"], ports=(80, 554), probes=all_probes(), without=without,
        engine="connect", interfaces=[interface(*ETH), interface(*LO)] if interfaces is None else interfaces,
        chosen=chosen, raw=raw, left_out=left_out, **more,
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


def two_stacks(name="eth0", last=10, number=1):
    addresses = (f"192.168.{number}.{last}/24", f"2001:db8:{number}::{last:x}/64", f"fe80::{number}/64")
    return Interface(
        name=name, index=number, mac=None, kind="ethernet", up=True, multicast=True,
        addresses=tuple(map(ip_interface, addresses)),
    )  # fmt: skip


def groups_of(plan):
    return [str(s.network) for s in plan.segments if s.group]


def test_ipv6_groups_are_asked_only_when_that_is_asked_for_and_the_plan_says_so():
    plan = planned("192.168.1.0/24", interfaces=[two_stacks()])
    assert groups_of(plan) == ["192.168.1.0/24"]
    assert "IPv6 on eth0" in " ".join(plan.notes)
    assert "IPv6 on eth0" in {c.what for c in plan.coverage}
    plan = planned("192.168.1.0/24", interfaces=[two_stacks()], ipv6=True)
    assert groups_of(plan) == ["192.168.1.0/24", "fe80::/64"]
    assert "IPv6 on eth0" not in " ".join(plan.notes)


@pytest.mark.parametrize(
    ("targets", "more"),
    [(["192.168.1.1"], {}), (["192.168.1.0/24"], {"without": ["multicast"]}), (["198.51.100.1"], {})],
)
def test_a_link_that_is_not_asked_over_ipv4_is_not_asked_over_ipv6_either(targets, more):
    assert groups_of(planned(*targets, interfaces=[two_stacks()], ipv6=True, **more)) == []


@pytest.mark.parametrize(
    ("targets", "more"),
    [(["192.168.1.1"], {"chosen": ["eth0"]}), (["2001:db8:1::/120"], {}), (["fe80::/120"], {})],
)
def test_a_named_interface_or_an_ipv6_target_has_the_link_asked(targets, more):
    plan = planned(*targets, interfaces=[two_stacks()], ipv6=True, **more)
    assert "fe80::/64" in groups_of(plan)


def test_ipv6_targets_on_a_link_are_attached_and_the_others_are_behind_a_router():
    plan = planned("2001:db8:1::/120", "2001:db8:9::5", interfaces=[two_stacks()])
    (segment,) = plan.segments
    hosts = {str(ip) for ip in segment.hosts()}
    assert len(hosts) == 254  # neither the first, which is the routers' own, nor ours
    assert {"2001:db8:1::1", "2001:db8:1::ff"} <= hosts
    assert not {"2001:db8:1::", "2001:db8:1::a"} & hosts
    assert sum(r.size for r in plan.routed) == 1
    assert plan.where_routed == "2001:db8:9::5, behind a router"


def test_link_local_targets_need_their_link_where_there_are_several():
    both = [two_stacks(), two_stacks("eth1", number=2)]
    with pytest.raises(ConfigError, match="--interface eth0 or eth1"):
        planned("fe80::5", interfaces=both)
    plan = planned("fe80::5", interfaces=both, chosen=["eth1"])
    assert str(plan.way(ip_interface("fe80::5").ip)) == "fe80::5%eth1"
    assert str(plan.way(ip_interface("2001:db8::5").ip)) == "2001:db8::5"


def test_networks_behind_routers_are_named_and_past_a_few_counted():
    assert planned("198.51.100.0/25", "203.0.113.5-9").where_routed == (
        "198.51.100.0/25, 203.0.113.5-203.0.113.9, behind a router"
    )
    many = [f"198.51.100.{n}" for n in range(0, 20, 2)]
    assert planned(*many).where_routed.endswith("and 6 more, behind a router")


def test_more_passes_cost_more():
    once, thrice = planned("192.0.2.0/24"), planned("192.0.2.0/24", passes=3)
    assert thrice.packets_at_most == 3 * once.packets_at_most
    assert thrice.expected_packets == 3 * once.expected_packets
