"""What every test shares: no network beyond loopback, nothing left running, the shipped knowledge."""

import asyncio
import ctypes
import errno
import os
import shutil
import socket
import struct
import sys
import threading
from ipaddress import ip_address
from pathlib import Path

import pytest

from netcam.engine.load import load_signatures
from netcam.engine.oui import dump_oui
from netcam.knowledge import Knowledge
from netcam.model import Endpoint, Numbering

ROOT = Path(__file__).parents[1]
NETWORK_OF_THEIR_OWN = ("netns", "daemon", "browser")  # these run where loopback is not all there is
QUIET = tuple(str(Path(__file__).parent / name) for name in ("unit", "wire", "signatures", "architecture"))


def refused(address, sock=None):
    """Why nothing may go to `address`; None where it stays on this machine."""
    if not isinstance(address, tuple):
        return None  # a path, a netlink group
    host = str(address[0]).partition("%")[0]
    try:
        ip = ip_address(host)
    except ValueError:
        return None if host in ("", "localhost") else f"{host} would have to be looked up"
    if ip.is_multicast and sock is not None and sock.family == socket.AF_INET:
        ip = ip_address(sock.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, 4))
        return None if ip.is_loopback else f"{host} is asked through {ip}"
    return None if ip.is_loopback or ip.is_unspecified else f"{ip} is not loopback"


@pytest.fixture(autouse=True)
def loopback_only(request, monkeypatch):
    """Unit tests reach nothing but this machine: a socket that tries is refused, and fails the test."""
    if not str(request.path).startswith(QUIET) or any(map(request.node.get_closest_marker, NETWORK_OF_THEIR_OWN)):
        yield
        return
    tried = []

    def guarded(name, at):
        real = getattr(socket.socket, name)

        def call(self, *args):
            if self.family in (socket.AF_INET, socket.AF_INET6) and (why := refused(args[at], self)):
                tried.append(f"socket.{name}: {why}")
                raise OSError(errno.ENETUNREACH, tried[-1])
            return real(self, *args)

        monkeypatch.setattr(socket.socket, name, call)

    for name, at in (("connect", 0), ("connect_ex", 0), ("sendto", -1)):
        guarded(name, at)
    look_up = socket.getaddrinfo

    def getaddrinfo(host, *args, **more):
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and "looked up" in (why := refused((name,)) or ""):
            tried.append(f"socket.getaddrinfo: {why}")
            raise socket.gaierror(socket.EAI_NONAME, tried[-1])
        return look_up(host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield
    assert not tried


@pytest.fixture(autouse=True)
def nothing_left_running(request, monkeypatch):
    """Fails a unit test that leaves a thread, or a task at the end of `asyncio.run`."""
    if not str(request.path).startswith(QUIET):
        yield
        return
    tasks = []
    own = (str(ROOT / "netcam"), str(ROOT / "tests"))

    def ours(task):
        code = getattr(task.get_coro(), "cr_code", None)
        return code is None or code.co_filename.startswith(own)

    cancel = asyncio.runners._cancel_all_tasks

    def cancel_all(loop):
        tasks.extend(repr(task) for task in asyncio.all_tasks(loop) if ours(task))
        cancel(loop)

    monkeypatch.setattr(asyncio.runners, "_cancel_all_tasks", cancel_all)
    before = set(threading.enumerate())
    yield
    assert not tasks
    left = [thread for thread in threading.enumerate() if thread not in before]
    for thread in left:
        thread.join(5)
    assert not [thread for thread in left if thread.is_alive()]


@pytest.fixture(scope="session")
def checkout():
    """The folder that this copy of the project lies in."""
    return ROOT


@pytest.fixture(scope="session")
def knowledge():
    """The signatures and lists as shipped."""
    return Knowledge.load(ROOT / "signatures")


@pytest.fixture
def signature_folder(tmp_path):
    """Makes a data folder of invented vendor files: name -> TOML text; `oui`: prefix -> registrant."""
    made = 0

    def make(files, oui=None):
        nonlocal made
        made += 1
        folder = tmp_path / f"signatures-{made}"
        (folder / "vendors").mkdir(parents=True)
        shutil.copy(ROOT / "signatures" / "vocabulary.toml", folder)
        blocks = {"00005E": "Northlight Optics"} if oui is None else oui
        (folder / "oui.txt.gz").write_bytes(dump_oui(blocks, date="2026-01-10", source="constructed"))
        for name, text in files.items():
            (folder / "vendors" / f"{name}.toml").write_text(text, "utf-8")
        return folder

    return make


@pytest.fixture
def signature_set(signature_folder):
    """Loads a set of invented vendor files."""

    def load(files, oui=None, engine=None):
        return load_signatures(signature_folder(files, oui), engine=engine)

    return load


@pytest.fixture
def observed():
    """Makes observations: `observed((kind, value), ..., ip=, port=, transport=)`, numbered through the test."""
    numbering = Numbering()

    def make(*pairs, ip="192.0.2.7", port=None, transport=None, probe="constructed"):
        endpoint = Endpoint(ip=ip_address(ip) if ip else None, port=port, transport=transport)
        return list(numbering.observe(endpoint, probe, list(pairs)))

    return make


CLONE_NEWNET = 0x40000000
LOOPBACK_UP = struct.pack("16sH14x", b"lo", 0x49)  # IFF_UP, IFF_LOOPBACK, IFF_RUNNING
SET_FLAGS = 0x8914  # SIOCSIFFLAGS


def pytest_sessionstart(session):
    """Give this process a network of its own, where it may: then its loopback is nobody else's.

    Emulated devices and scans share groups and fixed ports with whatever else uses them on the same loopback: another
    worker, another run of the tests, a program of this machine.
    """
    controls_workers = bool(getattr(session.config.option, "dist", "no") != "no") and not hasattr(
        session.config, "workerinput"
    )
    if controls_workers or sys.platform != "linux" or os.geteuid() != 0:
        return
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    if ctypes.CDLL(None).unshare(CLONE_NEWNET) != 0:  # not allowed here: the tests run one by one instead
        os.close(before)
        return
    from fcntl import ioctl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        ioctl(sock, SET_FLAGS, LOOPBACK_UP)
    _NETWORKS["machine"] = before
    _NETWORKS["own"] = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Tests that install something need the way to a package index; all others stay in the network made above."""
    if not _NETWORKS or item.get_closest_marker("packaging") is None:
        return (yield)
    setns = ctypes.CDLL(None).setns
    assert setns(_NETWORKS["machine"], CLONE_NEWNET) == 0
    try:
        return (yield)
    finally:
        assert setns(_NETWORKS["own"], CLONE_NEWNET) == 0


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Whatever runs emulated devices on a shared loopback runs one after the other: they hear one another.

    In a network of its own only the tests of one file stay together, since they share what was scanned.
    """
    for item in items:
        path = str(item.path)
        if path not in _ON_LOOPBACK:
            _ON_LOOPBACK[path] = "on_loopback" in item.path.read_text("utf-8")
        mark = item.get_closest_marker("xdist_group")
        speaks = mark.args == ("loopback",) if mark else _ON_LOOPBACK[path]
        if _NETWORKS and (speaks or (mark and mark.args == ("lab",))):
            item.add_marker(pytest.mark.xdist_group(item.path.stem), append=False)
        elif speaks and mark is None:
            item.add_marker(pytest.mark.xdist_group("loopback"))


def pytest_collection_finish(session):
    """Groups that are not kept together make tests scan over and over, and hear one another; nothing would say so."""
    if not getattr(session.config.option, "loadgroup", False):
        return
    lost = [item for item in session.items if item.get_closest_marker("xdist_group") and "@" not in item.nodeid]
    if lost:
        raise pytest.UsageError(f"this pytest-xdist does not keep the groups of this pytest together: {lost[0].nodeid}")


_NETWORKS = {}  # descriptors of the network namespaces: the machine's and our own
_ON_LOOPBACK = {}
