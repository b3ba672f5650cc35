"""A simulated clock for the event loop, and scopes and gates for loopback."""

import asyncio
import os
import selectors
import socket
import ssl
import threading
import warnings
from ipaddress import ip_address
from pathlib import Path

import pytest

from netcam.model import AddressRange, Scope
from netcam.net.gate import Gate, Pace


def _scope_of(*ranges):
    parts = [(ip_address(a), ip_address(b)) for a, b in ranges]
    return Scope(
        targets=tuple(f"{a}-{b}" for a, b in parts),
        ranges=tuple(sorted(AddressRange(a.version, int(a), int(b)) for a, b in parts)),
    )


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting it moves the loop's clock on."""

    def __init__(self):
        super().__init__()
        self.now = 1000.0

    def select(self, timeout=None):
        if timeout and timeout > 0:
            self.now += timeout
            timeout = 0
        return super().select(timeout)


class SimulatedLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self):
        return self._jumping.now

    def stall(self, seconds):
        """Time passes while no task gets to run."""
        self._jumping.now += seconds


@pytest.fixture
def simulated():
    """An event loop whose sleeps take no time; `simulated.time` is its clock."""
    loop = SimulatedLoop()
    yield loop
    loop.close()


@pytest.fixture
def scope_of():
    """Makes a scope of (first, last) address pairs."""
    return _scope_of


@pytest.fixture
def gate():
    """A gate to loopback with more pace than a test can use."""
    pace = Pace(name="test", total_pps=1_000_000, host_pps=1_000_000, host_connections=8)
    return Gate(_scope_of(("127.0.0.1", "127.0.0.1"), ("::1", "::1")), pace)


@pytest.fixture(autouse=True)
def nothing_left_behind():
    """Fails a test that leaves a thread running."""
    before = set(threading.enumerate())
    yield
    left = [t for t in threading.enumerate() if t not in before]
    for thread in left:
        thread.join(5)
    assert not [t for t in left if t.is_alive()]


class Device:
    """A little server on loopback: `behave(socket)` runs in a thread for each connection, which is closed after it."""

    def __init__(self, behave, *, tls=None):
        self._behave, self._tls = behave, tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.heard = []
        self._open = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(sock)
            self._threads.append(threading.Thread(target=self._serve, args=(sock,)))
            self._threads[-1].start()

    def _serve(self, sock):
        try:
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._open.append(sock)
            self._behave(self, sock)
        except OSError:
            pass
        finally:
            sock.close()

    def hear(self, sock):
        """Read one request's head."""
        said = b""
        while b"\r\n\r\n" not in said and (part := sock.recv(65536)):
            said += part
        self.heard.append(said)
        return said

    def close(self):
        for sock in (self._listener, *self._open):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self._listener.close()
        for thread in self._threads:
            thread.join(5)


@pytest.fixture
def device():
    """Starts little servers: `device(behave)`, or `device(b"answer")` for one that answers any request with it."""
    running = []

    def start(behave, *, tls=None):
        def answer(device, sock):
            device.hear(sock)
            sock.sendall(behave)

        running.append(Device(answer if isinstance(behave, bytes) else behave, tls=tls))
        return running[-1]

    yield start
    for server in running:
        server.close()


@pytest.fixture
def server_tls():
    """Makes a server's TLS context with the certificate of device.pem (constructed: RSA 1024, SHA-1)."""

    def make(version=None, ciphers="ALL:@SECLEVEL=0"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers(ciphers)
        context.load_cert_chain(Path(__file__).with_name("device.pem"))
        if version is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = context.maximum_version = version
        return context

    return make


@pytest.fixture
def open_files():
    """How many descriptors this process has open; compare before and after."""
    return lambda: len(os.listdir("/proc/self/fd"))
