"""RCP+ detection (UDP 1757): the answer goes to the port that the question names.

`said` may hold `form`: "binary", or "xml" as newer devices answer; with the latter `name`.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Mapping
from typing import Any
from xml.sax.saxutils import escape

from . import Answer

PORTS = (1757,)
GROUPS: tuple[str, ...] = ()


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """What the device is, for a question of 12 bytes."""
    if len(request) != 12:
        return
    magic, transaction, fixed, port = struct.unpack(">IIHH", request)
    if magic != 0x9939A427 or fixed != 0xFF00 or not port:
        return
    if said.get("form") == "xml":
        yield Answer(data=_xml(said, facts), port=port)
        return
    addresses = [socket.inet_aton(ip) for ip in (facts["ip"], "255.255.255.0", facts["gateway"])]
    mac = bytes.fromhex(facts["mac12"])
    yield Answer(data=struct.pack(">II6s2x4s4s4s4x", magic, transaction, mac, *addresses), port=port)


def _xml(said: Mapping[str, Any], facts: Mapping[str, str]) -> bytes:
    fields = {
        "deviceType": "1", "friendlyName": facts["model"], "unitName": said.get("name", ""),
        "deviceGUID": f"00000000-0000-4000-8000-{facts['mac12']}", "serialNumber": facts["serial"],
        "physAddress": facts["mac_hyphen"], "sessionKey": "constructed-key", "unitIPAddress": facts["ip"],
        "unitSubnetMask": "255.255.255.0", "unitGatewayIp": facts["gateway"], "activeConnections": "0",
        "RCPPort": "1756", "HTTPPort": "80", "HTTPSPort": "443", "dhcp": "1",
    }  # fmt: skip
    inner = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items())
    return f'<?xml version="1.0"?><root xmlns="OEMExt00:device-1-0"><device>{inner}</device></root>'.encode()
