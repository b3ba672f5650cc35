"""The loop of `netcam watch`: runs that are due, one after the other, in the hours in which they may run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from .due import Clock, Due
from .places import Job

TICK_S = 15.0  # how often the clocks are looked at; a run begins at most so much late


@dataclass(slots=True, kw_only=True)
class Watched:
    """One scope: when it is due, and from when on a run of it may begin (None: never)."""

    job: Job
    due: Due
    may_start: Callable[[datetime], datetime | None]
    told: bool = False


def watch(
    watched: Sequence[Watched],
    run: Callable[[Job], object],
    *,
    clock: Clock,
    wait: Callable[[float], bool],
    say: Callable[[str], None],
) -> None:
    """Run what is due until `wait`, which sleeps so many seconds, says that somebody wants an end."""
    stopped = wait(0)
    while not stopped:
        for one in watched:
            if stopped or not one.due.ready():
                continue
            if _may(one, clock.now(), say):
                one.due.started()
                run(one.job)
                stopped = wait(0)
        stopped = stopped or wait(TICK_S)


def _may(one: Watched, now: datetime, say: Callable[[str], None]) -> bool:
    start = one.may_start(now)
    if start is not None and start <= now:
        one.told = False
        return True
    if not one.told:
        when = f"until {start:%Y-%m-%d %H:%M} UTC" if start is not None else "for ever: its hours leave no time"
        say(f"{one.job.title!r} is due and waits {when}, by the hours of its settings")
        one.told = True
    return False
