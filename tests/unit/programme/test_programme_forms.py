"""A programme as text, CSV, JSON and a page."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import date

import msgspec
import pytest
from scans import camera, report

from netcam.errors import ConfigError
from netcam.model.report import NamedClaim
from netcam.programme import to_html
from netcam.programme.chart import chart, small
from netcam.programme.count import programme
from netcam.programme.forms import COLUMNS, form_of, replacements, to_csv, to_json, to_text
from netcam.programme.targets import Targets
from netcam.tracking.reports import Reports

EVIL = "=HYPERLINK(1)\x1b[31m\u202e</svg><script>alert(1)</script>\"'{{ 7*7 }}"
TARGETS = msgspec.convert(
    {"schema": 1, "programme": {"name": "Cameras out", "due": date(2026, 3, 1)}, "site": [{"id": "store-9"}]}, Targets
)


def made(*reports, now="2026-01-31T12:00:00.000Z", targets=TARGETS):
    return programme(Reports(reports), now=now, targets=targets)


@pytest.fixture
def some():
    new = camera(9, "192.0.2.1", maker="harrow", outcome="not-listed")
    return made(
        report(1, camera(1), camera(2)), report(2, new, camera(2)), report(3, new, camera(2)),
        report(1, camera(1), site="store-8"),
    )  # fmt: skip


@pytest.fixture
def evil():
    claim = NamedClaim(id="x", name=EVIL, confidence=1.0)
    old = camera(1, brand=claim, manufacturer=claim, model=EVIL, serial=EVIL)
    new = replace(camera(9, "192.0.2.1", outcome="not-listed"), brand=claim, manufacturer=claim, model=EVIL, mac=None)
    head = msgspec.structs.replace(TARGETS.programme, name=EVIL, of=EVIL)
    targets = msgspec.structs.replace(TARGETS, programme=head, site=[msgspec.structs.replace(TARGETS.site[0], id=EVIL)])
    verdicts = (replace(old.verdicts[0], list=EVIL),)
    old = replace(old, verdicts=verdicts)
    day = [report(n, *found, site=EVIL) for n, found in ((1, (old, replace(old, id="id2", serial="2", mac=None))),
           (2, (new,)), (3, (new,)))]  # fmt: skip
    return made(*day, targets=targets)


def test_the_table_names_every_site_and_what_it_comes_to(some):
    assert to_text(some) == """\
Site     Last scan   At start  Came  Removed  Replaced  Unlisted  Left  Target  Due         By plan
---------------------------------------------------------------------------------------------------
store-7  2026-01-03         2     0        1         1         0     1          2026-03-01        1
store-8  2026-01-01         1     0        0         0         0     1          2026-03-01      0.5

2 listed devices of any list are left at 2 sites: 3 at the start, 1 removed since (1 of them replaced), 0 found since, \
0 listed since, 0 no longer listed.
The plan: 0 left by 2026-03-01; 1.5 today, and 0.5 more are left than planned.
No forecast: too little is known of the pace: 0 complete weeks, and a forecast takes 8.
In the targets, and never scanned: store-9.
"""


def test_csv_has_a_row_for_every_listed_device(some):
    rows = list(csv.DictReader(io.StringIO(to_csv(some).decode())))
    assert tuple(rows[0]) == COLUMNS
    assert [(r["site"], r["key"], r["standing"], r["replaced_by"], r["replaced_how"]) for r in rows] == [
        ("store-7", "id1", "removed", "id9", "same-address"), ("store-7", "id2", "present", "", ""),
        ("store-8", "id1", "present", "", ""),
    ]  # fmt: skip
    assert (rows[0]["ended_at"], rows[0]["replacement_manufacturer"]) == ("2026-01-02T02:00:00.000Z", "Harrow Cameras")


def test_json_adds_up(some):
    told = json.loads(to_json(some))
    assert told["schema"] == "netcam.programme/1"
    assert told["totals"] == {
        "baseline": 3, "appeared": 0, "first_looked_at": 0, "judged": 0, "removed": 1, "replaced": 1, "unlisted": 0,
        "remaining": 2, "missing": 0, "sites": 2, "stale_sites": 0,
    }  # fmt: skip
    assert told["forecast"]["why_not"].startswith("too little is known")
    assert told["sites_without_a_visit"] == ["store-9"]
    assert told["series"] == [
        {"from": "2026-01-01T02:00:00.000Z", "listed": 3}, {"from": "2026-01-02T02:00:00.000Z", "listed": 2},
    ]  # fmt: skip
    assert told["devices"][0]["replaced_by"]["how"] == "same-address"


def test_replacements_are_counted_by_maker_and_model(some):
    assert replacements(some) == (("Harrow Cameras", "NL-220", False, 1),)


def test_the_suffix_picks_the_form():
    assert [form_of(path) for path in ("-", "a.HTML", "b.csv")] == [".json", ".html", ".csv"]
    with pytest.raises(ConfigError, match=r"x\.pdf: the suffix picks the form, one of .html, .csv, .json"):
        form_of("x.pdf")


def test_no_cell_is_a_formula(evil):
    rows = list(csv.DictReader(io.StringIO(to_csv(evil).decode())))
    assert len(rows) == 2
    for cell in (value for row in rows for value in row.values()):
        assert not cell.startswith(("=", "+", "@"))
        assert "\x1b" not in cell
        assert "\u202e" not in cell


def test_hostile_names_stay_text(evil):
    page, text = to_html.dump(evil).decode(), to_text(evil)
    assert "<script" not in page
    assert page.count("</svg>") == page.count("<svg")
    assert "{{ 7*7 }}" in page
    assert "\x1b" not in page + text
    assert "\u202e" not in page + text


def test_the_page_asks_for_nothing_and_runs_nothing(some):
    page = to_html.dump(some).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script" not in policy
    assert not re.search(r"<(script|link|img|iframe|object|form)\b|\b(src|href)=\"(?!#)|\bon\w+=|\bstyle=", page)
    assert "url(" not in page


def test_the_page_of_nothing_is_a_page():
    page = to_html.dump(made(targets=None)).decode()
    assert "No site was scanned yet." in page
    assert "No listed device is left." in page


def test_the_page_is_whole(some):
    page = to_html.dump(some).decode()
    for text in ("Cameras out", "store-8", "Harrow Cameras", "at the same address", "In the targets, and never"):
        assert text in page
    drawn = re.search(r'class="actual" points="([^"]+)"', page)[1]
    assert len(drawn.split()) >= 4


def test_the_chart_keeps_inside_its_frame():
    now = "2026-12-31T00:00:00Z"
    days = [f"2026-{month:02}-{day:02}T02:00:00.000Z" for month in range(1, 13) for day in (1, 15)]
    p = made(*(report(at, *(camera(n) for n in range(1, 60 - 2 * k))) for k, at in enumerate(days)), now=now)
    drawn = chart(p)
    assert p.forecast.likely is not None
    for points in (drawn.actual, drawn.plan, drawn.likely, drawn.fan):
        for x, y in (map(float, point.split(",")) for point in points.split()):
            assert drawn.left <= x <= drawn.right
            assert drawn.top <= y <= drawn.bottom
    assert len(drawn.across) <= 10
    assert drawn.up[0][1] == "0"


def test_a_small_line_of_one_number_is_flat():
    points = small([("2026-01-01T00:00:00Z", 4)], "2026-01-01", "2026-02-01")
    assert len({point.split(",")[1] for point in points.split()}) == 1


def test_a_chart_of_nothing_is_flat():
    assert chart(made(report(1), targets=None)).actual.split()[0].endswith(f",{chart(made(report(1))).bottom}")
