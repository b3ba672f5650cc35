from ipaddress import IPv4Address, IPv6Address, ip_interface

import pytest
from netns_lan import Lan, run

from netcam.net.interfaces import Interface, attached, default_networks, interfaces, kind_of


def interface(name, *addresses, kind="ethernet", up=True, index=7):
    parsed = tuple(map(ip_interface, addresses))
    return Interface(name=name, index=index, addresses=parsed, mac=None, kind=kind, up=up, multicast=True)


@pytest.mark.parametrize(
    ("name", "features", "kind"),
    [
        ("eth0", (), "ethernet"), ("enp3s0", (), "ethernet"), ("bond0", (), "ethernet"), ("eth0.20", (), "ethernet"),
        ("en0", (), "ethernet"), ("wlan0", (), "wifi"), ("wlp2s0", (), "wifi"), ("eth1", ("phy80211",), "wifi"),
        ("br0", ("bridge",), "bridge"), ("vmbr0", ("bridge",), "bridge"), ("br-lan", ("bridge",), "bridge"),
        ("docker0", ("bridge",), "bridge-of-containers"), ("br-0123456789ab", ("bridge",), "bridge-of-containers"),
        ("cni0", (), "bridge-of-containers"), ("podman1", (), "bridge-of-containers"),
        ("virbr0", ("bridge",), "bridge-of-containers"), ("lxcbr0", (), "bridge-of-containers"),
        ("veth12ab", (), "bridge-of-containers"),
        ("tun0", ("tun_flags",), "vpn"), ("wg0", (), "vpn"), ("tailscale0", ("tun_flags",), "vpn"), ("ppp0", (), "vpn"),
        ("utun3", (), "vpn"), ("dummy0", (), "virtual"), ("tap0", ("tun_flags",), "virtual"),
        ("vnet3", ("tun_flags",), "virtual"), ("lo", (), "loopback"), ("lo0", (), "loopback"),
    ],
)
def test_the_kind_follows_from_name_and_features(name, features, kind):
    assert kind_of(name, frozenset(features)) == kind


def test_the_default_is_every_private_network_and_what_is_left_out_says_why():
    networks, left_out = default_networks([
        interface("lo", "127.0.0.1/8", kind="loopback"),
        interface("eth0", "10.1.2.3/24", "fd00::1/64"),
        interface("eth1", "192.168.7.9/22", "192.168.7.10/22", "198.18.0.1/24"),
        interface("docker0", "172.17.0.1/16", kind="bridge-of-containers"),
        interface("wg0", "10.9.0.2/24", kind="vpn"),
        interface("eth2", "10.0.0.5/8", "169.254.3.4/16", "10.3.3.3/32"),
        interface("eth3", "10.4.4.4/24", up=False),
    ])
    assert [(i.name, str(n)) for i, n in networks] == [("eth0", "10.1.2.0/24"), ("eth1", "192.168.4.0/22")]
    reasons = dict(left_out)
    assert set(reasons) == {
        "eth1 198.18.0.0/24", "docker0 172.17.0.0/16", "wg0 10.9.0.0/24", "eth2 10.0.0.0/8", "eth2 169.254.0.0/16",
        "eth2 10.3.3.3/32", "eth3 10.4.4.0/24",
    }
    assert "containers" in reasons["docker0 172.17.0.0/16"]
    assert "VPN" in reasons["wg0 10.9.0.0/24"]
    assert "not a private network" in reasons["eth1 198.18.0.0/24"]
    assert "16,777,216 addresses" in reasons["eth2 10.0.0.0/8"]
    assert "link-local" in reasons["eth2 169.254.0.0/16"]
    assert "down" in reasons["eth3 10.4.4.0/24"]


def test_an_address_belongs_to_the_narrowest_network_of_an_interface_that_is_up():
    ifs = [
        interface("wide", "10.0.0.1/8"), interface("narrow", "10.2.0.1/24"), interface("down", "10.3.0.1/24", up=False),
        interface("six", "fe80::1/64", "2001:db8::1/64", index=9),
    ]
    assert attached(IPv4Address("10.2.0.77"), ifs).name == "narrow"
    assert attached(IPv4Address("10.3.0.77"), ifs).name == "wide"
    assert attached(IPv4Address("192.0.2.1"), ifs) is None
    assert attached(IPv6Address("2001:db8::5"), ifs).name == "six"


def test_a_link_local_ipv6_address_needs_its_link():
    ifs = [interface("a", "fe80::1/64", index=3), interface("b", "fe80::2/64", index=4)]
    assert attached(IPv6Address("fe80::9"), ifs) is None
    assert attached(IPv6Address("fe80::9%b"), ifs).name == "b"
    assert attached(IPv6Address("fe80::9%3"), ifs).name == "a"


def test_loopback_is_seen_on_any_machine():
    found = [i for i in interfaces() if i.kind == "loopback"]
    assert any(a.ip.is_loopback for i in found for a in i.addresses)
    assert all(i.mac is None and not i.multicast for i in found)


@pytest.mark.netns
def test_what_the_kernel_says_of_this_namespace_is_read_although_sys_shows_another():
    with Lan():
        run("ip", "link", "add", "docker0", "type", "bridge")
        run("ip", "address", "add", "172.17.0.1/16", "dev", "docker0")
        run("ip", "link", "set", "docker0", "up")
        run("ip", "link", "add", "down0", "type", "bridge")
        seen = {i.name: i for i in interfaces()}
        lan0 = seen["lan0"]
        assert (lan0.mac, lan0.up, lan0.multicast, lan0.kind) == ("02:00:00:00:77:01", True, True, "ethernet")
        assert ip_interface("10.77.0.1/24") in lan0.addresses
        assert seen["down0"].up is False
        assert (seen["lo"].kind, seen["lo"].mac) == ("loopback", None)
        networks, left_out = default_networks(tuple(seen.values()))
        assert [(i.name, str(n)) for i, n in networks] == [("lan0", "10.77.0.0/24")]
        assert [name for name, _ in left_out] == ["docker0 172.17.0.0/16"]
