"""SNMP version 2c as an agent answers it on UDP 161: the system group, to the community `public`.

`said`: `descr`, `object_id` (a list of numbers), `name`. The bytes are put together by hand, for messages below 64 kB.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from . import Answer

PORTS = (161,)
GROUPS: tuple[str, ...] = ()
_ASKED = bytes.fromhex("2b060102010101002b060102010102002b06010201010500")  # the three objects, one behind the other


def answer(request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
    """The three texts, to a get for all of them; anything else gets silence."""
    start = request.find(b"\x02\x01\x01\x04\x06public\xa0")
    names = [_ASKED[at : at + 8] for at in (0, 8, 16)]
    if start < 0 or not all(name in request for name in names):
        return
    descr, name = (_element(4, said[field].encode()) for field in ("descr", "name"))
    values = (descr, _element(6, _oid(said["object_id"])), name)
    bindings = b"".join(_element(0x30, _element(6, n) + v) for n, v in zip(names, values, strict=True))
    pdu = request[start + 13 :]  # behind the tag and the one-byte length of the get
    request_id = pdu[: 2 + pdu[1]]
    response = _element(0xA2, request_id + b"\x02\x01\x00\x02\x01\x00" + _element(0x30, bindings))
    yield Answer(data=_element(0x30, b"\x02\x01\x01\x04\x06public" + response))


def _element(tag: int, content: bytes) -> bytes:
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    return bytes((tag, 0x82, len(content) >> 8, len(content) & 0xFF)) + content


def _oid(arcs: list[int]) -> bytes:
    out = bytes((40 * arcs[0] + arcs[1],))
    for arc in arcs[2:]:
        septets = [arc >> shift & 0x7F for shift in (28, 21, 14, 7, 0)]
        while len(septets) > 1 and not septets[0]:
            del septets[0]
        out += bytes([*(s | 0x80 for s in septets[:-1]), septets[-1]])
    return out
