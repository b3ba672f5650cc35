"""What a scan keeps is bounded and ordered."""

from ipaddress import ip_address

from netcam.discovery.record import OBSERVATION_LIMIT, Record
from netcam.model import CoverageStatus, Endpoint, RunStatus


def test_an_observation_is_kept_once(observed):
    record = Record()
    record.keep(observed(("http.server", "x"), port=80, transport="tcp"))
    record.keep(observed(("http.server", "x"), port=80, transport="tcp"))
    record.keep(observed(("http.server", "x"), port=81, transport="tcp"))
    assert len(record.observations()) == 2


def test_a_host_that_never_stops_talking_is_cut_off(observed):
    record = Record()
    record.keep(observed(*[("http.server", str(n)) for n in range(OBSERVATION_LIMIT + 50)]))
    record.keep(observed(("http.server", "x"), ip="192.0.2.8"))
    assert len(record.observations()) == OBSERVATION_LIMIT + 1


def test_hosts_are_told_in_the_order_of_addresses(observed):
    record = Record()
    for ip in ("2001:db8::1", "192.0.2.10", "192.0.2.9"):
        record.keep(observed(("http.server", "x"), ip=ip))
    assert [str(o.endpoint.ip) for o in record.observations()] == ["192.0.2.9", "192.0.2.10", "2001:db8::1"]


def test_what_has_no_address_is_no_host(observed):
    record = Record()
    record.keep(observed(("http.server", "x"), ip=None))
    assert record.hosts == {}


def test_coverage_is_told_once_and_details_are_bounded():
    record = Record()
    record.cover("192.0.2.0/24", CoverageStatus.NOT, "no route")
    record.cover("192.0.2.0/24", CoverageStatus.NOT, "no route")
    record.run("http", "192.0.2.1:80", RunStatus.FAILED, "x" * 1000, 0.12345)
    assert len(record.coverage) == 1
    assert (len(record.runs[0].detail), record.runs[0].took_s) == (300, 0.123)


def passed(record, *answers):
    """One pass: (address, port that is open) of each host that answers."""
    record.begin_pass()
    for text, port in answers:
        ip = ip_address(text)
        record.answered(ip)
        at = Endpoint(ip=ip, port=port, transport="tcp")
        record.keep(record.numbering.observe(at, "connect", {"tcp.open": str(port)}))
    record.end_pass()


def test_two_passes_agree_when_the_same_hosts_answer_and_nothing_new_is_seen():
    record = Record()
    passed(record, ("192.0.2.1", 80), ("192.0.2.2", 80))
    assert not record.agreed
    passed(record, ("192.0.2.1", 80), ("192.0.2.2", 80))
    assert record.agreed
    assert record.once() == []


def test_a_new_port_or_a_missing_host_is_no_agreement():
    record = Record()
    passed(record, ("192.0.2.1", 80), ("192.0.2.10", 80))
    passed(record, ("192.0.2.1", 80), ("192.0.2.10", 81))
    assert not record.agreed
    passed(record, ("192.0.2.10", 80))
    assert not record.agreed
    passed(record, ("192.0.2.10", 80))
    assert record.agreed


def test_hosts_that_answered_once_are_named_in_the_order_of_addresses():
    record = Record()
    passed(record, ("192.0.2.1", 80), ("192.0.2.10", 80), ("192.0.2.9", 80))
    passed(record, ("192.0.2.1", 80))
    assert [str(ip) for ip in record.once()] == ["192.0.2.9", "192.0.2.10"]


def test_what_was_seen_in_any_pass_stays():
    record = Record()
    passed(record, ("192.0.2.1", 80))
    passed(record)
    assert [o.value for o in record.observations()] == ["80"]


def test_a_pass_that_was_cut_short_does_not_count():
    record = Record()
    passed(record, ("192.0.2.1", 80))
    record.begin_pass()
    assert record.passes == 1
    assert not record.agreed
