"""What the observations mean: evidence, claims, identity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

CCTV_TYPES = frozenset(
    ("camera", "nvr", "dvr", "encoder", "doorbell", "intercom", "access-terminal", "body-camera-dock", "vms")
)
DEVICE_TYPES = CCTV_TYPES | {"other"}


class Strength(StrEnum):
    """How much one signature proves by itself; the weights are in netcam/engine/fuse.py."""

    WEAK = "weak"
    SUPPORTING = "supporting"
    STRONG = "strong"
    DEFINITIVE = "definitive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One signature speaking about one observation. `says` maps a field of the vocabulary to a value.

    `root` is the fact it rests on, `via` the answer that brought it (one port, one protocol's reply): evidence that
    shares either is one witness.
    """

    id: str
    signature: str
    observation: str
    root: str
    strength: Strength
    says: Mapping[str, str]
    via: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One answer to one question; confidence 0..1; evidence ids, strongest first."""

    value: str
    confidence: float
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Two answers to one question, both with evidence behind them."""

    field: str
    values: tuple[str, ...]
    evidence: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Claims for each question, best first; an empty tuple means nobody could tell.

    `manufacturer` built the device, `brand` is the badge on it, `components` are makers of parts inside. `is_cctv` is
    True, False or None (nothing decided it), with the confidence of that answer.
    """

    manufacturer: tuple[Claim, ...] = ()
    brand: tuple[Claim, ...] = ()
    model: tuple[Claim, ...] = ()
    firmware: tuple[Claim, ...] = ()
    firmware_date: tuple[Claim, ...] = ()
    serial: tuple[Claim, ...] = ()
    device_type: tuple[Claim, ...] = ()
    capabilities: tuple[Claim, ...] = ()
    components: tuple[Claim, ...] = ()
    is_cctv: bool | None = None
    confidence: float = 0.0
    conflicts: tuple[Conflict, ...] = ()
