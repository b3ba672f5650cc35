"""The JSON form: what is written can be read, and what can't be read says why."""

import json
from dataclasses import fields, replace

import pytest
from sample import hostile_report, sample_report

from netcam.errors import ConfigError, StoreError
from netcam.model.report import SCHEMA, DeviceRecord
from netcam.report.to_json import dump, json_schema, load, loads


def changed(change):
    document = json.loads(dump(sample_report()))
    change(document)
    return json.dumps(document).encode()


@pytest.mark.parametrize("report", [sample_report(), hostile_report()], ids=["sample", "hostile"])
def test_a_report_comes_back_as_it_was(report):
    assert loads(dump(report), "r.json") == report


def test_every_key_of_a_device_is_present_also_when_nothing_is_known():
    document = json.loads(dump(sample_report([DeviceRecord(id="d")], [])))
    assert list(document["devices"][0]) == [f.name for f in fields(DeviceRecord)]
    assert document["devices"][0]["brand"] is None
    assert document["devices"][0]["verdicts"] == []


def test_the_bytes_do_not_depend_on_the_order_in_which_mappings_were_filled():
    report = sample_report()
    backwards = dict(reversed(list(report.scan.versions.lists.items())))
    other = replace(report, scan=replace(report.scan, versions=replace(report.scan.versions, lists=backwards)))
    assert dump(other) == dump(report)


def test_it_is_indented_by_two_and_ends_in_a_newline():
    assert dump(sample_report()).startswith(b'{\n  "schema": "netcam.report/1",\n  "scan": {\n    "id"')
    assert dump(sample_report()).endswith(b"}\n")


def test_a_lone_surrogate_becomes_a_replacement_character_and_moves_no_key():
    report = sample_report([DeviceRecord(id="d", model="NL\ud800-220")], [])
    document = json.loads(dump(report).decode("utf-8"))
    assert document["devices"][0]["model"] == "NL\ufffd-220"
    assert list(document) == ["schema", "scan", "devices", "observations", "runs", "changes"]
    assert list(document["devices"][0]) == [f.name for f in fields(DeviceRecord)]


def test_unknown_keys_of_a_later_version_are_ignored():
    def change(document):
        document["later"] = {"x": [1]}
        document["devices"][0]["later"] = 1

    assert loads(changed(change), "r.json") == sample_report()


def test_keys_that_came_later_may_be_missing():
    def change(document):
        for device in document["devices"]:
            del device["oui_registrant"], device["advisories"]
            for evidence in device["evidence"]:
                del evidence["root"]
        del document["scan"]["versions"]["pattern_engine"]

    report = loads(changed(change), "r.json")
    assert report.devices[1].oui_registrant is None
    assert report.scan.versions.pattern_engine == ""


def test_another_schema_is_named_with_the_file_even_when_its_shape_differs():
    for data in (changed(lambda d: d.update(schema="netcam.report/9")), b'{"schema": "netcam.report/9", "scan": []}'):
        with pytest.raises(ConfigError) as caught:
            loads(data, "new.json")
        assert str(caught.value).startswith("new.json: ")
        assert "netcam.report/9" in str(caught.value)
        assert SCHEMA in str(caught.value)


def test_a_value_of_the_wrong_type_is_reported_with_its_path_on_one_line():
    def change(document):
        document["devices"][1]["services"][0]["port"] = "\x1b[2J\n80"

    with pytest.raises(ConfigError) as caught:
        loads(changed(change), "r.json")
    assert "$.devices[1].services[0].port" in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("data", [
    b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"schema": 1}', b"[" * 100_000, b'{"x":' + b"[" * 100_000,
    dump(sample_report())[:-40], b'{"schema": "netcam.report/1", "scan": {"id": "\xff"}}',
])  # fmt: skip
def test_what_is_no_report_raises_one_line(data):
    with pytest.raises(ConfigError) as caught:
        loads(data, "r.json")
    assert str(caught.value).startswith("r.json: ")
    assert "\n" not in str(caught.value)


def test_a_byte_order_mark_does_not_hide_the_report():
    assert loads(b"\xef\xbb\xbf" + dump(sample_report()), "r.json") == sample_report()


def test_a_file_above_the_limit_is_refused(tmp_path):
    path = tmp_path / "r.json"
    path.write_bytes(dump(sample_report()))
    assert load(path, limit=path.stat().st_size) == sample_report()
    with pytest.raises(ConfigError, match="longer than"):
        load(path, limit=path.stat().st_size - 1)


def test_a_file_that_cannot_be_read_names_path_and_reason(tmp_path):
    with pytest.raises(StoreError, match=r"none\.json: No such file"):
        load(tmp_path / "none.json")
    with pytest.raises(StoreError, match="directory"):
        load(tmp_path)


def errors(value, schema, defs, path="$"):
    """Where `value` departs from `schema`, for the few words of JSON Schema that the report's schema uses."""
    if "$ref" in schema:
        schema = defs[schema["$ref"].removeprefix("#/$defs/")]
    words = "anyOf const enum type properties required additionalProperties items title description $schema $id $defs"
    unknown = set(schema) - set(words.split())
    assert not unknown, f"this validator doesn't know {unknown}"
    if "anyOf" in schema:
        return [] if any(not errors(value, s, defs, path) for s in schema["anyOf"]) else [f"{path}: none of anyOf"]
    if "const" in schema:
        return [] if value == schema["const"] else [f"{path}: {value!r}"]
    if "enum" in schema:
        return [] if value in schema["enum"] else [f"{path}: {value!r}"]
    kind = {
        "object": dict,
        "array": list,
        "string": str,
        "boolean": bool,
        "null": type(None),
        "integer": int,
        "number": (int, float),
    }[schema["type"]]
    if not isinstance(value, kind) or (isinstance(value, bool) and schema["type"] in ("integer", "number")):
        return [f"{path}: not {schema['type']}"]
    found = []
    if isinstance(value, dict):
        found += [f"{path}.{key} missing" for key in schema.get("required", ()) if key not in value]
        for key, item in value.items():
            of = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
            found += errors(item, of, defs, f"{path}.{key}") if isinstance(of, dict) else []
    if isinstance(value, list):
        found += [e for i, item in enumerate(value) for e in errors(item, schema["items"], defs, f"{path}[{i}]")]
    return found


@pytest.mark.parametrize("report", [sample_report(), hostile_report()], ids=["sample", "hostile"])
def test_reports_fit_the_published_schema(report):
    schema = json_schema()
    assert errors(json.loads(dump(report)), schema, schema["$defs"]) == []


def test_the_schema_tells_a_report_with_a_key_missing_or_wrong_from_a_good_one():
    schema = json_schema()
    document = json.loads(dump(sample_report()))
    del document["devices"][0]["brand"]
    document["devices"][1]["verdicts"][0]["outcome"] = "fine"
    document["schema"] = "netcam.report/2"
    assert errors(document, schema, schema["$defs"]) == [
        "$.schema: 'netcam.report/2'", "$.devices[0].brand missing", "$.devices[1].verdicts[0].outcome: 'fine'",
    ]  # fmt: skip


def test_the_schema_is_json_with_a_dialect_an_id_and_no_dangling_reference():
    schema = json.loads(json.dumps(json_schema()))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == "urn:netcam:report:1"
    assert schema["title"]
    assert schema["description"]
    text = json.dumps(schema)
    for part in text.split('"#/$defs/')[1:]:
        assert part.partition('"')[0] in schema["$defs"]
