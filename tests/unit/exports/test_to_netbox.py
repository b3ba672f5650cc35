"""NetBox: what arrives, what stays, and that nothing is lost or doubled whatever goes wrong."""

import random
from dataclasses import replace

import pytest
from netbox_double import NetBoxDouble
from rough_server import TROUBLE, Refused, serving
from store_reports import HOSTILE, NORTHLIGHT, camera, deliver, hostile, key, report, store

from netcam.errors import ConfigError, ExportError
from netcam.exports.base import Done
from netcam.exports.journal import Journal
from netcam.exports.run import Policy, Runner, run_id
from netcam.exports.to_netbox import NetBox

pytest.importorskip("pynetbox")


@pytest.fixture
def netbox():
    """Makes a NetBox and destinations that speak to it."""
    app = NetBoxDouble()
    with serving(app) as url:
        made = []

        def make(**options):
            made.append(NetBox(url, "secret-token", **{"timeout_s": 5.0, **options}))
            return made[-1]

        app.to = make
        yield app
        for destination in made:
            destination.close()


def devices(app):
    return {d["custom_fields"]["netcam_id"]: d for d in app.tables["dcim/devices"].values()}


def name_of(app, table, id):
    row = app.tables[table][id]
    return row.get("model") or row["name"]


def test_a_camera_arrives_with_all_that_is_known(netbox):
    done, failed = deliver(netbox.to(), [store()])
    assert not failed
    assert set(done.values()) == {Done.CREATED}
    camera = devices(netbox)[key(10)]
    assert camera["name"] == f"Harbourview NL-220 {key(10)[:8]}"
    assert name_of(netbox, "dcim/sites", camera["site"]) == "Store 12"
    assert name_of(netbox, "dcim/device-roles", camera["role"]) == "IP camera"
    assert name_of(netbox, "dcim/device-types", camera["device_type"]) == "NL-220"
    maker = netbox.tables["dcim/device-types"][camera["device_type"]]["manufacturer"]
    assert netbox.tables["dcim/manufacturers"][maker]["slug"] == "northlight"
    assert (camera["serial"], camera["status"]) == ("NL000010", "active")
    assert camera["tags"] == ["netcam", "netcam-listed"]
    own = camera["custom_fields"]
    assert own["netcam_maker"] == "Northlight Optics Manufacturing"
    assert own["netcam_maker_confidence"] == 0.98
    assert (own["netcam_brand"], own["netcam_verdict"]) == ("Harbourview", "listed")
    assert (own["netcam_first_report"], own["netcam_first_seen"]) == ("scan-1", "2026-01-15T10:00:00Z")
    ip = netbox.tables["ipam/ip-addresses"][camera["primary_ip4"]]
    assert (ip["address"], ip["tags"]) == ("192.0.2.10/32", ["netcam"])
    interface = netbox.tables["dcim/interfaces"][ip["assigned_object_id"]]
    assert netbox.tables["dcim/mac-addresses"][interface["primary_mac_address"]]["mac_address"] == "00:00:5E:00:53:0A"


def test_every_address_but_link_local_ones_arrives_and_each_family_has_a_primary_one(netbox):
    deliver(netbox.to(), [store()])
    recorder = devices(netbox)[key(11)]
    addresses = netbox.tables["ipam/ip-addresses"].values()
    held = [ip["address"] for ip in addresses if netbox.device_of(ip) == recorder["id"]]
    assert sorted(held) == ["192.0.2.11/32", "192.0.2.111/32", "2001:db8::11/128"]
    assert netbox.tables["ipam/ip-addresses"][recorder["primary_ip4"]]["address"] == "192.0.2.11/32"
    assert netbox.tables["ipam/ip-addresses"][recorder["primary_ip6"]]["address"] == "2001:db8::11/128"


def test_unknown_stays_empty_and_only_what_netbox_demands_says_unknown(netbox):
    deliver(netbox.to(), [store()])
    unknown = devices(netbox)[key(12)]
    assert name_of(netbox, "dcim/device-types", unknown["device_type"]) == "Unknown model"
    assert unknown["serial"] == ""
    own = unknown["custom_fields"]
    assert {own[f"netcam_{key}"] for key in ("maker", "brand", "firmware", "maker_confidence", "lists")} == {None}
    assert unknown["tags"] == ["netcam"]


def test_only_cctv_is_exported_unless_all_is_asked_for(netbox):
    deliver(netbox.to(), [store()])
    assert key(200) not in devices(netbox)
    deliver(netbox.to(all=True), [store()])
    assert key(200) in devices(netbox)


@pytest.mark.parametrize("version", ["4.0", "4.1", "4.2", "4.6"])
def test_twice_is_as_good_as_once(netbox, version):
    netbox.version = version
    deliver(netbox.to(), [store()])
    once, count = netbox.inventory(), len(netbox.writes)
    done, failed = deliver(netbox.to(), [store()])
    assert not failed
    assert set(done.values()) == {Done.UNCHANGED}
    assert len(netbox.writes) == count
    assert netbox.inventory() == once
    assert len(once["devices"]) == 5


def test_before_4_2_the_mac_stands_on_the_interface(netbox):
    netbox.version = "4.1"
    deliver(netbox.to(), [report(camera(10))])
    (interface,) = netbox.tables["dcim/interfaces"].values()
    assert interface["mac_address"] == "00:00:5E:00:53:0A"
    assert not netbox.tables["dcim/mac-addresses"]


def test_a_netbox_before_4_0_is_refused_by_name(netbox):
    netbox.version = "3.7"
    _, failed = deliver(netbox.to(), [report(camera(10))])
    assert "4.0 or later" in str(failed[key(10)])


def test_comparing_writes_nothing_and_foretells_what_putting_does(netbox):
    first = netbox.to()
    foretold = {item.key: first.compare(item) for item in first.items([store()])}
    assert not netbox.writes
    done, _ = deliver(netbox.to(), [store()])
    assert foretold == done
    changed = report(camera(10, firmware="5.0", ip="192.0.2.99", addresses=("192.0.2.99",)), camera(11), id="scan-2")
    count = len(netbox.writes)
    again = netbox.to()
    foretold = {item.key: again.compare(item) for item in again.items([changed])}
    assert len(netbox.writes) == count
    done, _ = deliver(netbox.to(), [changed])
    assert foretold == done
    assert foretold[key(10)] is Done.UPDATED


def test_every_request_carries_the_token_and_none_deletes(netbox):
    deliver(netbox.to(), [store()])
    assert {headers.get("authorization") for headers in netbox.headers} == {"Token secret-token"}
    assert {method for method, _, _ in netbox.requests} == {"GET", "POST", "PATCH"}


@pytest.mark.parametrize("n", range(len(HOSTILE)), ids=str)
def test_hostile_text_arrives_bounded_and_in_netboxs_form(netbox, n):
    told = hostile()
    told = replace(told, devices=(told.devices[n],))
    _, failed = deliver(netbox.to(), [told])
    assert not failed
    once = netbox.inventory()
    done, failed = deliver(netbox.to(), [told])
    assert not failed
    assert set(done.values()) == {Done.UNCHANGED}
    assert netbox.inventory() == once
    assert len(once["devices"]) == 1


def test_models_that_are_spelt_alike_stay_two_and_share_no_slug(netbox):
    deliver(netbox.to(), [store()])
    types = [t for t in netbox.inventory()["types"] if t[0] == "Tidewater Imaging"]
    assert [model for _, model, _ in types] == ["TW 4", "TW-4"]
    assert len({slug for _, _, slug in types}) == 2


# --- what others wrote ---


def by_hand(app, **fields):
    """A device that somebody put into NetBox before netcam came."""
    def make(table, **row):
        return app.store(table, row)["id"]

    site = make("dcim/sites", name="Berlin", slug="store-12")
    maker = make("dcim/manufacturers", name="Northlight", slug="northlight")
    type = make("dcim/device-types", manufacturer=maker, model="Dome", slug="dome")
    role = make("dcim/device-roles", name="Eye", slug="eye", color="ffffff")
    make("extras/tags", name="insured", slug="insured")
    row = {"name": "Till 3", "site": site, "device_type": type, "role": role, "tags": ["insured"], **fields}
    return app.tables["dcim/devices"][make("dcim/devices", **row)]


def test_a_device_that_others_entered_is_found_by_its_serial_and_keeps_what_they_wrote(netbox):
    theirs = by_hand(netbox, serial="nl000010", comments="above the door")
    done, failed = deliver(netbox.to(), [report(camera(10))])
    assert not failed
    assert done[key(10)] is Done.UPDATED
    assert len(netbox.tables["dcim/devices"]) == 1
    assert (theirs["name"], theirs["serial"], theirs["comments"]) == ("Till 3", "nl000010", "above the door")
    assert name_of(netbox, "dcim/device-types", theirs["device_type"]) == "Dome"
    assert name_of(netbox, "dcim/device-roles", theirs["role"]) == "Eye"
    assert theirs["tags"] == ["insured", "netcam", "netcam-listed"]
    assert theirs["custom_fields"]["netcam_id"] == key(10)
    assert theirs["primary_ip4"]
    assert set(deliver(netbox.to(), [report(camera(10))])[0].values()) == {Done.UNCHANGED}


def test_a_device_that_others_entered_is_found_by_its_mac_on_their_interface(netbox):
    theirs = by_hand(netbox)
    port = netbox.store("dcim/interfaces", {"device": theirs["id"], "name": "eth0", "type": "100base-tx"})
    at = {"assigned_object_type": "dcim.interface", "assigned_object_id": port["id"]}
    mac = netbox.store("dcim/mac-addresses", {"mac_address": "00:00:5E:00:53:0A", **at})
    port["primary_mac_address"] = mac["id"]
    deliver(netbox.to(), [report(camera(10))])
    assert len(netbox.tables["dcim/devices"]) == len(netbox.tables["dcim/interfaces"]) == 1
    assert theirs["serial"] == "NL000010"
    assert len(netbox.tables["dcim/mac-addresses"]) == 1


def test_a_serial_on_two_devices_is_left_to_a_person(netbox):
    first = by_hand(netbox, serial="NL000010")
    netbox.store("dcim/devices", {**{k: first[k] for k in ("site", "device_type", "role", "serial")}, "name": "Till 4"})
    _, failed = deliver(netbox.to(), [report(camera(10))])
    error = failed[key(10)]
    assert "NL000010" in str(error)
    assert not error.retry
    assert len(netbox.tables["dcim/devices"]) == 2


def test_what_a_person_changed_stays_and_what_netcam_wrote_follows_the_reports(netbox):
    deliver(netbox.to(), [report(camera(10), camera(11))])
    edited, followed = devices(netbox)[key(10)], devices(netbox)[key(11)]
    edited["serial"] = "as on the label"
    edited["tags"].append("netcam-possible")
    newer = {"model": "NL-300", "serial": "NL9", "manufacturer": NORTHLIGHT, "verdicts": ()}
    later = report(camera(10, **newer), camera(11, **newer), id="scan-2", at="2026-02-15T10:00:00Z")
    _, failed = deliver(netbox.to(), [later])
    assert not failed
    assert (edited["serial"], followed["serial"]) == ("as on the label", "NL9")
    assert name_of(netbox, "dcim/device-types", followed["device_type"]) == "NL-300"
    assert edited["tags"] == ["netcam"]
    own = followed["custom_fields"]
    assert (own["netcam_first_report"], own["netcam_last_report"]) == ("scan-1", "scan-2")
    assert own["netcam_verdict"] is None


def test_an_older_report_takes_nothing_back(netbox):
    old = report(camera(10, firmware="1.0"), id="scan-0", at="2025-01-15T10:00:00Z")
    new = report(camera(10))
    deliver(netbox.to(), [new])
    deliver(netbox.to(), [old])
    own = devices(netbox)[key(10)]["custom_fields"]
    assert (own["netcam_firmware"], own["netcam_last_report"]) == ("4.2.1", "scan-1")
    assert (own["netcam_first_report"], own["netcam_first_seen"]) == ("scan-0", "2025-01-15T10:00:00Z")
    assert deliver(netbox.to(), [old])[0][key(10)] is Done.UNCHANGED


def test_a_serial_learnt_later_makes_no_second_device(netbox):
    """The report's id is made of the best mark, so it changes when a serial is read for the first time, or no more."""
    first = camera(10, id="aa", serial=None)
    deliver(netbox.to(), [report(first)])
    deliver(netbox.to(), [report(camera(10), id="scan-2", at="2026-02-01T10:00:00Z")])
    deliver(netbox.to(), [report(first, id="scan-3", at="2026-03-01T10:00:00Z")])
    (device,) = netbox.tables["dcim/devices"].values()
    assert device["custom_fields"]["netcam_id"] == key(10)
    assert (device["serial"], device["custom_fields"]["netcam_last_report"]) == ("NL000010", "scan-3")


def test_a_run_that_broke_off_goes_on_with_its_journal_and_mixes_up_no_twins(netbox, tmp_path):
    """The journal holds what was confirmed, so that the second process never meets the first devices."""
    told = [report(camera(10), camera(11, serial="NL000010"), camera(12, serial=None, mac=camera(10).mac))]

    def run(destination):
        with Journal(tmp_path / "journal.jsonl", "netbox", run=run_id(told)) as journal:
            runner = Runner(destination=destination, journal=journal, policy=Policy(tries=2), sleep=lambda s: None)
            return runner.run(told)

    down = False

    def trouble(n, method, path):
        nonlocal down
        down = down or len(netbox.tables["dcim/devices"]) == 2
        return "busy" if down else None

    netbox.trouble = trouble
    assert not run(netbox.to()).whole
    netbox.trouble = lambda n, method, path: None
    assert run(netbox.to()).whole
    once = netbox.inventory()
    assert len(netbox.tables["dcim/devices"]) == 3
    again = run(netbox.to())
    assert again.whole
    assert set(again.counts) == {Done.UNCHANGED}
    assert netbox.inventory() == once == whole(told[0])


def test_two_devices_with_one_cloned_serial_or_mac_stay_two(netbox):
    twins = report(camera(10), camera(11, serial="NL000010"), camera(12, serial=None, mac=camera(10).mac))
    deliver(netbox.to(), [twins])
    once = netbox.inventory()
    assert len(once["devices"]) == 3
    assert set(deliver(netbox.to(), [twins])[0].values()) == {Done.UNCHANGED}
    assert netbox.inventory() == once


# --- addresses ---


def test_an_address_that_went_to_another_camera_goes_with_it(netbox):
    deliver(netbox.to(), [report(camera(10), camera(11))])
    swapped = [{"ip": ip, "addresses": (ip,)} for ip in ("192.0.2.11", "192.0.2.10")]
    later = report(camera(10, **swapped[0]), camera(11, **swapped[1]), id="scan-2", at="2026-02-15T10:00:00Z")
    _, failed = deliver(netbox.to(), [later])
    assert not failed
    now = {key: netbox.tables["ipam/ip-addresses"][d["primary_ip4"]]["address"] for key, d in devices(netbox).items()}
    assert now == {key(10): "192.0.2.11/32", key(11): "192.0.2.10/32"}
    assert len(netbox.tables["ipam/ip-addresses"]) == 2
    assert set(deliver(netbox.to(), [later])[0].values()) == {Done.UNCHANGED}


def test_an_address_that_others_gave_to_something_else_stays_there(netbox):
    theirs = by_hand(netbox)
    port = netbox.store("dcim/interfaces", {"device": theirs["id"], "name": "eth0", "type": "100base-tx"})
    at = {"assigned_object_type": "dcim.interface", "assigned_object_id": port["id"]}
    ip = netbox.store("ipam/ip-addresses", {"address": "192.0.2.10/24", **at})
    _, failed = deliver(netbox.to(), [report(camera(10))])
    assert not failed
    assert netbox.device_of(ip) == theirs["id"]
    (found,) = [d for d in netbox.tables["dcim/devices"].values() if d is not theirs]
    assert "primary_ip4" not in found


def test_a_free_address_is_taken_up_and_a_new_one_has_the_length_of_its_prefix(netbox):
    free = netbox.store("ipam/ip-addresses", {"address": "192.0.2.10/26"})
    for prefix in ("192.0.0.0/16", "192.0.2.0/24"):
        netbox.store("ipam/prefixes", {"prefix": prefix})
    deliver(netbox.to(), [report(camera(10), camera(11))])
    assert free["assigned_object_id"]
    assert sorted(ip["address"] for ip in netbox.tables["ipam/ip-addresses"].values()) == [
        "192.0.2.10/26", "192.0.2.11/24",
    ]  # fmt: skip


def test_the_last_address_of_a_network_goes_on_an_interface_as_a_host(netbox):
    netbox.store("ipam/prefixes", {"prefix": "192.0.2.0/28"})
    _, failed = deliver(netbox.to(), [report(camera(15), camera(16))])
    assert not failed
    assert sorted(ip["address"] for ip in netbox.tables["ipam/ip-addresses"].values()) == [
        "192.0.2.15/32", "192.0.2.16/32",
    ]  # fmt: skip


def test_an_address_that_people_made_out_of_band_stays_where_it_is(netbox):
    deliver(netbox.to(), [report(camera(10))])
    first = devices(netbox)[key(10)]
    first |= {"oob_ip": first["primary_ip4"], "primary_ip4": None}
    moved = report(camera(11, ip="192.0.2.10", addresses=("192.0.2.10",)), id="scan-2", at="2026-02-15T10:00:00Z")
    _, failed = deliver(netbox.to(), [moved])
    assert not failed
    (ip,) = netbox.tables["ipam/ip-addresses"].values()
    assert netbox.device_of(ip) == first["id"]


def test_stores_that_reuse_addresses_are_kept_apart_by_vrf(netbox):
    for label in ("store-a", "store-b"):
        netbox.store("ipam/vrfs", {"name": label})
    reports = [report(camera(10, id=id), id=id, site=site) for id, site in (("a" * 16, "A"), ("b" * 16, "B"))]
    vrfs = {"A": "store-a", "B": "store-b"}
    _, failed = deliver(netbox.to(vrfs=vrfs), reports)
    assert not failed
    assert len(netbox.tables["ipam/ip-addresses"]) == len(netbox.tables["dcim/devices"]) == 2
    assert set(deliver(netbox.to(vrfs=vrfs), reports)[0].values()) == {Done.UNCHANGED}


def test_a_site_goes_where_the_map_says_and_only_to_one_that_is_there(netbox):
    site = netbox.store("dcim/sites", {"name": "Hamburg", "slug": "hh"})
    deliver(netbox.to(sites={"Store 12": "hh"}), [report(camera(10))])
    assert [d["site"] for d in devices(netbox).values()] == [site["id"]]
    _, failed = deliver(netbox.to(sites={"Store 12": "nowhere"}), [report(camera(11))])
    assert "nowhere" in str(failed[key(11)])
    assert len(netbox.tables["dcim/sites"]) == 1


# --- bad days ---


def whole(told):
    """What a NetBox holds after a good day."""
    app = NetBoxDouble()
    with serving(app) as url:
        destination = NetBox(url, "secret-token")
        assert not deliver(destination, [told])[1]
        destination.close()
        return app.inventory()


@pytest.mark.parametrize("kind", TROUBLE)
def test_a_request_that_goes_wrong_at_any_point_leaves_nothing_lost_or_doubled(netbox, kind):
    """One camera, once for each of its requests: that one fails, the run ends there, and another run mends it."""
    told = report(camera(10))
    expected = whole(told)
    deliver(netbox.to(), [report()])  # custom fields and tags: the same request many times over
    setting = {name: dict(rows) for name, rows in netbox.tables.items()}
    start = len(netbox.requests)
    deliver(netbox.to(), [told])
    methods = [method for method, _, _ in netbox.requests[start:]]
    writes = [n for n, method in enumerate(methods) if method != "GET"]
    assert len(writes) > 8
    failures = []
    for at in writes if kind in ("lost", "half", "broken") else range(0, len(methods), 9):
        netbox.tables = {name: dict(rows) for name, rows in setting.items()}
        first = len(netbox.requests)
        netbox.trouble = lambda n, method, path, at=at, first=first: kind if n == first + at else None
        destination = netbox.to(timeout_s=0.15 if kind == "silent" else 5.0)
        try:
            for item in destination.items([told]):
                destination.put(item)
        except ExportError as error:
            failures.append(error)
        netbox.trouble = lambda n, method, path: None
        _, failed = deliver(netbox.to(), [told])
        assert not failed
        assert netbox.inventory() == expected
    assert len(failures) > 5
    assert all(error.retry and "secret-token" not in str(error) for error in failures)


@pytest.mark.parametrize("seed", range(4))
def test_a_day_on_which_every_fifth_request_fails_ends_as_a_good_one(netbox, seed):
    luck = random.Random(seed)
    kinds = [kind for kind in TROUBLE if kind != "silent"]
    netbox.trouble = lambda n, method, path: luck.choice(kinds) if luck.random() < 0.2 else None
    _, failed = deliver(netbox.to(), [store()], tries=40)
    assert not failed
    netbox.trouble = lambda n, method, path: None
    assert netbox.inventory() == whole(store())
    assert set(deliver(netbox.to(), [store()])[0].values()) == {Done.UNCHANGED}


def test_what_netbox_refuses_is_told_and_not_tried_again(netbox):
    netbox.forbidden = {"extras/custom-fields"}
    _, failed = deliver(netbox.to(), [report(camera(10))])
    error = failed["custom-field:netcam_id"]
    assert not error.retry
    assert "403" in str(error)
    assert "permission" in str(error)


def test_a_wrong_token_is_told_without_naming_it(netbox):
    wrong = NetBox(netbox.base, "another-token")
    item = next(iter(wrong.items([report(camera(10))])))
    with pytest.raises(ExportError, match="403") as told:
        wrong.put(item)
    wrong.close()
    assert "another-token" not in str(told.value)


def test_a_redirect_is_not_followed_and_says_where_to(netbox):
    def moved(*_):
        raise Refused(301, {})

    netbox.answer = moved
    netbox.extra_headers = lambda: {"Location": "https://netbox.example/api/"}
    _, failed = deliver(netbox.to(), [report()])
    error = failed["tag:netcam"]
    assert "https://netbox.example/api/" in str(error)
    assert not error.retry


def test_a_port_that_nothing_listens_on_is_worth_another_try():
    with serving(NetBoxDouble()) as url:
        pass
    destination = NetBox(url, "secret-token", timeout_s=2.0)
    with pytest.raises(ExportError) as told:
        destination.put(next(iter(destination.items([report(camera(10))]))))
    destination.close()
    assert told.value.retry


@pytest.mark.parametrize("url", ["ftp://x", "https://", "https://me:secret@netbox.example/", "netbox.example"])
def test_a_url_that_is_none_is_refused_before_anything_is_sent(url):
    with pytest.raises(ConfigError):
        NetBox(url, "secret-token")
