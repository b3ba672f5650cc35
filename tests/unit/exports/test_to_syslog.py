"""Syslog to collectors on loopback: TLS, TCP and UDP; what the messages say; CEF and OCSF beside them."""

import json
import re
import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_reports import camera, hostile, report, store

from netcam.errors import ConfigError
from netcam.exports import cef, find
from netcam.exports.base import Settings
from netcam.exports.events import TYPES, event, events
from netcam.exports.journal import Journal
from netcam.exports.ocsf import encode_ocsf
from netcam.exports.run import Policy, Runner
from netcam.exports.to_syslog import DATAGRAM_BYTES, MESSAGE_BYTES, encode_syslog, param

GOLDEN = Path(__file__).parent / "golden_alerts"
ALL = frozenset(TYPES.values())
HEAD = re.compile(
    rb"<(\d{1,3})>1 (\S+) (\S+) netcam - (\S{1,32}) "
    rb'(-|\[netcam@32473(?: [a-z]+="(?:[^"\\\]]|\\["\\\]])*")+\]) (.*)',
    re.S,
)


class Collector:
    """Counts octets as RFC 5425 says. `trouble` of the connections, by number: "reset", "no-close", "dead"."""

    def __init__(self, context=None, trouble=None):
        self.context, self.trouble = context, trouble or {}
        self.messages, self.connections = [], 0
        self.stop = threading.Event()

    def serve(self, listener):
        listener.settimeout(0.05)
        while not self.stop.is_set():
            with suppress(TimeoutError, OSError):
                raw, _ = listener.accept()
                raw.settimeout(5)
                try:
                    self.talk(raw)
                finally:
                    raw.close()

    def talk(self, raw):
        number, self.connections = self.connections, self.connections + 1
        trouble = self.trouble.get(number)
        if trouble == "dead":
            return
        sock = raw if self.context is None else self.context.wrap_socket(raw, server_side=True)
        try:
            if trouble == "reset":
                sock.recv(1)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                return
            data = b""
            while part := sock.recv(65536):
                data += part
            while data:
                size, _, data = data.partition(b" ")
                self.messages.append(data[: int(size)])
                assert len(self.messages[-1]) == int(size)
                data = data[int(size) :]
            if trouble == "no-close":
                self.stop.wait(3)
            elif self.context is not None and trouble != "rude":
                with suppress(OSError):
                    sock.unwrap()
        finally:
            sock.close()


@contextmanager
def collecting(collector):
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=collector.serve, args=(listener,))
    thread.start()
    try:
        scheme = "tls" if collector.context else "tcp"
        yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        collector.stop.set()
        thread.join()
        listener.close()


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
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


def deliver(url, path, *, reports=None, ca_file=None, tries=3, timeout_s=5.0, batch=None, **options):
    found = {name: (value,) for name, value in {"host": "sender", **options}.items()}
    made = find("syslog").make(Settings(url=url, ca_file=ca_file, timeout_s=timeout_s, options=found))
    with Journal(path, "syslog") as journal:
        return Runner(destination=made, journal=journal, policy=Policy(tries=tries), sleep=lambda s: None).run(
            reports or [store()]
        )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


def ids(messages):
    return [re.search(rb' id="([0-9a-f]{32})"', message)[1] for message in messages]


def test_messages_over_tls_arrive_once(path, tls):
    collector = Collector(tls[0])
    with collecting(collector) as url:
        assert deliver(url, path, ca_file=tls[1]).whole
        assert deliver(url, path, ca_file=tls[1]).whole
    assert len(collector.messages) == len(set(ids(collector.messages))) == 7
    assert collector.connections == 1
    assert all(HEAD.fullmatch(message) for message in collector.messages)


@pytest.mark.parametrize("trouble", ["dead", "reset"])
@pytest.mark.parametrize("secure", [True, False], ids=["tls", "tcp"])
def test_a_connection_that_breaks_loses_and_doubles_nothing(path, tls, trouble, secure):
    collector = Collector(tls[0] if secure else None, {0: trouble})
    with collecting(collector) as url:
        assert deliver(url, path, ca_file=tls[1] if secure else None).whole
    assert collector.connections == 2
    assert len(collector.messages) == len(set(ids(collector.messages))) == 7


def test_a_collector_that_ends_without_tls_s_goodbye_has_it_all_the_same(path, tls):
    collector = Collector(tls[0], {0: "rude"})
    with collecting(collector) as url:
        assert deliver(url, path, ca_file=tls[1]).whole
    assert len(collector.messages) == 7


def test_one_that_never_closes_is_not_believed_and_repeats_carry_their_ids(path):
    collector = Collector(None, {0: "no-close"})
    with collecting(collector) as url:
        summary = deliver(url, path, tries=1, timeout_s=0.3)
        assert "did not close" in summary.failed[0].reason
        collector.trouble = {}
        collector.stop.wait(0.1)
    assert len(set(ids(collector.messages))) == 7


def test_a_certificate_that_nobody_vouches_for_is_refused(path, tls):
    collector = Collector(tls[0])
    with collecting(collector) as url:
        summary = deliver(url, path)
    assert "certificate is not trusted" in summary.failed[0].reason
    assert collector.messages == []


def test_a_certificate_for_another_name_is_refused(path, tls):
    collector = Collector(tls[0])
    with collecting(collector) as url:
        summary = deliver(url.replace("127.0.0.1", "localhost"), path, ca_file=tls[1])
    assert "certificate is not trusted" in summary.failed[0].reason


def test_a_collector_that_asks_for_a_certificate_gets_it_and_takes_nothing_without(path, tls):
    """In TLS 1.3 the refusal comes after the client has sent: it must not pass for a delivery."""
    certificate = tls[1]
    strict = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    strict.load_cert_chain(certificate, Path(certificate).with_name("key.pem"))
    strict.load_verify_locations(certificate)
    strict.verify_mode = ssl.CERT_REQUIRED
    collector = Collector(strict)
    with collecting(collector) as url:
        summary = deliver(url, path, ca_file=certificate, tries=2)
        assert not summary.whole
        assert collector.messages == []
        key = str(Path(certificate).with_name("key.pem"))
        assert deliver(url, path, ca_file=certificate, cert=certificate, key=key).whole
    assert len(collector.messages) == 7


def test_a_certificate_without_its_key_is_refused(tls):
    with pytest.raises(ConfigError, match="-O cert"):
        find("syslog").make(Settings(url="tls://a", ca_file=tls[1], options={"cert": (tls[1],)}))


def test_datagrams_over_udp(path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(5)
        assert deliver(f"udp://127.0.0.1:{sock.getsockname()[1]}", path, reports=[hostile()]).whole
        got = [sock.recv(65536) for _ in range(20)]
    assert all(HEAD.fullmatch(message) for message in got)
    assert max(map(len, got)) <= DATAGRAM_BYTES


def test_cef_over_tcp(path):
    collector = Collector()
    with collecting(collector) as url:
        assert deliver(url, path, form="cef", facility="auth").whole
    assert all(re.match(rb"<3\d>1 \S+ sender netcam - \S+ - CEF:0\|netcam\|", m) for m in collector.messages)


@pytest.mark.parametrize(
    ("url", "options"),
    [("https://a", {}), ("tls://", {}), ("tls://a", {"form": "leef"}), ("tls://a", {"facility": "kitchen"}),
     ("tls://a", {"enterprise": "x]"}), ("tls://a", {"events": "all"})],
    ids=range(6),
)  # fmt: skip
def test_settings_that_can_t_be_used_are_refused(url, options):
    with pytest.raises(ConfigError):
        find("syslog").make(Settings(url=url, options={name: (value,) for name, value in options.items()}))


def test_a_ca_file_without_certificates_is_refused(tmp_path):
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(ConfigError, match="ca-file"):
        find("syslog").make(Settings(url="tls://a", ca_file=str(tmp_path / "ca.pem")))


def told(*reports, lists=()):
    return [event(item) for item in events(reports or [store()], ALL, lists)]


def syslog(one, limit=MESSAGE_BYTES):
    return encode_syslog(one, facility=16, host="sender", enterprise="32473", limit=limit)


@given(st.text(max_size=300))
def test_any_text_makes_one_param_that_reads_back(text):
    made = param(text)
    assert re.fullmatch(r'(?:[^"\\\]]|\\["\\\]])*', made)
    assert made.isprintable()
    assert len(re.sub(r"\\(.)", r"\1", made).encode()) <= 100


@given(st.text(max_size=300))
def test_any_text_stays_in_its_place_in_cef(text):
    one = told(report(camera(1, model=text, brand=None)))[0]
    line = cef.encode_cef(one)
    assert line.isprintable()
    head = re.split(r"(?<!\\)\|", line, maxsplit=7)
    assert head[:2] == ["CEF:0", "netcam"]
    keys = re.findall(r"(?:^| )(\w+)=", head[7])
    assert keys.count("cs3") == (1 if text else 0)
    assert len(keys) == len(set(keys))


def test_escapes_of_cef_are_those_of_the_standard():
    assert cef.header("a|b\\c=d\ne") == "a\\|b\\\\c=d e"
    assert cef.value("a|b\\c=d\r\ne") == "a|b\\\\c\\=d\\r\\ne"


def test_the_newest_record_of_a_device_is_what_is_told():
    old, new = report(camera(1, model="old")), report(camera(1, model="new"), id="scan-2", at="2026-02-15T10:00:00Z")
    for order in ([old, new], [new, old]):
        assert {one["device"]["model"] for one in told(*order)} == {"new"}


def test_one_list_alone():
    both = camera(1)
    both = replace(both, verdicts=(*both.verdicts, replace(both.verdicts[0], list="other-list")))
    found = [one["verdict"]["list"] for one in told(report(both), lists=["other-list"]) if one["verdict"]]
    assert found == ["other-list"]


def test_a_new_address_or_firmware_is_no_news_and_another_verdict_is():
    from netcam.exports.journal import digest
    from netcam.model.report import Outcome

    def digests(device):
        return [digest(item) for item in events([report(device)], ALL)]

    one = camera(1)
    assert digests(one) == digests(replace(one, ip="192.0.2.99", firmware="5.0", model="NL-221"))
    other = replace(one, verdicts=(replace(one.verdicts[0], outcome=Outcome.POSSIBLE),))
    assert digests(one)[0] != digests(other)[0]
    assert digests(one)[1] == digests(other)[1]


def golden(name, made):
    """What is committed; written anew with NETCAM_GOLDEN=1."""
    import os

    path = GOLDEN / name
    if os.environ.get("NETCAM_GOLDEN") == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(made)
    assert made == path.read_bytes()


@pytest.mark.parametrize("which", ["store", "hostile"])
def test_the_text_forms_are_the_golden_ones(which, monkeypatch):
    for part in ("cef", "ocsf"):
        monkeypatch.setattr(f"netcam.exports.{part}.__version__", "1.2.3")
    from netcam.exports.to_cef import CefFile
    from netcam.exports.to_ocsf import OcsfFile
    from netcam.exports.to_prometheus import dump_metrics

    made = {"store": store, "hostile": hostile}[which]()
    golden(f"{which}.cef", CefFile(types=ALL).dump([made]))
    golden(f"{which}.ocsf.jsonl", OcsfFile(types=ALL).dump([made]))
    golden(f"{which}.prom", dump_metrics([made]))
    golden(f"{which}.syslog", b"\n".join(syslog(one) for one in told(made)) + b"\n")
    golden(f"{which}.events.jsonl", b"".join(json.dumps(one).encode() + b"\n" for one in told(made)))


def test_ocsf_events_have_what_the_schema_requires():
    """Required attributes of the two classes and of the objects in them, schema.ocsf.io/1.3.0."""
    kinds = set()
    for one in told(store(), hostile()):
        made = encode_ocsf(one)
        kinds.add(made["class_uid"])
        assert made["type_uid"] == made["class_uid"] * 100 + made["activity_id"]
        assert made["category_uid"] == made["class_uid"] // 1000
        for name in ("activity_id", "category_uid", "class_uid", "severity_id", "time", "type_uid"):
            assert isinstance(made[name], int)
        assert {"version", "product"} <= set(made["metadata"])
        assert made["metadata"]["product"]["vendor_name"]
        assert isinstance(made["device"]["type_id"], int)
        if made["class_uid"] == 2004:
            assert {"uid", "title"} <= set(made["finding_info"])
        json.dumps(made, allow_nan=False)
    assert kinds == {2004, 5001}
