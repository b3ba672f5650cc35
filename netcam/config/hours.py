"""When a site may be scanned: weekly hours of its time zone, as moments of UTC.

Where the clock of the zone is put back or forward, the hours count so that the shop loses nothing: opening begins at
the earliest and ends at the latest moment that its words can mean, and hours for scanning the other way round.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from .words import days, minute

_LINE = re.compile(r"(?:(?P<days>[A-Za-z,-]+) +)?(?P<times>\d[\d:, -]*)")
AHEAD_DAYS = 9  # a week and what lies across its ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly:
    """One span of time on some days of the week; `end` past 24 h (in minutes) reaches into the next day."""

    days: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Spans in which scanning is forbidden, or (`allowing`) the only ones in which it may be done."""

    zone: ZoneInfo
    spans: tuple[Weekly, ...]
    allowing: bool
    said: str  # for people: which words of the file

    def allowed(self, at: datetime) -> bool:
        """Whether a scan may run at this moment (aware)."""
        inside = any(start <= at < end for start, end in self._moments(at))
        return inside is self.allowing

    def changes_at(self, at: datetime) -> datetime | None:
        """The first moment after `at` at which `allowed` is another answer; None when it never changes."""
        now = self.allowed(at)
        edges = sorted({edge for span in self._moments(at) for edge in span if edge > at})
        return next((edge for edge in edges if self.allowed(edge) is not now), None)

    def next_allowed(self, at: datetime) -> datetime | None:
        """The first moment from `at` on in which a scan may run; None when there is none."""
        return at if self.allowed(at) else self.changes_at(at)

    def _moments(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The spans around and after a moment, as UTC."""
        today = at.astimezone(self.zone).date()
        for ahead in range(-2, AHEAD_DAYS):
            day = today + timedelta(days=ahead)
            for span in self.spans:
                if day.weekday() in span.days:
                    starts, ends = self._meant(day, span.start), self._meant(day, span.end)
                    pick = (max, min) if self.allowing else (min, max)
                    start, end = pick[0](starts), pick[1](ends)
                    if start < end:
                        yield start, end

    def _meant(self, day: date, minutes: int) -> tuple[datetime, datetime]:
        """Both moments that a local time can mean: they differ in the hour that comes twice, or not at all."""
        return moments(self.zone, day, minutes)


def moments(zone: ZoneInfo, day: date, minutes: int) -> tuple[datetime, datetime]:
    """What a zone's local time, in minutes after midnight of `day`, can mean in UTC; the earlier fold first."""
    local = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minutes)
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return first, second


def parse_hours(lines: Sequence[str]) -> tuple[Weekly, ...]:
    """Lines such as `mon-sat 08:30-20:00`, `sun 10:00-13:00, 14:00-18:00`, `daily 22:00-06:00`.

    Raises:
        ValueError: a line that is none, in words for a person.
    """
    found: list[Weekly] = []
    for line in lines:
        shape = _LINE.fullmatch(line.strip())
        if shape is None:
            raise ValueError(f"{line!r} is no line of hours such as 'mon-sat 08:30-20:00'")
        when = days(shape["days"] or "daily")
        for times in shape["times"].split(","):
            start, dash, end = (part.strip() for part in times.partition("-"))
            if not dash:
                raise ValueError(f"{line!r}: {times.strip()!r} is no span such as 08:30-20:00")
            first, last = minute(start), minute(end)
            if first == last or first == 24 * 60:
                raise ValueError(f"{line!r}: {times.strip()!r} lasts no time; a whole day is 00:00-24:00")
            found.append(Weekly(days=when, start=first, end=last if last > first else last + 24 * 60))
    return tuple(found)


def zone(name: str) -> ZoneInfo:
    """A time zone of the IANA database.

    Raises:
        ValueError: there is none of this name, with the nearest one.
    """
    from difflib import get_close_matches

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: "Europe" is a folder
        known = available_timezones()  # slow, and for the message only
    if not known:
        raise ValueError(f"{name!r}: this machine has no time zone data; the package tzdata brings it")
    tails = {one.lower(): one for one in sorted(known, reverse=True)}
    near = get_close_matches(name.lower(), tails, 1, 0.7)
    hint = f"is {tails[near[0]]!r} meant?" if near else "it takes names such as 'Europe/Paris'"
    raise ValueError(f"{name!r} is no time zone; {hint}")
