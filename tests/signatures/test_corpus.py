"""How well labelled observations of real devices are read, where the corpus lies beside the checkout."""

import importlib.util

import pytest


@pytest.fixture(scope="module")
def measured(checkout, knowledge):
    spec = importlib.util.spec_from_file_location("corpus_benchmark", checkout / "benchmarks" / "corpus.py")
    benchmark = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sys").modules, spec.name, benchmark)
        spec.loader.exec_module(benchmark)
        found = benchmark.measure(benchmark.FOLDER, knowledge)
    if found is None:
        pytest.skip("no corpus in ../shared/corpus: nothing measured")
    return found


def test_every_line_of_the_corpus_is_read(measured):
    assert measured.unread == ()
    assert measured.observations > 0


def test_the_vendor_is_right_in_at_least_85_of_100_fair_positives(measured):
    right, asked = measured.count["vendor right"], measured.count["vendor asked"]
    assert right >= 0.85 * asked, f"{right} of {asked}"


def test_no_negative_is_called_cctv(measured):
    assert measured.count["negatives"] > 0
    assert [m for m in measured.misses if m.startswith("FALSE CCTV")] == []


def test_no_device_is_listed_whose_maker_no_list_names(measured):
    assert [m for m in measured.misses if m.startswith("FALSE LISTED")] == []
