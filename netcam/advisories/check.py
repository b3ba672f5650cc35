"""The rules every advisory keeps: sources, ranges that can be compared, and test vectors that come out right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from netcam.engine.check import Problem, pattern_problems
from netcam.engine.firmware import compare, read_firmware
from netcam.engine.load import FirmwareRule, SignatureSet

from .judge import STATUSES, Subject, answer_of, model_of, rules_of
from .load import Advisories, Advisory, Affected, Case

LEFT_OUT = "left-out"
_ID = re.compile(r"CVE-\d{4}-\d{4,7}")


def check_advisories(advisories: Advisories, signatures: SignatureSet) -> tuple[Problem, ...]:
    """Every broken rule in the advisory files, by file."""
    problems: list[Problem] = []
    for vendor in sorted(advisories.files):
        file, path, seen = advisories.files[vendor], advisories.paths[vendor], set[str]()
        if vendor not in signatures.vendors:
            problems.append(Problem(path, None, f"vendor {vendor!r} has no file under vendors/"))
        for advisory in file.advisory:
            for id in (advisory.id, *advisory.also):
                if id in seen:
                    problems.append(Problem(path, id, "the file has a second advisory with this id"))
                seen.add(id)
            problems += [Problem(path, advisory.id, reason) for reason in _advisory(advisory, vendor, signatures)]
    return tuple(problems)


def _advisory(advisory: Advisory, vendor: str, signatures: SignatureSet) -> Iterator[str]:
    rules = rules_of(signatures, vendor)
    for id in (advisory.id, *advisory.also):
        if not _ID.fullmatch(id):
            yield f"id {id!r} is no CVE number"
    if not advisory.references:
        yield "an advisory without a source"
    if not advisory.url.startswith("https://"):
        yield f"url {advisory.url!r} is no web address"  # reports make a link of it
    if advisory.known_exploited != bool(advisory.kev or advisory.exploitation):
        yield "known_exploited takes kev or exploitation, and neither goes without it"
    if not advisory.affected:
        yield "an advisory has at least one [[advisory.affected]]"
    broken = False
    for number, row in enumerate(advisory.affected, 1):
        for reason in _row(row, rules, signatures):
            broken = True
            yield f"affected {number}: {reason}"
    if len({case.status for case in advisory.example}) < 2:
        yield "an advisory has examples with at least two different outcomes"
    if not broken:
        for case in advisory.example:
            yield from _case(case, advisory, vendor, rules, signatures)


def _row(row: Affected, rules: Sequence[FirmwareRule], signatures: SignatureSet) -> Iterator[str]:
    for pattern in row.models:
        yield from pattern_problems(pattern)
    for word in row.device_types:
        if word not in signatures.vocabulary.words["device_types"]:
            yield f"device_type {word!r} is not one of {', '.join(signatures.vocabulary.words['device_types'])}"
    if row.status not in ("affected", "unknown"):
        yield f"status {row.status!r} is not one of affected, unknown"
    if row.beyond not in ("not-affected", "unknown"):
        yield f"beyond {row.beyond!r} is not one of not-affected, unknown"
    if row.to and row.before:
        yield "a range ends by to or by before, not both"
    bounds = [text for text in (row.since, row.to or row.before) if text]
    if row.all and bounds:
        yield "all firmwares, or a range"
    if not row.all and not bounds and row.status != "unknown":
        yield "without a range nothing can be affected: status = \"unknown\", or all = true"
    read = [read_firmware(rules, text) for text in bounds]
    for text, firmware in zip(bounds, read, strict=True):
        if compare(firmware, firmware) is None:
            yield f"{text!r} can't be compared under the vendor's [[firmware]] rules"
    if len(read) == 2 and (order := compare(*read)) != -1 and not (order == 0 and row.to):
        yield f"the range from {bounds[0]!r} to {bounds[1]!r} is empty, or its ends can't be compared"


def _case(
    case: Case, advisory: Advisory, vendor: str, rules: Sequence[FirmwareRule], signatures: SignatureSet
) -> Iterator[str]:
    what = f"example {case.model or 'without a model'}, {case.firmware or 'without a firmware'}"
    if case.status not in (*STATUSES, LEFT_OUT):
        yield f"{what}: status {case.status!r} is not one of {', '.join((*STATUSES, LEFT_OUT))}"
        return
    if not case.source:
        yield f"{what}: says where it is from"
    subject = Subject(
        model=model_of(signatures, vendor, case.model) if case.model else None,
        device_type=case.device_type or None,
        firmware=read_firmware(rules, case.firmware),
    )
    answer = answer_of(advisory, subject, rules)
    got = answer.status if answer else LEFT_OUT
    if got != case.status:
        yield f"{what}: gives {got}, not {case.status}" + (f" ({answer.why})" if answer else "")
