"""Vendor discovery protocols of emulated devices, one file each: the encoder side, written from the published layouts.

A module holds `PORTS` (where a device listens), `GROUPS` (multicast groups it joins, often none) and
`answer(request, said, facts)`. `said` is the profile's table `[device.datagrams.<module>]`, `facts` the words a profile
may use (`ip`, `mac`, `model`, `serial`, ...). Nothing here imports netcam's own codecs: a mistake there must show.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One datagram of a device.

    `port` 0 is the asker's own; `to` is "asker", "broadcast", or a multicast group. Where a network has no broadcast
    address (loopback) a broadcast goes to the asker, to the port that asked.
    """

    data: bytes
    port: int = 0
    to: str = "asker"


class Datagrams(Protocol):
    """What a module of this folder offers."""

    PORTS: tuple[int, ...]
    GROUPS: tuple[str, ...]

    def answer(self, request: bytes, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
        """What the device says to `request`; nothing to anything but the documented question."""
        ...


class Announcing(Protocol):
    """What a module offers besides when its devices also speak unasked."""

    EVERY_S: float

    def announcements(self, said: Mapping[str, Any], facts: Mapping[str, str]) -> Iterable[Answer]:
        """What the device says every EVERY_S seconds."""
        ...


def protocol(name: str) -> Datagrams:
    """The module of that name.

    Raises:
        ImportError: there is none.
    """
    return cast(Datagrams, importlib.import_module(f"{__name__}.{name}"))


def announcing(name: str) -> Announcing | None:
    """The module of that name, if its devices speak unasked."""
    module = importlib.import_module(f"{__name__}.{name}")
    return cast(Announcing, module) if hasattr(module, "announcements") else None
