"""When the rest may be done: the weeks so far, drawn again and again.

Each of DRAWS futures first draws the weeks so far with replacement (what is known of the pace is uncertain), in blocks
of BLOCK weeks (crews work in waves), then goes on drawing blocks from those until the target is reached. The middle of
all futures is the forecast; one in ten is earlier than its early end, one in ten later than its late one.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

LEAST_WEEKS = 8  # complete weeks that have to be there
LEAST_REMOVED = 5  # devices removed in them
LEAST_BUSY = 3  # weeks with a removal
MOST_WEEKS = 52  # older ones say little of the present pace
BLOCK = 4
DRAWS = 2000
FAR_WEEKS = 520  # ten years; what is not done by then has no date
SEED = 889  # one programme always gets the same forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The middle and the two ends of an 80 % interval; an end is None where it lies more than ten years off.

    Where `why_not` is set there is no forecast. `per_week`: net removals a week, on average.
    """

    why_not: str = ""
    likely: date | None = None
    early: date | None = None
    late: date | None = None
    weeks: int = 0
    per_week: float = 0.0


def forecast(
    removed: Sequence[int], appeared: Sequence[int], remaining: int, target: int, on: date, *, draws: int = DRAWS
) -> Forecast:
    """When `remaining` may have come down to `target`.

    Args:
        removed, appeared: listed devices that went and came, in each complete week so far, oldest first.
        on: the day on which `remaining` was counted.
    """
    removed, appeared = removed[-MOST_WEEKS:], appeared[-MOST_WEEKS:]
    weeks, busy = len(removed), sum(count > 0 for count in removed)
    pace = round((sum(removed) - sum(appeared)) / weeks, 2) if weeks else 0.0
    if remaining <= target:
        return Forecast(why_not="the target is reached", weeks=weeks, per_week=pace)
    for number, least, what in (
        (weeks, LEAST_WEEKS, "complete weeks"),
        (sum(removed), LEAST_REMOVED, "removals"),
        (busy, LEAST_BUSY, "weeks with a removal"),
    ):
        if number < least:
            why = f"too little is known of the pace: {number} {what}, and a forecast takes {least}"
            return Forecast(why_not=why, weeks=weeks, per_week=pace)
    net = [went - came for went, came in zip(removed, appeared, strict=True)]
    ends = sorted(_futures(net, remaining - target, draws))
    early, likely, late = (_day(on, ends[int(share * (draws - 1))]) for share in (0.1, 0.5, 0.9))
    if likely is None:
        why = "at the pace so far the target is not reached within ten years"
        return Forecast(why_not=why, weeks=weeks, per_week=pace)
    return Forecast(likely=likely, early=early, late=late, weeks=weeks, per_week=pace)


def _futures(net: Sequence[int], left: int, draws: int) -> list[float]:
    """Weeks until `left` are gone, in each future; FAR_WEEKS and more is never."""
    chance = random.Random(SEED)  # noqa: S311 - no secret, and the same every time
    block = max(1, min(BLOCK, len(net) // 4))
    blocks = [tuple(net[(start + n) % len(net)] for n in range(block)) for start in range(len(net))]
    count = -(-len(net) // block)
    ends = []
    for _ in range(draws):
        drawn = chance.choices(blocks, k=count)
        todo, week = left, 0
        while todo > 0 and week < FAR_WEEKS:
            for step in chance.choice(drawn):
                week += 1
                if step >= todo > 0:
                    ends.append(week - 1 + todo / step)
                todo -= step
                if todo <= 0:
                    break
        if todo > 0:
            ends.append(float(FAR_WEEKS))
    return ends


def _day(on: date, weeks: float) -> date | None:
    return None if weeks >= FAR_WEEKS else on + timedelta(days=round(7 * weeks))
