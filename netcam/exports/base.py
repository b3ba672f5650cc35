"""What every destination is: named items that are written, looked up and compared, so that twice is as good as once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from netcam.model.report import Report


class Done(StrEnum):
    """What became of one item at its destination."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing to deliver. `key` names it at the destination for good; `fields` is what it should say there."""

    key: str
    kind: str  # "device", "event", ...
    fields: Mapping[str, Any]


class Destination(Protocol):
    """A system that takes items one by one.

    `put` may be called again for an item whose answer was lost: the destination then holds it once.
    """

    name: str

    def items(self, reports: Sequence[Report]) -> Iterable[Item]:
        """What to deliver, in an order in which what others refer to comes first."""
        ...

    def compare(self, item: Item) -> Done:
        """What `put` would do, found out by reading alone: for --dry-run.

        Raises:
            ExportError: the destination can't be read.
        """
        ...

    def put(self, item: Item) -> Done:
        """Make the destination say what the item says.

        Raises:
            ExportError: it did not take it; `retry` says whether trying again can help.
        """
        ...

    def close(self) -> None: ...


class FileForm(Protocol):
    """A destination that is a file: the whole of it is made anew and replaces the old one."""

    name: str
    suffix: str

    def dump(self, reports: Sequence[Report]) -> bytes: ...
