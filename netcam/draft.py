"""A vendor file to start from, drafted from what one device showed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from netcam.engine.check import FILL, FREE_TEXT, LITERAL, longest_literal
from netcam.engine.load import SignatureSet
from netcam.engine.match import claimed
from netcam.engine.patterns import matcher
from netcam.engine.values import placeholder_model
from netcam.masked import LONG, Mask
from netcam.model import Observation, canonical_mac

# What a maker's own hand is in. Addresses, ports, states and what people typed in tell nobody's make.
_KINDS = frozenset((
    "http.server", "http.title", "http.wwwauth", "http.cookie", "rtsp.server", "rtsp.realm", "tls.subject",
    "tls.issuer", "telnet", "ftp", "ssh", "port-banner", "snmp.sysdescr", "snmp.sysobjectid", "mdns.service",
    "mdns.name", "mdns.txt", "ssdp.server", "onvif.name", "onvif.hardware", "dhcp.vendorclass", "sip.server",
    "sip.useragent", "lldp.sysdescr", "cdp.platform", "favicon.md5", "favicon.mmh3",
))  # fmt: skip
_FIELDS = frozenset((
    "manufacturer", "manufacturerurl", "vendor", "model", "modelname", "modelnumber", "modeldescription", "devicetype",
    "oem", "oemcode", "class", "platform",
))  # fmt: skip
_MODEL_FIELDS = frozenset(("model", "modelname", "modelnumber", "hardware"))
_BADGE_FIELDS = frozenset(("title", "name", "manufacturer", "manufacturerurl", "vendor", "subject", "issuer"))
LONGEST = 100  # characters of a text that become a pattern; what stands further back is seldom the maker's
# Services that all makers' devices announce.
_COMMON_SERVICES = re.compile(
    r"_(http|https|rtsp|ipp|ipps|printer|pdl-datastream|scanner|uscan|ssh|sftp-ssh|smb|ftp|telnet|workstation|onvif|airplay|"
    r"raop|hap|googlecast|device-info|services)\._(tcp|udp|dns-sd)"
)
MOST = 40  # signatures of one draft: a person has to fill in each
_REALM = re.compile(r'realm="([^"]*)"', re.IGNORECASE)
_TOKEN = re.compile(
    r"(?P<version>(?<![0-9A-Za-z.])(?P<v>[vV]?)(?P<number>\d+(?:\.\d+)+))(?![0-9A-Za-z])|(?P<digits>\d+)|(?P<other>.)",
    re.DOTALL,
)
_TOLD = re.compile(r"(?:firmware|version|ver|fw|software|release)\W{0,3}$|/$", re.IGNORECASE)


def draft(vendor_id: str, seen: Sequence[Observation], signatures: SignatureSet) -> str | None:
    """The text of `vendors/<vendor_id>.toml`, or of the tables to add to it where there is one; None: nothing is new.

    A signature for every text that may tell the maker and that no signature knows, generic ones included. Digits are
    generalised, and what is one device's own (MACs, serials, addresses, names) is masked in the example and general in
    the pattern. What only a person can know is marked, and the check refuses the file until it is filled in.
    """
    mask = Mask(known_block=lambda mac: signatures.oui.registrant(mac) is not None)
    mask.learn(seen, ())
    for o in seen:
        for run in LONG.findall("" if o.kind.startswith("favicon.") else o.value):
            mask.word(run)
    known = signatures.vendors.get(vendor_id)
    badge_only = known is not None and not known.vendor.builds
    tables = [*_ouis(vendor_id, seen, signatures, badge_only)]
    taken = {s.id for s in known.signature} if known else set()
    done: set[tuple[str, str]] = set()
    for o in seen:
        if len(done) >= MOST:
            break
        if not _worth(o, signatures) or (found := _pattern(o.kind, mask.text(o.value, o.kind), mask)) is None:
            continue
        value, pattern = found
        if (o.kind, pattern) in done:
            continue
        done.add((o.kind, pattern))
        id = _free(f"{vendor_id}.{o.kind}", taken)
        tables.append(_signature(vendor_id, id, o.kind, value, pattern, signatures, badge_only))
    if not tables:
        return None
    head = f"# To add to {vendor_id}.toml. " if known else "# "
    head += f'A draft: `netcam signatures check` refuses it until each "{FILL}" is replaced.\n'
    return "\n".join([head if known else head + _company(vendor_id), *tables])


def _worth(o: Observation, signatures: SignatureSet) -> bool:
    """Whether the text may tell who made the device, and nobody has said yet what it means."""
    if o.kind not in _KINDS and o.kind.partition(".")[2] not in _FIELDS:
        return False
    if len(re.findall("[A-Za-z]", o.value)) < 3 or placeholder_model(o.value):
        return False
    if o.kind == "mdns.service" and _COMMON_SERVICES.match(o.value):
        return False
    reader = signatures.reading(o.kind)
    return reader is None or not reader.matcher.find(o.value)


def _pattern(kind: str, text: str, mask: Mask) -> tuple[str, str] | None:
    """(example, pattern) for a masked text; None where too little of it is fixed to tell anybody apart."""
    if kind.endswith((".wwwauth", ".realm")) and (realm := _REALM.search(text)):
        if len(re.findall("[A-Za-z]", realm[1])) < 3:
            return None
        value, body, ends = realm[0], realm[0], ("", "")
    else:
        value = text.strip()
        line = value.splitlines()[0] if kind in FREE_TEXT else value
        body = line[:LONGEST]
        ends = ("^", "$" if body == value else "")
        value = value[:300]
    field = kind.partition(".")[2]
    prefix = re.match(r"[A-Za-z]{2,}[A-Za-z _-]*(?=\d)", body)
    if kind.startswith("favicon."):
        made = _escaped(body)
    elif field in _MODEL_FIELDS and ends[1] and prefix and not re.search(r"\s", body[prefix.end() :]):
        made = f"(?P<model>{_escaped(prefix[0])}[0-9A-Za-z/()._+-]+)"
    else:
        made = _general(body, mask)
    pattern = f"{ends[0]}{made}{ends[1]}"
    if longest_literal(pattern) < (LITERAL if kind in FREE_TEXT else 2):
        return None
    return (value, pattern) if matcher([pattern]).find(value) else None


def _general(text: str, mask: Mask) -> str:
    """A pattern for a text: stand-ins and digits stand for any of their shape, a told version is the firmware."""
    out: list[str] = []
    versions = len([m for m in _TOKEN.finditer(text) if m["version"]])
    captured = False
    at = 0
    for start, end, shape in (*_stand_ins(text, mask), (len(text), len(text), "")):
        for m in _TOKEN.finditer(text, at, start):
            before = text[: m.start()]
            told = bool(m["v"]) or _TOLD.search(before) is not None
            if m["version"]:
                number = r"\d+(?:\.\d+)*"
                if told and not captured and (versions == 1 or not before.endswith("/")):
                    captured = True
                    number = f"(?P<firmware>{number})"
                out.append((f"[{m['v'].upper()}{m['v'].lower()}]" if m["v"] else "") + number)
            elif m["digits"]:
                inside = m.start() > 0 and m.end() < len(text) and (text[m.start() - 1] + text[m.end()]).isalpha()
                out.append(m["digits"] if inside and len(m["digits"]) == 1 else r"\d+")  # the 2 of P2P stays
            else:
                out.append(_escaped(m["other"]))
        out.append(shape)
        at = end
    return "".join(out)


def _stand_ins(text: str, mask: Mask) -> Iterable[tuple[int, int, str]]:
    """(start, end, pattern) of what the mask put in, from left to right."""
    found: list[tuple[int, int, str]] = []
    for made, hexadecimal in mask.stand_ins():
        for m in re.finditer(re.escape(made), text, re.IGNORECASE):
            letters = "[0-9A-Fa-f]" if hexadecimal else "[0-9A-Za-z]"
            runs = re.finditer(r"[0-9A-Za-z]+|[^0-9A-Za-z]+", m[0])
            if re.fullmatch(r"\d+(\.\d+){3}|[0-9a-f]*:[0-9a-f:.]*", made):  # an address, whatever its length
                found.append((m.start(), m.end(), r"[0-9.]+" if "." in made else "[0-9A-Fa-f:]+"))
                continue
            shape = "".join(f"{letters}+" if r[0][0].isalnum() else _escaped(r[0]) for r in runs)
            found.append((m.start(), m.end(), shape))
    last = 0
    for start, end, shape in sorted(found, key=lambda f: (f[0], -f[1])):
        if start >= last:
            yield start, end, shape
            last = end


def _escaped(text: str) -> str:
    """A text as both pattern engines take it."""
    return "".join(
        f"\\{c}" if c in r".^$*+?{}[]\|()" else c if c.isprintable() else f"\\x{ord(c):02x}" if ord(c) < 256 else "."
        for c in text
    )


def _free(id: str, taken: set[str]) -> str:
    number, made = 1, id
    while made in taken:
        number += 1
        made = f"{id}-{number}"
    taken.add(made)
    return made


def _company(vendor_id: str) -> str:
    name = vendor_id.replace("-", " ").title()
    return f"""schema = 1

[vendor]
id = {_toml(vendor_id)}
name = {_toml(f"{FILL} the company's name, perhaps {name}")}
aliases = []
# A company that builds nothing itself has builds = false, and its marks say `brand` instead of `manufacturer`.
builds = true
own_badge = true
references = [{_toml(f"{FILL} where the company says who it is")}]
"""


def _ouis(vendor_id: str, seen: Sequence[Observation], signatures: SignatureSet, badge_only: bool) -> Iterable[str]:
    """Rows for the registrants of the device's MACs that no vendor file names yet."""
    macs = [mac for o in seen if o.kind == "mac" or o.kind.endswith(".mac") if (mac := canonical_mac(o.value))]
    names = dict.fromkeys(found[1] for mac in macs if (found := signatures.oui.registrant(mac)))
    says = f"{{ {'brand' if badge_only else 'manufacturer'} = {_toml(vendor_id)} }}"
    for name in names:
        if name == "Private" or " ".join(name.split()) in signatures.registrants:
            continue
        yield f"""[[oui]]
registrant = {_toml(" ".join(name.split()))}
says = {says}
references = ["IEEE registration authority", {_toml(f"{FILL} what shows that this registrant is the vendor")}]
checked = {signatures.oui.date}
"""


def _signature(
    vendor_id: str, id: str, kind: str, value: str, pattern: str, signatures: SignatureSet, badge_only: bool
) -> str:
    field = "brand" if badge_only or kind.partition(".")[2] in _BADGE_FIELDS else "manufacturer"
    says = {field: vendor_id}
    (_, groups), *_ = matcher([pattern]).find(value)
    expect = {k: v for k, v in claimed(signatures, vendor_id, says, groups).items() if k not in says}
    expected = f"\nexpect = {{ {', '.join(f'{k} = {_toml(v)}' for k, v in expect.items())} }}" if expect else ""
    return f"""{_others(kind, pattern, signatures)}[[signature]]
id = {_toml(id)}
status = "experimental"
observes = {_toml(kind)}
pattern = {_toml(pattern)}
strength = "supporting"
says = {{ {field} = {_toml(vendor_id)} }}
references = [{_toml(f"{FILL} a document, capture or source that shows this text")}]
[[signature.example]]
value = {_toml(value)}{expected}
from = {_toml(f"{FILL} which device showed it; serials, addresses and names are masked")}
[[signature.counterexample]]
value = {_toml(f"{FILL} a text that looks like it and is another company's")}
why = {_toml(f"{FILL} whose it is")}
"""


def _others(kind: str, pattern: str, signatures: SignatureSet) -> str:
    """A line on other vendors whose examples the pattern takes."""
    own = matcher([pattern])
    reader = signatures.reading(kind)
    taken = sorted(
        {
            s.id
            for _, s in (reader.signatures if reader else ())
            if s.says and any(own.find(e.value) for e in s.example)
        }
    )
    return f"# Takes examples of {', '.join(taken[:5])} too: whose text is it?\n" if taken else ""


def _toml(text: str) -> str:
    """A TOML string: literal where that can hold it."""
    if "'" not in text and "\\" in text and text.isprintable():
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
