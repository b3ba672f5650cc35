"""The history in a real PostgreSQL: the same answers as from SQLite, and nothing lost or doubled when it restarts."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import postgres
import pytest
from sqlalchemy import text
from store_lan import NETCAM, PLAIN, netcam

sys.path.append(str(Path(__file__).parents[1] / "unit" / "history"))

from nights import FIRST_NIGHT, camera, night, seen, time_of

from netcam.errors import StoreError
from netcam.history import upgrade
from netcam.history.engine import make_engine, reading
from netcam.history.store import History
from netcam.history.tables import metadata
from netcam.history.where import where
from netcam.model.report import Outcome
from netcam.report.to_json import dump, load

pytest.importorskip("psycopg")
pytestmark = [
    pytest.mark.daemon,
    pytest.mark.skipif(postgres.why_not() is not None, reason=str(postgres.why_not())),
    pytest.mark.xdist_group("postgres"),
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def server():
    made = postgres.Server()
    yield made
    made.close()


@pytest.fixture
def url(server):
    """An empty database."""
    place = where(server.url)
    with make_engine(place).begin() as connection:
        metadata.drop_all(connection)
        connection.execute(text(f"DROP TABLE IF EXISTS {upgrade.VERSION_TABLE}"))
    return server.url


def some_nights():
    """Devices that move, are updated, swapped, cloned, replaced, and hostile texts."""
    odd = camera(9, id="y" * 999, serial="S\0" + "9" * 3000, model="=a\0\ud800\u202e", hostnames=("a\0",), mac=None)
    for n in range(6):
        yield night(
            n,
            [
                camera(1, address=f"10.0.0.{50 + n // 2}"),
                camera(2, firmware=f"V{n // 3}", outcome=Outcome.LISTED if n < 4 else Outcome.NOT_LISTED),
                *([camera(3, address="10.0.0.7")] if n < 2 else [camera(4, address="10.0.0.7")]),
                replace(odd, mac_source=None),
            ],
            observations=[seen(1, "tls.fingerprint", "ab" * 32, "10.0.0.9")],
        )
        yield night(n, [camera(1)], site="store-2", complete=n != 3)


def answers(history):
    """Everything that a history tells."""
    return {
        "sites": history.sites(),
        "runs": list(history.runs()),
        "since": list(history.visits("store-1", since=time_of(2))),
        "sighted": [history.sighted(v.id) for v in history.visits()],
        "lives": list(history.lives()),
        "devices": list(history.devices()),
        "found": [history.find(word) for word in ("NL00000002AB", "10.0.0.51", "00:00:5e:00:00:01", "%")],
        "check": history.check(),
    }


def test_both_kinds_of_database_tell_the_same(url, tmp_path):
    told = []
    for named in (str(tmp_path / "history.sqlite"), url):
        with History.open(named) as history:
            for report in (*some_nights(), *some_nights()):
                history.save(report)
            before = answers(history)
            pruned = history.prune(timedelta(days=2), now=FIRST_NIGHT + timedelta(days=5, minutes=1))
            told.append((before, pruned, answers(history)))
    assert told[0] == told[1]
    assert told[0][1].visits == 8
    assert len(told[0][0]["lives"]) == 6


def test_the_migrations_make_the_tables_that_are_used(url):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    History.open(url).close()
    place = where(url)
    with reading(make_engine(place), place) as connection:
        own = MigrationContext.configure(connection, opts={"version_table": upgrade.VERSION_TABLE})
        assert compare_metadata(own, metadata) == []


def test_tables_of_others_in_the_database_are_left_alone(url):
    with make_engine(where(url)).begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS theirs (x int)"))
    with History.open(url) as history:
        history.save(night(0, [camera(1)]))
    with make_engine(where(url)).begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM theirs")).scalar() == 0
        connection.execute(text("DROP TABLE theirs"))


SAVER = """
import sys
sys.path.append(sys.argv[1])
from nights import camera, night
from netcam.history.store import History
site, first = sys.argv[3], int(sys.argv[4])
for n in range(60):
    with History.open(sys.argv[2]) as history:
        history.save(night(n, [camera(first + i, firmware=f"V{n}") for i in range(20)], site=site))
"""


def saver(url, site, first):
    folder = str(Path(__file__).parents[1] / "unit" / "history")
    return subprocess.Popen(
        [sys.executable, "-c", SAVER, folder, url, site, str(first)], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, env={**PLAIN, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip


def visits(url):
    try:
        with History.open(url, patience_s=0) as history:
            return len(list(history.visits()))
    except StoreError:
        return 0


def test_a_server_that_is_restarted_in_the_middle_loses_and_doubles_nothing(server, url):
    """Two programs save at once; the server is stopped as for an update, and twice crashed."""
    History.open(url).close()
    programs = [saver(url, "store-1", 1), saver(url, "store-2", 101)]
    try:
        for mode, after in (("fast", 10), ("immediate", 30), ("immediate", 60)):
            while visits(url) < after and all(program.poll() is None for program in programs):
                time.sleep(0.05)
            server.stop(mode)
            assert visits(url) == 0
            server.start()
        for program in programs:
            assert (program.wait(timeout=120), program.stderr.read()) == (0, "")
    finally:
        for program in programs:
            program.kill()
            program.communicate()
    with History.open(url) as history:
        assert sorted(v.id for v in history.visits()) == sorted(
            f"store-{s}-{n}-0" for s, n in itertools.product((1, 2), range(60))
        )
        assert history.check() == ()
        lives = list(history.lives())
    assert len(lives) == 40
    assert {len(life.states) for life in lives} == {60}


def test_a_report_is_written_before_the_server_is_back_and_saved_when_it_is(server, url, tmp_path):
    History.open(url).close()
    given, report = tmp_path / "given.jsonl", tmp_path / "report.json"
    given.write_text('{"kind": "http.server", "value": "App-webs/", "ip": "10.0.0.20"}\n')
    server.stop()
    try:
        program = subprocess.Popen(
            [*NETCAM, "identify", str(given), "--save", "--db", url, "-o", str(report)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=PLAIN,
        )  # fmt: skip
        while not report.exists():
            assert program.poll() is None, program.stderr.read()
            time.sleep(0.05)
        assert load(report).devices[0].ip == "10.0.0.20"
        done = netcam("history", "--db", url)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("netcam: postgresql://keeper@/postgres?host=")
        assert done.stderr.count("\n") == 1
    finally:
        server.start()
    _, told = program.communicate(timeout=60)
    assert (program.returncode, told) == (0, "")
    (tmp_path / "more.json").write_bytes(dump(night(0, [camera(1)])))
    assert netcam("history", "add", tmp_path / "more.json", "--db", url).returncode == 0
    assert "whole: 2 visits" in netcam("history", "check", env={"NETCAM_DB": url}).stdout


def test_a_missing_database_is_told_at_once(server):
    began = time.monotonic()
    done = netcam("history", "add", __file__, "--db", server.url.replace("/postgres?", "/nowhere?"))
    assert done.returncode == 1
    assert 'database "nowhere" does not exist' in done.stderr
    assert time.monotonic() - began < 25  # it doesn't wait for a server that is there
