"""NICE Vision's search as a device answers it on UDP 2007.

`said`: `name`, at most 16 characters, and `version`, a list of four numbers.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Mapping
from typing import Any

from . import Answer

PORTS = (2007,)
GROUPS: tuple[str, ...] = ()


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """The record, to the port that the question names."""
    if len(request) != 14 or request[:4] != b"NICE" or request[6:10] != b"\x01\x08\x00\x00":
        return
    told = bytearray(90)
    told[:6] = request[:6]
    told[0x0A:0x10] = bytes.fromhex(facts["mac12"])
    told[0x10:0x14] = socket.inet_aton(facts["ip"])
    struct.pack_into(">4H", told, 0x1E, *said["version"])
    struct.pack_into("16s", told, 0x4A, said["name"].encode())
    (port,) = struct.unpack_from(">H", request, 12)
    if port >= 1024:
        yield Answer(data=bytes(told), port=port)
