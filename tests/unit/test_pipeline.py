"""identify, rejudge and the choice of pages, on constructed observations; nothing is sent."""

import asyncio
import json
from dataclasses import replace
from ipaddress import ip_address

import pytest

from netcam import __version__, pipeline
from netcam.discovery.grouping import Group
from netcam.discovery.record import Record
from netcam.engine.match import EvidenceIds
from netcam.errors import ConfigError, NetcamError, ScopeError
from netcam.knowledge import Knowledge
from netcam.model.report import MacSource
from netcam.net.interfaces import Interface
from netcam.pipeline import Settings, identify, optional_names, page_chooser, plan, probe_names, rejudge, report_of
from netcam.report import to_html
from netcam.report.build import device_id, observation_record, service_records, with_unique_ids
from netcam.report.explain import explain
from netcam.report.to_json import dump, loads
from netcam.report.to_jsonl import line as jsonl

LINES = [
    {"device": "one", "id": 1, "kind": "http.server", "value": "App-webs/", "ip": "192.0.2.1", "port": "tcp/80"},
    {"device": "one", "id": 2, "kind": "mac", "value": "44:19:b6:00:00:01", "ip": "192.0.2.1"},
    {"device": "one", "id": 3, "kind": "isapi.mac", "value": "44:19:b6:00:00:02", "ip": "192.0.2.5"},
    {"device": "two", "id": 4, "kind": "isapi.serial", "value": "DS-0000220190101AAWR000000001", "ip": "192.0.2.2"},
    {"id": 5, "kind": "http.server", "value": "App-webs/"},
    {"id": 6, "kind": "http.server", "value": "nobody knows this"},
    {"id": 7, "kind": "http.server", "value": "nobody knows this either"},
]


@pytest.fixture
def report(knowledge):
    found, bad = identify(map(json.dumps, LINES), knowledge)
    assert bad == []
    return report_of(found, knowledge)


def test_identify_tells_devices_in_the_order_of_the_input(knowledge):
    found, bad = identify([*map(json.dumps, LINES), "junk"], knowledge)
    assert [intake.ids for intake, _ in found] == [[1, 2, 3], [4], [5], [6], [7]]
    assert [b.number for b in bad] == [len(LINES) + 1]


def test_every_device_of_an_input_has_an_id_of_its_own(knowledge):
    twins = [{"device": n, "kind": "mac", "value": "44:19:b6:00:00:01", "ip": "192.0.2.1"} for n in range(3)]
    found, _ = identify(
        map(json.dumps, [*LINES, *twins, {"device": "x\ud800", "kind": "http.server", "value": "x"}]), knowledge
    )
    ids = [device.id for _, device in found]
    assert len(set(ids)) == len(ids)


def test_ids_are_the_same_the_next_time(knowledge, report):
    again, _ = identify(map(json.dumps, LINES), knowledge)
    assert [d.id for _, d in again] == [d.id for d in report.devices]


def test_odd_keys_and_ids_can_be_written(knowledge):
    values = ("1e400", "NaN", "123456789012345678901234567890", '"\\ud800"', '{"a":[1]}', "true", "[[[[]]]]")
    odd = [f'{{"kind":"http.server","value":"x","id":{v},"device":{v}}}' for v in values]
    found, bad = identify(odd, knowledge)
    assert bad == []
    for intake, device in found:
        json.loads(jsonl(device, {"device": intake.key, "ids": intake.ids}))


def test_judging_an_unchanged_report_again_changes_no_device(knowledge, report):
    again = rejudge(loads(dump(report), "report.json"), knowledge)
    strip = lambda device: replace(device, evidence=(), verdicts=(), capabilities=(), conflicts=())  # noqa: E731
    assert [strip(d) for d in again.devices] == [strip(d) for d in report.devices]
    assert [{(e.signature, e.observation) for e in d.evidence} for d in again.devices] == [
        {(e.signature, e.observation) for e in d.evidence} for d in report.devices
    ]
    assert [[(c.field, c.values, c.note) for c in d.conflicts] for d in again.devices] == [
        [(c.field, c.values, c.note) for c in d.conflicts] for d in report.devices
    ]
    assert [[(v.list, v.outcome) for v in d.verdicts] for d in again.devices] == [
        [(v.list, v.outcome) for v in d.verdicts] for d in report.devices
    ]
    assert (again.observations, again.scan.id) == (report.observations, report.scan.id)


@pytest.mark.parametrize(
    ("owners", "nowhere", "told"),
    [
        ([0, None, 0, None, 2, None], [0, 2], [0, 0, 0, None, 2, None]),
        ([None, 0, None], [0, 2], [None, 0, None]),
        ([None, None], [4], [4, 4]),
        ([None, None], [], [None, None]),
        ([], [1], []),
    ],
)
def test_what_no_evidence_rests_on_stays_with_a_device_without_an_address(owners, nowhere, told):
    assert pipeline._between(owners, nowhere) == told


def test_judging_twice_is_judging_once(knowledge, report):
    once = rejudge(report, knowledge)
    assert dump(rejudge(once, knowledge)) == dump(once)


def test_a_router_s_mac_does_not_join_the_devices_of_a_saved_report(knowledge, report, observed):
    router = "00:00:5e:00:53:01"
    seen = [o for n in (1, 2, 3) for o in observed(("mac", router), ("http.server", "x"), ip=f"192.0.2.{n}")]
    ids = EvidenceIds()
    devices = [
        knowledge.describe(
            Group(
                addresses=(ip,), mac=None, mac_source=None, observations=tuple(o for o in seen if o.endpoint.ip == ip)
            ),
            ids,
            site="x",
        )
        for ip in (ip_address(f"192.0.2.{n}") for n in (1, 2, 3))
    ]
    saved = replace(report, devices=tuple(devices), observations=tuple(map(observation_record, seen)))
    assert [d.addresses for d in rejudge(saved, knowledge).devices] == [("192.0.2.1",), ("192.0.2.2",), ("192.0.2.3",)]


def test_a_report_names_what_judged(knowledge, report):
    assert report.scan.versions.netcam == __version__
    assert report.scan.versions.signatures == knowledge.signatures.digest
    assert set(report.scan.versions.lists) == set(knowledge.lists)


def test_the_names_of_a_described_device_are_for_people(knowledge, observed):
    group = Group(
        addresses=(ip_address("192.0.2.1"),),
        mac="44:19:b6:00:00:01",
        mac_source=MacSource.MEASURED,
        observations=tuple(observed(("http.server", "App-webs/"), ("mac", "44:19:b6:00:00:01"), ip="192.0.2.1")),
    )
    device = knowledge.describe(group, EvidenceIds(), site="store 7")
    assert (
        device.manufacturer.name == knowledge.signatures.display_name(device.manufacturer.id) != device.manufacturer.id
    )
    assert device.oui_registrant == knowledge.signatures.oui.registrant("44:19:b6")[1]
    assert device.id != knowledge.describe(group, EvidenceIds(), site="store 8").id


def test_both_engines_describe_a_device_alike(knowledge, checkout, observed):
    other = Knowledge.load(checkout / "signatures", engine="re")
    seen = tuple(
        observed(
            ("http.server", "App-webs/"), ("onvif.scopes", "onvif://www.onvif.org/name/HIKVISION%20DS-2CD2385G1-I")
        )
    )
    group = Group(addresses=(ip_address("192.0.2.7"),), mac=None, mac_source=None, observations=seen)
    assert knowledge.describe(group, EvidenceIds(), site=None) == other.describe(group, EvidenceIds(), site=None)


def test_the_first_mark_of_the_contract_s_order_names_a_device(observed):
    seen = observed(("onvif.uuid", "urn:uuid:feed-beef-0001"), ("tls.fingerprint", "ab" * 32))
    mac = ("00:00:5e:00:53:01", MacSource.CLAIMED)
    ids = [
        device_id(None, "S-1", *mac, seen, ["192.0.2.1"], "k"),
        device_id(None, None, *mac, seen, ["192.0.2.1"], "k"),
        device_id(None, None, None, None, seen, ["192.0.2.1"], "k"),
        device_id(None, None, None, None, seen[1:], ["192.0.2.1"], "k"),
        device_id(None, None, None, None, [], ["192.0.2.1"], "k"),
        device_id(None, None, None, None, [], [], "k"),
        device_id("site", None, None, None, [], [], "k"),
    ]
    assert len(set(ids)) == len(ids)
    assert device_id(None, "s-1", None, None, [], ["192.0.2.9"], None) == ids[0]
    assert device_id(None, None, mac[0], MacSource.MEASURED, [], [], None) == ids[1]
    assert device_id(None, None, None, None, observed(("upnp.uuid", "FEED-beef-0001")), [], None) == ids[2]


def test_devices_that_share_an_id_are_told_apart(report):
    same = [replace(report.devices[0], id="same", ip=ip) for ip in ("192.0.2.1", "192.0.2.2", "192.0.2.2", None, None)]
    ids = [d.id for d in with_unique_ids([*same, replace(same[0], id="other")], None)]
    assert len(set(ids)) == 6
    assert ids[-1] == "other"
    assert [d.id for d in with_unique_ids(same, None)] == ids[:-1]


def test_a_service_is_named_after_the_protocol_that_answered(observed):
    seen = [
        *observed(("tls.subject", "CN=x"), ("http.server", "x"), port=443, transport="tcp"),
        *observed(("http.server", "x"), ("rtsp.server", "x"), port=554, transport="tcp"),
        *observed(("sadp.model", "x"), port=37020, transport="udp"),
        *observed(("http.server", "x")),
    ]
    assert [(s.transport, s.port, s.protocol, s.tls) for s in service_records(seen)] == [
        ("tcp", 443, "http", True),
        ("tcp", 554, "rtsp", False),
        ("udp", 37020, "sadp", False),
    ]


def test_pages_are_chosen_by_the_vendors_seen_so_far(knowledge, observed):
    choose = page_chooser(knowledge)
    always = {p.id for p in choose([])}
    chosen = [p.id for p in choose(observed(("http.server", "App-webs/")))]
    assert len(set(chosen)) == len(chosen) > len(always)


@pytest.fixture
def machine(monkeypatch):
    """A machine with nothing but loopback."""
    lo = Interface(name="lo", index=1, up=True, multicast=False, mac=None, addresses=(), kind="loopback")
    monkeypatch.setattr(pipeline, "interfaces", lambda: [lo])


def test_a_plan_refuses_what_it_can_t_do_before_anything_is_sent(machine):
    with pytest.raises(ConfigError, match="'telepathy'"):
        plan(Settings(targets=("192.0.2.1",), without=frozenset(("telepathy",))))
    with pytest.raises(ConfigError, match="'teleport'"):
        plan(Settings(targets=("192.0.2.1",), engine="teleport"))
    with pytest.raises(ConfigError, match="nosuch0"):
        plan(Settings(targets=("192.0.2.1",), interfaces=("nosuch0",)))
    with pytest.raises(ScopeError):
        plan(Settings(targets=("8.8.8.8",)))


def test_a_plan_holds_the_scope_and_every_probe_not_switched_off(machine):
    made = plan(Settings(targets=("192.0.2.0/30",), excluded=("192.0.2.1",), without=frozenset(("http",))))
    assert made.scope.addresses == 3
    assert sum(r.size for r in made.routed) == 3
    names = {p.spec.name for p in made.probes}
    assert "http" not in names
    assert names | {"http", "arp", "icmp", "multicast", "discovery", *optional_names()} == set(probe_names())
    assert made.packets_at_most > 0


class Ends:
    """A runner that ends in one way."""

    def __init__(self, how):
        self.how = how

    async def run(self):
        if self.how is not None:
            raise self.how


@pytest.mark.parametrize(
    ("how", "said"),
    [(None, ""), (NetcamError("nmap: gone"), "nmap: gone"), (asyncio.CancelledError(), "interrupted")],
)
def test_a_scan_that_ends_early_says_why_and_is_not_lost(how, said):
    assert asyncio.run(pipeline._until(Ends(how).run(), None)) == said


def runners(record, *passes):
    """Runners that hear these hosts, pass after pass; the last one for ever."""
    left = list(passes)

    class Once:
        async def run(self):
            record.begin_pass()
            for text in left.pop(0) if len(left) > 1 else left[0]:
                record.host(ip_address(text))
                record.answered(ip_address(text))
            record.end_pass()

    return Once


@pytest.mark.parametrize(
    ("settings", "heard", "passes", "status", "why"),
    [
        (Settings(passes=3), [["192.0.2.1"]], 3, "covered", "0 of 1 hosts answered in one pass only"),
        (Settings(until_stable=True), [["192.0.2.1"]], 2, "covered", "the last two agree"),
        (
            Settings(until_stable=True), [["192.0.2.1"], ["192.0.2.1", "192.0.2.2"], ["192.0.2.1"]], 4, "covered",
            "1 of 2 hosts answered in one pass only: 192.0.2.2",
        ),
        (
            Settings(until_stable=True), [[f"192.0.2.{n}"] for n in range(9)], 5, "partly",
            "no two in a row agree; 5 of 5",
        ),
        (Settings(until_stable=True, passes=3), [[f"192.0.2.{n}"] for n in range(9)], 3, "partly", "no two in a row"),
    ],
)  # fmt: skip
def test_passes_are_bounded_and_the_coverage_says_what_they_showed(settings, heard, passes, status, why):
    record = Record()
    asyncio.run(pipeline._passes(settings, record, runners(record, *heard)))
    (entry,) = record.coverage
    assert entry.what == f"hosts in {passes} passes"
    assert entry.status == status
    assert why in entry.why


def test_a_single_pass_says_nothing_about_passes():
    record = Record()
    asyncio.run(pipeline._passes(Settings(), record, runners(record, ["192.0.2.1"])))
    assert (record.passes, record.coverage) == (1, [])


def test_a_recorder_s_places_are_in_its_record_and_in_the_words_for_people(knowledge):
    answer = {"sadp.answer": "ProbeMatch", "sadp.model": "DS-7616NI-Q2/16P", "sadp.channels": "analog=0 digital=16"}
    lines = [json.dumps({"device": 1, "kind": k, "value": v, "ip": "192.0.2.1"}) for k, v in answer.items()]
    found, _ = identify(lines, knowledge)
    report = report_of(found, knowledge)
    (device,) = report.devices
    assert [(b.what, b.count, b.seen) for b in device.behind] == [("network channels", 16, False)]
    assert device.behind[0].source in {o.id for o in report.observations}
    assert "16 network channels, unseen" in explain(report, device)
    assert "16 network channels, unseen" in to_html.dump(report).decode()
    assert rejudge(report, knowledge).devices[0].behind == device.behind
