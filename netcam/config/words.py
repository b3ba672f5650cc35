"""Words of the file that need reading: durations, days, addresses."""

from __future__ import annotations

import ipaddress
import math
import re

from netcam.model.scope import AddressRange

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_DURATION = re.compile(r"(?:\d{1,9}(?:\.\d{1,3})?[smhdw])+")
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_LONGEST_S = 100 * 366 * 86400  # a hundred years; more is a slip of the pen

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def seconds(value: str | int | float) -> float:
    """A duration in seconds: a number of them, or words such as 90s, 15m, 6h, 1h30m, 90d, 2w.

    Raises:
        ValueError: it is none, or not above nothing.
    """
    text = value.strip() if isinstance(value, str) else value
    if isinstance(text, str):
        if _DURATION.fullmatch(text):
            total = sum(float(n) * _UNITS[unit] for n, unit in _PART.findall(text))
        else:
            raise ValueError(f"{value!r} is no duration such as 90s, 15m, 6h, 1h30m or 90d")
    else:
        total = float(text)
    if not math.isfinite(total) or not 0 < total <= _LONGEST_S:
        raise ValueError(f"{value!r} is not a duration between nothing and a hundred years")
    return total


def spoken(duration_s: float) -> str:
    """A duration in the shortest words: 5400 -> 1h30m."""
    left, said = round(duration_s), ""
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, _UNITS[unit])
        said += f"{count}{unit}" if count else ""
    return said or "0s"


def days(text: str) -> tuple[int, ...]:
    """Days of the week, Monday 0: `daily`, `mon-fri`, `sat,sun`; a range may go past Sunday.

    Raises:
        ValueError: another word.
    """
    found: set[int] = set()
    for part in text.lower().split(","):
        if part == "daily":
            return tuple(range(7))
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            raise ValueError(f"{part!r} is no day: daily, or {', '.join(DAYS)}, a range of them, or some with commas")
        start, end = DAYS.index(first), DAYS.index(last or first)
        found.update((start + n) % 7 for n in range((end - start) % 7 + 1))
    return tuple(sorted(found))


def minute(text: str) -> int:
    """A time of the day as minutes from midnight; 24:00 is the end of the day.

    Raises:
        ValueError: it is no HH:MM.
    """
    found = re.fullmatch(r"(\d{1,2}):(\d\d)", text, re.ASCII)
    number = int(found[1]) * 60 + int(found[2]) if found else -1
    if found is None or int(found[2]) > 59 or number > 24 * 60:
        raise ValueError(f"{text!r} is no time of day such as 08:30")
    return number


def addresses(word: str) -> AddressRange:
    """An address, a network, or a range (10.0.0.10-60, 10.0.0.10-10.0.1.20). An IPv4 address in IPv6 dress is IPv4.

    Raises:
        ValueError: it is none of them. Host names are not taken: what they stand for can change.
    """
    word = word.strip()
    try:
        found = AddressRange.of(ipaddress.ip_network(word, strict=False))
    except ValueError:
        found = _dashed(word)
    if found.version == 6 and found.first >> 32 == found.last >> 32 == 0xFFFF:
        return AddressRange(4, found.first & 0xFFFFFFFF, found.last & 0xFFFFFFFF)
    return found


def _dashed(word: str) -> AddressRange:
    first, dash, last = (part.strip() for part in word.partition("-"))
    try:
        low = ipaddress.ip_address(first)
        if low.version == 4 and re.fullmatch(r"\d{1,3}", last, re.ASCII):
            last = f"{first.rpartition('.')[0]}.{last}"
        high = ipaddress.ip_address(last) if dash else low
    except ValueError:
        raise ValueError(f"{word!r} is no address, network or range such as 10.0.0.10-60") from None
    if high.version != low.version or int(high) < int(low):
        raise ValueError(f"{word!r}: the range ends before it begins")
    return AddressRange(low.version, int(low), int(high))
