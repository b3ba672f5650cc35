"""The figures of benchmarks/scorecard.py hold: no right answer less, no wrong one more than those kept beside it."""

from __future__ import annotations

import importlib.util
import json
import sys

import pytest
from netns import why_not

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(why_not() is not None, reason=str(why_not())),
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("lab"),
]


@pytest.fixture(scope="module")
def scorecard(checkout):
    path = checkout / "benchmarks" / "scorecard.py"
    spec = importlib.util.spec_from_file_location("scorecard", path)
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        yield module
    sys.path[:] = before


@pytest.mark.parametrize("scene", ["lab", "lab-local-macs"])
def test_no_figure_fell_and_the_page_shows_the_kept_ones(scorecard, knowledge, checkout, scene):
    kept = json.loads((checkout / "benchmarks" / "scorecard.json").read_text("utf-8"))
    local = scene == "lab-local-macs"
    for _ in range(2):  # a datagram that a busy machine lost is no figure that fell: only what falls twice did
        now = scorecard.figures(scorecard.lab_scores(local_macs=local, knowledge=knowledge, with_nmap=False))
        fallen = scorecard.worse(kept, {scene: now})
        if not fallen:
            break
    assert fallen == []
    assert "\n".join(scorecard.table(kept[scene])) in (checkout / "docs" / "accuracy.md").read_text("utf-8")


def test_netcam_reads_what_the_peer_does_not(scorecard, checkout):
    """The promise of the comparison, from the kept figures of one run of both."""
    kept = json.loads((checkout / "benchmarks" / "scorecard.json").read_text("utf-8"))
    assert set(kept) == set(scorecard.SCENES)
    for programs in kept.values():
        ours, theirs = programs["netcam"], programs["nmap"]
        for question in ("model", "firmware"):
            assert ours[question]["right"] >= 3 * theirs[question]["right"]
        assert ours["vendor"]["wrong"] == ours["maker"]["wrong"] == 0
        assert ours["called_cctv"] == ours["rightly"]
    local = kept["lab-local-macs"]
    assert local["netcam"]["vendor"]["right"] >= 1.5 * local["nmap"]["vendor"]["right"]


def test_a_figure_that_fell_is_named(scorecard):
    figure = {"asked": 10, "right": 9, "wrong": 0}
    good = dict.fromkeys(scorecard.FIGURES, figure) | {"called_cctv": 5, "rightly": 5, "seconds": 1}
    bad = good | {"model": {"asked": 10, "right": 8, "wrong": 1}, "called_cctv": 6}
    told = scorecard.worse({"lab": {"netcam": good}}, {"lab": {"netcam": bad}})
    assert [line.split(":")[1].split()[0] for line in told] == ["model", "model", "neighbours"]
    assert scorecard.worse({"lab": {"netcam": good}}, {"lab": {"netcam": good}}) == []
