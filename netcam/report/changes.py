"""What judging a saved report again changed, device by device and answer by answer, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from netcam.model.answers import compared, in_words
from netcam.model.report import ChangeRecord, ChangesRecord, DeviceRecord, EvidenceRecord, Outcome, Report, Versions

_MOST_CAUSES = 3  # named for one change; `explain` on both reports has them all
_FOLLOWS = "the brand table"  # speaks while the device itself says nothing about its maker
_LOUD = (Outcome.LISTED, Outcome.POSSIBLE)

# The answers that are compared, and what evidence about each of them says.
_FIELDS = {
    "is_cctv": ("cctv", "device_type"),
    "device_type": ("device_type",),
    "manufacturer": ("manufacturer",),
    "brand": ("brand", "badge"),
    "model": ("model",),
    "firmware": ("firmware",),
}


class Standing(StrEnum):
    """What became of a signature since an older report."""

    ACTIVE = "active"
    RETIRED = "retired"
    GONE = "gone"


def changes(old: Report, new: Report, standing: Callable[[str], Standing]) -> ChangesRecord:
    """How the answers of `new` differ from those of `old`, which holds the same devices in the same order.

    A list that came or went is told of a device only where it says `listed` or `possible`.

    Args:
        standing: signature or rule id -> whether today's knowledge still has it.
    """
    before = old.scan.versions
    why = _Why(
        before=before,
        now=new.scan.versions,
        known={e.signature for device in old.devices for e in device.evidence},
        standing=standing,
    )
    return ChangesRecord(
        before=before,
        changed=tuple(c for a, b in zip(old.devices, new.devices, strict=True) for c in why.of(a, b)),
    )


class _Why:
    """The causes, as far as two reports and today's knowledge show them."""

    def __init__(
        self, *, before: Versions, now: Versions, known: set[str], standing: Callable[[str], Standing]
    ) -> None:
        self.before, self.now, self.known, self.standing = before, now, known, standing
        self.other_model = False  # of the device that is being compared

    def of(self, old: DeviceRecord, new: DeviceRecord) -> Iterator[ChangeRecord]:
        """All that changed about one device."""
        causes: dict[str, str] = {}
        self.other_model = old.model != new.model
        for field in _FIELDS:
            was, now = compared(old, field), compared(new, field)
            if was != now:
                causes[field] = self.evidence(old, new, field)
                yield _change(new, field, None, in_words(old, field), in_words(new, field), causes[field])
        outcomes = [{v.list: v.outcome for v in device.verdicts} for device in (old, new)]
        for id in sorted(outcomes[0].keys() | outcomes[1].keys()):
            a, b = outcomes[0].get(id), outcomes[1].get(id)
            if a == b or ((a is None or b is None) and (a or b) not in _LOUD):
                continue
            yield _change(new, "verdict", id, a, b, self.verdict(id, old, new, causes))

    def verdict(self, id: str, old: DeviceRecord, new: DeviceRecord, causes: dict[str, str]) -> str:
        """Why a list says something else than before."""
        if id not in self.before.lists:
            return "the list was not held against devices before"
        if id not in self.now.lists:
            return "the list is not held against devices any more"
        # What lists ask about first; the rest matters to own lists with conditions.
        first = ["manufacturer", "brand"] + ["is_cctv"] * (False in (old.is_cctv, new.is_cctv))
        reasons = [f"{_WORDS[field]} changed: {causes[field]}" for field in first if field in causes]
        if not reasons and _sureness(old) != _sureness(new):
            reasons.append(f"the maker's confidence changed: {self.evidence(old, new, 'manufacturer')}")
        if not reasons:
            reasons += [f"{_WORDS[field]} changed: {cause}" for field, cause in causes.items()]
            reasons += [f"{words} changed" for words, of in _FACTS if of(old) != of(new)]
        dates = self.before.lists[id], self.now.lists[id]
        digests = self.before.list_digests.get(id), self.now.list_digests.get(id)
        if dates[0] != dates[1]:
            reasons.append(f"the list changed (last checked {dates[0]} -> {dates[1]})")
        elif digests[0] is not None and digests[0] != digests[1]:
            reasons.append("the list changed")
        elif not reasons and digests[0] is None:
            reasons.append("the list or the rules of judging changed")
        elif not reasons:
            reasons.append("the rules of judging changed")
        return "; ".join(reasons)

    def evidence(self, old: DeviceRecord, new: DeviceRecord, field: str) -> str:
        """Which evidence about one answer came, went or says something else."""
        if self.before.signatures == self.now.signatures and self.before.oui == self.now.oui:
            return self.rules()
        was, now = _about(old, field), _about(new, field)
        found = [self.came(e) for key, e in now.items() if key not in was]
        found += [self.went(e) for key, e in was.items() if key not in now]
        found += [
            f"{_named(now[key])} changed: it says something else"
            for key in was.keys() & now.keys()
            if (was[key].strength, was[key].says) != (now[key].strength, now[key].says)
        ]
        # A consequence of other evidence is told only where nothing else is.
        first = {c for c in found if ".own-badge " not in c and not c.startswith(_FOLLOWS)}
        causes = sorted(first or set(found))
        if not causes:
            return f"{self.rules()}, or what is known of the companies"
        more = f"; and {len(causes) - _MOST_CAUSES} more" if len(causes) > _MOST_CAUSES else ""
        return "; ".join(causes[:_MOST_CAUSES]) + more

    def came(self, evidence: EvidenceRecord) -> str:
        if evidence.signature.endswith(".oui") and self.before.oui != self.now.oui:
            return f"the MAC register's data changed ({self.before.oui} -> {self.now.oui})"
        if _row(evidence):
            return f"{_FOLLOWS} is asked now ({evidence.signature})"
        if _rule(evidence) and self.other_model:
            return "the model is another"
        known = evidence.signature in self.known
        return f"{_named(evidence)} {'changed: it now matches' if known else 'was added or changed'}"

    def went(self, evidence: EvidenceRecord) -> str:
        if evidence.signature.endswith(".oui") and self.before.oui != self.now.oui:
            return f"the MAC register's data changed ({self.before.oui} -> {self.now.oui})"
        state = self.standing(evidence.signature)
        if _row(evidence) and state is Standing.ACTIVE:
            return f"{_FOLLOWS} is not asked any more ({evidence.signature})"
        if _rule(evidence) and self.other_model:
            return "the model is another"
        done = {Standing.RETIRED: "was retired", Standing.GONE: "was withdrawn"}
        return f"{_named(evidence)} {done.get(state, 'changed: it no longer matches')}"

    def rules(self) -> str:
        """What else than signatures can change an answer."""
        if self.before.netcam != self.now.netcam:
            return f"the rules of weighing evidence changed (netcam {self.before.netcam} -> {self.now.netcam})"
        if self.before.pattern_engine != self.now.pattern_engine:
            return f"another pattern engine matched ({self.before.pattern_engine} -> {self.now.pattern_engine})"
        return "the rules of weighing evidence changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """One change that several devices, or the answers of several lists, share. `words`: what changed."""

    words: tuple[str, ...]
    devices: tuple[tuple[str, str | None], ...]  # (device id, address)
    old: str | None
    new: str | None
    cause: str


def alike(changes: ChangesRecord) -> tuple[Alike, ...]:
    """The changes with all devices they happened to, in the report's order; lists that changed alike stand together."""
    devices: dict[tuple[str, str | None, str | None, str], list[ChangeRecord]] = {}
    for c in changes.changed:
        devices.setdefault((word_of(c), c.old, c.new, c.cause), []).append(c)
    words: dict[tuple[object, ...], tuple[list[str], list[ChangeRecord]]] = {}
    for (word, old, new, cause), group in devices.items():
        named = tuple((c.device, c.ip) for c in group)
        alone = word if group[0].list is None else None
        words.setdefault((alone, old, new, cause, named), ([], group))[0].append(word)
    return tuple(
        Alike(
            words=tuple(said),
            devices=tuple((c.device, c.ip) for c in group),
            old=group[0].old,
            new=group[0].new,
            cause=group[0].cause,
        )
        for said, group in words.values()
    )


def lists_between(before: Versions, now: Versions) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lists that devices are held against now and were not before, and those that went."""
    return tuple(sorted(now.lists.keys() - before.lists.keys())), tuple(sorted(before.lists.keys() - now.lists.keys()))


_WORDS = {
    "is_cctv": "CCTV or not", "device_type": "type", "manufacturer": "maker", "brand": "brand", "model": "model",
    "firmware": "firmware", "verdict": "list",
}  # fmt: skip


def word_of(change: ChangeRecord) -> str:
    """What changed, in the words of the table."""
    return change.list or _WORDS.get(change.field, change.field)


# What only own lists ask about, and no answer of its own.
_FACTS: tuple[tuple[str, Callable[[DeviceRecord], object]], ...] = (
    ("capabilities", lambda device: [(c.id, c.confidence) for c in device.capabilities]),
    ("firmware date", lambda device: device.firmware_date),
)


def _named(evidence: EvidenceRecord) -> str:
    id = evidence.signature
    if id.endswith(".oui"):
        return f"MAC entry {id}"
    return f"{'model rule' if _rule(evidence) else 'brand table row' if _row(evidence) else 'signature'} {id}"


def _row(evidence: EvidenceRecord) -> bool:
    return ".made-by." in evidence.signature


def _rule(evidence: EvidenceRecord) -> bool:
    """Whether it is a model rule, which follows from the model: `<vendor>.model.<what>`."""
    return evidence.signature.split(".")[1:2] == ["model"]


def _about(device: DeviceRecord, field: str) -> dict[tuple[str, str], EvidenceRecord]:
    said = _FIELDS[field]
    return {(e.signature, e.observation): e for e in device.evidence if any(name in e.says for name in said)}


def _sureness(device: DeviceRecord) -> float | None:
    return device.manufacturer.confidence if device.manufacturer else None


def _change(
    device: DeviceRecord, field: str, list: str | None, old: str | None, new: str | None, cause: str
) -> ChangeRecord:
    return ChangeRecord(device=device.id, ip=device.ip, field=field, list=list, old=old, new=new, cause=cause)
