"""A draft holds what a machine can know, masked and general; the check names what only a person can."""

import json
import re
import tomllib

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netcam.cli import cli
from netcam.draft import draft
from netcam.engine.check import FILL, check
from netcam.engine.load import VendorFile, load_signatures
from netcam.engine.patterns import matcher
from netcam.probes import decoders, emitted_kinds

MAC = "00:00:5e:12:ab:cd"
SEEN = (
    ("http.server", "Westmark-Httpd/4.2.17"),
    ("http.title", "Westmark IP Camera"),
    ("http.wwwauth", 'Digest realm="Westmark_00005e12abcd", nonce="1", qop="auth"'),
    ("onvif.model", "WM-D220-IR"),
    ("onvif.serial", "WM12345678"),
    ("onvif.mac", MAC),
    ("ftp", "220 Westmark FTP on 10.1.2.3 ready (SN WM12345678), firmware 4.2.17"),
    ("tls.subject", "CN=192.168.1.64, O=Westmark"),
    ("onvif.xaddrs", "http://10.1.2.3/onvif/device_service"),
    ("mdns.service", "_http._tcp.local."),
    ("http.server", "NLO-Web/4.2.1"),
)


def drafted(world, seen, vendor="westmark"):
    text = draft(vendor, seen, world)
    return text, tomllib.loads(text)


def test_every_text_that_may_tell_the_maker_has_one_signature(world, observed):
    text, raw = drafted(world, observed(*SEEN, ip="10.1.2.3"))
    made = {s["id"]: s for s in raw["signature"]}
    assert {id: s["pattern"] for id, s in made.items()} == {
        "westmark.http.server": r"^Westmark-Httpd/(?P<firmware>\d+(?:\.\d+)*)$",
        "westmark.http.title": "^Westmark IP Camera$",
        "westmark.http.wwwauth": 'realm="Westmark_[0-9A-Fa-f]+"',
        "westmark.onvif.model": r"^(?P<model>WM-D[0-9A-Za-z/()._+-]+)$",
        "westmark.ftp": r"^\d+ Westmark FTP on [0-9.]+ ready \(SN [0-9A-Za-z]+\), firmware "
        r"(?P<firmware>\d+(?:\.\d+)*)$",
        "westmark.tls.subject": "^CN=[0-9.]+, O=Westmark$",
    }  # fmt: skip
    assert {s["strength"] for s in made.values()} == {"supporting"}
    assert {s["status"] for s in made.values()} == {"experimental"}
    assert made["westmark.http.title"]["says"] == {"brand": "westmark"}
    assert made["westmark.http.server"]["says"] == {"manufacturer": "westmark"}
    assert made["westmark.http.server"]["example"][0]["expect"] == {"firmware": "4.2.17"}
    assert not re.search(r"12.?ab.?cd|WM12345678|10\.1\.2\.3|192\.168", text, re.IGNORECASE)


def filled(text):
    """The draft with every mark replaced, as a person would."""
    return text.replace(f'"{FILL} a text that looks like it and is another company\'s"', '"Other"').replace(
        f'"{FILL} the company\'s name, perhaps Westmark"', '"Westmark"'
    ).replace(FILL, "constructed:")


def test_a_draft_is_refused_until_it_is_filled_in_and_then_keeps_every_rule(signature_folder, world, files, observed):
    text, _ = drafted(world, observed(*SEEN, ip="10.1.2.3"))
    kinds = emitted_kinds() | set(decoders())
    refused = check(load_signatures(signature_folder(files | {"westmark": text})), kinds)
    assert {p.file.rpartition("/")[2] for p in refused} == {"westmark.toml"}
    missing = {(p.id, re.search("`(.*)`", p.reason)[1]) for p in refused if "still to be filled in" in p.reason}
    assert {(None, "name"), (None, "references")} <= missing
    for id in ("westmark.http.server", "westmark.ftp", "westmark.onvif.model"):
        assert {(id, "references"), (id, "counterexample.value"), (id, "example.from")} <= missing
    assert check(load_signatures(signature_folder(files | {"westmark": filled(text)})), kinds) == ()


def test_the_tables_for_a_vendor_with_a_file_take_no_id_twice(world, observed):
    seen = observed(("http.server", "NLO-Streamer/1.2"), ("mac", "00:00:5f:00:00:01"))
    text, raw = drafted(world, seen, "northlight")
    assert "vendor" not in raw
    assert [s["id"] for s in raw["signature"]] == ["northlight.http.server-2"]
    assert [o["registrant"] for o in raw["oui"]] == ["Somebody Else"]
    assert text.startswith("# To add to northlight.toml.")


def test_a_badge_s_marks_say_brand(world, observed):
    _, raw = drafted(world, observed(("http.server", "Southgate-Web/1.2")), "southgate")
    assert raw["signature"][0]["says"] == {"brand": "southgate"}


def test_a_pattern_that_takes_another_vendor_s_example_says_so(world, observed):
    text, _ = drafted(world, observed(("ftp", "220 Westlane"), ("ftp", "999 Westlake")))
    assert "# Takes examples of westlake.ftp too" in text


def test_what_is_known_or_nobody_s_gives_no_draft(world, observed):
    seen = observed(("http.server", "NLO-Web/4.2.1"), ("http.title", "12"), ("tcp.open", "80"))
    assert draft("westmark", seen, world) is None


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    text=st.text(max_size=120),
    tail=st.text("0123456789abcdef", min_size=6, max_size=6).filter(lambda t: re.search("[a-f].*[a-f]", t)),
)
def test_whatever_a_device_says_the_draft_is_toml_that_loads_and_takes_its_examples(world, observed, text, tail):
    mac = f"00005e{tail}"
    kinds = ("http.server", "http.title", "rtsp.realm", "telnet", "tls.subject", "onvif.model", "favicon.md5", "x.oem")
    seen = observed(("onvif.mac", mac), *((kind, f"Mark {text} {mac.upper()} end") for kind in kinds))
    made = draft("westmark", seen, world)
    file = msgspec.convert(tomllib.loads(made), VendorFile)
    assert file.signature
    assert tail not in made.lower()
    for signature in file.signature:
        for engine in ("re", None):
            assert matcher([signature.pattern], engine).find(signature.example[0].value)


@pytest.fixture
def run():
    return lambda *words: CliRunner().invoke(cli, list(map(str, words)))


def test_the_command_takes_a_recording_or_a_report_and_replaces_no_file(tmp_path, run):
    lines = [{"device": "a", "kind": k, "value": v} for k, v in SEEN]
    (tmp_path / "seen.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    out = tmp_path / "westmark.toml"
    done = run("signatures", "new", "westmark", "--from", tmp_path / "seen.jsonl", "-o", out)
    assert done.exit_code == 0, done.output
    assert 'id = "westmark"' in out.read_text()
    assert run("identify", tmp_path / "seen.jsonl", "-o", tmp_path / "seen.json").exit_code == 0
    again = run("signatures", "new", "westmark", "--from", tmp_path / "seen.json")
    assert again.stdout == out.read_text()
    out.write_text("mine")
    refused = run("signatures", "new", "westmark", "--from", tmp_path / "seen.jsonl", "-o", out)
    assert "none is replaced" in str(refused.exception)
    assert out.read_text() == "mine"


def test_the_command_asks_which_device_is_meant(tmp_path, run):
    lines = [
        {"device": d, "ip": f"10.0.0.{n}", "kind": "http.server", "value": f"{d}mark/1"} for n, d in enumerate("xy")
    ]
    (tmp_path / "seen.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    new = ("signatures", "new", "westmark", "--from", tmp_path / "seen.jsonl")
    assert "2 devices" in str(run(*new).exception)
    assert "ymark" in run(*new, "--device", "10.0.0.1").stdout
    assert "xmark" in run(*new, "--device", "x").stdout
    assert "vendor id" in str(run("signatures", "new", "West Mark", "--from", tmp_path / "seen.jsonl").exception)
