"""A file of OCSF events, one JSON object a line; over HTTP they go with `--to webhook -O form=ocsf`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from netcam.exports.base import Export, Settings
from netcam.exports.events import OPTIONS, event, events, wanted
from netcam.exports.ocsf import encode_ocsf
from netcam.model.report import Report
from netcam.report.to_json import encode_plain


@dataclass(frozen=True, slots=True, kw_only=True)
class OcsfFile:
    """The form. The whole of what the reports say, not only what is new."""

    name: ClassVar[str] = "ocsf"
    suffix: ClassVar[str] = ".jsonl"
    types: frozenset[str]
    lists: tuple[str, ...] = ()

    def dump(self, reports: Sequence[Report]) -> bytes:
        """UTF-8 JSON Lines; the same reports always give the same bytes."""
        told = (event(item) for item in events(reports, self.types, self.lists))
        return b"".join(encode_plain(encode_ocsf(one)) + b"\n" for one in told)


def _make(settings: Settings) -> OcsfFile:
    return OcsfFile(types=wanted(settings), lists=settings.many("list"))


EXPORT = Export(name="ocsf", title="OCSF 1.3 events in a file", make=_make, options=OPTIONS)
