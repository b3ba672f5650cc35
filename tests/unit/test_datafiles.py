"""TOML files as checked types: where a key stands, and what a mistake is told."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netcam.datafiles import TomlFlaw, data_folder, line_of, parsed, read_toml, toml_lines
from netcam.engine.load import VendorFile
from netcam.errors import SignatureError

TEXT = '''# [entry] in a comment is none
schema = 1
[list]
id = "x" # [[entry]]
"odd key" = 'a # b'
a.b . "c d" = 1
text = """
[[entry]]
vendor = "no" ""\\"""" # the string ends with two quotes
plain = \'\'\'
id = 1\'\'\'
many = [ # a list over lines
  "[x]", "]",
  { id = 1 },
]
[[list.citation]]
title = "one"
[[ list . citation ]]
title = "two"
[list.citation.more]
deep = true
[[entry]]
vendor = "first"

[[entry]]
\tvendor = "second"
inline = { vendor = "inside" }
'''
WHERE = {
    ("schema",): 2, ("list",): 3, ("list", "id"): 4, ("list", "odd key"): 5, ("list", "a", "b", "c d"): 6,
    ("list", "text"): 7, ("list", "plain"): 10, ("list", "many"): 12, ("list", "citation", 0): 16,
    ("list", "citation", 0, "title"): 17, ("list", "citation", 1): 18, ("list", "citation", 1, "title"): 19,
    ("list", "citation", 1, "more", "deep"): 21, ("entry", 0): 22, ("entry", 0, "vendor"): 23, ("entry", 1): 25,
    ("entry", 1, "vendor"): 26,
}  # fmt: skip


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_table_and_key_is_found_at_its_line(newline):
    assert tomllib.loads(TEXT)
    lines = toml_lines(TEXT.replace("\n", newline))
    assert {at: lines.get(at) for at in WHERE} == WHERE
    assert line_of(("entry", 1, "inline", "vendor"), lines) == 27
    assert line_of(("list", "many", 2, "id"), lines) == 12
    assert line_of(("nowhere",), lines) == 1


def paths(value, at=()):
    """Every table and key of a document but those inside inline values of lists."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*at, key)
            yield from paths(inner, (*at, key))
    elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        for number, inner in enumerate(value):
            yield (*at, number)
            yield from paths(inner, (*at, number))


def test_every_key_of_every_shipped_file_stands_in_the_line_that_is_told():
    files = sorted(data_folder().rglob("*.toml"))
    assert len(files) > 100
    for file in files:
        text = file.read_text("utf-8")
        lines, rows = toml_lines(text), text.split("\n")
        for at in paths(tomllib.loads(text)):
            name = next(part for part in reversed(at) if isinstance(part, str))
            assert name in rows[line_of(at, lines) - 1], (file, at)


WORD = st.text(alphabet="ab[]{}=#\"'\\.\n\t ü", max_size=12)


@given(st.lists(st.tuples(st.sampled_from(["basic", "multi", "literal"]), WORD), max_size=6))
def test_no_text_inside_a_value_is_taken_for_a_key(values):
    rows, expected = ["[table]"], {}
    for number, (form, word) in enumerate(values):
        basic = word.replace("\\", "\\\\").replace('"', '\\"')
        shown = {
            "basic": '"' + basic.replace("\n", "\\n").replace("\t", "\\t") + '"',
            "multi": f'"""{basic}"""',
            "literal": "'''" + word.replace("'", "") + "'''",
        }[form]
        expected[("table", f"key{number}")] = len("\n".join(rows).split("\n")) + 1
        rows.append(f"key{number} = {shown}")
    text = "\n".join(rows)
    assert len(tomllib.loads(text)["table"]) == len(values)
    lines = toml_lines(text)
    assert {at: line for at, line in lines.items() if len(at) == 2} == expected


@given(st.text(alphabet="ab[]{}=#\"'\\.\n\t ", max_size=60))
def test_any_text_is_parsed_or_told_with_a_line_of_its_own(text):
    flaw = None
    try:
        parsed(text)
    except TomlFlaw as error:
        flaw = error.flaw
    if flaw is not None:
        assert 1 <= flaw.line <= text.count("\n") + 1
        assert "\n" not in flaw.reason
    toml_lines(text)


def test_a_file_nested_too_deeply_is_told_and_does_not_crash(tmp_path):
    path = tmp_path / "deep.toml"
    path.write_text("x = " + "[" * 100_000)
    with pytest.raises(SignatureError, match=r"deep\.toml:1: not TOML"):
        read_toml(path, VendorFile)


def test_a_byte_order_mark_is_no_mistake_and_other_encodings_are_told(tmp_path):
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xef\xbb\xbfschema = 1\n[vendor]\nid='x'\nname='X'\nreferences=['x']\n")
    assert read_toml(path, VendorFile).vendor.id == "x"
    path.write_bytes("schema = 1 # ü".encode("latin-1"))
    with pytest.raises(SignatureError, match=r"x\.toml: not TOML: byte 13 is not UTF-8"):
        read_toml(path, VendorFile)


def test_a_vendor_file_s_mistakes_are_told_with_line_and_id(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(
        "schema = 1\n[vendor]\nid='x'\nname='X'\nreferences=['x']\n[[signature]]\nid='x.y.z'\nstatus='tested'\n"
        "observes='telnet'\npattern='x'\nstrength='mighty'\nsays={}\nreferences=[]\n"
    )
    with pytest.raises(SignatureError) as error:
        read_toml(path, VendorFile)
    assert str(error.value) == (
        f"{path}:11: x.y.z: [signature] strength: 'mighty' is not one of weak, supporting, strong, definitive"
    )
