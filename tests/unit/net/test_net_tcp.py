import asyncio
import queue
import socket
import ssl
import threading
from ipaddress import ip_address

import pytest

from netcam.errors import ScopeError
from netcam.net.gate import PACES, Gate
from netcam.net.tcp import PortState, connect_port, open_stream
from netcam.net.tls import fetch_certificate

HERE = ip_address("127.0.0.1")


@pytest.fixture
def full_port():
    """A port whose queue is full: the kernel drops further SYNs, as a firewall would."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    port = listener.getsockname()[1]
    waiting = []
    for _ in range(3):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(("127.0.0.1", port))
        waiting.append(sock)
    yield port
    for sock in (*waiting, listener):
        sock.close()


@pytest.fixture
def closed_port():
    with socket.socket() as sock:  # bound and not listening: nobody else can take it
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


def wait_for_end(device, sock):
    device.heard.append(sock.recv(100))


def test_an_open_port_is_open_and_hears_nothing_but_a_normal_end(gate, device):
    heard = queue.Queue()
    server = device(lambda device, sock: heard.put(sock.recv(100)))
    assert asyncio.run(connect_port(gate, HERE, server.port, 5)).state is PortState.OPEN
    assert heard.get(timeout=10) == b""
    assert gate.traffic.packets_sent == 4


def test_a_closed_port_is_closed_and_costs_one_packet(gate, closed_port):
    assert asyncio.run(connect_port(gate, HERE, closed_port, 5)).state is PortState.CLOSED
    assert gate.traffic.packets_sent == 1


def test_a_port_that_never_answers_is_filtered(gate, full_port):
    assert asyncio.run(connect_port(gate, HERE, full_port, 0.2)).state is PortState.FILTERED


def test_a_port_outside_the_scope_is_never_asked(gate):
    with pytest.raises(ScopeError):
        asyncio.run(connect_port(gate, ip_address("127.0.0.2"), 80, 1))
    assert gate.traffic.packets_sent == 0


def test_attempts_of_every_kind_leave_no_socket_open(gate, device, closed_port, full_port, open_files):
    server = device(wait_for_end)

    async def run():
        before = open_files()
        await connect_port(gate, HERE, server.port, 5)
        await connect_port(gate, HERE, closed_port, 5)
        await connect_port(gate, HERE, full_port, 0.1)
        cancelled = asyncio.create_task(connect_port(gate, HERE, full_port, 60))
        await asyncio.sleep(0.05)
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)
        return before, open_files(), asyncio.all_tasks()

    before, after, tasks = asyncio.run(run())
    # The server's side closes in its own time: at most its one connection is still there.
    assert after <= before + 1
    assert len(tasks) == 1


def test_many_connections_share_the_slots_of_their_host(scope_of, device):
    gate = Gate(scope_of(("127.0.0.1", "127.0.0.1")), PACES["fast"])
    server = device(wait_for_end)

    async def run():
        return await asyncio.gather(*(connect_port(gate, HERE, server.port, 5) for _ in range(12)))

    assert {result.state for result in asyncio.run(run())} == {PortState.OPEN}


def echo(device, sock):
    while said := sock.recv(100):
        sock.sendall(said.upper())


@pytest.mark.parametrize("tls", [False, True])
def test_a_stream_sends_and_reads_with_and_without_tls(gate, device, server_tls, tls):
    server = device(echo, tls=server_tls() if tls else None)

    async def run():
        async with open_stream(gate, HERE, server.port, 5, tls=tls) as stream:
            await stream.send(b"options")
            return await stream.read(100, 5)

    assert asyncio.run(run()) == b"OPTIONS"


@pytest.mark.parametrize("tls", [False, True])
def test_a_read_is_empty_when_nothing_comes_and_when_the_peer_has_closed(gate, device, server_tls, tls):
    def say_then_close(device, sock):
        sock.recv(1)
        sock.sendall(b"bye")

    server = device(say_then_close, tls=server_tls() if tls else None)

    async def run():
        async with open_stream(gate, HERE, server.port, 5, tls=tls) as stream:
            silent = await stream.read(100, 0.05)
            await stream.send(b"x")
            return silent, await stream.read(2, 5), await stream.read(2, 5), await stream.read(2, 5)

    assert asyncio.run(run()) == (b"", b"by", b"e", b"")


def test_reads_of_a_peer_that_goes_on_for_ever_end_with_the_stream(gate, device):
    def flood(device, sock):
        while True:
            sock.sendall(b"x" * 4096)

    server = device(flood)

    async def run():
        async with open_stream(gate, HERE, server.port, 0.3) as stream:
            while await stream.read(4096, 60):
                pass
            with pytest.raises(TimeoutError):
                await stream.send(b"x")

    asyncio.run(run())


def test_a_peer_that_drips_is_not_listened_to_for_long(gate, device):
    pause = threading.Event()

    def drip(device, sock):
        while True:
            sock.sendall(b"x")
            pause.wait(0.04)

    server = device(drip)

    async def run():
        came = b""
        async with open_stream(gate, HERE, server.port, 60) as stream:
            while part := await stream.read(10, 60):
                came += part
        return came

    assert 0 < len(asyncio.run(run())) < 100


def test_a_stream_to_a_closed_port_is_an_os_error(gate, closed_port):
    async def run():
        async with open_stream(gate, HERE, closed_port, 5):
            pass

    with pytest.raises(OSError):
        asyncio.run(run())


def test_a_peer_that_never_finishes_its_handshake_is_left_at_the_deadline(gate, device):
    def swallow(device, sock):
        while sock.recv(65536):
            pass

    server = device(swallow)

    async def run():
        async with open_stream(gate, HERE, server.port, 0.2, tls=True):
            pass

    with pytest.raises(TimeoutError):
        asyncio.run(run())


OLD = [
    pytest.param(ssl.TLSVersion.TLSv1, "ALL:@SECLEVEL=0", id="TLS 1.0"),
    pytest.param(ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0", id="TLS 1.1"),
    pytest.param(ssl.TLSVersion.TLSv1_2, "AES128-SHA:@SECLEVEL=0", id="RSA key exchange"),
    pytest.param(ssl.TLSVersion.TLSv1_2, "NULL-SHA256:@SECLEVEL=0", id="no cipher"),
    pytest.param(ssl.TLSVersion.TLSv1_3, "ALL:@SECLEVEL=0", id="TLS 1.3"),
]


@pytest.mark.parametrize(("version", "ciphers"), OLD)
def test_the_certificate_is_read_over_old_and_new_tls(gate, device, server_tls, version, ciphers):
    server = device(wait_for_end, tls=server_tls(version, ciphers))
    seen = asyncio.run(fetch_certificate(gate, HERE, server.port, 5))
    assert b"Northlight" in seen.der
    assert seen.version == version.name.replace("_", ".")


def test_there_is_no_certificate_where_no_tls_is_spoken(gate, device, closed_port):
    def grumble(device, sock):
        sock.recv(10)
        sock.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")

    server = device(grumble)
    assert asyncio.run(fetch_certificate(gate, HERE, server.port, 5)) is None
    assert asyncio.run(fetch_certificate(gate, HERE, closed_port, 5)) is None
    with pytest.raises(ScopeError):
        asyncio.run(fetch_certificate(gate, ip_address("127.0.0.9"), server.port, 5))
