"""When the rest may be done, and when nobody can say."""

import random
from datetime import date, timedelta

import pytest

from netcam.programme.forecast import LEAST_WEEKS, forecast

ON = date(2026, 1, 1)
STEADY = [3] * 20
NONE = [0] * 20


def test_a_steady_pace_has_one_end():
    made = forecast(STEADY, NONE, 30, 0, ON)
    assert (made.early, made.likely, made.late) == (ON + timedelta(weeks=10),) * 3
    assert (made.per_week, made.weeks, made.why_not) == (3.0, 20, "")


def test_what_comes_slows_what_goes():
    assert forecast(STEADY, [1] * 20, 30, 0, ON).likely == ON + timedelta(weeks=15)


def test_the_target_is_what_may_be_left():
    assert forecast(STEADY, NONE, 30, 15, ON).likely == ON + timedelta(weeks=5)
    assert forecast(STEADY, NONE, 15, 15, ON).why_not == "the target is reached"


@pytest.mark.parametrize(
    ("removed", "reason"),
    [
        ([], "0 complete weeks, and a forecast takes 8"),
        ([9] * (LEAST_WEEKS - 1), "7 complete weeks, and a forecast takes 8"),
        ([1, 1, 1, 1] + [0] * 9, "4 removals, and a forecast takes 5"),
        ([50, 50] + [0] * 9, "2 weeks with a removal, and a forecast takes 3"),
    ],
)
def test_too_little_is_no_forecast(removed, reason):
    made = forecast(removed, [0] * len(removed), 30, 0, ON)
    assert made.why_not == f"too little is known of the pace: {reason}"
    assert (made.early, made.likely, made.late) == (None, None, None)


def test_a_pace_that_never_ends_is_no_forecast():
    made = forecast(STEADY, [3] * 20, 30, 0, ON)
    assert made.why_not == "at the pace so far the target is not reached within ten years"
    assert made.likely is None


def test_a_late_end_without_end_is_told_apart():
    swaying = [6, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 1] * 2
    made = forecast(swaying, [0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1] * 2, 120, 0, ON)
    assert made.likely is not None
    assert made.early < made.likely
    assert made.late is None or made.late > made.likely


def test_the_same_weeks_give_the_same_forecast_every_time():
    weeks = [0, 4, 1, 7, 0, 3, 2, 2, 9, 0, 1]
    assert forecast(weeks, [0] * 11, 40, 0, ON) == forecast(weeks, [0] * 11, 40, 0, ON)


def test_only_the_last_year_counts():
    assert forecast([50] * 52 + [1] * 52, [0] * 104, 10, 0, ON).likely == ON + timedelta(weeks=10)


def test_the_interval_holds_about_as_often_as_it_says():
    """120 invented programmes whose weeks differ by chance alone: about 8 in 10 end inside their interval."""
    chance, inside = random.Random(7), 0
    for _ in range(120):
        draw = lambda: sum(chance.random() < 0.25 for _ in range(12))  # noqa: E731 - 3 a week on average
        past = [draw() for _ in range(26)]
        made = forecast(past, [0] * 26, 60, 0, ON, draws=200)
        left, weeks = 60, 0
        while left > 0:
            left, weeks = left - draw(), weeks + 1
        inside += made.early <= ON + timedelta(weeks=weeks) <= made.late + timedelta(days=6)  # it ended within a week
    assert 0.68 <= inside / 120 <= 0.92
