"""A device is gone only where the later scan looked as the earlier one did."""

import pytest
from scans import ARP, COVERAGE, GROUP, NET, cover, visit

from netcam.tracking.coverage import Comparison, why_not

HERE = ("192.0.2.20",)
BY_TCP = f"{NET} on eth0: hosts by TCP and the kernel's neighbour table"


def test_the_same_scan_again_looked_alike():
    assert why_not(HERE, visit(1), visit(2)) == ""


def test_an_incomplete_scan_looked_at_nothing_for_sure():
    assert "ended before" in why_not(HERE, visit(1), visit(2, complete=False))


def test_a_device_without_an_address_can_not_be_looked_for():
    assert why_not((), visit(1), visit(2)) == "it has no address to look at"


@pytest.mark.parametrize(
    ("targets", "excluded", "reason"),
    [
        (("192.0.2.0/28",), (), "192.0.2.20 was not in the later scope"),
        (("192.0.2.1-19",), (), "192.0.2.20 was not in the later scope"),
        (("2001:db8::/120",), (), "192.0.2.20 was not in the later scope"),
        ((NET,), ("192.0.2.20",), "192.0.2.20 was excluded from the later scan"),
        ((NET,), ("192.0.2.16-24",), "192.0.2.20 was excluded from the later scan"),
        ((NET,), ("tills.example",), "whether 192.0.2.20 was in the later scope can't be told from its words"),
        (("shop.example",), (), "whether 192.0.2.20 was in the later scope can't be told from its words"),
        ((), (), "the later report has no scope: it looked at nothing of its own accord"),
    ],
)
def test_an_address_outside_the_later_scope_was_not_looked_at(targets, excluded, reason):
    assert why_not(HERE, visit(1), visit(2, targets=targets, excluded=excluded)) == reason


@pytest.mark.parametrize("targets", [("192.0.2.20",), ("192.0.2.10-30",), ("192.0.2.1-192.0.2.99",), ("0.0.0.0/0",)])
def test_a_smaller_or_larger_scope_that_has_the_address_will_do(targets):
    assert why_not(HERE, visit(1), visit(2, targets=targets)) == ""


def test_names_and_files_that_come_to_as_many_addresses_as_before_are_the_same_scope():
    words = {"targets": ("@stores.txt", "nvr.example"), "addresses": 30}
    assert why_not(HERE, visit(1, **words), visit(2, **words)) == ""
    assert "can't be told" in why_not(HERE, visit(1, **words), visit(2, **(words | {"addresses": 29})))


def test_one_address_of_several_is_enough():
    assert why_not(("198.51.100.9", "192.0.2.20"), visit(1), visit(2)) == ""


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (cover("the whole scope", "partly", "interrupted"), "the whole scope: covered in part, interrupted"),
        (cover("probe onvif", "not", "switched off by the operator"), "probe onvif: not covered"),
        (cover(f"{NET} on eth0: ARP", "partly", "the worker broke"), "covered in part, the worker broke"),
        (cover("192.0.2.0-192.0.2.99, behind a router: hosts", "not", "no way"), "not covered, no way"),
        (cover("services of 192.0.2.20", "partly", "too slow"), "covered in part, too slow"),
        (cover("hosts in 3 passes", "partly", "no two in a row agree"), "no two in a row agree"),
        (cover("ARP answers of 02:00:5e:00:00:01", "partly", "proxy ARP"), "proxy ARP"),
        (cover("198.51.100.0/24 and 3 more, behind a router: hosts", "not", "no way"), "no way"),
    ],
)
def test_what_was_seen_less_well_than_before_does_not_count(entry, told):
    worse = visit(2, coverage=(*COVERAGE, entry))
    assert told in why_not(HERE, visit(1), worse)
    assert why_not(HERE, worse, visit(3, coverage=(*COVERAGE, entry))) == ""  # as bad as before is like for like
    assert why_not(HERE, worse, visit(3)) == ""  # and better than before is more than enough


@pytest.mark.parametrize(
    "what",
    ["198.51.100.0/24 on eth1: hosts by ARP", "services of 192.0.2.99", "IPv6 on eth0", "2001:db8::/64 on eth0: x"],
)
def test_trouble_elsewhere_is_no_trouble_here(what):
    assert why_not(HERE, visit(1), visit(2, coverage=(*COVERAGE, cover(what, "not")))) == ""


def test_another_way_of_looking_is_not_the_same_one():
    without_root = visit(2, coverage=(COVERAGE[0], cover(BY_TCP)))
    assert why_not(HERE, visit(1), without_root) == f"{ARP}: the later scan did not look in this way"


def test_arp_finds_all_that_the_neighbour_table_finds():
    assert why_not(HERE, visit(1, coverage=(COVERAGE[0], cover(BY_TCP))), visit(2)) == ""


def test_fewer_questions_are_not_the_same_ones():
    fewer = visit(2, coverage=(cover(GROUP, why="asked by onvif"), cover(ARP)))
    assert why_not(HERE, visit(1), fewer) == f"{GROUP}: the later scan did not ask by mdns"
    assert why_not(HERE, fewer, visit(3)) == ""


def test_how_often_a_search_was_repeated_is_no_difference():
    two, three = (visit(1, coverage=(*COVERAGE, cover(f"hosts in {n} passes"))) for n in (2, 3))
    assert why_not(HERE, two, three) == ""
    assert "hosts in several passes" in why_not(HERE, two, visit(2))


def test_reasons_name_the_side_that_did_not_look():
    turned = Comparison(visit(2), visit(1, targets=("192.0.2.0/28",)), called="earlier")
    assert turned.why_not(HERE) == "192.0.2.20 was not in the earlier scope"


def test_words_that_are_no_addresses_break_nothing():
    targets, coverage = ("\u202e", "999.1.1.1", "-", "1-2-3", NET), (cover("\x00: /99"),)
    odd = visit(2, targets=targets, excluded=("a/b",), coverage=coverage)
    assert "can't be told" in why_not(HERE, visit(1), odd)
    assert why_not(("not an address",), visit(1), visit(2)) == "its address can't be read"
