"""What a list file holds, as types, and which words it may use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property

import msgspec

from netcam.model.report import Citation

EFFECTS = (
    "procurement",
    "authorisation",
    "export-control",
    "investment",
    "designation",
    "business-closure",
    "certification",
    "position",
    "private-policy",
)
# What regulates dealings with a company, or trade in it: who sells its devices under which badge is no matter of such
# a list.
ABOUT_COMPANIES = frozenset(("export-control", "investment", "designation", "business-closure"))
# What nobody is bound by, but whoever took the decision: held against devices only where the user asks for it.
ON_REQUEST = frozenset(("position", "certification"))
COVERS = ("yes", "no", "unknown")
VERIFIED = ("yes", "partly", "no")


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Source(_File, frozen=True):
    """Where a list is published."""

    title: str
    url: str
    section: str = ""


class Step(_File, frozen=True):
    """One date in a list's history: the day, month or year, and what happened."""

    on: str
    what: str
    verified: str = "yes"
    references: list[str] = []


class Entry(_File, frozen=True):
    """Whom a list names.

    On an official list one of `vendor` (who built a device) and `country` (a list that describes companies instead of
    naming them; `entity` is the description), or `entity` alone for somebody whose devices netcam can't tell.

    On an own list any of `vendor`, `brand` (the badge), `country`, `model` (patterns with * and ?), `capability` and
    `firmware_older_than_days`; all that stand in one entry must hold. `due` is the day by which the owner wants it
    done.

    `scope` says for what the list names the company ("for telecom equipment"). `added` and `removed` are ISO days,
    months or years. `verified` says how well our sources confirm the entry.
    """

    references: list[str] = []
    vendor: str | None = None
    brand: str | None = None
    country: str | None = None
    model: list[str] | str = []
    capability: str | None = None
    firmware_older_than_days: int | None = None
    entity: str = ""
    scope: str = ""
    added: str = ""
    removed: str = ""
    due: date | None = None
    verified: str = "yes"
    note: str = ""

    @property
    def models(self) -> tuple[str, ...]:
        """The model patterns, of which one has to fit."""
        return (self.model,) if isinstance(self.model, str) else tuple(self.model)

    @property
    def conditional(self) -> bool:
        """Whether it asks for more than one thing, or for something else than who built or badged a device."""
        whom = sum(x is not None for x in (self.vendor, self.brand, self.country))
        return whom > 1 or bool(self.model) or self.capability is not None or self.firmware_older_than_days is not None

    @property
    def reaches(self) -> bool:
        """Whether any device could meet it."""
        return not self.removed and (self.conditional or bool(self.vendor or self.brand or self.country))


class Head(_File, frozen=True):
    """What a list is and whom it concerns.

    `called` is how a sentence calls the list, article included ("the FCC Covered List"); without it, the title.
    `binds` completes the sentence "..., which applies to {binds}". The first citation is the primary one.
    """

    id: str
    title: str
    jurisdiction: str
    authority: str
    effect: str
    binds: str
    says: str
    last_checked: date
    citation: list[Source]
    step: list[Step] = []
    called: str = ""
    in_force: str = ""
    covers_subsidiaries: str = "unknown"
    covers_oem: str = "unknown"
    covers_components: str = "unknown"
    limits: str = ""
    own: bool = False


class PolicyList(_File, frozen=True, dict=True):
    """One list: `list` is its head, `entry` whom it names."""

    schema: int
    list: Head
    entry: Sequence[Entry] = ()

    @property
    def id(self) -> str:
        return self.list.id

    @property
    def called(self) -> str:
        """The list's name inside a sentence."""
        return self.list.called or self.list.title

    @cached_property
    def plain(self) -> tuple[Entry, ...]:
        """The entries that ask for one thing: who built a device, its badge, or the maker's country."""
        return tuple(entry for entry in self.entry if entry.reaches and not entry.conditional)

    @cached_property
    def by_vendor(self) -> Mapping[str, tuple[Entry, ...]]:
        """The plain entries that name a maker, by its vendor id."""
        found: dict[str, list[Entry]] = {}
        for entry in self.plain:
            if entry.vendor is not None:
                found.setdefault(entry.vendor, []).append(entry)
        return {vendor: tuple(entries) for vendor, entries in found.items()}

    @cached_property
    def by_country(self) -> tuple[Entry, ...]:
        """The plain entries that describe makers by their seat."""
        return tuple(entry for entry in self.plain if entry.country is not None)

    @cached_property
    def by_badge(self) -> tuple[Entry, ...]:
        """The plain entries that name a badge."""
        return tuple(entry for entry in self.plain if entry.brand is not None)

    @cached_property
    def citation(self) -> Citation:
        """The source that verdicts cite."""
        first = self.list.citation[0]
        return Citation(title=first.title, url=first.url, section=first.section)

    @cached_property
    def conditional(self) -> tuple[Entry, ...]:
        """The entries that ask for more, or for something else."""
        return tuple(entry for entry in self.entry if entry.reaches and entry.conditional)

    @property
    def reaches(self) -> bool:
        """Whether any entry could concern a device; a list without is kept for what it says, and judges nothing."""
        return bool(self.plain or self.conditional)

    @property
    def by_default(self) -> bool:
        """Whether devices are held against it without being asked: own lists, and official ones with legal force."""
        return self.reaches and (self.list.own or self.list.effect not in ON_REQUEST)
