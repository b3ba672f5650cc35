"""Advisory files (signatures/advisories/*.toml) -> the flaws published for each maker's or badge's devices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from netcam.datafiles import data_folder, read_toml
from netcam.errors import SignatureError


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Affected(_File, frozen=True):
    """Some of the models with one range of firmwares; the first row whose models match a device decides.

    `models` are patterns as in [[model]], none means every device of the platform. The range is `all` firmwares, or
    from `from` on (inclusive), and up to `to` (inclusive) or `before` (exclusive), each a firmware in the maker's own
    form; "build 210625" is one, too. `status` is what holds inside the range, `beyond` what holds after its end; before
    its start nothing is known. `device_types` limits the row to those and to devices whose type is not known.
    """

    models: tuple[str, ...] = ()
    device_types: list[str] = []
    all: bool = False
    since: str = msgspec.field(name="from", default="")
    to: str = ""
    before: str = ""
    status: str = "affected"
    beyond: str = "not-affected"
    fixed: str = ""
    note: str = ""


class Case(_File, frozen=True):
    """A test vector: what has to come out for this model and firmware; "left-out" where nothing is reported."""

    model: str
    firmware: str
    status: str
    source: str = msgspec.field(name="from")
    device_type: str = "camera"


class Advisory(_File, frozen=True):
    """One published flaw. `also` are further ids of the same notice with the same ranges.

    `known_exploited` takes `kev`, the day it came on CISA's catalogue, or `exploitation`, who else reports it.
    """

    id: str
    title: str
    url: str
    known_exploited: bool
    references: list[str]
    checked: date
    affected: list[Affected]
    example: list[Case]
    also: list[str] = []
    kev: date | None = None
    exploitation: str = ""
    limits: str = ""


class AdvisoryFile(_File, frozen=True):
    """The flaws of one vendor's devices, whether the vendor built them or they carry its badge."""

    schema: int
    vendor: str
    advisory: list[Advisory]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisories:
    """All advisory files by vendor id; `paths` are for messages, `known` keeps what the judge has already found."""

    files: Mapping[str, AdvisoryFile]
    paths: Mapping[str, str]
    known: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def checked(self) -> str:
        """The day of the latest look at any source, or an empty text."""
        return max((a.checked.isoformat() for a in self), default="")

    def __iter__(self) -> Iterator[Advisory]:
        return (advisory for _, file in sorted(self.files.items()) for advisory in file.advisory)


def load_advisories(folder: Path | None = None) -> Advisories:
    """Every advisory file of the data folder; a folder without any is in order.

    Raises:
        SignatureError: a file that breaks the rules of its shape; the finer rules are `check_advisories`'s.
        ConfigError: no data.
    """
    files: dict[str, AdvisoryFile] = {}
    paths: dict[str, str] = {}
    for path in sorted((data_folder(folder) / "advisories").glob("*.toml")):
        file: AdvisoryFile = read_toml(path, AdvisoryFile)
        if file.schema != 1:
            raise SignatureError(str(path), None, f"schema {file.schema} is not known to this netcam, which reads 1")
        if file.vendor != path.stem:
            raise SignatureError(str(path), file.vendor, "the vendor must be the file's name")
        files[file.vendor], paths[file.vendor] = file, str(path)
    return Advisories(files=files, paths=paths)
