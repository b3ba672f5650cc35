"""Metrics as the official parser reads them, and the server that offers them."""

import http.client
import threading
from contextlib import contextmanager
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import parser
from store_reports import camera, hostile, report, store

from netcam.exports.serving import CONTENT_TYPE, Metrics, MetricsServer
from netcam.exports.to_prometheus import MOST_MAKERS, dump_metrics
from netcam.model.report import NamedClaim
from netcam.report.to_json import dump, load


def samples(data):
    """Name and labels -> value, as Prometheus' own library reads the text."""
    found = {}
    for family in parser.text_string_to_metric_families(data.decode()):
        assert family.documentation
        assert family.type == "gauge"
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in found
            found[key] = sample.value
    return found


def value(data, name, **labels):
    return samples(data)[f"netcam_{name}", tuple(sorted(labels.items()))]


def test_the_figures_are_the_report_s():
    data = dump_metrics([store()])
    assert value(data, "devices", site="Store 12", cctv="yes") == 5
    assert value(data, "devices", site="Store 12", cctv="no") == 1
    assert value(data, "listed_devices", site="Store 12") == 2
    assert value(data, "devices_by_outcome", site="Store 12", outcome="undetermined") == 1
    assert value(data, "list_devices", site="Store 12", list="ex-procurement", outcome="listed") == 2
    assert value(data, "maker_devices", site="Store 12", maker="northlight") == 2
    assert value(data, "maker_devices", site="Store 12", maker="") == 1
    assert value(data, "scan_complete", site="Store 12") == 1
    assert value(data, "scan_ended_timestamp_seconds", site="Store 12") == 1768471200
    assert value(data, "flawed_devices", site="Store 12", known_exploited="yes") == 1


def test_the_newest_report_of_each_site_counts():
    old, new = report(camera(1)), report(camera(1), camera(2), id="scan-2", at="2026-02-15T10:00:00Z")
    other = report(camera(3), site="Store 13")
    for order in ([old, new, other], [other, new, old]):
        data = dump_metrics(order)
        assert value(data, "devices", site="Store 12", cctv="yes") == 2
        assert value(data, "devices", site="Store 13", cctv="yes") == 1
    assert dump_metrics([old, new, other]) == dump_metrics([other, new, old])


@given(st.text(max_size=200))
def test_any_text_is_one_label(text):
    made = report(camera(1, manufacturer=NamedClaim(id=text, name=text, confidence=0.9)), site=text)
    assert len(samples(dump_metrics([made]))) == len(samples(dump_metrics([report(camera(1))])))


def test_hostile_texts_and_a_thousand_makers_stay_within_bounds():
    samples(dump_metrics([hostile()]))
    many = [camera(n, manufacturer=NamedClaim(id=f"m{n}", name="x", confidence=1)) for n in range(250)]
    data = dump_metrics([report(*many)])
    makers = [key for key in samples(data) if key[0] == "netcam_maker_devices"]
    assert len(makers) == MOST_MAKERS + 1
    assert value(data, "maker_devices", site="Store 12", maker="other") == 250 - MOST_MAKERS


def test_times_that_can_t_be_read_are_left_out():
    made = store()
    made = replace(made, scan=replace(made.scan, started_at="soon", ended_at=""))
    names = {name for name, _ in samples(dump_metrics([made]))}
    assert not [name for name in names if name.startswith("netcam_scan_") and "timestamp" in name]


@contextmanager
def serving(paths):
    server = MetricsServer("127.0.0.1", 0, Metrics([str(path) for path in paths], load))
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def get(port, path="/metrics", method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read()
    finally:
        connection.close()


def test_metrics_are_served_and_follow_the_file(tmp_path):
    path = tmp_path / "latest.json"
    path.write_bytes(dump(report(camera(1))))
    with serving([path]) as port:
        status, kind, data = get(port)
        assert (status, kind) == (200, CONTENT_TYPE)
        assert value(data, "devices", site="Store 12", cctv="yes") == 1
        assert value(data, "reports_unread") == 0
        path.write_bytes(dump(store()))
        assert value(get(port)[2], "devices", site="Store 12", cctv="yes") == 5
        path.write_bytes(dump(store())[:500])
        data = get(port)[2]
        assert value(data, "devices", site="Store 12", cctv="yes") == 5
        assert value(data, "reports_unread") == 1
        path.unlink()
        assert value(get(port)[2], "reports_unread") == 1


def test_nothing_else_is_served(tmp_path):
    path = tmp_path / "latest.json"
    path.write_bytes(dump(store()))
    with serving([path]) as port:
        assert get(port, "/")[0] == 404
        assert get(port, "/../latest.json")[0] == 404
        assert get(port, "/metrics", "POST")[0] == 501
        assert get(port, "/metrics", "HEAD")[2] == b""
        assert get(port, "/metrics?x=1")[0] == 200
