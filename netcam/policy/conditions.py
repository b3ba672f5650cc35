"""Entries of own lists that ask for several things, or for other things than a maker: model, capability, firmware age.

Each condition is met, perhaps met, not met, or not known; silence is never taken for "not met". All conditions of an
entry must hold: one that is not met settles it, and one that is not known leaves it open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from fnmatch import fnmatchcase

from netcam.model import Claim, Identity, firmware_age_days
from netcam.model.report import Basis, Outcome

from .lists import Entry, PolicyList

LISTED_AT = 0.9  # takes a definitive sign or two independent ones
CLEARED_AT = 0.8  # a lone strong sign: of another maker, or of a fact about the device
POSSIBLE_AT = 0.1  # a maker less likely than this is noise, unless its signs are strong enough to be a conflict

_LONGEST_MODEL = 120  # characters a pattern looks at; makers' model numbers have some 30


class Met(IntEnum):
    """Whether a device meets one condition."""

    NO = 0
    UNKNOWN = 1
    PERHAPS = 2
    YES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How an entry gets to a maker, whether it surely does, and what is doubtful about it."""

    basis: Basis
    sure: bool
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One condition's answer. `words` go on from "this device:", or name what is not known; `because`: evidence ids."""

    met: Met
    words: str
    because: tuple[str, ...] = ()
    basis: Basis | None = None
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What one entry comes to."""

    outcome: Outcome
    entry: Entry
    parts: tuple[Part, ...]

    @property
    def basis(self) -> Basis | None:
        return next((part.basis for part in self.parts if part.basis is not None), None)

    @property
    def because(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(id for part in self.parts for id in part.because))

    @property
    def met(self) -> str:
        """What is so, or may be."""
        return ", ".join(part.words for part in self.parts if part.met >= Met.PERHAPS)

    @property
    def open(self) -> tuple[str, ...]:
        """What is not known, and what weakens what is."""
        unknown = [part.words for part in self.parts if part.met is Met.UNKNOWN]
        return (*unknown, *dict.fromkeys(doubt for part in self.parts for doubt in part.doubts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """The conditions of one list's entries, held against one device.

    Args:
        on: the day of the scan, for the age of firmware.
        name: vendor id -> the company's name.
        reached: (entry, maker) -> how the entry's `vendor` gets to that maker; None where it doesn't.
        seated: vendor id -> country codes of its seat and its parents'.
        disputed: field -> the answers that contradict each other.
    """

    identity: Identity
    policy: PolicyList
    on: date
    name: Callable[[str], str]
    reached: Callable[[Entry, Claim], Reached | None]
    seated: Callable[[str], set[str]]
    disputed: Callable[[str], set[str]]

    def judged(self) -> Iterator[Judged]:
        """What each entry with conditions comes to, in the file's order."""
        for entry in self.policy.conditional:
            parts = tuple(self._parts(entry))
            least, most = min(p.met for p in parts), max(p.met for p in parts)
            if least is Met.NO:
                outcome = Outcome.NOT_LISTED
            elif least is Met.YES and entry.verified == "yes" and entry.country is None:
                outcome = Outcome.LISTED
            else:
                outcome = Outcome.POSSIBLE if most >= Met.PERHAPS else Outcome.UNDETERMINED
            yield Judged(outcome=outcome, entry=entry, parts=parts)

    def _parts(self, entry: Entry) -> Iterator[Part]:
        if entry.vendor is not None:
            yield self._vendor(entry)
        if entry.country is not None:
            yield self._country(entry.country)
        if entry.brand is not None:
            yield self._brand(entry.brand)
        if entry.models:
            yield self._camera(self._model(entry.models))
        if entry.capability is not None:
            yield self._camera(self._capability(entry.capability))
        if entry.firmware_older_than_days is not None:
            yield self._camera(self._firmware(entry.firmware_older_than_days))

    def _vendor(self, entry: Entry) -> Part:
        for rank, claim in self._likely("manufacturer", self.identity.manufacturer):
            if (found := self.reached(entry, claim)) is None:
                continue
            sure = self._sure("manufacturer", rank, claim) and found.sure
            return self._part(f"made by {self.name(claim.value)}", sure, claim, found.basis, found.doubts)
        return self._other("maker", f"not made by {self.name(entry.vendor or '')}", self.identity.manufacturer)

    def _country(self, country: str) -> Part:
        for _, claim in self._likely("manufacturer", self.identity.manufacturer):
            if country in self.seated(claim.value):
                return self._part(f"made by {self.name(claim.value)}, a company of {country}", False, claim)
        leader = next(iter(self.identity.manufacturer), None)
        if leader is not None and not self.seated(leader.value):
            return Part(met=Met.UNKNOWN, words="the seat of its maker is not known", because=leader.evidence)
        return self._other("maker", f"not made by a company of {country}", self.identity.manufacturer)

    def _brand(self, brand: str) -> Part:
        for rank, claim in self._likely("brand", self.identity.brand):
            if claim.value == brand:
                sure = self._sure("brand", rank, claim)
                return self._part(f"carrying the badge {self.name(brand)}", sure, claim, Basis.NAMED)
        return self._other("badge", f"not carrying the badge {self.name(brand)}", self.identity.brand)

    def _model(self, patterns: Sequence[str]) -> Part:
        for claim in self.identity.model:
            if claim.confidence >= POSSIBLE_AT and any(_fits(claim.value, pattern) for pattern in patterns):
                sure = claim is self.identity.model[0] and claim.confidence >= CLEARED_AT
                return self._part(f"of the model {claim.value[:_LONGEST_MODEL]}", sure, claim)
        return self._other("model", "of another model", self.identity.model)

    def _capability(self, capability: str) -> Part:
        """A capability that nobody saw may still be there, so its absence is never an answer."""
        for claim in self.identity.capabilities:
            if claim.value == capability and claim.confidence >= POSSIBLE_AT:
                words = f"capable of {capability}, whether or not it is in use"
                return self._part(words, claim.confidence >= CLEARED_AT, claim)
        return Part(met=Met.UNKNOWN, words=f"whether it is capable of {capability} is not known")

    def _firmware(self, days: int) -> Part:
        claim = next(iter(self.identity.firmware_date), None)
        age = firmware_age_days(claim.value, self.on) if claim is not None else None
        if claim is None or age is None or claim.confidence < POSSIBLE_AT:
            return Part(met=Met.UNKNOWN, words="the age of its firmware is not known")
        words = f"with firmware built on {claim.value}, {age} days before the scan"
        sure = claim.confidence >= CLEARED_AT
        if age > days:
            return self._part(words, sure, claim)
        return Part(met=Met.NO if sure else Met.UNKNOWN, words=words if sure else "the age of its firmware is not sure")

    def _camera(self, part: Part) -> Part:
        """The same for equipment that may be no CCTV: what is none is not meant, and what may be none not surely."""
        if self.identity.is_cctv is False:
            return Part(met=Met.NO, words="no surveillance equipment as far as can be seen")
        if self.identity.is_cctv is None and part.met is Met.YES:
            doubt = "whether it is surveillance equipment is not known"
            return Part(met=Met.PERHAPS, words=part.words, because=part.because, doubts=(doubt,))
        return part

    def _likely(self, field: str, claims: Sequence[Claim]) -> list[tuple[int, Claim]]:
        disputed = self.disputed(field)
        return [(n, c) for n, c in enumerate(claims) if c.confidence >= POSSIBLE_AT or c.value in disputed]

    def _sure(self, field: str, rank: int, claim: Claim) -> bool:
        return (
            rank == 0
            and claim.confidence >= LISTED_AT
            and claim.value not in self.disputed(field)
            and self.identity.is_cctv is not False
        )

    def _other(self, what: str, words: str, claims: Sequence[Claim]) -> Part:
        """Some other answer leads: the condition is not met if that one is sure, and open otherwise."""
        leader = next(iter(claims), None)
        if leader is not None and leader.confidence >= CLEARED_AT:
            return Part(met=Met.NO, words=words, because=leader.evidence)
        return Part(met=Met.UNKNOWN, words=f"its {what} is not known well enough")

    def _part(
        self, words: str, sure: bool, claim: Claim, basis: Basis | None = None, doubts: tuple[str, ...] = ()
    ) -> Part:
        return Part(
            met=Met.YES if sure else Met.PERHAPS,
            words=words if sure else f"perhaps {words}",
            because=claim.evidence,
            basis=basis,
            doubts=doubts,
        )


def _fits(model: str, pattern: str) -> bool:
    """Whether a pattern with * and ? fits the model, with or without words such as the maker's before it.

    Case and spaces don't count.
    """
    words = model[:_LONGEST_MODEL].upper().split()
    wanted = "".join(pattern.upper().split())
    return any(fnmatchcase("".join(words[n:]), wanted) for n in range(len(words)))
