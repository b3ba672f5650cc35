"""The pages of destinations say what the code does."""

import re
from pathlib import Path

import pytest
from store_reports import report, store

from netcam.exports import destination_names, find
from netcam.exports.cef import encode_cef
from netcam.exports.events import TYPES, event, events
from netcam.exports.ocsf import encode_ocsf
from netcam.exports.to_prometheus import dump_metrics
from netcam.exports.to_syslog import encode_syslog

DOCS = Path(__file__).parents[3] / "docs"
TOLD = [event(item) for item in events([store()], frozenset(TYPES.values()))]


def page(name):
    return (DOCS / "inventory" / f"{name}.md").read_text("utf-8")


def words(name):
    return set(re.findall(r"[\w.@]+", " ".join(re.findall(r"`([^`\n]+)`", page(name)))))


def paths(value, *, deep):
    """Dotted names of what an event holds; what `deep` names is not looked into."""
    for key, inner in value.items():
        yield key
        if isinstance(inner, dict) and key not in deep:
            yield from (f"{key}.{name}" for name in paths(inner, deep=deep))


def test_every_field_of_an_event_is_explained():
    found = {name for one in TOLD for name in paths(one, deep=("citation",))} - {"device"}
    assert found - words("webhook") == set()


def test_every_ocsf_attribute_is_explained():
    flat = ("product", "unmapped")
    named = {name for one in TOLD for name in paths(encode_ocsf(one), deep=flat)}
    told_by_the_class = {n for n in named if n.split("_")[0] in ("activity", "category", "class", "severity", "status")}
    parts = {"metadata", "device", "finding_info", "device.hw_info", "type_uid"}
    assert named - told_by_the_class - parts - words("ocsf") == set()
    assert {key for one in TOLD for key in encode_ocsf(one)["unmapped"]} - words("ocsf") == set()


def test_every_cef_extension_is_explained():
    keys = {key for one in TOLD for key in re.findall(r"(?:\||\s)(\w+)=", encode_cef(one))}
    assert {k for k in keys if not re.fullmatch(r"cs\d|\w+Label", k)} - words("cef") == set()


def test_every_syslog_parameter_is_explained():
    said = [encode_syslog(one, facility=16, host="h", enterprise="32473", limit=8192).decode() for one in TOLD]
    assert {key for one in said for key in re.findall(r' (\w+)="', one)} - words("syslog") == set()


def test_every_metric_and_label_is_explained():
    text = dump_metrics([store(), report(site="Store 13")], unread=0).decode()
    found = set(re.findall(r"^# TYPE (\w+)", text, re.M)) | set(re.findall(r'[{,](\w+)="', text))
    assert found - words("prometheus") == set()
    named = {word for word in words("prometheus") if word.startswith("netcam_")}
    assert named <= found


@pytest.mark.parametrize("name", ["apprise", "cef", "ocsf", "prometheus", "syslog", "webhook"])
def test_every_option_of_a_destination_is_explained(name):
    everywhere = page(name) + (DOCS / "exporting.md").read_text("utf-8")
    for option in find(name).options:
        assert f"-O {option.name}=" in everywhere
    assert name in destination_names()
    assert f"--to {name}" in page(name)
