"""TP-Link discovery as Tapo and VIGI devices answer it: JSON behind a 16-byte head, on UDP 20002.

`said`: `device_type`, and `https` where the device's port takes TLS. Owner and device id are there to be left alone.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from . import Answer

PORTS = (20002,)
GROUPS: tuple[str, ...] = ()
_QUESTION = bytes.fromhex("020000010000000000000000463cb5d3")


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """The description, to the one fixed question."""
    if request != _QUESTION:
        return
    https = bool(said.get("https", True))
    result = {
        "device_id": "00112233445566778899aabbccddeeff", "owner": "FFEEDDCCBBAA99887766554433221100",
        "device_type": said["device_type"], "device_model": facts["model"] + said.get("region", "(EU)"),
        "ip": facts["ip"], "mac": facts["mac_hyphen"].upper(), "hw_ver": said.get("hardware", "1.0"),
        "firmware_version": facts["firmware"], "factory_default": False,
        "mgt_encrypt_schm": {
            "is_support_https": https, "encrypt_type": "AES", "http_port": 443 if https else 80, "lv": 2,
        },
    }  # fmt: skip
    body = json.dumps({"error_code": 0, "result": result}, separators=(",", ":")).encode()
    head = struct.pack(">BBHHBBI", 2, 0, 1, len(body), 1, 0, 0)
    checksum = zlib.crc32(head + struct.pack(">I", 0x5A6B7C8D) + body)
    yield Answer(data=head + struct.pack(">I", checksum) + body)
