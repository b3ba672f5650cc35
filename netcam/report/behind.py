"""What a recorder says about the cameras behind it, which nobody looked at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from netcam.model import Observation, canonical_uuid
from netcam.model.report import BehindRecord

RECORDERS = frozenset(("nvr", "dvr", "encoder", "vms"))
NAMES_LIMIT = 256

# The words of each protocol's counts; what is no place for a camera (disks, outputs) is left out.
_PLACES = {
    "analog": "analog inputs", "digital": "network channels", "video-in": "video inputs",
    "remote-in": "network channels", "": "channels",
}  # fmt: skip
_COUNT = re.compile(r"(?<!\S)(?:([a-z-]+)=)?(\d{1,5})(?!\S)")


def behind_records(
    device_type: str | None, own_names: Iterable[str | None], observations: Sequence[Observation]
) -> tuple[BehindRecord, ...]:
    """Places for cameras and names of cameras as the recorder itself tells them; nothing for any other device.

    A count is of places, taken or not. A name comes from an announcement for another endpoint than the recorder's own,
    so only where `own_names` tell which one that is.

    Args:
        own_names: what the recorder itself is called: its model, host names, serial number.
    """
    if device_type not in RECORDERS:
        return ()
    made: dict[tuple[str, int | None, str | None], BehindRecord] = {}
    for entry in (*_counts(observations), *_names([n.casefold() for n in own_names if n], observations)):
        made.setdefault((entry.what, entry.count, entry.name), entry)
    return tuple(made.values())


def _counts(observations: Iterable[Observation]) -> Iterator[BehindRecord]:
    for seen in observations:
        if not seen.kind.endswith(".channels"):
            continue
        for word, count in _COUNT.findall(seen.value):
            if word in _PLACES and int(count):
                yield BehindRecord(what=_PLACES[word], name=None, count=int(count), source=seen.id)


def _names(own: Sequence[str], observations: Sequence[Observation]) -> Iterator[BehindRecord]:
    endpoints = {canonical_uuid(o.value) for o in observations if o.kind == "onvif.uuid"}
    announced = [o for o in observations if o.kind == "onvif.name"] if len(endpoints) > 1 else []
    others = [o for o in announced if not any(name in o.value.casefold() for name in own)]
    if len(others) == len(announced):
        others = []  # one of them is the recorder, and nothing tells which
    embedded = [o for o in observations if o.kind == "upnp.embedded"]
    for seen in (*others, *embedded)[:NAMES_LIMIT]:
        what = "announced device" if seen.kind == "onvif.name" else "embedded device"
        yield BehindRecord(what=what, name=seen.value, count=None, source=seen.id)
