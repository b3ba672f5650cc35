"""360 Vision's search as a dome answers it on UDP 3600: one line of text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from . import Answer

PORTS = (3600,)
GROUPS: tuple[str, ...] = ()


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """Type, MAC and id, to the one word."""
    if request == b"DISCOVER\n":
        yield Answer(data=f"DISCOVER TYPE=IPDOME KEY='{facts['mac']}' ID={facts['serial']}\r\n".encode())
