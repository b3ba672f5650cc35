"""The rules every signature file keeps; `netcam signatures check` and the tests run the same code."""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

import msgspec

from netcam.errors import SignatureError
from netcam.model import Endpoint, Numbering, Strength

from .firmware import COMPARE, GROUPS, read_firmware
from .load import FirmwareRule, ModelRule, PageRule, Signature, SignatureSet, VendorFile
from .match import EvidenceIds, claimed, match
from .patterns import engine_name, matcher
from .values import model_key, without_maker

# Kinds whose texts are long or free: a pattern without a fixed word would run on, and match, nearly anything.
FREE_TEXT = frozenset(
    ("http.body", "http.title", "http.server", "telnet", "ftp", "ssh", "port-banner", "snmp.sysdescr", "upnp.xml")
)
FILL = "FILL IN:"  # begins what a draft leaves to a person
LITERAL = 3  # fixed characters in a row that must stand in every match of such a pattern
_YEAR = re.compile(r"199\d|20\d\d")
WIDE = 3  # repeats of nearly any character in one pattern; each more multiplies the time by the text's length
PATTERN_LIMIT = 1000  # characters
_REFUSED_IN_PATHS = re.compile(r"pass|pwd|auth=|user(name)?=|login\?|snapshot|\.jpe?g|/stream", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule."""

    file: str
    id: str | None
    reason: str

    def error(self) -> SignatureError:
        return SignatureError(self.file, self.id, self.reason)


def check(
    signatures: SignatureSet, kinds: Collection[str], retired: Mapping[str, str] | None = None
) -> tuple[Problem, ...]:
    """Every broken rule in the set, by file.

    Args:
        kinds: observation kinds that some probe or decoder emits; input kinds come from the vocabulary.
        retired: ids once published; they are never used again.
    """
    known = set(kinds) | set(signatures.vocabulary.kinds["input"])
    problems: list[Problem] = []
    seen: dict[str, str] = dict(retired or {})
    folded = {id.casefold(): id for id in seen}
    blocks = _blocks(signatures)
    for vendor_id in sorted(signatures.vendors):
        file, path = signatures.vendors[vendor_id], signatures.paths[vendor_id]
        for id, reason in _file(signatures, file, known):
            problems.append(Problem(path, id, reason))
        problems += [Problem(path, id, reason) for id, reason in (*_unfilled(file), *_sources(file))]
        for digits in {(o.prefix or "").replace(":", "").upper() for o in file.oui if o.prefix}:
            if (others := blocks[digits] - {vendor_id}) and vendor_id == max(blocks[digits]):
                reason = f"prefix {digits} is also claimed by {', '.join(sorted(others))}"
                problems.append(Problem(path, f"{vendor_id}.oui", reason))
        for id in (item.id for items in (file.signature, file.model, file.firmware, file.page) for item in items):
            if not id.startswith(f"{vendor_id}."):
                problems.append(Problem(path, id, f"an id starts with the vendor's: {vendor_id}."))
            if id in seen:
                problems.append(Problem(path, id, f"the id is taken: {seen[id]}"))
            elif (other := folded.get(id.casefold())) is not None:
                problems.append(Problem(path, id, f"the id differs from {other} in case alone"))
            seen[id] = path
            folded.setdefault(id.casefold(), id)
    for spelling, owners in _shared_names(signatures).items():
        problems.append(
            Problem(signatures.paths[owners[0]], None, f"the name {spelling!r} also belongs to {', '.join(owners[1:])}")
        )
    return tuple(problems)


def _blocks(signatures: SignatureSet) -> Mapping[str, set[str]]:
    """Prefix (hex digits) -> the vendors whose files claim it."""
    owners: dict[str, set[str]] = {}
    for vendor_id, file in signatures.vendors.items():
        for entry in file.oui:
            if entry.prefix:
                owners.setdefault(entry.prefix.replace(":", "").upper(), set()).add(vendor_id)
    return owners


def _sources(file: VendorFile) -> Iterator[tuple[str | None, str]]:
    """Every table of a vendor file, of whatever kind, names its source in a way that a reader can look up.

    Goes by the tables as written, so that a kind of table added later is held to the same.
    """
    for table, value in msgspec.to_builtins(file).items():
        for item in value if isinstance(value, list) else (value,):
            if not isinstance(item, dict):
                continue
            id = None if table == "vendor" else str(item.get("id", f"{file.vendor.id}.{table.replace('_', '-')}"))
            if "references" not in item:
                yield id, f"[[{table}]] has no `references`"
            elif any(not str(text).strip() for text in item["references"]):
                yield id, "a reference is empty: it names a source that a reader can look up"


def _unfilled(file: VendorFile) -> Iterator[tuple[str | None, str]]:
    """What a draft left to a person, and nobody has written yet."""

    def walk(value: Any, at: str) -> Iterator[str]:
        if isinstance(value, str) and value.startswith(FILL):
            yield f"`{at}` is still to be filled in: {value.removeprefix(FILL).strip()[:120]}"
        for key, inner in value.items() if isinstance(value, dict) else ():
            yield from walk(inner, f"{at}.{key}" if at else key)
        for inner in value if isinstance(value, list) else ():
            yield from walk(inner, at)

    for table, value in msgspec.to_builtins(file).items():
        for item in value if isinstance(value, list) else (value,):
            id = item.get("id") if isinstance(item, dict) else None
            owner = f"{file.vendor.id}.{table}" if id is None or table == "vendor" else id
            yield from ((None if table == "vendor" else owner, reason) for reason in walk(item, ""))


def _shared_names(signatures: SignatureSet) -> dict[str, list[str]]:
    from .values import name_key

    owners: dict[str, list[str]] = {}
    for vendor_id in sorted(signatures.vendors):
        company = signatures.vendors[vendor_id].vendor
        for key in {name_key(t) for t in (company.id, company.name, company.short or "", *company.aliases) if t}:
            owners.setdefault(key, []).append(vendor_id)
    return {key: ids for key, ids in owners.items() if len(ids) > 1}


def _file(signatures: SignatureSet, file: VendorFile, kinds: Collection[str]) -> Iterator[tuple[str | None, str]]:
    company = file.vendor
    if not company.references:
        yield None, "the vendor has no reference"
    if company.parent is not None and company.parent not in signatures.vendors:
        yield None, f"parent {company.parent!r} has no file"
    for row in file.made_by:
        if row.maker not in signatures.vendors:
            yield f"{company.id}.made-by", f"maker {row.maker!r} has no file"
        elif not signatures.vendors[row.maker].vendor.builds:
            yield f"{company.id}.made-by", f"maker {row.maker!r} is marked as a badge that builds nothing"
        if row.certainty not in signatures.vocabulary.words["certainties"]:
            yield f"{company.id}.made-by", f"certainty {row.certainty!r} is not one of A, B, C, U"
        if not row.references:
            yield f"{company.id}.made-by.{row.maker}", "a relation without a source"
        if row.status not in signatures.vocabulary.words["relations"]:
            yield f"{company.id}.made-by.{row.maker}", f"status {row.status!r} is not one of current, former, mixed"
        for key, moment in (("from", row.since), ("to", row.until)):
            if moment is not None and not _YEAR.fullmatch(moment):
                yield f"{company.id}.made-by.{row.maker}", f"{key} {moment!r} is no year from 1990 to 2099"
        if row.since is not None and row.until is not None and row.since > row.until:
            yield f"{company.id}.made-by.{row.maker}", f"from {row.since} comes after to {row.until}"
        if row.series is not None:
            yield from _pattern(f"{company.id}.made-by.{row.maker}", row.series)
    yield from _ouis(signatures, file)
    for signature in file.signature:
        yield from ((signature.id, reason) for reason in _signature(signatures, file, signature, kinds))
    for rule in file.model:
        yield from ((rule.id, reason) for reason in _model(signatures, file, rule))
    for shape in file.firmware:
        yield from ((shape.id, reason) for reason in _firmware(signatures, file, shape))
    for page in file.page:
        yield from ((page.id, reason) for reason in _page(signatures, page, kinds))


def _ouis(signatures: SignatureSet, file: VendorFile) -> Iterator[tuple[str | None, str]]:
    id = f"{file.vendor.id}.oui"
    for entry in file.oui:
        if not entry.references:
            yield id, "an OUI without a source"
        yield from ((id, reason) for reason in _says(signatures, entry.says, ()))
        if (entry.registrant is None) == (entry.prefix is None):
            yield id, "an OUI entry has either a registrant or a prefix"
        elif entry.registrant is not None:
            name = " ".join(entry.registrant.split())
            if name == "Private":
                yield id, "'Private' is no registrant: name the prefix, with a source that proves whose it is"
            elif name not in signatures.oui.registrants:
                yield id, f"the IEEE data has no registrant {name!r}"
            elif signatures.registrants[name][0] != file.vendor.id:
                yield id, f"registrant {name!r} is also claimed by {signatures.registrants[name][0]}"
        else:
            digits = (entry.prefix or "").replace(":", "").upper()
            if len(digits) not in (6, 7, 9) or re.search("[^0-9A-F]", digits):
                yield id, f"prefix {entry.prefix!r} has not 24, 28 or 36 bits"
            elif (owner := signatures.oui.registrant(digits)) and owner[1] != "Private":
                yield id, f"the IEEE data gives {entry.prefix} to {owner[1]!r}; name the registrant instead"


def _pattern(id: str, pattern: str) -> Iterator[tuple[str | None, str]]:
    yield from ((id, reason) for reason in pattern_problems(pattern))


def pattern_problems(pattern: str) -> Iterator[str]:
    """Why an engine would not take the pattern."""
    if len(pattern) > PATTERN_LIMIT:
        yield f"a pattern of {len(pattern)} characters; {PATTERN_LIMIT} are the most"
        return
    for engine in ("re", *{engine_name()} - {"re"}):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", FutureWarning)  # `[[:alpha:]]` means another set to each engine
                matcher([pattern], engine)
        except ValueError as error:
            yield f"{engine}: {error}"


def _says(signatures: SignatureSet, says: Mapping[str, str], groups: Collection[str]) -> Iterator[str]:
    vocabulary = signatures.vocabulary
    for field in (*says, *groups):
        if field not in vocabulary.fields:
            yield f"{field!r} is not in the vocabulary: {', '.join(sorted(vocabulary.fields))}"
    for field, value in says.items():
        kind = vocabulary.fields.get(field, {}).get("type")
        if kind == "vendor" and value not in signatures.vendors:
            yield f"{field} {value!r} has no vendor file"
        if kind == "word":
            words = vocabulary.words[
                "cctv" if field == "cctv" else "capabilities" if field == "capability" else "device_types"
            ]
            if value not in words:
                yield f"{field} {value!r} is not one of {', '.join(words)}"
        if field == "component" and value in signatures.vendors and not signatures.vendors[value].vendor.parts:
            yield f"component {value!r} is not marked as a maker of parts"
        if field == "manufacturer" and value in signatures.vendors and not signatures.vendors[value].vendor.builds:
            yield f"manufacturer {value!r} is marked as a badge that builds nothing"


def _signature(
    signatures: SignatureSet, file: VendorFile, signature: Signature, kinds: Collection[str]
) -> Iterator[str]:
    words = signatures.vocabulary.words
    broken = [reason for _, reason in _pattern(signature.id, signature.pattern)]
    if broken:
        yield from broken
        return
    if signature.observes not in kinds:
        yield f"no probe emits {signature.observes!r}"
    if signature.status not in words["statuses"]:
        yield f"status {signature.status!r} is not one of {', '.join(words['statuses'])}"
    if not signature.references:
        yield "a signature without a source"
    if why := slow(signature.pattern):
        yield why
    groups = re.compile(signature.pattern).groupindex
    yield from _says(signatures, signature.says, groups)
    if signature.observes in FREE_TEXT and (run := longest_literal(signature.pattern)) < LITERAL:
        yield f"{signature.observes} is free text: the pattern needs {LITERAL} fixed characters in a row and has {run}"
    if not signature.example or not signature.counterexample:
        yield "a signature has at least one example and one counterexample"
    real = [e for e in signature.example if not e.source.lower().startswith("constructed")]
    if signature.status == "tested" and not real:
        yield "`tested` takes one real capture"
    if signature.status == "stable" and len({e.value for e in real}) < 2:
        yield "`stable` takes two independent real captures"
    if signature.strength is Strength.DEFINITIVE and not real:
        yield "`definitive` takes a real capture"
    own = matcher([signature.pattern])
    for example in signature.example:
        found = own.find(example.value)
        if not found:
            yield f"does not match its example {example.value[:80]!r}"
            continue
        says = claimed(signatures, file.vendor.id, signature.says, found[0][1])
        extra = {k: v for k, v in says.items() if signature.says.get(k) != v}
        if extra != example.expect:
            yield f"example {example.value[:80]!r} gives {extra}, not {example.expect}"
        yield from _collisions(signatures, file, signature, example.value)
    for counter in signature.counterexample:
        if own.find(counter.value):
            yield f"matches its counterexample {counter.value[:80]!r} ({counter.why})"
        if not counter.why:
            yield "a counterexample says why"


def _collisions(signatures: SignatureSet, file: VendorFile, signature: Signature, value: str) -> Iterator[str]:
    """Vendors that the whole set reads out of this example though its own file has nothing to do with them."""
    family = _family(signatures, file)
    seen = Numbering().observe(Endpoint(), "check", {signature.observes: value})
    for evidence in match(signatures, seen, EvidenceIds()):
        for field in ("manufacturer", "brand"):
            named = evidence.says.get(field)
            if named is not None and named not in family:
                yield (
                    f"example {value[:80]!r} is also read as {field} {named} by {evidence.signature} "
                    f"({_file_of(signatures, evidence.signature)}). Decide whose text it is: make the other pattern "
                    f"narrower and put this text among its counterexamples, or, if both show it, say so with "
                    f"[[made_by]] or `parent`, or let the text prove nothing (`says = {{}}` in a generic file)"
                )


def _file_of(signatures: SignatureSet, id: str) -> str:
    """The name of the file that a signature's id points to."""
    return signatures.paths.get(id.partition(".")[0], id).replace("\\", "/").rpartition("/")[2]


def _family(signatures: SignatureSet, file: VendorFile) -> set[str]:
    """Vendors a file may speak of: itself, its parents and makers, whom it names, and whoever names it so."""
    family = {file.vendor.id, *signatures.parents(file.vendor.id), *(row.maker for row in file.made_by)}
    for signature in file.signature:
        family |= {v for f, v in signature.says.items() if f in ("manufacturer", "brand")}
        family |= {e.expect["brand"] for e in signature.example if "brand" in e.expect}
    for entry in file.oui:
        family |= {v for f, v in entry.says.items() if f in ("manufacturer", "brand")}
    relatives = {
        other
        for other, data in signatures.vendors.items()
        if file.vendor.id in (*signatures.parents(other), *(row.maker for row in data.made_by))
    }
    return family | relatives


def _model(signatures: SignatureSet, file: VendorFile, rule: ModelRule) -> Iterator[str]:
    words = signatures.vocabulary.words
    broken = [reason for _, reason in _pattern(rule.id, rule.pattern)]
    if broken:
        yield from broken
        return
    if why := slow(rule.pattern):
        yield why
    if not rule.references:
        yield "a model rule without a source"
    if rule.device_type is not None and rule.device_type not in words["device_types"]:
        yield f"device_type {rule.device_type!r} is not one of {', '.join(words['device_types'])}"
    for capability in rule.capabilities:
        if capability not in words["capabilities"]:
            yield f"capability {capability!r} is not one of {', '.join(words['capabilities'])}"
    if rule.device_type is None and not rule.capabilities:
        yield "a model rule gives a type or a capability"
    if not rule.examples or not rule.counterexamples:
        yield "a model rule has at least one example and one counterexample"
    names = signatures.named(file.vendor.id)

    def hits(pattern: str, model: str) -> bool:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # told as a problem of the pattern
                return re.search(pattern, model_key(without_maker(model, names)), re.IGNORECASE) is not None
        except re.error:
            return False  # another rule's pattern, told as that rule's problem

    for model in rule.examples:
        if not hits(rule.pattern, model):
            yield f"does not match its example {model!r}"
        elif rule.device_type is not None:
            first = next(r for r in file.model if r.device_type is not None and hits(r.pattern, model))
            if first.device_type != rule.device_type:
                yield f"example {model!r} is taken first by {first.id}, which says {first.device_type}"
    for model in rule.counterexamples:
        if hits(rule.pattern, model):
            yield f"matches its counterexample {model!r}"


def _firmware(signatures: SignatureSet, file: VendorFile, rule: FirmwareRule) -> Iterator[str]:
    broken = [reason for _, reason in _pattern(rule.id, rule.pattern)]
    if broken:
        yield from broken
        return
    groups = set(re.compile(rule.pattern).groupindex)
    if not rule.references:
        yield "a firmware rule without a source"
    if rule.compare not in COMPARE:
        yield f"compare {rule.compare!r} is not one of {', '.join(COMPARE)}"
    if rule.certainty not in signatures.vocabulary.words["certainties"]:
        yield f"certainty {rule.certainty!r} is not one of A, B, C, U"
    if rule.certainty == "U" and rule.compare != "none":
        yield "an unverified shape is not compared: compare = \"none\""
    if strange := groups - set(GROUPS):
        yield f"group {sorted(strange)[0]!r} is not one of {', '.join(GROUPS)}"
    if rule.compare in ("version", "tuple") and "version" not in groups:
        yield f"compare {rule.compare!r} takes a group named version"
    if not rule.example or not rule.counterexamples:
        yield "a firmware rule has at least one example and one counterexample"
    for example in rule.example:
        read = read_firmware(file.firmware, example.value)
        if read.rule != rule.id:
            yield f"example {example.value!r} is taken by {read.rule or 'no rule'}"
            continue
        got = (".".join(map(str, read.version)), read.branch, read.built.isoformat() if read.built else "")
        if got != (example.version, example.branch, example.date):
            yield f"example {example.value!r} gives version {got[0]!r}, branch {got[1]!r}, date {got[2]!r}"
    for text in rule.counterexamples:
        if read_firmware([rule], text).rule is not None:
            yield f"matches its counterexample {text!r}"


def _page(signatures: SignatureSet, page: PageRule, kinds: Collection[str]) -> Iterator[str]:
    if not page.references:
        yield "a page without a source"
    if page.method not in ("GET", "POST"):
        yield f"method {page.method!r}: only GET, and documented anonymous POSTs"
    if (page.method == "POST") != bool(page.body):
        yield "a POST has a body and a GET has none"
    if not page.path.startswith("/") or _REFUSED_IN_PATHS.search(page.path) or _REFUSED_IN_PATHS.search(page.body):
        yield f"path {page.path!r}: starts with a slash, and neither logs in nor fetches pictures"
    if page.kind is not None and page.kind not in kinds:
        yield f"kind {page.kind!r} is none that can be decoded"
    for vendor_id in page.when:
        if vendor_id != "*" and vendor_id not in signatures.vendors:
            yield f"when names {vendor_id!r}, which has no file"


def slow(pattern: str) -> str | None:
    """Why a pattern may take the backtracking engine, which knows no bound in time, more than a moment; None if not."""
    nested, wide = _cost(_parser.parse(pattern))
    if nested:
        return "a repeat inside a repeat, with nothing fixed between: on some texts it takes forever without RE2"
    if wide > WIDE:
        return f"{wide} repeats of nearly any character; {WIDE} are the most. Prefer [^<]* to .*"
    return None


def _cost(items: Sequence[Any]) -> tuple[bool, int]:
    """(a repeat of a repeat with nothing fixed in it, how often nearly any character is repeated)."""
    nested, wide = False, 0
    for op, arg in items:
        name = str(op)
        inside: tuple[bool, int] = (False, 0)
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            body = list(arg[2])
            inside = _cost(body)
            if _endless(arg):
                nested |= _repeats(body) and not _fixed(body)
                wide += len(body) == 1 and _nearly_any(*body[0])
        elif name == "SUBPATTERN":
            inside = _cost(arg[3])
        elif name == "BRANCH":
            costs = [_cost(branch) for branch in arg[1]]
            inside = any(n for n, _ in costs), max(w for _, w in costs)
        nested |= inside[0]
        wide += inside[1]
    return nested, wide


def _endless(arg: Any) -> bool:
    return arg[1] is _constants.MAXREPEAT or arg[1] > 20


def _nearly_any(op: Any, arg: Any) -> bool:
    return str(op) in ("ANY", "NOT_LITERAL") or (str(op) == "IN" and str(arg[0][0]) == "NEGATE")


def _repeats(items: Sequence[Any]) -> bool:
    return any(
        (str(op) in ("MAX_REPEAT", "MIN_REPEAT") and _endless(arg))
        or (str(op) == "SUBPATTERN" and _repeats(arg[3]))
        or (str(op) == "BRANCH" and any(_repeats(branch) for branch in arg[1]))
        for op, arg in items
    )


def _fixed(items: Sequence[Any]) -> bool:
    """Whether a character of a short list must stand in every round."""
    return any(
        str(op) == "LITERAL"
        or (str(op) == "IN" and all(str(kind) == "LITERAL" for kind, _ in arg))
        or (str(op) == "SUBPATTERN" and _fixed(arg[3]))
        for op, arg in items
    )


def longest_literal(pattern: str) -> int:
    """Fixed characters in a row that every match of `pattern` must contain: 4 for `^Web(?:cam)?Srv1`."""
    return _literal(_parser.parse(pattern))


def _literal(items: Sequence[Any]) -> int:
    best = run = 0
    for op, arg in items:
        name = str(op)
        if name == "LITERAL":
            run += 1
            best = max(best, run)
            continue
        run = 0
        if name == "SUBPATTERN":
            best = max(best, _literal(arg[3]))
        elif name == "BRANCH":
            best = max(best, min(_literal(branch) for branch in arg[1]))
        elif name in ("MAX_REPEAT", "MIN_REPEAT") and arg[0] > 0:
            best = max(best, _literal(arg[2]))
    return best
