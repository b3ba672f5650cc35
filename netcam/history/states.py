"""What a device's record is kept as, and when two records say the same.

Two scans of an unchanged device differ in many ways: confidences move with what answered in time, evidence is numbered
anew, one discovery answer is lost, a firmware is a day older, a list's last check is another day. None of that is a
change of the device or of what is said about it, so the digest of a state is made of answers alone. What it leaves out
is kept as it was when the state began.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

import msgspec

from netcam.model.report import AdvisoryRecord, DeviceRecord, EvidenceRecord, VerdictRecord

T = TypeVar("T")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def _answers_1(record: DeviceRecord) -> object:
    return [
        record.mac,
        record.mac_source,
        record.is_cctv,
        record.device_type,
        record.brand.id if record.brand else None,
        record.manufacturer.id if record.manufacturer else None,
        record.model,
        record.firmware,
        record.firmware_date,
        record.serial,
        sorted(c.id for c in record.capabilities),
        # None sorts beside no text: its place is taken by the empty one.
        sorted([v.list, v.outcome, v.basis or "", v.entity or "", v.effect, v.due or ""] for v in record.verdicts),
        sorted([a.id, a.status, a.known_exploited] for a in record.advisories),
        sorted([b.what, b.name or "", -1 if b.count is None else b.count] for b in record.behind),
    ]


# A definition that was released stays: states saved under it are compared by it, so a better one makes no change where
# there was none. The next one is added under the next number.
DEFINITIONS: dict[int, Callable[[DeviceRecord], object]] = {1: _answers_1}


def current() -> int:
    """The definition that new states follow."""
    return max(DEFINITIONS)


def digest(record: DeviceRecord, definition: int) -> bytes:
    """16 bytes, equal for records that give the same answers."""
    return hashed(encoded(DEFINITIONS[definition](record)))


def hashed(data: bytes) -> bytes:
    """16 bytes that find what is kept once."""
    return hashlib.sha256(data).digest()[:16]


def core_of(record: DeviceRecord) -> DeviceRecord:
    """A record as one state keeps it: its evidence numbered by itself, without what is kept elsewhere."""
    return replace(record, ip=None, addresses=(), firmware_age_days=None, verdicts=(), advisories=())


def renumbered(record: DeviceRecord) -> DeviceRecord:
    """The record with its evidence numbered e1, e2, ... and the observations behind it o1, o2, ...

    The report's own numbers go on through all devices, so another device's new evidence would move them.
    """
    if not record.evidence:
        return record
    evidence = {e.id: f"e{n}" for n, e in enumerate(record.evidence, 1)}
    observations = {o: f"o{n}" for n, o in enumerate(dict.fromkeys(e.observation for e in record.evidence), 1)}

    def because(ids: Iterable[str]) -> tuple[str, ...]:
        return tuple(evidence[id] for id in ids if id in evidence)

    def own(e: EvidenceRecord) -> EvidenceRecord:
        return replace(e, id=evidence[e.id], observation=observations[e.observation])

    return replace(
        record,
        evidence=tuple(own(e) for e in record.evidence),
        capabilities=tuple(replace(c, because=because(c.because)) for c in record.capabilities),
        verdicts=tuple(replace(v, because=because(v.because)) for v in record.verdicts),
        advisories=tuple(replace(a, because=because(a.because)) for a in record.advisories),
        behind=tuple(replace(b, source=observations.get(b.source, "")) for b in record.behind),
        conflicts=tuple(replace(c, evidence=because(c.evidence)) for c in record.conflicts),
    )


def encoded(value: object) -> bytes:
    """JSON; texts that UTF-8 has no bytes for (a report from elsewhere may hold them) with a mark in their place."""
    try:
        return msgspec.json.encode(value, order="deterministic")
    except UnicodeEncodeError:
        return msgspec.json.encode(_encodable(msgspec.to_builtins(value, order="deterministic")))


def packed(data: bytes) -> bytes:
    """JSON as it is kept."""
    return zlib.compress(data, 6)


def unpacked(data: bytes, type: type[T]) -> T:
    """What was packed. Keys that a later version left out are ignored, and those it added are unknown.

    Raises:
        ValueError: damaged data.
    """
    try:
        return msgspec.json.decode(zlib.decompress(data), type=type)
    except (zlib.error, msgspec.MsgspecError) as error:
        raise ValueError(str(error)) from error


def place_text(record: DeviceRecord) -> str:
    """Where a device was: JSON of the address shown first and the list of all."""
    return encoded([record.ip, record.addresses]).decode().replace("\\u0000", "\\ufffd")


def unplaced(text: str) -> tuple[str | None, tuple[str, ...]]:
    """The address shown first, and all of them."""
    return msgspec.json.decode(text, type=tuple[str | None, tuple[str, ...]])


VERDICTS = tuple[VerdictRecord, ...]
ADVISORIES = tuple[AdvisoryRecord, ...]


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(item) for item in value]
    return value
