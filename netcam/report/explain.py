"""The chain behind one device: observation, signature, claim, verdict, citation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from netcam.errors import ConfigError
from netcam.model.identity import Strength
from netcam.model.observation import Endpoint, answer_of, canonical_mac
from netcam.model.report import BehindRecord, DeviceRecord, EvidenceRecord, NamedClaim, ObservationRecord, Report
from netcam.safetext import visible

from .summary import BASES, EFFECTS

# The questions in the order a reader asks them, with the words for them.
QUESTIONS: Mapping[str, str] = {
    "cctv": "CCTV", "device_type": "type", "manufacturer": "maker", "brand": "brand", "badge": "brand text",
    "model": "model", "firmware": "firmware", "firmware_date": "firmware date", "serial": "serial",
    "capability": "capability", "component": "part by",
}  # fmt: skip
_STRONGEST_FIRST = tuple(reversed(Strength))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer to one question with all the evidence for it, strongest first.

    `confidence` is None where the report keeps none; `followed` is False where the report's answer is another one.
    """

    field: str
    value: str
    confidence: float | None
    followed: bool
    evidence: tuple[EvidenceRecord, ...]


def find_device(report: Report, text: str) -> DeviceRecord:
    """The device with this address, MAC (in any spelling) or id.

    Raises:
        ConfigError: none, or several, which only a report of several sites holds.
    """
    wanted = text.strip()
    mac = canonical_mac(wanted)
    try:
        address = str(ip_address(wanted))
    except ValueError:
        address = wanted
    named = [d for d in report.devices if d.id == wanted] or [
        d for d in report.devices
        if address in (d.ip, *d.addresses) or (mac is not None and d.mac is not None and canonical_mac(d.mac) == mac)
    ]  # fmt: skip
    if len(named) == 1:
        return named[0]
    if named:
        ids = ", ".join(visible(d.id, 80) for d in named[:5])
        raise ConfigError(f"{visible(wanted)}: {len(named)} devices in this report; name one by its id: {ids}")
    raise ConfigError(
        f"{visible(wanted)}: no device in this report has it as address, MAC or id ({len(report.devices)} devices)"
    )


def answers(device: DeviceRecord) -> tuple[Answer, ...]:
    """All that the evidence says of the device, question by question; the answer the report follows comes first."""
    said: dict[tuple[str, str], list[EvidenceRecord]] = {}
    for evidence in device.evidence:
        for field, value in evidence.says.items():
            said.setdefault((field, value), []).append(evidence)
    reported = _reported(device)
    decided = {field for field, value in said if value.casefold() in reported.get(field, {})}
    made: list[Answer] = []
    for (field, value), behind in said.items():
        confidence = reported.get(field, {}).get(value.casefold())
        made.append(
            Answer(
                field=field,
                value=value,
                confidence=confidence,
                followed=field not in decided or value.casefold() in reported[field],
                evidence=tuple(sorted(behind, key=lambda e: _STRONGEST_FIRST.index(e.strength))),
            )
        )
    order = list(QUESTIONS)
    place = {field: order.index(field) if field in order else len(order) for field, _ in said}
    return tuple(sorted(made, key=lambda a: (place[a.field], a.field, not a.followed, -(a.confidence or 0), a.value)))


def explain(report: Report, device: DeviceRecord) -> str:
    """The whole chain as lines of text for a terminal, ending in a newline."""
    return "\n".join(_lines(report, device)) + "\n"


def where(seen: ObservationRecord) -> str:
    """Where an observation was made, as "192.0.2.7 tcp/80"; an empty text for one without address and port."""
    port = f"{seen.transport or 'port'}/{seen.port}" if seen.port is not None else ""
    return " ".join(filter(None, (seen.ip or "", port)))


def percent(confidence: float) -> str:
    """A confidence for people. Certainty is never claimed: what rounds to 100 is 99."""
    return f"{min(round(confidence * 100), 99)} %"


def behind_of(behind: BehindRecord) -> str:
    """One thing that a recorder says is behind it, in a few words."""
    said = " ".join(filter(None, (str(behind.count) if behind.count is not None else "", behind.what, behind.name)))
    return said if behind.seen else f"{said}, unseen"


def firmware_of(device: DeviceRecord) -> str:
    """Version, build day and age, as far as known: "V5.7.1 of 2022-04-12, 1374 days old"."""
    said = " of ".join(filter(None, (device.firmware, device.firmware_date)))
    return said if device.firmware_age_days is None else f"{said}, {device.firmware_age_days} days old"


def _echoes(evidence: Sequence[EvidenceRecord], seen: Mapping[str, ObservationRecord]) -> dict[str, str]:
    """Evidence that counts for nothing beside a stronger piece: its id -> that piece's.

    As evidence is fused: one fact, one answer, or one signature matching twice is one witness.
    """
    came = {e.id: _answer(seen.get(e.observation)) for e in evidence}
    chosen: list[EvidenceRecord] = []
    echoes: dict[str, str] = {}
    by_weight = sorted(evidence, key=lambda e: (_STRONGEST_FIRST.index(e.strength), e.root != came[e.id]))
    for e in by_weight:
        for other in chosen:
            one_fact = e.root and e.root == other.root
            one_answer = came[e.id] and came[e.id] == came[other.id]
            if one_fact or one_answer or e.signature == other.signature:
                echoes[e.id] = other.id
                break
        else:
            chosen.append(e)
    return echoes


def _answer(seen: ObservationRecord | None) -> str:
    """The answer that an observation came in; "" where nobody knows, as for what has no address."""
    if seen is None or seen.ip is None:
        return ""
    return answer_of(seen.kind, Endpoint(ip=ip_address(seen.ip), port=seen.port, transport=seen.transport))


def kind_of(device: DeviceRecord) -> str:
    """What the device is, in a word or two."""
    return device.device_type or {True: "CCTV", None: "undecided", False: "not CCTV"}[device.is_cctv]


def _lines(report: Report, d: DeviceRecord) -> Iterator[str]:
    yield f"{visible(d.ip or d.id)}: {visible(kind_of(d))}, {_cctv(d)}"
    for name, text in _facts(d):
        if text:
            yield f"  {name:<14}{visible(text, 1000)}"
    observations = {o.id: o for o in report.observations}

    yield ""
    yield "What the evidence says"
    if not d.evidence:
        yield "  nothing: no signature spoke about anything this device showed"
    for answer in answers(d):
        sure = f", {percent(answer.confidence)}" if answer.confidence is not None else ""
        other = "" if answer.followed else ", not followed"
        yield f"  {QUESTIONS.get(answer.field, visible(answer.field, 40))}: {visible(answer.value)}{sure}{other}"
        echoes = _echoes(answer.evidence, observations)
        for e in answer.evidence:
            same = f", same witness as {visible(echoes[e.id], 20)}" if e.id in echoes else ""
            yield f"    {visible(e.id, 20):<5} {e.strength:<11} {visible(e.signature, 100)}{same}"
            yield f"          {_observation(e.observation, observations.get(e.observation))}"

    if d.conflicts:
        yield ""
        yield "Conflicts"
        for c in d.conflicts:
            between = " or ".join(visible(v, 100) for v in c.values)
            yield f"  {QUESTIONS.get(c.field, visible(c.field, 40))}: {between} ({_ids(c.evidence)})"
            if c.note:
                yield f"    {visible(c.note, 1000)}"

    yield ""
    yield "Lists"
    if not d.verdicts:
        yield "  held against none"
    for v in d.verdicts:
        yield f"  {visible(v.list, 60)}: {v.outcome}" + (f", {BASES[v.basis]}" if v.basis else "")
        if v.statement:
            yield f"    {visible(v.statement, 1000)}"
        if v.effect:
            gloss = EFFECTS.get(v.effect)
            yield f"    regulates    {gloss} ({v.effect})" if gloss else f"    regulates    {visible(v.effect)}"
        cited = ", ".join(visible(t, 500) for t in (v.citation.title, v.citation.section, v.citation.url) if t)
        yield f"    source       {cited}"
        yield f"    last checked {visible(v.last_checked, 40)}"
        yield f"    because      {_ids(v.because) or 'no evidence names a maker'}"

    if d.advisories:
        yield ""
        yield "Advisories"
        for a in d.advisories:
            exploited = ", known to be exploited" if a.known_exploited else ""
            yield f"  {visible(a.id, 60)}: {visible(a.status, 40)}{exploited}"
            if a.title:
                yield f"    {visible(a.title, 300)}"
            yield f"    {visible(a.why, 1000)}"
            if a.fixed:
                yield f"    fixed        {visible(a.fixed, 300)}"
            if a.kev_added:
                yield f"    exploited    on CISA's catalogue since {visible(a.kev_added, 40)}"
            yield f"    source       {visible(a.url, 500)}"
            if a.last_checked:
                yield f"    last checked {visible(a.last_checked, 40)}"
            if a.because:
                yield f"    because      {_ids(a.because)}"

    spoken = {e.observation for e in d.evidence}
    own = {d.ip, *d.addresses} - {None}
    silent = [o for o in report.observations if o.ip in own and o.id not in spoken]
    if silent:
        yield ""
        yield "Seen, but no signature speaks about it"
        for o in silent[:_SILENT_LIMIT]:
            yield f"  {_observation(o.id, o)}"
        if len(silent) > _SILENT_LIMIT:
            yield f"  and {len(silent) - _SILENT_LIMIT} more in the report"


_SILENT_LIMIT = 40  # lines; one chatty device shouldn't scroll its own verdict away


def _cctv(d: DeviceRecord) -> str:
    said = {True: "CCTV", None: "nothing decided whether it is CCTV", False: "not CCTV"}[d.is_cctv]
    return said if d.is_cctv is None else f"{said} with confidence {percent(d.confidence)}"


def _facts(d: DeviceRecord) -> tuple[tuple[str, str], ...]:
    return (
        ("maker", _named(d.manufacturer) or "undetermined"), ("brand", _named(d.brand)), ("model", d.model or ""),
        ("firmware", firmware_of(d)), ("serial", d.serial or ""),
        ("MAC", f"{d.mac} ({d.mac_source})" if d.mac_source else d.mac or ""),
        ("MAC block of", d.oui_registrant or ""),
        ("addresses", ", ".join(d.addresses) if len(d.addresses) > 1 else ""), ("names", ", ".join(d.hostnames)),
        ("behind it", "; ".join(map(behind_of, d.behind))),
        ("can", ", ".join(f"{c.id} ({percent(c.confidence)})" for c in d.capabilities)), ("id", d.id),
    )  # fmt: skip


def _named(claim: NamedClaim | None) -> str:
    return f"{claim.name} ({percent(claim.confidence)})" if claim else ""


def _observation(id: str, o: ObservationRecord | None) -> str:
    if o is None:
        return f"{visible(id, 20)}: not in this report"
    at = " at " + visible(where(o), 100) if where(o) else ""
    said = f'{visible(o.id, 20)} {visible(o.kind, 60)} "{visible(o.value)}"'
    return f"{said}{at}, {visible(o.probe, 60)}, {visible(o.seen_at, 40)}"


def _ids(ids: tuple[str, ...]) -> str:
    return ", ".join(visible(i, 20) for i in ids)


def _reported(d: DeviceRecord) -> dict[str, dict[str, float | None]]:
    """The report's own answers: field -> answer in lower case -> confidence, where the report keeps one."""
    own: dict[str, dict[str, float | None]] = {
        "capability": {c.id.casefold(): c.confidence for c in d.capabilities},
        "manufacturer": {d.manufacturer.id.casefold(): d.manufacturer.confidence} if d.manufacturer else {},
        "brand": {d.brand.id.casefold(): d.brand.confidence} if d.brand else {},
        "cctv": {"yes" if d.is_cctv else "no": d.confidence} if d.is_cctv is not None else {},
    }
    plain = {
        "device_type": d.device_type, "model": d.model, "firmware": d.firmware, "firmware_date": d.firmware_date,
        "serial": d.serial,
    }  # fmt: skip
    return own | {field: {text.casefold(): None} for field, text in plain.items() if text}
