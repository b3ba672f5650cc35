"""The page of a programme in a real browser: it asks for nothing, runs nothing, and hostile names stay text."""

from dataclasses import replace

import pytest
from browser import CHROMIUM, Browser, can_be_alone
from scans import camera, report

from netcam.model.report import NamedClaim
from netcam.programme import to_html
from netcam.programme.count import programme
from netcam.tracking.reports import Reports

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium"),
    pytest.mark.skipif(CHROMIUM is not None and not can_be_alone(), reason="no network namespaces here"),
]
EVIL = "</title></svg><script>document.title='ran'</script><img src=x onerror=alert(1)>\u202eevil" + "A" * 10_000


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    one = Browser(tmp_path_factory.mktemp("profile"))
    yield one
    one.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    claim = NamedClaim(id="x", name=EVIL, confidence=1.0)
    old = [replace(camera(n), brand=claim, manufacturer=claim, model=EVIL, verdicts=(
        replace(camera(n).verdicts[0], list=EVIL),)) for n in range(1, 30)]  # fmt: skip
    new = replace(camera(99, "192.0.2.1"), brand=claim, manufacturer=claim, model="\u202e" + EVIL, verdicts=())
    nights = [report(f"2026-{1 + n // 28:02}-{1 + n % 28:02}T02:00:00.000Z", new, *old[n // 3 + 1 :], site=EVIL)
              for n in range(70)]  # fmt: skip
    first = report("2025-12-31T02:00:00.000Z", *old, site=EVIL)
    made = programme(Reports([first, *nights]), now="2026-03-15T00:00:00.000Z")
    assert made.forecast.likely is not None
    path = tmp_path_factory.mktemp("page") / "programme.html"
    path.write_bytes(to_html.dump(made))
    return path


@pytest.mark.parametrize("width", [420, 800, 1280])
def test_it_asks_for_nothing_runs_nothing_and_fits(browser, file, width):
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500)
    browser.open(file)
    browser.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert [e["params"]["request"]["url"] for e in browser.said("Network.requestWillBeSent")] == [file.as_uri()]
    trouble = ("Page.javascriptDialogOpening", "Runtime.exceptionThrown", "Audits.issueAdded", "Log.entryAdded")
    assert browser.said(*trouble, "Runtime.consoleAPICalled") == []
    assert browser.run("document.scripts.length + document.images.length") == 0
    assert browser.run("document.title.startsWith('Removal of listed devices')")
    assert browser.run("document.documentElement.scrollWidth <= window.innerWidth")
    assert browser.run("document.querySelector('main').textContent.includes('<script>document.title')")
    assert browser.run("!document.body.textContent.includes('\\u202e')")


def test_what_is_drawn_is_inside_the_drawing(browser, file):
    browser.open(file)
    outside = """(() => {
      const frame = document.querySelector('.chart svg').getBoundingClientRect();
      return [...document.querySelectorAll('.chart svg[role=img] > *:not(title):not(desc)')].filter(e => {
        const box = e.getBoundingClientRect();
        return box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1;
      }).length;
    })()"""
    assert browser.run(outside) == 0
    assert browser.run("document.querySelector('.fan').getBoundingClientRect().width") > 5
    assert browser.run("document.querySelectorAll('.spark polyline').length") == 1
