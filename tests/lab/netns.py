"""A LAN in network namespaces: real MACs, real ports, a switch, a packet filter and a recorder; Linux, as root.

Everything lives in anonymous namespaces held by file descriptors of this process, with no link to the machine's own
interfaces. Nothing is entered in the file system, so nothing is left behind when the process dies, however it dies.

    with NetnsLan(load_profiles("hikvision-camera"), network="10.0.0.0/24") as lan:
        result = lan.run(["scan", "10.0.0.0/24", "-o", "-"])
        lan.record("10.0.0.1"); lan.frames
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import functools
import os
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import TypeVar

from netcam.demo.emulator import Device, EmulatedLan, Received
from netcam.demo.profile import Profile, load_profiles
from netcam.demo.store import demo_store

T = TypeVar("T")

REPOSITORY = Path(__file__).resolve().parents[2]
_CLONE_NEWNET = 0x40000000
_IFF_UP = 1
_IFF_PROMISC = 0x100
_SIOCSIFADDR, _SIOCSIFNETMASK, _SIOCGIFFLAGS, _SIOCSIFFLAGS, _SIOCSIFHWADDR = 0x8916, 0x891C, 0x8913, 0x8914, 0x8924
_ETH_P_ALL = 3
_SO_TIMESTAMPNS = 35
_SOL_PACKET, _PACKET_STATISTICS = 263, 6
_SO_RCVBUFFORCE = 33
_SCANNER_MAC = "02:00:00:00:ff:fe"

_libc = ctypes.CDLL(None, use_errno=True)


def why_not() -> str | None:
    """Why the lab can't run here, or None."""
    if sys.platform != "linux":
        return "network namespaces need Linux"
    if os.geteuid() != 0:
        return "network namespaces need root"
    missing = [tool for tool in ("ip", "nft", "unshare", "setpriv") if shutil.which(tool) is None]
    return f"{missing[0]} is not installed" if missing else None


def inside(namespace: int, work: Callable[[], T]) -> T:
    """`work()` in a thread of its own that has entered the namespace; sockets opened there stay there."""
    result: list[T] = []
    failure: list[BaseException] = []

    def enter() -> None:
        try:
            _call("setns", namespace, _CLONE_NEWNET)
            result.append(work())
        except BaseException as error:  # handed to the caller below
            failure.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return result[0]


def new_namespace() -> int:
    """A file descriptor that holds a new network namespace; closing the last one ends it."""
    found: list[int] = []

    def make() -> None:
        _call("unshare", _CLONE_NEWNET)
        found.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    if not found:
        raise PermissionError("this process may not make network namespaces")
    return found[0]


def _call(name: str, *arguments: int) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _interface(name: str, command: int, argument: bytes = b"") -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        return fcntl.ioctl(sock, command, struct.pack("16s24s", name.encode(), argument))


def _up(name: str, flags: int = 0) -> None:
    before = struct.unpack_from("H", _interface(name, _SIOCGIFFLAGS), 16)[0]
    _interface(name, _SIOCSIFFLAGS, struct.pack("H", before | _IFF_UP | flags))


def configure(name: str, ip: str, mask: str, mac: str, *, ipv6: bool) -> None:
    """Give one interface of the present namespace its addresses and bring it up, loopback too."""
    if not ipv6:
        with contextlib.suppress(FileNotFoundError):
            Path("/proc/sys/net/ipv6/conf/all/disable_ipv6").write_text("1")
    else:
        Path(f"/proc/sys/net/ipv6/conf/{name}/accept_dad").write_text("0")  # nobody else has it: usable at once
    _interface(name, _SIOCSIFHWADDR, struct.pack("H6s", 1, bytes.fromhex(mac.replace(":", ""))))
    _interface(name, _SIOCSIFADDR, struct.pack("HH4s", socket.AF_INET, 0, IPv4Address(ip).packed))
    _interface(name, _SIOCSIFNETMASK, struct.pack("HH4s", socket.AF_INET, 0, IPv4Address(mask).packed))
    _up(name)
    _up("lo")


@dataclass(frozen=True, slots=True)
class NamespacePlace:
    """A device's place in the lab: every address of its own namespace."""

    namespace: int
    group_ip: str
    network: IPv4Network
    bind_ip: str = "0.0.0.0"

    @property
    def broadcast_ip(self) -> str:
        return str(self.network.broadcast_address)

    def run(self, work: Callable[[], T]) -> T:
        return inside(self.namespace, work)

    def admits(self, peer: str) -> bool:
        return IPv4Address(peer) in self.network


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One Ethernet frame on the switch. `at` is the kernel's Unix time; ports are None without TCP or UDP."""

    at: float
    src_mac: str
    dst_mac: str
    ethertype: int
    length: int
    protocol: int | None = None
    src: str | None = None
    dst: str | None = None
    sport: int | None = None
    dport: int | None = None
    ttl: int | None = None
    flags: int | None = None  # of TCP
    fragment: bool = False

    @classmethod
    def decode(cls, at: float, raw: bytes) -> Frame:
        dst, src, ethertype = (raw[:6].hex(":"), raw[6:12].hex(":"), int.from_bytes(raw[12:14], "big"))
        known: dict[str, int | str | bool] = {}
        start, ports = 0, False
        if ethertype == 0x0800 and len(raw) >= 34:
            offset = int.from_bytes(raw[20:22], "big") & 0x1FFF
            known = {
                "ttl": raw[22], "protocol": raw[23], "src": socket.inet_ntop(socket.AF_INET, raw[26:30]),
                "dst": socket.inet_ntop(socket.AF_INET, raw[30:34]),
                "fragment": bool(offset or raw[20] & 0x20),
            }
            start, ports = 14 + (raw[14] & 15) * 4, not offset
        elif ethertype == 0x86DD and len(raw) >= 54:
            known = {
                "protocol": raw[20], "ttl": raw[21], "src": socket.inet_ntop(socket.AF_INET6, raw[22:38]),
                "dst": socket.inet_ntop(socket.AF_INET6, raw[38:54]),
            }
            start, ports = 54, True
        elif ethertype == 0x0806 and len(raw) >= 42:
            known = {"src": socket.inet_ntoa(raw[28:32]), "dst": socket.inet_ntoa(raw[38:42])}
        if ports and known["protocol"] in (6, 17) and len(raw) >= start + 4:
            known["sport"], known["dport"] = struct.unpack_from("!HH", raw, start)
            if known["protocol"] == 6 and len(raw) >= start + 14:
                known["flags"] = raw[start + 13]
        return cls(at=at, src_mac=src, dst_mac=dst, ethertype=ethertype, length=len(raw), **known)


def busiest_second(frames: Iterable[Frame], src_mac: str) -> tuple[int, int]:
    """The most frames that left one station within any one second: in all, and to one host (groups are no host)."""

    def most(moments: Sequence[float]) -> int:
        best = start = 0
        for end, at in enumerate(moments):
            while at - moments[start] >= 1.0:
                start += 1
            best = max(best, end - start + 1)
        return best

    sent = [f for f in frames if f.src_mac == src_mac]
    per_host: dict[str | None, list[float]] = {}
    for frame in sent:
        if int(frame.dst_mac[:2], 16) & 1 and frame.ethertype != 0x0806:
            continue
        per_host.setdefault(frame.dst, []).append(frame.at)
    return most([f.at for f in sent]), max((most(moments) for moments in per_host.values()), default=0)


class Capture:
    """Every frame that crosses the switch, with the kernel's time stamps; `dropped` counts what the recorder missed."""

    def __init__(self, namespace: int, interface: str) -> None:
        self._raw: list[tuple[float, bytes]] = []
        self._socket = inside(namespace, lambda: self._open(interface))
        self._ends = threading.Event()
        self._idle = threading.Condition()
        self._idle_rounds = 0
        self.dropped = 0
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    @staticmethod
    def _open(interface: str) -> socket.socket:
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 64 << 20)
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        sock.bind((interface, _ETH_P_ALL))
        sock.settimeout(0.05)
        return sock

    def _listen(self) -> None:
        size = socket.CMSG_SPACE(16)
        while not self._ends.is_set():
            try:
                data, notes, _, _ = self._socket.recvmsg(65535, size)
            except TimeoutError:
                with self._idle:
                    self._idle_rounds += 1
                    self._idle.notify_all()
                continue
            seconds, nanoseconds = struct.unpack("qq", notes[0][2]) if notes else (0, 0)
            self._raw.append((seconds + nanoseconds / 1e9, data))

    def frames(self) -> list[Frame]:
        """All frames so far; waits until the queue is empty."""
        return [Frame.decode(at, raw) for at, raw in self._settled()]

    def write(self, path: Path) -> None:
        """All frames so far as a capture file (pcap, microseconds)."""
        with path.open("wb") as file:
            file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
            for at, raw in self._settled():
                file.write(struct.pack("<IIII", int(at), int(at % 1 * 1e6), len(raw), len(raw)) + raw)

    def _settled(self) -> list[tuple[float, bytes]]:
        with self._idle:
            goal = self._idle_rounds + 2
            self._idle.wait_for(lambda: self._idle_rounds >= goal or self._ends.is_set(), timeout=5)
        self._count_dropped()
        return list(self._raw)

    def _count_dropped(self) -> None:
        if not self._ends.is_set():
            self.dropped += struct.unpack("II", self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))[1]

    def close(self) -> None:
        self._count_dropped()
        self._ends.set()
        self._thread.join()
        self._socket.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a command in the scanner's namespace ended. Times are Unix times."""

    returncode: int
    stdout: str
    stderr: str
    started_at: float
    took_s: float


class NetnsLan:
    """Emulated devices, each in its own namespace with its own MAC, and a scanner's namespace on the same switch.

    Args:
        profiles: the devices; with `hosts` they are repeated as other units until there are so many.
        network: the addresses; devices take `addresses`, else the first ones, and the scanner takes the last one. The
            first device is the scanner's default gateway, so that packets out of scope are seen; it forwards nothing.
        ipv6: whether the scanner and the devices have link-local IPv6 addresses.
    """

    def __init__(
        self,
        profiles: Sequence[Profile],
        *,
        network: str = "10.0.0.0/24",
        hosts: int | None = None,
        addresses: Sequence[str] | None = None,
        ipv6: bool = False,
    ) -> None:
        self.network = IPv4Network(network)
        count = len(profiles) if hosts is None else hosts
        self.profiles = [profiles[i % len(profiles)].variant(i // len(profiles)) for i in range(count)]
        first = int(self.network.network_address) + 1
        self.addresses = list(addresses) if addresses else [str(IPv4Address(first + i)) for i in range(count)]
        self.scanner_ip = str(self.network.broadcast_address - 1)
        if len(set(self.addresses)) < count or self.scanner_ip in self.addresses:
            raise ValueError("every host needs an address of its own, and the last one is the scanner's")
        self._ipv6 = ipv6
        self._undo = contextlib.ExitStack()

    def __enter__(self) -> NetnsLan:
        try:
            self._build()
        except BaseException:
            self._undo.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    # What a test asks

    @property
    def devices(self) -> tuple[Device, ...]:
        return self._lan.devices

    def device(self, name: str) -> Device:
        """The device with that profile name or address."""
        return self._lan.device(name)

    def record(self, name: str) -> list[Received]:
        """All that the device received."""
        return self.device(name).record

    @property
    def frames(self) -> list[Frame]:
        """Every frame on the switch so far, in the order of arrival."""
        return self._capture.frames()

    def write_capture(self, path: Path) -> None:
        """Every frame on the switch so far as a capture file."""
        self._capture.write(path)

    @property
    def dropped(self) -> int:
        """Frames the recorder lost; a test about pace or scope should see 0."""
        return self._capture.dropped

    @property
    def scanner_mac(self) -> str:
        return _SCANNER_MAC

    def folder(self, user: str | None = None) -> Path:
        """A new folder for output that `user` may write to; it goes when the lab does."""
        path = Path(tempfile.mkdtemp(prefix="netcam-lab-"))
        self._undo.callback(shutil.rmtree, path, ignore_errors=True)
        if user:
            shutil.chown(path, user)
        return path

    def run(
        self, arguments: Sequence[str], *, user: str | None = None, timeout_s: float = 120.0, python: bool = True
    ) -> Result:
        """`python -m netcam` with `arguments` in the scanner's namespace; with `python=False` any command.

        `user` names an unprivileged account. Standard output and error come back as text. The command and all it
        started end with the lab, or when the time is up (subprocess.TimeoutExpired).
        """
        return self.run_in(self._scanner, arguments, user=user, timeout_s=timeout_s, python=python)

    def run_at(self, address: str, command: Sequence[str]) -> Result:
        """A command in a device's namespace: to give it routes, or a habit no profile has."""
        return self.run_in(self.space(address), command, user=None, timeout_s=30.0, python=False)

    def space(self, address: str) -> int:
        """The namespace of the device at `address`, as a file descriptor."""
        return self._spaces[self.addresses.index(address)]

    def run_in(
        self, namespace: int, arguments: Sequence[str], *, user: str | None, timeout_s: float, python: bool
    ) -> Result:
        command = [sys.executable, "-m", "netcam", *arguments] if python else list(arguments)
        line = _alone(command, user)

        def work() -> Result:
            started = time.time()
            done = subprocess.run(
                line, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=timeout_s,
                env=_environment(), cwd=REPOSITORY, check=False,
            )
            took = time.time() - started
            return Result(
                returncode=done.returncode, stdout=done.stdout, stderr=done.stderr, started_at=started, took_s=took
            )

        return inside(namespace, work)

    @contextlib.contextmanager
    def daemon(self, address: str, command: Sequence[str], *, listens: str) -> Iterator[None]:
        """A program in a device's namespace, with processes and mounts of its own; it ends with the block.

        Args:
            listens: "tcp/80" or "udp/5353"; the block begins when that port is open.

        Raises:
            OSError: it ended or the port was not open within 20 seconds; with the end of what it printed.
        """
        space = self.space(address)
        log = self.folder() / "log"
        started = threading.Event()
        running: list[subprocess.Popen[bytes]] = []

        def run() -> None:  # in a thread that lives as long: the child is killed when its parent thread ends
            with log.open("wb") as output:
                running.append(
                    subprocess.Popen(
                        _alone(["sh", "-c", '"$@" & wait', "sh", *command], None), stdin=subprocess.DEVNULL,
                        stdout=output, stderr=output, env=_environment(), cwd="/",
                    )
                )
                started.set()
                running[0].wait()

        thread = threading.Thread(target=inside, args=(space, run))
        thread.start()
        started.wait(10)
        try:
            end = time.monotonic() + 20
            while not inside(space, functools.partial(_listening, listens)):
                if not running or running[0].poll() is not None or time.monotonic() > end:
                    said = log.read_text("utf-8", "replace")[-600:]
                    raise OSError(f"{command[0]} does not listen on {listens}: {said}")
                time.sleep(0.05)
            yield
        finally:
            for process in running:
                _end(process.pid)
            thread.join()

    # Building

    def _build(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self._undo.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        self._scanner = self._namespace()
        spaces = self._spaces = [self._namespace() for _ in self.profiles]
        switch = self._switch([(space, "eth0") for space in (self._scanner, *spaces)])
        mask = str(self.network.netmask)
        addresses = (self.scanner_ip, *self.addresses)
        macs = (_SCANNER_MAC, *(profile.mac for profile in self.profiles))
        for space, ip, mac in zip((self._scanner, *spaces), addresses, macs, strict=True):
            inside(space, functools.partial(configure, "eth0", ip, mask, mac, ipv6=self._ipv6))
        # As on a real LAN, a packet for elsewhere leaves through some host: here it can be seen, and ends there.
        route = f"route add default via {self.addresses[0]}"
        inside(self._scanner, functools.partial(tool, ["ip", "-batch", "-"], route))
        self._filter()
        self._capture = Capture(switch, "br0")
        self._undo.callback(self._capture.close)
        self._serve()

    def _filter(self) -> None:
        """The packet filters of devices that have one."""
        for space, profile in zip(self._spaces, self.profiles, strict=True):
            if rules := _rules(profile):
                inside(space, functools.partial(tool, ["nft", "-f", "-"], rules))

    def _switch(self, ports: Sequence[tuple[int, str]]) -> int:
        """The namespace of a new switch br0 with a cable to each (namespace, interface name)."""
        switch = self._namespace()
        lines = ["link add br0 type bridge mcast_snooping 0 forward_delay 0 stp_state 0"]
        for number, (space, name) in enumerate(ports):
            lines += [
                f"link add p{number} type veth peer name {name} netns /proc/{os.getpid()}/fd/{space}",
                f"link set p{number} master br0 up",
            ]
        inside(switch, functools.partial(tool, ["ip", "-batch", "-"], "\n".join(lines)))
        inside(switch, _quiet_switch)
        return switch

    def _namespace(self) -> int:
        descriptor = new_namespace()
        self._undo.callback(os.close, descriptor)
        return descriptor

    def _place(self, space: int, ip: str) -> NamespacePlace:
        return NamespacePlace(space, ip, self.network)

    def _serve(self) -> None:
        units = zip(self._spaces, self.profiles, self.addresses, strict=True)
        self._lan = EmulatedLan(
            [Device(profile, ip, self._place(space, ip), shift_ports=False) for space, profile, ip in units]
        )
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()

        def end() -> None:
            asyncio.run_coroutine_threadsafe(self._lan.stop(), loop).result(30)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

        self._undo.callback(end)
        asyncio.run_coroutine_threadsafe(self._lan.start(), loop).result(60)
        if self._lan.missing:
            raise OSError(f"not opened: {self._lan.missing[0]}")


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/"}


def _alone(command: Sequence[str], user: str | None) -> list[str]:
    """The command with processes and mounts of its own, all of which end with it.

    Own mounts: /sys shows the interfaces of the namespace it was mounted in, and an interpreter in somebody's private
    home must be reachable for an unprivileged user without changing that home.
    """
    identity = ["--pdeathsig", "KILL"]
    if user:
        identity += ["--reuid", user, "--regid", "65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]
    return [
        "setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
        "sh", "-c", _MOUNTS, "sh", *(_private_parent(Path(sys.base_prefix)) if user else ("", "")),
        "setpriv", *identity, *command,
    ]  # fmt: skip


def _end(pid: int) -> None:
    """Kill the first process of a namespace that `unshare` waits for, and so all in it; `unshare` ends by itself.

    That first process is our shell, because one that changes its user would no longer die with its parent.
    """
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            os.kill(int(child), signal.SIGKILL)


def _listening(what: str) -> bool:
    """Whether a port like "tcp/80" is open in this thread's network namespace."""
    transport, _, port = what.partition("/")
    state = "0A" if transport == "tcp" else "07"  # include/net/tcp_states.h
    for name in (transport, f"{transport}6"):
        with contextlib.suppress(FileNotFoundError):
            for line in Path(f"/proc/thread-self/net/{name}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == state and int(fields[1].rpartition(":")[2], 16) == int(port):
                    return True
    return False


# $1 is a folder that only its owner may enter, $2 the part of it that the interpreter needs; both may be empty.
_MOUNTS = """
mount -t sysfs sysfs /sys || exit 125
if [ -n "$1" ]; then
    mount --bind "$2" /mnt && mount -t tmpfs -o mode=755 tmpfs "$1" || exit 125
    mkdir -p "$2" && mount --bind /mnt "$2" || exit 125
fi
shift 2
exec "$@"
"""


def _private_parent(path: Path) -> tuple[str, str]:
    """The highest folder above `path` that other users may not enter, and `path`; two empty texts without one."""
    for folder in reversed(path.parents):
        if not folder.stat().st_mode & 0o001:
            return str(folder), str(path)
    return "", ""


def _quiet_switch() -> None:
    with contextlib.suppress(FileNotFoundError):
        Path("/proc/sys/net/ipv6/conf/all/disable_ipv6").write_text("1")  # the switch itself says nothing
    _up("br0", _IFF_PROMISC)


def tool(command: list[str], text: str) -> None:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"{command[0]}: {done.stderr.strip()[:300]}")


def _rules(profile: Profile) -> str:
    drops = ["meta l4proto tcp drop"] if profile.filtered else []
    if profile.loss_percent:
        drops.append(f"numgen random mod 100 < {profile.loss_percent} drop")
    if not drops:
        return ""
    lines = "\n".join(f"    {rule}" for rule in drops)
    return f"table inet lab {{\n  chain in {{\n    type filter hook input priority 0\n{lines}\n  }}\n}}\n"


CCTV_IN_BIG_LAN = 40
LIVE_IN_BIG_LAN = 100


def big_lan() -> NetnsLan:
    """254 addresses, 100 live hosts: 40 CCTV devices (one slow, one filtered, one lossy) and 60 neighbours.

    The hosts are scattered over the network in a fixed order. The scanner has the last address.
    """
    store = demo_store()
    special = list(load_profiles("slow-camera", "filtered-camera", "lossy-camera"))
    cctv = [p for p in store if p.truth.is_cctv]
    neighbours = [p for p in store if not p.truth.is_cctv]
    quiet = [p for p in neighbours if p.name in ("linux-server", "quiet-host")]

    def units(profiles: Sequence[Profile], count: int) -> list[Profile]:
        return [profiles[i % len(profiles)].variant(i // len(profiles)) for i in range(count)]

    # Twice around the neighbours, the rest are plain hosts with SSH and HTTP, or with nothing open.
    plain = LIVE_IN_BIG_LAN - CCTV_IN_BIG_LAN - 2 * len(neighbours)
    profiles = [
        *special, *units(cctv, CCTV_IN_BIG_LAN - len(special)),
        *units(neighbours, 2 * len(neighbours)), *(quiet[i % 2].variant(2 + i // 2) for i in range(plain)),
    ]
    # 89 is coprime to 251, so the addresses differ; .1 to .251
    addresses = [f"10.0.0.{i * 89 % 251 + 1}" for i in range(len(profiles))]
    return NetnsLan(profiles, network="10.0.0.0/24", addresses=addresses)

