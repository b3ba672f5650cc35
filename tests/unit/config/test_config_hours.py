"""Hours of sites: weekly spans, their time zones, and the nights on which clocks change."""

from datetime import UTC, datetime, timedelta

import pytest

from netcam.config.hours import Hours, parse_hours, zone
from netcam.config.words import addresses, days, seconds, spoken
from netcam.model import AddressRange

PARIS = zone("Europe/Paris")


def hours(*lines, allowing=False, where="Europe/Paris"):
    return Hours(zone=zone(where), spans=parse_hours(lines), allowing=allowing, said="; ".join(lines))


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "may"),
    [
        ("2026-06-01T06:29:59", True),  # Monday, 08:29:59 in Paris
        ("2026-06-01T06:30:00", False),
        ("2026-06-01T17:59:59", False),
        ("2026-06-01T18:00:00", True),
        ("2026-06-07T10:00:00", True),  # Sunday
        ("2026-12-01T07:29:59", True),  # winter: one hour less
        ("2026-12-01T07:30:00", False),
    ],
)
def test_opening_hours_forbid_by_the_clock_of_the_place(moment, may):
    assert hours("mon-sat 08:30-20:00").allowed(at(moment)) is may


def test_hours_for_scanning_allow_and_may_cross_midnight():
    night = hours("fri 22:00-06:00", allowing=True)
    assert not night.allowed(at("2026-06-05T19:59:00"))
    assert night.allowed(at("2026-06-05T20:00:00"))
    assert night.allowed(at("2026-06-06T03:59:00"))
    assert not night.allowed(at("2026-06-06T04:00:00"))
    assert night.next_allowed(at("2026-06-06T04:00:00")) == at("2026-06-12T20:00:00")


def test_the_next_change_is_found_across_spans_that_touch():
    shop = hours("mon 08:00-12:00, 12:00-18:00")
    assert shop.changes_at(at("2026-06-01T07:00:00")) == at("2026-06-01T16:00:00")


def test_hours_that_never_change_have_no_next_change():
    assert hours("daily 00:00-24:00").changes_at(at("2026-06-01T07:00:00")) is None
    assert hours("daily 00:00-24:00").next_allowed(at("2026-06-01T07:00:00")) is None


@pytest.mark.parametrize("allowing", [False, True], ids=["opening", "scanning"])
def test_in_the_hour_that_comes_twice_the_shop_loses_nothing(allowing):
    """25 October 2026: at 01:00 UTC the clocks of Paris go from 03:00 back to 02:00."""
    span = hours("sun 02:30-02:45", allowing=allowing)
    first, between, second = (at(f"2026-10-25T{t}") for t in ("00:35:00", "01:00:00", "01:35:00"))
    # Open from the first 02:30 to the second 02:45; scanning may begin at the second 02:30, past the first 02:45.
    assert [span.allowed(moment) for moment in (first, between, second)] == [False, False, False]
    assert span.allowed(at("2026-10-25T01:45:00")) is not allowing


@pytest.mark.parametrize("allowing", [False, True], ids=["opening", "scanning"])
def test_in_the_hour_that_never_comes_the_shop_loses_nothing(allowing):
    """29 March 2026: at 01:00 UTC the clocks of Paris go from 02:00 to 03:00."""
    span = hours("sun 02:30-04:00", allowing=allowing)
    assert span.allowed(at("2026-03-29T00:45:00")) is False
    assert span.allowed(at("2026-03-29T01:45:00")) is allowing
    assert span.allowed(at("2026-03-29T02:00:00")) is not allowing


def test_a_night_of_changing_clocks_is_shorter_or_longer_by_an_hour():
    def length(day):
        night = hours("sat 22:00-06:00", allowing=True)
        start = night.next_allowed(at(f"{day}T12:00:00"))
        return night.changes_at(start) - start

    assert length("2026-03-28") == timedelta(hours=7)
    assert length("2026-06-06") == timedelta(hours=8)
    assert length("2026-10-24") == timedelta(hours=9)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("mon 8-20", "no time of day"),
        ("mon 08:30", "no span"),
        ("mon 08:30-08:30", "lasts no time"),
        ("mon 08:30-24:01", "no time of day"),
        ("lun 08:30-20:00", "no day"),
        ("whenever", "no line of hours"),
        ("mon 24:00-06:00", "lasts no time"),
    ],
    ids=range(7),
)
def test_a_line_that_is_no_hours_is_told(line, said):
    with pytest.raises(ValueError, match=said):
        parse_hours([line])


def test_a_wrong_zone_names_the_one_that_is_meant():
    with pytest.raises(ValueError, match=r"is 'Europe/Paris' meant"):
        zone("Europe/Pariss")


@pytest.mark.parametrize("name", ["Europe", "", "../etc/passwd", "/etc/localtime", "a\0b", "Moon/Crater"], ids=range(6))
def test_what_is_no_zone_is_told(name):
    with pytest.raises(ValueError, match="is no time zone"):
        zone(name)


def test_durations_are_read_and_spoken():
    assert [seconds(word) for word in ("90s", "15m", "6h", "1h30m", "90d", "2w", 3600, 0.5)] == [
        90, 900, 21600, 5400, 7776000, 1209600, 3600, 0.5,
    ]  # fmt: skip
    assert [spoken(seconds(word)) for word in ("90m", "6h", "45s", "8d")] == ["1h30m", "6h", "45s", "8d"]


@pytest.mark.parametrize("word", ["", "6", "6 h", "-6h", "0h", "nan", "1e9d", "99999999w", 0, -1, float("inf")])
def test_what_is_no_duration_is_refused(word):
    with pytest.raises(ValueError, match=r"duration"):
        seconds(word)


def test_days_are_words_ranges_and_lists():
    assert days("daily") == tuple(range(7))
    assert days("sat-mon") == (0, 5, 6)
    assert days("mon,wed-thu") == (0, 2, 3)


def test_addresses_are_taken_in_every_form_and_names_in_none():
    assert addresses("10.0.0.40-49") == AddressRange(4, 0x0A000028, 0x0A000031)
    assert addresses("::ffff:10.0.0.1") == AddressRange(4, 0x0A000001, 0x0A000001)
    assert addresses("fd00::/64").size == 1 << 64
    for word in ("till-1.example", "10.0.0.9-1", "10.0.0.0/33", "", "10.0.0.1-"):
        with pytest.raises(ValueError, match=r"no address|ends before"):
            addresses(word)
