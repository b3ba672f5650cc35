"""NetBIOS node status as a Windows host answers it on UDP 137.

`said`: `name` and `group`, at most 15 characters each.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import Any

from . import Answer

PORTS = (137,)
GROUPS: tuple[str, ...] = ()
_WILDCARD = b"\x20" + b"CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" + b"\0"


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """The table of names, to the question for all of them."""
    if len(request) != 50 or request[12:] != _WILDCARD + b"\0\x21\0\x01" or request[2:6] != b"\0\0\0\1":
        return
    names = ((said["name"], 0x00, 0x0400), (said["group"], 0x00, 0x8400), (said["name"], 0x20, 0x0400))
    table = b"".join(struct.pack(">15sBH", name.upper().ljust(15).encode(), end, flags) for name, end, flags in names)
    body = bytes((len(names),)) + table + bytes.fromhex(facts["mac12"]) + bytes(40)
    head = request[:2] + struct.pack(">5H", 0x8400, 0, 1, 0, 0)
    yield Answer(data=head + _WILDCARD + struct.pack(">HHIH", 0x21, 1, 0, len(body)) + body)
