"""What happened to one device over the years, read off its states."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from netcam.model.report import DeviceRecord
from netcam.tracking.model import Life


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One thing about a device that one visit found otherwise than the visit before. `old` and `new`: None is unknown.

    `what` is "address", "firmware" and so on, or "verdict"; only then `list` says which.
    """

    at: str
    visit: str
    what: str
    list: str | None
    old: str | None
    new: str | None


def turns(life: Life) -> Iterator[Turn]:
    """All that changed, oldest first."""
    for before, after in zip(life.states, life.states[1:], strict=False):
        for what, of in _FACTS.items():
            old, new = of(before.record), of(after.record)
            if old != new:
                yield Turn(at=after.since, visit=after.first_visit, what=what, list=None, old=old, new=new)
        olds, news = ({v.list: v.outcome for v in s.record.verdicts} for s in (before, after))
        for list in sorted(olds.keys() | news.keys()):
            if olds.get(list) != news.get(list):
                yield Turn(
                    at=after.since, visit=after.first_visit, what="verdict", list=list, old=olds.get(list),
                    new=news.get(list),
                )  # fmt: skip


def _cctv(record: DeviceRecord) -> str | None:
    return None if record.is_cctv is None else "yes" if record.is_cctv else "no"


_FACTS: dict[str, Callable[[DeviceRecord], str | None]] = {
    "address": lambda record: ", ".join(record.addresses) or None,
    "mac": lambda record: record.mac,
    "serial": lambda record: record.serial,
    "cctv": _cctv,
    "type": lambda record: record.device_type,
    "maker": lambda record: record.manufacturer.name if record.manufacturer else None,
    "brand": lambda record: record.brand.name if record.brand else None,
    "model": lambda record: record.model,
    "firmware": lambda record: record.firmware,
}
