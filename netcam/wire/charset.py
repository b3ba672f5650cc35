"""Text in whatever encoding a device wrote it."""

from __future__ import annotations

import codecs
import re

# Encodings that devices declare and that decode in linear time without side effects; any other name is ignored.
_KNOWN = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "windows-1252": "cp1252",
    "iso-8859-2": "iso-8859-2",
    "windows-1250": "cp1250",
    "windows-1251": "cp1251",
    "koi8-r": "koi8-r",
    "iso-8859-9": "iso-8859-9",
    "windows-1254": "cp1254",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5",
    "shift_jis": "shift_jis",
    "euc-jp": "euc_jp",
    "euc-kr": "euc_kr",
    "ks_c_5601-1987": "euc_kr",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_GB_PAIR = re.compile(rb"[\xa1-\xf7][\xa1-\xfe]")
_HIGH = re.compile(rb"[\x80-\xff]")


def decode_text(data: bytes, declared: str | None = None) -> str:
    """`data` as text; never fails, undecodable bytes become U+FFFD.

    A byte order mark decides, then a `declared` encoding that is known, then what the bytes allow: UTF-8, or GB 18030
    where every high byte is half of a GB 2312 pair (many firmwares send it undeclared), or else Windows-1252.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(encoding, "replace")
    known = _KNOWN.get((declared or "").strip().strip("\"'").lower())
    if known == "utf-8" or known is None:
        try:
            # A body that was cut at a size limit may end inside a character.
            return codecs.getincrementaldecoder("utf-8")("strict").decode(data, final=False)
        except UnicodeDecodeError:
            if known is None or _is_gb(data):
                known = "gb18030" if _is_gb(data) else "cp1252"
    return data.decode(known, "replace")


def _is_gb(data: bytes) -> bool:
    return _HIGH.search(_GB_PAIR.sub(b"", data[:-1])) is None
