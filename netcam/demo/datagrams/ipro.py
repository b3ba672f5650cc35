"""Easy IP Setup of Panasonic and i-PRO devices: the encoder side.

A profile's table may hold `title`, `model`, `firmware`, `serial` and `http_port`; without them the profile's facts are
told. `channels` makes it a recorder.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address
from typing import Any

from netcam.demo.datagrams import Answer

PORTS = (10670,)
GROUPS: tuple[str, ...] = ()

_TEXT_BYTES = 16
# Recorders stay silent where byte 35 of the question is not 2; cameras take the older question too.
_KIND_AT = 35


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """The search answer, broadcast to port 10669."""
    if len(request) < 52 or struct.unpack_from(">H", request)[0] != 1 or struct.unpack_from(">H", request, 4)[0] != 13:
        return
    channels = said.get("channels", 0)
    if channels and request[_KIND_AT] != 2:
        return
    model = said.get("model", facts["model"])
    fields = [
        (0x00, b"\x02"), (0x01, b"\x00"), (0x20, IPv4Address(facts["ip"]).packed),
        (0x21, bytes((255, 255, 255, 0))), (0x22, IPv4Address(facts["gateway"]).packed),
        (0x25, struct.pack(">H", said.get("http_port", 80))), (0xA7, _text(said.get("title", model))),
        (0xA8, _text(model)), (0xA9, _text(said.get("firmware", facts["firmware"]))),
        *([(0xC0, struct.pack(">H", channels))] if channels else []),
        (0xD1, _text(said.get("serial", facts["serial"]))),
    ]  # fmt: skip
    told = b"".join(struct.pack(">HH", tag, len(value)) + value for tag, value in fields) + b"\xff\xff"
    constant = bytes.fromhex("00002011 1e11231f 1e1913000002 0202") + bytes(10)
    asker = request[12:22]
    head = bytes.fromhex(facts["mac"].replace(":", "")) + asker + constant
    length = 6 + len(head) + len(told) + 2 - 52
    message = struct.pack(">HHH", 1, length, 14) + head + told
    yield Answer(data=message + struct.pack(">H", (sum(message) + 1) % 65536), port=10669, to="broadcast")


def _text(text: str) -> bytes:
    return text.encode()[:_TEXT_BYTES].ljust(_TEXT_BYTES, b"\0")
