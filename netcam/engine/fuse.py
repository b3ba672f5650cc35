"""Evidence -> claims: one witness per root, rivals weighed against each other.

For one value, independent roots combine as 1 - prod(1 - weight). Between values the odds compete, with even odds for
"something we don't know", so a lone strong sign keeps its 0.85, two makers' marks of equal strength end below one half
each, and a weak contradiction dents a proof without undoing it.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from netcam.model import CCTV_TYPES, Claim, Conflict, Evidence, Strength

# Starting weights (how often a sign of this grade names the right answer when it stands alone).
WEIGHT = {Strength.WEAK: 0.15, Strength.SUPPORTING: 0.50, Strength.STRONG: 0.85, Strength.DEFINITIVE: 0.97}
CONFLICT_AT = 0.5  # a rival below this is noise; from here on the reader sees it
STRONG_RIVAL_AT = 0.8  # a rival with a strong sign of its own
CONTESTED_AT = 0.75  # the most a leader is believed beside such a rival
DECIDED_AT = 0.6  # is_cctv: a lone supporting sign decides nothing
_WORDS = re.compile(r"[^\W_]+")
CEILING = 0.999  # no amount of network answers makes a certainty
# Most answers to most questions rest on one piece of evidence, and most questions have one answer: both are short ways.
_LONE = {strength: min(CEILING, 1.0 - (1.0 - weight)) for strength, weight in WEIGHT.items()}


@dataclass(frozen=True, slots=True)
class Tally:
    """One candidate value with its own confidence, before rivals are looked at; evidence strongest first."""

    value: str
    alone: float
    evidence: tuple[Evidence, ...]


def alone(evidence: Sequence[Evidence]) -> float:
    """Confidence 0..1 in what agreeing evidence says, from its independent witnesses alone."""
    if len(evidence) == 1:
        return _LONE[evidence[0].strength]
    return min(CEILING, 1.0 - math.prod(1.0 - WEIGHT[item.strength] for item in witnesses(evidence)))


def witnesses(evidence: Iterable[Evidence]) -> list[Evidence]:
    """The strongest pieces of which no two rest on one fact, came in one answer, or are one signature matching twice.

    So a realm that HTTP and RTSP repeat is one witness, a header and a title of one web server are one witness, and the
    same header on ports 80 and 443 is one witness. Chosen greedily by weight; among equals those whose fact is their
    own answer come first, since a shared fact (a realm, a serial) would stand in the way of more of the others.
    """
    chosen: list[Evidence] = []
    for item in sorted(evidence, key=lambda e: (-WEIGHT[e.strength], e.root != e.via, _number(e.id))):
        if not any(
            item.root == other.root or (item.via and item.via == other.via) or item.signature == other.signature
            for other in chosen
        ):
            chosen.append(item)
    return chosen


def tally(evidence: Iterable[Evidence], field: str, key: Callable[[str], str] = str) -> list[Tally]:
    """Candidates for `field`, best first; values with equal `key` are one, shown in its best-supported spelling."""
    groups: dict[str, list[Evidence]] = {}
    for item in evidence:
        if field in item.says:
            groups.setdefault(key(item.says[field]), []).append(item)
    made = [_tally(items, field) for items in groups.values()]
    return made if len(made) < 2 else sorted(made, key=lambda t: (-t.alone, t.value))


def _tally(items: list[Evidence], field: str) -> Tally:
    if len(items) == 1:
        return Tally(items[0].says[field], _LONE[items[0].strength], tuple(items))
    items = sorted(items, key=lambda e: (-WEIGHT[e.strength], _number(e.id)))
    spellings: dict[str, list[Evidence]] = {}
    for item in items:
        spellings.setdefault(item.says[field], []).append(item)
    best = next(iter(spellings))
    if len(spellings) > 1:
        best = max(spellings, key=lambda s: (alone(spellings[s]), len(s), s))
    return Tally(best, alone(items), tuple(items))


def _number(evidence_id: str) -> int:
    return int(evidence_id[1:]) if evidence_id[1:].isdigit() else 0


def folded(candidates: Sequence[Tally]) -> list[Tally]:
    """Candidates with those merged in which one text contains the other: "M1065-LW" and "AXIS M1065-LW".

    No number may be cut in two by it: "V5.7.1" is not "V5.7.18". The value shown is that of the better-supported one.
    """
    if len(candidates) < 2:
        return list(candidates)
    out: list[Tally] = []
    for item in candidates:
        for at, kept in enumerate(out):
            if _contains(kept.value, item.value) or _contains(item.value, kept.value):
                evidence = tuple({e.id: e for e in (*kept.evidence, *item.evidence)}.values())
                out[at] = Tally(kept.value, alone(evidence), evidence)
                break
        else:
            out.append(item)
    return sorted(out, key=lambda t: (-t.alone, t.value))


def _contains(long: str, short: str) -> bool:
    """Whether the letters and digits of `short`, four or more, stand in `long`, with no number cut at either end."""
    wanted = _WORDS.findall(short.upper())
    found = _WORDS.findall(long.upper())
    text, inner = "".join(found), "".join(wanted)
    if len(inner) < 4:
        return False
    edges = {0, *itertools.accumulate(map(len, found))}

    def whole(at: int) -> bool:
        return at in edges or not (text[at - 1].isdigit() and text[at].isdigit())

    at = text.find(inner)
    while at >= 0:
        if whole(at) and whole(at + len(inner)):
            return True
        at = text.find(inner, at + 1)
    return False


def compete(candidates: Sequence[Tally], allied: Callable[[str, str], bool] = lambda a, b: False) -> tuple[Claim, ...]:
    """Claims, best first. `allied` values (a company and its parent) don't count against each other.

    Where a rival has a strong sign of its own, somebody is lying, and no amount of echoes makes the leader sure: its
    confidence stays below CONTESTED_AT, and every further such rival takes it down by the same part. A box with the
    marks of many makers is none of theirs.
    """
    claims: list[Claim] = []
    for item in candidates:
        rivals = [t for t in candidates if t.value != item.value and not allied(t.value, item.value)]
        odds = _odds(item)
        confidence = odds / (1.0 + odds + sum(map(_odds, rivals)))
        confidence = min(confidence, CONTESTED_AT ** sum(t.alone >= STRONG_RIVAL_AT for t in rivals))
        claims.append(
            Claim(value=item.value, confidence=round(confidence, 4), evidence=tuple(e.id for e in item.evidence))
        )
    return tuple(sorted(claims, key=lambda c: (-c.confidence, c.value)))


def _odds(item: Tally) -> float:
    return item.alone / (1.0 - item.alone)


def conflict(
    field: str, candidates: Sequence[Tally], allied: Callable[[str, str], bool] = lambda a, b: False, note: str = ""
) -> Conflict | None:
    """The disagreement among candidates, if two of them have real evidence behind them."""
    if len(candidates) < 2:
        return None
    serious = [t for t in candidates if t.alone >= CONFLICT_AT]
    rivals = [t for t in serious if any(t is not o and not allied(t.value, o.value) for o in serious)]
    if len(rivals) < 2:
        return None
    ids = dict.fromkeys(e.id for t in rivals for e in t.evidence[:3])
    return Conflict(field=field, values=tuple(t.value for t in rivals), evidence=tuple(ids), note=note)


def cctv_decision(evidence: Sequence[Evidence]) -> tuple[bool | None, float, tuple[Evidence, ...]]:
    """(is it CCTV, how sure, the evidence for that answer); None where nothing decided it."""
    votes: dict[bool, list[Evidence]] = {True: [], False: []}
    for item in evidence:
        kind, word = item.says.get("device_type"), item.says.get("cctv")
        if kind is not None:
            votes[kind in CCTV_TYPES].append(item)
        elif word in ("yes", "no"):
            votes[word == "yes"].append(item)
    odds = {answer: (a := alone(items)) / (1.0 - a) for answer, items in votes.items()}
    sure = {answer: odds[answer] / (1.0 + odds[True] + odds[False]) for answer in odds}
    answer = sure[True] >= sure[False]
    if sure[answer] < DECIDED_AT:
        return None, round(sure[answer], 4), ()
    return answer, round(sure[answer], 4), tuple(votes[answer])
