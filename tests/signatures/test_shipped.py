"""The shipped signature files: every example and counterexample by itself, and the rules of the whole set."""

import tomllib

import pytest

from netcam.datafiles import data_folder
from netcam.engine.check import check
from netcam.engine.load import load_signatures
from netcam.engine.match import claimed
from netcam.engine.patterns import Re2Matcher, ReMatcher, engine_name
from netcam.probes import decoders, emitted_kinds

SET = load_signatures()
SIGNATURES = [(v, s) for v in sorted(SET.vendors) for s in SET.vendors[v].signature]
EXAMPLES = [pytest.param(v, s, e, id=f"{s.id}-{n}") for v, s in SIGNATURES for n, e in enumerate(s.example)]
COUNTEREXAMPLES = [pytest.param(s, c, id=f"{s.id}-{n}") for _, s in SIGNATURES for n, c in enumerate(s.counterexample)]


@pytest.mark.parametrize(("vendor_id", "signature", "example"), EXAMPLES)
def test_an_example_gives_exactly_what_it_says(vendor_id, signature, example):
    found = ReMatcher([signature.pattern]).find(example.value)
    assert found
    if engine_name() == "re2":
        assert Re2Matcher([signature.pattern]).find(example.value) == found
    says = claimed(SET, vendor_id, signature.says, found[0][1])
    assert says == {**signature.says, **example.expect}


@pytest.mark.parametrize(("signature", "counterexample"), COUNTEREXAMPLES)
def test_a_counterexample_is_not_taken(signature, counterexample):
    assert ReMatcher([signature.pattern]).find(counterexample.value) == []
    if engine_name() == "re2":
        assert Re2Matcher([signature.pattern]).find(counterexample.value) == []


@pytest.mark.skipif(engine_name() != "re2", reason="google-re2 is not installed")
def test_both_engines_say_the_same_of_every_example_by_every_signature():
    other = load_signatures(engine="re")
    for _, signature in SIGNATURES:
        for value in (e.value for e in (*signature.example, *signature.counterexample)):
            one, two = SET.reading(signature.observes), other.reading(signature.observes)
            assert (one is None) == (two is None)
            if one is not None:
                assert one.matcher.find(value) == two.matcher.find(value), (signature.observes, value)


def test_the_set_keeps_every_rule():
    retired = tomllib.loads((data_folder() / "retired.toml").read_text("utf-8")).get("retired", {})
    problems = check(SET, emitted_kinds() | set(decoders()), retired)
    assert [(p.file.rpartition("/")[2], p.id, p.reason) for p in problems] == []


def test_the_registry_data_is_whole():
    assert len(SET.oui.blocks) >= 53_000
    assert {len(prefix) for prefix in SET.oui.blocks} == {6, 7, 9}
    assert SET.oui.date >= "2026-01-01"
    assert all(SET.oui.blocks.values())


def test_the_registrants_that_files_name_exist_and_belong_to_one_vendor():
    registered = {" ".join(name.split()) for name in SET.oui.blocks.values()}
    named = [(" ".join(o.registrant.split()), v) for v in SET.vendors for o in SET.vendors[v].oui if o.registrant]
    assert named
    assert [n for n in named if n[0] not in registered] == []
    assert len({name for name, _ in named}) == len(named)


@pytest.mark.parametrize("kind", sorted(SET._readers))
def test_a_long_text_of_no_sense_is_nobody_s(kind):
    reader = SET.reading(kind)
    for filler in ("a", "<", "\0", "%"):
        hits = [reader.signatures[i][1] for i, _ in reader.matcher.find(filler * 65536)]
        assert [s.id for s in hits if s.says] == []
