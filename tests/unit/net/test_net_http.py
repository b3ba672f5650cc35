import asyncio
import gzip
import ssl
import threading
from ipaddress import ip_address

import pytest

from netcam.errors import ScopeError
from netcam.net.http import BODY_LIMIT, RAW_LIMIT, HttpClient

HERE = ip_address("127.0.0.1")


@pytest.fixture
def fetch(gate):
    """One request through a client that is closed after it."""

    def fetch(port, path="/", *, ip=HERE, tls=False, **more):
        async def run():
            client = HttpClient(gate, workers=2, user_agent="netcam/test")
            try:
                return await client.request(ip, port, path, tls=tls, **more)
            finally:
                await client.close()

        return asyncio.run(run())

    return fetch


def test_status_headers_and_body_come_as_they_were_sent(fetch, device):
    server = device(b"HTTP/1.1 200 OK\r\nSERVER: App-webs/\r\nX-b: 1\r\nx-B: 2\r\nContent-Length: 5\r\n\r\nhello")
    reply = fetch(server.port, "/a?b=c")
    assert (reply.status, reply.body, reply.error, reply.certificate) == (200, b"hello", None, None)
    assert [(h.name, h.value) for h in reply.headers] == [
        ("SERVER", "App-webs/"),
        ("X-b", "1"),
        ("x-B", "2"),
        ("Content-Length", "5"),
    ]
    assert reply.url == f"http://127.0.0.1:{server.port}/a?b=c"


def test_the_request_says_who_asks_and_nothing_else(fetch, device):
    server = device(b"HTTP/1.1 200 OK\r\n\r\n")
    fetch(server.port, "/a?b=c")
    line, *fields = server.heard[0].rstrip().decode().split("\r\n")
    assert line == "GET /a?b=c HTTP/1.1"
    assert sorted(fields) == [
        "Accept-Encoding: identity",
        "Accept: */*",
        "Connection: close",
        f"Host: 127.0.0.1:{server.port}",
        "User-Agent: netcam/test",
    ]


def test_a_post_carries_its_body_and_headers(fetch, device):
    def answer(device, sock):
        said = device.hear(sock)
        while b"</Probe>" not in said:
            said += sock.recv(100)
        device.heard.append(said)
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    server = device(answer)
    fetch(server.port, method="POST", body=b"<Probe></Probe>", headers={"Content-Type": "application/soap+xml"})
    assert server.heard[-1].startswith(b"POST / HTTP/1.1\r\n")
    assert b"Content-Type: application/soap+xml\r\n" in server.heard[-1]
    assert server.heard[-1].endswith(b"<Probe></Probe>")


@pytest.mark.parametrize("name", ["Authorization", "authorization", "Cookie", "Proxy-Authorization"])
def test_headers_that_would_log_in_are_refused_before_anything_leaves(fetch, device, name):
    server = device(b"HTTP/1.1 200 OK\r\n\r\n")
    with pytest.raises(ValueError, match="never sends"):
        fetch(server.port, headers={name: "x"})
    assert server.heard == []


def test_proxies_and_netrc_of_the_environment_are_not_used(fetch, device, monkeypatch, tmp_path):
    server, proxy = device(b"HTTP/1.1 200 OK\r\n\r\n"), device(b"HTTP/1.1 200 OK\r\n\r\n")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv("no_proxy", "")
    assert fetch(server.port).status == 200
    assert proxy.heard == []
    assert b"uthorization" not in server.heard[0]


def test_no_cookie_goes_back_and_no_connection_is_used_twice(gate, device):
    def answer(device, sock):
        while device.hear(sock):
            device.connections = getattr(device, "connections", set()) | {sock.getpeername()}
            sock.sendall(b"HTTP/1.1 200 OK\r\nSet-Cookie: s=1; Path=/\r\nContent-Length: 0\r\n\r\n")

    server = device(answer)

    async def run():
        client = HttpClient(gate, workers=1, user_agent="netcam/test")
        for _ in range(3):
            assert (await client.request(HERE, server.port, "/", tls=False)).status == 200
        await client.close()

    asyncio.run(run())
    assert len(server.connections) == 3
    assert not any(b"ookie" in said for said in server.heard)


def test_redirects_are_told_and_not_followed(fetch, device):
    server = device(b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/login\r\nContent-Length: 0\r\n\r\n")
    reply = fetch(server.port)
    assert (reply.status, reply.one("location")) == (302, "http://192.0.2.1/login")


@pytest.mark.parametrize("path", ["@192.0.2.1/", "//192.0.2.1/x", "/\\192.0.2.1", "http://192.0.2.1/"])
def test_no_path_leads_to_another_host(fetch, device, path):
    server = device(b"HTTP/1.1 200 OK\r\n\r\n")
    fetch(server.port, path)
    assert len(server.heard) == 1
    assert f"Host: 127.0.0.1:{server.port}".encode() in server.heard[0]


def test_an_address_outside_the_scope_is_refused(fetch, gate):
    with pytest.raises(ScopeError):
        fetch(80, ip=ip_address("127.0.0.2"))
    assert gate.traffic.packets_sent == 0


# What a hostile or broken server can do; each ends by itself and keeps what came.


def drip(first, pause_s):
    def behave(device, sock):
        device.hear(sock)
        sock.sendall(first)
        while True:
            sock.sendall(b"x")
            device_pause.wait(pause_s)

    device_pause = threading.Event()
    return behave


@pytest.mark.parametrize(
    ("first", "status"),
    [(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", 200), (b"HTTP/1.1 401 No\r\nX-", 401), (b"", None)],
)
def test_a_server_that_drips_bytes_is_left_at_the_deadline_with_what_came(fetch, device, first, status):
    reply = fetch(device(drip(first, 0.15)).port, total_s=0.4)
    assert "deadline" in reply.error or "timed out" in reply.error
    assert reply.status == status
    assert reply.raw.startswith(first)


def test_a_tls_server_that_drips_is_left_at_the_deadline(fetch, device, server_tls):
    server = device(drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", 0.3), tls=server_tls())
    reply = fetch(server.port, tls=True, total_s=1.0)
    assert "deadline" in reply.error or "timed out" in reply.error
    assert reply.status == 200
    assert b"Northlight" in reply.certificate.der


def test_an_answer_that_comes_drop_by_drop_is_cut_long_before_the_deadline(fetch, device):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"
    reply = fetch(device(drip(head, 0.04)).port, total_s=60)
    assert "drips" in reply.error
    assert reply.status == 200


@pytest.mark.parametrize("tls", [False, True])
def test_a_server_that_accepts_and_says_nothing_is_left_at_the_deadline(fetch, device, tls):
    def silent(device, sock):
        while sock.recv(65536):
            pass

    reply = fetch(device(silent).port, tls=tls, total_s=0.3)
    assert "deadline" in reply.error or "timed out" in reply.error
    assert (reply.status, reply.raw) == (None, b"")


def endless(head, part):
    def behave(device, sock):
        device.hear(sock)
        sock.sendall(head)
        while True:
            sock.sendall(part)

    return behave


def test_an_endless_body_is_cut_at_64_kilobytes(fetch, device):
    reply = fetch(device(endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 10_000)).port, total_s=30)
    assert (reply.status, len(reply.body)) == (200, BODY_LIMIT)
    assert "cut" in reply.error
    assert len(reply.raw) <= RAW_LIMIT


@pytest.mark.parametrize(
    "part", [b"X-Header: y\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"x" * 1000], ids=["headers", "interim", "one line"]
)
def test_an_endless_head_is_left(fetch, device, part):
    reply = fetch(device(endless(b"HTTP/1.1 200 OK\r\n" if part[:1] != b"H" else b"", part)).port, total_s=30)
    assert reply.error
    assert len(reply.raw) <= RAW_LIMIT


def test_a_bad_header_line_hides_none_of_the_others(fetch, device):
    server = device(b"HTTP/1.1 200 OK\r\nServer: A\r\nno colon here\r\n: empty\r\nX-After: B\r\n\r\nbody")
    reply = fetch(server.port)
    assert (reply.status, reply.one("server"), reply.one("x-after")) == (200, "A", "B")
    assert reply.body == b"body"


def test_more_than_a_hundred_headers_are_kept(fetch, device):
    many = b"".join(b"X-%d: v\r\n" % n for n in range(110))
    reply = fetch(device(b"HTTP/1.1 200 OK\r\n" + many + b"Server: A\r\n\r\nbody").port)
    assert (reply.status, reply.one("server"), reply.body) == (200, "A", b"body")


def test_two_lengths_that_differ_do_not_hide_the_answer(fetch, device):
    server = device(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 9\r\nServer: A\r\n\r\nbody")
    reply = fetch(server.port)
    assert (reply.status, reply.all("content-length"), reply.body[:4]) == (200, ("4", "9"), b"body")


def test_an_icy_answer_and_one_without_status_line_are_kept_raw(fetch, device):
    icy = fetch(device(b"ICY 200 OK\r\nicy-name: x\r\n\r\n").port)
    assert icy.raw == b"ICY 200 OK\r\nicy-name: x\r\n\r\n"
    bare = fetch(device(b"<html><title>old</title></html>").port)
    assert (bare.status, bare.raw) == (None, b"<html><title>old</title></html>")
    assert bare.error
    junk = fetch(device(b"\x00\xff\x15\x03").port)
    assert (junk.status, junk.headers, junk.raw) == (None, (), b"\x00\xff\x15\x03")


def test_a_location_that_is_no_url_does_not_hide_the_answer(fetch, device):
    reply = fetch(device(b"HTTP/1.1 301 Moved\r\nLocation: http://[::1/%%%\r\nServer: A\r\n\r\n").port)
    assert (reply.status, reply.one("server")) == (301, "A")


def test_an_interim_answer_is_not_the_answer(fetch, device):
    reply = fetch(device(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nServer: A\r\n\r\n").port)
    assert (reply.status, reply.one("server")) == (404, "A")


def test_a_chunked_body_is_put_together(fetch, device):
    server = device(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert fetch(server.port).body == b"abcde"


def test_a_page_compressed_unasked_is_unpacked_up_to_the_limit(fetch, device):
    packed = gzip.compress(b"<title>x</title>" + b"\0" * 10_000_000)
    reply = fetch(device(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + packed).port)
    assert reply.body.startswith(b"<title>x</title>")
    assert len(reply.body) == BODY_LIMIT


def test_a_connection_closed_at_once_is_an_error_and_no_status(fetch, device):
    reply = fetch(device(lambda device, sock: None).port)
    assert (reply.status, reply.raw) == (None, b"")
    assert reply.error


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=str)
def test_a_page_and_its_certificate_come_over_one_tls_connection(fetch, device, server_tls, version):
    server = device(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", tls=server_tls(version))
    reply = fetch(server.port, tls=True)
    assert (reply.status, reply.body, reply.error) == (200, b"ok", None)
    assert b"Northlight" in reply.certificate.der
    assert reply.certificate.version.startswith("TLSv1")
    assert len(server.heard) == 1


def test_requests_leave_no_thread_or_socket_behind(gate, device, open_files):
    server = device(endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1000))

    async def run():
        before = open_files()
        client = HttpClient(gate, workers=4, user_agent="netcam/test")
        await asyncio.gather(*(client.request(HERE, server.port, "/", tls=False) for _ in range(6)))
        ours = open_files()
        await client.close()
        return before, ours

    before, after = asyncio.run(run())
    server.close()
    assert after <= before + 6  # at most the server's sides
    assert not [t for t in threading.enumerate() if t.name.startswith("netcam-http")]


def test_a_cancelled_request_ends_its_connection_before_it_gives_up_its_slot(gate, device):
    ended, began = threading.Event(), threading.Event()

    def silent(device, sock):
        device.hear(sock)
        began.set()
        sock.recv(1)
        ended.set()

    server = device(silent)

    async def run():
        client = HttpClient(gate, workers=1, user_agent="netcam/test")
        task = asyncio.create_task(client.request(HERE, server.port, "/", tls=False, total_s=60))
        await asyncio.to_thread(began.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(ended.wait, 10)
        await client.close()

    asyncio.run(run())


def test_closing_the_client_ends_a_running_request(gate, device):
    began = threading.Event()

    def silent(device, sock):
        device.hear(sock)
        began.set()
        sock.recv(1)

    server = device(silent)

    async def run():
        client = HttpClient(gate, workers=1, user_agent="netcam/test")
        task = asyncio.create_task(client.request(HERE, server.port, "/", tls=False, total_s=60))
        await asyncio.to_thread(began.wait, 10)
        await client.close()
        return await task

    assert asyncio.run(run()).error
