"""docs/configuration.md and docs/schedules.md say what the program does."""

import re
from dataclasses import fields
from pathlib import Path

import msgspec

from netcam.config.load import OVERRIDES, load, read
from netcam.config.tables import ConfigFile
from netcam.schedule.status import Status
from netcam.schedule.units import KINDS, places

DOCS = Path(__file__).resolve().parents[3] / "docs"


def page(name):
    return (DOCS / name).read_text("utf-8")


def keys(kind, found):
    for field in msgspec.structs.fields(kind):
        found.add(field.encode_name)
        for inner in (field.type, *getattr(field.type, "__args__", ())):
            if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
                keys(inner, found)
    return found


def test_every_key_of_the_settings_is_explained():
    explained = set(re.findall(r"[a-z0-9_]+", " ".join(re.findall(r"`([^`\n]+)`", page("configuration.md")))))
    explained |= {"site", "scan", "output", "history", "export", "schedule"}
    assert keys(ConfigFile, set()) - explained == set()


def test_the_example_is_right(tmp_path):
    path = tmp_path / "netcam.toml"
    path.write_text(re.search(r"^```toml\n(.*?)^```", page("configuration.md"), re.M | re.S)[1], "utf-8")
    assert read(path, {})[1] == ()
    assert [site.id for site in load(path, {}).file.site] == ["store-17", "depot"]


def test_every_variable_of_the_docs_sets_something():
    known = {f"NETCAM_{t}_{f.encode_name}".upper() for t, k in OVERRIDES.items() for f in msgspec.structs.fields(k)}
    named = set(re.findall(r"`(NETCAM_(?:SCAN|OUTPUT|HISTORY|SCHEDULE)_[A-Z_]+)`", page("configuration.md")))
    assert len(named) > 10
    assert named <= known


def test_the_status_and_every_kind_of_scheduler_are_explained():
    text = page("schedules.md")
    assert [f.name for f in fields(Status) if f'"{f.name}"' not in text] == []
    assert [kind for kind in KINDS if f"`{kind}`" not in text] == []
    named = [place.rpartition("/")[2] for kind in KINDS for place in places(kind, "netcam")]
    assert [name for name in named if name not in text] == []
