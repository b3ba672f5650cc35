"""The search of older Dahua devices (UDP 5050): a header, fixed fields, then MAC, model and text lines.

`said` may hold `name`, `port` and `lines`.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Mapping
from typing import Any

from . import Answer

PORTS = (5050,)
GROUPS: tuple[str, ...] = ()

_QUESTIONS = tuple(bytes((0xA3, 1, 0, last)) + bytes(12) + b"\x02" + bytes(15) for last in (0, 1))


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """What the device is, for either form of the question; a login gets nothing."""
    if request not in _QUESTIONS:
        return
    name, gateway = said.get("name", "CAM1"), socket.inet_aton(facts["gateway"])
    named = facts["mac"].encode() + facts["model"].encode()
    lines = "".join(f"{key}:{value}\r\n" for key, value in (("Name", name), ("SerialNo", facts["serial"]))).encode()
    head = struct.pack("<BxBxI8xIH10x", 0xB3, len(named), 0x58, 2, len(lines))
    fields = struct.pack(
        "<8x16s4s4s4s4s22xHHHHHH2x4sH6x", name.encode(), socket.inet_aton(facts["ip"]), b"\xff\xff\xff\0", gateway,
        gateway, 80, 443, said.get("port", 37777), 10, 0, 37778, socket.inet_aton("239.255.42.42"), 36666,
    )  # fmt: skip
    yield Answer(data=head + fields + named + lines)
