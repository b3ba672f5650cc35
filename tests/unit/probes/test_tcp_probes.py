"""RTSP, TLS, first bytes and ONVIF calls."""

import pytest
from captured import capture
from fake_io import FakeIO, http_reply

from netcam.model import Endpoint, Numbering
from netcam.probes import banner, onvif_calls, rtsp, tls
from netcam.probes.base import Certificate
from netcam.wire.onvif import CALLS

SOAP = b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\n\r\n"
PATH = "/onvif/device_service"


def known(kind, value, port=3702):
    return Numbering().observe(Endpoint(ip=None, port=port, transport="udp"), "x", {kind: value})


# --- RTSP


def test_rtsp_asks_options_then_describe_on_one_connection():
    io = FakeIO(port=554, chunks=[capture("rtsp/options"), capture("rtsp/describe-401")])
    told = io.told(rtsp.PROBE)
    assert io.streams == 1
    assert [data.split(b" ", 1)[0] for data in io.sent] == [b"OPTIONS", b"DESCRIBE"]
    assert [v for k, v in told if k == "rtsp.status"] == ["OPTIONS 200", "DESCRIBE 401"]
    realms = [v for k, v in told if k == "rtsp.realm"]
    assert realms
    assert all('realm="IP Camera(C2875)"' in v and "nonce=\"\"" in v for v in realms if v.startswith("Digest"))
    assert {kind for kind, _ in told} <= rtsp.PROBE.spec.emits


def test_a_challenge_to_options_ends_the_visit():
    io = FakeIO(port=554, chunks=[capture("rtsp/describe-401")])
    io.run(rtsp.PROBE)
    assert len(io.sent) == 1


def test_an_answer_in_small_pieces_is_put_together():
    raw = capture("rtsp/options")
    io = FakeIO(port=554, chunks=[raw[n : n + 7] for n in range(0, len(raw), 7)])
    assert ("rtsp.status", "OPTIONS 200") in io.told(rtsp.PROBE)


def test_an_endless_answer_is_cut():
    io = FakeIO(port=554, chunks=[b"RTSP/1.0 200 OK\r\n" + b"X-Fill: 1\r\n" * 100_000])
    assert ("rtsp.status", "OPTIONS 200") in io.told(rtsp.PROBE)


@pytest.mark.parametrize(("chunks", "run"), [([], ("silent", "")), ([b"220 hello\r\n"], ("malformed", "not RTSP"))])
def test_silence_and_another_protocol_are_told_apart(chunks, run):
    io = FakeIO(port=554, chunks=chunks)
    assert io.told(rtsp.PROBE) == []
    assert io.runs == [run]


# --- TLS


def test_a_certificate_becomes_names_and_a_fingerprint():
    told = dict(FakeIO(port=443, shown=Certificate(der=capture("tls/recorder"), version="TLSv1")).told(tls.PROBE))
    assert told["tls.version"] == "TLSv1"
    assert told["tls.issuer"].startswith("C=CN, ST=ZheJiang")
    assert len(told["tls.fingerprint"]) == 64
    assert set(told) == tls.PROBE.spec.emits


def test_a_certificate_that_cannot_be_read_still_tells_the_version():
    shown = Certificate(der=b"\x30\x03abc", version="TLSv1.2")
    assert FakeIO(port=443, shown=shown).told(tls.PROBE) == [("tls.version", "TLSv1.2")]


def test_a_port_without_tls_refuses():
    io = FakeIO(port=443)
    assert io.told(tls.PROBE) == []
    assert io.runs == [("refused", "no TLS")]


def test_a_certificate_seen_by_another_probe_is_not_fetched_again():
    shown = Certificate(der=capture("tls/recorder"), version="TLSv1.2")
    assert FakeIO(port=443, shown=shown, seen=known("tls.version", "TLSv1.2", 443)).told(tls.PROBE) == []


# --- first bytes


@pytest.mark.parametrize(
    ("port", "chunks", "expected"),
    [
        (
            22,
            [b"SSH-2.0-dropbear_2019.78\r\n", b"\x00\x00\x01\x0c\x05\x14KEXINIT"],
            ("ssh", "SSH-2.0-dropbear_2019.78"),
        ),
        (21, [b"220 Northlight FTP server ready.\r\n"], ("ftp", "220 Northlight FTP server ready.")),
        (4711, [b"220 FTP ready\r\n"], ("ftp", "220 FTP ready")),
        (25, [b"220 mail ESMTP\r\n"], ("port-banner", "220 mail ESMTP\r\n")),
        (23, [b"\xff\xfd\x01", b"\r\nnl220 login: "], ("telnet", "nl220 login:")),
        (4711, [b"\xff\xfb\x01\xff\xfd\x18login: "], ("telnet", "login:")),
        (4711, [b"hello\r\n"], ("port-banner", "hello\r\n")),
        (4711, [b"\x00\x01\xfe\x80x"], ("port-banner", "\x00\x01\xfe\x80x")),
    ],
)
def test_first_bytes_are_named_by_their_words_before_their_port(port, chunks, expected):
    io = FakeIO(port=port, chunks=chunks)
    assert io.told(banner.PROBE) == [expected]
    assert io.sent == []


def test_an_endless_banner_is_cut():
    ((_, value),) = FakeIO(port=4711, chunks=[b"x" * 100] * 1000).told(banner.PROBE)
    assert len(value) <= banner.READ_LIMIT


def test_a_silent_service_is_silent_and_hears_nothing():
    io = FakeIO(port=4711)
    assert io.told(banner.PROBE) == []
    assert (io.runs, io.sent) == ([("silent", "")], [])


def test_quiet_ports_are_not_even_listened_to():
    io = FakeIO(port=9100, chunks=[b"x"])
    assert io.told(banner.PROBE) == []
    assert io.streams == 0


# --- ONVIF calls


def test_calls_wait_for_a_sign_of_onvif():
    io = FakeIO(port=80)
    assert io.told(onvif_calls.PROBE) == []
    assert io.asked == []
    assert io.runs[0][0] == "skipped"


def test_calls_are_the_four_reads_without_credentials():
    web = {PATH: SOAP + capture("onvif/services")}
    io = FakeIO(port=80, seen=known("onvif.types", "tds:Device"), web=web)
    told = io.told(onvif_calls.PROBE)
    assert [method for method, _, _, _ in io.asked] == ["POST"] * 4
    assert [next(c for c in CALLS if f"<{c} ".encode() in body) for _, _, body, _ in io.asked] == list(CALLS)
    assert all(set(headers) == {"Content-Type"} for _, _, _, headers in io.asked)
    assert not any(word in body for _, _, body, _ in io.asked for word in (b"Security", b"UsernameToken", b"Password"))
    assert told[0][0] == "onvif.namespaces"


def test_a_host_that_has_no_service_is_asked_once():
    io = FakeIO(port=2020)
    assert io.told(onvif_calls.PROBE) == []
    assert len(io.asked) == 1
    assert io.runs[0][0] == "refused"


def test_a_plain_refusal_with_a_challenge_is_an_answer():
    raw = b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm="NL", nonce="SECRET"\r\n\r\n'
    told = FakeIO(port=8899, web={PATH: raw}).told(onvif_calls.PROBE)
    assert told[0] == ("http.wwwauth", 'Digest realm="NL", nonce=""')


def test_a_fault_is_an_answer():
    raw = b"HTTP/1.1 400 Bad Request\r\n\r\n" + capture("onvif/not-authorized")
    assert FakeIO(port=2020, web={PATH: http_reply(raw)}).told(onvif_calls.PROBE)[0] == (
        "onvif.fault",
        "ter:NotAuthorized",
    )


def test_the_announced_path_of_this_very_port_is_used_and_no_other():
    announced = "http://198.51.100.1/evil http://192.0.2.7:8080/other http://192.0.2.7/own/service"
    io = FakeIO(port=80, seen=known("onvif.xaddrs", announced))
    io.run(onvif_calls.PROBE)
    assert io.asked[0][1] == "/own/service"
