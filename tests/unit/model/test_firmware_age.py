"""Days since a build, for reports and lists."""

from datetime import date

import pytest

from netcam.model import firmware_age_days

TODAY = date(2026, 1, 15)


@pytest.mark.parametrize(("built", "days"), [("2026-01-15", 0), ("2026-01-14", 1), ("2022-04-12", 1374)])
def test_the_age_counts_whole_days_from_the_build(built, days):
    assert firmware_age_days(built, TODAY) == days


@pytest.mark.parametrize("built", [None, "", "220412x", "2026-01-16", "2026-02-30"])
def test_no_build_day_or_one_yet_to_come_has_no_age(built):
    assert firmware_age_days(built, TODAY) is None
