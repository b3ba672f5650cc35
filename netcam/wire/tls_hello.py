"""The server name in the first message of a TLS client (RFC 8446, section 4.1.2; RFC 6066, section 3)."""

from __future__ import annotations

import re

from netcam.errors import DecodeError
from netcam.wire.cursor import Cursor

RECORD_LIMIT = 8  # records that one greeting may be spread over

_HANDSHAKE, _CLIENT_HELLO, _SERVER_NAME, _HOST_NAME = 22, 1, 0, 0
_NAME = re.compile(rb"[A-Za-z0-9_][A-Za-z0-9_.-]{0,253}")


def speaks_tls(stream: bytes) -> bool:
    """Whether a stream begins like a TLS handshake."""
    return stream[:2] == b"\x16\x03" and len(stream) > 2


def decode_server_name(stream: bytes) -> str | None:
    """
    The host name that a client asks for, in lower case; None when its greeting names none.

    Args:
        stream: the client's first bytes; more than the greeting does no harm.
    Raises:
        DecodeError: another message, or a greeting that isn't whole.
    """
    hello = Cursor(_handshake(stream), protocol="tls")
    if hello.uint(1) != _CLIENT_HELLO:
        raise DecodeError("tls", 0, "no client's greeting")
    body = hello.sub(hello.uint(3))
    body.take(2 + 32)  # version and random
    body.take(body.uint(1))  # session
    body.take(body.uint(2))  # ciphers
    body.take(body.uint(1))  # compressions
    if not body:
        return None
    extensions = body.sub(body.uint(2))
    while extensions:
        kind, extension = extensions.uint(2), extensions.sub(extensions.uint(2))
        if kind != _SERVER_NAME:
            continue
        names = extension.sub(extension.uint(2))
        while names:
            form, name = names.uint(1), names.take(names.uint(2))
            if form == _HOST_NAME and _NAME.fullmatch(name):
                return name.decode("ascii").lower().rstrip(".")
        return None
    return None


def _handshake(stream: bytes) -> bytes:
    """The first handshake message, gathered from the records that carry it."""
    cursor = Cursor(stream, protocol="tls")
    message = b""
    for _ in range(RECORD_LIMIT):
        if cursor.uint(1) != _HANDSHAKE:
            raise DecodeError("tls", cursor.offset - 1, "no handshake record")
        cursor.expect(b"\x03")
        cursor.take(1)
        message += cursor.take(cursor.uint(2))
        if len(message) >= 4 and len(message) >= 4 + int.from_bytes(message[1:4], "big"):
            return message
    raise DecodeError("tls", cursor.offset, f"greeting in more than {RECORD_LIMIT} records")
