"""MHED search (UDP 23456): asked through one multicast group, answered to another.

`said` may hold `name`, `vendor`, `type` (2 is a camera), `sdk_port`, `channels`, `build`.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Mapping
from typing import Any

from . import Answer

PORTS = (23456,)
GROUPS = ("234.55.55.55",)
ANSWERS_TO = "234.55.55.56"

_ANNOUNCEMENT = struct.Struct("<4sHHI 20s6sH 4s4s4s II HH I 44x 4s4s 20x 16s16s 8x 16s16s16s I 8x")


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """The announcement, for a search; the command that sets a network gets nothing."""
    if len(request) != 140 or request[:4] != b"MHED" or request[6:12] != b"\x01\0\x01\0\0\0":
        return
    dots = facts["firmware"].split(".")
    packed = int.from_bytes(bytes(int(part) for part in dots), "big") if len(dots) == 4 else 0
    model, gateway = facts["model"].encode(), socket.inet_aton(facts["gateway"])
    data = _ANNOUNCEMENT.pack(
        b"MHED", 8, 1, 2, said.get("name", "IPC").encode(), bytes.fromhex(facts["mac12"]), said.get("sdk_port", 0),
        socket.inet_aton(facts["ip"]), b"\xff\xff\xff\0", gateway, packed, said.get("build", 20240131), 80, 554,
        said.get("type", 2), gateway, bytes(4), facts["serial"].encode(), facts["firmware"].encode(), model[16:],
        model[:16], said.get("vendor", "Customer").encode(), said.get("channels", 1),
    )  # fmt: skip
    yield Answer(data=data, port=23456, to=ANSWERS_TO)
