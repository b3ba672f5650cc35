"""Searching again: what only one pass heard is in the report, and what was answered is not asked twice."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from netns import NetnsLan, why_not

from netcam.demo.profile import load_profiles

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(why_not() is not None, reason=str(why_not())),
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("lab"),
]

# Answers the first ARP question and no other packet, as a host does that is switched off at that moment.
ONCE = "add table netdev t; add chain netdev t c { type filter hook ingress device eth0 priority 0; }; "
ONCE += "add rule netdev t c arp daddr ip 10.0.0.3 limit rate 1/day burst 1 packets accept; add rule netdev t c drop"


def pages(record):
    """How often each page was asked for on each port."""
    asked = [(r.port, r.data.split(b" HTTP/")[0]) for r in record if r.data.startswith((b"GET ", b"POST "))]
    return Counter(asked)


@pytest.fixture(scope="module")
def twice():
    with NetnsLan(load_profiles("hikvision-camera", "dahua-camera", "quiet-host"), network="10.0.0.0/28") as lan:
        done = lan.run_at("10.0.0.3", ["nft", ONCE])
        if done.returncode != 0:
            pytest.skip(f"no packet filter below IP here: {done.stderr[:80]}")
        folder = lan.folder()
        arguments = ["scan", "10.0.0.0/28", "--until-stable", "-o", str(folder / "r.json")]
        result = lan.run(arguments, timeout_s=200)
        assert result.returncode == 0, result.stderr
        first = pages(lan.record("hikvision-camera"))
        lan.record("hikvision-camera").clear()
        assert lan.run(["scan", "10.0.0.1", "--quiet"]).returncode == 0
        alone = pages(lan.record("hikvision-camera"))
        yield json.loads(Path(folder / "r.json").read_text("utf-8")), result.stderr, first, alone


def test_a_host_that_answered_once_is_reported_and_counted(twice):
    report, *_ = twice
    assert {"10.0.0.1", "10.0.0.2", "10.0.0.3"} == {d["ip"] for d in report["devices"]}
    (entry,) = [c for c in report["scan"]["coverage"] if c["what"].endswith("passes")]
    assert "1 of 3 hosts answered in one pass only: 10.0.0.3" in entry["why"]
    assert entry["status"] == "covered"
    assert entry["what"] in ("hosts in 3 passes", "hosts in 4 passes")


def test_the_plan_says_how_often(twice):
    _, plan, *_ = twice
    assert "up to 5 passes" in plan


def test_only_what_stayed_silent_is_asked_again(twice):
    _, _, several_passes, one_pass = twice
    assert one_pass
    assert {port for port, _ in several_passes - one_pass} == {8000}  # its own protocol, which takes no GET
