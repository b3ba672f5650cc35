"""JSON from strangers: one object with a limit, and its fields only where they have the type they should have."""

from __future__ import annotations

import json
from collections.abc import Mapping
from ipaddress import IPv4Address

from netcam.errors import DecodeError
from netcam.wire.charset import decode_text


def read_json(data: bytes, *, protocol: str, start: int = 0, limit: int = 16384) -> Mapping[str, object]:
    """The JSON object that begins at `start`; what follows it doesn't matter.

    Raises:
        DecodeError: more than `limit` bytes, no object, or one that can't be read.
    """
    if len(data) > limit:
        raise DecodeError(protocol, limit, f"answer of more than {limit} bytes")
    try:
        answer, _ = json.JSONDecoder(strict=False).raw_decode(decode_text(data[start:]).lstrip())
    except (ValueError, RecursionError) as error:
        raise DecodeError(protocol, min(start, len(data)), "JSON that can't be read") from error
    if not isinstance(answer, dict):
        raise DecodeError(protocol, start, "no JSON object")
    return answer


def object_of(value: object) -> Mapping[str, object]:
    """`value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def text_of(value: object) -> str | None:
    """Text of a string or whole number that isn't blank."""
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def port_of(value: object) -> str | None:
    """`value` as a port number from 1 to 65535, in text."""
    text = text_of(value)
    return str(int(text)) if text and text.isdecimal() and len(text) < 6 and 0 < int(text) < 65536 else None


def ipv4_of(value: object) -> str | None:
    """`value` as an IPv4 address; the unspecified one says nothing."""
    try:
        address = IPv4Address(text_of(value) or "")
    except ValueError:
        return None
    return None if address.is_unspecified else str(address)
