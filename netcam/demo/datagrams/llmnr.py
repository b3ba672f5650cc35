"""LLMNR as a Windows host answers it on UDP 5355: only in the group, only for its own name and address.

`said`: `name`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Any

from . import Answer

PORTS = (5355,)
GROUPS = ("224.0.0.252",)
_PTR, _IN = 12, 1


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """The name, to the question about the device's own address."""
    asked = _wire(ip_address(facts["ip"]).reverse_pointer) + struct.pack(">HH", _PTR, _IN)
    if request[2:12] != struct.pack(">5H", 0, 1, 0, 0, 0) or request[12:].lower() != asked:
        return
    name = _wire(said["name"])
    record = b"\xc0\x0c" + struct.pack(">HHIH", _PTR, _IN, 30, len(name)) + name
    yield Answer(data=request[:2] + struct.pack(">5H", 0x8000, 1, 1, 0, 0) + asked + record)


def _wire(name: str) -> bytes:
    return b"".join(bytes((len(label),)) + label.encode() for label in name.split(".")) + b"\0"
