"""Listed devices over time, counted from reports in memory."""

from dataclasses import replace
from datetime import date

import msgspec
import pytest
from scans import KNOWN, LIST, camera, report, verdict

from netcam.programme.count import Came, Place, Standing, programme
from netcam.programme.targets import Targets
from netcam.tracking.reports import Reports

NOW = "2026-01-31T12:00:00.000Z"


def counted(*reports, now=NOW, **more):
    return programme(Reports(reports), now=now, **more)


def only(made):
    (item,) = made.items
    return item


def new_camera(n, ip):
    return camera(n, ip, maker="harrow", outcome="not-listed")


def test_a_device_that_two_scans_looked_for_in_vain_is_removed_on_the_day_of_the_first():
    item = only(counted(report(1, camera(1)), report(2, camera(1)), report(3), report(4)))
    assert (item.standing, item.last_seen[:10], item.ended_at[:10], item.missed) == (
        Standing.REMOVED, "2026-01-02", "2026-01-03", 2,
    )  # fmt: skip


def test_one_scan_is_not_enough_unless_it_is_said_to_be():
    reports = report(1, camera(1)), report(2)
    item = only(counted(*reports))
    assert (item.standing, item.missed, item.ended_at) == (Standing.MISSING, 1, None)
    assert only(counted(*reports, confirm=1)).standing is Standing.REMOVED


def test_a_device_that_came_back_was_never_removed():
    made = counted(report(1, camera(1)), report(2), report(3), report(4), report(5, camera(1)))
    assert only(made).standing is Standing.PRESENT
    assert made.series == (("2026-01-01T02:00:00.000Z", 1),)


@pytest.mark.parametrize(
    "blind", [{"complete": False}, {"targets": ("192.0.2.64/26",)}, {"coverage": ()}], ids=["cut", "scope", "coverage"]
)
def test_a_scan_that_did_not_look_says_nothing(blind):
    item = only(counted(report(1, camera(1)), report(2, **blind), report(3, **blind), report(4)))
    assert (item.standing, item.missed) == (Standing.MISSING, 1)


def test_another_address_is_no_removal():
    made = counted(report(1, camera(1)), report(2, camera(1, "192.0.2.99")), report(3, camera(1, "192.0.2.99")))
    assert only(made).record.ip == "192.0.2.99"
    assert (made.total("remaining"), made.total("removed"), made.total("appeared")) == (1, 0, 0)


def test_the_camera_at_the_old_address_is_the_replacement():
    there = new_camera(2, "192.0.2.1")
    item = only(counted(report(1, camera(1)), report(2), report(3), report(9, there)))
    assert (item.replaced_by.key, item.replaced_by.place, item.replaced_by.listed) == ("id2", Place.ADDRESS, False)


def test_what_comes_to_the_old_address_months_later_is_no_replacement():
    there = new_camera(2, "192.0.2.1")
    late = report("2026-03-20T02:00:00.000Z", there)
    made = counted(report(1, camera(1)), report(2), report(3), late, now="2026-03-21T00:00:00Z")
    assert only(made).replaced_by is None


def test_a_printer_at_the_old_address_is_no_replacement():
    printer = replace(new_camera(2, "192.0.2.1"), is_cctv=False)
    assert only(counted(report(1, camera(1)), report(2, printer), report(3, printer))).replaced_by is None


def test_a_camera_that_came_between_the_same_two_scans_is_probably_the_replacement():
    there = new_camera(2, "192.0.2.77")
    item = only(counted(report(1, camera(1)), report(2, there), report(3, there)))
    assert (item.replaced_by.key, item.replaced_by.place) == ("id2", Place.SITE)


def test_a_camera_that_was_only_looked_at_for_the_first_time_replaces_nothing():
    narrow, there = ("192.0.2.0/26",), new_camera(2, "192.0.2.77")
    item = only(counted(report(1, camera(1), targets=narrow), report(2, there), report(3, there)))
    assert item.replaced_by is None


def test_one_camera_replaces_one():
    there = new_camera(3, "192.0.2.77")
    made = counted(report(1, camera(1), camera(2)), report(2, there), report(3, there))
    assert [item.replaced_by is not None for item in made.items] == [True, False]
    assert (made.total("removed"), made.total("replaced")) == (2, 1)


def test_a_replacement_can_be_listed_itself():
    there = camera(2, "192.0.2.1")
    made = counted(report(1, camera(1)), report(2, there), report(3, there))
    assert made.items[0].replaced_by.listed
    assert (made.total("removed"), made.total("appeared"), made.total("remaining")) == (1, 1, 1)


def test_how_a_device_came_to_be_counted():
    narrow = ("192.0.2.0/26",)
    changed = replace(KNOWN, list_digests={LIST: "sha256:m"})
    made = counted(
        report(1, camera(1), camera(4, outcome="not-listed"), targets=narrow),
        report(2, camera(1), camera(2), camera(4, outcome="not-listed"), camera(70)),
        report(3, camera(1), camera(2), camera(4), camera(70), versions=changed),
    )
    assert {item.key: (item.came, item.came_why) for item in made.items} == {
        "id1": (Came.BASELINE, ""),
        "id2": (Came.APPEARED, ""),
        "id70": (Came.FIRST_LOOKED_AT, "192.0.2.70 was not in the earlier scope"),
        "id4": (Came.JUDGED, "knowledge: the list changed"),
    }


def test_what_no_list_names_any_more_is_not_removed():
    changed = replace(KNOWN, list_digests={LIST: "sha256:m"})
    unlisted = camera(1, outcome="not-listed")
    made = counted(report(1, camera(1)), report(2, unlisted, versions=changed), report(3, versions=changed),
                   report(4, versions=changed))  # fmt: skip
    item = only(made)
    assert (item.standing, item.ended_at[:10], item.ended_why) == (
        Standing.UNLISTED, "2026-01-02", "knowledge: the list changed",
    )  # fmt: skip
    assert (made.total("removed"), made.total("unlisted"), made.total("remaining")) == (0, 1, 0)


def test_only_the_chosen_lists_count():
    two = replace(camera(1), verdicts=(verdict("not-listed"), verdict("listed", "ex-export")))
    assert counted(report(1, two), lists=[LIST]).items == ()
    assert only(counted(report(1, two), lists=["ex-export"])).lists == ("ex-export",)
    assert only(counted(report(1, two))).lists == ("ex-export",)


def test_sites_are_counted_apart_and_summed():
    made = counted(
        report(1, camera(1)), report(2), report(3),
        report(1, camera(1), camera(2), site="store-8"), report(2, camera(1), camera(2), camera(3), site="store-8"),
        report(1, site=None),
    )  # fmt: skip
    assert [(s.site, s.baseline, s.appeared, s.removed, s.remaining) for s in made.sites] == [
        (None, 0, 0, 0, 0), ("store-7", 1, 0, 1, 0), ("store-8", 2, 1, 0, 3),
    ]  # fmt: skip
    assert made.series == (("2026-01-01T02:00:00.000Z", 3),)  # one went on the day on which one came
    chosen = counted(report(1, camera(1)), report(1, camera(2), site="store-8"), sites=["store-8"])
    assert [s.site for s in chosen.sites] == ["store-8"]


def test_a_site_whose_last_scan_is_long_ago_is_stale():
    made = counted(report(1, camera(1)), report(20, site="store-8"), stale_days=14)
    assert [(s.site, s.days_ago, s.stale) for s in made.sites] == [("store-7", 30, True), ("store-8", 11, False)]


def targets(**head):
    sites = head.pop("site", [])
    return msgspec.convert({"schema": 1, "programme": head, "site": sites}, Targets)


def test_what_ended_before_the_start_is_not_counted():
    wanted = targets(start=date(2026, 1, 5), due=date(2026, 2, 4))
    made = counted(report(1, camera(1), camera(2), camera(3)), report(2, camera(1), camera(2)), report(3, camera(1),
                   camera(2)), report(8, camera(1)), report(9, camera(1)), targets=wanted)  # fmt: skip
    (site,) = made.sites
    assert (site.baseline, site.removed, site.remaining) == (2, 1, 1)
    assert site.counted_from == "2026-01-05T00:00:00Z"


def test_the_plan_falls_in_a_line_from_the_start_to_what_is_due():
    wanted = targets(due=date(2026, 1, 21), target=2, site=[{"id": "store-7", "due": date(2026, 1, 11)}, {"id": "x"}])
    made = counted(report(1, *(camera(n) for n in range(1, 13))), targets=wanted, now="2026-01-06T00:00:00Z")
    assert made.plan == ((date(2026, 1, 1), 12.0), (date(2026, 1, 21), 2.0))
    assert made.planned == 9.5
    assert (made.sites[0].planned, made.sites[0].target, made.sites[0].due) == (6.0, 0, date(2026, 1, 11))
    assert made.unknown == ("x",)
    late = counted(report(1, camera(1)), targets=wanted, now="2027-01-01T00:00:00Z")
    assert (late.planned, late.sites[0].planned) == (2.0, 0.0)


def test_weeks_end_where_removals_can_still_be_confirmed():
    made = counted(*(report(day, camera(1)) for day in range(1, 31)), now="2026-03-31T00:00:00Z")
    assert [w.first for w in made.weeks] == [date(2026, 1, 1), date(2026, 1, 8), date(2026, 1, 15), date(2026, 1, 22)]
    assert [w.remaining for w in made.weeks] == [1, 1, 1, 1]


def test_nothing_at_all_is_a_programme_too():
    made = counted()
    assert (made.sites, made.items, made.weeks, made.plan) == ((), (), (), ())
    assert made.forecast.why_not == "the target is reached"


def test_times_that_are_none_break_nothing():
    made = counted(report("soon", camera(1)), report("zzz"))
    assert made.total("remaining") == 1
