"""Two engines behind one call: what one finds, the other finds."""

import pytest

from netcam.engine.patterns import Re2Matcher, ReMatcher, engine_name, matcher

ENGINES = [
    "re",
    pytest.param("re2", marks=pytest.mark.skipif(engine_name() != "re2", reason="google-re2 is not installed")),
]


@pytest.fixture(params=ENGINES)
def made(request):
    return lambda *patterns: matcher(patterns, request.param)


def test_every_pattern_that_occurs_is_found_in_their_order(made):
    found = made("beta", "^alpha", "gamma$", "delta").find("alpha beta gamma")
    assert [index for index, _ in found] == [0, 1, 2]


def test_groups_that_took_no_part_are_left_out(made):
    ((_, groups),) = made("NLO(?P<firmware>/[0-9]+)?(?P<model>-[A-Z]+)?").find("x NLO-AB")
    assert groups == {"model": "-AB"}


def test_no_pattern_finds_nothing(made):
    assert made().find("anything") == []


def test_an_empty_text_is_a_text(made):
    assert [index for index, _ in made("^$", "a").find("")] == [0]


def test_digits_words_and_spaces_are_ascii(made):
    assert made(r"v\d", r"^\w+$", r"a\sb").find("v٣é\u00a0") == []


def test_text_beyond_ascii_is_matched_and_captured(made):
    ((_, groups),) = made("型号(?P<model>[^<]+)<").find("<型号é-220<")
    assert groups == {"model": "é-220"}


def test_a_lone_surrogate_harms_nothing(made):
    assert [index for index, _ in made("Server").find("\ud800Server")] == [0]


def test_binary_characters_are_characters(made):
    assert [index for index, _ in made(r"^\xff\x00\x01").find("\xff\x00\x01abc")] == [0]


def test_a_broken_pattern_is_named(made):
    with pytest.raises(ValueError, match=r"\(open"):
        made("fine", "(open")


@pytest.mark.skipif(engine_name() != "re2", reason="google-re2 is not installed")
@pytest.mark.parametrize("pattern", ["(?=a)b", r"(a)\1", "(?<!a)b"])
def test_re2_refuses_what_is_not_linear(pattern):
    with pytest.raises(ValueError, match="pattern"):
        matcher([pattern], "re2")


@pytest.mark.skipif(engine_name() != "re2", reason="google-re2 is not installed")
@pytest.mark.parametrize("filler", ["a", "A" * 7 + " ", "<", "NLO", "é", "\0"])
def test_a_mark_is_found_at_the_end_of_a_long_hostile_text(filler):
    patterns = ["(a+)+NLO-END", "(?:[^<]*<)*NLO-END", "NLO-END", "(?:(?:NLO)+)+-END"]
    hostile = (filler * 65536)[: 60_000 // len(filler[0].encode())]  # 60 kB, as RE2 is shown 64
    text = hostile + "NLO-END"
    hits = {index for index, _ in Re2Matcher(patterns).find(text)}
    assert hits >= {2}
    assert 0 in hits or not filler.startswith("a")
    assert Re2Matcher(patterns).find(hostile) == []


def test_the_standard_library_is_shown_a_short_text_only():
    assert ReMatcher(["NLO-END"]).find("x" * 60_000 + "NLO-END") == []


def test_this_installation_names_its_engine():
    assert engine_name() in ("re", "re2")
