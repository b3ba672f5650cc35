"""What no scan of a configured place may do, down to the gate that every packet passes."""

import asyncio
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest

from netcam.cli.configured import Setup, site_of
from netcam.config.limits import forbidden, next_start, refuse_now, stopper, touched
from netcam.config.load import load
from netcam.config.words import addresses
from netcam.discovery.targets import scope_of
from netcam.errors import ConfigError, ScopeError
from netcam.net.gate import PACES, Gate
from netcam.pipeline import Settings, plan

TEXT = """
[[site]]
id = "north"
targets = ["10.0.0.0/24"]
exclude = ["10.0.0.1"]
never = [{ address = "10.0.0.40-49", why = "tills" }, { address = "fd00::/64", why = "tills by IPv6" }]
timezone = "Europe/Paris"
opening_hours = ["mon-sat 08:30-20:00"]

[[site]]
id = "south"
name = "South Store"
targets = ["10.0.0.0/24", "10.9.0.0/24"]
never = [{ address = "10.9.0.7", why = "card terminal" }]
"""
NIGHT, DAY = datetime(2026, 6, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, 9, tzinfo=UTC)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "netcam.toml"
    path.write_text(TEXT, "utf-8")
    return load(path, {})


@pytest.fixture
def limited(config):
    """The plan of a scan with this command line, at this moment."""

    def make(*targets, site=None, excluded=(), at=NIGHT):
        setup = Setup(config=config, site=site_of(config, site))
        settings = Settings(targets=targets, excluded=excluded, ports=(80,), without=frozenset({"arp"}), site=site)
        return plan(setup.limited(settings, wall=lambda: at))

    return make


def gate_lets(gate, word):
    try:
        asyncio.run(gate.admit(ip_address(word)))
    except ScopeError:
        return False
    return True


def test_a_forbidden_address_gets_no_packet_through_the_gate_even_when_it_is_the_target(limited):
    made = limited("10.0.0.38-42", "10.0.0.1", site="north")
    gate = Gate(made.scope, PACES["fast"])
    let = {word: gate_lets(gate, word) for word in ("10.0.0.1", "10.0.0.38", "10.0.0.39", "10.0.0.40", "10.0.0.42")}
    assert let == {
        "10.0.0.1": False, "10.0.0.38": True, "10.0.0.39": True, "10.0.0.40": False, "10.0.0.42": False,
    }  # fmt: skip
    assert gate.traffic.packets_sent == 2
    assert made.scope.excluded == ("10.0.0.40-49", "fd00::/64", "10.0.0.1")


def test_a_target_in_a_site_that_nobody_named_meets_its_forbidden_addresses_all_the_same(limited):
    gate = Gate(limited("10.9.0.6-8").scope, PACES["fast"])
    assert [gate_lets(gate, f"10.9.0.{n}") for n in (6, 7, 8)] == [True, False, True]


def test_the_command_line_may_exclude_more_but_not_less(limited):
    made = limited("10.9.0.0/29", site="South Store", excluded=("10.9.0.2",))
    assert not {ip_address("10.9.0.7"), ip_address("10.9.0.2")} & set(made.scope)


def test_a_target_that_is_forbidden_as_a_whole_is_refused(limited):
    with pytest.raises(ConfigError, match="every target is excluded"):
        limited("10.0.0.40", site="north")


def test_what_lies_in_the_named_site_s_own_networks_is_nobody_else_s(limited):
    made = limited("10.0.0.40", site="south", at=DAY)  # a till of the north, a camera of the south
    assert ip_address("10.0.0.40") in made.scope


def test_without_a_named_site_all_that_share_the_range_hold(limited):
    with pytest.raises(ScopeError, match="'north' may not be scanned now"):
        limited("10.0.0.50", at=DAY)
    assert ip_address("10.0.0.50") in limited("10.0.0.50", at=NIGHT).scope


def test_a_name_that_leads_into_a_site_is_held_to_its_limits(config):
    setup = Setup(config=config, site=None)
    found = setup.limited(Settings(), wall=lambda: NIGHT)
    scope = scope_of(
        ("camera.example", "10.9.0.8"), also_excluded=found.also_excluded, resolve=lambda name: ["10.9.0.7"]
    )
    assert ip_address("10.9.0.7") not in scope
    assert ip_address("10.9.0.8") in scope


def test_in_forbidden_hours_a_scan_is_refused_with_the_time_at_which_it_may_begin(limited):
    with pytest.raises(ScopeError, match=r"now, 2026-06-01 11:00 CEST: .*the next time is 2026-06-01 20:00 CEST"):
        limited(site="north", at=DAY)


def test_a_site_s_targets_are_the_default_and_its_words_stand_in_the_report(limited):
    made = limited(site="north")
    assert made.scope.targets == ("10.0.0.0/24",)
    assert made.scope.addresses == 256 - 10 - 1


def test_an_unknown_site_is_refused_with_the_one_that_is_meant(limited):
    with pytest.raises(ConfigError, match=r"'nort': no such site in .*netcam.toml; is 'north' meant"):
        limited(site="nort")


class Clock:
    def __init__(self, at):
        self.at, self.seconds = at, 0.0

    def __call__(self):
        return self.at

    def pass_s(self, seconds, wall_s=None):
        self.seconds += seconds
        self.at += timedelta(seconds=seconds if wall_s is None else wall_s)


@pytest.fixture
def stopping(config):
    clock = Clock(datetime(2026, 6, 1, 6, 0, tzinfo=UTC))  # 08:00 in Paris, half an hour before the doors open
    return clock, stopper([config.site("north")], clock, lambda: clock.seconds)


def test_a_scan_that_runs_into_forbidden_hours_is_told_to_end_a_moment_before(stopping):
    clock, why = stopping
    clock.pass_s(1794)
    assert why() == ""
    clock.pass_s(1)
    assert "'north' may no longer be scanned: scan = outside of opening_hours mon-sat 08:30-20:00" in why()


def test_a_clock_that_is_set_back_gives_a_scan_no_more_time(stopping):
    clock, why = stopping
    clock.pass_s(1000, wall_s=-3600)
    assert why() == ""
    clock.pass_s(795, wall_s=795)
    assert why()


def test_a_clock_that_is_set_back_into_forbidden_hours_ends_a_scan(stopping):
    clock, why = stopping
    clock.pass_s(1, wall_s=-2 * 86400 - 16 * 3600)  # Friday afternoon, while the shop is open
    assert why()


def test_a_clock_that_is_set_forward_ends_a_scan_at_once(stopping):
    clock, why = stopping
    clock.pass_s(1, wall_s=7200)
    assert why()


def test_the_moment_before_forbidden_hours_is_too_late_to_begin(config):
    north = config.site("north")
    just_before = datetime(2026, 6, 1, 6, 29, 57, tzinfo=UTC)
    with pytest.raises(ScopeError):
        refuse_now([north], just_before)
    refuse_now([north], just_before - timedelta(seconds=10))
    assert next_start(north, just_before) == datetime(2026, 6, 1, 18, 0, tzinfo=UTC)
    assert next_start(config.site("south"), just_before) == just_before


def test_a_site_that_is_not_touched_says_nothing(config):
    sites = config.file.site
    assert touched(sites, [addresses("10.7.0.0/24")], None) == ()
    assert forbidden((), None) == ()


def test_the_scan_ends_when_it_is_told_to_and_reports_what_it_has(knowledge):
    from netcam.pipeline import scan

    settings = Settings(
        targets=("127.0.0.2",), ports=(80,), without=frozenset({"discovery", "icmp", "arp"}),
        stop=lambda: "ended before the shop opens",
    )  # fmt: skip
    report = asyncio.run(scan(settings, knowledge))
    assert not report.scan.complete
    assert ("the whole scope", "ended before the shop opens") in {(c.what, c.why) for c in report.scan.coverage}
    assert report.scan.traffic.packets_sent == 0
