"""Foscam's search protocol: the encoder side.

A profile's table may hold `name`, `web_version` and `http_port`, and `key` (16 hex digits) for firmware that masks its
answers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address
from typing import Any

from netcam.demo.datagrams import Answer

PORTS = (10000,)
GROUPS: tuple[str, ...] = ()


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """The block for a search, to the asker."""
    if len(request) != 27 or request[:4] != b"MO_I" or any(request[4:15]) or request[26] != 1:
        return
    gateway = IPv4Address(facts["gateway"]).packed
    body = struct.pack(
        ">13s21s4s4s4s4s4s4s4sH",
        facts["MAC12"].encode(), said.get("name", "IPCamera").encode()[:20], IPv4Address(facts["ip"]).packed,
        bytes((255, 255, 255, 0)), gateway, gateway, b"\0\0\0\1", _version(facts["firmware"]),
        _version(said.get("web_version", "2.0.0.1")), said.get("http_port", 88),
    )  # fmt: skip
    key = bytes.fromhex(said.get("key", ""))
    masked = bytes(byte ^ key[i % 8] for i, byte in enumerate(body)) if key else body
    head = b"MO_I" + struct.pack("<H", 1) + bytes((1 if key else 0,)) + (key or bytes(8))
    yield Answer(data=head + struct.pack("<II", len(body), 0) + masked)


def _version(text: str) -> bytes:
    return bytes(map(int, text.split(".")))
