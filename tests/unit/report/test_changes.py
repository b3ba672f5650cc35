"""What judging again changed, and the cause that two reports and today's knowledge show."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sample import camera, evidence, sample_report, verdict

from netcam.model.report import ChangeRecord, ChangesRecord, NamedClaim, Outcome
from netcam.report.changes import Standing, changes
from netcam.report.to_json import dump, loads
from netcam.report.to_text import render


def standing(**states):
    return lambda id: Standing(states.get(id.replace(".", "_"), "active"))


@pytest.fixture
def old():
    device, observations = camera(1, "192.0.2.1")
    made = sample_report()
    return replace(made, devices=(device,), observations=observations)


def again(old, *, signatures="sha256:new", **versions):
    """The same report under other signatures."""
    now = replace(old.scan.versions, signatures=signatures, **versions)
    return replace(old, scan=replace(old.scan, versions=now))


def with_device(made, **changed):
    return replace(made, devices=(replace(made.devices[0], **changed),))


def only(record):
    (change,) = record.changed
    return change


def test_the_same_answers_are_no_change_whatever_the_versions(old):
    record = changes(old, again(old, netcam="9.9"), standing())
    assert record == ChangesRecord(before=old.scan.versions)


def test_a_signature_that_was_retired_withdrawn_or_changed_is_named(old):
    new = with_device(again(old), evidence=old.devices[0].evidence[1:], manufacturer=None)
    for state, words in (("retired", "was retired"), ("gone", "was withdrawn"), ("active", "no longer matches")):
        change = only(changes(old, new, standing(northlight_http_server=state)))
        assert (change.field, change.old, change.new) == ("manufacturer", "Northlight Optics Manufacturing", None)
        assert (change.device, change.ip, change.list) == (old.devices[0].id, "192.0.2.1", None)
        assert change.cause == f"signature northlight.http.server {'changed: it ' if state == 'active' else ''}{words}"


def test_a_signature_that_came_is_new_unless_the_old_report_used_it_elsewhere(old):
    came = evidence(9, "tidewater.http.title", "o12", manufacturer="tidewater")
    maker = NamedClaim(id="tidewater", name="Tidewater Imaging", confidence=0.97)
    new = with_device(again(old), evidence=(*old.devices[0].evidence, came), manufacturer=maker)
    assert only(changes(old, new, standing())).cause == "signature tidewater.http.title was added or changed"
    other, _ = camera(2, "192.0.2.2", evidence=(came,))
    both = replace(old, devices=(*old.devices, other))
    after = replace(new, devices=(*new.devices, other))
    assert only(changes(both, after, standing())).cause == "signature tidewater.http.title changed: it now matches"


def test_a_signature_that_says_something_else_is_named(old):
    first = old.devices[0].evidence[0]
    said = replace(first, says={**first.says, "manufacturer": "tidewater"})
    maker = NamedClaim(id="tidewater", name="Tidewater Imaging", confidence=0.97)
    new = with_device(again(old), evidence=(said, *old.devices[0].evidence[1:]), manufacturer=maker)
    assert "signature northlight.http.server changed: it says something else" in only(
        changes(old, new, standing())
    ).cause  # fmt: skip


def test_newer_mac_data_is_a_cause_of_its_own(old):
    came = evidence(9, "tidewater.oui", "o12", manufacturer="tidewater")
    new = with_device(again(old, oui="2026-09-01"), evidence=(*old.devices[0].evidence, came), manufacturer=None)
    assert only(changes(old, new, standing())).cause.startswith("the MAC register's data changed (")


@pytest.mark.parametrize(
    ("versions", "cause"),
    [
        ({"netcam": "9.9"}, "the rules of weighing evidence changed (netcam "),
        ({"pattern_engine": "re"}, "another pattern engine matched ("),
        ({}, "the rules of weighing evidence changed"),
    ],
)
def test_with_the_same_signatures_something_else_is_the_cause(old, versions, cause):
    new = with_device(again(old, signatures=old.scan.versions.signatures, **versions), model="NL-221")
    assert only(changes(old, new, standing())).cause.startswith(cause)


def test_other_signatures_without_other_evidence_leave_the_rules_or_the_companies(old):
    new = with_device(again(old), brand=None)
    assert only(changes(old, new, standing())).cause == (
        "the rules of weighing evidence changed, or what is known of the companies"
    )


def test_a_verdict_follows_the_answers_that_changed(old):
    other = NamedClaim(id="tidewater", name="Tidewater Imaging", confidence=0.97)
    cleared = tuple(verdict(v.list, Outcome.NOT_LISTED) for v in old.devices[0].verdicts)
    new = with_device(
        again(old), manufacturer=other, evidence=old.devices[0].evidence[1:], verdicts=cleared
    )  # fmt: skip
    maker, *verdicts = changes(old, new, standing(northlight_http_server="retired")).changed
    assert [(c.list, c.field, c.old, c.new) for c in verdicts] == [
        ("ex-export", "verdict", "listed", "not-listed"), ("ex-procurement", "verdict", "listed", "not-listed"),
    ]  # fmt: skip
    assert {c.cause for c in verdicts} == {f"maker changed: {maker.cause}"}


@pytest.mark.parametrize(
    ("before", "now", "cause"),
    [
        ({}, {"lists": {"ex-export": "2026-01-10", "ex-procurement": "2026-11-01"}},
         "the list changed (last checked 2026-01-12 -> 2026-11-01)"),
        ({"list_digests": {"ex-procurement": "a"}}, {"list_digests": {"ex-procurement": "b"}}, "the list changed"),
        ({"list_digests": {"ex-procurement": "a"}}, {}, "the rules of judging changed"),
        ({}, {"list_digests": {"ex-procurement": "b"}}, "the list or the rules of judging changed"),
    ],
)  # fmt: skip
def test_a_list_or_its_date_is_the_cause_where_the_device_is_the_same(old, before, now, cause):
    old = again(old, signatures="sha256:old", **before)
    outcome = tuple(
        verdict(v.list, Outcome.POSSIBLE if v.list == "ex-procurement" else v.outcome) for v in old.devices[0].verdicts
    )
    new = with_device(again(old, signatures="sha256:old", **now), verdicts=outcome)
    assert only(changes(old, new, standing())).cause == cause


def test_a_maker_that_is_merely_surer_now_is_the_cause_of_another_verdict(old):
    maker = replace(old.devices[0].manufacturer, confidence=0.85)
    outcome = tuple(verdict(v.list, Outcome.POSSIBLE) for v in old.devices[0].verdicts)
    new = with_device(
        again(old), manufacturer=maker, evidence=old.devices[0].evidence[1:], verdicts=outcome
    )  # fmt: skip
    causes = {c.cause for c in changes(old, new, standing(northlight_http_server="retired")).changed}
    assert causes == {"the maker's confidence changed: signature northlight.http.server was retired"}


def test_a_list_that_came_or_went_is_told_of_the_devices_it_names(old):
    lists = {"ex-procurement": old.scan.versions.lists["ex-procurement"]}
    fewer = again(old, lists=lists)
    kept = tuple(v for v in old.devices[0].verdicts if v.list == "ex-procurement")
    went = only(changes(old, with_device(fewer, verdicts=kept), standing()))
    assert (went.list, went.old, went.new, went.cause) == (
        "ex-export", "listed", None, "the list is not held against devices any more"
    )  # fmt: skip
    came = only(changes(with_device(fewer, verdicts=kept), old, standing()))
    assert (came.list, came.old, came.new, came.cause) == (
        "ex-export", None, "listed", "the list was not held against devices before"
    )  # fmt: skip
    quiet = tuple(verdict(v.list, Outcome.NOT_LISTED) for v in old.devices[0].verdicts)
    assert changes(with_device(fewer, verdicts=quiet[1:]), with_device(old, verdicts=quiet), standing()).changed == ()


def test_what_follows_from_the_model_or_the_brand_table_is_not_told_as_a_signature(old):
    rule = evidence(9, "northlight.model.dome", "o12", device_type="camera")
    row = evidence(10, "harbourview.made-by.northlight", "o12", manufacturer="northlight")
    held = with_device(old, evidence=(rule, row))
    new = with_device(again(old), evidence=(), model=None, device_type=None, manufacturer=None)
    causes = {c.field: c.cause for c in changes(held, new, standing()).changed}
    assert causes["device_type"] == "the model is another"
    assert causes["manufacturer"] == "the brand table is not asked any more (harbourview.made-by.northlight)"
    back = {c.field: c.cause for c in changes(new, held, standing()).changed}
    assert back["manufacturer"] == "the brand table is asked now (harbourview.made-by.northlight)"
    same = with_device(again(old), evidence=(), device_type=None)
    rules = with_device(old, evidence=(rule,))
    assert only(changes(rules, same, standing(northlight_model_dome="gone"))).cause == (
        "model rule northlight.model.dome was withdrawn"
    )


def test_a_condition_of_an_own_list_follows_what_only_such_lists_ask_about(old):
    outcome = tuple(verdict(v.list, Outcome.POSSIBLE) for v in old.devices[0].verdicts)
    new = with_device(again(old), verdicts=outcome, firmware_date=None, capabilities=())
    assert {c.cause for c in changes(old, new, standing()).changed} == {"capabilities changed; firmware date changed"}


def change(n, **more):
    facts = {"field": "model", "list": None, "old": None, "new": "NL-220", "cause": "signature x was added or changed"}
    return ChangeRecord(device=f"d{n}", ip=f"192.0.2.{n}", **(facts | more))


def test_the_table_is_followed_by_what_changed_with_like_devices_together(old):
    many = ChangesRecord(before=old.scan.versions, changed=tuple(change(n) for n in range(1, 8)))
    shown = render(replace(old, changes=many))
    assert "Judged again: 7 devices changed" in shown
    assert "192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4 and 3 more: model (none) -> NL-220" in shown
    assert "because signature x was added or changed" in shown
    lists = tuple(change(1, field="verdict", list=f"ex-{n}", old="listed", new="possible") for n in "ab")
    shown = render(replace(old, changes=ChangesRecord(before=old.scan.versions, changed=lists)))
    assert "192.0.2.1: ex-a, ex-b listed -> possible" in shown
    assert "nothing changed" in render(replace(old, changes=ChangesRecord(before=old.scan.versions)))
    assert "Judged again" not in render(old)


def test_hostile_names_in_a_change_are_shown_harmless_and_a_flood_is_cut(old):
    flood = tuple(change(1, new=f"\x1b[2J{n}", cause=f"c{n}") for n in range(100))
    shown = render(replace(old, changes=ChangesRecord(before=old.scan.versions, changed=flood)))
    assert "\x1b" not in shown
    assert "and 60 more in the report" in shown


def test_changes_survive_a_file_and_a_report_without_them_is_read(old):
    made = replace(old, changes=ChangesRecord(before=old.scan.versions, changed=(change(1),)))
    assert loads(dump(made), "r.json") == made
    plain = dump(old).decode().replace(',\n  "changes": null', "")
    assert "changes" not in plain
    assert loads(plain.encode(), "r.json").changes is None
