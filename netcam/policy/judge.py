"""One identity held against one list.

`listed` takes a sure and undisputed maker that the list names (or a subsidiary, where the list covers them), on an
entry that our sources confirm. A list that only describes companies never gives more than `possible`. Nothing here
says what anybody should do about it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from netcam.model import Claim, Identity
from netcam.model.report import Basis, Citation, Outcome, VerdictRecord

from .load import Entry, PolicyList

LISTED_AT = 0.9  # takes a definitive sign or two independent ones
CLEARED_AT = 0.8  # a lone strong sign of another maker
LIKELY_AT = 0.5  # a lone supporting sign: a badge worth a word; above it, a maker more likely than not
POSSIBLE_AT = 0.1  # a maker less likely than this is noise, unless its signs are strong enough to be a conflict

Parents = Callable[[str], Sequence[str]]
Country = Callable[[str], str | None]
Name = Callable[[str], str]


class Reach(IntEnum):
    """How an entry gets to a device, the most direct way first."""

    NAMED = 0
    SUBSIDIARY = 1  # its maker's parent is named, and the list covers subsidiaries
    PERHAPS_SUBSIDIARY = 2  # the same, but whether the list covers them is not known
    BADGE = 3  # a user's own list names the badge
    DESCRIBED = 4  # the list describes such companies by their country
    PART = 5  # the maker of a part that the device shows is named, and the list covers parts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hit:
    """One entry that reaches one claim; `rank` is the claim's place, `badge` a badge that is not the maker's own."""

    outcome: Outcome
    basis: Basis | None
    reach: Reach
    rank: int
    entry: Entry
    claim: Claim
    badge: str | None
    disputed: bool

    @property
    def order(self) -> tuple[bool, int, Reach, bool]:
        return self.outcome is not Outcome.LISTED, self.rank, self.reach, self.entry.verified != "yes"


def judge(identity: Identity, policy: PolicyList, *, parents: Parents, country: Country, name: Name) -> VerdictRecord:
    """The verdict of one list on one device.

    Args:
        parents: vendor id -> its corporate parents, nearest first.
        country: vendor id -> ISO code of its seat, or None where no source gives it.
        name: vendor id -> the company's name.
    """
    case = _Case(identity=identity, policy=policy, parents=parents, country=country, name=name)
    hits = (*case.maker_hits(), *case.badge_hits(), *case.part_hits())
    if hits:
        best = min(hits, key=lambda hit: hit.order)
        # A description is nobody's name.
        entity = None if best.reach is Reach.DESCRIBED else best.entry.entity or name(best.claim.value)
        return _record(policy, best.outcome, best.basis, entity, case.statement(best), best.claim.evidence)
    leader = next(iter(identity.manufacturer), None)
    outcome, text = case.unreached(leader)
    return _record(policy, outcome, None, None, text, leader.evidence if leader else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One identity, one list, and what is known of the companies behind vendor ids."""

    identity: Identity
    policy: PolicyList
    parents: Parents
    country: Country
    name: Name

    def maker_hits(self) -> Iterator[_Hit]:
        disputed = self.disputed("manufacturer")
        for rank, claim in enumerate(self.identity.manufacturer):
            if claim.confidence < POSSIBLE_AT and claim.value not in disputed:
                continue
            badge = self.other_badge(claim)
            for entry in self.policy.entry:
                if entry.removed or (reach := self.reach(entry, claim.value)) is None:
                    continue
                sure = (
                    self.certain(rank, claim, entry, disputed)
                    and reach in (Reach.NAMED, Reach.SUBSIDIARY)
                    and not (badge is not None and self.policy.list.covers_oem == "no")
                )
                yield _Hit(
                    outcome=Outcome.LISTED if sure else Outcome.POSSIBLE,
                    basis=_basis(reach, badge),
                    reach=reach,
                    rank=rank,
                    entry=entry,
                    claim=claim,
                    badge=badge,
                    disputed=claim.value in disputed,
                )

    def badge_hits(self) -> Iterator[_Hit]:
        """A user's own list may name a badge: that is then what counts, whoever built the device."""
        disputed = self.disputed("brand")
        for rank, claim in enumerate(self.identity.brand):
            for entry in self.policy.entry:
                if entry.brand != claim.value or entry.removed or claim.confidence < POSSIBLE_AT:
                    continue
                sure = self.certain(rank, claim, entry, disputed)
                yield _Hit(
                    outcome=Outcome.LISTED if sure else Outcome.POSSIBLE,
                    basis=Basis.NAMED,
                    reach=Reach.BADGE,
                    rank=len(self.identity.manufacturer) + rank,
                    entry=entry,
                    claim=claim,
                    badge=None,
                    disputed=claim.value in disputed,
                )

    def part_hits(self) -> Iterator[_Hit]:
        """A part by a company that the list names, in whosever device: a question for a person, never an answer."""
        if self.policy.list.covers_components != "yes":
            return
        for rank, claim in enumerate(self.identity.components):
            for entry in self.policy.entry:
                if entry.removed or self.reach(entry, claim.value) not in (Reach.NAMED, Reach.SUBSIDIARY):
                    continue
                yield _Hit(
                    outcome=Outcome.POSSIBLE,
                    basis=Basis.COMPONENT_RISK,
                    reach=Reach.PART,
                    rank=len(self.identity.manufacturer) + len(self.identity.brand) + rank,
                    entry=entry,
                    claim=claim,
                    badge=None,
                    disputed=False,
                )

    def certain(self, rank: int, claim: Claim, entry: Entry, disputed: Collection[str]) -> bool:
        return (
            rank == 0
            and claim.confidence >= LISTED_AT
            and claim.value not in disputed
            and entry.verified == "yes"
            and self.identity.is_cctv is not False
        )

    def reach(self, entry: Entry, vendor: str) -> Reach | None:
        """How an entry reaches a maker; None where it doesn't."""
        if entry.vendor == vendor:
            return Reach.NAMED
        if entry.vendor is not None and entry.vendor in self.parents(vendor):
            covered = self.policy.list.covers_subsidiaries
            return {"yes": Reach.SUBSIDIARY, "unknown": Reach.PERHAPS_SUBSIDIARY}.get(covered)
        if entry.country is not None and entry.country in self.seats(vendor):
            return Reach.DESCRIBED
        return None

    def disputed(self, field: str) -> set[str]:
        """The answers to one question that contradict each other, each with real evidence behind it."""
        return {value for c in self.identity.conflicts if c.field == field for value in c.values}

    def related(self, a: str, b: str) -> bool:
        return a == b or a in self.parents(b) or b in self.parents(a)

    def seats(self, vendor: str) -> set[str]:
        """Where the company and its parents are seated, as far as known."""
        return {seat for v in (vendor, *self.parents(vendor)) if (seat := self.country(v))}

    def other_badge(self, claim: Claim) -> str | None:
        """The badge on the device, where it belongs neither to the maker nor to a company of its group."""
        badge = next(iter(self.identity.brand), None)
        if badge is None or badge.confidence < LIKELY_AT or self.related(badge.value, claim.value):
            return None
        return badge.value

    def statement(self, hit: _Hit) -> str:
        """The verdict as one sentence that goes on from "this device:" or "3 devices"."""
        head, entry, company = self.policy.list, hit.entry, self.name(hit.claim.value)
        made = f"{_certainty(hit.claim, disputed=hit.disputed)}made by"
        on_list = f"{'named' if entry.verified == 'yes' else 'reported to be named'} on {self.policy.called}"
        if hit.reach is Reach.DESCRIBED:
            text = (
                f"{made} {company}, perhaps one of the {entry.entity or 'companies'} that {self.policy.called} "
                f"describes without naming any; it applies to {head.binds}"
            )
            return "; ".join((text, *self.doubts(hit)))
        if hit.reach is Reach.PART:
            return "; ".join((self.part(hit), *self.doubts(hit)))
        if hit.reach is Reach.BADGE:
            text = f"{_certainty(hit.claim, disputed=hit.disputed)}carrying the badge {company}, {on_list}"
        elif hit.reach is Reach.NAMED:
            text = f"{made} {entry.entity or company}, a company {on_list}"
        else:
            parent = entry.entity or self.name(entry.vendor or "")
            text = f"{made} {company}, which belongs to {parent}, a company {on_list}"
        sold = f"sold as {self.name(hit.badge)}, " if hit.badge is not None else ""
        return "; ".join((f"{sold}{text}, which applies to {head.binds}", *self.doubts(hit)))

    def part(self, hit: _Hit) -> str:
        """The sentence about a part; who built the device is told first, since that is another question."""
        leader = next((c for c in self.identity.manufacturer if c.confidence >= POSSIBLE_AT), None)
        maker = f"{_certainty(leader)}made by {self.name(leader.value)}" if leader else "of a maker that is not known"
        company, named = self.name(hit.claim.value), hit.entry.entity or self.name(hit.entry.vendor or "")
        whose = company if hit.entry.vendor == hit.claim.value else f"{company}, which belongs to {named}"
        return (
            f"{maker}, and shows signs of a part by {whose}, a company "
            f"{'named' if hit.entry.verified == 'yes' else 'reported to be named'} on {self.policy.called}, "
            f"which applies to {self.policy.list.binds}; a part does not make the device that company's product, and "
            f"whether the list means such a part is open"
        )

    def doubts(self, hit: _Hit) -> Iterator[str]:
        """Why the list may not extend to this device after all."""
        if hit.disputed:
            field = "brand" if hit.reach is Reach.BADGE else "manufacturer"
            others = sorted(self.name(v) for v in self.disputed(field) if not self.related(v, hit.claim.value))
            yield f"it also shows signs of {' and '.join(others)}"
        if hit.reach is Reach.PERHAPS_SUBSIDIARY:
            yield "our sources leave open whether that includes subsidiaries"
        if hit.basis is Basis.OEM and self.policy.list.covers_oem == "unknown":
            yield "our sources leave open whether that includes devices sold under another badge"
        if hit.basis is Basis.OEM and self.policy.list.covers_oem == "no":
            yield "that does not include devices sold under another badge"
        if hit.entry.verified == "partly":
            yield "our sources confirm the entry only in part"
        if hit.entry.verified == "no":
            yield "no source we have read confirms the entry"
        if self.identity.is_cctv is False:
            yield "this is no surveillance equipment as far as can be seen, so it may not be meant"

    def unreached(self, leader: Claim | None) -> tuple[Outcome, str]:
        """What is left to say where no entry reaches any likely maker."""
        called = self.policy.called
        if leader is None:
            badge = next((self.name(b.value) for b in self.identity.brand if b.confidence >= LIKELY_AT), None)
            start = f"sold as {badge}, by a maker that is not known" if badge else "of a maker that is not known"
            return Outcome.UNDETERMINED, f"{start}, so {called} can't be applied"
        maker = f"{_certainty(leader)}made by {self.name(leader.value)}"
        if leader.confidence < CLEARED_AT:
            return Outcome.UNDETERMINED, f"{maker}, on too little evidence to hold the maker against {called}"
        if not any(entry.country and not entry.removed for entry in self.policy.entry):
            return Outcome.NOT_LISTED, f"{maker}, which {called} does not name in the sources we have read"
        if not self.seats(leader.value):
            return Outcome.UNDETERMINED, f"{maker}, whose seat is not known, so {called} can't be applied"
        return Outcome.NOT_LISTED, f"{maker}, which by its seat is not among the companies that {called} describes"


def _basis(reach: Reach, badge: str | None) -> Basis | None:
    if reach is Reach.DESCRIBED:
        return None
    if badge is not None:
        return Basis.OEM
    return Basis.NAMED if reach is Reach.NAMED else Basis.SUBSIDIARY


def _certainty(claim: Claim, *, disputed: bool = False) -> str:
    """The word before "made by"; none where the claim is sure and nothing speaks against it."""
    if claim.confidence >= LISTED_AT and not disputed:
        return ""
    return "probably " if claim.confidence > LIKELY_AT else "perhaps "


def _record(
    policy: PolicyList,
    outcome: Outcome,
    basis: Basis | None,
    entity: str | None,
    statement: str,
    because: Sequence[str],
) -> VerdictRecord:
    source = policy.list.citation[0]
    return VerdictRecord(
        list=policy.id,
        title=policy.list.title,
        outcome=outcome,
        basis=basis,
        entity=entity,
        statement=statement,
        effect=policy.list.effect,
        citation=Citation(title=source.title, url=source.url, section=source.section),
        last_checked=policy.list.last_checked.isoformat(),
        because=tuple(because),
    )
