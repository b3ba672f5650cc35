"""One message through Apprise: what it says, and that each receiver gets it once."""

import sys

import pytest
from receiver_double import Receiver, receiving
from store_reports import camera, hostile, report, store

from netcam.errors import ConfigError
from netcam.exports import find
from netcam.exports.base import Settings
from netcam.exports.events import TYPES, event, events
from netcam.exports.journal import Journal
from netcam.exports.run import Policy, Runner
from netcam.exports.to_apprise import MOST_LINES, inert, message

ALL = frozenset(TYPES.values())


def told(made):
    return [event(item) for item in events([made], ALL)]


def make(*urls):
    return find("apprise").make(Settings(token="\n".join(urls)))


def deliver(urls, path, reports, tries=3):
    made = make(*urls)
    with Journal(path, "apprise") as journal:
        return Runner(destination=made, journal=journal, policy=Policy(tries=tries), sleep=lambda s: None).run(reports)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


@pytest.fixture
def apprise(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    library = pytest.importorskip("apprise")
    yield library
    # Later versions keep threads for the life of the program.
    module = sys.modules.get("apprise.apprise")
    for name in ("_shared_executor", "_coordinator_executor"):
        if (pool := getattr(module, name, None)) is not None:
            pool.shutdown()
            setattr(module, name, None)


def test_the_message_counts_and_names():
    title, body = message(told(store()))
    assert title == "netcam: 2 by a listed maker, 5 seen for the first time"
    assert "- Harbourview NL-220 at 192.0.2.10 in Store 12: ex-procurement" in body.splitlines()
    assert body.splitlines()[0] == "By a listed maker (2):"


def test_a_message_names_so_many_devices_and_counts_the_rest():
    body = message(told(report(*(camera(n) for n in range(1, 51)))))[1]
    assert body.count("\n- and 30 more") == 2
    assert len(body.splitlines()) == 2 * (MOST_LINES + 2) + 1


def test_device_texts_are_no_markup_mention_or_link():
    text = inert("<!channel> @everyone *b* `c` [x](http://192.0.2.66) _i_ ~s~ | &lt; # \\")
    assert not set("<>@*`[]_~|&#\\") & set(text)
    assert "://" not in text
    body = message(told(hostile()))[1]
    assert not set("<>@*`[]_~|&#\\") & set(body)
    assert all(line.isprintable() for line in body.splitlines())


def test_one_message_for_all_and_once(path, apprise):
    receiver = Receiver(keep=False)
    with receiving(receiver) as url:
        urls = [url.replace("http://", "json://")]
        assert deliver(urls, path, [store()]).whole
        assert deliver(urls, path, [store()]).whole
        assert len(receiver.requests) == 1
        more = report(*store().devices, camera(50), id="scan-2", at="2026-01-16T10:00:00Z")
        assert deliver(urls, path, [more]).whole
    assert len(receiver.requests) == 2
    assert b"1 by a listed maker, 1 seen for the first time" in receiver.requests[1][1]
    assert b"192.0.2.50" in receiver.requests[1][1]
    assert b"192.0.2.10 " not in receiver.requests[1][1]


def test_who_has_it_is_not_told_again_when_another_fails(path, apprise):
    good, bad = Receiver(keep=False), Receiver(lambda n: "500" if n < 2 else None, keep=False)
    with receiving(good) as one, receiving(bad) as two:
        assert deliver([u.replace("http://", "json://") for u in (one, two)], path, [store()]).whole
    assert len(good.requests) == 1
    assert len(bad.requests) == 3


def test_a_message_that_no_one_took_is_left_for_the_next_run(path, apprise):
    receiver = Receiver(lambda n: "500", keep=False)
    with receiving(receiver) as url:
        urls = [url.replace("http://", "json://user:pa55word@")]
        summary = deliver(urls, path, [store()], tries=2)
        assert "receiver 1 of 1" in summary.failed[0].reason
        assert "pa55word" not in repr(summary)
        receiver.trouble = lambda n: None
        assert deliver(urls, path, [store()]).whole
    assert len(receiver.requests) == 3


def test_urls_that_apprise_does_not_know_are_told_by_number(apprise):
    with pytest.raises(ConfigError, match="URL 2") as caught:
        make("json://127.0.0.1", "nonsense://pa55word")
    assert "pa55word" not in str(caught.value)


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ConfigError, match=r"netcam\[chat\]"):
        make("json://127.0.0.1")
