"""A programme as one HTML page that needs nothing else: no script, and no request leaves it."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from netcam.page import on_page, source_hash, template
from netcam.programme.chart import HEIGHT, SMALL_HEIGHT, SMALL_WIDTH, WIDTH, chart, small
from netcam.programme.count import Came, Programme, Standing
from netcam.programme.forms import forecast_words, replacements, sentences, totals
from netcam.safetext import visible

CELL_LIMIT = 60
ROWS = 2000  # of one table of devices; CSV and JSON have them all

CAME = {
    Came.BASELINE: "at the site's first scan",
    Came.APPEARED: "new device",
    Came.FIRST_LOOKED_AT: "first looked at",
    Came.JUDGED: "known before, listed since",
}


def dump(p: Programme) -> bytes:
    """The page as UTF-8; every text passes `visible` and autoescape, and the policy forbids requests and scripts."""
    style = template(__package__, "programme.css")
    env = Environment(
        autoescape=True, finalize=on_page, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    env.filters.update(short=_short, day=lambda time: visible(time[:10], 10), number=lambda n: f"{n:,}")
    drawing = chart(p)
    first = min((s.counted_from for s in p.sites), default=p.now)
    # Numbers alone, and longer than a text of a device may be.
    line = Markup(drawing.actual if drawing else "")  # noqa: S704
    drawn = {s.site: Markup(small(s.series, first, p.now)) for s in p.sites}  # noqa: S704
    page = env.from_string(template(__package__, "programme.html.j2")).render(
        p=p, t=totals(p), chart=drawing, width=WIDTH, height=HEIGHT,
        lines=drawn, actual=line, small=(SMALL_WIDTH, SMALL_HEIGHT),
        sentences=sentences(p), forecast=forecast_words(p), replacements=replacements(p), came=CAME, rows=ROWS,
        left=[i for i in p.items if i.ended_at is None], gone=_gone(p), late=[s for s in p.sites if s.stale],
        found=[i for i in p.items if i.came is not Came.BASELINE],
        unlisted=[i for i in p.items if i.standing is Standing.UNLISTED],
        style=Markup(style), style_hash=source_hash(style),  # noqa: S704
    )  # fmt: skip
    return page.encode("utf-8", "replace")


def _gone(p: Programme) -> list[Any]:
    """The removed devices, the latest first."""
    gone = [i for i in p.items if i.standing is Standing.REMOVED]
    return sorted(gone, key=lambda i: i.ended_at or "", reverse=True)


def _short(text: str | None) -> str:
    return visible(text or "", CELL_LIMIT)
