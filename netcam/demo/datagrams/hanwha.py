"""The search protocol of Hanwha's IP installer: the encoder side. A profile's table may hold `model`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from netcam.demo.datagrams import Answer

PORTS = (7701,)
GROUPS: tuple[str, ...] = ()

_SIZE = 262


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """262 bytes with texts at fixed places, to port 7711."""
    if len(request) != _SIZE or request[0] != 1 or any(request[1:]):
        return
    data = bytearray(_SIZE)
    data[0] = 0x0B
    texts = (
        (0x13, 18, facts["mac"]), (0x25, 16, facts["ip"]), (0x35, 16, "255.255.255.0"), (0x45, 16, facts["gateway"]),
        (0x6D, 10, said.get("model", facts["model"])), (0x85, 39, f"http://{facts['ip']}/index.htm"),
    )  # fmt: skip
    for at, size, text in texts:
        data[at : at + size] = text.encode()[:size].ljust(size, b"\0")
    yield Answer(data=bytes(data), port=7711, to="broadcast")
