"""The MACs this machine's own kernel already knows: nothing is sent to learn them."""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from netcam.model import IPAddress, canonical_mac

# Entries read of one table: a kernel keeps 1024 by default, and a flood of spoofed answers must not fill our memory.
ENTRIES_LIMIT = 65536

_ATF_COM = 0x02  # include/uapi/linux/if_arp.h: the entry is complete
_IP_KNOWN = frozenset(("REACHABLE", "STALE", "DELAY", "PROBE", "PERMANENT"))
_ARP_A_BSD = re.compile(r"\(([0-9.]{7,15})\) at ([0-9a-fA-F:]{11,17}) on (\S+)")
_ARP_A_WINDOWS = re.compile(r"^\s+([0-9.]{7,15})\s+([0-9a-fA-F-]{17})\s")
_ARP_A_WINDOWS_HEAD = re.compile(r"([0-9.]{7,15}) --- 0x")  # the words before it are translated


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """One entry: `interface` is its name, on Windows the interface's own address."""

    ip: IPAddress
    mac: str
    interface: str


def table() -> dict[IPAddress, tuple[str, str]]:
    """Each neighbour the kernel knows, with its MAC and interface; empty where the table can't be read.

    An address that two interfaces give different MACs for (link-local ones may repeat) is left out: it names two hosts.
    """
    found: dict[IPAddress, tuple[str, str]] = {}
    ambiguous: set[IPAddress] = set()
    for entry in _read():
        known = found.setdefault(entry.ip, (entry.mac, entry.interface))
        if known[0] != entry.mac:
            ambiguous.add(entry.ip)
    return {ip: known for ip, known in found.items() if ip not in ambiguous}


def parse_proc_net_arp(text: str) -> tuple[Neighbour, ...]:
    """The complete entries of Linux's /proc/net/arp; published (proxy) entries have no MAC there and fall out."""
    made = []
    for line in text.splitlines()[1 : ENTRIES_LIMIT + 1]:
        match line.split():
            case [ip, _, flags, mac, _, interface] if flags.startswith("0x") and int(flags, 16) & _ATF_COM:
                made.append(_neighbour(ip, mac, interface))
    return tuple(n for n in made if n)


def parse_ip_neigh(text: str) -> tuple[Neighbour, ...]:
    """The usable entries of `ip neigh show`, as in `fe80::1 dev eth0 lladdr 00:00:5e:00:53:01 router STALE`."""
    made = []
    for line in text.splitlines()[:ENTRIES_LIMIT]:
        words = line.split()
        if len(words) < 6 or words[1] != "dev" or "lladdr" not in words[:-1] or not _IP_KNOWN & set(words):
            continue
        made.append(_neighbour(words[0], words[words.index("lladdr") + 1], words[2]))
    return tuple(n for n in made if n)


def parse_arp_a_bsd(text: str) -> tuple[Neighbour, ...]:
    """`arp -an` of macOS and the BSDs, which leave out leading zeros: `? (10.0.0.2) at 0:0:5e:0:53:2 on en0 ...`."""
    made = []
    for line in text.splitlines()[:ENTRIES_LIMIT]:
        if hit := _ARP_A_BSD.search(line):
            parts = hit[2].split(":")
            made.append(_neighbour(hit[1], ":".join(p.zfill(2) for p in parts), hit[3]))
    return tuple(n for n in made if n)


def parse_arp_a_windows(text: str) -> tuple[Neighbour, ...]:
    """`arp -a` of Windows in any language; group and broadcast entries are left out."""
    made, interface = [], ""
    for line in text.splitlines()[:ENTRIES_LIMIT]:
        if head := _ARP_A_WINDOWS_HEAD.search(line):
            interface = head[1]
        elif hit := _ARP_A_WINDOWS.match(line):
            made.append(_neighbour(hit[1], hit[2], interface))
    return tuple(n for n in made if n)


def _neighbour(ip_text: str, mac_text: str, interface: str) -> Neighbour | None:
    try:
        ip = ip_address(ip_text)
    except ValueError:
        return None
    if isinstance(ip, IPv6Address) and ip.scope_id:
        ip = IPv6Address(int(ip))
    elif isinstance(ip, IPv4Address) and ip == IPv4Address(0):
        return None
    mac = canonical_mac(mac_text)
    return Neighbour(ip=ip, mac=mac, interface=interface) if mac else None


def _read() -> Iterable[Neighbour]:
    system = platform.system()
    if system == "Linux":
        try:
            v4 = Path("/proc/net/arp").read_text(errors="replace")
        except OSError:
            v4 = ""
        return (*parse_proc_net_arp(v4), *parse_ip_neigh(_output("ip", "-6", "neigh", "show")))
    if system == "Windows":
        return parse_arp_a_windows(_output("arp", "-a"))
    return parse_arp_a_bsd(_output("arp", "-an"))


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace")
