"""What a web page says about its server: title, icon, where it sends a browser; without the secrets in it.

Every search is linear in the length of the page, because the page's author may want it not to be.
"""

from __future__ import annotations

import html
import re
from urllib.parse import SplitResult, urljoin, urlsplit

from netcam.wire.charset import decode_text

TITLE_LIMIT = 500  # characters
TAG_LIMIT = 64  # <meta> and <link> tags looked at in one page
SCRIPT_LIMIT = 8192  # characters: in a longer page the scripts wait for a click and don't send anybody on

_CHARSET = re.compile(r"charset\s{0,4}=\s{0,4}[\"']?([A-Za-z0-9._-]{1,40})", re.IGNORECASE)
_CHARSET_BYTES = re.compile(rb"charset\s{0,4}=\s{0,4}[\"']?([A-Za-z0-9._-]{1,40})", re.IGNORECASE)
_SCRIPTED = re.compile(
    r"""\blocation(?:\.href|\.replace|\.assign)?\s{0,8}(?:=|\()\s{0,8}["']([^"'<>\s]{1,512})["']""", re.IGNORECASE
)
_REFRESH = re.compile(r"""http-equiv\s{0,4}=\s{0,4}["']?refresh\b""", re.IGNORECASE)
_REFRESH_URL = re.compile(r"""\burl\s{0,4}=\s{0,4}["']?([^"'<>\s]{1,512})""", re.IGNORECASE)
_ICON = re.compile(r"""\brel\s{0,4}=\s{0,4}["']?(?:shortcut )?icon\b""", re.IGNORECASE)
_HREF = re.compile(r"""\bhref\s{0,4}=\s{0,4}["']?([^"'<>\s]{1,512})""", re.IGNORECASE)

# A page may send its visitor anywhere. Followed are pages; never pictures and streams, never a path that reads like an
# action, a file of settings, or a set of credentials.
_NOT_A_PAGE = re.compile(
    r"\.(?:jpe?g|mjpe?g|png|gif|bmp|webp|mp4|avi|flv|m3u8|sdp|exe|zip|cab|bin|cfg|conf|bak|tar|gz)$", re.IGNORECASE
)
_NOT_FOLLOWED = re.compile(
    r"snapshot|mjpe?g|/stream|videostream|reboot|restart|shutdown|logout|upgrade|factory|backup|current_config"
    r"|(?<![a-z])(?:reset|restore|format|delete|remove|activate|set[a-z_]*\.cgi)|config(?:uration)?file"
    r"|action=(?!get|list)|auth=|user(?:name)?=|pass(?:wd|word)?=|pwd=|token=",
    re.IGNORECASE,
)
_ONE_TIME = r"(?:nonce|cnonce|opaque|salt|challenge|passw(?:or)?d|pwd|token|csrf|session[_-]?id|sid|random|secret)"
_PAIR = re.compile(
    rf"""((?<![\w-])[\w-]{{0,24}}?{_ONE_TIME}["']?\s{{0,4}}[:=]\s{{0,4}})"""
    r"""("[^"\n]{0,2000}"|'[^'\n]{0,2000}'|[^\s"'<>,;&){}]{1,2000})""",
    re.IGNORECASE,
)
_INPUT = re.compile(
    rf"""(name\s{{0,4}}=\s{{0,4}}["']?[\w-]{{0,24}}{_ONE_TIME}[\w-]{{0,24}}["']?[^<>]{{0,200}}?value\s{{0,4}}=\s{{0,4}})"""
    r"""("[^"]{0,2000}"|'[^']{0,2000}')""",
    re.IGNORECASE,
)
_ELEMENT = re.compile(rf"(<(?:\w{{1,20}}:)?{_ONE_TIME}(?:\s[^<>]{{0,200}})?>)[^<]{{1,2000}}(?=<)", re.IGNORECASE)


def decode_body(body: bytes, content_type: str | None) -> str:
    """A page's text, in the encoding that its header or its first 4096 bytes name, or that its bytes allow."""
    named = _CHARSET.search((content_type or "")[:500])
    if named:
        return decode_text(body, named[1])
    meta = _CHARSET_BYTES.search(body[:4096])
    return decode_text(body, meta[1].decode("ascii") if meta else None)


def page_title(text: str) -> str | None:
    """The first title of a page, on one line, at most 500 characters; None when there is none or it is blank."""
    folded = text.lower()
    if len(folded) != len(text):
        folded = text  # some capitals lower to two characters: then only a title in the usual case is found
    opened = folded.find("<title")
    start = folded.find(">", opened) + 1 if opened >= 0 else 0
    if not start:
        return None
    end = folded.find("<", start)
    title = text[start : end if end >= 0 else start + TITLE_LIMIT]
    return " ".join(html.unescape(title[: 2 * TITLE_LIMIT]).split())[:TITLE_LIMIT] or None


def page_redirect(text: str) -> str | None:
    """Where a page sends the browser by a refresh or by a script that sets the location; as written, or None."""
    for tag in _tags(text, "<meta"):
        if _REFRESH.search(tag) and (url := _REFRESH_URL.search(tag)):
            return html.unescape(url[1])
    scripted = _SCRIPTED.search(text) if len(text) <= SCRIPT_LIMIT else None
    return scripted[1] if scripted else None


def page_icon(text: str) -> str | None:
    """The address of the icon that a page names, as written, or None."""
    for tag in _tags(text, "<link"):
        if _ICON.search(tag) and (url := _HREF.search(tag)):
            return html.unescape(url[1])
    return None


def local_path(target: str, *, base: str, host: str, port: int, tls: bool) -> str | None:
    """`target`, as a page at path `base` writes it, as a path of the same host, port and scheme; else None."""
    shown = f"[{host}]" if ":" in host else host
    root = f"{'https' if tls else 'http'}://{shown}:{port}"
    try:
        there = urlsplit(urljoin(root + base, target.strip()[:1024]))
        same = (there.scheme, there.hostname, _port(there)) == ("https" if tls else "http", host.lower(), port)
    except ValueError:  # a port that is no number, brackets that don't close
        return None
    if not same or there.username is not None or there.password is not None:
        return None
    path = (there.path or "/") + (f"?{there.query}" if there.query else "")
    return path if path.isascii() and path.isprintable() and " " not in path else None


def followable(path: str) -> bool:
    """Whether a path that a page names may be asked for: nothing that reads like a picture, stream, action or login."""
    return not _NOT_FOLLOWED.search(path) and not _NOT_A_PAGE.search(urlsplit(path).path)


def followable_icon(path: str) -> bool:
    """Whether a path that a page names as its icon may be asked for."""
    return not _NOT_FOLLOWED.search(path) and urlsplit(path).path.lower().endswith((".ico", ".png", ".gif", ".svg"))


def without_page_secrets(text: str) -> str:
    """A page's text with the values of nonces, salts, tokens and the like emptied, in scripts, JSON, forms and XML."""
    text = _ELEMENT.sub(lambda m: m[1], text)
    text = _INPUT.sub(lambda m: m[1] + '""', text)
    return _PAIR.sub(lambda m: m[1] + '""', text)


def _port(url: SplitResult) -> int | None:
    return url.port or {"http": 80, "https": 443}.get(url.scheme)


def _tags(text: str, head: str) -> list[str]:
    found: list[str] = []
    folded = text.lower()
    at = folded.find(head)
    while at >= 0 and len(found) < TAG_LIMIT:
        end = text.find(">", at, at + 2048)
        found.append(text[at : end if end >= 0 else at + 2048])
        at = folded.find(head, at + len(head))
    return found
