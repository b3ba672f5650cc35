"""When a run is due, whatever happens to the clock on the wall.

An interval is measured by a clock that nobody sets. Times of day need the wall clock; so a jump of it is told from the
passing of time by holding it against the other one. A jump forward is one missed run, made up for once. A jump back
starts waiting anew, and no time of day that comes twice makes two runs close together.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from netcam.config.hours import moments
from netcam.config.hours import zone as zone_of
from netcam.config.tables import Schedule
from netcam.config.words import days as days_of
from netcam.config.words import minute, seconds

JUMP_S = 60.0  # the wall clock was set when it gained or lost more than this against the steady one
_WEEK = 7 * 24 * 60


class Clock(Protocol):
    """The time on the wall, and seconds that only go forward."""

    def now(self) -> datetime:
        """The moment, aware."""
        ...

    def steady(self) -> float:
        """Seconds from anywhere; sleep of the machine counts where the system can tell."""
        ...


class SystemClock:
    """This machine's clocks."""

    def now(self) -> datetime:
        """The moment in UTC."""
        return datetime.now(UTC)

    def steady(self) -> float:
        """Seconds since the start of the machine; on Linux with the time that it slept."""
        if sys.platform == "linux":
            return time.clock_gettime(time.CLOCK_BOOTTIME)
        else:  # noqa: RET505 - so that it isn't taken for unreachable where it isn't reached
            return time.monotonic()


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Times of day on days of the week; `zone` None is the machine's own."""

    minutes: tuple[int, ...]
    days: tuple[int, ...]
    zone: ZoneInfo | None

    def last(self, at: datetime) -> datetime | None:
        """The newest of these times up to `at`."""
        return max((slot for slot in self._around(at) if slot <= at), default=None)

    def next(self, at: datetime) -> datetime | None:
        """The first of these times after `at`."""
        return min((slot for slot in self._around(at) if slot > at), default=None)

    @property
    def closest_s(self) -> float:
        """The shortest time between two of them."""
        week = sorted(day * 1440 + at for day in self.days for at in self.minutes)
        return 60.0 * min((b - a) for a, b in zip(week, [*week[1:], week[0] + _WEEK], strict=True))

    def _around(self, at: datetime) -> list[datetime]:
        today = at.astimezone(self.zone).date()
        return [
            self._moment(day, number)
            for ahead in range(-8, 9)
            if (day := today + timedelta(days=ahead)).weekday() in self.days
            for number in self.minutes
        ]

    def _moment(self, day: date, number: int) -> datetime:
        """In the hour that comes twice the first one counts; a time that a day leaves out comes as much later."""
        if self.zone is not None:
            return moments(self.zone, day, number)[0]
        return (datetime.combine(day, datetime.min.time()) + timedelta(minutes=number)).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """An interval."""

    interval_s: float


def plan_of(schedule: Schedule) -> Every | Times | None:
    """When the settings want runs; None where they don't say."""
    if schedule.every is not None:
        return Every(interval_s=seconds(schedule.every))
    if not schedule.at:
        return None
    return Times(
        minutes=tuple(sorted({minute(word) for word in schedule.at})),
        days=days_of(schedule.days or "daily"),
        zone=zone_of(schedule.timezone) if schedule.timezone is not None else None,
    )


class Due:
    """Whether the next run of one scope is due."""

    def __init__(
        self, plan: Every | Times, clock: Clock, *, last_started: datetime | None, jitter: Callable[[], float]
    ) -> None:
        """
        Args:
            last_started: when its last run began, as its status says; from before this process, by the wall clock.
            jitter: seconds to add to the next run, asked anew for each.
        """
        self._plan, self._clock, self._jitter = plan, clock, jitter
        self._wall, self._steady = clock.now(), clock.steady()
        self._ran: float | None = None  # steady seconds at which the last run began
        self._jumped = False
        self._due: float | None = None  # steady seconds
        self._base = self._steady
        self._handled = self._wall
        if last_started is not None and last_started <= self._wall:  # one from the future says nothing
            self._handled = last_started
            if isinstance(plan, Every):
                self._base += max(0.0, plan.interval_s - (self._wall - last_started).total_seconds())
        if isinstance(plan, Every):
            self._due = self._base + jitter()

    def ready(self) -> bool:
        """Whether a run is due now; it stays so until `started`."""
        now, steady = self._clock.now(), self._clock.steady()
        gained = (now - self._wall).total_seconds() - (steady - self._steady)
        self._wall, self._steady = now, steady
        if isinstance(self._plan, Times):
            if abs(gained) > JUMP_S:
                self._jumped = True
                self._handled = min(self._handled, now)
            self._look(self._plan, now, steady)
        return self._due is not None and steady >= self._due

    def _look(self, plan: Times, now: datetime, steady: float) -> None:
        slot = plan.last(now)
        if slot is None or slot <= self._handled:
            return
        self._handled = now
        again = self._jumped and self._ran is not None and steady - self._ran < plan.closest_s / 2
        self._jumped = False
        if self._due is None and not again:
            self._due = steady + self._jitter()

    def started(self) -> None:
        """A run begins now. What was missed before it is made up for by it."""
        steady = self._clock.steady()
        self._ran = steady
        self._due = None
        if isinstance(self._plan, Every):
            ahead = self._base + self._plan.interval_s
            self._base = ahead if ahead > steady else steady + self._plan.interval_s
            self._due = self._base + self._jitter()
        else:
            self._handled = max(self._handled, self._clock.now())
