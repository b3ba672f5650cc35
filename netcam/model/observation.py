"""What was seen, before anyone has an opinion about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

IPAddress = IPv4Address | IPv6Address

VALUE_LIMIT = 4096  # characters kept of one value; a longer text adds nothing that a signature could use
BODY_LIMIT = 16384  # web pages put their marks late: the one kind that may be longer


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where something was seen. `ip` is None only for observations that somebody else collected."""

    ip: IPAddress | None = None
    port: int | None = None
    transport: str | None = None  # "tcp" | "udp"
    mac: str | None = None  # lower case with colons; only where our own link layer showed it


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One thing that one probe saw.

    `root` is the fact it rests on: two observations with one root are one witness (see `root_of`).
    """

    id: str
    kind: str
    value: str
    endpoint: Endpoint
    probe: str
    seen_at: datetime
    root: str


_REALM = re.compile(r'realm\s*=\s*"([^"]*)"', re.IGNORECASE)
# One-time values and secrets that protocols put beside the facts we want. They are never stored.
_SECRETS = re.compile(
    r"\b(nonce|cnonce|opaque|response|random|salt|token|password|passwd|session_?id|challenge)(\s*=\s*)"
    r'("(?:[^"\\]|\\.)*"?|[^\s,;"]+)',  # a quote that is never closed hides nothing
    re.IGNORECASE,
)
_TIME_BASED = re.compile(r"\{?[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-[89ab][0-9a-f]{3}-([0-9a-f]{12})\}?")
_MAC_KINDS = ("mac",)
_SAME_STACK = {"onvif": "onvif", "wsd": "onvif"}  # SOAP calls and WS-Discovery answers come from one program


def without_secrets(text: str) -> str:
    """`text` with the values of nonces, salts, tokens and passwords in `name=value` form emptied."""
    return _SECRETS.sub(lambda m: f'{m[1]}{m[2]}""', text)


def root_of(kind: str, value: str, endpoint: Endpoint) -> str:
    """The fact behind an observation, so that an echo counts once.

    A MAC, serial number, UUID, certificate or authentication realm is one fact wherever it is repeated. Everything else
    that one TCP port says is one banner, and everything that one discovery protocol says of an address is one answer.
    """
    _, _, field = kind.partition(".")
    text = value.strip()
    if kind in _MAC_KINDS or field == "mac":
        return f"mac:{canonical_mac(text) or text.lower()}"
    if field == "serial":
        return f"serial:{text.upper()}"
    if field == "uuid":
        return f"uuid:{canonical_uuid(text) or text.lower()}"
    if kind == "tls.fingerprint":
        return f"cert:{text.lower()}"
    if field in ("wwwauth", "realm") and (realm := _REALM.search(text)) and realm[1]:
        return f"realm:{realm[1]}"
    if field == "realm" and text:
        return f"realm:{text}"
    return answer_of(kind, endpoint)


def answer_of(kind: str, endpoint: Endpoint) -> str:
    """The answer an observation came in: what one TCP port says, or what one discovery protocol says of an address.

    A liar writes a whole answer, so its parts are no independent witnesses, whatever facts they name.
    """
    where = _spelt(endpoint.ip) if endpoint.ip is not None else "?"
    protocol = kind.partition(".")[0]
    if endpoint.transport == "tcp" and endpoint.port is not None and protocol not in _SAME_STACK:
        return f"banner:{where}:{endpoint.port}"
    return f"{_SAME_STACK.get(protocol, protocol)}:{where}"


@lru_cache(maxsize=256)
def _spelt(ip: IPAddress) -> str:
    """An address as text; everything that one device shows asks for the same one."""
    return str(ip)


def canonical_mac(text: str) -> str | None:
    """`text` as lower-case MAC with colons, or None if it isn't one MAC; takes colons, hyphens, dots or nothing."""
    digits = re.sub(r"[:\-. ]", "", text.strip()).lower()
    if len(digits) != 12 or not all(c in "0123456789abcdef" for c in digits):
        return None
    if digits in ("000000000000", "ffffffffffff") or int(digits[1], 16) & 1:
        return None  # no station has a null, broadcast or group address
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def canonical_uuid(text: str) -> str | None:
    """`text` in lower case without "urn:" and "uuid:"; None where it names nothing: too short, or one digit alone."""
    bare = text.strip().lower().removeprefix("urn:").removeprefix("uuid:")
    digits = re.sub(r"[^0-9a-z]", "", bare)
    return None if len(digits) < 8 or len(set(digits)) == 1 else bare


def global_mac(text: str) -> str | None:
    """`canonical_mac` of an address that a maker burnt in; None too for one that software made up (IEEE 802, 8.2)."""
    mac = canonical_mac(text)
    return None if mac is None or int(mac[1], 16) & 2 else mac


def uuid_node(text: str) -> str | None:
    """The MAC in a time-based UUID (RFC 9562, section 5.1), or None.

    Version and variant must say so: the last digits of a random or named UUID mean nothing. A node that is no burnt-in
    MAC was made up, as the RFC asks for where a host has none or keeps it to itself.
    """
    found = _TIME_BASED.fullmatch(canonical_uuid(text) or "")
    return global_mac(found[1]) if found else None


def placeholder_serial(text: str) -> bool:
    """Whether a serial number is a factory dummy that many devices share, so that it can't tell two apart."""
    digits = re.sub(r"[^0-9A-Za-z]", "", text)
    return len(digits) < 4 or len(set(digits)) <= 2 or digits in "01234567890123456789" or "*" in text or "#" in text


def utc(moment: datetime | None = None) -> datetime:
    """`moment`, or now, as an aware UTC time with millisecond precision."""
    moment = moment.astimezone(UTC) if moment else datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class Numbering:
    """Hands out observation ids: o1, o2, ... unique within one report."""

    def __init__(self) -> None:
        self._n = 0

    def observe(
        self,
        endpoint: Endpoint,
        probe: str,
        seen: Mapping[str, str | None] | Iterable[tuple[str, str | None]],
        *,
        seen_at: datetime | None = None,
    ) -> tuple[Observation, ...]:
        """Observations for every (kind, text) that holds something; None and blank texts are left out.

        Texts are bounded, and secrets in them are emptied, before anything else sees them.
        """
        at = seen_at or utc()
        made: list[Observation] = []
        for kind, text in seen.items() if isinstance(seen, Mapping) else seen:
            if text is None or not (clean := _clean(kind, text)):
                continue
            self._n += 1
            made.append(
                Observation(
                    id=f"o{self._n}",
                    kind=kind,
                    value=clean,
                    endpoint=endpoint,
                    probe=probe,
                    seen_at=at,
                    root=root_of(kind, clean, endpoint),
                )
            )
        return tuple(made)


def _clean(kind: str, text: str) -> str:
    text = text.encode("utf-8", "replace").decode("utf-8")
    if kind != "port-banner":  # in a binary greeting a leading NUL is part of what was said
        text = text.strip("\0 \t\r\n")
    if kind == "http.body":
        return text[:BODY_LIMIT]
    if kind == "http.cookie":
        return text.partition("=")[0].strip()[:200]  # the name only: values are sessions
    if kind.endswith((".wwwauth", ".realm")):
        text = without_secrets(text)
    if kind == "rtsp.realm" and text and not _REALM.search(text):
        text = f'realm="{text}"'  # a tool that keeps the realm alone: signatures read challenges
    return text[:VALUE_LIMIT]
