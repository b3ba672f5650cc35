"""Constructed identities and lists; the makers are invented except where a test is about the shipped lists."""

from __future__ import annotations

from datetime import date

import msgspec

from netcam.model import Claim, Conflict, Identity
from netcam.model.report import VerdictRecord
from netcam.policy.judge import judge
from netcam.policy.lists import Entry, Head, PolicyList, Source

NAMES = {
    "northlight": "Northlight Optics",
    "pinhole": "Pinhole",
    "tidewater": "Tidewater Imaging",
    "harbourview": "Harbourview",
    "driftwood": "Driftwood Video",
    "lantern-chips": "Lantern Chips",
}
PARENTS = {"pinhole": ("northlight",), "lantern-chips": ("northlight",)}
SCANNED = date(2026, 6, 1)
COUNTRIES = {"northlight": "XN", "tidewater": "XT"}


def claim(value: str, confidence: float, *evidence: str) -> Claim:
    return Claim(value=value, confidence=confidence, evidence=evidence or ("e1",))


def maker(value: str, confidence: float = 0.97, **more: object) -> Identity:
    return Identity(manufacturer=(claim(value, confidence),), **more)


def dispute(*values: str, field: str = "manufacturer") -> tuple[Conflict, ...]:
    return (Conflict(field=field, values=values, evidence=("e1", "e2")),)


NORTHLIGHT = Entry(vendor="northlight", entity="Northlight Optics Company", references=["act, section 1"])
COUNTRY = Entry(country="XN", entity="companies subject to the law of Northland", references=["statement"])


def policy(*entries: Entry, **head: object) -> PolicyList:
    facts = {
        "id": "ex-procurement",
        "title": "Exampleland act",
        "called": "the Exampleland list",
        "jurisdiction": "Exampleland",
        "authority": "Parliament",
        "effect": "procurement",
        "binds": "public bodies of Exampleland",
        "says": "Public bodies buy elsewhere.",
        "last_checked": date(2026, 1, 12),
        "citation": [
            Source(title="Exampleland act", url="https://law.example/act", section="section 1"),
            Source(title="A newspaper", url="https://news.example/act"),
        ],
        "covers_subsidiaries": "yes",
        "covers_oem": "yes",
    }
    return PolicyList(schema=1, list=Head(**(facts | head)), entry=entries or (NORTHLIGHT,))


def held(identity: Identity, against: PolicyList | None = None) -> VerdictRecord:
    return judge(
        identity,
        against or policy(),
        parents=lambda v: PARENTS.get(v, ()),
        country=COUNTRIES.get,
        name=lambda v: NAMES.get(v, v),
        on=SCANNED,
    )


def entry(**changed: object) -> Entry:
    return msgspec.structs.replace(NORTHLIGHT, **changed)
