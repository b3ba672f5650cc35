"""Firmware texts of one maker as values that can be put in order; the rules are data in vendor files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from .values import split_firmware

if TYPE_CHECKING:
    from .load import FirmwareRule

COMPARE = ("date", "version", "tuple", "none")
GROUPS = ("version", "branch")
_TEXT_LIMIT = 200  # characters; no firmware has more


@dataclass(frozen=True, slots=True, kw_only=True)
class Firmware:
    """One firmware under its maker's rules.

    `compare` is the rule's word: `date` (build day first, then version), `version` (dotted numbers), `tuple` (as many
    numbers on both sides) or `none`. `branch` parts lines of development whose numbers and days tell nothing about
    each other. `rule` is the id of the rule that read it, None where none did.
    """

    text: str
    built: date | None
    version: tuple[int, ...]
    branch: str
    compare: str
    rule: str | None = None


def read_firmware(rules: Sequence[FirmwareRule], text: str | None, built: str | None = None) -> Firmware:
    """A firmware text, and the build day (ISO) where it is told apart from it, under a maker's rules.

    The first rule that matches counts. A text that none matches can still be compared by its build day if the maker's
    firmware goes by that: badges number their firmware in their own way and keep the day.
    """
    version, day = split_firmware((text or "")[:_TEXT_LIMIT])
    when = date.fromisoformat(built or day or "") if built or day else None
    for rule in rules:
        if found := _compiled(rule.pattern).search(version):
            groups = found.groupdict()
            return Firmware(
                text=version,
                built=when,
                version=tuple(map(int, re.findall(r"\d+", groups.get("version") or ""))),
                branch=(groups.get("branch") or "").upper(),
                compare=rule.compare,
                rule=rule.id,
            )
    by_day = any(rule.compare == "date" for rule in rules)
    return Firmware(text=version, built=when, version=(), branch="", compare="date" if by_day else "none")


def compare(a: Firmware, b: Firmware) -> int | None:
    """-1, 0 or 1 as `a` is older than, as old as or newer than `b`; None where nothing tells.

    Where a maker's firmware goes by its build day, the day wins over the version: branches that are kept side by side
    have numbers in no order of time.
    """
    if a.compare != b.compare or a.compare == "none" or (a.branch and b.branch and a.branch != b.branch):
        return None
    if a.compare == "date":
        if a.built is None or b.built is None:
            return None
        if a.built != b.built:
            return _sign(a.built > b.built)
        return _versions(a.version, b.version) if a.version and b.version else 0
    if not a.version or not b.version or (a.compare == "tuple" and len(a.version) != len(b.version)):
        return None
    return _versions(a.version, b.version)


def _versions(a: tuple[int, ...], b: tuple[int, ...]) -> int:
    length = max(len(a), len(b))
    left, right = (v + (0,) * (length - len(v)) for v in (a, b))
    return 0 if left == right else _sign(left > right)


def _sign(newer: bool) -> int:
    return 1 if newer else -1


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII | re.IGNORECASE)
