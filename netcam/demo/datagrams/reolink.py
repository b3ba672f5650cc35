"""Reolink's older search on UDP 2000: a binary answer to UDP 3000 whose layout nobody wrote down.

It is filled with the facts that one project says are in it, in an order of our own.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from typing import Any

from . import Answer

PORTS = (2000,)
GROUPS: tuple[str, ...] = ()


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """Name, address, port and id, to the four known bytes."""
    if request == b"\xaa\xaa\x00\x00":
        told = b"Camera1".ljust(32, b"\0") + socket.inet_aton(facts["ip"]) + (9000).to_bytes(4, "little")
        yield Answer(data=told + b"9527000000000000".ljust(32, b"\0"), port=3000)
