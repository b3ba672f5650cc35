"""Reports in memory answer as a history does."""

from dataclasses import replace

from scans import camera, report

from netcam.model.report import ObservationRecord
from netcam.tracking.reports import Reports


def seen(ip, uuid):
    return ObservationRecord(
        id="o1", kind="onvif.uuid", value=uuid, ip=ip, port=3702, transport="udp", probe="onvif", seen_at="", root=""
    )


def test_visits_come_oldest_first_whatever_the_order_of_the_files():
    past = Reports([report(3), report(1), report(2, site=None), report(2)])
    assert past.sites() == (None, "store-7")
    assert [v.id[-2:] for v in past.visits()] == ["01", "02", "02", "03"]
    assert [v.id[-2:] for v in past.visits("store-7", since="2026-01-02")] == ["02", "03"]


def test_one_report_twice_is_one_visit():
    assert len(list(Reports([report(1, camera(1)), report(1, camera(1))]).visits())) == 1


def test_a_life_goes_on_at_another_address_and_over_a_missed_scan():
    moved = camera(1, "192.0.2.60")
    past = Reports([report(1, camera(1)), report(2), report(3, moved), report(4, moved)])
    (life,) = past.lives()
    assert [(s.first_visit[-2:], s.last_visit[-2:], s.record.ip) for s in life.states] == [
        ("01", "01", "192.0.2.1"), ("03", "04", "192.0.2.60"),
    ]  # fmt: skip
    assert (life.first_seen[:10], life.last_seen[:10]) == ("2026-01-01", "2026-01-04")
    assert [d.key for d in past.sighted("store-7-2026-01-03")] == ["id1"]
    assert past.sighted("store-7-2026-01-02") == past.sighted("no such visit") == ()


def test_a_device_is_found_by_a_mark_that_one_scan_in_between_did_not_hear():
    uuid = "00000000-0000-4000-8000-000000000001"
    plain = {"serial": None, "mac": None, "mac_source": None}
    first = report(1, camera(1, **plain), observations=(seen("192.0.2.1", uuid),))
    third = report(3, camera(1, "192.0.2.9", **plain), observations=(seen("192.0.2.9", uuid),))
    past = Reports([first, report(2, camera(1, **plain)), third])
    assert len(list(past.lives())) == 1


def test_two_sites_never_share_a_device():
    past = Reports([report(1, camera(1)), report(1, camera(1), site="store-8")])
    assert [(life.site, life.key) for life in past.lives()] == [("store-7", "id1"), ("store-8", "id1")]
    assert [life.site for life in past.lives("store-8")] == ["store-8"]


def test_another_device_with_a_known_id_gets_a_key_of_its_own():
    new = replace(camera(2, "192.0.2.1", maker="harrow"), id="id1", model="HC-1")
    past = Reports([report(1, camera(1)), report(2, new)])
    assert [life.key for life in past.lives()] == ["id1", "id1-2"]
