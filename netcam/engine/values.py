"""Text as captured -> values that can be compared: dates, firmware, models, names."""

from __future__ import annotations

import re
from datetime import date

_BUILT = re.compile(r"build(?: date)?[ :_]*(\d{4}-\d\d-\d\d|\d{8}|\d{6})\b", re.IGNORECASE)
# Places where makers put the build date without a word before it.
_LAST = (
    re.compile(r"(?<=\.[RT])[.,](\d{8}|\d{6})$"),  # behind the release letter: 2.800.0000000.16.R.210716
    re.compile(r"(?<=\d)_(\d{8}|\d{6})$"),  # 5.5.114_201209, 1.41.02_20210909
    re.compile(r"-B\d{4}[\w.]*?\.(\d{6})$"),  # part of the version itself, and stays: NVR-B3801.20.17.240507
)
_DAY = re.compile(
    r"\D*(?:(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})|(?P<digits>\d{8}|\d{6}))"
    r"(?:[T ]+\d\d?:\d\d.*|\D*)",
    re.ASCII,
)


def normal_date(text: str) -> str | None:
    """ISO date of YYMMDD, YYYYMMDD, YYYY-MM-DD or YYYY/MM/DD, a time behind it left out.

    None for what is no day between 2000 and 2099.
    """
    found = _DAY.fullmatch(text[:100])
    if found is None:
        return None
    digits = found["digits"] or ""
    year = found["y"] or (digits[:4] if len(digits) == 8 else f"20{digits[:2]}")
    try:
        day = date(int(year), int(found["m"] or digits[-4:-2]), int(found["d"] or digits[-2:]))
    except ValueError:
        return None
    return day.isoformat() if 2000 <= day.year < 2100 else None


def split_firmware(text: str) -> tuple[str, str | None]:
    """(version, build date or None): "V5.7.1 build 220412" -> ("V5.7.1", "2022-04-12").

    A build text that is no date stays in the version, so nothing is lost.
    """
    text = " ".join(text.split())
    for shape in (_BUILT, *_LAST):
        if (found := shape.search(text)) and (day := normal_date(found[1])):
            version = text if shape is _LAST[-1] else text[: found.start()].rstrip(" ,._-")
            return version or text, day
    return text, None


def name_key(text: str) -> str:
    """A company or badge name for comparison: letters and digits alone, case folded."""
    return re.sub(r"[\W_]+", "", text.casefold())


def model_key(text: str) -> str:
    """A model for comparison: upper case, no spaces."""
    return re.sub(r"\s+", "", text.upper())


_PLACEHOLDERS = frozenset(
    (
        "NA",
        "NONE",
        "NULL",
        "UNKNOWN",
        "DEFAULT",
        "MODEL",
        "DEVICE",
        "CAMERA",
        "IPC",
        "IPCAM",
        "IPCAMERA",
        "NETWORKCAMERA",
        "NVR",
        "DVR",
        "NETWORKVIDEORECORDER",
        "DIGITALVIDEORECORDER",
    )
)


def placeholder_model(text: str) -> bool:
    """Whether a model text names a kind of device rather than a model."""
    key = name_key(text).upper()
    return not key or key in _PLACEHOLDERS


def without_maker(model: str, names: tuple[str, ...]) -> str:
    """`model` without a leading company name: "AXIS P1448-LE" -> "P1448-LE".

    The name has to be followed by a space or underscore, so that "AXISCAM" and "VIGI-C350" stay whole.
    """
    text = model.strip()
    for name in sorted(names, key=len, reverse=True):
        if text.casefold().startswith(name.casefold()) and text[len(name) : len(name) + 1] in (" ", "_"):
            rest = text[len(name) + 1 :].strip()
            return rest or text
    return text
