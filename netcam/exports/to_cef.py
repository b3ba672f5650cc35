"""A file of CEF lines, one event a line; over the network they go with `--to syslog -O form=cef`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from netcam.exports.base import Export, Settings
from netcam.exports.cef import encode_cef
from netcam.exports.events import OPTIONS, event, events, wanted
from netcam.model.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class CefFile:
    """The form. The whole of what the reports say, not only what is new."""

    name: ClassVar[str] = "cef"
    suffix: ClassVar[str] = ".cef"
    types: frozenset[str]
    lists: tuple[str, ...] = ()

    def dump(self, reports: Sequence[Report]) -> bytes:
        """UTF-8 lines; the same reports always give the same bytes."""
        lines = [encode_cef(event(item)) for item in events(reports, self.types, self.lists)]
        return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def _make(settings: Settings) -> CefFile:
    return CefFile(types=wanted(settings), lists=settings.many("list"))


EXPORT = Export(name="cef", title="CEF lines (ArcSight and others) in a file", make=_make, options=OPTIONS)
