"""One identity held against the published flaws of its maker and badge.

Everything rests on what the device tells about itself. Nothing is tried on it, and "not-affected" says no more than
that the published range does not reach this firmware.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from netcam.engine.firmware import Firmware, compare, read_firmware
from netcam.engine.load import FirmwareRule, SignatureSet
from netcam.engine.values import model_key, without_maker
from netcam.model import Claim, Identity
from netcam.model.report import AdvisoryRecord

from .load import Advisories, Advisory, AdvisoryFile, Affected

SURE_AT = 0.8  # the maker or badge; a lone strong sign of it is enough
TOLD_AT = 0.5  # model, firmware, build day, type: below it they count as not known
STATUSES = ("affected", "not-affected", "unknown")
_KEPT = 4096  # devices of one model and firmware that answers are kept for; hostile ones could all differ
_LOUDEST = {"affected": 0, "unknown": 1, "not-affected": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What an advisory asks about a device; None is not known. `model` is as patterns meet it."""

    model: str | None
    device_type: str | None
    firmware: Firmware
    is_cctv: bool = True


@dataclass(frozen=True, slots=True)
class _Answer:
    status: str
    why: str
    fixed: str


def judge(identity: Identity, advisories: Advisories, signatures: SignatureSet) -> tuple[AdvisoryRecord, ...]:
    """The flaws that concern the device or could: affected first, then unknown, then not affected.

    Looked up under the makers and badges that are sure; a device under another badge is so found by its maker. Left
    out is what concerns other models. While the model is not known, only flaws known to be exploited are told.
    """
    if identity.is_cctv is False:
        return ()
    found: dict[str, AdvisoryRecord] = {}
    for claim in (*identity.manufacturer, *identity.brand):
        file = advisories.files.get(claim.value)
        if file is None or claim.confidence < SURE_AT:
            continue
        for advisory, answer in _answers(identity, advisories, signatures, file):
            for record in _records(advisory, answer, claim.evidence):
                found.setdefault(record.id, record)
    return tuple(sorted(found.values(), key=lambda a: (_LOUDEST[a.status], not a.known_exploited, a.id)))


def _answers(
    identity: Identity, advisories: Advisories, signatures: SignatureSet, file: AdvisoryFile
) -> Sequence[tuple[Advisory, _Answer]]:
    """What the file says of such a device; kept, because a site has many devices of one model and firmware."""
    told = tuple(map(_told, (identity.model, identity.device_type, identity.firmware, identity.firmware_date)))
    key = (signatures.digest, file.vendor, identity.is_cctv is True, *told)
    if (kept := advisories.known.get(key)) is not None:
        return cast("Sequence[tuple[Advisory, _Answer]]", kept)
    model, device_type, firmware, built = told
    rules = rules_of(signatures, file.vendor)
    subject = Subject(
        model=model_of(signatures, file.vendor, model) if model else None,
        device_type=device_type,
        firmware=read_firmware(rules, firmware, built),
        is_cctv=identity.is_cctv is True,
    )
    answers = tuple((a, answer) for a in file.advisory if (answer := answer_of(a, subject, rules)) is not None)
    if len(advisories.known) < _KEPT:
        advisories.known[key] = answers
    return answers


def rules_of(signatures: SignatureSet, vendor: str) -> Sequence[FirmwareRule]:
    """The firmware rules of a vendor; none where it has no file."""
    file = signatures.vendors.get(vendor)
    return file.firmware if file else ()


def answer_of(advisory: Advisory, subject: Subject, rules: Sequence[FirmwareRule]) -> _Answer | None:
    """What one advisory says of one device; None where it concerns other models."""
    rows = [row for row in advisory.affected if _right_type(row, subject)]
    for row in rows:
        if subject.model is None and row.models:
            continue
        if subject.model is not None and row.models and not _any_found(row.models, subject.model):
            continue
        if not row.models and not subject.is_cctv:
            return None  # a row for the whole platform is about its CCTV equipment
        return _in_range(row, subject, rules)
    if subject.model is None and rows and advisory.known_exploited and subject.is_cctv:
        return _Answer("unknown", "it concerns some models only, and the model is not known", "")
    return None


def _in_range(row: Affected, subject: Subject, rules: Sequence[FirmwareRule]) -> _Answer:
    firmware, note = subject.firmware, row.note if subject.model else "the model is not known"

    def said(status: str, why: str) -> _Answer:
        return _Answer(status, "; ".join(filter(None, (why, note))), row.fixed)

    if row.all:
        return said(row.status, "the advisory names every firmware of this family")
    if not (row.since or row.to or row.before):
        return said("unknown", "which firmwares are affected is not known here")
    if not firmware.text and firmware.built is None:
        return said("unknown", "the firmware is not known")
    shown = _shown(firmware)
    last = row.before or row.to
    end = compare(firmware, read_firmware(rules, last)) if last else -1
    start = compare(firmware, read_firmware(rules, row.since)) if row.since else 1
    if end is None or start is None:
        if firmware.compare == "date" and firmware.built is None:
            return said("unknown", f"firmware {shown} is told without its build day, by which this maker's compare")
        return said("unknown", f"firmware {shown} can't be compared with {last or row.since}")
    if end > 0 or (end == 0 and row.before):
        word = "not older than" if row.before else "newer than"
        return said(row.beyond, f"firmware {shown} is {word} {last}")
    if start < 0:
        return said("unknown", f"firmware {shown} is older than {row.since}, where the advisory's range begins")
    if row.before:
        return said(row.status, f"firmware {shown} is older than {row.before}")
    return said(row.status, f"firmware {shown} is in the range {f'from {row.since} ' if row.since else ''}to {row.to}")


def _shown(firmware: Firmware) -> str:
    built = f"built on {firmware.built.isoformat()}" if firmware.built else ""
    return " ".join(filter(None, (firmware.text, built)))


def _right_type(row: Affected, subject: Subject) -> bool:
    return not row.device_types or subject.device_type is None or subject.device_type in row.device_types


def _records(advisory: Advisory, answer: _Answer, because: Sequence[str]) -> Iterator[AdvisoryRecord]:
    for id in (advisory.id, *advisory.also):
        yield AdvisoryRecord(
            id=id,
            title=advisory.title,
            known_exploited=advisory.known_exploited,
            kev_added=advisory.kev.isoformat() if advisory.kev else None,
            status=answer.status,
            why=answer.why,
            fixed=answer.fixed or None,
            url=advisory.url,
            last_checked=advisory.checked.isoformat(),
            because=tuple(because),
        )


def model_of(signatures: SignatureSet, vendor: str, model: str) -> str:
    """A model as patterns meet it: upper case, without spaces and without a leading name of the vendor."""
    return model_key(without_maker(model, signatures.named(vendor)))


def _told(claims: Sequence[Claim]) -> str | None:
    """The best answer, if it is likely and no other is as good."""
    if not claims or claims[0].confidence < TOLD_AT:
        return None
    return None if len(claims) > 1 and claims[1].confidence == claims[0].confidence else claims[0].value


def _any_found(patterns: tuple[str, ...], text: str) -> bool:
    return _compiled(patterns).search(text[:120]) is not None


@lru_cache(maxsize=4096)
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE | re.ASCII)
