"""Where signature data lies, and TOML files as checked types with messages that name what is wrong."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from netcam.errors import ConfigError, SignatureError
from netcam.kept import current, digest


def data_folder(given: Path | None = None) -> Path:
    """Where signature data lies: the folder given, the packaged copy, or the checkout's `signatures/`.

    Raises:
        ConfigError: none of them has a vocabulary.
    """
    if given is not None:
        if not (given / "vocabulary.toml").is_file():
            raise ConfigError(f"{given}: no vocabulary.toml there, so this is no signature folder")
        return given
    packed = Path(__file__).resolve().parent / "_data" / "signatures"
    beside = Path(__file__).resolve().parents[1] / "signatures"
    for folder in (packed, beside):
        if (folder / "vocabulary.toml").is_file():
            return folder
    raise ConfigError("no signature data: neither in the installed package nor beside a checkout")


def read_toml(path: Path, kind: type[Any]) -> Any:
    """One TOML file as `kind`; `SignatureError` names the file, and the table and key that are wrong."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SignatureError(str(path), None, f"can't be read: {error.strerror}") from error
    kept, key = current(), digest(b"toml", data)
    if kept is not None and (known := kept.get(key)) is not None:
        try:
            return msgspec.msgpack.decode(known, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass  # whatever is wrong is told from the file itself
    try:
        # As a text file is read: any kind of line end counts as one.
        raw = tomllib.loads(data.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise SignatureError(str(path), None, f"not TOML: {error}") from error
    try:
        made = msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise SignatureError(str(path), _blamed(raw, str(error)), str(error)) from error
    if kept is not None:
        kept.put(key, msgspec.msgpack.encode(raw))
    return made


def _blamed(raw: Mapping[str, Any], message: str) -> str | None:
    """The id of the table that a message like "... - at `$.signature[3].pattern`" points to."""
    _, _, at = message.rpartition("$.")
    table, _, rest = at.partition("[")
    number = rest.partition("]")[0]
    items = raw.get(table)
    if (
        number.isdigit()
        and isinstance(items, list)
        and int(number) < len(items)
        and isinstance(items[int(number)], dict)
    ):
        found = items[int(number)].get("id")
        return found if isinstance(found, str) else None
    return None
