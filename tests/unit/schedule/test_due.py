"""When runs are due, on clocks that jump."""

from datetime import UTC, datetime, timedelta

import pytest

from netcam.config.hours import zone
from netcam.schedule.due import Due, Every, Times
from netcam.schedule.places import Job
from netcam.schedule.watch import TICK_S, Watched, watch

START = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
HOUR, DAY = 3600.0, 86400.0


class FakeClock:
    """Both clocks; `jump` sets the one on the wall."""

    def __init__(self, at=START):
        self.at, self.seconds = at, 5000.0

    def now(self):
        return self.at

    def steady(self):
        return self.seconds

    def pass_s(self, seconds):
        self.at += timedelta(seconds=seconds)
        self.seconds += seconds

    def jump(self, seconds):
        self.at += timedelta(seconds=seconds)


def nightly(where="UTC", *minutes):
    return Times(minutes=minutes or (150,), days=tuple(range(7)), zone=zone(where))


def due(plan, clock, last=None, jitter=lambda: 0.0):
    return Due(plan, clock, last_started=last, jitter=jitter)


def runs(one, clock, hours, jumps=None):
    """Let the hours pass; gives (steady hours since the start, wall clock) of every run. `jumps`: hour -> seconds."""
    began, found, jumps = clock.seconds, [], dict(jumps or {})
    while clock.seconds < began + hours * HOUR:
        for hour in [h for h in jumps if clock.seconds >= began + h * HOUR]:
            clock.jump(jumps.pop(hour))
        if one.ready():
            found.append((round((clock.seconds - began) / HOUR, 2), clock.at))
            one.started()
        clock.pass_s(60)
    return found


def hours_of(found):
    return [hour for hour, _ in found]


def test_an_interval_begins_at_once_and_keeps_its_step():
    assert hours_of(runs(due(Every(interval_s=6 * HOUR), clock := FakeClock()), clock, 25)) == [0, 6, 12, 18, 24]


@pytest.mark.parametrize("by", [10 * 365 * DAY, -10 * 365 * DAY, 7200, -7200], ids=["decade", "back", "2h", "2h-back"])
def test_an_interval_does_not_care_what_the_wall_clock_is_set_to(by):
    clock = FakeClock()
    assert hours_of(runs(due(Every(interval_s=6 * HOUR), clock), clock, 25, {8: by})) == [0, 6, 12, 18, 24]


def test_an_interval_goes_on_from_the_last_run_before_a_restart():
    clock = FakeClock()
    assert hours_of(runs(due(Every(interval_s=6 * HOUR), clock, START - timedelta(hours=4)), clock, 9)) == [2, 8]


def test_what_an_interval_missed_while_nothing_ran_is_made_up_for_once():
    clock = FakeClock()
    assert hours_of(runs(due(Every(interval_s=6 * HOUR), clock, START - timedelta(days=30)), clock, 13)) == [0, 6, 12]


def test_a_last_run_from_the_future_makes_no_silence():
    clock = FakeClock()
    assert hours_of(runs(due(Every(interval_s=6 * HOUR), clock, START + timedelta(days=900)), clock, 7)) == [0, 6]
    clock = FakeClock()
    assert hours_of(runs(due(nightly(), clock, START + timedelta(days=900)), clock, 24)) == [14.5]


def test_a_machine_that_slept_through_intervals_runs_once_and_keeps_its_step_from_then():
    clock = FakeClock()
    one = due(Every(interval_s=6 * HOUR), clock)
    assert hours_of(runs(one, clock, 1)) == [0]
    clock.pass_s(50 * HOUR)
    assert hours_of(runs(one, clock, 7)) == [0, 6]


def test_a_time_of_day_comes_once_a_day():
    found = runs(due(nightly(), clock := FakeClock()), clock, 72)
    assert [f"{wall:%d %H:%M}" for _, wall in found] == ["02 02:30", "03 02:30", "04 02:30"]


def test_a_time_of_day_that_was_missed_is_made_up_for_once():
    found = runs(due(nightly(), clock := FakeClock(), START - timedelta(days=4)), clock, 24)
    assert [f"{wall:%d %H:%M}" for _, wall in found] == ["01 12:00", "02 02:30"]


def test_a_clock_that_jumps_forward_over_days_makes_one_run():
    found = runs(due(nightly(), clock := FakeClock()), clock, 48, {1: 10 * DAY})
    assert [f"{wall:%d %H:%M}" for _, wall in found] == ["11 13:00", "12 02:30", "13 02:30"]


def test_a_clock_that_jumps_back_over_a_time_of_day_makes_no_second_run():
    found = runs(due(nightly(), clock := FakeClock()), clock, 72, {15: -HOUR})
    assert [f"{wall:%d %H:%M}" for _, wall in found] == ["02 02:30", "03 02:30", "04 02:30"]


def test_a_clock_that_jumps_back_by_weeks_makes_no_silence():
    found = runs(due(nightly(), clock := FakeClock()), clock, 72, {20: -30 * DAY})
    assert len(found) == 3
    assert all(later - earlier <= 25 for earlier, later in zip(hours_of(found), hours_of(found)[1:], strict=False))


def test_a_clock_that_swings_to_and_fro_makes_no_storm():
    jumps = {14 + n: (2 * HOUR if n % 2 else -2 * HOUR) for n in range(10)}
    assert len(runs(due(nightly(), clock := FakeClock()), clock, 48, jumps)) == 2


def test_a_clock_that_starts_in_1970_and_is_then_set_right_makes_up_for_the_missed_run_once():
    clock = FakeClock(datetime(1970, 1, 1, tzinfo=UTC))
    found = runs(due(nightly(), clock, START - timedelta(days=2)), clock, 2, {0.5: (START - clock.at).total_seconds()})
    assert len(found) == 1


def test_on_the_nights_when_clocks_change_a_time_of_day_comes_once():
    """02:30 comes twice in Paris on 25 October 2026, and not at all on 29 March."""
    autumn = FakeClock(datetime(2026, 10, 24, 12, tzinfo=UTC))
    found = runs(due(nightly("Europe/Paris"), autumn), autumn, 48)
    assert [f"{wall:%d %H:%M}" for _, wall in found] == ["25 00:30", "26 01:30"]
    spring = FakeClock(datetime(2026, 3, 28, 12, tzinfo=UTC))
    found = runs(due(nightly("Europe/Paris"), spring), spring, 48)
    assert [f"{wall:%d %H:%M}" for _, wall in found] == ["29 01:30", "30 00:30"]


def test_days_of_the_week_are_those_of_the_place():
    plan = Times(minutes=(30,), days=(0,), zone=zone("Pacific/Auckland"))  # Monday 00:30 there is Sunday in UTC
    assert plan.next(START) == datetime(2026, 6, 7, 12, 30, tzinfo=UTC)


def test_the_closest_times_are_told_across_the_week_s_end():
    assert nightly("UTC", 60, 150).closest_s == 90 * 60
    assert Times(minutes=(0,), days=(0, 6), zone=None).closest_s == DAY


def test_jitter_delays_each_run_and_does_not_add_up():
    drawn = iter([600.0, 0.0, 1200.0, 0.0, 0.0])
    clock = FakeClock()
    found = hours_of(runs(due(Every(interval_s=6 * HOUR), clock, jitter=lambda: next(drawn)), clock, 19))
    assert found == [0.17, 6, 12.33, 18]


@pytest.fixture
def watching(tmp_path):
    """Runs the loop on a fake clock for some hours; `took`: seconds that each run takes."""

    def make(*plans, hours, may_start=lambda at: at, took=0.0):
        clock, ran, said = FakeClock(), [], []
        end = clock.seconds + hours * HOUR

        def run(job):
            ran.append((job.scope, round((clock.at - START).total_seconds() / HOUR, 1)))
            clock.pass_s(took)

        def wait(seconds):
            clock.pass_s(seconds)
            return clock.seconds >= end

        watched = []
        for n, plan in enumerate(plans):
            job = Job(
                scope=f"s{n}", site=None, title=f"s{n}", state=tmp_path, folder=tmp_path, forms=(), keep_s=None
            )  # fmt: skip
            watched.append(Watched(job=job, due=due(plan, clock), may_start=may_start))
        watch(watched, run, clock=clock, wait=wait, say=said.append)
        return ran, said

    return make


def test_sites_are_run_in_turn_each_by_its_interval(watching):
    ran, _ = watching(Every(interval_s=6 * HOUR), Every(interval_s=6 * HOUR), hours=7)
    assert ran == [("s0", 0), ("s1", 0), ("s0", 6), ("s1", 6)]


def test_runs_that_take_longer_than_the_interval_follow_one_another_and_pile_up_nothing(watching):
    ran, _ = watching(Every(interval_s=HOUR), hours=10, took=2.5 * HOUR)
    assert [hour for _, hour in ran] == [0, 2.5, 5, 7.5]


def test_a_run_that_is_due_in_forbidden_hours_waits_for_their_end_and_says_so_once(watching):
    opens = START + timedelta(hours=9)
    ran, said = watching(Every(interval_s=6 * HOUR), hours=13, may_start=lambda at: max(at, opens))
    assert [hour for _, hour in ran] == [9]
    assert len(said) == 1
    assert "waits until 2026-06-01 21:00 UTC" in said[0]


def test_whoever_wants_an_end_gets_it_at_once(watching):
    ran, _ = watching(Every(interval_s=HOUR), Every(interval_s=HOUR), hours=1, took=2 * HOUR)
    assert ran == [("s0", 0)]
    assert TICK_S < 60
