"""Delivering: each item until it is confirmed, with waits between tries, and never one that was confirmed before."""

from __future__ import annotations

import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import islice

from netcam.errors import ExportError
from netcam.exports.base import Destination, Done, Item
from netcam.exports.journal import Journal, digest
from netcam.model.report import Report

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How long a destination is tried. The wait doubles from `first_s` up to `most_s`, each time 50 to 100 % of it.

    `total_s` is for the whole run; `give_up` items in a row that failed after all tries end it, since the destination
    is down then.
    """

    tries: int = 5
    first_s: float = 1.0
    most_s: float = 60.0
    total_s: float = 3600.0
    give_up: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one item: `done`, or None and the reason. `before`: an earlier run delivered it."""

    item: Item
    done: Done | None
    reason: str = ""
    before: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Counts over one run. `left` items were not tried any more."""

    counts: Mapping[Done, int]
    failed: tuple[Result, ...] = ()
    left: int = 0

    @property
    def whole(self) -> bool:
        """Whether everything was delivered."""
        return not self.failed and not self.left


@dataclass(slots=True, kw_only=True)
class Runner:
    """One destination, its journal and the clock; `told` hears of every item as soon as it is decided."""

    destination: Destination
    journal: Journal
    policy: Policy = field(default_factory=Policy)
    told: Callable[[Result], None] = lambda result: None
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random

    def run(self, reports: Sequence[Report], *, dry_run: bool = False) -> Summary:
        """Deliver what the reports come to; with `dry_run` only say what would be done, by reading alone.

        Raises:
            StoreError: the journal can't be written. What was confirmed until then stands in it.
            ExportError: what there is to deliver can't be found out.
        """
        once = bool(getattr(self.destination, "once", False))
        counts: Counter[Done] = Counter()
        failed: list[Result] = []
        end, in_a_row, left = self.now() + self.policy.total_s, 0, 0
        size = getattr(self.destination, "batch", 100) if hasattr(self.destination, "flush") else 1
        for batch in _batches(self._news(self.destination.items(reports), counts), size):
            if in_a_row >= self.policy.give_up or self.now() >= end:
                left += len(batch)
                continue
            results = self._look(batch, once) if dry_run else self._deliver(batch, end)
            for result in results:
                if result.done is None:
                    failed.append(result)
                else:
                    counts[result.done] += 1
                self.told(result)
            gone = all(result.done is None for result in results)
            in_a_row = in_a_row + 1 if gone and not dry_run and results[0].reason.endswith(_AFTER_TRIES) else 0
        summary = Summary(counts=counts, failed=tuple(failed), left=left)
        if summary.whole and not once and not dry_run:
            self.journal.end()
        return summary

    def _news(self, items: Iterable[Item], counts: Counter[Done]) -> Iterator[Item]:
        """The items that the journal doesn't hold as they are."""
        for item in items:
            known = self.journal.get(item.key)
            if known is not None and known.digest == digest(item):
                counts[Done.UNCHANGED] += 1
                self.told(Result(item=item, done=Done.UNCHANGED, before=True))
            else:
                yield replace(item, turn=known.turn if known else 0)

    def _look(self, batch: list[Item], once: bool) -> list[Result]:
        if once:
            return [Result(item=item, done=Done.UPDATED if item.turn else Done.CREATED) for item in batch]
        found = []
        for item in batch:
            try:
                found.append(Result(item=item, done=self.destination.compare(item)))
            except ExportError as error:
                found.append(Result(item=item, done=None, reason=str(error)))
        return found

    def _deliver(self, batch: list[Item], end: float) -> list[Result]:
        flush: Callable[[], None] | None = getattr(self.destination, "flush", None)
        for count in range(1, self.policy.tries + 1):
            try:
                done = [self.destination.put(item) for item in batch]
                if flush is not None:
                    flush()
            except ExportError as error:
                reason, wait = str(error), self._wait(count, error)
                if not error.retry:
                    return [Result(item=item, done=None, reason=reason) for item in batch]
                if count == self.policy.tries:
                    break
                if self.now() + wait >= end:
                    reason += f"; it would have to wait {wait:.0f} s more, and the time is up"
                    break
                log.info("%s; trying again in %.1f s", reason, wait)
                self.sleep(wait)
            else:
                self.journal.confirm(*batch)
                return [Result(item=item, done=what) for item, what in zip(batch, done, strict=True)]
        return [Result(item=item, done=None, reason=f"{reason} ({count}{_AFTER_TRIES}") for item in batch]

    def _wait(self, count: int, error: ExportError) -> float:
        most = min(self.policy.most_s, self.policy.first_s * float(2 ** (count - 1)))
        return max(most * (0.5 + self.chance() / 2), error.after_s or 0.0)


_AFTER_TRIES = " tries)"


def run_id(reports: Sequence[Report]) -> str:
    """Names what is delivered: the same for the same reports in any order."""
    scans = sorted(f"{report.scan.site or ''}\0{report.scan.id}" for report in reports)
    return sha256("\n".join(scans).encode("utf-8", "replace")).hexdigest()[:16]


def event_id(item: Item) -> str:
    """Names one delivery of one item: the same at every try, another when the item says something else or again."""
    text = f"{item.key}\0{digest(item)}\0{item.turn}"
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def _batches(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    while batch := list(islice(items, size)):
        yield batch
