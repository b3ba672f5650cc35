"""Ubiquiti discovery as a device answers it: records behind a four-byte head, on UDP 10001.

`said`: `firmware_text`, `name`, `system_id` (a number), `version` (1 or 2, the only question it knows), and
`default_login = true` for a device that also sends the record about its factory password.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Mapping
from typing import Any

from . import Answer

PORTS = (10001,)
GROUPS = ("233.89.188.1",)


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """The records, to the question of this device's version."""
    version = said.get("version", 1)
    if request != (b"\x01\x00\x00\x00" if version == 1 else b"\x02\x08\x00\x00"):
        return
    mac, ip = bytes.fromhex(facts["mac12"]), socket.inet_aton(facts["ip"])
    platform = facts["model"].encode()
    records = [
        (0x02, mac + ip), (0x01, mac), (0x0A, struct.pack(">I", 3600)), (0x0B, said["name"].encode()),
        (0x0C, platform), (0x03, said["firmware_text"].encode()), (0x10, struct.pack("<H", said["system_id"])),
        (0x14 if version == 1 else 0x15, platform),
    ]  # fmt: skip
    if said.get("default_login"):
        records += [(0x2C, b"\x01"), (0x06, b"ubnt")]
    body = b"".join(struct.pack(">BH", tag, len(value)) + value for tag, value in records)
    yield Answer(data=struct.pack(">BBH", version, 0x00 if version == 1 else 0x06, len(body)) + body)
