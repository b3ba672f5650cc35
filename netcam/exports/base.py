"""What every destination is: named items that are written, looked up and compared, so that twice is as good as once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from netcam.errors import ConfigError
from netcam.model.report import Report


class Done(StrEnum):
    """What became of one item at its destination."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing to deliver. `key` names it at the destination for good; `fields` is what it should say there.

    `beside` goes along, but is no news: a change in it alone (times, an address) delivers nothing again. `turn` counts
    the deliveries of this key that were confirmed before; the runner sets it.
    """

    key: str
    kind: str  # "device", "event", ...
    fields: Mapping[str, Any]
    beside: Mapping[str, Any] = field(default_factory=dict)
    turn: int = 0


class Destination(Protocol):
    """A system that takes items one by one.

    `put` may be called again for an item whose answer was lost: the destination then holds it once.
    A destination that can't look up what it holds (alerts, logs) has a class attribute `once = True`: what was
    confirmed is never sent to it again unless its fields change. Others are asked each time; for them the journal only
    carries on a run that broke off. One whose `put` doesn't learn whether it arrived has a method `flush`, which does:
    everything put since the last one counts as delivered when it returns.
    """

    @property
    def name(self) -> str: ...

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

    @property
    def name(self) -> str: ...

    @property
    def suffix(self) -> str: ...

    def dump(self, reports: Sequence[Report]) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A setting of one destination, given as `-O name=value`. `many` may be given several times."""

    name: str
    help: str
    default: str | None = None
    many: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the user said about one destination. `token` is the secret, however it came; it is never shown."""

    url: str = ""
    token: str = field(default="", repr=False)
    ca_file: str | None = None
    timeout_s: float = 30.0
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def one(self, name: str, default: str = "") -> str:
        """The last value given for an option, else the default."""
        return (self.options.get(name) or (default,))[-1]

    def many(self, name: str) -> tuple[str, ...]:
        """All values given for an option; commas separate too."""
        return tuple(part.strip() for value in self.options.get(name, ()) for part in value.split(",") if part.strip())

    def flag(self, name: str) -> bool:
        """An option that is on or off.

        Raises:
            ConfigError: another word than yes or no.
        """
        said = self.one(name, "no").lower()
        if said not in ("yes", "no", "true", "false", "1", "0"):
            raise ConfigError(f"-O {name}: yes or no")
        return said in ("yes", "true", "1")

    def pairs(self, name: str) -> Mapping[str, str]:
        """An option whose values read LEFT:RIGHT, as a mapping: `-O site=store-17:Leeds` (a colon in LEFT can't be).

        Raises:
            ConfigError: a value without a colon.
        """
        found = {}
        for value in self.options.get(name, ()):
            left, colon, right = value.partition(":")
            if not (colon and left and right):
                raise ConfigError(f"-O {name}: expected LEFT:RIGHT")
            found[left] = right
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What `netcam export --to NAME` needs to know of a destination: `EXPORT` in the file `to_<name>.py`.

    `make` gets the settings, checked for what `needs` names ("url", "token"), and makes either kind of destination.
    It raises ConfigError for what can't be used, before anything is sent. `secret` says what the token is; "" where
    there is none. `takes` names what may be given without need.
    """

    name: str
    title: str
    make: Callable[[Settings], Destination | FileForm]
    options: tuple[Option, ...] = ()
    needs: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()
    secret: str = ""
    url: str = "https://HOST"  # how its URL looks, for the list of destinations
