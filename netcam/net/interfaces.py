"""The network interfaces of this machine, and which of their networks a scan without targets covers."""

from __future__ import annotations

import re
import socket
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, ip_interface
from pathlib import Path
from typing import Any

from netcam.model import AddressRange, IPAddress, canonical_mac, is_home

# More addresses than this are scanned only when they are asked for: a /16 takes hours at the gentle pace, a /8 months.
DEFAULT_NETWORK_LIMIT = 65536

_CONTAINERS = re.compile(
    r"(docker|br-[0-9a-f]{12}$|cni|podman|virbr|lxc|lxd|incus|cali|flannel|cilium|kube|weave|nerdctl|veth|vmnet|vboxnet)"
)
_VPN = re.compile(r"(tun|utun|wg|tailscale|ppp|zt[a-z0-9]|ipsec|nordlynx|gpd|vti)")
_VIRTUAL = re.compile(r"(dummy|ifb|tap|sit|gre|ip6|teql|nlmon|awdl|llw|vnet)")
_WIFI = re.compile(r"(wl|wifi|ath[0-9])")

# include/uapi/linux/if_arp.h
_ARPHRD_ETHER, _ARPHRD_LOOPBACK = 1, 772
# include/uapi/linux/if.h and sockios.h
_IFF_UP, _IFF_LOOPBACK, _IFF_MULTICAST = 0x1, 0x8, 0x1000
_SIOCGIFFLAGS, _SIOCGIFHWADDR = 0x8913, 0x8927


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """One interface as the system has it now.

    Attributes:
        name: what `--interface` takes; on Windows the adapter's description.
        index: the system's number, 0 where it has none.
        mac: None where the link has none, or the system doesn't tell (read on Linux only).
        kind: "ethernet", "wifi", "bridge", "loopback", "bridge-of-containers", "vpn" or "virtual".
        up: switched on; taken for granted where the system doesn't tell.
    """

    name: str
    index: int
    addresses: tuple[IPv4Interface | IPv6Interface, ...]
    mac: str | None
    kind: str
    up: bool
    multicast: bool


def interfaces() -> tuple[Interface, ...]:
    """Every interface, also those without an address, in the system's order."""
    import ifaddr

    made = []
    for adapter in ifaddr.get_adapters(include_unconfigured=True):
        name = adapter.nice_name
        addresses = tuple(a for a in (_address(ip.ip, ip.network_prefix) for ip in adapter.ips) if a)
        loopback = any(a.ip.is_loopback for a in addresses)
        link = _linux_link(name) if sys.platform == "linux" else None
        if link is None:
            kind = "loopback" if loopback else kind_of(name)
            link = _Link(mac=None, kind=kind, up=True, multicast=kind != "loopback")
        made.append(
            Interface(
                name=name, index=adapter.index or 0, addresses=addresses, mac=link.mac,
                kind=link.kind, up=link.up, multicast=link.multicast,
            )
        )
    return tuple(made)


def kind_of(name: str, features: frozenset[str] = frozenset()) -> str:
    """What sort of interface goes by this name; `features` are what its folder under /sys/class/net holds."""
    if _CONTAINERS.match(name):
        return "bridge-of-containers"
    if _VPN.match(name):
        return "vpn"
    if features & {"wireless", "phy80211"} or _WIFI.match(name):
        return "wifi"
    if "bridge" in features:
        return "bridge"
    if "tun_flags" in features or _VIRTUAL.match(name):
        return "virtual"
    if name == "lo" or re.fullmatch(r"lo\d+", name):
        return "loopback"
    return "ethernet"


def default_networks(
    ifs: Sequence[Interface],
) -> tuple[tuple[tuple[Interface, IPv4Network], ...], tuple[tuple[str, str], ...]]:
    """The private IPv4 networks attached to this machine, and what was left out: (interface and network, why).

    Loopback and interfaces without an IPv4 address are left out without a word.
    """
    networks: list[tuple[Interface, IPv4Network]] = []
    left_out: list[tuple[str, str]] = []
    reasons = {
        "bridge-of-containers": "a network of containers or virtual machines on this machine",
        "vpn": "a VPN or tunnel, not a local network",
        "virtual": "a virtual interface without a wire",
    }
    for interface in ifs:
        if interface.kind == "loopback":
            continue
        for own in interface.addresses:
            if not isinstance(own, IPv4Interface):
                continue
            network = own.network
            why = reasons.get(interface.kind) or _why_not(network)
            why = why if interface.up else "the interface is down"
            if why:
                left_out.append((f"{interface.name} {network}", why))
            elif (interface, network) not in networks:
                networks.append((interface, network))
    return tuple(networks), tuple(left_out)


def attached(ip: IPAddress, ifs: Sequence[Interface]) -> Interface | None:
    """The interface in whose own network `ip` lies, the narrowest network first; None when it is behind a router.

    A link-local IPv6 address lies on every link, so it needs its scope id (`%eth0` or `%2`).
    """
    scope = ip.scope_id if isinstance(ip, IPv6Address) else None
    if isinstance(ip, IPv6Address) and ip.is_link_local:
        return next((i for i in ifs if scope and scope in (i.name, str(i.index))), None)
    fitting = [
        (own.network.prefixlen, interface)
        for interface in ifs
        if interface.up
        for own in interface.addresses
        if own.version == ip.version and ip in own.network
    ]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def _why_not(network: IPv4Network) -> str:
    if network.prefixlen == 32:
        return "a single address without a network"
    if network.is_link_local:
        return "link-local; name it as a target to include it"
    if not is_home(AddressRange.of(network)):
        return "not a private network; name it as a target to include it"
    if network.num_addresses > DEFAULT_NETWORK_LIMIT:
        return f"{network.num_addresses:,} addresses; name the part that is meant as a target"
    return ""


def _address(ip: Any, prefix: int) -> IPv4Interface | IPv6Interface | None:
    """ifaddr gives IPv4 as text and IPv6 as (text, flow info, scope id)."""
    text = ip if isinstance(ip, str) else ip[0]
    try:
        return ip_interface(f"{text.partition('%')[0]}/{prefix}")
    except ValueError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    mac: str | None
    kind: str
    up: bool
    multicast: bool


def _linux_link(name: str) -> _Link | None:
    """What the kernel says by ioctl, which unlike /sys always speaks of our own network namespace; None: no device."""
    if sys.platform != "linux":
        return None
    import fcntl

    request = struct.pack("16s24x", name.partition(":")[0].encode()[:15])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            flags: int = struct.unpack_from("H", fcntl.ioctl(asking, _SIOCGIFFLAGS, request), 16)[0]
            hardware = fcntl.ioctl(asking, _SIOCGIFHWADDR, request)
        except OSError:
            return None
    (family,) = struct.unpack_from("H", hardware, 16)
    folder = Path("/sys/class/net") / name
    try:
        features = frozenset(f.name for f in folder.iterdir()) if _same_device(folder, name) else frozenset[str]()
    except OSError:
        features = frozenset()
    kind = kind_of(name, features)
    if flags & _IFF_LOOPBACK or family == _ARPHRD_LOOPBACK:
        kind = "loopback"
    elif family != _ARPHRD_ETHER and kind in ("ethernet", "bridge"):
        kind = "vpn"  # links without MACs are tunnels: point-to-point, IPIP, SIT, GRE
    return _Link(
        mac=canonical_mac(hardware[18:24].hex()) if family == _ARPHRD_ETHER else None,
        kind=kind, up=bool(flags & _IFF_UP), multicast=bool(flags & _IFF_MULTICAST) and kind != "loopback",
    )


def _same_device(folder: Path, name: str) -> bool:
    """Whether /sys shows our namespace: it may have been mounted in another one, with a device of the same name."""
    return int((folder / "ifindex").read_text()) == socket.if_nametoindex(name)
