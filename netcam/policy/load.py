"""List files (signatures/lists/*.toml and the user's own) -> policy lists, or what is wrong with them, line by line."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import msgspec

from netcam.datafiles import At, Flaw, TomlFlaw, data_folder, flaws, line_of, parsed, read_text, toml_lines
from netcam.errors import SignatureError

from .lists import COVERS, EFFECTS, VERIFIED, Entry, Head, PolicyList, Source, Step

__all__ = [
    "COVERS", "EFFECTS", "STALE_DAYS", "VERIFIED", "Entry", "Head", "PolicyList", "Source", "Step", "capabilities",
    "check_lists", "digest", "faults", "load_list", "load_lists", "stale_lists",
]  # fmt: skip

STALE_DAYS = 90
_DAY = re.compile(r"(?:\d{4}(?:-\d\d(?:-\d\d)?)?)?")  # sources often give no more than a month or a year
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_GLOB = re.compile(r"[^\\^$\[\](){}|+]+")  # what else a regular expression would have is a mistake here
_OWN_KEYS = ("brand", "model", "capability", "firmware_older_than_days", "due")
_CONDITIONS = ("vendor", "brand", "country", "model", "capability", "firmware_older_than_days")
_MOST_DAYS = 36500  # a hundred years; more is a slip of the pen
_Fault = tuple[At, str]


def load_list(
    path: Path,
    vendors: Collection[str] | None = None,
    capabilities: Collection[str] | None = None,
    *,
    handed_in: bool = False,
) -> PolicyList:
    """One list file.

    Args:
        handed_in: a user's file, which may use the keys of own lists whether or not it says `own`, and has to reach
            some device.
        vendors, capabilities: the ids that entries may name; with them, others are an error, since they never match.
    Raises:
        SignatureError: a wrong key or value, naming file, line and what is accepted; of several, the first, with their
            number.
    """
    policy, found = _read(path, vendors, capabilities, handed_in)
    if policy is None or found:
        more = f" (and {len(found) - 1} more: `netcam lists check --list-file`)" if len(found) > 1 else ""
        raise SignatureError(str(path), None, found[0].reason + more, found[0].line)
    return policy


def faults(
    path: Path,
    vendors: Collection[str] | None = None,
    capabilities: Collection[str] | None = None,
    *,
    handed_in: bool = False,
) -> tuple[Flaw, ...]:
    """All that is wrong with one list file, in the order of its lines; the same rules as `load_list`.

    Raises:
        SignatureError: it can't be read.
    """
    return _read(path, vendors, capabilities, handed_in)[1]


def _read(
    path: Path, vendors: Collection[str] | None, capabilities: Collection[str] | None, handed_in: bool
) -> tuple[PolicyList | None, tuple[Flaw, ...]]:
    text = read_text(path)
    try:
        policy: PolicyList = msgspec.convert(raw := parsed(text), PolicyList)
    except TomlFlaw as error:
        return None, (error.flaw,)
    except msgspec.ValidationError as error:
        found = tuple(flaws(raw, PolicyList, toml_lines(text))) or (Flaw(line=1, reason=str(error)),)
        return None, tuple(sorted(found, key=lambda flaw: flaw.line))
    wrong = (*_shape(policy, own=policy.list.own or handed_in), *_unknown(policy, vendors, capabilities))
    lines = toml_lines(text) if wrong else {}
    found = tuple(Flaw(line=line_of(at, lines), reason=reason) for at, reason in wrong)
    return policy, tuple(sorted(found, key=lambda flaw: flaw.line))


def _shape(policy: PolicyList, *, own: bool) -> Iterator[_Fault]:
    head = policy.list
    if policy.schema != 1:
        yield ("schema",), f"schema {policy.schema} is not known to this netcam, which reads 1"
    for key in ("id", "title", "binds", "says"):
        if not getattr(head, key).strip():
            yield ("list", key), f"{key} is empty"
    if head.id and not _ID.fullmatch(head.id):
        yield ("list", "id"), f"id {head.id!r} is not lower-case words and numbers with hyphens, such as 'our-policy'"
    yield from _word(("list",), "effect", head.effect, EFFECTS)
    for key in ("covers_subsidiaries", "covers_oem", "covers_components"):
        yield from _word(("list",), key, getattr(head, key), COVERS)
    if not head.citation:
        yield ("list",), "a list has at least one [[list.citation]]"
    for number, source in enumerate(head.citation):
        # Reports make a link of it. A policy of one's own may have no address at all.
        if not source.url.startswith(("https://", "http://")) and (source.url or not head.own):
            may = "; an own list may leave it empty" if head.own else ""
            yield ("list", "citation", number, "url"), f"citation url {source.url!r} is no web address (https://...){may}"
    for number, step in enumerate(head.step):
        yield from _day(("list", "step", number), "on", step.on)
        yield from _word(("list", "step", number), "verified", step.verified, VERIFIED)
    if own and not policy.entry:
        yield ("list",), "an own list has at least one [[entry]]"
    for number, entry in enumerate(policy.entry):
        yield from _entry(("entry", number), entry, own=own)


def _entry(at: At, entry: Entry, *, own: bool) -> Iterator[_Fault]:
    whom = f"entry {int(at[1]) + 1} ({entry.entity or entry.vendor or entry.brand or entry.country or 'no entity'})"
    if own and not entry.reaches and not entry.removed:
        yield at, f"{whom} has none of {', '.join(_CONDITIONS)}, so no device could meet it"
    if not own:
        for key in _OWN_KEYS:
            if getattr(entry, key) not in (None, []):
                yield (*at, key), f"{whom}: {key} is for own lists (own = true in [list])"
        if entry.vendor is not None and entry.country is not None:
            yield (*at, "country"), f"{whom} has vendor and country; an official list has one of them in an entry"
        if entry.vendor is None and entry.country is None and not entry.entity:
            yield at, f"{whom} has none of vendor, country or entity"
    yield from _word(at, "verified", entry.verified, VERIFIED, whom)
    for key in ("added", "removed"):
        yield from _day(at, key, getattr(entry, key), whom)
    for pattern in entry.models:
        if not _GLOB.fullmatch(pattern):
            yield (*at, "model"), (
                f"{whom}: model {pattern!r} is no pattern: * stands for any characters and ? for one, as in 'AB-2*'"
            )
    days = entry.firmware_older_than_days
    if days is not None and not 0 < days <= _MOST_DAYS:
        yield (*at, "firmware_older_than_days"), (
            f"{whom}: firmware_older_than_days {days} is not between 1 and {_MOST_DAYS} (three years are 1095)"
        )


def _word(at: At, key: str, value: str, words: Sequence[str], whom: str = "") -> Iterator[_Fault]:
    if value not in words:
        yield (*at, key), f"{whom}{': ' if whom else ''}{key} {value!r} is not one of {', '.join(words)}"


def _day(at: At, key: str, value: str, whom: str = "") -> Iterator[_Fault]:
    if not _DAY.fullmatch(value):
        where = f"{whom}: " if whom else ""
        yield (*at, key), f"{where}{key} {value!r} is no ISO day, month or year, as in '2026-01-15'"


def _unknown(
    policy: PolicyList, vendors: Collection[str] | None, capabilities: Collection[str] | None
) -> Iterator[_Fault]:
    for number, entry in enumerate(policy.entry):
        for key, named in (("vendor", entry.vendor), ("brand", entry.brand)):
            if vendors is not None and named is not None and named not in vendors:
                near = get_close_matches(named, sorted(vendors), 1)
                hint = f"is {near[0]!r} meant?" if near else "`netcam signatures list` shows the ids"
                yield ("entry", number, key), f"{key} {named!r} has no file under vendors/; {hint}"
        can = entry.capability
        if capabilities is not None and can is not None and can not in capabilities:
            yield ("entry", number, "capability"), f"capability {can!r} is not one of {', '.join(sorted(capabilities))}"


def capabilities(folder: Path | None = None) -> tuple[str, ...]:
    """The words that an entry may ask for as a capability: the vocabulary's.

    Raises:
        ConfigError: no data.
        SignatureError: a vocabulary that can't be read.
    """
    path = data_folder(folder) / "vocabulary.toml"
    try:
        words: Mapping[str, object] = parsed(read_text(path)).get("words", {})
    except TomlFlaw as error:
        raise SignatureError(str(path), None, error.flaw.reason, error.flaw.line) from error
    found = words.get("capabilities", ())
    return tuple(str(word) for word in found) if isinstance(found, list) else ()


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
    words = capabilities(folder)
    for path in (*shipped, *own):
        policy = load_list(path, vendors, words, handed_in=path not in shipped)
        line = line_of(("list", "id"), toml_lines(read_text(path))) if policy.id in lists else None
        if path in shipped and policy.id != path.stem:
            raise SignatureError(str(path), policy.id, "the list id must be the file's name")
        if policy.id in lists:
            raise SignatureError(str(path), None, f"id {policy.id!r}: another list has this id; choose another", line)
        lists[policy.id] = policy
    return lists


def digest(policy: PolicyList) -> str:
    """What tells one state of a list from another, whatever its layout and comments."""
    return f"sha256:{hashlib.sha256(msgspec.json.encode(policy, order='deterministic')).hexdigest()[:16]}"


def check_lists(lists: Collection[PolicyList], vendors: Collection[str]) -> tuple[str, ...]:
    """What is wrong with the lists beyond their shape: unknown vendors, entries named twice or without a source."""
    problems: list[str] = []
    for policy in lists:
        problems += [f"{policy.id}: {reason}" for _, reason in _unknown(policy, vendors, None)]
        seen: set[str] = set()
        for entry in policy.entry:
            named = entry.vendor or entry.brand or entry.country or entry.entity
            if not any(text.strip() for text in entry.references) and not policy.list.own:
                problems.append(f"{policy.id}: {entry.entity or named}: an entry without a source")
            if named in seen and not entry.removed and not entry.conditional:
                problems.append(f"{policy.id}: {entry.entity or named}: a second entry for {named!r}")
            if not entry.conditional:
                seen.add(named)
        problems += [
            f"{policy.id}: step {step.on}: a step without a source"
            for step in policy.list.step
            if not step.references and not policy.list.own
        ]
    return tuple(problems)


def stale_lists(lists: Collection[PolicyList], today: date) -> tuple[str, ...]:
    """The shipped lists whose last check is more than STALE_DAYS days past, one sentence each."""
    return tuple(
        f"{p.id} was last checked on {p.list.last_checked}, {age} days ago; look at its source before relying on it"
        for p in lists
        if (age := (today - p.list.last_checked).days) > STALE_DAYS and not p.list.own
    )
