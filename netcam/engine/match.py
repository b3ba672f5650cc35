"""Every signature that has something to say about what was seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netcam.model import (
    Evidence,
    Observation,
    Strength,
    answer_of,
    canonical_mac,
    global_mac,
    placeholder_serial,
    uuid_node,
)

from .load import Signature, SignatureSet
from .values import name_key, normal_date, placeholder_model, split_firmware, without_maker

MEMO_TEXT = 256  # characters of a text worth remembering
MEMO_LIMIT = 16384  # texts remembered; with what is said about them some 10 MB


class EvidenceIds:
    """Hands out evidence ids: e1, e2, ... unique within one report."""

    def __init__(self) -> None:
        self._n = 0

    def next(self) -> str:
        self._n += 1
        return f"e{self._n}"


def match(signatures: SignatureSet, observations: Iterable[Observation], ids: EvidenceIds) -> tuple[Evidence, ...]:
    """What the signatures and the OUI data say about these observations; their order does not matter.

    A signature that claims nothing (`says = {}` and no capture) gives no evidence: it only marks text as known.
    """
    found: list[Evidence] = []
    for seen in observations:
        if seen.kind == "mac" or seen.kind.endswith(".mac"):
            found += _by_oui(signatures, seen, seen.value, ids)
        elif mac := mac_inside(signatures, seen):
            found += _by_oui(signatures, seen, mac, ids)
        spoken = _spoken(signatures, seen.kind, seen.value)
        via = answer_of(seen.kind, seen.endpoint) if spoken else ""
        for signature, says in spoken:
            found.append(
                Evidence(
                    id=ids.next(),
                    signature=signature.id,
                    observation=seen.id,
                    root=seen.root,
                    via=via,
                    strength=signature.strength,
                    says=says,
                )
            )
    return tuple(found)


def mac_inside(signatures: SignatureSet, seen: Observation) -> str | None:
    """The MAC that stands inside a text which is no MAC itself, or None.

    Read where the form of the text says so: the node of a time-based UUID, and what a signature captures as `mac`. Only
    a MAC that a maker burnt in counts, and of a text that could be read in two ways nothing.
    """
    if seen.kind.endswith(".uuid") and (node := uuid_node(seen.value)):
        return node
    reader = signatures.reading(seen.kind) if seen.kind in signatures.kinds_with_macs else None
    if reader is None:
        return None
    captured = (groups.get("mac") for _, groups in reader.matcher.find(seen.value))
    macs = {mac for text in captured if text and (mac := global_mac(text))}
    return macs.pop() if len(macs) == 1 else None


def _spoken(signatures: SignatureSet, kind: str, text: str) -> tuple[tuple[Signature, Mapping[str, str]], ...]:
    """Who speaks about a text, and what each says; remembered, because many devices say the same."""
    if (known := signatures.memo.get((kind, text))) is not None:
        return known
    reader = signatures.reading(kind)
    if reader is None:
        return ()
    made: list[tuple[Signature, Mapping[str, str]]] = []
    for index, groups in reader.matcher.find(text):
        vendor_id, signature = reader.signatures[index]
        says = claimed(signatures, vendor_id, signature.says, groups)
        says.pop("mac", None)  # whose block it is in is told by the register, and which device it is by grouping
        if says:
            made.append((signature, says))
    if len(text) <= MEMO_TEXT:
        if len(signatures.memo) >= MEMO_LIMIT:
            signatures.memo.clear()  # a stream in which nothing repeats gains nothing by a finer choice
        signatures.memo[kind, text] = tuple(made)
    return tuple(made)


def claimed(
    signatures: SignatureSet, vendor_id: str, says: Mapping[str, str], groups: Mapping[str, str]
) -> dict[str, str]:
    """`says` and what was captured, normalised; captures that hold nothing usable are left out."""
    out = dict(says)
    for field, captured in groups.items():
        text = captured.strip()
        if not text:
            continue
        if field == "badge":
            if (brand := signatures.names.get(name_key(text))) is not None:
                out["brand"] = brand
        elif field == "model":
            model = without_maker(text, signatures.named(vendor_id))
            if not placeholder_model(model):
                out["model"] = model
        elif field == "firmware":
            out["firmware"], day = split_firmware(text)
            if day:
                out.setdefault("firmware_date", day)
        elif field == "firmware_date":
            if day := normal_date(text):
                out["firmware_date"] = day
        elif field == "serial":
            if not placeholder_serial(text):
                out["serial"] = text
        elif field == "mac":
            if mac := global_mac(text):
                out["mac"] = mac
        else:
            out[field] = text
    return out


def _by_oui(signatures: SignatureSet, seen: Observation, mac: str, ids: EvidenceIds) -> list[Evidence]:
    digits = "".join(c for c in mac if c.isalnum()).upper()
    private = next((signatures.prefixes[digits[:n]] for n in (9, 7, 6) if digits[:n] in signatures.prefixes), None)
    registered = signatures.oui.registrant(mac)
    known = private or (signatures.registrants.get(registered[1]) if registered else None)
    if known is None:
        return []
    vendor_id, entry = known
    # A MAC that only stands in an answer could be anybody's: half as good as one the link layer showed.
    strength = Strength.SUPPORTING if seen.kind == "mac" else Strength.WEAK
    return [
        Evidence(
            id=ids.next(),
            signature=f"{vendor_id}.oui",
            observation=seen.id,
            root=f"mac:{canonical_mac(mac) or mac.lower()}",  # one fact, wherever it stands
            via=answer_of(seen.kind, seen.endpoint),
            strength=strength,
            says=dict(entry.says) or {"manufacturer": vendor_id},
        )
    ]
