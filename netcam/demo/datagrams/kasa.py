"""Kasa's system information as an old device gives it: scrambled JSON on UDP 9999.

`said`: `type`, `deep = true` where the facts lie one object deeper, as in cameras. Place and account are there to be
left alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from . import Answer

PORTS = (9999,)
GROUPS: tuple[str, ...] = ()


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """The system information, to the question for it."""
    plain = "".join(chr(byte ^ (request[at - 1] if at else 171)) for at, byte in enumerate(request))
    if plain != '{"system":{"get_sysinfo":{}}}':
        return
    info = {
        "type": said["type"], "model": facts["model"], "mac": facts["mac"].upper(), "err_code": 0,
        "alias": "Back room", "latitude": 52.0, "longitude": 13.0, "deviceId": "00112233445566778899",
        "username": "owner@example.com",
    }  # fmt: skip
    told = {"system": {"get_sysinfo": {"system": info} if said.get("deep") else info}}
    last, out = 171, bytearray()
    for byte in json.dumps(told).encode():
        last ^= byte
        out.append(last)
    yield Answer(data=bytes(out))
