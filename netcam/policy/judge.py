"""One identity held against one list.

`listed` takes a sure maker that the list names (or a subsidiary, where the list covers them). A list that only
describes companies never gives more than `possible`. Nothing here says what anybody should do about it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from netcam.model import Claim, Identity
from netcam.model.report import Basis, Citation, Outcome, VerdictRecord

from .load import Entry, PolicyList

LISTED_AT = 0.9  # takes a definitive sign or two independent ones
CLEARED_AT = 0.8  # a lone strong sign of another maker
POSSIBLE_AT = 0.1  # a maker less likely than this is noise

Parents = Callable[[str], Sequence[str]]
Country = Callable[[str], str | None]
Name = Callable[[str], str]


def judge(identity: Identity, policy: PolicyList, *, parents: Parents, country: Country, name: Name) -> VerdictRecord:
    """The verdict of one list on one device.

    Args:
        parents: vendor id -> its corporate parents, nearest first.
        country: vendor id -> ISO code of its seat, or None where no source gives it.
        name: vendor id -> the company's name.
    """
    best: tuple[Outcome, Basis | None, Entry, Claim] | None = None
    for rank, claim in enumerate(identity.manufacturer):
        if claim.confidence < POSSIBLE_AT:
            continue
        for entry in policy.entry:
            if entry.removed:
                continue
            reach = _reach(entry, claim.value, policy, parents, country)
            if reach is None:
                continue
            outcome = _outcome(identity, claim, rank, reach, entry)
            if best is None or (outcome is Outcome.LISTED and best[0] is not Outcome.LISTED):
                best = outcome, _basis(identity, claim, reach, parents), entry, claim
    best = best or _by_badge(identity, policy)
    if best is not None:
        outcome, basis, entry, claim = best
        return _record(
            policy,
            outcome,
            basis,
            entry.entity or name(claim.value),
            _statement(policy, outcome, basis, entry, claim, name, identity),
            claim.evidence,
        )
    leader = identity.manufacturer[0] if identity.manufacturer else None
    if leader is not None and leader.confidence >= CLEARED_AT:
        text = f"made by {name(leader.value)}, which {policy.list.title} does not name"
        return _record(policy, Outcome.NOT_LISTED, None, None, text, leader.evidence)
    if leader is not None:
        text = (
            f"perhaps made by {name(leader.value)}; too little evidence to hold the maker against {policy.list.title}"
        )
        return _record(policy, Outcome.UNDETERMINED, None, None, text, leader.evidence)
    return _record(
        policy, Outcome.UNDETERMINED, None, None, f"the maker is not known, so {policy.list.title} can't be applied", ()
    )


def _by_badge(identity: Identity, policy: PolicyList) -> tuple[Outcome, Basis | None, Entry, Claim] | None:
    """Own lists may name a badge; what they name is then a sure badge, whoever built the device."""
    for claim in identity.brand:
        for entry in policy.entry:
            if entry.brand == claim.value and not entry.removed and claim.confidence >= POSSIBLE_AT:
                sure = claim is identity.brand[0] and claim.confidence >= LISTED_AT and identity.is_cctv is not False
                return (Outcome.LISTED if sure else Outcome.POSSIBLE), Basis.NAMED, entry, claim
    return None


def _reach(entry: Entry, vendor: str, policy: PolicyList, parents: Parents, country: Country) -> str | None:
    """How an entry reaches a maker: by name, through its parent, or by description; None where it doesn't."""
    if entry.vendor == vendor:
        return "named"
    if entry.vendor is not None and entry.vendor in parents(vendor):
        return {"yes": "subsidiary", "unknown": "subsidiary-unknown"}.get(policy.list.covers_subsidiaries)
    if entry.country is not None and country(vendor) == entry.country:
        return "described"
    return None


def _outcome(identity: Identity, claim: Claim, rank: int, reach: str, entry: Entry) -> Outcome:
    sure = (
        rank == 0
        and claim.confidence >= LISTED_AT
        and reach in ("named", "subsidiary")
        and entry.verified == "yes"
        and identity.is_cctv is not False  # the lists read here speak of surveillance equipment
    )
    return Outcome.LISTED if sure else Outcome.POSSIBLE


def _basis(identity: Identity, claim: Claim, reach: str, parents: Parents) -> Basis | None:
    if reach == "described":
        return None
    badge = identity.brand[0].value if identity.brand else None
    if (
        badge is not None
        and badge != claim.value
        and claim.value not in parents(badge)
        and badge not in parents(claim.value)
    ):
        return Basis.OEM
    return Basis.SUBSIDIARY if reach.startswith("subsidiary") else Basis.NAMED


def _statement(
    policy: PolicyList,
    outcome: Outcome,
    basis: Basis | None,
    entry: Entry,
    claim: Claim,
    name: Name,
    identity: Identity,
) -> str:
    head = policy.list
    company = name(claim.value)
    certainty = "made" if outcome is Outcome.LISTED or claim.confidence >= LISTED_AT else "perhaps made"
    applies = f"which applies to {head.binds}"
    if entry.country is not None:
        return (
            f"{certainty} by {company}, a company of the kind that {head.title} describes; it names no company and applies to "
            f"{head.binds}"
        )
    if entry.brand is not None:
        return f"carries the badge {name(claim.value)}, named on {head.title}, {applies}"
    if entry.vendor != claim.value:
        relation = f"a subsidiary of {entry.entity}"
        tail = (
            ""
            if head.covers_subsidiaries == "yes"
            else "; whether it covers subsidiaries is not settled in our sources"
        )
        text = f"{certainty} by {company}, {relation}, a company named on {head.title}, {applies}{tail}"
    elif basis is Basis.OEM and identity.brand:
        text = f"sold as {name(identity.brand[0].value)}, {certainty} by {company}, a company named on {head.title}, {applies}"
    else:
        text = f"{certainty} by {company}, a company named on {head.title}, {applies}"
    if entry.verified != "yes":
        text += "; that it is named there rests on secondary sources"
    if identity.is_cctv is False:
        text += "; this device is no surveillance equipment, to which the list may not extend"
    return text


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
        outcome=outcome,
        basis=basis,
        entity=entity,
        statement=statement,
        effect=policy.list.effect,
        citation=Citation(title=source.title, url=source.url, section=source.section),
        last_checked=policy.list.last_checked.isoformat(),
        because=tuple(because),
    )
