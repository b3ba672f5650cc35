"""One identity held against one list.

`listed` takes a sure and undisputed maker that the list names (or a subsidiary, where the list covers them), on an
entry that our sources confirm. A list that only describes companies never gives more than `possible`. Nothing here
says what anybody should do about it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from netcam.model import Claim, Identity
from netcam.model.report import Basis, Outcome, VerdictRecord

from .conditions import CLEARED_AT, LISTED_AT, POSSIBLE_AT, Conditions, Judged, Met, Reached
from .lists import ABOUT_COMPANIES, Entry, PolicyList

__all__ = ["CLEARED_AT", "LIKELY_AT", "LISTED_AT", "POSSIBLE_AT", "Reach", "judge"]

LIKELY_AT = 0.5  # a lone supporting sign: a badge worth a word; above it, a maker more likely than not

_LOUDEST = (Outcome.LISTED, Outcome.POSSIBLE)
_MOST_REASONS = 3  # of many entries that a device does not meet; the list has them all

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


def judge(
    identity: Identity, policy: PolicyList, *, parents: Parents, country: Country, name: Name, on: date
) -> VerdictRecord:
    """The verdict of one list on one device.

    Args:
        parents: vendor id -> its corporate parents, nearest first.
        country: vendor id -> ISO code of its seat, or None where no source gives it.
        name: vendor id -> the company's name.
        on: the day of the scan, from which the age of firmware counts.
    """
    case = _Case(identity=identity, policy=policy, parents=parents, country=country, name=name, on=on)
    hits = sorted((*case.maker_hits(), *case.badge_hits(), *case.part_hits()), key=lambda hit: hit.order)
    judged = tuple(case.conditions().judged()) if policy.conditional else ()
    found = {hit.outcome for hit in hits[:1]} | {j.outcome for j in judged}
    outcome = next((o for o in _LOUDEST if o in found), None)
    if outcome is None:
        return case.left_alone(judged)
    best = hits[0] if hits and hits[0].outcome is outcome else None
    others = [j for j in judged if j.outcome is outcome]
    entries = ([best.entry] if best else []) + [j.entry for j in others]
    leading = best.entry if best else others[0].entry
    # A description is nobody's name.
    entity = leading.entity or None
    if best is not None:
        entity = None if best.reach is Reach.DESCRIBED else best.entry.entity or name(best.claim.value)
    because = [*(best.claim.evidence if best else ()), *(id for j in others for id in j.because)]
    return _record(
        policy,
        outcome,
        best.basis if best else others[0].basis,
        entity,
        case.together(best, others, () if best else hits[:1]),
        dict.fromkeys(because),
        due=min((entry.due for entry in entries if entry.due is not None), default=None),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One identity, one list, and what is known of the companies behind vendor ids."""

    identity: Identity
    policy: PolicyList
    parents: Parents
    country: Country
    name: Name
    on: date

    def conditions(self) -> Conditions:
        """The entries that ask for more than a maker or a badge."""
        return Conditions(
            identity=self.identity, policy=self.policy, on=self.on, name=self.name,
            reached=self.reached, seated=self.seats, disputed=self.disputed,
        )  # fmt: skip

    def reached(self, entry: Entry, claim: Claim) -> Reached | None:
        """How the `vendor` of an entry with conditions gets to a maker."""
        reach, badge = self.reach(entry, claim.value), self.other_badge(claim)
        if reach not in (Reach.NAMED, Reach.SUBSIDIARY, Reach.PERHAPS_SUBSIDIARY):
            return None
        basis = _basis(reach, badge) or Basis.NAMED
        leaves_out = basis is Basis.OEM and self.policy.list.covers_oem == "no"
        return Reached(
            basis=basis,
            sure=reach is not Reach.PERHAPS_SUBSIDIARY and not leaves_out,
            doubts=(*self.rivals("manufacturer", claim), *self.extent(reach, basis)),
        )

    def maker_hits(self) -> Iterator[_Hit]:
        disputed = self.disputed("manufacturer")
        for rank, claim in enumerate(self.identity.manufacturer):
            if claim.confidence < POSSIBLE_AT and claim.value not in disputed:
                continue
            entries = self.concerning(claim.value)
            badge = self.other_badge(claim) if entries else None
            for entry in entries:
                if (reach := self.reach(entry, claim.value)) is None:
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

    def concerning(self, vendor: str) -> Sequence[Entry]:
        """The plain entries that could reach a maker, in the list's order."""
        named = self.policy.by_vendor
        of_each = [named[v] for v in (vendor, *self.parents(vendor)) if v in named] if named else []
        if self.policy.by_country:
            of_each.append(self.policy.by_country)
        if len(of_each) < 2:
            return of_each[0] if of_each else ()
        found = {id(entry) for entries in of_each for entry in entries}
        return [entry for entry in self.policy.plain if id(entry) in found]

    def badge_hits(self) -> Iterator[_Hit]:
        """A user's own list may name a badge: that is then what counts, whoever built the device."""
        if not self.policy.by_badge:
            return
        disputed = self.disputed("brand")
        for rank, claim in enumerate(self.identity.brand):
            for entry in self.policy.by_badge:
                if entry.brand != claim.value or claim.confidence < POSSIBLE_AT:
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
            for entry in self.concerning(claim.value):
                if self.reach(entry, claim.value) not in (Reach.NAMED, Reach.SUBSIDIARY):
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

    def together(self, best: _Hit | None, others: Sequence[Judged], perhaps: Sequence[_Hit]) -> str:
        """All that one list has to say about a device it reaches, as one sentence; `perhaps` is less sure."""
        if best is not None:
            return "; ".join((self.statement(best), *(f"also {j.met}" for j in others), *self.programme(best.entry)))
        first, *more = others
        return "; ".join(
            (
                f"{first.met}, as an entry of {self.policy.called} has it, which applies to {self.policy.list.binds}",
                *(f"also {j.met}" for j in more),
                *(f"also {self.made(hit)}, whom it names" for hit in perhaps),
                *dict.fromkeys(doubt for j in others for doubt in j.open),
                *self.confirmed(first.entry),
                *self.programme(first.entry),
            )
        )

    def made(self, hit: _Hit) -> str:
        """Who built it, or whose badge it carries, with how sure that is."""
        sure = _certainty(hit.claim, disputed=hit.disputed)
        return f"{sure}{'carrying the badge' if hit.reach is Reach.BADGE else 'made by'} {self.name(hit.claim.value)}"

    def programme(self, entry: Entry) -> Iterator[str]:
        """What the owner of an own list wrote down to be done, and by when."""
        if entry.due is not None:
            yield f"due {entry.due}"
        if entry.note and self.policy.list.own:
            yield entry.note.rstrip(". ")

    def statement(self, hit: _Hit) -> str:
        """The verdict as one sentence that goes on from "this device:" or "3 devices"."""
        head, entry, company = self.policy.list, hit.entry, self.name(hit.claim.value)
        made = f"{_certainty(hit.claim, disputed=hit.disputed)}made by"
        about = ", ".join(filter(None, (entry.scope, f"since {entry.added}" if entry.added else "")))
        on_list = (
            f"{'named' if entry.verified == 'yes' else 'reported to be named'} on {self.policy.called}"
            f"{f' ({about})' if about else ''}"
        )
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
            yield from self.rivals("brand" if hit.reach is Reach.BADGE else "manufacturer", hit.claim)
        yield from self.extent(hit.reach, hit.basis)
        yield from self.confirmed(hit.entry)
        if self.identity.is_cctv is False:
            yield "this is no surveillance equipment as far as can be seen, so it may not be meant"

    def rivals(self, field: str, claim: Claim) -> Iterator[str]:
        """Whom else the device shows signs of, where the answers contradict each other."""
        disputed = self.disputed(field)
        others = sorted(self.name(v) for v in disputed if not self.related(v, claim.value))
        if claim.value in disputed and others:
            yield f"it also shows signs of {' and '.join(others)}"

    def extent(self, reach: Reach, basis: Basis | None) -> Iterator[str]:
        """How far the list goes beyond the company itself, where that is not sure."""
        head = self.policy.list
        source = "it does not say" if head.own else "our sources leave open"
        if reach is Reach.PERHAPS_SUBSIDIARY:
            yield f"{source} whether that includes subsidiaries"
        # A list about dealings with a company says nothing about its devices, under whatever badge.
        if basis is Basis.OEM and head.effect not in ABOUT_COMPANIES:
            if head.covers_oem == "unknown":
                yield f"{source} whether that includes devices sold under another badge"
            if head.covers_oem == "no":
                yield "that does not include devices sold under another badge"

    def confirmed(self, entry: Entry) -> Iterator[str]:
        """How well the entry stands."""
        if entry.verified == "partly":
            yield "our sources confirm the entry only in part"
        if entry.verified == "no":
            yield "no source we have read confirms the entry"

    def left_alone(self, judged: Sequence[Judged]) -> VerdictRecord:
        """The verdict where no entry reaches the device: not listed, or open because something is not known."""
        leader = next(iter(self.identity.manufacturer), None)
        outcome, text = Outcome.NOT_LISTED, ""
        because = dict.fromkeys(leader.evidence if leader else ())
        if len(self.policy.by_badge) < len(self.policy.plain) or not self.policy.reaches:
            outcome, text = self.unreached(leader)
        if outcome is Outcome.NOT_LISTED:
            unknown = [
                part.words for j in judged if j.outcome is Outcome.UNDETERMINED for part in j.parts
                if part.met is Met.UNKNOWN
            ]  # fmt: skip
            badge = next(iter(self.identity.brand), None)
            if self.policy.by_badge and (badge is None or badge.confidence < CLEARED_AT):
                unknown.append("its badge is not known well enough")
            if unknown:
                outcome = Outcome.UNDETERMINED
                open_ = f"{' and '.join(dict.fromkeys(unknown))}, so {self.policy.called} can't be applied"
                text = f"{text}; {open_}" if text else open_
        if not text:
            why = [part.words for j in judged for part in j.parts if part.met is Met.NO]
            if self.policy.by_badge and self.identity.brand:
                why.append(f"its badge is {self.name(self.identity.brand[0].value)}")
            shown = ", ".join([*dict.fromkeys(why)][:_MOST_REASONS])
            text = f"met by no entry of {self.policy.called}: {shown}"
            not_met = [part for j in judged for part in j.parts if part.met is Met.NO]
            because |= dict.fromkeys(id for part in not_met for id in part.because)
        return _record(self.policy, outcome, None, None, text, because)

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
        if not self.policy.by_country:
            read = "" if self.policy.list.own else " in the sources we have read"
            return Outcome.NOT_LISTED, f"{maker}, which {called} does not name{read}"
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
    because: Iterable[str],
    due: date | None = None,
) -> VerdictRecord:
    return VerdictRecord(
        list=policy.id,
        title=policy.list.title,
        outcome=outcome,
        basis=basis,
        entity=entity,
        statement=statement,
        effect=policy.list.effect,
        citation=policy.citation,
        last_checked=policy.list.last_checked.isoformat(),
        because=tuple(because),
        due=due.isoformat() if due else None,
    )
