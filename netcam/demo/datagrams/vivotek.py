"""The search protocol of Vivotek's installation wizard: the encoder side. A profile's table may hold `name`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address
from typing import Any

from netcam.demo.datagrams import Answer

PORTS = (10000,)
GROUPS: tuple[str, ...] = ()


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """Type, length and value of each field behind the question's own five bytes, to the asker."""
    if len(request) != 5 or request[1:] != bytes((0x4A, 0x5D, 0x8F, 0x1C)):
        return
    fields = (
        (1, said.get("name", "Mega-Pixel Network Camera").encode()), (2, bytes.fromhex(facts["mac"].replace(":", ""))),
        (3, IPv4Address(facts["ip"]).packed), (4, b"\x1b"), (6, (80).to_bytes(2, "little")), (8, b"en"),
        (9, facts["model"].encode()),
    )  # fmt: skip
    told = (bytes((kind,)) + (b"" if kind == 4 else bytes((len(value),))) + value for kind, value in fields)
    yield Answer(data=request + b"".join(told))
