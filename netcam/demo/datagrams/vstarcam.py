"""VStarcam's search protocol: the encoder side.

A profile's table may hold `name` and `http_port`. Real answers go on with an account; here `ACCOUNT` stands in its
place, so that tests can look for it everywhere it must not be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from netcam.demo.datagrams import Answer

PORTS = (8600,)
GROUPS: tuple[str, ...] = ()

ACCOUNT = "secret-of-the-owner"


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """Texts at fixed places, to the asker."""
    if request != bytes((0x44, 0x48, 0x01, 0x01)):
        return
    data = bytearray(0x130)
    data[:4] = bytes((0x44, 0x48, 0x01, 0x08))
    data[0x54:0x5A] = bytes.fromhex(facts["mac"].replace(":", ""))
    data[0x5A:0x5C] = said.get("http_port", 81).to_bytes(2, "little")
    texts = (
        (0x04, 16, facts["ip"]), (0x14, 16, "255.255.255.0"), (0x24, 16, facts["gateway"]),
        (0x34, 16, facts["gateway"]), (0x5C, 32, facts["serial"]), (0x7C, 32, said.get("name", "IPCAM")),
        (0xCC, 16, facts["firmware"]), (0xEC, 32, ACCOUNT), (0x10C, 32, ACCOUNT),
    )  # fmt: skip
    for at, size, text in texts:
        data[at : at + size] = text.encode()[:size].ljust(size, b"\0")
    yield Answer(data=bytes(data))
