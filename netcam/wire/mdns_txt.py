"""DNS-SD TXT records (RFC 6763, section 6) and the one line they become."""

from __future__ import annotations

from collections.abc import Mapping

from netcam.wire.charset import decode_text
from netcam.wire.cursor import Cursor

KEY_LIMIT = 64  # keys of one record
TEXT_LIMIT = 255  # characters of one key or value: a TXT string can't hold more


def decode_txt(rdata: bytes) -> dict[str, str]:
    """
    The keys and values of one TXT record.

    Layout: strings of a 1-byte length and that many bytes, `key=value` or `key`. Of a repeated key the first counts,
    a string without a key is skipped, past 64 keys the rest is ignored.

    Raises:
        DecodeError: a length past the end of the record.
    """
    cursor = Cursor(rdata, protocol="mdns-txt")
    said: dict[str, str] = {}
    while cursor:
        key, _, value = cursor.take(cursor.uint(1)).partition(b"=")
        if key and len(said) < KEY_LIMIT:
            said.setdefault(decode_text(key), decode_text(value))
    return said


def format_txt(said: Mapping[str, str]) -> str | None:
    """`key=value` pairs joined by "; ", keys sorted; None for an empty record."""
    pairs = sorted(said.items())[:KEY_LIMIT]
    return "; ".join(f"{key[:TEXT_LIMIT]}={value[:TEXT_LIMIT]}" for key, value in pairs) or None
