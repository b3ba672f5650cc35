"""Devices of one make, told apart by nothing that an answer depends on, are thought through once.

A chain's ten thousand cameras give a few hundred kinds of evidence. Two devices are alike when the same signatures say
the same of them, and the pieces share facts and answers in the same places; addresses, MACs and ids may differ. What
follows from the evidence then differs in names alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar, cast

from netcam.model import Evidence, Identity

from .match import EvidenceIds

LIMIT = 2048  # kinds of devices remembered, and kinds of verdicts; each takes some 3 kB
MOST = 64  # pieces of evidence; a device that shows more is one of its kind

Concluded = tuple[tuple[Evidence, ...], Identity]
Judged = TypeVar("Judged")


@dataclass(frozen=True, slots=True)
class _Known:
    """One kind of device under invented names: the pieces inferred, the identity, what was made of it."""

    inferred: tuple[Evidence, ...]
    identity: Mapping[str, Any]
    judged: tuple[_Draft, ...]


class Alike(Generic[Judged]):
    """Remembers what followed from evidence of one shape, and what was made of one identity.

    Args:
        conclude: evidence and ids -> all evidence and the identity, by the evidence alone.
        judge: identity -> records that name evidence in `because`, by the identity alone.
    """

    def __init__(
        self,
        conclude: Callable[[Sequence[Evidence], EvidenceIds], Concluded],
        judge: Callable[[Identity], Sequence[Judged]],
    ) -> None:
        self._conclude, self._judge = conclude, judge
        self._known: dict[tuple[Any, ...], _Known] = {}
        self._asked: set[str] = set()  # fields of identities that `judge` has ever looked at
        self._judged: dict[tuple[Any, ...], tuple[_Draft, ...]] = {}

    def settle(
        self, matched: Sequence[Evidence], ids: EvidenceIds
    ) -> tuple[tuple[Evidence, ...], Identity, tuple[Judged, ...]]:
        """The same as `conclude` and `judge` would give."""
        if len(matched) > MOST:
            evidence, identity = self._conclude(matched, ids)
            return evidence, identity, tuple(self._judge(identity))
        invented: dict[str, str] = {"": ""}
        shape = tuple(
            (
                e.signature, e.strength, tuple(e.says.items()),
                _name(invented, e.observation), _name(invented, e.root), _name(invented, e.via),
            )
            for e in matched
        )  # fmt: skip
        if (known := self._known.get(shape)) is None:
            known = _remember(self._known, shape, self._think(shape))
        real = {name: text for text, name in invented.items()}
        for number, e in enumerate(matched, 1):
            real[f"e{number}"] = e.id
        inferred: list[Evidence] = []
        for number, e in enumerate(known.inferred, len(matched) + 1):
            real[f"e{number}"] = id = ids.next()
            inferred.append(
                Evidence(
                    id=id, signature=e.signature, observation=real.get(e.observation, e.observation),
                    root=real.get(e.root, e.root), via=real.get(e.via, e.via), strength=e.strength, says=e.says,
                )
            )  # fmt: skip
        values: dict[str, Any] = {
            field: tuple([d.under(real) for d in value]) if type(value) is tuple else value
            for field, value in known.identity.items()
        }
        identity = Identity(**values)
        return (*matched, *inferred), identity, tuple([cast(Judged, d.under(real)) for d in known.judged])

    def _think(self, shape: tuple[Any, ...]) -> _Known:
        counted = EvidenceIds()
        plain = [
            Evidence(
                id=counted.next(), signature=signature, observation=observation, root=root, via=via, strength=strength,
                says=dict(says),
            )
            for signature, strength, says, observation, root, via in shape
        ]  # fmt: skip
        evidence, identity = self._conclude(plain, counted)
        values = {name: getattr(identity, name) for name in _names(Identity)}
        return _Known(
            inferred=evidence[len(plain) :],
            identity={
                k: tuple(_Draft.of(c, "evidence") for c in v) if type(v) is tuple else v for k, v in values.items()
            },
            judged=self._held(identity),
        )

    def _held(self, identity: Identity) -> tuple[_Draft, ...]:
        """What is made of an identity; remembered by the fields that decide it, whatever else the device tells."""
        names: dict[str, str] = {}
        if self._asked and (known := self._judged.get(self._question(identity, names))) is not None:
            real = {name: id for id, name in names.items()}
            return tuple(d.named(tuple(real[n] for n in d.names)) for d in known)
        before = len(self._asked)
        made = [_Draft.of(record, "because") for record in self._judge(cast(Identity, _Watched(identity, self._asked)))]
        if len(self._asked) > before:
            self._judged.clear()  # earlier questions were too short
        names.clear()
        question = self._question(identity, names)
        if all(id in names for d in made for id in d.names):
            general = tuple(d.named(tuple(names[id] for id in d.names)) for d in made)
            _remember(self._judged, question, general)
        return tuple(made)

    def _question(self, identity: Identity, names: dict[str, str]) -> tuple[Any, ...]:
        """The fields that `judge` looks at, evidence named by its place in them."""
        return tuple(
            [
                (field, tuple([_plain(c, names) for c in value]) if type(value) is tuple else value)
                for field in sorted(self._asked)
                for value in (getattr(identity, field),)
            ]
        )


class _Watched:
    """An identity that notes which of its fields somebody looks at."""

    __slots__ = ("_asked", "_identity")

    def __init__(self, identity: Identity, asked: set[str]) -> None:
        self._identity, self._asked = identity, asked

    def __getattr__(self, field: str) -> Any:
        self._asked.add(field)
        return getattr(self._identity, field)


@dataclass(frozen=True, slots=True)
class _Slots:
    """How a record of one class, which has slots, is copied with one field anew."""

    rest: tuple[str, ...]  # the other fields
    set_rest: tuple[Callable[[Any, Any], None], ...]
    set_field: Callable[[Any, Any], None]


_SLOTS: dict[type, _Slots] = {}  # a record's evidence stands in one field


def _slots(kind: type, field: str) -> _Slots:
    if (known := _SLOTS.get(kind)) is None:
        rest = tuple(name for name in _names(kind) if name != field)
        set_rest = tuple(kind.__dict__[name].__set__ for name in rest)
        known = _SLOTS[kind] = _Slots(rest, set_rest, kind.__dict__[field].__set__)
    return known


@dataclass(frozen=True, slots=True)
class _Draft:
    """A record whose evidence is still to be named."""

    record: Any
    slots: _Slots
    values: tuple[Any, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, record: Any, field: str) -> _Draft:
        slots = _slots(type(record), field)
        return cls(record, slots, tuple([getattr(record, name) for name in slots.rest]), getattr(record, field))

    def named(self, names: tuple[str, ...]) -> _Draft:
        return _Draft(self.record, self.slots, self.values, names)

    def under(self, real: Mapping[str, str]) -> Any:
        """The record with evidence as `real` names it.

        Its slots are set one by one, which a frozen class allows here alone: a dozen verdicts a device, each copied by
        its `__init__`, would take longer than matching.
        """
        if not self.names:
            return self.record
        made = object.__new__(type(self.record))
        for set_it, value in zip(self.slots.set_rest, self.values, strict=False):
            set_it(made, value)
        self.slots.set_field(made, tuple([real[name] for name in self.names]))
        return made


def _remember(memo: dict[tuple[Any, ...], Any], key: tuple[Any, ...], value: Any) -> Any:
    if len(memo) >= LIMIT:
        memo.clear()  # a stream in which nothing repeats gains nothing by a finer choice
    memo[key] = value
    return value


def _name(invented: dict[str, str], text: str) -> str:
    """The invented name that stands for a text, the same for the same text; no rule writes such a name itself."""
    found = invented.get(text)
    if found is None:
        found = invented[text] = f"#{len(invented)}"
    return found


def _plain(claim: Any, names: dict[str, str]) -> tuple[Any, ...]:
    """A claim or conflict as plain values."""
    return tuple(
        [
            tuple([_name(names, id) for id in value]) if field == "evidence" else value
            for field in _names(type(claim))
            for value in (getattr(claim, field),)
        ]
    )


_NAMES: dict[type, tuple[str, ...]] = {}  # a handful of record types


def _names(kind: type) -> tuple[str, ...]:
    if kind not in _NAMES:
        _NAMES[kind] = tuple(f.name for f in fields(kind))
    return _NAMES[kind]
