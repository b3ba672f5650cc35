"""Signature files -> a set that can match; what the files may say is in signatures/vocabulary.toml."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

import msgspec

from netcam.datafiles import data_folder, read_toml
from netcam.errors import SignatureError
from netcam.kept import current
from netcam.kept import digest as key_of
from netcam.model import Strength

from .oui import OuiTable, load_oui
from .patterns import Matcher, engine_version, matcher
from .values import name_key


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all tables of a signature file have in common: an unknown key is an error, not a comment."""


class Example(_File, frozen=True):
    """A text that the signature matches, where it is shown, and what comes of it beyond `says`."""

    value: str
    source: str = msgspec.field(name="from")
    expect: dict[str, str] = {}


class Counterexample(_File, frozen=True):
    """A near miss, and why it is none of the vendor's."""

    value: str
    why: str


class Signature(_File, frozen=True):
    """A pattern over one kind of observation, what a match says, and the proof for it."""

    id: str
    status: str
    observes: str
    pattern: str
    strength: Strength
    says: dict[str, str]
    references: list[str]
    limits: str = ""
    example: list[Example] = []
    counterexample: list[Counterexample] = []


class Oui(_File, frozen=True):
    """A registrant of the IEEE data, or a prefix that a source proves, and what it says."""

    references: list[str]
    checked: date
    registrant: str | None = None
    prefix: str | None = None
    says: dict[str, str] = {}


class MadeBy(_File, frozen=True):
    """Table knowledge: this badge's devices come (in part) from that maker.

    `status`: `current`; `former`, no longer sold but still on walls; `mixed`, true of a part of the range only.
    """

    maker: str
    certainty: str
    references: list[str]
    series: str | None = None
    status: str = "current"
    since: str | None = msgspec.field(name="from", default=None)
    until: str | None = msgspec.field(name="to", default=None)
    limits: str = ""


class ModelRule(_File, frozen=True):
    """What a model number gives away: type, capabilities."""

    id: str
    pattern: str
    references: list[str]
    examples: list[str]
    counterexamples: list[str]
    device_type: str | None = None
    capabilities: list[str] = []
    limits: str = ""


class FirmwareExample(_File, frozen=True):
    """A firmware text as devices tell it, and the version, branch and build day (ISO) that the rule reads out of it."""

    value: str
    source: str = msgspec.field(name="from")
    version: str = ""
    branch: str = ""
    date: str = ""


class FirmwareRule(_File, frozen=True):
    """How a maker writes its firmware, and by what two of them compare.

    `pattern` meets the text without its build day, in any case; group `version` is what has an order, `branch` what
    must be equal for it.
    """

    id: str
    pattern: str
    compare: str
    certainty: str
    references: list[str]
    example: list[FirmwareExample]
    counterexamples: list[str]
    limits: str = ""


class PageRule(_File, frozen=True):
    """A page worth a request once one of the vendors in `when` is suspected; "*" asks always."""

    id: str
    path: str
    when: list[str]
    references: list[str]
    method: str = "GET"
    body: str = ""
    content_type: str = ""
    kind: str | None = None
    ports: list[int] = []
    limits: str = ""


class Company(_File, frozen=True):
    """A vendor: maker (`builds`), badge, or both."""

    id: str
    name: str
    references: list[str]
    short: str | None = None
    aliases: list[str] = []
    parent: str | None = None
    country: str | None = None
    builds: bool = False
    own_badge: bool = False
    parts: bool = False  # makes parts of devices: its name on one is no badge
    limits: str = ""


class VendorFile(_File, frozen=True):
    """One file of signatures/vendors or signatures/generic."""

    schema: int
    vendor: Company
    oui: list[Oui] = []
    made_by: list[MadeBy] = []
    signature: list[Signature] = []
    model: list[ModelRule] = []
    firmware: list[FirmwareRule] = []
    page: list[PageRule] = []


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True):
    """The words that signature files may use: fields, values, input kinds."""

    schema: int
    fields: dict[str, dict[str, str]]
    words: dict[str, list[str]]
    kinds: dict[str, list[str]]


@dataclass(frozen=True)
class Reader:
    """The signatures of one observation kind; the matcher over their patterns is made when it is first asked for."""

    signatures: tuple[tuple[str, Signature], ...]  # (vendor id, signature)
    engine: str | None

    @cached_property
    def matcher(self) -> Matcher:
        return matcher([s.pattern for _, s in self.signatures], self.engine)


@dataclass(frozen=True, kw_only=True)
class SignatureSet:
    """All vendor files, indexed. Immutable once loaded; order of files plays no part in any answer."""

    vendors: Mapping[str, VendorFile]
    paths: Mapping[str, str]  # vendor id -> file, for messages
    vocabulary: Vocabulary
    oui: OuiTable
    digest: str
    origin: str
    engine: str | None = field(default=None)

    @cached_property
    def signatures(self) -> tuple[tuple[str, Signature], ...]:
        return tuple(
            (vendor_id, sig)
            for vendor_id in sorted(self.vendors)
            for sig in self.vendors[vendor_id].signature
            if sig.status != "retired"
        )

    @cached_property
    def _readers(self) -> Mapping[str, Reader]:
        by_kind: dict[str, list[tuple[str, Signature]]] = {}
        for item in self.signatures:
            by_kind.setdefault(item[1].observes, []).append(item)
        return {kind: Reader(tuple(items), self.engine) for kind, items in by_kind.items()}

    def reading(self, kind: str) -> Reader | None:
        """The signatures that read this kind of observation."""
        return self._readers.get(kind)

    @cached_property
    def kinds_with_macs(self) -> frozenset[str]:
        """Kinds of observation that some signature reads a MAC out of."""
        return frozenset(sig.observes for _, sig in self.signatures if "(?P<mac>" in sig.pattern)

    @cached_property
    def memo(self) -> dict[tuple[str, str], tuple[tuple[Signature, Mapping[str, str]], ...]]:
        """What `match` has read before: (kind, text) -> the signatures that speak, and what each says."""
        return {}

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Every known spelling of a company or badge (as `name_key`) -> vendor id."""
        return {
            name_key(text): vendor_id
            for vendor_id, file in self.vendors.items()
            if not vendor_id.startswith("generic-") and not file.vendor.parts
            for text in (vendor_id, file.vendor.name, file.vendor.short or "", *file.vendor.aliases)
            if name_key(text)
        }

    @cached_property
    def registrants(self) -> Mapping[str, tuple[str, Oui]]:
        """IEEE registrant text -> (vendor id, entry)."""
        return {
            " ".join(entry.registrant.split()): (vendor_id, entry)
            for vendor_id, file in self.vendors.items()
            for entry in file.oui
            if entry.registrant
        }

    @cached_property
    def prefixes(self) -> Mapping[str, tuple[str, Oui]]:
        """Privately registered prefix (hex digits) -> (vendor id, entry)."""
        return {
            entry.prefix.replace(":", "").upper(): (vendor_id, entry)
            for vendor_id, file in self.vendors.items()
            for entry in file.oui
            if entry.prefix
        }

    def company(self, vendor_id: str) -> Company | None:
        found = self.vendors.get(vendor_id)
        return found.vendor if found else None

    def display_name(self, vendor_id: str) -> str:
        company = self.company(vendor_id)
        return company.name if company else vendor_id

    def short_name(self, vendor_id: str) -> str:
        company = self.company(vendor_id)
        return (company.short or company.name) if company else vendor_id

    def parents(self, vendor_id: str) -> tuple[str, ...]:
        """Corporate parents, nearest first; a loop in the data ends the walk."""
        chain: list[str] = []
        company = self.company(vendor_id)
        while company and company.parent and company.parent not in (vendor_id, *chain):
            chain.append(company.parent)
            company = self.company(company.parent)
        return tuple(chain)

    def named(self, vendor_id: str) -> tuple[str, ...]:
        """Spellings a device may put before its model."""
        company = self.company(vendor_id)
        return (
            ()
            if company is None
            else tuple(t for t in (company.name, company.short, *company.aliases, company.id) if t)
        )


def vendor_paths(folder: Path) -> Sequence[Path]:
    """The signature files of a data folder, in a fixed order."""
    return sorted([*(folder / "vendors").glob("*.toml"), *(folder / "generic").glob("*.toml")])


def load_signatures(folder: Path | None = None, extra: Sequence[Path] = (), engine: str | None = None) -> SignatureSet:
    """Read every vendor file of the data folder and of the `extra` folders (whose files replace those of the same id).

    Raises:
        SignatureError: a file that breaks the rules of its shape; the finer rules are `check`'s.
        ConfigError: no data.
    """
    home = data_folder(folder)
    vocabulary: Vocabulary = read_toml(home / "vocabulary.toml", Vocabulary)
    digest = hashlib.sha256()
    vendors: dict[str, VendorFile] = {}
    paths: dict[str, str] = {}
    for path in (*vendor_paths(home), *(p for f in extra for p in (vendor_paths(f) or sorted(f.glob("*.toml"))))):
        file: VendorFile = read_toml(path, VendorFile)
        if file.schema != 1:
            raise SignatureError(str(path), None, f"schema {file.schema} is not known to this netcam, which reads 1")
        if file.vendor.id != path.stem:
            raise SignatureError(str(path), file.vendor.id, "the vendor id must be the file's name")
        vendors[file.vendor.id], paths[file.vendor.id] = file, str(path)
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    made = SignatureSet(
        vendors=vendors,
        paths=paths,
        vocabulary=vocabulary,
        oui=load_oui(home / "oui.txt.gz"),
        digest=f"sha256:{digest.hexdigest()}",
        origin=_origin(home),
        engine=engine,
    )
    # All patterns are compiled here, so that a broken one is reported with its file. Those that an earlier run compiled
    # with the same engine are not broken, and wait until somebody asks for their kind.
    kept, key = current(), key_of(b"patterns", engine_version(engine).encode(), made.digest.encode())
    if kept is None or kept.get(key) is None:
        try:
            for reader in made._readers.values():
                reader.matcher  # noqa: B018
            matcher([pattern for _, _, pattern in _other_patterns(made)], engine)
        except ValueError as error:
            raise _broken_pattern(made, error) from error
        if kept is not None:
            kept.put(key, b"compiled")
    return made


def _origin(folder: Path) -> str:
    return "package" if folder.parent.name == "_data" else "checkout" if folder.name == "signatures" else "folder"


def _other_patterns(made: SignatureSet) -> Iterator[tuple[str, str, str]]:
    """(vendor id, id, pattern) of model rules and series, which meet models instead of observations."""
    for vendor_id, file in made.vendors.items():
        yield from ((vendor_id, rule.id, rule.pattern) for rules in (file.model, file.firmware) for rule in rules)
        yield from ((vendor_id, f"{vendor_id}.made-by.{row.maker}", row.series) for row in file.made_by if row.series)


def _broken_pattern(made: SignatureSet, error: ValueError) -> SignatureError:
    for vendor_id, id, pattern in (*((v, s.id, s.pattern) for v, s in made.signatures), *_other_patterns(made)):
        try:
            matcher([pattern], made.engine)
        except ValueError as why:
            return SignatureError(made.paths[vendor_id], id, str(why))
    return SignatureError("signatures", None, str(error))
