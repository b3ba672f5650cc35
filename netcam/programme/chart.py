"""Numbers -> the coordinates of the burn-down chart and of the sites' small lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from netcam.programme.count import Programme, day_of

WIDTH, HEIGHT = 760, 300  # of the drawing, in its own units
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 12, 28
SMALL_WIDTH, SMALL_HEIGHT = 96, 20
_LONGEST = timedelta(days=3 * 365)  # what lies further off is cut, so that the past keeps its room
_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Points are "x,y x,y ..." as SVG has them; empty where there is nothing to draw. Ticks: (place, word)."""

    left: int
    right: int
    top: int
    bottom: int
    actual: str
    plan: str
    likely: str
    fan: str
    now: float
    across: tuple[tuple[float, str], ...]
    up: tuple[tuple[float, str], ...]


def chart(p: Programme) -> Chart | None:
    """The burn-down chart; None where nothing was counted."""
    if not p.series:
        return None
    first, today = day_of(p.series[0][0]), day_of(p.now)
    ends = [today + timedelta(days=7), p.due, p.forecast.late or p.forecast.likely]
    last = min(max(day for day in ends if day is not None), today + _LONGEST)
    span = max(1, (last - first).days)
    counts = [count for _, count in p.series]
    step = _step(max(*counts, p.target, 1))
    highest = -(-max(*counts, p.target, 1) // step) * step
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(day: date) -> float:
        return round(LEFT + wide * (day - first).days / span, 1)

    def y(count: float) -> float:
        return round(TOP + high * (1 - count / highest), 1)

    steps: list[tuple[float, float]] = []
    for at, count in p.series:
        if steps:
            steps.append((x(day_of(at)), steps[-1][1]))
        steps.append((x(day_of(at)), y(count)))
    steps.append((x(today), steps[-1][1]))
    here = (x(today), y(counts[-1]))
    f = p.forecast
    fan: list[tuple[float, float]] = []
    if f.early is not None:
        # Where the late end lies beyond the drawing, its line is cut at the drawing's edge.
        far = f.late or f.early + timedelta(days=3650)
        cut = min(far, last)
        share = (cut - today).days / max(1, (far - today).days)
        edge = y(counts[-1] + (p.target - counts[-1]) * share)
        fan = [here, (x(min(f.early, last)), y(p.target)), (x(cut), y(p.target)), (x(cut), edge)]
    return Chart(
        left=LEFT, right=WIDTH - RIGHT, top=TOP, bottom=HEIGHT - BOTTOM,
        actual=_points(steps), plan=_points([(x(min(day, last)), y(count)) for day, count in p.plan]),
        likely=_points([here, (x(f.likely), y(p.target))]) if f.likely and f.likely <= last else "",
        fan=_points(fan), now=here[0], across=_months(first, last, x(first), x(last)),
        up=tuple((y(n), f"{n:,}") for n in range(0, highest + 1, step)),
    )  # fmt: skip


def small(series: Sequence[tuple[str, int]], first: str, now: str) -> str:
    """The points of one site's line, all sites on one scale of time and each on its own of numbers."""
    begin, span = day_of(first), max(1, (day_of(now) - day_of(first)).days)
    highest = max((count for _, count in series), default=0) or 1
    points: list[tuple[float, float]] = []
    for at, count in [*series, (now, series[-1][1])] if series else []:
        x = round(SMALL_WIDTH * min(1.0, max(0.0, (day_of(at) - begin).days / span)), 1)
        if points:
            points.append((x, points[-1][1]))
        points.append((x, round(1 + (SMALL_HEIGHT - 2) * (1 - count / highest), 1)))
    return _points(points)


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{a:g},{b:g}" for a, b in points)


def _step(highest: int) -> int:
    """A round number that divides the axis into at most six parts."""
    size = 1
    while True:
        for step in _STEPS:
            if highest <= 6 * step * size:
                return step * size
        size *= 10


def _months(first: date, last: date, left: float, right: float) -> tuple[tuple[float, str], ...]:
    """Beginnings of months, as many as have room."""
    found = []
    day = first.replace(day=1)
    while day <= last:
        if day >= first:
            found.append(day)
        day = (day + timedelta(days=32)).replace(day=1)
    every = next(n for n in (1, 2, 3, 6, 12, 24, 120, 1200) if len(found) <= 10 * n)
    span = max(1, (last - first).days)
    return tuple(
        (round(left + (right - left) * (day - first).days / span, 1), f"{day:%Y-%m}")
        for day in found
        if (day.month - 1 + 12 * day.year) % every == 0
    )
