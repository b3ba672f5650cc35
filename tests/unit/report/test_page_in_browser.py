"""The page in a real browser: it works, asks for nothing, and runs no script but its own."""

import pytest
from browser import CHROMIUM, Browser, can_be_alone
from sample import HOSTILE, big_report, camera, hostile_report, sample_report, verdict

from netcam.model.report import Outcome
from netcam.report.to_html import STEP, dump

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium"),
    pytest.mark.skipif(CHROMIUM is not None and not can_be_alone(), reason="no network namespaces here"),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    one = Browser(tmp_path_factory.mktemp("profile"))
    yield one
    one.close()


@pytest.fixture
def page(browser, tmp_path):
    def opened(report, fragment=""):
        path = tmp_path / "report.html"
        path.write_bytes(dump(report))
        browser.open(path, fragment)
        return browser

    return opened


SHOWN = "[...document.querySelectorAll('#table tbody')].filter(b => !b.hidden).map(b => b.rows[0].cells[0].textContent)"
STORE = ["192.0.2.9", "192.0.2.10", "192.0.2.30", "192.0.2.40", "192.0.2.77"]


# Opened one after the other, and left when each has made what it holds.
OPEN_ALL = """(async () => {
  for (const one of document.querySelectorAll('details')) {
    one.open = true;
    await new Promise(done => one.querySelector(':scope > noscript') ? one.addEventListener('toggle', done) : done());
  }
  return document.querySelectorAll('noscript').length;
})()"""


@pytest.mark.parametrize("report", [sample_report(), hostile_report()], ids=["sample", "hostile"])
def test_nothing_is_requested_and_nothing_foreign_runs(page, report):
    browser = page(report)
    assert browser.run(OPEN_ALL) == 0
    asked = {e["params"]["request"]["url"].partition(":")[0] for e in browser.said("Network.requestWillBeSent")}
    assert asked == {"file"}
    assert len(browser.said("Network.requestWillBeSent")) == 1
    assert browser.said("Page.javascriptDialogOpening", "Runtime.exceptionThrown", "Audits.issueAdded") == []
    assert browser.said("Runtime.consoleAPICalled", "Log.entryAdded") == []
    assert browser.run("document.scripts.length") == 1
    assert browser.run("document.images.length") == 0
    assert browser.run("getComputedStyle(document.body).marginTop") == "0px"  # the style was let in


def test_the_console_would_have_been_heard(page):
    browser = page(sample_report())
    browser.run("console.error('heard')")
    assert len(browser.said("Runtime.consoleAPICalled")) == 1
    browser.run("document.body.append(Object.assign(new Image(), {src: 'http://192.0.2.1/x.png'}))")
    browser.run("new Promise(done => setTimeout(done, 200))")
    assert browser.said("Log.entryAdded", "Audits.issueAdded")  # the policy refuses it, and says so


def test_hostile_names_are_shown_as_text_in_row_and_details(page):
    browser = page(hostile_report())
    browser.run("kinds.value = 'all'; kinds.dispatchEvent(new Event('change'))")
    browser.run(OPEN_ALL)
    seen = browser.run("document.querySelector('#table').innerText")
    for name in ("script", "template", "formula", "markdown", "noscript", "wide"):
        assert HOSTILE[name][:60] in seen, name
        assert HOSTILE[name] in seen, name
    assert "\\u202eredael-gpj.exe" in seen
    assert "W" * 200 + "…" in seen
    assert "W" * 601 not in browser.run("document.body.innerText")
    assert not {"\u202e", "\u2066", "\u200b", "\ufeff"} & set(browser.run("document.documentElement.innerText"))
    # Every element is one that the template writes.
    tags = set(browser.run("[...document.querySelectorAll('main *')].map(e => e.tagName.toLowerCase())"))
    assert not tags & {"script", "img", "style", "iframe", "object", "svg:script"}


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
@pytest.mark.parametrize("report", [sample_report(), hostile_report()], ids=["sample", "hostile"])
def test_the_page_is_no_wider_than_its_screen(page, report, width):
    browser = page(report)
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
    browser.run(OPEN_ALL)
    assert browser.run("document.documentElement.scrollWidth") <= width
    browser.call("Emulation.clearDeviceMetricsOverride")


def test_words_and_kinds_filter_the_table_and_the_count_follows(page):
    browser = page(sample_report())
    assert browser.run(SHOWN) == STORE
    assert browser.run("shown.textContent") == "5 of 6 devices"
    browser.run("kinds.value = 'possible'; kinds.dispatchEvent(new Event('change'))")
    assert browser.run(SHOWN) == ["192.0.2.30"]
    browser.run("kinds.value = 'all'; kinds.dispatchEvent(new Event('change'))")
    assert len(browser.run(SHOWN)) == 6
    browser.run("words.value = 'NORTHLIGHT nl000001'; kinds.dispatchEvent(new Event('change'))")
    assert browser.run(SHOWN) == ["192.0.2.10"]


def test_the_keyboard_sorts_a_column_both_ways_and_says_so(page):
    browser = page(sample_report())
    browser.run("document.querySelector('#table thead button').focus()")
    sort = "document.querySelector('#table thead th').getAttribute('aria-sort')"
    assert browser.run(sort) == "none"
    browser.call(
        "Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter", text="\r", windowsVirtualKeyCode=13
    )
    assert browser.run(sort) == "ascending"
    assert browser.run(SHOWN) == STORE
    browser.call(
        "Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter", text="\r", windowsVirtualKeyCode=13
    )
    assert browser.run(sort) == "descending"
    assert browser.run(SHOWN) == STORE[::-1]


def test_an_empty_cell_sorts_last_in_both_directions(page):
    browser = page(sample_report())
    press = "document.querySelectorAll('#table thead button')[4].click()"
    for order in ("NL-220", "TW-4"):
        browser.run(press)
        models = browser.run("[...document.querySelectorAll('#table tbody')].map(b => b.rows[0].cells[4].textContent)")
        assert models[0] == order
        assert models[3:] == ["", "", ""]


def test_a_link_to_a_device_opens_its_details_even_when_it_is_filtered_out(page):
    browser = page(sample_report(), "#d5")
    assert browser.run("document.querySelector('#d5 details').open")
    assert not browser.run("document.getElementById('d5').hidden")


def test_without_script_everything_is_shown_and_no_dead_control(page):
    browser = page(sample_report())
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.load("Page.reload")
    assert len(browser.run(SHOWN)) == 6
    assert browser.run("getComputedStyle(controls).display") == "none"
    assert browser.run("document.querySelectorAll('#table button').length") == 0
    assert browser.run("getComputedStyle(more).display") == "none"
    assert browser.run("document.querySelectorAll('#table details noscript li').length") > 6  # the chain is there
    browser.call("Emulation.setScriptExecutionDisabled", value=False)


def test_the_filter_looks_into_details_that_nobody_opened_and_not_into_their_markup(page):
    browser = page(sample_report())
    for words, found in (("NLO-Web", 4), ("two makers' marks", 1), ("<li>", 0), ("&#39;", 0), ("</small>", 0)):
        browser.run(f"words.value = {words!r}; kinds.value = 'all'; kinds.dispatchEvent(new Event('change'))")
        assert len(browser.run(SHOWN)) == found, words


def test_details_are_made_once_and_the_keyboard_opens_them(page):
    browser = page(sample_report())
    browser.run("document.querySelector('#d1 summary').focus()")
    for _ in range(3):
        browser.call(
            "Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter", text="\r", windowsVirtualKeyCode=13
        )
        browser.run("new Promise(done => setTimeout(done, 50))")
    assert browser.run("document.querySelector('#d1 details').open")
    assert browser.run("document.querySelectorAll('#d1 details ol').length") == 1


def test_print_shows_every_row_that_is_shown_and_the_details_that_are_open(page):
    browser = page(sample_report(), "#d1")
    browser.call("Emulation.setEmulatedMedia", media="print")
    assert browser.run("getComputedStyle(document.querySelector('#d1 details')).display") == "block"
    assert browser.run("getComputedStyle(document.querySelector('#d2 details')).display") == "none"
    assert browser.run("getComputedStyle(controls).display") == "none"
    assert len(browser.run(SHOWN)) == 5
    assert browser.call("Page.printToPDF")["data"].startswith("JVBERi")
    browser.call("Emulation.setEmulatedMedia", media="")


def test_what_more_lists_say_is_open_on_paper_and_closed_again_afterwards(page):
    judged = (verdict("ex-procurement", Outcome.LISTED), verdict("ex-export", Outcome.POSSIBLE))
    device, seen = camera(1, "192.0.2.1", verdicts=judged)
    browser = page(sample_report([device], seen))
    said = "document.querySelector('.lists').innerText.includes('Possibly made by')"
    assert not browser.run(said)
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert browser.run(said)
    browser.run("dispatchEvent(new Event('afterprint'))")
    assert not browser.run(said)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(page, dark):
    """At least 4.5 to 1, as WCAG 2 asks for (level AA)."""
    browser = page(sample_report())
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.call("Emulation.setEmulatedMedia", features=[scheme])
    browser.run(OPEN_ALL)
    assert browser.run(CONTRASTS) == []
    browser.call("Emulation.setEmulatedMedia", features=[])


CONTRASTS = """(() => {
  const numbers = color => color.match(/[\\d.]+/g).map(Number);
  const light = color => {
    const [r, g, b] = numbers(color).map(c => c / 255).map(c => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const behind = e => {
    for (; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if ((numbers(color)[3] ?? 1) === 1) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const weak = [];
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !e.offsetParent) continue;
    const [a, b] = [light(getComputedStyle(e).color), light(behind(e))].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) weak.push(e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 40));
  }
  return weak;
})()"""


def test_five_thousand_devices_are_filtered_sorted_and_shown_in_steps(page):
    browser = page(big_report(5000))
    assert browser.run("shown.textContent") == f"3,000 of 5,000 devices; the first {STEP} are shown"
    assert len(browser.run(SHOWN)) == STEP
    browser.run("more.children[0].click()")
    assert len(browser.run(SHOWN)) == 2 * STEP
    browser.run("more.children[1].click()")
    assert len(browser.run(SHOWN)) == 3000
    assert browser.run("more.hidden")
    browser.run("words.value = '10.0.19.'; kinds.dispatchEvent(new Event('change'))")
    assert len(browser.run(SHOWN)) == 150
    assert browser.run("shown.textContent") == "150 of 5,000 devices"
    browser.run("document.querySelectorAll('#table thead button')[3].click()")
    assert browser.run(SHOWN)[0].startswith("10.0.19.")


def test_a_link_finds_a_device_beyond_the_first_step(page):
    browser = page(big_report(1200), "#d1100")
    assert browser.run("document.querySelector('#d1100 details').open")
    assert browser.run("document.getElementById('d1100').getBoundingClientRect().height") > 0


def test_a_badge_that_reads_from_right_to_left_stays_in_its_cell(page):
    device, seen = camera(1, "192.0.2.1", model="(א) - (ב)")
    browser = page(sample_report([device], seen))
    cell = "getComputedStyle(document.querySelector('#table tbody').rows[0].cells[4]).unicodeBidi"
    assert browser.run(cell) == "isolate"
