"""What comparing and counting over time works on, wherever it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from netcam.model.report import CoverageRecord, DeviceRecord, ScopeRecord, Versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One scan of one site. Times are UTC text with Z, as in the report; `id` is the scan's id."""

    id: str
    site: str | None
    started_at: str
    ended_at: str
    complete: bool
    scope: ScopeRecord
    coverage: tuple[CoverageRecord, ...]
    versions: Versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What tells one device from others, at one visit; texts as `device_id` in report/build.py compares them.

    `uuids` and `certificates` come from the observations, since the device record doesn't hold them.
    """

    serial: str | None
    mac: str | None
    measured: bool  # the MAC was measured, not claimed
    uuids: frozenset[str]
    certificates: frozenset[str]
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighted:
    """One device at one visit. `key` is the same at every visit at which it was found to be the same device."""

    key: str
    record: DeviceRecord
    marks: Marks


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a device was from one visit up to another, both of them included, while nothing that matters changed."""

    record: DeviceRecord
    first_visit: str
    last_visit: str
    since: str
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One device at one site, through all visits; `states` oldest first."""

    key: str
    site: str | None
    first_seen: str
    last_seen: str
    states: tuple[State, ...]


class Past(Protocol):
    """Visits and devices of the past, wherever they are kept. Sites: None means every site."""

    def sites(self) -> tuple[str | None, ...]: ...

    def visits(self, site: str | None = None, *, since: str | None = None) -> Iterator[Visit]:
        """Oldest first."""
        ...

    def sighted(self, visit: str) -> tuple[Sighted, ...]:
        """The devices found at one visit."""
        ...

    def lives(self, site: str | None = None) -> Iterator[Life]: ...
