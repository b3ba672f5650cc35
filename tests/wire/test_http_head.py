import pytest
from captured import capture

from netcam.errors import DecodeError
from netcam.wire.http_head import FIELD_LIMIT, decode_head, speaks_tls_first, wants_tls


def test_order_case_and_repeats_are_kept():
    raw = capture("http/camera-401")
    head = decode_head(raw)
    assert (head.protocol, head.status, head.reason) == ("HTTP/1.1", 401, "Unauthorized")
    assert [name for name, _ in head.headers] == [
        "Date",
        "Server",
        "WWW-Authenticate",
        "WWW-Authenticate",
        "Content-Type",
        "Content-Length",
        "Connection",
    ]
    assert len(head.all("www-authenticate")) == 2
    assert raw[head.body_offset :].startswith(b"<userCheck>")


def test_bare_line_feeds_end_lines_too():
    head = decode_head(b"HTTP/1.0 200 OK\nServer: x\n\nbody")
    assert (head.one("server"), head.body_offset) == ("x", 27)


def test_a_header_without_colon_is_split_at_its_blank():
    assert decode_head(b"HTTP/1.1 200 OK\r\nServer App-web\r\n\r\n").headers == (("Server", "App-web"),)


def test_a_folded_line_continues_the_one_before():
    assert decode_head(b"HTTP/1.1 200 OK\r\nServer: a\r\n\tb\r\n\r\n").one("Server") == "a b"


@pytest.mark.parametrize(
    ("line", "protocol", "status"),
    [
        (b"ICY 200 OK", "ICY", 200),
        (b"RTSP/1.0 401 Unauthorized", "RTSP/1.0", 401),
        (b"HTTP/1.1 200", "HTTP/1.1", 200),
        (b"HTTP/1.1 abc", "HTTP/1.1", None),
        (b"http/1.0 404 no", "HTTP/1.0", 404),
    ],
)
def test_status_lines_of_all_sorts(line, protocol, status):
    head = decode_head(line + b"\r\nServer: x\r\n\r\n")
    assert (head.protocol, head.status, head.one("Server")) == (protocol, status, "x")


def test_headers_or_markup_without_a_status_line_have_no_status():
    assert decode_head(b"Server: x\r\n\r\nbody").headers == (("Server", "x"),)
    bare = decode_head(b"<html></html>")
    assert (bare.status, bare.headers, bare.body_offset) == (None, (), 0)


@pytest.mark.parametrize("raw", [b"", b"SSH-2.0-dropbear\r\n", b"\x15\x03\x01\x00\x02\x02\x46", b"220 ready\r\n"])
def test_other_protocols_are_refused_at_the_first_byte(raw):
    with pytest.raises(DecodeError) as caught:
        decode_head(raw)
    assert caught.value.offset == 0


def test_a_header_cut_in_its_value_is_left_out():
    head = decode_head(b"HTTP/1.1 200 OK\r\nServer: a\r\nX-Model: NL-2")
    assert head.headers == (("Server", "a"),)


def test_a_flood_of_headers_is_bounded_and_the_body_is_still_found():
    raw = b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(1000)) + b"\r\nbody"
    head = decode_head(raw)
    assert len(head.headers) == FIELD_LIMIT
    assert raw[head.body_offset :] == b"body"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"HTTP/1.1 400 Bad Request\r\n\r\n<center>The plain HTTP request was sent to HTTPS port</center>",
        b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
        b"HTTP/1.1 400\r\n\r\nReason: You're speaking plain HTTP to an SSL-enabled server port.<br />",
    ],
)
def test_answers_that_ask_for_tls(raw):
    assert wants_tls(raw)


def test_a_usual_answer_does_not_ask_for_tls():
    assert not wants_tls(capture("http/front-page"))
    assert not wants_tls(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_known_tls_ports():
    assert speaks_tls_first(443)
    assert not speaks_tls_first(80)
