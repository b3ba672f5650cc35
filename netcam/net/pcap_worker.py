"""The process that takes a capture file apart, and holds no right at all while it does; a user of scapy.

`python -m netcam.net.pcap_worker PATH`, JSON lines on standard output. pcap and pcapng, both also as gzip; one packet
is in memory at a time. Ends when the file or the reader at the other end of the pipe does. What it says::

    {"hello": "pcap", "capabilities": 0}
    {"frames": [[UNIX_SECONDS or null, LINK_TYPE, "base64 of at most 65535 bytes"], ...]}
    {"end": FRAMES, "cut": ""}                                  "cut" says why not all of the file could be read
    {"error": "config"|"failed", "text": "..."}                 and it ends
"""

from __future__ import annotations

import gzip
import logging
import sys
import zlib
from collections.abc import Iterator
from typing import IO, Any, cast

from netcam.net.frame_lines import FRAME_LIMIT, Lines, say
from netcam.net.privileges import effective_capabilities, keep_only

READ_LIMIT = 1 << 24  # bytes that one block of a file may claim to have: a length field can say 4 GB
INTERFACE_LIMIT = 4096  # described in one pcapng file

_GZIP = b"\x1f\x8b"


class Unreadable(Exception):
    """Not a capture file, or not one that can be read in bounded memory; the text is for people."""


class Bounded:
    """A file for scapy's readers: reads have an upper limit, and what stopped short is remembered."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.cut = ""
        self.name = "capture"

    def read(self, count: int) -> bytes:
        if not 0 <= count <= READ_LIMIT:
            raise Unreadable(f"a block that claims to have {count} bytes")
        try:
            data = self._file.read(count)
        except (EOFError, OSError, zlib.error) as error:
            self.cut = f"the compressed data ends or breaks off: {error}"
            return b""
        # Only the first 4 bytes of a pcapng block and the 16 of a pcap record may be missing as a whole.
        if len(data) < count and (data or count not in (4, 16)) and not self.cut:
            self.cut = "the file ends in the middle of a packet"
        return data

    def more(self) -> bool:
        """Whether there is anything left; takes one byte of it."""
        return bool(self._file.read(1)) if not self.cut else False

    def close(self) -> None:
        self._file.close()


def opened(path: str) -> Bounded:
    """
    Raises:
        OSError: the file can't be opened.
    """
    file: IO[bytes] = open(path, "rb")  # noqa: SIM115 - open for as long as the process lives
    head = file.read(2)
    file.seek(0)
    return Bounded(cast(IO[bytes], gzip.GzipFile(fileobj=file)) if head == _GZIP else file)


def frames(file: Bounded) -> Iterator[tuple[float | None, int, bytes]]:
    """(time, link type, bytes) of every packet.

    Raises:
        Unreadable: no capture file, or a block that no capture has.
    """
    from scapy.error import Scapy_Exception
    from scapy.utils import RawPcapNgReader, RawPcapReader

    try:
        reader: Any = RawPcapReader(file)  # type: ignore[arg-type]  # a file of ours, read by scapy like any other
    except (Scapy_Exception, AttributeError, EOFError) as error:
        raise Unreadable("neither pcap nor pcapng") from error
    of_blocks = isinstance(reader, RawPcapNgReader)
    while True:
        try:
            packet = reader._read_packet(FRAME_LIMIT)
        except EOFError:
            if file.more():
                file.cut = "the file is damaged: what follows can't be read"
            return
        data, about = packet
        if of_blocks:
            if len(reader.interfaces) > INTERFACE_LIMIT:
                raise Unreadable(f"more than {INTERFACE_LIMIT} interfaces")
            at = None if about.tshigh is None else ((about.tshigh << 32) + about.tslow) / (about.tsresol or 1e6)
            yield at, int(about.linktype), bytes(data)
            continue
        if len(data) < min(about.caplen, FRAME_LIMIT):
            file.cut = file.cut or "the file ends in the middle of a packet"
            return
        yield about.sec + about.usec / (1e9 if reader.nano else 1e6), int(reader.linktype) & 0xFFFF, bytes(data)


def main() -> int:
    """Read one file to its end; the exit code."""
    (path,) = sys.argv[1:]
    logging.getLogger("scapy").setLevel(logging.CRITICAL)
    try:
        import scapy.utils  # noqa: F401 - before the rights to read the program are gone
    except ImportError as error:
        say(error="config", text=f"capture files need scapy: pip install scapy ({error})")
        return 1
    try:
        file = opened(path)
        if sys.platform == "linux":
            keep_only()
    except OSError as error:
        say(error="failed", text=error.strerror or str(error))
        return 1
    say(hello="pcap", capabilities=effective_capabilities())
    lines = Lines()
    try:
        for at, link_type, data in frames(file):
            lines.add(at, link_type, data)
        lines.flush()
        say(end=lines.count, cut=file.cut)
    except BrokenPipeError:
        return 0  # nobody listens any more
    except Exception as error:  # a reader that stumbles over a file is that file's fault
        lines.flush()
        text = str(error) if isinstance(error, Unreadable) else f"can't be read: {type(error).__name__}"
        say(error="failed", text=text)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
