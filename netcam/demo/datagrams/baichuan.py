"""Reolink's Baichuan discovery on UDP 2015, in the frame and cipher of a recorded packet.

What a camera says inside is not documented: this one sends an element of a made-up name.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Mapping
from typing import Any

from . import Answer

PORTS = (2015,)
GROUPS: tuple[str, ...] = ()
_KEY = "1f2d3c4b5a6c7f8d38172e4b8271635a863f1a2ba5c6f7d88371e1b417f2d3a5"


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """One message to the port named in the question for any device."""
    if len(request) < 20 or request[:4] != b"\x3a\xcf\x87\x2a":
        return
    size, _, number, crc = struct.unpack_from("<4I", request, 4)
    payload = request[20:]
    if size != len(payload) or crc != _crc(payload):
        return
    asked = re.fullmatch(rb"<P2P><C2D_S><to><port>(\d{1,5})</port></to></C2D_S></P2P>", _crypt(payload, number))
    if asked is None or not 1024 <= int(asked[1]) < 65536:
        return
    body = _crypt(b"<P2P><CONSTRUCTED><port>9000</port></CONSTRUCTED></P2P>", number)
    yield Answer(data=struct.pack("<5I", 0x2A87CF3A, len(body), 1, number, _crc(body)) + body, port=int(asked[1]))


def _crypt(data: bytes, number: int) -> bytes:
    out = bytearray()
    for at, byte in enumerate(data):
        word = int(_KEY[at // 4 % 8 * 8 :][:8], 16) + number & 0xFFFFFFFF
        out.append(byte ^ word >> at % 4 * 8 & 0xFF)
    return bytes(out)


def _crc(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xEDB88320 * (crc & 1)
    return crc
