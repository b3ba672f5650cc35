"""`netcam demo`, held device by device against what the emulated devices really are."""

import json
import re
import shutil

import pytest
from store_lan import AS_ROOT, StoreLan, devices, netcam, why_not

from netcam.demo.store import demo_store
from netcam.engine.load import load_signatures
from netcam.policy.load import load_lists
from netcam.probes import all_probes
from netcam.probes.base import Transport

pytestmark = pytest.mark.xdist_group("loopback")

PROFILES = {f"127.77.0.{10 + number}": profile for number, profile in enumerate(demo_store())}
CCTV = {ip: profile for ip, profile in PROFILES.items() if profile.truth.is_cctv}
NEIGHBOURS = {ip: profile for ip, profile in PROFILES.items() if profile.truth.is_cctv is False}
# What these devices say doesn't settle the maker, so a report that names none is right too.
UNSETTLED = {"dlink-camera": "the brand buys cameras of several makers"}
SURE = 0.9


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def done(folder):
    """The demo; alone in a namespace where one can be had, so that nobody else's answer counts."""
    alone = ["unshare", "--net", *AS_ROOT, "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    return netcam("demo", "--all", prefix=[] if why_not() or not shutil.which("ip") else alone, cwd=folder)


@pytest.fixture(scope="module")
def report(done, folder):
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "netcam-demo.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def found(report):
    return devices(report)


def test_it_ends_well_and_writes_both_reports_and_a_table(done, report, folder):
    assert done.returncode == 0, done.stderr
    assert report["schema"] == "netcam.report/1"
    assert report["scan"]["complete"] is True
    page = (folder / "netcam-demo.html").read_text("utf-8")
    assert all(ip in page for ip in CCTV)
    assert sorted(path.name for path in folder.iterdir()) == ["netcam-demo.html", "netcam-demo.json"]
    head, *lines = done.stdout.splitlines()
    assert head.split()[:4] == ["Address", "Type", "Brand", "Maker"]
    assert {line.split()[0] for line in lines if line.startswith("127.77.")} >= set(CCTV)


def test_it_says_before_the_scan_what_it_will_do(done):
    assert f"emulated store: {len(PROFILES)} devices on 127.77.0.10" in done.stderr
    assert re.search(r"^\d+ addresses, \d+ TCP ports, pace \w+: at most \d+ packets", done.stderr, re.MULTILINE)


def test_the_store_is_as_large_and_mixed_as_a_real_one():
    assert len(CCTV) >= 20
    assert len({p.truth.maker for p in CCTV.values()}) >= 12
    assert sum(p.truth.brand not in (None, p.truth.maker) for p in CCTV.values()) >= 2
    assert len(NEIGHBOURS) >= 4


def test_twenty_devices_of_a_dozen_makers_are_found(found):
    assert sum(device["is_cctv"] is True for device in found.values()) >= 20
    assert len({d["manufacturer"]["id"] for d in found.values() if d["is_cctv"] and d["manufacturer"]}) >= 12


def test_rebranded_devices_show_who_really_made_them(found):
    unmasked = [
        d for d in found.values()
        if d["is_cctv"] and d["brand"] and d["manufacturer"] and d["brand"]["id"] != d["manufacturer"]["id"]
    ]
    assert len(unmasked) >= 2
    for device in unmasked:
        truth = PROFILES[device["ip"]].truth
        assert (device["manufacturer"]["id"], device["brand"]["id"]) == (truth.maker, truth.brand)


@pytest.mark.parametrize("ip", CCTV, ids=[p.name for p in CCTV.values()])
def test_every_cctv_device_is_found_with_its_true_maker(found, ip):
    truth, device = CCTV[ip].truth, found[ip]
    assert device["is_cctv"] is True
    if device["manufacturer"] is None:
        assert CCTV[ip].name in UNSETTLED
    else:
        assert device["manufacturer"]["id"] == truth.maker


@pytest.mark.parametrize("ip", PROFILES, ids=[p.name for p in PROFILES.values()])
def test_nothing_untrue_is_said_of_any_device(found, ip):
    truth, device = PROFILES[ip].truth, found.get(ip)
    if device is None:
        assert not truth.is_cctv  # a host that answers nothing
        return
    said = {
        "maker": (device["manufacturer"] or {}).get("id"), "brand": (device["brand"] or {}).get("id"),
        **{key: device[key] for key in ("model", "firmware", "serial", "device_type")},
    }  # fmt: skip
    for what, value in said.items():
        if value is None:
            continue
        true = getattr(truth, what)
        if what == "model":
            assert true is not None
            assert true.endswith(value), (what, value, true)  # a maker's prefix may be left out
        elif what == "firmware" and true is not None:
            assert true.startswith(value), (what, value, true)  # the build has a key of its own
        elif what in ("maker", "brand") or true is not None:
            assert value == true, (what, value, true)


@pytest.mark.parametrize("ip", NEIGHBOURS, ids=[p.name for p in NEIGHBOURS.values()])
def test_no_neighbour_is_called_a_cctv_device(found, ip):
    if ip in found:
        assert found[ip]["is_cctv"] is not True
        assert found[ip]["device_type"] in (None, "other")


def test_at_least_four_neighbours_are_in_the_inventory(found):
    assert len(NEIGHBOURS.keys() & found.keys()) >= 4


def test_nobody_is_listed_whose_maker_the_list_does_not_name(found):
    lists, parents = load_lists(), load_signatures().parents
    seen = 0
    for ip, device in found.items():
        truth = PROFILES[ip].truth
        for verdict in device["verdicts"]:
            if verdict["outcome"] == "listed":
                seen += 1
                entries = lists[verdict["list"]].entry
                assert truth.maker is not None, (ip, verdict)
                makers = {truth.maker, *parents(truth.maker)}
                assert any(e.vendor in makers or (e.brand and e.brand == truth.brand) for e in entries), (ip, verdict)
                assert verdict["citation"]["url"].startswith("https://")
                assert verdict["because"]
    assert seen


def test_every_hikvision_and_dahua_device_is_held_against_the_list_that_names_both_makers(found):
    for ip, profile in CCTV.items():
        if profile.truth.maker in ("hikvision", "dahua"):
            outcome = {v["list"]: v["outcome"] for v in found[ip]["verdicts"]}
            sure = found[ip]["manufacturer"]["confidence"] >= SURE
            assert outcome["us-ndaa-889"] == ("listed" if sure else "possible"), profile.name


def test_at_least_eight_discovery_protocols_are_answered(report):
    asking = {p.spec.name for p in all_probes() if p.spec.transport in (Transport.UDP_GROUP, Transport.MDNS)}
    assert len(asking & {r["probe"] for r in report["runs"] if r["status"] == "answered"}) >= 8


def test_evidence_verdicts_and_observations_refer_to_each_other(report):
    observed = {o["id"] for o in report["observations"]}
    assert len(observed) == len(report["observations"])
    assert len({d["id"] for d in report["devices"]}) == len(report["devices"])
    for device in report["devices"]:
        evidence = {e["id"] for e in device["evidence"]}
        assert {e["observation"] for e in device["evidence"]} <= observed
        for item in (*device["verdicts"], *device["capabilities"]):
            assert set(item["because"]) <= evidence


def test_explain_shows_the_chain_behind_a_rebranded_device(report, folder):
    ip = next(ip for ip, profile in PROFILES.items() if profile.name == "annke-camera")
    told = netcam("explain", folder / "netcam-demo.json", ip)
    assert told.returncode == 0
    for word in ("Hikvision", "Annke", "us-ndaa-889", "https://"):
        assert word in told.stdout


# The manners: what the devices themselves received from a whole scan.

REQUEST = re.compile(r"^([A-Z_]+) (\S+) (HTTP|RTSP)/\d\.\d\r$", re.MULTILINE)


@pytest.fixture(scope="module")
def scanned():
    """A whole scan of a fresh store, multicast included: the report and all that each device received."""
    if reason := why_not():
        pytest.skip(reason)
    lan = StoreLan()
    try:
        ips = list(lan.profiles)
        report, done = lan.scan(f"{ips[0]}-{ips[-1].split('.')[-1]}", "--interface", "lo", "--pace", "fast", "-q")
        assert done.returncode == 0, done.stderr
        yield report, lan.record()
    finally:
        lan.close()


def heard(record):
    """What the scanner sent: other devices' answers to the group are left out."""
    return [(ip, r) for ip, received in record.items() for r in received if r["peer"] not in PROFILES]


def test_a_scan_of_the_true_ports_finds_what_the_demo_finds(scanned, found):
    report, _ = scanned
    makers = {ip: (d["manufacturer"] or {}).get("id") for ip, d in devices(report).items() if d["is_cctv"]}
    assert makers == {ip: (d["manufacturer"] or {}).get("id") for ip, d in found.items() if d["is_cctv"]}


def test_no_device_ever_sees_a_login(scanned):
    _, record = scanned
    for ip, received in heard(record):
        text = received["data"].lower()
        for word in ("authorization:", "usernametoken", "global.login", "rpc2_login", "sessionlogin", "password"):
            assert word not in text, (ip, received)


def test_only_reading_verbs_reach_a_device(scanned):
    _, record = scanned
    http, rtsp, sadp, dhip, soap = set(), set(), set(), set(), set()
    for _, received in heard(record):
        for method, _, protocol in REQUEST.findall(received["data"]):
            (http if protocol == "HTTP" else rtsp).add(method)
        if received["transport"] == "udp" and received["port"] == 37020:
            sadp.update(re.findall(r"<Types>(.*?)</Types>", received["data"]))
        if received["transport"] == "udp" and received["port"] == 37810:
            dhip.update(re.findall(r'"method"\s*:\s*"(.*?)"', received["data"]))
        soap.update(re.findall(r"Body[^>]*>\s*<(?:\w+:)?(\w+)", received["data"]))
    assert http <= {"GET", "HEAD", "POST"}
    assert "GET" in http
    assert rtsp <= {"OPTIONS", "DESCRIBE"}
    assert rtsp
    assert sadp == {"inquiry"}
    assert dhip == {"DHDiscover.search"}
    calls = {"GetSystemDateAndTime", "GetServices", "GetDeviceInformation", "GetHostname"}
    assert soap <= {"Probe", "UniviewProbe", *calls}
    assert "Probe" in soap


def test_no_picture_no_stream_and_no_way_around_a_login_is_asked_for(scanned):
    _, record = scanned
    paths = {path for _, received in heard(record) for _, path, _ in REQUEST.findall(received["data"])}
    assert paths
    never = re.compile(r"snapshot|picture|\.m?jpe?g|mjpg|[?&](?:auth|user|pass\w*)=|current_config|/backup", re.I)
    for path in paths:
        assert not never.search(path)


def test_no_port_gets_more_than_eight_http_requests(scanned):
    _, record = scanned
    for ip, received in record.items():
        asked = {}
        for r in received:
            if r["transport"] == "tcp":
                count = sum(protocol == "HTTP" for _, _, protocol in REQUEST.findall(r["data"]))
                asked[r["port"]] = asked.get(r["port"], 0) + count
        assert all(count <= 8 for count in asked.values()), (ip, asked)


def test_http_requests_say_who_asks(scanned):
    _, record = scanned
    for _, received in heard(record):
        if received["transport"] == "tcp" and any(p == "HTTP" for *_, p in REQUEST.findall(received["data"])):
            assert re.search(r"^User-Agent: netcam/\d", received["data"], re.MULTILINE)


def test_the_report_of_a_scan_holds_no_nonce_and_no_picture(scanned):
    report, _ = scanned
    text = json.dumps(report)
    assert not re.search(r'nonce=\\?"[0-9a-f]{8}', text)
    assert not re.search(r'opaque=\\?"[0-9a-f]{8}', text)
