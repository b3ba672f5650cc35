"""How asking went, also when nothing came back, so that silence can be read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RunStatus(StrEnum):
    """How asking ended."""

    ANSWERED = "answered"
    SILENT = "silent"
    REFUSED = "refused"
    MALFORMED = "malformed"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRun:
    """One probe's dealings with one target (a network, an address or `address:port`)."""

    probe: str
    target: str
    status: RunStatus
    detail: str = ""
    took_s: float = 0.0


class CoverageStatus(StrEnum):
    """How much of something was seen."""

    COVERED = "covered"
    PARTLY = "partly"
    NOT = "not"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a scan could and could not see, with the reason."""

    what: str
    status: CoverageStatus
    why: str = ""
