"""The targets file: read, and refused with the line that is wrong."""

from datetime import date

import pytest

from netcam.errors import ConfigError
from netcam.programme.targets import load_targets

GOOD = """\
schema = 1

[programme]
name = "Cameras out"
list = "us-ndaa-889"
start = 2026-01-01
due = 2027-06-30
target = 3

[[site]]
id = "store-7"
due = 2026-09-30

[[site]]
id = "store-8"
target = 2
"""


@pytest.fixture
def load(tmp_path):
    def made(text):
        path = tmp_path / "targets.toml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return load_targets(path)

    return made


def test_a_whole_file(load):
    made = load(GOOD)
    assert (made.programme.name, made.programme.lists, made.programme.target) == ("Cameras out", ("us-ndaa-889",), 3)
    assert (made.programme.start, made.programme.due) == (date(2026, 1, 1), date(2027, 6, 30))
    assert [(s.id, s.due, s.target) for s in made.site] == [("store-7", date(2026, 9, 30), 0), ("store-8", None, 2)]


def test_the_least_file(load):
    made = load("schema = 1\n[programme]\n")
    assert (made.programme.lists, made.programme.due, made.site) == ((), None, [])


def test_several_lists(load):
    assert load('schema = 1\n[programme]\nlist = ["a", "b"]\n').programme.lists == ("a", "b")


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("schema = 1", "schema = 2", 1, "schema 2 is not known to this netcam, which reads 1"),
        ("target = 3", "target = -3", 8, "[programme] target -3 is below 0"),
        ("target = 3", "targt = 3", 8, "[programme] unknown key 'targt'; is 'target' meant?"),
        ("target = 3", "target = 'three'", 8, "[programme] target: expected a whole number, got text"),
        ("due = 2027-06-30", "due = 2025-06-30", 7, "[programme] due 2025-06-30 is not after start 2026-01-01"),
        ("due = 2026-09-30", "due = 2025-09-30", 12, "[site] due 2025-09-30 is not after the programme's start"),
        ("due = 2026-09-30", 'due = "soon"', 12, "[site] due: expected a day such as 2026-01-15"),
        ('id = "store-8"', 'id = "store-7"', 15, "[site] id 'store-7' stands here a second time"),
        ('id = "store-8"', 'id = " "', 15, "[site] id is empty"),
        ('id = "store-8"\n', "", 14, "[site] the key 'id' is missing"),
        ("[programme]", "[programme", 3, "not TOML"),
        ("list = \"us-ndaa-889\"", "list = 889", 5, "[programme] list: expected"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(load, old, new, line, reason):
    assert old in GOOD
    with pytest.raises(ConfigError) as told:
        load(GOOD.replace(old, new))
    assert f"targets.toml:{line}: {reason}" in str(told.value)


def test_of_several_mistakes_the_first_is_told(load):
    with pytest.raises(ConfigError, match=r":8: .* \(and 1 more\)$"):
        load(GOOD.replace("target = 3", "target = -3").replace("target = 2", "target = -2"))


def test_a_file_that_can_not_be_read_is_named(load, tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.toml: can't be read"):
        load_targets(tmp_path / "nowhere.toml")
    with pytest.raises(ConfigError, match="byte 0 is not UTF-8"):
        load(b"\xff")
