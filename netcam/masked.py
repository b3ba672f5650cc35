"""Texts without what points at one device or one place: MAC tails, serials, addresses, names, UUIDs, fingerprints.

The same secret always becomes the same stand-in, in the same spelling (separators, case, length), so that whoever reads
the masked texts, the engine included, still sees what belongs together and whose block a MAC is from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address

from netcam.model import Observation, canonical_mac

# Fields that people fill in, or that name a host.
NAME_FIELDS = frozenset(("name", "host", "hostname", "sysname", "friendlyname", "location", "san", "sni", "group"))
_HOST_FIELDS = frozenset(("host", "hostname", "sysname", "sni"))
_HOST_KINDS = frozenset(("llmnr.name", "netbios.name"))
_HEX = "[0-9a-fA-F]"
_UUID = re.compile(rf"(?<![0-9a-zA-Z]){_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}(?![0-9a-zA-Z])")
_MAC = re.compile(
    rf"(?<![0-9a-zA-Z])(?:{_HEX}{{2}}(?P<s>[:-]){_HEX}{{2}}(?:(?P=s){_HEX}{{2}}){{4}}|{_HEX}{{4}}\.{_HEX}{{4}}\.{_HEX}{{4}})"
    r"(?![0-9a-zA-Z])"
)
_BARE_MAC = re.compile(rf"(?<![0-9a-zA-Z])(?=\d*[a-fA-F]){_HEX}{{12}}(?![0-9a-zA-Z])")
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
_IPV6 = re.compile(rf"(?<![\w:.])(?=(?:{_HEX}*:){{2}})[0-9a-fA-F:]+(?:(?:\d{{1,3}}\.){{3}}\d{{1,3}})?(?![\w:])")
_VERSION_BEFORE = re.compile(r"(?:[A-Za-z0-9]/|[vV_-]|(?:version|firmware|build|release|rev)\W{0,4})$", re.IGNORECASE)
_LOCAL_NAME = re.compile(
    r"(?<![\w.-])[\w-]+(?:\.[\w-]+)*\.(?:local|lan|home|internal|localdomain|corp|intra|arpa)\b\.?", re.IGNORECASE
)
# Words before a number that is one device's own.
_TOLD = re.compile(
    r"(serial[ _-]?(?:no|num(?:ber)?)?|\bs/?n|device[ _-]?(?:id|sn)|p2p[ _-]?(?:id|uid)?|cloud[ _-]?id|\bu?uid|\bdid)"
    r"(\s*[\"']?\s*[\s:=>]\s*[\"']?\s*)([0-9A-Za-z][0-9A-Za-z_-]{5,63})",
    re.IGNORECASE,
)
_P2P = re.compile(
    r"(?<![0-9A-Za-z-])(?:[A-Z]{3,8}-\d{5,9}-[A-Z]{5}|(?=[A-Z]*\d)(?=\d*[A-Z])[A-Z0-9]{20})(?![0-9A-Za-z-])"
)
# A number this long is one device's more often than a version.
LONG = re.compile(
    r"(?<![0-9A-Za-z.])(?:\d{7,}|(?=[A-Z]*\d)(?=\d*[A-Z])(?=(?:[A-Z]*\d){5})[0-9A-Z]{10,})(?![0-9A-Za-z.])"
)
_LOCATION = re.compile(r"(onvif://www\.onvif\.org/location/)[^\s\"<>]+", re.IGNORECASE)
_DIGITS, _LETTERS, _HEX_LETTERS = "7294816350", "QXZJVKWY", "ebdacf"
_LEAD = re.compile(r"[A-Za-z]{1,4}(?=[^A-Za-z])")


class Mask:
    """Learns what is secret, then takes it out of texts.

    Args:
        block: how many hex digits of a MAC (12 digits) tell its block: 6, 7 or 9.
        known_block: whether a company has registered the MAC's block, so that 12 bare hex digits are likely a MAC.
    """

    def __init__(
        self, block: Callable[[str], int] = lambda mac: 6, known_block: Callable[[str], bool] = lambda mac: False
    ) -> None:
        self._block, self._known_block = block, known_block
        self._macs: dict[str, str] = {}  # 12 digits -> 12 digits
        self._ips: dict[IPv4Address | IPv6Address, str] = {}
        self._words: dict[str, str] = {}  # lower case -> stand-in; replaced wherever they stand
        self._names: dict[str, str] = {}  # the same, as whole words
        self._uuids: dict[str, str] = {}
        self._keep: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, observations: Iterable[Observation], spoken: Iterable[str], model: str | None = None) -> None:
        """Take from observations what their kinds say is secret.

        Args:
            spoken: ids of observations that evidence rests on; their texts keep what the evidence may need.
            model: the device's model, which may stand at the front of its serial.
        """
        speaking = frozenset(spoken)
        seen = sorted(observations, key=lambda o: o.kind)
        for o in seen:  # MACs first: a serial may be one
            if o.kind == "mac" or o.kind.endswith(".mac"):
                self.mac(o.value)
            for found in (*_MAC.finditer(o.value), *_BARE_MAC.finditer(o.value)):
                digits = re.sub(r"[^0-9a-f]", "", found[0].lower())
                if ":" in found[0] or "-" in found[0] or self._known_block(digits):
                    self.mac(digits)
        for o in seen:
            if o.endpoint.ip is not None:
                self.address(o.endpoint.ip)
            field = o.kind.rpartition(".")[2]
            if field == "ip":
                self.address_text(o.value)
            elif field == "serial":
                self.serial(o.value, model)
            elif field == "uuid":
                self.uuid(o.value, whole=o.id not in speaking)
            elif o.kind == "tls.fingerprint":
                self.word(o.value)
            elif field in _HOST_FIELDS or o.kind in _HOST_KINDS:
                self.host(o.value, spoken=o.id in speaking)
            for run in LONG.findall(o.value) if o.kind in ("tls.subject", "tls.issuer") else ():
                self.serial(run)  # makers put the serial into the device's certificate
            for told in _TOLD.finditer(o.value):
                if any(c.isdigit() for c in told[3]) and not _UUID.fullmatch(told[3]):
                    self.serial(told[3], model)
            for found in _P2P.finditer(o.value):
                self.word(found[0])

    def mac(self, text: str) -> None:
        mac = canonical_mac(text)
        digits = mac.replace(":", "") if mac else ""
        if not digits or digits in self._macs:
            return
        keep = self._block(digits)
        number = 0xA0001 + len(self._macs)
        while True:
            made = digits[:keep] + f"{number:012x}"[keep - 12 :]
            if made not in self._macs and made[6:] not in {m[6:] for m in (*self._macs, digits)} | {
                m[6:] for m in self._macs.values()
            }:
                break
            number += 1
        self._macs[digits], self._pattern = made, None

    def address(self, ip: IPv4Address | IPv6Address) -> str:
        """The stand-in of an address: one of the documentation ranges."""
        if ip not in self._ips:
            number = sum(i.version == ip.version for i in self._ips) + 1
            while True:
                base = "192.0.2.0" if number < 255 else "198.18.0.0"
                made = IPv4Address(base) + number if ip.version == 4 else IPv6Address("2001:db8::") + number
                if made != ip and made not in self._ips:
                    break
                number += 1
            self._ips[ip] = str(made)
        return self._ips[ip]

    def address_text(self, text: str) -> None:
        try:
            self.address(ip_address(text.strip()))
        except ValueError:
            pass

    def serial(self, text: str, model: str | None = None) -> None:
        """A serial number; a model or a maker's letters in front of it stay."""
        text = text.strip()
        lead = _LEAD.match(text)
        keep = len(model) if model and text.upper().startswith(model.upper()) else len(lead[0]) if lead else 0
        self.word(text, keep if len(text) - keep >= 4 else 0)

    def uuid(self, text: str, *, whole: bool = True) -> None:
        key = re.sub(r"^(?:urn:)?(?:uuid:)?", "", text.strip().lower())
        if key and key not in self._uuids:
            if _UUID.fullmatch(key):
                self._uuids[key] = _shaped(key, len(self._uuids), 0 if whole else 8, hexadecimal=True)
            else:
                self._uuids[key] = key
                self.word(key)

    def host(self, text: str, *, spoken: bool = False) -> None:
        """A host name, and its first label where that is no plain word."""
        name = text.strip().rstrip(".")
        if len(name) < 2 or name.lower() in self._names:
            return
        number = len(self._names) + 1
        lead = re.match("[A-Za-z]{3,}", name)
        keep = len(lead[0]) if spoken and lead and len(lead[0]) < len(name) else 0
        self._names[name.lower()] = _shaped(name, number, keep) if keep else f"host-{number}"
        label = name.partition(".")[0]
        if label != name and (len(label) > 7 or re.search(r"[\d_-]", label)):
            self.host(label, spoken=spoken)
        self._pattern = None

    def name(self, text: str) -> None:
        """A place or another name, wherever it stands as a word of its own."""
        if len(text.strip()) > 1:
            self._names.setdefault(text.strip().lower(), f"name-{len(self._names) + 1}")
            self._pattern = None

    def word(self, text: str, keep: int = 0) -> None:
        """A text that is one device's own, wherever it stands; its first `keep` characters stay."""
        key = text.strip().lower()
        if len(letters := re.sub(r"[\W_]", "", key)) < 4 or key in self._words or letters in self._macs:
            return
        hexadecimal = re.fullmatch(r"[0-9a-f:]+", key) is not None and len(key) > 8
        self._words[key] = _shaped(text.strip(), len(self._words), keep, hexadecimal=hexadecimal)
        self._pattern = None

    def text(self, text: str, kind: str = "") -> str:
        """`text` without anything secret."""
        out = _LOCATION.sub(r"\1masked", text)
        out = _UUID.sub(lambda m: self._uuid(m[0]), out)
        out = self._known().sub(self._replaced, out)
        out = _MAC.sub(lambda m: self._mac(m[0]), out)
        out = _LOCAL_NAME.sub(self._local, out)
        out = _IPV6.sub(lambda m: self._ip(m[0]), out)
        if kind.rpartition(".")[2] in ("firmware", "version", "software"):
            return out
        return _IPV4.sub(lambda m: m[0] if self._is_version(m) else self._ip(m[0]), out)

    def stand_ins(self) -> list[tuple[str, bool]]:
        """(what the mask puts in, whether it is hexadecimal), in every spelling but for case; the longest first."""
        made = [(word, re.fullmatch("[0-9a-f:]+", word.lower()) is not None) for word in self._words.values()]
        for mac in self._macs.values():
            pairs, fours = re.findall("..", mac), re.findall("....", mac)
            made += [(t, True) for t in (mac, ":".join(pairs), "-".join(pairs), " ".join(pairs), ".".join(fours))]
            made.append((mac[6:], True))
        made += [(text, True) for text in self._uuids.values()]
        made += [(text, False) for text in (*self._ips.values(), *self._names.values())]
        return sorted(made, key=lambda item: -len(item[0]))

    def _known(self) -> re.Pattern[str]:
        """One pattern over all that was learnt, the longest first."""
        if self._pattern is None:
            gap = "[-:. ]?"
            parts: list[tuple[int, str]] = []
            for mac in self._macs:
                parts.append((24, gap.join(mac)))
                parts.append((12, gap.join(mac[6:])))
            parts += [(2 * len(word), re.escape(word)) for word in self._words]
            parts += [(2 * len(name), rf"(?<![0-9A-Za-z]){re.escape(name)}(?![0-9A-Za-z])") for name in self._names]
            parts += [
                (9, rf"(?<![0-9])(?:{'[-_]'.join(octets)})(?![0-9])")
                for ip in self._ips
                if ip.version == 4
                for octets in (str(ip).split("."), str(ip).split(".")[::-1])
            ]
            parts += [(9, rf"(?<![0-9.]){re.escape(str(ip))}(?![0-9]|\.[0-9])") for ip in self._ips if ip.version == 4]
            patterns = [p for _, p in sorted(parts, key=lambda part: -part[0])]
            self._pattern = re.compile("|".join(patterns) if patterns else "(?!)", re.IGNORECASE)
        return self._pattern

    def _replaced(self, found: re.Match[str]) -> str:
        text = found[0]
        key = text.lower()
        if key in self._words:
            return _cased(self._words[key], text)
        if key in self._names:
            return self._names[key]
        digits = re.sub(r"[^0-9a-f]", "", key)
        if len(digits) == 12 and digits in self._macs:
            return _spelt(text, self._macs[digits])
        tail = next((made[6:] for mac, made in self._macs.items() if mac[6:] == digits), None)
        if tail is not None:
            return _spelt(text, tail)
        octets = re.split(r"[-_.]", text)
        for order in (octets, octets[::-1]):
            try:
                ip = ip_address(".".join(order))
            except ValueError:
                continue
            if ip in self._ips:
                made = self._ips[ip].split(".")[:: 1 if order is octets else -1]
                gaps = [*re.findall("[-_.]", text), ""]
                return "".join(octet + gap for octet, gap in zip(made, gaps, strict=True))
        return text

    def _uuid(self, text: str) -> str:
        self.uuid(text)
        return _spelt(text, re.sub("[^0-9a-f]", "", self._uuids[text.lower()]))

    def _mac(self, text: str) -> str:
        digits = re.sub(r"[^0-9a-f]", "", text.lower())
        if digits in self._macs.values() or ("." in text and not self._known_block(digits)):
            return text
        self.mac(digits)
        return _spelt(text, self._macs[digits]) if digits in self._macs else text

    def _local(self, found: re.Match[str]) -> str:
        name = found[0].rstrip(".")
        if name.startswith("_") or "._" in name or name.lower().partition(".")[0] in self._names.values():
            return found[0]  # a service type, as "_http._tcp.local", names nobody
        self.host(name)
        return self._names.get(name.lower(), found[0])

    def _ip(self, text: str) -> str:
        try:
            ip = ip_address(text)
        except ValueError:
            return text
        if str(ip) in self._ips.values() or ip.is_unspecified or ip.is_loopback or ip.is_multicast:
            return text
        return self.address(ip)

    @staticmethod
    def _is_version(found: re.Match[str]) -> bool:
        before = found.string[max(0, found.start() - 16) : found.start()]
        return not before.endswith("//") and _VERSION_BEFORE.search(before) is not None


def _spelt(like: str, digits: str) -> str:
    """Hex digits with the separators and the case of another spelling."""
    if re.search("[A-F]", like):
        digits = digits.upper()
    following = iter(digits)
    return "".join(next(following) if c in "0123456789abcdefABCDEF" else c for c in like)


def _cased(made: str, like: str) -> str:
    """A stand-in in the case of the spelling that it replaces, where that has only one."""
    return made.upper() if like.isupper() else made.lower() if like.islower() else made


def _shaped(text: str, number: int, keep: int, *, hexadecimal: bool = False) -> str:
    """A stand-in of the same shape: digits for digits, letters for letters; always the same one for a number."""
    out = [text[:keep]]
    for at, c in enumerate(text[keep:]):
        step = at * 3 + number + at // 5
        if c.isdigit():
            made = _DIGITS[step % len(_DIGITS)]
        elif c.isalpha():
            letters = _HEX_LETTERS if hexadecimal else _LETTERS
            made = letters[step % len(letters)]
            made = made.upper() if c.isupper() else made.lower()
        else:
            made = c
        out.append(made)
    made_text = "".join(out)
    return made_text if made_text.lower() != text.lower() else _shaped(text, number + 1, keep, hexadecimal=hexadecimal)
