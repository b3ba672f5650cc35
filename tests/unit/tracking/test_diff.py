"""What differs between two visits, and why."""

from dataclasses import replace

import pytest
from scans import COVERAGE, KNOWN, LIST, camera, evidence, report, scan, verdict

from netcam.model.report import NamedClaim, Outcome
from netcam.tracking.diff import Cause, Direction, Status, compare, firmware_direction
from netcam.tracking.sides import aligned, scan_of

NEW_LIST = replace(KNOWN, lists={LIST: "2026-01-09"}, list_digests={LIST: "sha256:m"})
NEW_SIGNATURES = replace(KNOWN, signatures="sha256:b")
BOTH_NEW = replace(NEW_LIST, signatures="sha256:b")


def only(diff):
    """The one change of the one device that differs."""
    (device,) = diff.devices
    (change,) = device.changes
    return change


def test_two_equal_scans_differ_in_nothing():
    made = compare(scan(1, camera(1), camera(2)), scan(2, camera(2), camera(1)))
    assert (made.devices, made.unchanged, made.knowledge) == ((), 2, ())


def test_what_came_and_went_where_both_looked_is_new_and_gone():
    made = compare(scan(1, camera(1)), scan(2, camera(2)))
    assert [(d.key, d.status, d.why) for d in made.devices] == [("id2", "new", ""), ("id1", "gone", "")]


def test_what_the_later_scan_did_not_look_for_is_not_gone():
    made = compare(scan(1, camera(1)), scan(2, complete=False))
    assert [(d.status, d.why) for d in made.devices] == [
        (Status.NOT_LOOKED_AT, "the later scan ended before its whole scope was covered")
    ]


def test_what_the_earlier_scan_did_not_look_for_is_not_new():
    (found,) = compare(scan(1, targets=("192.0.2.0/28",)), scan(2, camera(77))).devices
    assert (found.status, found.why) == (Status.FIRST_LOOKED_AT, "192.0.2.77 was not in the earlier scope")
    assert found.newly_listed == (LIST,)  # it is news all the same


def test_what_an_even_earlier_scan_found_is_back_and_no_news():
    (found,) = compare(scan(1), scan(2, camera(1)), earlier=lambda: {"id1": camera(1)}).devices
    assert (found.status, found.newly_listed) == (Status.BACK, ())


def test_what_is_back_and_was_not_listed_then_is_newly_listed():
    before = {"id1": camera(1, outcome="not-listed")}
    (found,) = compare(scan(1), scan(2, camera(1)), earlier=lambda: before).devices
    assert (found.status, found.newly_listed) == (Status.BACK, (LIST,))


def test_the_past_is_asked_only_where_something_came():
    def earlier():
        raise AssertionError

    assert compare(scan(1, camera(1)), scan(2), earlier=earlier).devices[0].status is Status.GONE


def test_a_new_device_at_the_address_of_a_gone_one_stands_in_its_place():
    made = compare(scan(1, camera(1)), scan(2, camera(2, "192.0.2.1", maker="harrow", outcome="not-listed")))
    assert made.of(Status.NEW)[0].instead_of == "id1"
    unsure = compare(scan(1, camera(1)), scan(2, camera(2, "192.0.2.1"), complete=False))
    assert unsure.of(Status.NEW)[0].instead_of is None


def test_another_address_is_a_move_and_one_address_more_is_not():
    moved = only(compare(scan(1, camera(1)), scan(2, camera(1, "192.0.2.50"))))
    assert (moved.field, moved.old, moved.new, moved.cause) == ("address", "192.0.2.1", "192.0.2.50", Cause.DEVICE)
    two = replace(camera(1), addresses=("192.0.2.1", "192.0.2.50"))
    assert only(compare(scan(1, camera(1)), scan(2, two))).field == "addresses"
    turned = replace(two, addresses=("192.0.2.50", "192.0.2.1"))
    assert compare(scan(1, two), scan(2, turned)).devices == ()


@pytest.mark.parametrize(
    ("old", "new", "way"),
    [
        ("V5.7.1", "V5.7.10", "up"),
        ("V5.10.0", "V5.9.9", "down"),
        ("V5.7.1 build 210101", "V5.7.1 build 220101", "up"),
        ("V5.7", "V5.7.1", "up"),
        ("5.7.1", "V5.7.2", None),
        ("V5.07", "V5.7", None),
        ("old", "new", None),
        ("9" * 4000, "1", "down"),
    ],
)
def test_the_way_firmware_went(old, new, way):
    change = only(compare(scan(1, camera(1, firmware=old)), scan(2, camera(1, firmware=new))))
    assert (change.field, change.direction) == ("firmware", way)


def test_build_dates_decide_before_numbers():
    old = camera(1, firmware="V9", firmware_date="2020-01-01")
    assert firmware_direction(old, camera(1, firmware="V2", firmware_date="2024-01-01")) is Direction.UP


def test_firmware_that_is_no_longer_told_is_an_answer_less():
    change = only(compare(scan(1, camera(1)), scan(2, camera(1, firmware=None))))
    assert (change.field, change.new, change.direction) == ("firmware", None, None)


# -- causes ------------------------------------------------------------------------------------------------------------


def listed_now(**more):
    return camera(1, maker="northlight", outcome="listed", **more)


def not_listed(**more):
    return camera(1, maker="northlight", outcome="not-listed", **more)


def test_with_the_same_knowledge_it_was_the_device():
    was = camera(1, maker="harrow", outcome="not-listed")
    (found,) = compare(scan(1, was), scan(2, listed_now())).devices
    causes = {c.field: (c.cause, c.why) for c in found.changes}
    seen = "seen now: northlight.http.server; not seen any more: harrow.http.server"
    assert causes == {"manufacturer": (Cause.DEVICE, seen), "verdict": (Cause.DEVICE, seen)}
    assert found.newly_listed == (LIST,)


def test_the_same_answers_and_another_list_is_our_knowledge():
    change = only(compare(scan(1, not_listed()), scan(2, listed_now(), versions=NEW_LIST)))
    assert change.cause is Cause.KNOWLEDGE
    assert change.why == "the list changed (last checked 2026-01-01 -> 2026-01-09)"


def test_a_list_that_changed_between_two_checks_of_one_day_is_told_by_its_digest():
    versions = replace(KNOWN, list_digests={LIST: "sha256:m"})
    assert only(compare(scan(1, not_listed()), scan(2, listed_now(), versions=versions))).why == "the list changed"


def test_a_list_that_came_or_went_is_our_knowledge():
    none = replace(KNOWN, lists={}, list_digests={})
    came = only(compare(scan(1, camera(1, outcome=None), versions=none), scan(2, listed_now())))
    assert (came.cause, came.why) == (Cause.KNOWLEDGE, "the list was not held against devices before")
    went = only(compare(scan(1, listed_now()), scan(2, camera(1, outcome=None), versions=none)))
    assert (went.cause, went.why) == (Cause.KNOWLEDGE, "the list is not held against devices any more")


def test_a_list_that_came_and_says_nothing_of_a_device_is_no_change_of_it():
    none = replace(KNOWN, lists={}, list_digests={})
    assert compare(scan(1, camera(1, outcome=None), versions=none), scan(2, not_listed())).devices == ()


def test_the_same_evidence_and_other_signatures_is_our_knowledge():
    said = (evidence("any.http.server", manufacturer="northlight"), evidence("any.http.firmware", firmware="V5.7.1"))
    was = replace(camera(1, maker=None, outcome="undetermined"), evidence=said)
    now = replace(listed_now(), evidence=said)
    (found,) = compare(scan(1, was), scan(2, now, versions=NEW_SIGNATURES)).devices
    assert {(c.cause, c.why) for c in found.changes} == {(Cause.KNOWLEDGE, "the signatures changed")}


def test_other_evidence_and_other_signatures_can_not_be_told_apart():
    was = camera(1, maker=None, outcome="undetermined")
    (found,) = compare(scan(1, was), scan(2, listed_now(), versions=BOTH_NEW)).devices
    assert {c.cause for c in found.changes} == {Cause.UNCLEAR}
    assert found.changes[0].why == (
        "what was seen changed (seen now: northlight.http.server), and so did what is known: the signatures changed"
    )


def test_without_evidence_nobody_can_say_that_it_was_the_knowledge():
    was = replace(camera(1, maker=None, outcome="undetermined"), evidence=())
    (found,) = compare(scan(1, was), scan(2, replace(listed_now(), evidence=()), versions=NEW_SIGNATURES)).devices
    assert {c.cause for c in found.changes} == {Cause.UNCLEAR}


def test_a_number_that_the_same_signature_reads_otherwise_is_the_device():
    change = only(compare(scan(1, camera(1)), scan(2, camera(1, firmware="V5.7.3"), versions=NEW_SIGNATURES)))
    assert (change.cause, change.why) == (Cause.DEVICE, "says something else: any.http.firmware")
    other = only(compare(scan(1, camera(1)), scan(2, camera(1, firmware="Version 6"), versions=NEW_SIGNATURES)))
    assert other.cause is Cause.UNCLEAR


def test_nothing_but_age_is_time():
    was, now = (camera(1, firmware_date="2023-01-01", firmware_age_days=days) for days in (1094, 1096))
    was = replace(was, verdicts=(verdict("not-listed"),))
    assert only(compare(scan(1, was), scan(2, now))).cause is Cause.TIME


# -- judged anew -------------------------------------------------------------------------------------------------------


def both(old, new):
    return lambda keys: dict.fromkeys(keys, (old, new))


@pytest.mark.parametrize(
    ("then", "today", "cause"),
    [
        ("listed", "listed", Cause.KNOWLEDGE),  # the old observations would be listed today
        ("not-listed", "listed", Cause.DEVICE),  # they would not, and the new ones are
        ("undetermined", "listed", Cause.BOTH),
        ("not-listed", "not-listed", Cause.KNOWLEDGE),  # today's knowledge is that of the earlier scan
        ("undetermined", "undetermined", Cause.UNCLEAR),  # today's is neither's
    ],
)
def test_what_differs_under_one_knowledge_is_the_device(then, today, cause):
    again = both(camera(1, outcome=then), camera(1, outcome=today))
    was = camera(1, maker="harrow", outcome="not-listed")
    (found,) = compare(scan(1, was), scan(2, listed_now(), versions=BOTH_NEW), again=again).devices
    assert next(c.cause for c in found.changes if c.list) is cause


def test_nothing_is_judged_anew_where_the_knowledge_is_the_same_or_the_place_alone_changed():
    def again(keys):
        raise AssertionError(keys)

    compare(scan(1, camera(1)), scan(2, camera(1, firmware="V6")), again=again)
    compare(scan(1, camera(1)), scan(2, camera(1, "192.0.2.9"), versions=BOTH_NEW), again=again)


def test_only_devices_with_other_answers_are_judged_anew():
    asked = []
    old, new = scan(1, camera(1), camera(2)), scan(2, camera(1, firmware="V6"), camera(2), versions=NEW_SIGNATURES)
    compare(old, new, again=lambda keys: asked.append(set(keys)) or {})
    assert asked == [{"id1"}]


def test_an_own_list_that_is_not_there_today_is_told_from_the_records():
    again = both(camera(1, outcome=None), camera(1, outcome=None))
    change = only(compare(scan(1, not_listed()), scan(2, listed_now(), versions=NEW_LIST), again=again))
    assert (change.cause, change.why[:16]) == (Cause.KNOWLEDGE, "the list changed")


# -- which lists, which devices ----------------------------------------------------------------------------------------


def test_only_the_lists_asked_for_are_compared():
    two = replace(listed_now(), verdicts=(verdict("listed"), verdict("listed", "ex-export")))
    old = replace(not_listed(), verdicts=(verdict("not-listed"), verdict("not-listed", "ex-export")))
    versions = replace(KNOWN, lists={LIST: "1", "ex-export": "1"})
    made = compare(scan(1, old, versions=versions), scan(2, two, versions=versions), lists=["ex-export"])
    (found,) = made.devices
    assert [c.list for c in found.changes] == ["ex-export"]
    assert found.newly_listed == ("ex-export",)


def test_reports_are_aligned_by_what_tells_devices_apart():
    old = scan_of(report(1, camera(1), camera(2)))
    new = scan_of(report(2, replace(camera(1, "192.0.2.50"), id="other"), camera(3)))
    assert [d.key for d in aligned(old, new).devices] == ["id1", "id3"]


def test_a_new_device_never_gets_the_key_of_another():
    old = scan_of(report(1, camera(1)))
    new = scan_of(report(2, replace(camera(2, "192.0.2.1", maker="harrow"), id="id1", model="HC-1")))
    made = compare(old, aligned(old, new))
    assert [(d.status, d.key) for d in made.devices] == [("new", "id1-2"), ("gone", "id1")]


def test_devices_come_by_status_and_then_by_address():
    made = compare(scan(1, camera(100), camera(20)), scan(2, camera(9), camera(30), camera(5, None, firmware="V1")))
    assert [d.record.ip for d in made.devices] == ["192.0.2.5", "192.0.2.9", "192.0.2.30", "192.0.2.20", "192.0.2.100"]


def test_a_claim_of_another_sureness_can_make_a_possible_one_of_a_listed():
    sure = NamedClaim(id="northlight", name="Northlight Optics", confidence=0.6)
    was, now = replace(listed_now(), manufacturer=sure), listed_now()
    was = replace(was, verdicts=(verdict(Outcome.POSSIBLE),), evidence=was.evidence[1:])
    change = only(compare(scan(1, was), scan(2, now, versions=NEW_LIST)))
    assert change.cause is Cause.UNCLEAR


def test_coverage_is_part_of_the_visits():
    assert compare(scan(1), scan(2)).old.coverage == COVERAGE
