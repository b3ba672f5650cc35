"""How well labelled observations of real devices are read: those kept here, and those that may lie beside it."""

import importlib.util

import pytest

# Right answers per hundred fair questions; raised when the figures rise, never lowered.
LEAST = {
    "own": {"vendor": 0.97, "maker": 1.0, "model": 0.94, "firmware": 1.0},
    "other": {"vendor": 0.81, "maker": 1.0, "model": 0.97, "firmware": 1.0},
}


@pytest.fixture(scope="module")
def benchmark(checkout):
    spec = importlib.util.spec_from_file_location("corpus_benchmark", checkout / "benchmarks" / "corpus.py")
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sys").modules, spec.name, module)
        spec.loader.exec_module(module)
        yield module


@pytest.fixture(scope="module", params=list(LEAST))
def measured(request, checkout, benchmark, knowledge):
    folder = checkout / "tests" / "corpus" if request.param == "own" else benchmark.FOLDER
    found = benchmark.measure(folder, knowledge)
    if found is None:
        assert request.param != "own"
        pytest.skip("no corpus in ../shared/corpus: nothing measured")
    return request.param, found


def test_every_line_of_the_corpus_is_read(measured):
    _, found = measured
    assert found.unread == ()
    assert found.observations > 0


@pytest.mark.parametrize("question", ["vendor", "maker", "model", "firmware"])
def test_no_figure_has_fallen(measured, question):
    name, found = measured
    right, asked = found.count[f"{question} right"], found.count[f"{question} asked"]
    assert asked > 0
    assert right >= LEAST[name].get(question, 0) * asked, f"{right} of {asked}"


def test_no_negative_is_called_cctv(measured):
    _, found = measured
    assert found.count["negatives"] > 0
    assert [m for m in found.misses if m.startswith("FALSE CCTV")] == []


def test_no_device_is_listed_whose_maker_no_list_names(measured):
    _, found = measured
    assert [m for m in found.misses if m.startswith("FALSE LISTED")] == []
