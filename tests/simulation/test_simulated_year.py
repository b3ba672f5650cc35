"""A short simulated time: what history, diff and programme say is what the simulation's own books say, to the last one.

benchmarks/year.py does the same with 35 stores, 60 devices each and a whole year.
"""

import pytest
from held import check_diff, check_lives, check_programme
from stores import DEAF, FULL, HALF, LIST, PARTIAL, Simulation

from netcam.history.store import History
from netcam.model.report import Outcome
from netcam.tracking.diff import Cause, Status
from netcam.tracking.reports import Reports


@pytest.fixture(scope="module")
def simulation():
    made = Simulation(stores=4, size=30, nights=40, seed=11)
    made.reports = [report for night in range(made.nights) for report in made.night(night)]
    return made


@pytest.fixture(scope="module", params=["reports", "history"])
def past(request, simulation, tmp_path_factory):
    if request.param == "reports":
        yield Reports(simulation.reports)
        return
    with History.open(str(tmp_path_factory.mktemp("year") / "history.sqlite")) as history:
        for report in simulation.reports:
            history.save(report)
        yield history


def test_the_simulated_time_has_everything_in_it(simulation):
    assert {"swap", "swap-elsewhere", "remove", "moved", "firmware"} <= simulation.changed.keys()
    assert {v.kind for s in simulation.stores for v in s.visits} == {FULL, HALF, PARTIAL, DEAF}
    assert any(len(s.visits) < simulation.nights for s in simulation.stores)  # missed nights
    assert {v.knowledge for s in simulation.stores for v in s.visits} == {0, 1, 2, 3}


def test_every_device_has_the_life_that_it_had(past, simulation):
    assert sum(check_lives(past, store) for store in simulation.stores) > 4 * 30


def test_every_figure_of_the_programme_is_that_of_the_books(past, simulation):
    made = check_programme(past, simulation)
    for what in ("baseline", "appeared", "judged", "removed", "replaced", "unlisted", "remaining"):
        assert made.total(what) > 0, what


def test_every_difference_is_that_of_the_books(past, simulation):
    statuses, causes = set(), set()
    for store in simulation.stores:
        for n in range(len(store.visits) - 1):
            made = check_diff(past, store, n)
            statuses |= {d.status for d in made.devices}
            causes |= {c.cause for d in made.devices for c in d.changes}
    assert statuses == set(Status)
    assert causes == {Cause.DEVICE, Cause.KNOWLEDGE, Cause.UNCLEAR}


def test_reports_and_history_say_the_same(simulation, tmp_path):
    """Also where the reports came to the history in another order of stores."""
    few = [r for r in simulation.reports if r.scan.site in ("store-00", "store-01")][:40]
    with History.open(str(tmp_path / "h.sqlite")) as history:
        for report in sorted(few, key=lambda r: (r.scan.site, r.scan.started_at)):
            history.save(report)
        pasts = history, Reports(few)
        listed = [
            {(life.site, life.key, len(life.states), any(v.outcome is Outcome.LISTED and v.list == LIST
             for s in life.states for v in s.record.verdicts)) for life in past.lives()}
            for past in pasts
        ]  # fmt: skip
    assert listed[0] == listed[1]
