"""Xiongmai search (UDP 34569): a 20-byte header, then the network settings as JSON.

`said` may hold `settings` (more or other JSON keys; an empty text leaves one out) and `to`: "asker" or "broadcast".
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterable, Mapping
from typing import Any

from . import Answer

PORTS = (34569,)
GROUPS: tuple[str, ...] = ()

_HEADER = struct.Struct("<BB2xIIHHI")
_SETTINGS: dict[str, Any] = {
    "GateWay": "@gateway@", "HostIP": "@ip@", "HostName": "LocalHost", "HttpPort": 80, "MAC": "@mac@", "MaxBps": 0,
    "MonMode": "TCP", "SN": "@serial@", "SSLPort": 8443, "Submask": "0x00FFFFFF", "TCPMaxConn": 10, "TCPPort": 34567,
    "TransferPlan": "Quality", "UDPPort": 34568, "UseHSDownLoad": False,
}  # fmt: skip


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """The settings, for a search of 20 bytes; ids that write get nothing."""
    if len(request) != _HEADER.size or request[0] != 0xFF or _HEADER.unpack(request)[5:] != (1530, 0):
        return
    settings = {k: _filled(v, facts) for k, v in {**_SETTINGS, **said.get("settings", {})}.items() if v != ""}
    body = json.dumps({"NetWork.NetCommon": settings, "Ret": 100, "SessionID": "0x00000000"}).encode() + b"\n\0"
    data = _HEADER.pack(0xFF, 1, 0, 0, 0, 1531, len(body)) + body
    everybody = said.get("to") == "broadcast"
    yield Answer(data=data, port=34569 if everybody else 0, to="broadcast" if everybody else "asker")


def _filled(value: Any, facts: Mapping[str, str]) -> Any:
    if value in ("@ip@", "@gateway@"):
        return f"0x{struct.unpack('<I', socket.inet_aton(facts[value.strip('@')]))[0]:08X}"
    return facts[value.strip("@")] if isinstance(value, str) and value.strip("@") in facts else value
