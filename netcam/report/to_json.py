"""The report as JSON, `netcam.report/1`: written, read back, and described as JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from netcam.errors import ConfigError, StoreError
from netcam.model.report import SCHEMA, Report
from netcam.safetext import visible

SIZE_LIMIT = 512 * 1024 * 1024  # bytes; a report of 5,000 devices has about 13 MB

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class _Head(msgspec.Struct):
    schema: str


def dump(report: Report) -> bytes:
    """The report as UTF-8 JSON, indented by 2, ending in a newline; one report always gives the same bytes."""
    return msgspec.json.format(encode(report), indent=2) + b"\n"


def encode(value: object) -> bytes:
    """One model value as compact JSON: fields in their declared order, mappings sorted by key, every key present."""
    try:
        return msgspec.json.encode(value, order="deterministic")
    except UnicodeEncodeError:
        return encode_plain(msgspec.to_builtins(value, order="deterministic"))


def encode_plain(value: object) -> bytes:
    """One value of dicts, lists, texts and numbers as compact JSON, keys as they stand."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_encodable(value))


def load(path: str | Path, *, limit: int = SIZE_LIMIT) -> Report:
    """The report in the file at `path`.

    Raises:
        StoreError: the file can't be read.
        ConfigError: it is longer than `limit` bytes or not a report of this version.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise StoreError(f"{visible(str(path))}: {error.strerror or error}") from error
    return loads(data, str(path), limit=limit)


def loads(data: bytes, name: str, *, limit: int = SIZE_LIMIT) -> Report:
    """The report in `data`; `name` is what error messages call it.

    Keys that this version doesn't know are ignored, and keys that later versions added are filled with "unknown".

    Raises:
        ConfigError: too long, not JSON, another schema, or a value of the wrong type (with its path in the document).
    """
    name = visible(name)
    if len(data) > limit:
        raise ConfigError(f"{name}: longer than {limit} bytes, which no report is")
    try:
        report = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=Report)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        if (found := _schema_of(data)) not in (None, SCHEMA):
            raise _other_version(name, str(found)) from error
        raise ConfigError(f"{name}: not a {SCHEMA} report: {visible(str(error), 300)}") from error
    if report.schema != SCHEMA:
        raise _other_version(name, report.schema)
    return report


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the report as this version writes it: every key present, more keys allowed."""
    _, parts = msgspec.json.schema_components([Report], ref_template="#/$defs/{name}")
    for part in parts.values():
        if "properties" in part:
            part["required"] = list(part["properties"])
            for of in part["properties"].values():
                of.pop("default", None)
    root = parts.pop("Report")
    root["properties"]["schema"] = {"const": SCHEMA}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:netcam:report:1",
        **root,
        "title": "netcam report",
        "description": f"What one scan found ({SCHEMA}). Unknown is null or an empty list; keys may be added.",
        "$defs": parts,
    }


def _schema_of(data: bytes) -> str | None:
    try:
        return msgspec.json.decode(data, type=_Head).schema
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _other_version(name: str, schema: str) -> ConfigError:
    return ConfigError(f"{name}: written as {visible(schema, 60)!r}; this version of netcam reads {SCHEMA!r}")


def _encodable(value: Any) -> Any:
    """The same built-in value with lone surrogates, which UTF-8 has no bytes for, replaced."""
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(item) for item in value]
    return value
