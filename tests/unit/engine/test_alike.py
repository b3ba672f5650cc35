"""Devices thought through once come out as if each had been thought through by itself."""

import random
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_address

import pytest

from netcam.discovery.grouping import as_one
from netcam.engine import alike
from netcam.engine.alike import Alike
from netcam.engine.identify import conclude, identify
from netcam.engine.match import EvidenceIds, match
from netcam.model import Claim, Endpoint, Identity, Numbering


def devices(signatures, count, seed):
    """Devices that show examples of one or two vendors, many of them alike but for addresses and MACs."""
    draw = random.Random(seed)
    texts = {}
    for vendor_id, signature in signatures.signatures:
        texts.setdefault(vendor_id, []).extend((signature.observes, e.value) for e in signature.example)
    registered = {}
    for prefix, name in signatures.oui.blocks.items():
        if name in signatures.registrants:
            registered.setdefault(signatures.registrants[name][0], prefix)
    kinds = []
    for _ in range(count // 4):
        vendors = draw.sample(sorted(texts), draw.choice((1, 1, 2)))
        shown = [(v, draw.choice(texts[v])) for v in vendors for _ in range(draw.randint(1, 4))]
        kinds.append(shown)
    for number in range(count):
        ip, numbering, seen = ip_address(0x0A000000 + number), Numbering(), []
        for vendor_id, (kind, value) in draw.choice(kinds):
            port = draw.choice((80, 443))
            seen += numbering.observe(Endpoint(ip=ip, port=port, transport="tcp"), "test", {kind: value})
            if vendor_id in registered:
                mac = (registered[vendor_id] + f"{number:06X}")[:12]
                seen += numbering.observe(Endpoint(ip=ip), "test", {draw.choice(("mac", "onvif.mac")): mac})
        yield as_one(seen)


@dataclass(frozen=True, slots=True)
class Verdict:
    because: tuple[str, ...]


@pytest.mark.parametrize("limit", [2048, 3])
def test_what_is_remembered_is_what_would_have_been_found(knowledge, monkeypatch, limit):
    monkeypatch.setattr(alike, "LIMIT", limit)
    signatures, ids, plain_ids = knowledge.signatures, EvidenceIds(), EvidenceIds()

    def judged(identity):
        return knowledge._verdicts(identity, date(2026, 6, 1))

    remembered = Alike(lambda evidence, ids: conclude(signatures, evidence, ids), judged)
    for group in devices(signatures, 400, 7):
        evidence, identity, verdicts = remembered.settle(match(signatures, group.observations, ids), ids)
        wanted = identify(signatures, group.observations, plain_ids)
        assert (evidence, identity) == wanted
        assert verdicts == tuple(judged(wanted[1]))


def test_a_device_that_shows_more_than_any_other_is_not_remembered(world, observed, monkeypatch):
    monkeypatch.setattr(alike, "MOST", 1)
    asked = []
    remembered = Alike(lambda evidence, ids: asked.append(1) or conclude(world, evidence, ids), lambda identity: ())
    seen = observed(("http.server", "NLO-Web/4.2.1"), ("onvif.name", "Northlight NL-D220"))
    for _ in range(2):
        ids = EvidenceIds()
        evidence, identity, _ = remembered.settle(match(world, seen, ids), ids)
        assert (evidence, identity) == identify(world, seen, EvidenceIds())
    assert len(asked) == 2


def test_a_judge_is_asked_again_when_a_field_that_it_looks_at_differs():
    """Fields count from the first time that any device made the judge look at them."""

    def judged(identity):
        asked.append(identity)
        if identity.is_cctv:
            return [Verdict(because=c.evidence) for c in identity.model]
        return []

    asked, holder = [], Alike(lambda e, ids: ((), Identity()), judged)
    model = {v: (Claim(value=v, confidence=0.5, evidence=()),) for v in "AB"}
    holder._held(Identity(is_cctv=False, model=model["A"]))
    holder._held(Identity(is_cctv=False, model=model["B"]))
    assert len(asked) == 1
    holder._held(Identity(is_cctv=True, model=model["A"]))
    holder._held(Identity(is_cctv=True, model=model["B"]))
    holder._held(Identity(is_cctv=True, model=model["A"]))
    assert len(asked) == 3
