"""Snipe-IT: what arrives, what stays, and that nothing is lost or doubled whatever goes wrong."""

import random
from dataclasses import replace

import pytest
from rough_server import TROUBLE, serving
from snipeit_double import SnipeItDouble
from store_reports import HOSTILE, camera, deliver, hostile, key, report, store

from netcam.errors import ConfigError, ExportError
from netcam.exports.base import Done
from netcam.exports.journal import Journal
from netcam.exports.run import Policy, Runner, run_id
from netcam.exports.to_snipeit import SnipeIt


@pytest.fixture
def snipeit():
    """Makes a Snipe-IT and destinations that speak to it."""
    app = SnipeItDouble()
    with serving(app) as url:
        made = []

        def make(**options):
            made.append(SnipeIt(url, "secret-key", **{"timeout_s": 5.0, **options}))
            return made[-1]

        app.to = make
        yield app
        for destination in made:
            destination.close()


def assets(app):
    return {row["asset_tag"]: row for row in app.tables["hardware"].values()}


def own(app, asset, name):
    column = next(f["column"] for f in app.tables["fields"].values() if f["name"] == f"netcam {name}")
    return asset.get(column)


def name_of(app, table, id):
    return app.tables[table][id]["name"]


def test_a_camera_arrives_with_all_that_is_known(snipeit):
    done, failed = deliver(snipeit.to(), [store()])
    assert not failed
    assert set(done.values()) == {Done.CREATED}
    asset = assets(snipeit)[key(10)]
    assert asset["name"] == f"Harbourview NL-220 {key(10)[:8]}"
    assert (asset["serial"], name_of(snipeit, "locations", asset["rtd_location_id"])) == ("NL000010", "Store 12")
    assert name_of(snipeit, "statuslabels", asset["status_id"]) == "Found by netcam"
    model = snipeit.tables["models"][asset["model_id"]]
    assert (model["name"], model["model_number"]) == ("NL-220", "NL-220")
    assert name_of(snipeit, "manufacturers", model["manufacturer_id"]) == "Northlight Optics Manufacturing"
    assert name_of(snipeit, "categories", model["category_id"]) == "IP camera"
    told = {name: own(snipeit, asset, name) for name in ("id", "brand", "verdict", "firmware", "mac", "first report")}
    assert told == {
        "id": key(10), "brand": "Harbourview", "verdict": "listed", "firmware": "4.2.1", "mac": "00:00:5e:00:53:0a",
        "first report": "scan-1",
    }  # fmt: skip


def test_unknown_stays_empty_and_only_the_model_says_unknown(snipeit):
    deliver(snipeit.to(), [store()])
    asset = assets(snipeit)[key(12)]
    assert name_of(snipeit, "models", asset["model_id"]) == "Unknown CCTV device, model unknown"
    assert "serial" not in asset
    assert own(snipeit, asset, "maker") is None
    assert own(snipeit, asset, "firmware") is None


def test_only_cctv_is_exported_unless_all_is_asked_for(snipeit):
    deliver(snipeit.to(), [store()])
    assert key(200) not in assets(snipeit)
    deliver(snipeit.to(all=True), [store()])
    assert key(200) in assets(snipeit)


def test_twice_is_as_good_as_once(snipeit):
    deliver(snipeit.to(), [store()])
    once, count = snipeit.inventory(), len(snipeit.writes)
    done, failed = deliver(snipeit.to(), [store()])
    assert not failed
    assert set(done.values()) == {Done.UNCHANGED}
    assert len(snipeit.writes) == count
    assert snipeit.inventory() == once
    assert len(once["hardware"]) == 5


def test_comparing_writes_nothing_and_foretells_what_putting_does(snipeit):
    first = snipeit.to()
    foretold = {item.key: first.compare(item) for item in first.items([store()])}
    assert not snipeit.writes
    done, _ = deliver(snipeit.to(), [store()])
    assert foretold == done
    changed = report(camera(10, firmware="5.0"), camera(11), id="scan-2")
    count = len(snipeit.writes)
    again = snipeit.to()
    foretold = {item.key: again.compare(item) for item in again.items([changed])}
    assert len(snipeit.writes) == count
    done, _ = deliver(snipeit.to(), [changed])
    assert foretold == done
    assert foretold[key(10)] is Done.UPDATED


@pytest.mark.parametrize("n", range(len(HOSTILE)), ids=str)
def test_hostile_text_arrives_bounded_and_is_known_again_behind_its_html(snipeit, n):
    told = hostile()
    told = replace(told, devices=(told.devices[n],))
    _, failed = deliver(snipeit.to(), [told])
    assert not failed
    once = snipeit.inventory()
    done, failed = deliver(snipeit.to(), [told])
    assert not failed
    assert set(done.values()) == {Done.UNCHANGED}
    assert snipeit.inventory() == once
    assert len(once["hardware"]) == 1


# --- what others wrote ---


def by_hand(app, **fields):
    """An asset that somebody entered before netcam came, of a model without netcam's fields."""
    def make(table, **row):
        return app.answer("POST", f"/api/v1/{table}", {}, row)[1]["payload"]["id"]

    category = make("categories", name="Eyes", category_type="asset")
    model = make("models", name="Dome", category_id=category)
    status = make("statuslabels", name="Bought", type="deployable")
    row = {"asset_tag": "A-1", "name": "Till 3", "model_id": model, "status_id": status, **fields}
    return app.tables["hardware"][make("hardware", **row)]


def test_an_asset_that_others_entered_is_found_by_its_serial_and_keeps_what_they_wrote(snipeit):
    theirs = by_hand(snipeit, serial="nl000010")
    before = dict(theirs)
    _, failed = deliver(snipeit.to(), [report(camera(10))])
    assert not failed
    assert len(snipeit.tables["hardware"]) == 1
    assert {k: theirs[k] for k in before} == before
    assert name_of(snipeit, "locations", theirs["rtd_location_id"]) == "Store 12"
    assert set(deliver(snipeit.to(), [report(camera(10))])[0].values()) == {Done.UNCHANGED}


def test_with_netcams_fields_on_their_model_the_facts_stand_on_their_asset(snipeit):
    deliver(snipeit.to(), [report()])
    theirs = by_hand(snipeit, serial="NL000010")
    (fieldset,) = [row["id"] for row in snipeit.tables["fieldsets"].values()]
    snipeit.tables["models"][theirs["model_id"]]["fieldset_id"] = fieldset
    deliver(snipeit.to(), [report(camera(10))])
    assert len(snipeit.tables["hardware"]) == 1
    assert (theirs["asset_tag"], own(snipeit, theirs, "id")) == ("A-1", key(10))
    later = report(camera(10, firmware="5.0"), id="scan-2", at="2026-02-15T10:00:00Z")
    done, _ = deliver(snipeit.to(), [later])
    assert done[key(10)] is Done.UPDATED
    assert own(snipeit, theirs, "firmware") == "5.0"
    assert own(snipeit, theirs, "first report") == "scan-1"


def test_what_a_person_changed_stays(snipeit):
    deliver(snipeit.to(), [report(camera(10))])
    asset = assets(snipeit)[key(10)]
    asset |= {"name": "Door", "serial": "as on the label"}
    done, _ = deliver(snipeit.to(), [report(camera(10))])
    assert done[key(10)] is Done.UNCHANGED
    assert (asset["name"], asset["serial"]) == ("Door", "as on the label")


def test_a_model_learnt_later_takes_the_place_of_the_unknown_one(snipeit):
    deliver(snipeit.to(), [report(camera(10, model=None))])
    deliver(snipeit.to(), [report(camera(10), id="scan-2")])
    assert name_of(snipeit, "models", assets(snipeit)[key(10)]["model_id"]) == "NL-220"


def test_an_older_report_takes_nothing_back(snipeit):
    old = report(camera(10, firmware="1.0"), id="scan-0", at="2025-01-15T10:00:00Z")
    deliver(snipeit.to(), [report(camera(10))])
    deliver(snipeit.to(), [old])
    asset = assets(snipeit)[key(10)]
    assert (own(snipeit, asset, "firmware"), own(snipeit, asset, "last report")) == ("4.2.1", "scan-1")
    assert own(snipeit, asset, "first report") == "scan-0"
    assert deliver(snipeit.to(), [old])[0][key(10)] is Done.UNCHANGED


def test_a_serial_learnt_later_makes_no_second_asset(snipeit):
    first = camera(10, id="aa", serial=None)
    deliver(snipeit.to(), [report(first)])
    deliver(snipeit.to(), [report(camera(10), id="scan-2", at="2026-02-01T10:00:00Z")])
    deliver(snipeit.to(), [report(first, id="scan-3", at="2026-03-01T10:00:00Z")])
    (asset,) = snipeit.tables["hardware"].values()
    assert (asset["asset_tag"], own(snipeit, asset, "id"), asset["serial"]) == ("aa", key(10), "NL000010")
    assert own(snipeit, asset, "last report") == "scan-3"


def test_a_run_that_broke_off_goes_on_with_its_journal_and_mixes_up_no_twins(snipeit, tmp_path):
    """The journal holds what was confirmed, so that the second process never meets the first devices."""
    told = [report(camera(10), camera(11, serial="NL000010"), camera(12, serial=None, mac=camera(10).mac))]

    def run(destination):
        with Journal(tmp_path / "journal.jsonl", "snipeit", run=run_id(told)) as journal:
            runner = Runner(destination=destination, journal=journal, policy=Policy(tries=2), sleep=lambda s: None)
            return runner.run(told)

    down = False

    def trouble(n, method, path):
        nonlocal down
        down = down or len(snipeit.tables["hardware"]) == 2
        return "busy" if down else None

    snipeit.trouble = trouble
    assert not run(snipeit.to()).whole
    snipeit.trouble = lambda n, method, path: None
    assert run(snipeit.to()).whole
    once = snipeit.inventory()
    assert len(snipeit.tables["hardware"]) == 3
    again = run(snipeit.to())
    assert again.whole
    assert set(again.counts) == {Done.UNCHANGED}
    assert snipeit.inventory() == once == whole(told[0])


def test_two_devices_with_one_cloned_serial_or_mac_stay_two(snipeit):
    twins = report(camera(10), camera(11, serial="NL000010"), camera(12, serial=None, mac=camera(10).mac))
    deliver(snipeit.to(), [twins])
    once = snipeit.inventory()
    assert len(once["hardware"]) == 3
    assert set(deliver(snipeit.to(), [twins])[0].values()) == {Done.UNCHANGED}
    assert snipeit.inventory() == once


def test_an_asset_that_was_thrown_away_comes_back_once(snipeit):
    deliver(snipeit.to(), [report(camera(10))])
    assets(snipeit)[key(10)]["deleted_at"] = "2026-02-01"
    for _ in range(3):
        _, failed = deliver(snipeit.to(), [report(camera(10))])
        assert not failed
    assert len(snipeit.tables["hardware"]) == 2


def test_an_archived_asset_is_found_though_lists_leave_it_out(snipeit):
    deliver(snipeit.to(), [report(camera(10))])
    snipeit.archived = {assets(snipeit)[key(10)]["id"]}
    assert deliver(snipeit.to(), [report(camera(10))])[0][key(10)] is Done.UNCHANGED


def test_a_site_goes_where_the_map_says_and_only_to_one_that_is_there(snipeit):
    snipeit.answer("POST", "/api/v1/locations", {}, {"name": "Hamburg & Altona"})
    deliver(snipeit.to(sites={"Store 12": "Hamburg & Altona"}), [report(camera(10))])
    assert name_of(snipeit, "locations", assets(snipeit)[key(10)]["rtd_location_id"]) == "Hamburg & Altona"
    _, failed = deliver(snipeit.to(sites={"Store 12": "nowhere"}), [report(camera(11))])
    assert "nowhere" in str(failed[key(11)])
    assert len(snipeit.tables["locations"]) == 1


# --- bad days ---


def whole(told):
    app = SnipeItDouble()
    with serving(app) as url:
        destination = SnipeIt(url, "secret-key")
        assert not deliver(destination, [told])[1]
        destination.close()
        return app.inventory()


@pytest.mark.parametrize("kind", TROUBLE)
def test_a_request_that_goes_wrong_at_any_point_leaves_nothing_lost_or_doubled(kind):
    """One camera, once for each of its requests: that one fails, the run ends there, and another run mends it."""
    told = report(camera(10))
    expected = whole(told)
    app = SnipeItDouble()
    failures = []
    with serving(app) as url:
        deliver(first := SnipeIt(url, "secret-key"), [told])
        first.close()
        methods = [method for method, _, _ in app.requests]
        writes = [n for n, method in enumerate(methods) if method != "GET"]
        # The last of the fields, the set, its first and last field, and what a device refers to.
        points = (writes[20:23] + writes[-9:]) if kind in ("lost", "half", "broken") else range(0, len(methods), 11)
        for at in points:
            for table in app.tables.values():
                table.clear()
            app.set_of.clear()
            start = len(app.requests)
            app.trouble = lambda n, method, path, at=at, start=start: kind if n == start + at else None
            broken = SnipeIt(url, "secret-key", timeout_s=0.15 if kind == "silent" else 5.0)
            try:
                for item in broken.items([told]):
                    broken.put(item)
            except ExportError as error:
                failures.append(error)
            broken.close()
            app.trouble = lambda n, method, path: None
            again = SnipeIt(url, "secret-key")
            _, failed = deliver(again, [told])
            again.close()
            assert not failed
            assert app.inventory() == expected
    assert len(failures) > 5
    assert all(error.retry and "secret-key" not in str(error) for error in failures)


@pytest.mark.parametrize("seed", range(4))
def test_a_day_on_which_every_fifth_request_fails_ends_as_a_good_one(snipeit, seed):
    luck = random.Random(seed)
    kinds = [kind for kind in TROUBLE if kind != "silent"]
    snipeit.trouble = lambda n, method, path: luck.choice(kinds) if luck.random() < 0.2 else None
    _, failed = deliver(snipeit.to(), [store()], tries=200)
    assert not failed
    snipeit.trouble = lambda n, method, path: None
    assert snipeit.inventory() == whole(store())
    assert set(deliver(snipeit.to(), [store()])[0].values()) == {Done.UNCHANGED}


def test_a_refusal_that_is_answered_with_200_is_told_and_not_tried_again(snipeit):
    destination = snipeit.to(status="x" * 300)
    (item,) = [item for item in destination.items([report()]) if item.kind == "status"]
    with pytest.raises(ExportError, match="may not be greater than 255") as told:
        destination.put(item)
    assert not told.value.retry


def test_a_wrong_key_is_told_without_naming_it(snipeit):
    wrong = SnipeIt(snipeit.base, "another-key")
    with pytest.raises(ExportError, match="401") as told:
        wrong.put(next(iter(wrong.items([report(camera(10))]))))
    wrong.close()
    assert "another-key" not in str(told.value)
    assert not told.value.retry


@pytest.mark.parametrize("url", ["ftp://x", "https://", "https://me:secret@snipeit.example/", "snipeit.example"])
def test_a_url_that_is_none_is_refused_before_anything_is_sent(url):
    with pytest.raises(ConfigError):
        SnipeIt(url, "secret-key")
