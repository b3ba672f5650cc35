"""Bounds-checked reading of bytes that strangers sent."""

from __future__ import annotations

from typing import Literal

from netcam.errors import DecodeError


class Cursor:
    """Reads forward through one message; every read is checked against the end of its container.

    A bare slice past the end gives a short value that looks right; this raises DecodeError with the offset instead,
    counted from the start of the whole message, also inside a `sub` cursor.
    """

    __slots__ = ("_data", "_end", "offset", "protocol")

    def __init__(self, data: bytes, *, protocol: str, start: int = 0, end: int | None = None) -> None:
        self._data = data
        self._end = len(data) if end is None else end
        self.offset = start
        self.protocol = protocol

    def __bool__(self) -> bool:
        return self.offset < self._end

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return self._end - self.offset

    def take(self, count: int) -> bytes:
        """The next `count` bytes.

        Raises:
            DecodeError: fewer are left, or `count` is negative.
        """
        if count < 0 or count > self.left:
            raise DecodeError(self.protocol, self.offset, f"{count} bytes wanted, {self.left} left")
        taken = self._data[self.offset : self.offset + count]
        self.offset += count
        return taken

    def uint(self, size: int, order: Literal["big", "little"] = "big") -> int:
        """The next `size` bytes as an unsigned number."""
        return int.from_bytes(self.take(size), order)

    def expect(self, magic: bytes) -> None:
        """Read `magic` and nothing else.

        Raises:
            DecodeError: other bytes, or too few; the offset is where `magic` had to begin.
        """
        at = self.offset
        if self._data[at : min(at + len(magic), self._end)] != magic:
            raise DecodeError(self.protocol, at, f"{magic.hex(' ')} wanted")
        self.offset += len(magic)

    def sub(self, count: int) -> Cursor:
        """A cursor over the next `count` bytes, which this one skips; it can't read past them."""
        start = self.offset
        self.take(count)
        return Cursor(self._data, protocol=self.protocol, start=start, end=start + count)

    def skip_to(self, offset: int) -> None:
        """Go on at `offset`, counted from the start of the message; never backwards.

        Raises:
            DecodeError: the offset lies behind, or past the end.
        """
        if not self.offset <= offset <= self._end:
            raise DecodeError(self.protocol, self.offset, f"offset {offset} is outside the message")
        self.offset = offset

    def text(self, count: int, encoding: str = "utf-8") -> str:
        """The next `count` bytes as text up to the first NUL, decoded with replacement."""
        return self.take(count).split(b"\0", 1)[0].decode(encoding, "replace").strip()

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(self.left)
