"""A ZKTeco terminal on UDP 4370: it takes a connect, or wants a key.

`said`: `key = true` for the latter.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import Any

from . import Answer

PORTS = (4370,)
GROUPS: tuple[str, ...] = ()


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """The word for the first message of a session, if its checksum is right."""
    if len(request) != 8:
        return
    words = struct.unpack("<4H", request)
    if words[0] != 1000 or words[2:] != (0, 0) or words[1] != 0xFFFF - 1000:
        return
    word, session = (2005 if said.get("key") else 2000), 0x1234
    total = word + session
    yield Answer(data=struct.pack("<4H", word, 0xFFFF - (total % 0x10000 + total // 0x10000), session, 0))
