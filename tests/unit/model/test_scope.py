"""Ranges as sets of addresses, and what counts as home."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netcam.model import AddressRange, Scope, is_home
from netcam.model.scope import merged, subtracted

ranges = st.lists(
    st.tuples(st.sampled_from((4, 6)), st.integers(0, 40), st.integers(0, 12)).map(
        lambda t: AddressRange(t[0], t[1], t[1] + t[2])
    ),
    max_size=8,
)


def as_set(parts):
    return {(part.version, number) for part in parts for number in range(part.first, part.last + 1)}


@given(ranges)
def test_merging_keeps_the_addresses_and_leaves_gaps_between_ranges(parts):
    out = merged(parts)
    assert as_set(out) == as_set(parts)
    assert list(out) == sorted(out)
    for a, b in pairwise(out):
        assert a.version != b.version or b.first > a.last + 1


@given(ranges, ranges)
def test_subtracting_is_the_difference_of_the_sets(parts, holes):
    out = subtracted(parts, holes)
    assert as_set(out) == as_set(parts) - as_set(holes)
    assert merged(out) == out


@given(ranges, ranges)
def test_a_scope_contains_exactly_its_ranges(parts, holes):
    left = subtracted(parts, holes)
    scope = Scope(targets=(), ranges=left, forbidden=merged(holes))
    inside = as_set(left)
    assert {(ip.version, int(ip)) for ip in scope} == inside
    assert scope.addresses == len(inside)
    for version, make in ((4, IPv4Address), (6, IPv6Address)):
        for number in range(60):
            assert (make(number) in scope) == ((version, number) in inside)
            assert scope.forbids(make(number)) == ((version, number) in as_set(holes))


@pytest.mark.parametrize(
    "network",
    [
        "10.0.0.0/8",
        "172.31.255.255/32",
        "192.168.4.0/24",
        "127.0.0.1/32",
        "169.254.1.1/32",
        "192.0.2.0/24",
        "::1/128",
        "198.51.100.7/32",
        "203.0.113.0/24",
        "fe80::1/128",
        "fd00::/64",
        "2001:db8::/32",
        "3fff::1/128",
    ],
)
def test_private_loopback_link_local_and_documentation_space_is_home(network):
    assert is_home(AddressRange.of(ip_network(network)))


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("8.8.8.8", "8.8.8.8"),
        ("100.64.0.1", "100.64.0.1"),
        ("198.18.0.1", "198.18.0.1"),
        ("172.32.0.0", "172.32.0.0"),
        ("10.255.255.255", "11.0.0.0"),
        ("9.255.255.255", "10.0.0.0"),
        ("10.0.0.0", "192.168.0.0"),
        ("0.0.0.0", "255.255.255.255"),
        ("224.0.0.1", "224.0.0.1"),
        ("2001:db9::", "2001:db9::"),
        ("2606::1", "2606::1"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
        ("fe7f::", "fe80::1"),
        ("::", "::1"),
    ],
)
def test_anything_that_reaches_out_of_it_is_not(first, last):
    a, b = ip_address(first), ip_address(last)
    assert not is_home(AddressRange(a.version, int(a), int(b)))


def test_a_network_is_covered_when_exclusions_alone_are_missing_from_it():
    whole = AddressRange.of(ip_network("192.0.2.0/24"))
    hole = AddressRange.of(ip_network("192.0.2.64/28"))
    scope = Scope(targets=(), ranges=subtracted([whole], [hole]), forbidden=(hole,), asked=(whole,))
    assert scope.covers(ip_network("192.0.2.0/24"))
    assert not scope.covers(ip_network("192.0.2.0/23"))


def test_a_network_is_not_covered_because_the_rest_of_it_was_excluded():
    half, rest = (AddressRange.of(n) for n in ip_network("192.0.2.0/24").subnets())
    scope = Scope(targets=(), ranges=(half,), forbidden=(rest,), asked=(half,))
    assert not scope.covers(ip_network("192.0.2.0/24"))


def test_a_network_is_not_covered_by_a_part_of_it():
    scope = Scope(targets=(), ranges=(AddressRange.of(ip_network("192.0.2.0/25")),))
    assert not scope.covers(ip_network("192.0.2.0/24"))
