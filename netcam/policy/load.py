"""List files (signatures/lists/*.toml and the user's own) -> policy lists."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import msgspec

from netcam.datafiles import data_folder, read_toml
from netcam.errors import SignatureError

EFFECTS = (
    "procurement",
    "authorisation",
    "export-control",
    "investment",
    "designation",
    "business-closure",
    "certification",
    "position",
    "private-policy",
)
COVERS = ("yes", "no", "unknown")
VERIFIED = ("yes", "partly", "no")
STALE_DAYS = 90
_DAY = re.compile(r"(?:\d{4}(?:-\d\d(?:-\d\d)?)?)?")  # sources often give no more than a month or a year


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Source(_File, frozen=True):
    """Where a list is published."""

    title: str
    url: str
    section: str = ""


class Entry(_File, frozen=True):
    """Whom a list names: one of `vendor` (who built a device), `brand` (the badge; for own lists) or `country`.

    `country` stands for a list that describes companies instead of naming them; `entity` is then the description.
    `added` and `removed` are ISO days, months or years. `verified` says how well our sources confirm the entry.
    """

    references: list[str] = []
    vendor: str | None = None
    brand: str | None = None
    country: str | None = None
    entity: str = ""
    added: str = ""
    removed: str = ""
    verified: str = "yes"
    note: str = ""


class Head(_File, frozen=True):
    """What a list is and whom it concerns.

    `called` is how a sentence calls the list, article included ("the FCC Covered List"); without it, the title.
    `binds` completes the sentence "..., which applies to {binds}". The first citation is the primary one.
    """

    id: str
    title: str
    jurisdiction: str
    authority: str
    effect: str
    binds: str
    says: str
    last_checked: date
    citation: list[Source]
    called: str = ""
    in_force: str = ""
    covers_subsidiaries: str = "unknown"
    covers_oem: str = "unknown"
    covers_components: str = "unknown"
    limits: str = ""
    own: bool = False


class PolicyList(_File, frozen=True):
    """One list: `list` is its head, `entry` whom it names."""

    schema: int
    list: Head
    entry: Sequence[Entry]

    @property
    def id(self) -> str:
        return self.list.id

    @property
    def called(self) -> str:
        """The list's name inside a sentence."""
        return self.list.called or self.list.title


def load_list(path: Path) -> PolicyList:
    """One list file.

    Raises:
        SignatureError: a wrong key or value, naming file, list and reason.
    """
    policy: PolicyList = read_toml(path, PolicyList)
    for reason in _shape(policy):
        raise SignatureError(str(path), policy.id, reason)
    return policy


def _shape(policy: PolicyList) -> Iterator[str]:
    head = policy.list
    if policy.schema != 1:
        yield f"schema {policy.schema} is not known to this netcam, which reads 1"
    for key in ("id", "title", "binds", "says"):
        if not getattr(head, key).strip():
            yield f"{key} is empty"
    if head.effect not in EFFECTS:
        yield f"effect {head.effect!r} is not one of {', '.join(EFFECTS)}"
    for key in ("covers_subsidiaries", "covers_oem", "covers_components"):
        if (value := getattr(head, key)) not in COVERS:
            yield f"{key} {value!r} is not one of {', '.join(COVERS)}"
    if not head.citation:
        yield "a list has at least one [[list.citation]]"
    for source in head.citation:
        # Reports make a link of it. A policy of one's own may have no address at all.
        if not source.url.startswith(("https://", "http://")) and (source.url or not head.own):
            yield f"citation url {source.url!r} is no web address"
    if not policy.entry:
        yield "a list has at least one [[entry]]"
    for number, entry in enumerate(policy.entry, 1):
        whom = f"entry {number} ({entry.entity or entry.vendor or entry.brand or entry.country or 'no entity'})"
        if sum(x is not None for x in (entry.vendor, entry.brand, entry.country)) != 1:
            yield f"{whom} has exactly one of vendor, brand or country"
        if entry.verified not in VERIFIED:
            yield f"{whom}: verified {entry.verified!r} is not one of {', '.join(VERIFIED)}"
        for key in ("added", "removed"):
            if not _DAY.fullmatch(getattr(entry, key)):
                yield f"{whom}: {key} {getattr(entry, key)!r} is no ISO day, month or year"


def load_lists(
    folder: Path | None = None, own: Sequence[Path] = (), vendors: Collection[str] | None = None
) -> dict[str, PolicyList]:
    """The shipped lists and the user's own, by id; an own list may not take a shipped one's id.

    Args:
        vendors: known vendor ids; with them, an entry for anybody else is an error, since it could never match.
    Raises:
        SignatureError: a file that breaks the rules, or an id used twice.
    """
    lists: dict[str, PolicyList] = {}
    shipped = sorted((data_folder(folder) / "lists").glob("*.toml"))
    for path in (*shipped, *own):
        policy = load_list(path)
        if path in shipped and policy.id != path.stem:
            raise SignatureError(str(path), policy.id, "the list id must be the file's name")
        if policy.id in lists:
            raise SignatureError(str(path), policy.id, "another list has this id")
        for reason in () if vendors is None else _unknown(policy, vendors):
            raise SignatureError(str(path), policy.id, reason)
        lists[policy.id] = policy
    return lists


def check_lists(lists: Collection[PolicyList], vendors: Collection[str]) -> tuple[str, ...]:
    """What is wrong with the lists beyond their shape: unknown vendors, entries named twice or without a source."""
    problems: list[str] = []
    for policy in lists:
        problems += [f"{policy.id}: {reason}" for reason in _unknown(policy, vendors)]
        seen: set[str] = set()
        for entry in policy.entry:
            named = entry.vendor or entry.brand or entry.country or ""
            if not any(text.strip() for text in entry.references) and not policy.list.own:
                problems.append(f"{policy.id}: {entry.entity or named}: an entry without a source")
            if named in seen and not entry.removed:
                problems.append(f"{policy.id}: {entry.entity or named}: a second entry for {named!r}")
            seen.add(named)
    return tuple(problems)


def _unknown(policy: PolicyList, vendors: Collection[str]) -> Iterator[str]:
    for entry in policy.entry:
        for key, named in (("vendor", entry.vendor), ("brand", entry.brand)):
            if named is not None and named not in vendors:
                near = get_close_matches(named, sorted(vendors), 1)
                hint = f"; is {near[0]!r} meant?" if near else ""
                yield f"{key} {named!r} has no file under vendors/{hint}"


def stale_lists(lists: Collection[PolicyList], today: date) -> tuple[str, ...]:
    """The shipped lists whose last check is more than STALE_DAYS days past, one sentence each."""
    return tuple(
        f"{p.id} was last checked on {p.list.last_checked}, {age} days ago; look at its source before relying on it"
        for p in lists
        if (age := (today - p.list.last_checked).days) > STALE_DAYS and not p.list.own
    )
