"""RTSP as far as a visitor without credentials goes (RFC 2326): OPTIONS, one DESCRIBE, and their answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address

from netcam.errors import DecodeError
from netcam.model import IPAddress, without_secrets
from netcam.wire.charset import decode_text
from netcam.wire.http_head import decode_head

BLOCK_LIMIT = 2048  # characters kept of one header block

_REALM = re.compile(r'\brealm\s{0,4}=\s{0,4}"([^"]{0,512})"', re.IGNORECASE)
_SESSION_NAME = re.compile(rb"^s=([^\r\n]{1,256})\r?\n", re.MULTILINE)
# Session numbers and cookies are nobody's business.
_PRIVATE = re.compile(r"^((?:session|set-cookie|cookie|authentication-info)[ \t]*:).*$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RtspAnswer:
    """One answer. `block` is status line and headers as sent, without nonces and session numbers; lines end in CRLF."""

    status: int
    server: str | None
    public: str | None
    challenges: tuple[str, ...]
    realm: str | None
    block: str
    session_name: str | None  # the s= line of a session description


def encode_options(ip: IPAddress, port: int) -> bytes:
    """The first question, CSeq 1."""
    return f"OPTIONS {_url(ip, port)} RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: netcam\r\n\r\n".encode("ascii")


def encode_describe(ip: IPAddress, port: int) -> bytes:
    """The second and last question, CSeq 2; asks for the root, never for a named stream."""
    return (
        f"DESCRIBE {_url(ip, port)} RTSP/1.0\r\nCSeq: 2\r\nAccept: application/sdp\r\nUser-Agent: netcam\r\n\r\n"
    ).encode("ascii")


def decode_response(raw: bytes) -> RtspAnswer:
    """
    Decode one answer, as far as it came.

    Raises:
        DecodeError: the first line is no RTSP status line, which is what another protocol on this port looks like.
    """
    try:
        head = decode_head(raw)
    except DecodeError as error:
        raise DecodeError("rtsp", error.offset, error.reason) from error
    if not head.protocol.startswith("RTSP/") or head.status is None:
        raise DecodeError("rtsp", 0, "no RTSP status line")
    challenges = head.all("WWW-Authenticate")
    # From the bytes and not from `head`: blanks, case and order in this block tell servers apart.
    lines = decode_text(raw[: head.body_offset]).replace("\r\n", "\n").strip("\r\n").split("\n")
    block = _PRIVATE.sub(r"\1", "\n".join(lines))
    session = _SESSION_NAME.search(raw, head.body_offset)
    return RtspAnswer(
        status=head.status,
        server=head.one("Server"),
        public=head.one("Public"),
        challenges=tuple(without_secrets(c) for c in challenges),
        realm=next((m[1] for c in challenges if (m := _REALM.search(c)) and m[1]), None),
        block=without_secrets(block).replace("\n", "\r\n")[:BLOCK_LIMIT],
        session_name=decode_text(session[1]).strip() if session else None,
    )


def _url(ip: IPAddress, port: int) -> str:
    host = f"[{str(ip).partition('%')[0]}]" if isinstance(ip, IPv6Address) else str(ip)
    return f"rtsp://{host}:{port}/"
