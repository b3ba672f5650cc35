"""How long the HTML report of many devices takes: to write, to open in a browser, to filter and to sort.

    python benchmarks/page.py [REPORT] [--devices N] [--repeat N] [--keep FILE]

The devices of REPORT, by default of `netcam demo`, are repeated under other addresses until there are N of them, each
with all its evidence and verdicts. Printed are CPU seconds and size for every form of the report, then wall-clock
milliseconds in headless Chromium, best and median of so many openings: until something is seen, until the page is
loaded, and until it has been drawn after that. Chromium runs in a network namespace of its own, so it takes root or
user namespaces.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "unit" / "report")]

from browser import CHROMIUM, Browser, can_be_alone  # noqa: E402

from netcam.model.report import Report  # noqa: E402
from netcam.report import to_json  # noqa: E402
from netcam.report.forms import FORMS  # noqa: E402

TIMES = """(async () => {
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  const drawn = performance.now();
  const load = performance.getEntriesByType('navigation')[0];
  const paint = performance.getEntriesByType('paint').find(p => p.name === 'first-contentful-paint');
  return {seen: paint ? paint.startTime : drawn, loaded: load.loadEventEnd, drawn};
})()"""
# Until the change is drawn, the delay after the last key left out.
DOES = """(async () => {{
  const began = performance.now();
  {};
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  return performance.now() - began;
}})()"""
ACTIONS = {
    "filter, the first time": "words.value = 'nothing has this'; kinds.dispatchEvent(new Event('change'))",
    "filter again": "words.value = 'camera'; kinds.dispatchEvent(new Event('change'))",
    "sort by maker": "document.querySelectorAll('#table thead button')[3].click()",
    "show all rows": "kinds.value = 'all'; kinds.dispatchEvent(new Event('change')); more.children[1].click()",
}


def demo() -> Report:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "netcam", "demo", "--quiet", "--output-dir", folder]
        subprocess.run(command, cwd=ROOT, check=True)
        return to_json.load(Path(folder) / "netcam-demo.json")


def many(report: Report, size: int) -> Report:
    """The report with its devices repeated until there are `size`; observations are shared."""
    devices = []
    first = int(ip_address("10.0.0.1"))
    for n in range(size):
        ip = str(ip_address(first + n))
        devices.append(replace(report.devices[n % len(report.devices)], id=f"{n:016x}", ip=ip, addresses=(ip,)))
    return replace(report, devices=tuple(devices))


def openings(browser: Browser, path: Path, repeat: int) -> list[dict[str, float]]:
    times = []
    for _ in range(repeat):
        browser.open(path)
        times.append(browser.run(TIMES))
    return times


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", nargs="?", type=Path)
    parser.add_argument("--devices", type=int, default=5000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="leave the page here")
    options = parser.parse_args()
    report = many(to_json.load(options.report) if options.report else demo(), options.devices)
    evidence = sum(len(d.evidence) for d in report.devices)
    verdicts = sum(len(d.verdicts) for d in report.devices)
    print(f"{options.devices} devices, {evidence} pieces of evidence, {verdicts} verdicts")
    for form, make in FORMS.items():
        began = time.process_time()
        data = make(report)
        print(f"  {form:6} {time.process_time() - began:6.2f} CPU s {len(data) / 1e6:8.2f} MB")
    if CHROMIUM is None or not can_be_alone():
        print("no Chromium, or no network namespaces here: the page was not opened", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        path = (options.keep or Path(folder) / "report.html").resolve()
        path.write_bytes(FORMS[".html"](report))
        browser = Browser(folder + "/profile")
        try:
            times = openings(browser, path, options.repeat)
            for what, words in (("seen", "something is seen"), ("loaded", "loaded"), ("drawn", "drawn")):
                show(words, [one[what] for one in times])
            print(f"  {browser.run('document.getElementsByTagName(`*`).length')} elements")
            for words, action in ACTIONS.items():
                show(words, [browser.run(DOES.format(action))])
        finally:
            browser.close()
    return 0


def show(words: str, ms: list[Any]) -> None:
    print(f"  {words:24} {min(ms):8.0f} ms best {statistics.median(ms):8.0f} ms median")


if __name__ == "__main__":
    sys.exit(main())
