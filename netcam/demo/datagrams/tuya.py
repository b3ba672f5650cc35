"""Tuya announcements as devices make them by themselves: framed JSON to UDP 6666, or encrypted to UDP 6667.

`said`: `product_key`; `cipher = true` for a device whose announcement nobody reads: the payload is noise of a fitting
length.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from . import Answer

PORTS: tuple[int, ...] = ()
GROUPS: tuple[str, ...] = ()
EVERY_S = 2.0


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """Nothing: these devices aren't asked."""
    return ()


def announcements(said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """One announcement to everybody."""
    told = {
        "ip": facts["ip"], "gwId": f"bf{facts['id12']}constr", "active": 2, "ability": 0, "mode": 0,
        "encrypt": bool(said.get("cipher")), "productKey": said["product_key"], "version": "3.1",
    }  # fmt: skip
    payload = json.dumps(told, separators=(",", ":")).encode()
    if said.get("cipher"):
        payload = b"".join(hashlib.sha256(payload + bytes((n,))).digest()[:16] for n in range(len(payload) // 16 + 1))
    body = bytes(4) + payload  # a return code goes before the payload
    frame = struct.pack(">IIII", 0x55AA, 0, 0x13, len(body) + 8) + body
    yield Answer(
        data=frame + struct.pack(">II", zlib.crc32(frame), 0xAA55), port=6667 if said.get("cipher") else 6666,
        to="broadcast",
    )  # fmt: skip
