"""`netcam export` as it is called: options, secrets, results, exit codes, and a run that is killed."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from netcam.report.to_json import dump

sys.path.append(str(Path(__file__).parents[1] / "unit" / "exports"))
from receiver_double import KEY, Receiver, receiving
from store_reports import camera, report, store


@pytest.fixture
def home(tmp_path):
    (tmp_path / "report.json").write_bytes(dump(store()))
    return tmp_path


def command(home, *words, env=None, **more):
    variables = {
        **{k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")},
        "XDG_STATE_HOME": str(home / "state"), "HOOK": KEY.decode(), "PYTHONPATH": str(Path(__file__).parents[2]),
        **(env or {}),
    }  # fmt: skip
    return {
        "args": [sys.executable, "-m", "netcam", "export", *map(str, words)], "cwd": home, "env": variables,
        "text": True, **more,
    }  # fmt: skip


def export(home, *words, env=None):
    return subprocess.run(**command(home, *words, env=env), capture_output=True, timeout=60)


def hook(url, *more):
    return ("report.json", "--to", "webhook", "--url", url, "--token-env", "HOOK", *more)


def test_twice_is_once_and_dry_run_is_nothing(home):
    receiver = Receiver()
    with receiving(receiver) as url:
        dry = export(home, *hook(url, "--dry-run"))
        assert (dry.returncode, receiver.requests) == (0, [])
        assert "7 created" in dry.stderr
        assert not (home / "state").exists()
        first, second = export(home, *hook(url)), export(home, *hook(url))
    assert (first.returncode, second.returncode) == (0, 0)
    assert len(receiver.requests) == len(receiver.kept) == 7
    assert first.stdout.count("created") == 7
    assert second.stdout == ""
    assert "7 unchanged" in second.stderr


def test_results_as_lines_of_json(home):
    with receiving(Receiver(lambda n: "500" if n == 0 else None)) as url:
        done = export(home, *hook(url, "--format", "jsonl", "--tries", "1"))
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [line["done"] for line in lines] == [None, *["created"] * 6]
    assert "answered 500" in lines[0]["reason"]
    assert "1 not delivered" in done.stderr


@pytest.mark.parametrize("moment", [1, 5, 20, 33])
def test_a_run_that_is_killed_goes_on_and_loses_or_doubles_nothing(home, moment):
    """Killed from inside the request number `moment`, at a different point of it each time."""
    devices = [camera(n) for n in range(1, 21)]
    (home / "report.json").write_bytes(dump(report(*devices)))
    victim = []

    def trouble(n):
        if n == moment and victim:
            victim[0].send_signal(signal.SIGKILL)
            return "lost" if moment % 2 else "closed"
        return None

    receiver = Receiver(trouble)
    with receiving(receiver) as url:
        process = subprocess.Popen(
            **command(home, *hook(url), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )
        victim.append(process)
        assert process.wait(60) == -signal.SIGKILL
        confirmed = sum(1 for path in (home / "state").rglob("*.jsonl") for _ in path.open())
        assert moment - 1 <= confirmed <= moment
        assert export(home, *hook(url)).returncode == 0
    assert len(receiver.kept) == 40
    assert len(receiver.requests) <= 42  # the one under way, and one whose confirmation was not written yet


def test_secrets_come_from_a_file_and_nowhere_else(home):
    secret = home / "secret"
    secret.write_text(KEY.decode() + "\n")
    secret.chmod(0o644)
    receiver = Receiver()
    with receiving(receiver) as url:
        done = export(home, "report.json", "--to", "webhook", "--url", url, "--token-file", secret)
        assert done.returncode == 0
        assert "other users can read it" in done.stderr
        (home / "url").write_text(url)
        (home / "url").chmod(0o600)
        again = export(home, "report.json", "--to", "webhook", "--url-file", "url", "--token-file", secret)
        assert "7 unchanged" in again.stderr
    assert receiver.unsigned == 0
    said = done.stdout + done.stderr + "".join(p.read_text() for p in (home / "state").rglob("*.jsonl"))
    assert KEY.decode() not in said
    assert url.rpartition(":")[2] not in said
    assert all(path.stat().st_mode & 0o077 == 0 for path in (home / "state").rglob("*.jsonl"))


WRONG = {
    "no destination": ["report.json"],
    "unknown destination": ["report.json", "--to", "fax"],
    "no report": ["--to", "webhook", "--url", "https://h.example"],
    "no url": ["report.json", "--to", "webhook"],
    "a password in the url": ["report.json", "--to", "webhook", "--url", "https://u:pa55word@h.example"],
    "an option it lacks": ["report.json", "--to", "webhook", "--url", "https://h.example", "-O", "colour=red"],
    "an option without value": ["report.json", "--to", "webhook", "--url", "https://h.example", "-O", "form"],
    "a wrong value": ["report.json", "--to", "webhook", "--url", "https://h.example", "-O", "form=xml"],
    "an empty variable": ["report.json", "--to", "webhook", "--url", "https://h.example", "--token-env", "NONE"],
    "a missing file": ["report.json", "--to", "webhook", "--url", "https://h.example", "--token-file", "none"],
    "no file to write": ["report.json", "--to", "cef"],
    "a file where none is": ["report.json", "--to", "webhook", "--url", "https://h.example", "-o", "x"],
    "a url where none is": ["report.json", "--to", "cef", "--url", "https://h.example", "-o", "x"],
    "an address for all": ["report.json", "--to", "prometheus", "--listen", "0.0.0.0:0"],
    "no address": ["report.json", "--to", "prometheus", "--listen", "here"],
    "an address for no metrics": ["report.json", "--to", "cef", "--listen", "127.0.0.1:0"],
}


@pytest.mark.parametrize("words", WRONG.values(), ids=[name.replace(" ", "-") for name in WRONG])
def test_wrong_usage_is_told_in_a_line(home, words):
    done = export(home, *words)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert "pa55word" not in done.stderr


def test_a_report_that_can_t_be_read_is_a_failure(home):
    (home / "report.json").write_text("{}")
    done = export(home, "report.json", "--to", "cef", "-o", "x.cef")
    assert done.returncode == 1
    assert not (home / "x.cef").exists()


def test_a_file_is_made_once(home):
    words = ("report.json", "--to", "prometheus", "-o", "netcam.prom")
    assert "would be created" in export(home, *words, "--dry-run").stderr
    assert not (home / "netcam.prom").exists()
    assert export(home, *words).stderr.startswith("created")
    before = (home / "netcam.prom").stat().st_mtime_ns
    assert export(home, *words).stderr.startswith("unchanged")
    assert (home / "netcam.prom").stat().st_mtime_ns == before


def test_every_destination_is_listed_with_its_options(home):
    shown = export(home, "destinations")
    assert shown.returncode == 0
    for name in ("apprise", "cef", "ocsf", "prometheus", "syslog", "webhook"):
        assert f"\n{name}: " in f"\n{shown.stdout}"
    one = export(home, "--to", "syslog", "--help-options").stdout
    assert one in shown.stdout
    assert "-O facility=" in one


def test_metrics_are_served_until_interrupted(home):
    process = subprocess.Popen(
        **command(home, "report.json", "--to", "prometheus", "--listen", "127.0.0.1:0", stderr=subprocess.PIPE)
    )
    try:
        url = process.stderr.readline().split()[1]
        assert b'netcam_listed_devices{site="Store 12"} 2' in urllib.request.urlopen(url, timeout=10).read()
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        process.stderr.close()


def test_two_at_once_are_told(home):
    receiver = Receiver(lambda n: "silent" if n == 0 else None)
    with receiving(receiver) as url:
        process = subprocess.Popen(
            **command(home, *hook(url), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )
        while not receiver.requests:
            time.sleep(0.02)
        second = export(home, *hook(url))
        process.kill()
        process.wait(20)
    assert second.returncode == 1
    assert "another export" in second.stderr
