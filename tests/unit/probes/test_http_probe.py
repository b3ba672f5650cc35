import base64
import hashlib

import pytest
from captured import capture
from fake_io import FakeIO, http_reply

from netcam.model import Endpoint, Numbering
from netcam.probes.base import Certificate, Page
from netcam.probes.http_banner import PROBE

FRONT = capture("http/front-page")
ICON = b"\x00\x00\x01\x00" + bytes(range(60))
HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
PICTURE = b"HTTP/1.1 200 OK\r\nContent-Type: image/x-icon\r\n\r\n" + ICON


def paths(io):
    return [path for _, path, _, _ in io.asked]


def test_a_first_visit_reads_the_page_follows_its_script_and_hashes_its_icon():
    io = FakeIO(web={"/": FRONT, "/doc/page/login.htm?_": HTML + b"<title>Login</title>", "/img/nl.ico": PICTURE})
    told = io.told(PROBE)
    assert paths(io) == ["/", "/doc/page/login.htm?_", "/img/nl.ico"]
    assert [value for kind, value in told if kind == "http.title"] == ["Northlight & Co", "Login"]
    assert ("http.server", "Northlight-Web/4.2.1") in told
    assert ("http.headers", "Server,Set-Cookie,Content-Type") in told
    assert ("http.status", "200 /") in told
    assert ("favicon.md5", hashlib.md5(ICON).hexdigest()) in told
    assert {kind for kind, _ in told} <= PROBE.spec.emits


def test_of_a_cookie_only_the_name_is_kept_and_no_picture_at_all():
    told = str(FakeIO(web={"/": FRONT, "/img/nl.ico": PICTURE}).told(PROBE))
    assert "NLSESSION" in told
    assert "secretvalue" not in told
    assert base64.b64encode(ICON).decode() not in told


def test_a_refusal_gives_its_challenges_without_nonce_and_its_body():
    told = FakeIO(web={"/": capture("http/camera-401")}).told(PROBE)
    assert [value for kind, value in told if kind == "http.wwwauth"] == [
        'Digest qop="auth", realm="IP Camera(A0000)", nonce="", stale="FALSE"',
        'Basic realm="IP Camera(A0000)"',
    ]
    assert ("http.status", "401 /") in told
    assert any("<userCheck>" in value for kind, value in told if kind == "http.body")


@pytest.mark.parametrize(
    "location",
    [b"http://198.51.100.1/", b"https://192.0.2.7/", b"//198.51.100.1/x", b"http://192.0.2.7:8081/", b"/snapshot.jpg"],
)
def test_a_redirect_to_elsewhere_or_to_a_picture_is_kept_and_not_followed(location):
    io = FakeIO(web={"/": b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\n\r\n"})
    assert ("http.location", location.decode()) in io.told(PROBE)
    assert paths(io) == ["/", "/favicon.ico"]


def test_three_redirects_are_followed_and_a_loop_ends():
    chain = {f"/{n}": b"HTTP/1.1 302 Found\r\nLocation: /%d\r\n\r\n" % (n + 1) for n in range(9)}
    io = FakeIO(web=chain | {"/": b"HTTP/1.1 302 Found\r\nLocation: /1\r\n\r\n"})
    io.run(PROBE)
    assert paths(io) == ["/", "/1", "/2", "/3", "/favicon.ico"]
    loop = FakeIO(web={"/": b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"})
    loop.run(PROBE)
    assert paths(loop) == ["/", "/favicon.ico"]


def test_offered_pages_are_asked_and_composite_ones_decoded():
    info = Page(id="x.page.info", path="/info", kind="isapi.deviceinfo")
    post = Page(id="x.page.post", path="/post", method="POST", body="{}", content_type="application/json")
    xml = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n\r\n" + capture("isapi/device-info")
    io = FakeIO(web={"/": HTML, "/info": xml}, offered=[[info], [post]])
    told = io.told(PROBE)
    assert ("isapi.model", "DS-KV8213-WME1(C)") in told
    assert io.asked[-1] == ("POST", "/post", b"{}", {"Content-Type": "application/json"})
    assert ("http.status", "404 /post") in told


def test_a_composite_page_that_is_something_else_is_malformed():
    io = FakeIO(
        web={"/": HTML, "/info": HTML + b"<p>hi</p>"}, offered=[[Page(id="p", path="/info", kind="isapi.deviceinfo")]]
    )
    io.run(PROBE)
    assert "malformed" in [status for status, _ in io.runs]


def test_no_more_than_eight_requests_are_made_whatever_is_offered():
    io = FakeIO(web={"/": HTML}, offered=[[Page(id=str(n), path=f"/p{n}") for n in range(20)]] * 5)
    io.run(PROBE)
    assert len(io.asked) == 8


def test_a_silent_port_is_asked_once():
    io = FakeIO(web={"/": http_reply(b"", error="timed out")})
    assert io.told(PROBE) == []
    assert paths(io) == ["/"]
    assert io.runs == [("silent", "timed out")]


@pytest.mark.parametrize(
    "raw", [b"SSH-2.0-dropbear\r\n", b'RTSP/1.0 401 No\r\nWWW-Authenticate: Digest nonce="SECRET"\r\n\r\n']
)
def test_another_protocol_is_a_banner_and_asked_once(raw):
    io = FakeIO(port=4711, web={"/": raw})
    ((kind, value),) = io.told(PROBE)
    assert kind == "port-banner"
    assert "SECRET" not in value
    assert paths(io) == ["/"]
    assert io.runs == [("malformed", "not HTTP")]


def test_a_page_without_any_head_is_read():
    assert ("http.title", "Old") in FakeIO(web={"/": b"<html><title>Old</title></html>"}).told(PROBE)


@pytest.mark.parametrize("port", [9100, 515, 37777, 34567, 9000])
def test_quiet_ports_are_never_written_to(port):
    io = FakeIO(port=port)
    assert io.told(PROBE) == []
    assert io.asked == []
    assert io.runs[0][0] == "skipped"


def test_a_service_that_spoke_first_is_not_written_to():
    at = Endpoint(ip=None, port=4711, transport="tcp")
    io = FakeIO(port=4711, seen=Numbering().observe(at, "banner", {"ssh": "SSH-2.0-x"}))
    assert io.told(PROBE) == []
    assert io.asked == []


def test_a_page_served_for_every_path_gives_no_icon_hash():
    io = FakeIO(web={"/": HTML + b"<p>x</p>", "/favicon.ico": HTML + b"<p>x</p>"})
    assert not [kind for kind, _ in io.told(PROBE) if kind.startswith("favicon")]


def test_half_an_icon_gives_no_hash():
    io = FakeIO(web={"/": HTML, "/favicon.ico": http_reply(PICTURE, error="deadline")})
    assert not [kind for kind, _ in io.told(PROBE) if kind.startswith("favicon")]


@pytest.mark.parametrize("kind", [b"image/jpeg", b"multipart/x-mixed-replace; boundary=x", b"application/octet-stream"])
def test_pictures_and_files_are_not_kept_as_text(kind):
    told = FakeIO(web={"/": b"HTTP/1.1 200 OK\r\nContent-Type: " + kind + b"\r\n\r\n\xff\xd8\xffJFIF"}).told(PROBE)
    assert "http.body" not in dict(told)
    sneaky = FakeIO(web={"/": HTML + b"\xff\xd8\xff\xe0JFIF"}).told(PROBE)
    assert "http.body" not in dict(sneaky)


def test_a_page_over_tls_shows_its_certificate():
    shown = Certificate(der=capture("tls/recorder"), version="TLSv1.2")
    told = FakeIO(port=443, tls=True, web={"/": http_reply(HTML, certificate=shown)}).told(PROBE)
    assert ("tls.version", "TLSv1.2") in told
    assert dict(told)["tls.subject"].endswith("CN=www.hikvision.com")


def test_the_same_header_on_two_pages_is_said_once():
    web = {"/": FRONT, "/doc/page/login.htm?_": b"HTTP/1.1 200 OK\r\nServer: Northlight-Web/4.2.1\r\n\r\n"}
    told = FakeIO(web=web).told(PROBE)
    assert told.count(("http.server", "Northlight-Web/4.2.1")) == 1
