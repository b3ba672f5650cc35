"""D-Link's DCS search as a camera answers it from UDP 62976: the MAC at offset 6, the model as text at the end.

`said` holds nothing. What lies between the two is not documented and is sent as zeros.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from . import Answer

PORTS = (62976,)
GROUPS: tuple[str, ...] = ()


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """MAC and model, to the one known question."""
    if request != bytes.fromhex("fd fd 06 00 a1 00 ff ff ff ff ff ff 00 00 00 00 00 00 01 00 00 00"):
        return
    head = b"\xfd\xfd\x06\x00\xa1\x00" + bytes.fromhex(facts["mac12"])
    yield Answer(data=head + bytes(20) + facts["model"].encode() + bytes(8))
