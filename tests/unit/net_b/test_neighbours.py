from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from netns_lan import Lan, run

from netcam.net import neighbours
from netcam.net.neighbours import (
    Neighbour,
    parse_arp_a_bsd,
    parse_arp_a_windows,
    parse_ip_neigh,
    parse_proc_net_arp,
    table,
)

# All texts here are constructed in the formats of the tools, with documentation addresses.
PROC = """\
IP address       HW type     Flags       HW address            Mask     Device
192.0.2.1        0x1         0x2         00:00:5e:00:53:01     *        eth0
192.0.2.2        0x1         0x0         00:00:00:00:00:00     *        eth0
192.0.2.3        0x1         0x6         00:00:5E:00:53:03     *        eth0
192.0.2.4        0x1         0xc         00:00:00:00:00:00     *        eth1
"""
NEIGH = """\
fe80::1 dev eth0 lladdr 00:00:5e:00:53:01 router STALE
2001:db8::2 dev eth0 lladdr 00:00:5e:00:53:02 REACHABLE
2001:db8::3 dev eth0  FAILED
2001:db8::4 dev eth0 INCOMPLETE
fe80::5 dev eth1 lladdr 00:00:5e:00:53:05 proto zebra PERMANENT
"""
BSD = """\
? (192.0.2.1) at 0:0:5e:0:53:1 on en0 ifscope [ethernet]
? (192.0.2.2) at (incomplete) on en0 ifscope [ethernet]
router.example (192.0.2.3) at 00:00:5e:00:53:03 on en1 ifscope permanent [ethernet]
? (224.0.0.251) at 1:0:5e:0:0:fb on en0 ifscope permanent [ethernet]
? (192.0.2.255) at ff:ff:ff:ff:ff:ff on en0 ifscope [ethernet]
"""
WINDOWS = """\

Schnittstelle: 192.0.2.9 --- 0x4
  Internetadresse       Physische Adresse     Typ
  192.0.2.1             00-00-5e-00-53-01     dynamisch
  192.0.2.255           ff-ff-ff-ff-ff-ff     statisch
  224.0.0.22            01-00-5e-00-00-16     statisch

Schnittstelle: 198.51.100.9 --- 0x7
  Internetadresse       Physische Adresse     Typ
  198.51.100.1          00-00-5E-00-53-07     dynamisch
"""


def told(entries):
    return [(str(e.ip), e.mac, e.interface) for e in entries]


def test_only_complete_entries_of_proc_net_arp_count():
    assert told(parse_proc_net_arp(PROC)) == [
        ("192.0.2.1", "00:00:5e:00:53:01", "eth0"), ("192.0.2.3", "00:00:5e:00:53:03", "eth0")
    ]


def test_ip_neigh_entries_without_a_usable_mac_are_left_out():
    assert told(parse_ip_neigh(NEIGH)) == [
        ("fe80::1", "00:00:5e:00:53:01", "eth0"), ("2001:db8::2", "00:00:5e:00:53:02", "eth0"),
        ("fe80::5", "00:00:5e:00:53:05", "eth1"),
    ]


def test_arp_of_macos_fills_in_the_zeros_it_leaves_out():
    assert told(parse_arp_a_bsd(BSD)) == [
        ("192.0.2.1", "00:00:5e:00:53:01", "en0"), ("192.0.2.3", "00:00:5e:00:53:03", "en1")
    ]


def test_arp_of_windows_is_read_in_any_language():
    assert told(parse_arp_a_windows(WINDOWS)) == [
        ("192.0.2.1", "00:00:5e:00:53:01", "192.0.2.9"), ("198.51.100.1", "00:00:5e:00:53:07", "198.51.100.9")
    ]


@given(st.text(max_size=300))
def test_any_text_is_read_without_an_error(text):
    for parse in (parse_proc_net_arp, parse_ip_neigh, parse_arp_a_bsd, parse_arp_a_windows):
        parse(text)
        parse(PROC + text + "\n" + NEIGH)


def test_an_address_with_different_macs_on_two_links_is_left_out(monkeypatch):
    def entry(ip, mac, interface):
        return Neighbour(ip=ip, mac=mac, interface=interface)

    two, same = IPv6Address("fe80::1"), IPv4Address("192.0.2.1")
    monkeypatch.setattr(neighbours, "_read", lambda: [
        entry(two, "00:00:5e:00:53:01", "eth0"), entry(two, "00:00:5e:00:53:02", "eth1"),
        entry(same, "00:00:5e:00:53:03", "eth0"), entry(same, "00:00:5e:00:53:03", "eth1"),
    ])
    assert table() == {same: ("00:00:5e:00:53:03", "eth0")}


def test_a_machine_without_the_tool_has_an_empty_table(monkeypatch, tmp_path):
    monkeypatch.setattr(neighbours.platform, "system", lambda: "Darwin")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert table() == {}


@pytest.mark.netns
def test_the_kernels_table_has_both_families():
    with Lan():
        run("ip", "neigh", "replace", "10.77.0.5", "lladdr", "02:00:00:00:77:05", "dev", "lan0")
        run("ip", "-6", "neigh", "replace", "fe80::5", "lladdr", "02:00:00:00:77:05", "dev", "lan0")
        assert table() == {
            IPv4Address("10.77.0.5"): ("02:00:00:00:77:05", "lan0"),
            IPv6Address("fe80::5"): ("02:00:00:00:77:05", "lan0"),
        }
