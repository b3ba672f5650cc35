"""The page in a real browser: it works, asks for nothing, and runs no script but its own."""

import json
import os
import shutil
import subprocess

import pytest
from sample import big_report, hostile_report, sample_report

from netcam.report.to_html import dump

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# A network namespace of its own: nothing that the page or the browser wants can leave, and nothing can answer.
ALONE = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]


def can_be_alone():
    try:
        return subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium"),
    pytest.mark.skipif(CHROMIUM is not None and not can_be_alone(), reason="no network namespaces here"),
]


class Browser:
    """Headless Chromium spoken to over a pair of pipes; `events` is everything it reported."""

    def __init__(self, profile):
        read_in, self._write = os.pipe()
        self._read, write_out = os.pipe()
        flags = [
            "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", f"--user-data-dir={profile}", "--remote-debugging-pipe",
        ]  # fmt: skip
        # Chromium reads commands from descriptor 3 and answers on 4.
        shell = f'exec 3<&{read_in} 4>&{write_out}; exec "$@"'
        self._process = subprocess.Popen(
            [*ALONE, "bash", "-c", shell, "bash", CHROMIUM, *flags, "about:blank"],
            pass_fds=(read_in, write_out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(read_in)
        os.close(write_out)
        self._number, self._rest, self._session, self.events = 0, b"", None, []
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log", "Audits"):
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        answer = self.read_until(lambda said: said.get("id") == self._number)
        assert "error" not in answer, answer
        return answer["result"]

    def read_until(self, wanted):
        """The first message that is `wanted`; the others before it become events."""
        while True:
            while b"\0" not in self._rest:
                chunk = os.read(self._read, 1 << 16)
                assert chunk, "the browser went away"
                self._rest += chunk
            one, _, self._rest = self._rest.partition(b"\0")
            said = json.loads(one)
            if wanted(said):
                return said
            self.events.append(said)

    def open(self, path, fragment=""):
        # A blank page between, since a move to another fragment of the same file would load nothing.
        for url in ("about:blank", path.as_uri() + fragment):
            self.load("Page.navigate", url=url)

    def load(self, method, **params):
        self.events.clear()
        self.call(method, **params)
        if not self.said("Page.loadEventFired"):
            self.read_until(lambda said: said.get("method") == "Page.loadEventFired")

    def run(self, script):
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def key(self, name, code):
        for kind in ("rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=code)

    def said(self, *methods):
        return [e for e in self.events if e["method"] in methods]

    def close(self):
        self._process.kill()
        self._process.wait()
        os.close(self._read)
        os.close(self._write)


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


@pytest.mark.parametrize("report", [sample_report(), hostile_report()], ids=["sample", "hostile"])
def test_nothing_is_requested_and_nothing_foreign_runs(page, report):
    browser = page(report)
    browser.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    asked = {e["params"]["request"]["url"].partition(":")[0] for e in browser.said("Network.requestWillBeSent")}
    assert asked == {"file"}
    assert len(browser.said("Network.requestWillBeSent")) == 1
    assert browser.said("Page.javascriptDialogOpening", "Runtime.exceptionThrown", "Audits.issueAdded") == []
    assert browser.run("document.scripts.length") == 1
    assert browser.run("document.images.length") == 0
    assert browser.run("getComputedStyle(document.body).marginTop") == "0px"  # the style was let in


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
@pytest.mark.parametrize("report", [sample_report(), hostile_report()], ids=["sample", "hostile"])
def test_the_page_is_no_wider_than_its_screen(page, report, width):
    browser = page(report)
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
    browser.run("document.querySelectorAll('details').forEach(d => d.open = true)")
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
    browser.call("Emulation.setScriptExecutionDisabled", value=False)


def test_five_thousand_devices_are_filtered_and_sorted(page):
    browser = page(big_report(5000))
    assert browser.run("shown.textContent") == "3,000 of 5,000 devices"
    browser.run("words.value = '10.0.19.'; kinds.dispatchEvent(new Event('change'))")
    assert len(browser.run(SHOWN)) == 150
    browser.run("document.querySelectorAll('#table thead button')[3].click()")
    assert browser.run(SHOWN)[0].startswith("10.0.19.")
