"""kill -9 at many moments of `netcam scan --save --output`: what is left is always whole.

    python benchmarks/kills.py [--moments 200] [--seed N]

A camera is emulated on this machine's loopback and scanned again and again, each time into the same report and the same
history. Half of the scans are killed at moments spread over the whole run, half over its end: from when the report is
written until the visit is saved. After each kill the report must be the old one or the whole new one, and the history
whole: every file check of SQLite, every visit with all its devices, and every earlier visit still there.
"""

from __future__ import annotations

import argparse
import contextlib
import http.server
import itertools
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.9"  # no address of its own to the scanner, which leaves those out


class _Camera(http.server.BaseHTTPRequestHandler):
    server_version, sys_version = "App-webs/", ""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@contextlib.contextmanager
def camera() -> Iterator[int]:
    """A device that answers on loopback; gives its port."""
    server = http.server.ThreadingHTTPServer((HOST, 0), _Camera)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Trial:
    """One folder with a report and a history, scanned into again and again."""

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        self.report, self.db, self.folder = folder / "report.json", folder / "history.sqlite", folder
        self.command = [*command, "--save", "--db", str(self.db), "-o", str(self.report)]
        self.env = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.outcomes: Counter[str] = Counter()
        self.kills = 0

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.env
        )

    def whole(self) -> tuple[float, float]:
        """One scan to its end; how long it took, and how long from the writing of the report on."""
        quiet, began = self.writing(), time.monotonic()
        process = self.start()
        while self.writing() == quiet and process.poll() is None:
            time.sleep(0.0005)
        wrote = time.monotonic()
        assert process.wait() == 0
        return time.monotonic() - began, time.monotonic() - wrote

    def state(self) -> tuple[str | None, set[str]]:
        """The scan in the report, and those in the history, after every check."""
        scan = None
        if self.report.exists():
            report = json.loads(self.report.read_text("utf-8"))
            assert report["schema"] == "netcam.report/1"
            assert [d["manufacturer"]["id"] for d in report["devices"]] == ["hikvision"]
            scan = report["scan"]["id"]
        if not self.db.exists() or not self.db.stat().st_size:
            return scan, set()
        with contextlib.closing(sqlite3.connect(self.db)) as connection:
            ask = connection.execute
            assert ask("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert ask("PRAGMA foreign_key_check").fetchall() == []
            if not ask("SELECT 1 FROM sqlite_master WHERE name = 'netcam_visit'").fetchall():
                assert ask("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
                return scan, set()
            visits = ask(
                "SELECT scan_id, devices, (SELECT count(*) FROM netcam_sighting WHERE visit_id = id) FROM netcam_visit"
            ).fetchall()
        assert all(devices == sightings == 1 for _, devices, sightings in visits)
        return scan, {id for id, _, _ in visits}

    def writing(self) -> set[tuple[str, int]]:
        """What tells that the report is being written, or was."""
        with contextlib.suppress(OSError):
            return {(e.name, e.inode()) for e in os.scandir(self.folder) if not e.name.startswith(self.db.name)}
        return set()

    def kill(self, wait_s: float, *, at_end: bool) -> float | None:
        """One scan that is killed, and what it left, held to what was there before.

        Where it ended before its moment, gives how long it took, from where `wait_s` counts.

        Args:
            wait_s: after the start, or after the writing of the report began.
        """
        before, visits = self.state()
        quiet = self.writing()
        process = self.start()
        while at_end and self.writing() == quiet and process.poll() is None:
            time.sleep(0.0005)
        began, took_s = time.monotonic(), None
        try:
            process.wait(wait_s)
            took_s = time.monotonic() - began
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        code = process.wait()
        self.kills += code == -signal.SIGKILL
        after, now = self.state()
        assert now >= visits, "an earlier visit is lost"
        assert len(now - visits) <= 1, "a visit is there twice"
        assert after is not None or before is None, "the earlier report is lost"
        # The report comes first: what the history holds is in it too.
        assert now - visits <= {after}, "a visit was saved before its report was whole"
        left = "saved" if now - visits else "report only" if after != before else "nothing new"
        self.outcomes[f"{'killed' if code == -signal.SIGKILL else 'ended by itself'}: {left}"] += 1
        return took_s


def scan_of(port: int) -> list[str]:
    """A scan of the emulated camera."""
    return [
        sys.executable, "-m", "netcam", "scan", HOST, "--port", str(port), "--without", "discovery", "--pace", "fast",
        "--site", "store-1", "--quiet",
    ]  # fmt: skip


def run(folder: Path, count: int, seed: int, command: Sequence[str] = ()) -> Counter[str]:
    """Kill `count` scans, or runs of another command that takes --save and -o; gives what they had done by then.

    One that ended before its moment is looked at too, and not counted.
    """
    chance = random.Random(seed)
    with camera() as port:
        trial = Trial(folder, command or scan_of(port))
        took_s, end_s = trial.whole()
        for n in itertools.count():
            if trial.kills == count:
                break
            if n < count // 4 and chance.random() < 0.5:  # also while the history is first made
                for path in folder.glob("history.sqlite*"):
                    path.unlink()
            at_end = n % 2 == 1
            ended_s = trial.kill(chance.uniform(0, end_s if at_end else took_s), at_end=at_end)
            if ended_s is not None and at_end:  # the machine has less to do than when this was measured
                end_s = min(end_s, ended_s)
            elif ended_s is not None:
                took_s = min(took_s, ended_s)
        trial.whole()
        scan, visits = trial.state()
        assert scan in visits, "a scan after all the kills was not saved"
    trial.outcomes["temporary files left beside the report"] = len(list(folder.glob(".netcam-*.tmp")))
    return trial.outcomes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moments", type=int, default=200)
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        outcomes = run(Path(folder), options.moments, options.seed)
    for outcome, count in sorted(outcomes.items()):
        print(f"{count:4}  {outcome}")
    print(f"{options.moments} kills in {time.monotonic() - began:.0f} s; everything whole")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
