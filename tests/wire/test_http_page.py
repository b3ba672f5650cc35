import pytest

from netcam.wire import http_page as page

HERE = {"base": "/doc/index.html", "host": "192.0.2.7", "port": 80, "tls": False}


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("<TITLE lang=en>\n A &amp; B\t C </TITLE>", "A & B C"),
        ("<title></title>", None),
        ("<p>no title</p>", None),
        ("<title>cut", "cut"),
        ("<title", None),
        ("<title>" + "x" * 9000 + "</title>", "x" * 500),
    ],
)
def test_titles(text, title):
    assert page.page_title(text) == title


@pytest.mark.parametrize(
    ("text", "target"),
    [
        (
            '<script>window.location.href = "/doc/page/login.asp?_" + (new Date()).getTime();</script>',
            "/doc/page/login.asp?_",
        ),
        ("<script>self.location='main.htm'</script>", "main.htm"),
        ('<script>location.replace("/a")</script>', "/a"),
        ('<meta http-equiv="refresh" content="0; url=/web/index.html">', "/web/index.html"),
        ("<META content='0;URL=/b' http-equiv=REFRESH>", "/b"),
        ("<p>location of the camera: door</p>", None),
        ("<script>function go(){location.href='/main.htm'}</script>" + "x" * 9000, None),
    ],
)
def test_where_pages_send_the_browser(text, target):
    assert page.page_redirect(text) == target


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/a?b=1", "/a?b=1"),
        ("next.htm", "/doc/next.htm"),
        ("http://192.0.2.7/x", "/x"),
        ("http://192.0.2.7:80", "/"),
        ("https://192.0.2.7/x", None),
        ("http://192.0.2.8/x", None),
        ("//192.0.2.9/x", None),
        ("http://192.0.2.7:8080/", None),
        ("javascript:alert(1)", None),
        ("http://admin:12345@192.0.2.7/x", None),
        ("http://[", None),
        ("http://192.0.2.7:x/", None),
        ("/a\r\nHost: x", None),
        ("/ü", None),
    ],
)
def test_only_paths_of_the_same_host_port_and_scheme_are_local(target, path):
    got = page.local_path(target, **HERE)
    assert got == path or (got is not None and "\r" not in got and "\n" not in got and " " not in got)


def test_an_ipv6_host_is_itself():
    assert page.local_path("http://[2001:db8::7]:8080/x", base="/", host="2001:db8::7", port=8080, tls=False) == "/x"


@pytest.mark.parametrize(
    "path",
    [
        "/snapshot.jpg",
        "/cgi-bin/snapshot.cgi",
        "/video.mjpg",
        "/reboot.cgi",
        "/logout",
        "/login?user=admin",
        "/x?auth=YWRt",
        "/current_config/passwd",
        "/set_network.cgi",
        "/backup.tar",
        "/magicBox.cgi?action=reset",
    ],
)
def test_pictures_actions_settings_and_logins_are_not_followed(path):
    assert not page.followable(path)


@pytest.mark.parametrize(
    "path", ["/doc/page/login.asp?_", "/index.html", "/control/userimage.html", "/information.htm", "/preset.htm", "/"]
)
def test_pages_are_followed(path):
    assert page.followable(path)


def test_only_icons_are_fetched_as_icons():
    assert page.followable_icon("/img/favicon.png?v=2")
    assert not page.followable_icon("/snapshot.png")
    assert not page.followable_icon("/photo.jpg")


def test_chinese_pages_decode_by_header_by_meta_and_by_their_bytes():
    text = "<title>网络视频监控</title>"
    gbk = text.encode("gbk")
    assert page.decode_body(gbk, "text/html; charset=gb2312") == text
    assert page.decode_body(b'<meta charset="GBK">' + gbk, "text/html").endswith(text)
    assert page.decode_body(gbk, None) == text
    assert page.decode_body(text.encode(), None) == text


def test_western_text_without_a_charset_is_not_taken_for_chinese():
    assert page.decode_body("Caméra réseau".encode("latin-1"), None) == "Caméra réseau"


def test_a_utf8_page_cut_inside_a_character_stays_utf8():
    assert page.decode_body("网络".encode()[:-1], None) == "网"


def test_an_unknown_charset_name_is_ignored():
    assert page.decode_body(b"plain", "text/html; charset=zlib_codec") == "plain"


@pytest.mark.parametrize(
    "text",
    [
        '{"nonce" : "SECRET", "model":"NL"}',
        "var csrf_token = 'SECRET';",
        "<sessionID>SECRET</sessionID>",
        "<salt type='x'>SECRET</salt>",
        '<input type="hidden" name="csrftoken" value="SECRET">',
        "token=SECRET&x=1",
        'password: "SECRET"',
    ],
)
def test_secrets_in_pages_are_emptied(text):
    assert "SECRET" not in page.without_page_secrets(text)


def test_other_text_of_a_page_stays():
    text = "<userCheck><statusValue>401</statusValue><statusString>Unauthorized</statusString></userCheck>"
    assert page.without_page_secrets(text) == text


@pytest.mark.parametrize(
    "unit",
    [
        "<title",
        "location ",
        "<meta http-equiv=refresh ",
        'name="csrf" ',
        "<salt ",
        "token:",
        "a-",
        "<nonce>",
        'token="',
        "<",
    ],
)
def test_no_page_makes_the_searches_fail(unit):
    text = (unit * 65536)[:65536]
    page.page_title(text)
    page.page_redirect(text)
    page.page_icon(text)
    assert len(page.without_page_secrets(text)) <= 3 * len(text)
