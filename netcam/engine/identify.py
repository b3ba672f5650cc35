"""Who made it: match, let the model number and the brand table speak, then fuse."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

from netcam.model import Claim, Conflict, Evidence, Identity, Observation, Strength

from .fuse import WEIGHT, Tally, cctv_decision, compete, conflict, folded, tally
from .load import MadeBy, ModelRule, SignatureSet
from .match import EvidenceIds, match
from .values import model_key, name_key, without_maker

# What a row of the brand table is worth when no device evidence names the maker: never enough to be "listed".
_TABLE = {"A": Strength.SUPPORTING, "B": Strength.SUPPORTING, "C": Strength.WEAK, "U": Strength.WEAK}
_DATE_AT = 0.3  # a build date less likely than this says nothing about the device's age
_MODEL_AT = 0.3  # a model less likely than this decides nothing about the type of device


def identify(
    signatures: SignatureSet, observations: Sequence[Observation], ids: EvidenceIds
) -> tuple[tuple[Evidence, ...], Identity]:
    """All evidence about one device, inferred pieces included, and what it comes to."""
    return conclude(signatures, match(signatures, observations, ids), ids)


def conclude(
    signatures: SignatureSet, matched: Sequence[Evidence], ids: EvidenceIds
) -> tuple[tuple[Evidence, ...], Identity]:
    """What follows from the evidence alone: the inferred pieces behind it, and the identity.

    Nothing here may look at observations or at the names of ids, roots and answers: `Alike` relies on it.
    """
    evidence = list(matched)
    evidence += _from_brand_table(signatures, evidence, ids)
    evidence += _own_badge(signatures, evidence, ids)
    evidence += _from_model(signatures, evidence, ids)
    return tuple(evidence), _fused(signatures, evidence)


def _fused(signatures: SignatureSet, evidence: Sequence[Evidence]) -> Identity:
    def allied(a: str, b: str) -> bool:
        return a in signatures.parents(b) or b in signatures.parents(a)

    said: dict[str, list[Evidence]] = {}
    for item in evidence:
        for field in item.says:
            said.setdefault(field, []).append(item)

    def told(field: str, key: Callable[[str], str] = str) -> list[Tally]:
        return tally(said.get(field, ()), field, key)

    makers = told("manufacturer")
    brands = told("brand")
    types = told("device_type")
    serials = folded(told("serial", model_key))
    is_cctv, confidence, _ = cctv_decision(evidence)
    conflicts: list[Conflict | None] = [
        conflict("manufacturer", makers, allied, "signs of more than one maker on one device"),
        conflict("brand", brands, allied, "more than one badge"),
        conflict("device_type", types),
        conflict("serial", serials, note="more than one serial number"),
    ]
    return Identity(
        manufacturer=_nearest_first(compete(makers, allied), signatures),
        brand=_nearest_first(compete(brands, allied), signatures),
        model=compete(folded(told("model", model_key))),
        firmware=compete(folded(told("firmware", model_key))),
        firmware_date=compete(told("firmware_date")),
        serial=compete(serials),
        device_type=compete(types),
        capabilities=tuple(
            Claim(value=t.value, confidence=round(t.alone, 4), evidence=tuple(e.id for e in t.evidence))
            for t in told("capability")
        ),
        components=tuple(
            Claim(value=t.value, confidence=round(t.alone, 4), evidence=tuple(e.id for e in t.evidence))
            for t in tally(evidence, "component")
        ),
        is_cctv=is_cctv,
        confidence=confidence,
        conflicts=tuple(c for c in conflicts if c is not None),
    )


def _nearest_first(claims: tuple[Claim, ...], signatures: SignatureSet) -> tuple[Claim, ...]:
    """Of a company and its parent with equal support the company leads by a hair: the parent's mark is no rival's."""
    if len(claims) > 1 and claims[0].confidence == claims[1].confidence:
        for company, parent in (claims[:2], claims[1::-1]):
            if parent.value in signatures.parents(company.value):
                return company, replace(parent, confidence=round(parent.confidence - 0.0001, 4)), *claims[2:]
    return claims


def _from_brand_table(signatures: SignatureSet, evidence: Sequence[Evidence], ids: EvidenceIds) -> list[Evidence]:
    """What the badge alone suggests about the maker; silent as soon as the device itself says something."""
    if any(t.alone >= 0.5 for t in tally(evidence, "manufacturer")):
        return []
    out: list[Evidence] = []
    models = [model_key(t.value) for t in tally(evidence, "model", model_key)]
    dates = compete(tally(evidence, "firmware_date"))
    built = int(dates[0].value[:4]) if dates and dates[0].confidence >= _DATE_AT else None
    for brand in tally(evidence, "brand"):
        file = signatures.vendors.get(brand.value)
        for row in _rows(file.made_by if file else (), models):
            strength = _worth(row, built)
            if strength is None:
                continue
            first = brand.evidence[0]
            out.append(
                Evidence(
                    id=ids.next(),
                    signature=f"{brand.value}.made-by.{row.maker}",
                    observation=first.observation,
                    root="brand-table",  # one witness, whatever badges lead to it
                    strength=strength,
                    says={"manufacturer": row.maker},
                )
            )
    return out


def _rows(rows: Sequence[MadeBy], models: Sequence[str]) -> Sequence[MadeBy]:
    """The rows that may speak: those whose series fits a model, or else those for the badge as a whole."""
    fitting = [row for row in rows if row.series is not None and any(_searched(row.series, m) for m in models)]
    return fitting or [row for row in rows if row.series is None]


def _worth(row: MadeBy, built: int | None) -> Strength | None:
    """What a row is worth for firmware built in that year (None: not known); None where it can't be meant.

    Old firmware shows an old device, give or take the year between a build and the sale. New firmware shows nothing of
    the kind, since old devices are updated: it only leaves a row that has ended with less weight.
    """
    if built is not None and row.since is not None and built < int(row.since) - 1:
        return None
    ended = built is not None and row.until is not None and built > int(row.until)
    partly = row.status == "mixed" and row.series is None
    return Strength.WEAK if ended or partly else _TABLE.get(row.certainty, Strength.WEAK)


def _own_badge(signatures: SignatureSet, evidence: Sequence[Evidence], ids: EvidenceIds) -> list[Evidence]:
    """The maker's own badge, assumed with low confidence while no other badge was seen."""
    if tally(evidence, "brand"):
        return []
    makers = tally(evidence, "manufacturer")
    if not makers or (len(makers) > 1 and makers[0].alone == makers[1].alone):
        return []
    company = signatures.company(makers[0].value)
    if company is None or not company.own_badge:
        return []
    first = makers[0].evidence[0]
    strength = Strength.SUPPORTING if makers[0].alone >= 0.5 else Strength.WEAK
    return [
        Evidence(
            id=ids.next(),
            signature=f"{company.id}.own-badge",
            observation=first.observation,
            root=first.root,
            via=first.via,
            strength=strength,
            says={"brand": company.id},
        )
    ]


def _from_model(signatures: SignatureSet, evidence: Sequence[Evidence], ids: EvidenceIds) -> list[Evidence]:
    """Type and capabilities that the maker's numbering gives away.

    The maker's scheme is tried first, then the badge's: a badge may number its devices in its own way.
    """
    schemes = list(dict.fromkeys(t.value for f in ("manufacturer", "brand") for t in tally(evidence, f)))
    schemes += [p for s in schemes for p in signatures.parents(s) if p not in schemes]
    out: list[Evidence] = []
    for model in folded(tally(evidence, "model", model_key)):
        if model.alone < _MODEL_AT:
            continue
        for vendor_id in schemes:
            rules = _rules_for(signatures, vendor_id, model)
            if rules:
                out += _speak(rules, model, ids)
                break
    return out


def _rules_for(signatures: SignatureSet, vendor_id: str, model: Tally) -> list[ModelRule]:
    file = signatures.vendors.get(vendor_id)
    if file is None:
        return []
    text = model_key(without_maker(model.value, signatures.named(vendor_id)))
    return [rule for rule in file.model if _searched(rule.pattern, text)]


def _speak(rules: Sequence[ModelRule], model: Tally, ids: EvidenceIds) -> list[Evidence]:
    """The first rule with a type sets it; every rule that matches adds its capabilities.

    What a model number means is certain once the model is: then it outranks a guess from a shared web server. A model
    that is itself a guess gives no better than a guess.
    """
    first = model.evidence[0]
    sure = model.alone >= WEIGHT[Strength.STRONG]
    kind, can = (Strength.DEFINITIVE, Strength.STRONG) if sure else (Strength.SUPPORTING, Strength.SUPPORTING)
    out: list[Evidence] = []
    typed = False
    for rule in rules:
        says: list[dict[str, str]] = []
        if rule.device_type is not None and not typed:
            typed = True
            says.append({"device_type": rule.device_type})
        says += [{"capability": capability} for capability in rule.capabilities]
        out += [
            Evidence(
                id=ids.next(),
                signature=rule.id,
                observation=first.observation,
                root=first.root,
                via=first.via,
                strength=kind if "device_type" in said else can,
                says=said,
            )
            for said in says
        ]
    return out


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _searched(pattern: str, text: str) -> bool:
    # Model patterns are checked to be RE2 syntax and meet short texts only, so the standard library is quick enough.
    return _compiled(pattern).search(text[:120]) is not None


def vendor_of(signatures: SignatureSet, text: str) -> str | None:
    """The vendor id behind a spelling, or None."""
    return signatures.names.get(name_key(text))
