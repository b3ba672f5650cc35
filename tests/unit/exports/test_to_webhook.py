"""The webhook against a receiver that fails in every way, and the HTTP beneath it."""

import json
import ssl
import subprocess
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from receiver_double import AFTER, BEFORE, KEY, Receiver, receiving
from store_reports import hostile, store

from netcam.errors import ConfigError, ExportError
from netcam.exports import find
from netcam.exports.base import Settings
from netcam.exports.http import Http, Session, checked_url, retry_after
from netcam.exports.journal import Journal
from netcam.exports.run import Policy, Runner
from netcam.exports.to_webhook import signing_key

QUICK = [day for day in (*BEFORE, *AFTER) if day not in ("silent", "drip")]
EVENTS = 7  # of the store: two listed devices, five CCTV ones


def make(url, *, timeout_s=5.0, token=None, ca_file=None, **options):
    found = {name: (value,) for name, value in options.items()}
    secret = KEY.decode() if token is None else token
    return find("webhook").make(Settings(url=url, token=secret, timeout_s=timeout_s, ca_file=ca_file, options=found))


def deliver(url, path, *, reports=None, tries=5, timeout_s=5.0, waits=None, **options):
    hook = make(url, timeout_s=timeout_s, **options)
    try:
        with Journal(path, "hook") as journal:
            wait = (waits if waits is not None else []).append
            return Runner(destination=hook, journal=journal, policy=Policy(tries=tries), sleep=wait).run(
                reports or [store()]
            )
    finally:
        hook.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_every_event_arrives_once_signed_and_listed_devices_first(path):
    receiver = Receiver()
    with receiving(receiver) as url:
        assert deliver(url, path).whole
        assert deliver(url, path).whole
    told = [json.loads(body) for _, body in receiver.requests]
    assert len(told) == len(receiver.kept) == EVENTS
    assert {one["schema"] for one in told} == {"netcam.event/1"}
    assert [one["type"] for one in told[:2]] == ["device.listed", "device.new"]
    assert all(headers["webhook-id"] == json.loads(body)["id"] for headers, body in receiver.requests)
    assert {headers["user-agent"].split("/")[0] for headers, _ in receiver.requests} == {"netcam"}
    assert receiver.unsigned == 0


@pytest.mark.parametrize("trouble", [*BEFORE, *AFTER])
def test_whatever_befalls_a_request_nothing_is_lost_or_doubled(path, trouble):
    receiver = Receiver(lambda n: trouble if n in (0, 1, 4) else None)
    slow = 0.3 if trouble in ("silent", "drip") else 5.0
    with receiving(receiver) as url:
        summary = deliver(url, path, timeout_s=slow)
        assert summary.whole
        assert len(receiver.kept) == EVENTS
        assert len(receiver.requests) == EVENTS + 3
        deliver(url, path)
    assert len(receiver.requests) == EVENTS + 3
    assert len({json.loads(body)["id"] for body in receiver.kept.values()}) == EVENTS


def test_retry_after_is_waited_for(path):
    waits = []
    receiver = Receiver(lambda n: "429" if n == 0 else None, retry_after="17")
    with receiving(receiver) as url:
        assert deliver(url, path, waits=waits).whole
    assert waits == [17.0]


def test_a_receiver_that_stays_down_keeps_the_events_for_the_next_run(path):
    receiver = Receiver(lambda n: "500")
    with receiving(receiver) as url:
        assert not deliver(url, path, tries=2).whole
        assert receiver.kept == {}
        receiver.trouble = lambda n: None
        assert deliver(url, path).whole
        assert len(receiver.kept) == EVENTS


def test_a_wrong_key_is_told_without_trying_again_and_without_the_key(path):
    receiver = Receiver()
    with receiving(receiver) as url:
        summary = deliver(url, path, token="another key of sixteen bytes")
    assert len(receiver.requests) == EVENTS
    assert all("answered 401: bad signature" in result.reason for result in summary.failed)


def test_an_answer_that_repeats_the_secret_is_shown_without_it(path):
    receiver = Receiver(lambda n: "500")
    with receiving(receiver) as url:
        summary = deliver(url, path, tries=1)
    assert "answered 500: try ***" in summary.failed[0].reason
    assert KEY.decode() not in repr(summary)


def test_hostile_texts_arrive_as_visible_json(path):
    receiver = Receiver()
    with receiving(receiver) as url:
        assert deliver(url, path, reports=[hostile()]).whole
    for _, body in receiver.requests:
        told = json.loads(body)
        for text in (told["device"]["model"], told["device"]["brand"], told["device"]["serial"]):
            assert text.isprintable()
            assert len(text) < 1000


def test_a_redirect_to_another_host_gets_nothing(path):
    target = Receiver()
    with receiving(target) as elsewhere:
        receiver = Receiver(redirect=f"{elsewhere}/stolen")
        with receiving(receiver) as url:
            summary = deliver(url, path, tries=3)
    assert not target.requests
    assert "redirect" in summary.failed[0].reason
    assert len(receiver.requests) == EVENTS  # trying again would not help


def test_ocsf_over_http(path):
    receiver = Receiver()
    with receiving(receiver) as url:
        assert deliver(url, path, form="ocsf").whole
    kinds = [json.loads(body)["class_uid"] for _, body in receiver.requests]
    assert sorted(kinds) == [2004, 2004, 5001, 5001, 5001, 5001, 5001]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-subj", "/CN=collector.example",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context, str(folder / "cert.pem")


def test_a_certificate_that_nobody_vouches_for_is_refused_at_once(path, certificate):
    receiver = Receiver()
    with receiving(receiver, certificate[0]) as url:
        summary = deliver(url, path, tries=4)
    assert receiver.requests == []
    assert "certificate is not trusted" in summary.failed[0].reason
    assert "tries" not in summary.failed[0].reason


def test_a_ca_file_is_what_counts_also_beside_the_environment_s(path, certificate, monkeypatch, tmp_path):
    other = tmp_path / "other.pem"
    other.write_text("")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    receiver = Receiver()
    with receiving(receiver, certificate[0]) as url:
        assert deliver(url, path, ca_file=certificate[1]).whole
    assert len(receiver.kept) == EVENTS


def test_tls_that_drips_ends_at_the_deadline_too(certificate):
    receiver = Receiver(lambda n: "drip")
    with receiving(receiver, certificate[0]) as url:
        http = Http("x", url, ca_file=certificate[1], total_s=0.4)
        with pytest.raises(ExportError, match=r"within 0\.4 s") as caught:
            http.request("POST", body=b"{}", headers={"webhook-id": "1"})
        http.close()
    assert caught.value.retry


def test_netrc_adds_no_password(tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    receiver = Receiver()
    with receiving(receiver) as url:
        session = Session()
        session.post(url, data=b"{}", headers={"webhook-id": "1"})
        session.close()
    assert "authorization" not in receiver.requests[0][0]


def test_an_answer_past_the_limit_is_left():
    receiver = Receiver(lambda n: "500")
    with receiving(receiver) as url:
        http = Http("x", url)
        http.session = Session(limit=3)
        with pytest.raises(ExportError, match="longer than 3 bytes") as caught:
            http.request("POST", body=b"{}", headers={"webhook-id": "1"})
        http.close()
    assert not caught.value.retry


def test_a_proxy_of_the_environment_carries_the_request(path, monkeypatch):
    receiver = Receiver(lambda n: "half" if n == 0 else None)
    with receiving(receiver) as proxy:
        monkeypatch.setenv("http_proxy", proxy)
        assert deliver("http://hook.example/in", path).whole
    assert len(receiver.kept) == EVENTS
    assert {headers["host"] for headers, _ in receiver.requests} == {"hook.example"}


def test_a_proxy_that_is_down_is_tried_again(path, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    waits = []
    summary = deliver("http://hook.example/in", path, tries=2, waits=waits)
    assert "proxy" in summary.failed[0].reason
    assert len(waits) == 3


def test_no_path_of_a_url_is_in_an_error():
    http = Http("x", "http://127.0.0.1:9/services/T0KEN")
    with pytest.raises(ExportError, match="refused") as caught:
        http.request("POST", body=b"{}")
    http.close()
    assert "T0KEN" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.retry


@pytest.mark.parametrize(
    "url", ["ftp://a.example", "https://", "https://user:pass@a.example", "https://a.example:99999", "a b", "http://a\nb"],
    ids=range(6),
)  # fmt: skip
def test_urls_that_can_t_be_used_are_refused_unsaid(url):
    with pytest.raises(ConfigError) as caught:
        checked_url("webhook", url)
    assert "pass@" not in str(caught.value)


def test_retry_after_is_seconds_or_a_date():
    now = datetime(2026, 1, 15, 10, 0, 0, tzinfo=UTC)
    assert retry_after("120") == 120
    assert retry_after("Thu, 15 Jan 2026 10:02:00 GMT", now) == 120
    assert retry_after("Thu, 15 Jan 2026 09:00:00 GMT", now) == 0
    assert [retry_after(text, now) for text in ("soon", "", None, "-5", "٣", "1.5")] == [None] * 6


def test_the_signature_is_the_one_of_standard_webhooks():
    """The example of the specification's reference libraries."""
    from netcam.exports.to_webhook import signature

    key = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", ["pa55word", "whsec_!!!", "whsec_aGk="], ids=range(3))
def test_a_secret_that_is_none_is_refused_unsaid(secret):
    with pytest.raises(ConfigError) as caught:
        signing_key(secret)
    assert secret.removeprefix("whsec_") not in str(caught.value)


def test_without_a_secret_nothing_is_signed(path):
    receiver = Receiver()
    with receiving(receiver) as url:
        assert deliver(url, path, token="").whole
    assert all("webhook-signature" not in headers for headers, _ in receiver.requests)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([None, *QUICK]), max_size=16))
def test_bad_days_in_any_order_lose_and_double_nothing(tmp_path_factory, days):
    path = tmp_path_factory.mktemp("days") / "journal.jsonl"
    receiver = Receiver(lambda n: days[n] if n < len(days) else None)
    with receiving(receiver) as url:
        assert deliver(url, path, tries=20).whole
        assert deliver(url, path, tries=20).whole
    assert len(receiver.kept) == EVENTS
    assert len(receiver.requests) == EVENTS + sum(1 for day in days[: len(receiver.requests)] if day)
