"""The operator's words come to a scope, or to one line that says which word doesn't."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netcam.discovery.targets import ADDRESS_LIMIT, scope_of
from netcam.discovery.targets import resolve as system_resolve
from netcam.errors import ConfigError, ScopeError

HOSTS = {
    "camera.example": ["192.0.2.9"],
    "two.example": ["192.0.2.1", "192.0.2.3"],
    "public.example": ["8.8.8.8"],
    "mapped.example": ["::ffff:192.0.2.9"],
    "zone.example": ["fe80::1%eth0"],
    "my-cam-1": ["192.0.2.4"],
}


def resolve(name):
    if name not in HOSTS:
        raise ConfigError(f"{name!r} is neither an address, a network, a range nor a known host name")
    return HOSTS[name]


def scope(*targets, excluded=(), **more):
    return scope_of(targets, excluded, resolve=resolve, **more)


def told(*targets, **more):
    return [str(ip) for ip in scope(*targets, **more)]


@pytest.mark.parametrize(
    ("word", "addresses"),
    [
        ("192.0.2.7", ["192.0.2.7"]),
        ("192.0.2.4/30", ["192.0.2.4", "192.0.2.5", "192.0.2.6", "192.0.2.7"]),
        ("192.0.2.6/30", ["192.0.2.4", "192.0.2.5", "192.0.2.6", "192.0.2.7"]),
        ("192.0.2.4/255.255.255.254", ["192.0.2.4", "192.0.2.5"]),
        ("192.0.2.10-12", ["192.0.2.10", "192.0.2.11", "192.0.2.12"]),
        ("192.0.2.254-192.0.2.255", ["192.0.2.254", "192.0.2.255"]),
        ("10.0.0.255-10.0.1.0", ["10.0.0.255", "10.0.1.0"]),
        ("192.0.2.5-5", ["192.0.2.5"]),
        ("2001:db8::1", ["2001:db8::1"]),
        ("2001:db8::fe-2001:db8::ff", ["2001:db8::fe", "2001:db8::ff"]),
        ("2001:db8::/127", ["2001:db8::", "2001:db8::1"]),
        ("::ffff:192.0.2.7", ["192.0.2.7"]),
        ("::ffff:192.0.2.6/127", ["192.0.2.6", "192.0.2.7"]),
        ("camera.example", ["192.0.2.9"]),
        ("two.example", ["192.0.2.1", "192.0.2.3"]),
        ("mapped.example", ["192.0.2.9"]),
        ("zone.example", ["fe80::1"]),
        ("fe80::1%eth0", ["fe80::1"]),
        ("my-cam-1", ["192.0.2.4"]),
        (" 192.0.2.7 ", ["192.0.2.7"]),
    ],
)
def test_every_form_of_a_target_is_read(word, addresses):
    assert told(word) == addresses


@pytest.mark.parametrize(
    "word",
    [
        "",
        " ",
        "10.0.0",
        "10.0.0.256",
        "10.0.0.0/33",
        "10.0.0.010",
        "10.0.0.5-4",
        "10.0.0.5-300",
        "10.0.0.5-x",
        "10.0.0.5-",
        "-5",
        "10.0.0.1-2001:db8::1",
        "2001:db8::1-5",
        "2001:db8::/64",
        "http://10.0.0.1/",
        "10.0.0.1:80",
        "a b",
        "unknown.example",
        "10.0.0.*",
        "10.0.0.1-²",
        "1234",
        "0.0.0.0/-1",
        "é.example",
    ],
)
def test_what_is_no_target_is_named_in_one_line(word):
    with pytest.raises(ConfigError) as error:
        scope(word)
    assert (word.strip() or "''") in str(error.value)
    assert "\n" not in str(error.value)


def test_no_target_is_an_error():
    with pytest.raises(ConfigError, match="no target"):
        scope()


@pytest.mark.parametrize(
    "word",
    [
        "8.8.8.8",
        "100.64.0.1",
        "0.0.0.0/0",
        "11.0.0.0/24",
        "10.255.255.0-11.0.0.5",
        "9.255.255.255-10.0.0.5",
        "192.168.0.0/15",
        "172.16.0.0/11",
        "224.0.0.251",
        "255.255.255.255",
        "::ffff:8.8.8.8",
        "::ffff:8.8.8.0/120",
        "2606:4700::1111",
        "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff-2001:db8::1",
        "public.example",
        "::",
        "ff02::1",
    ],
)
def test_public_addresses_are_refused_naming_the_word(word):
    with pytest.raises(ScopeError) as error:
        scope("10.0.0.1", word)
    assert word in str(error.value)
    assert "--allow-public" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_refused_address_does_not_slip_in_by_being_excluded():
    with pytest.raises(ScopeError):
        scope("8.8.8.0/24", excluded=["8.8.8.0/24"])


def test_leave_to_scan_public_addresses_lifts_the_refusal():
    assert told("8.8.8.8", allow_public=True) == ["8.8.8.8"]


def test_what_is_excluded_wins():
    made = scope("192.0.2.0/29", "192.0.2.3", excluded=["192.0.2.2-5", "192.0.2.7"])
    assert [str(ip) for ip in made] == ["192.0.2.0", "192.0.2.1", "192.0.2.6"]
    assert made.forbids(ip_address("192.0.2.3"))
    assert not made.forbids(ip_address("192.0.2.6"))


def test_an_excluded_address_is_not_reached_in_ipv6_dress():
    made = scope("::ffff:192.0.2.1", "192.0.2.2", excluded=["192.0.2.1"])
    assert [str(ip) for ip in made] == ["192.0.2.2"]
    made = scope("192.0.2.1", "192.0.2.2", excluded=["::ffff:192.0.2.1"])
    assert [str(ip) for ip in made] == ["192.0.2.2"]


def test_a_scope_of_which_nothing_is_left_is_an_error():
    with pytest.raises(ConfigError, match="every target is excluded"):
        scope("192.0.2.1", excluded=["192.0.2.0/24"])


def test_words_that_overlap_count_once():
    made = scope("192.0.2.0/30", "192.0.2.2-5", "192.0.2.3")
    assert made.addresses == len(list(made)) == 6


def test_a_scope_is_bounded_after_the_exclusions():
    with pytest.raises(ConfigError, match="too many"):
        scope("10.0.0.0/8")
    with pytest.raises(ConfigError, match=str(ADDRESS_LIMIT + 1)):
        scope("10.0.0.0/12", "172.16.0.0")
    assert scope("10.0.0.0/11", excluded=["10.16.0.0/12"]).addresses == ADDRESS_LIMIT


def test_a_file_holds_words_comments_and_other_files(tmp_path):
    inner, outer = tmp_path / "inner.txt", tmp_path / "outer.txt"
    inner.write_text("\ufeff192.0.2.9 # the door\n\n192.0.2.10,192.0.2.11\r\n", "utf-8")
    outer.write_text(f"# all of them\n192.0.2.1-2\t192.0.2.3\n@{inner}\n-\n", "utf-8")
    assert told(f"@{outer}") == [f"192.0.2.{n}" for n in (1, 2, 3, 9, 10, 11)]
    assert told("192.0.2.0/30", excluded=[f"@{outer}"]) == ["192.0.2.0"]


def test_a_bad_word_in_a_file_is_named(tmp_path):
    (tmp_path / "t").write_text("192.0.2.1\n10.0.0.999\n", "utf-8")
    with pytest.raises(ConfigError, match=r"10\.0\.0\.999"):
        scope(f"@{tmp_path / 't'}")


def test_a_file_that_names_itself_ends(tmp_path):
    path = tmp_path / "t"
    path.write_text(f"@{path}\n@{path}\n", "utf-8")
    with pytest.raises(ConfigError, match="deep"):
        scope(f"@{path}")


@pytest.mark.parametrize("make", [lambda p: None, lambda p: p.mkdir(), lambda p: p.write_bytes(b"\xff\xfe1\x00")])
def test_a_file_that_can_t_be_read_is_named(tmp_path, make):
    make(tmp_path / "missing")
    with pytest.raises(ConfigError, match="missing") as error:
        scope(f"@{tmp_path / 'missing'}")
    assert "\n" not in str(error.value)


def test_a_path_that_no_system_takes_is_an_error_too(tmp_path):
    (tmp_path / "t").write_text("@a\0b", "utf-8")
    with pytest.raises(ConfigError):
        scope(f"@{tmp_path / 't'}")


def test_standard_input_is_read_where_a_dash_stands():
    assert told("-", stdin=("192.0.2.1 # x", "", "192.0.2.3-4")) == ["192.0.2.1", "192.0.2.3", "192.0.2.4"]
    assert told("192.0.2.0/31", excluded=["-"], stdin=("192.0.2.1",)) == ["192.0.2.0"]


def test_standard_input_does_not_read_itself():
    assert told("-", stdin=("-", "192.0.2.1")) == ["192.0.2.1"]


def test_the_words_are_kept_for_the_report():
    made = scope("192.0.2.0/30", "camera.example", excluded=["192.0.2.1"])
    assert (made.targets, made.excluded) == (("192.0.2.0/30", "camera.example"), ("192.0.2.1",))


def test_this_machine_s_name_for_itself_is_resolved():
    assert list(system_resolve("localhost")) == ["127.0.0.1"]


@given(st.text(max_size=40))
def test_any_word_is_a_scope_or_one_line(word):
    if word.strip().startswith("@"):
        return
    try:
        made = scope(word)
    except (ConfigError, ScopeError) as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert 0 < made.addresses <= ADDRESS_LIMIT
