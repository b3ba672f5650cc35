"""Frames as lines of JSON: what the workers write and captures.py reads."""

from __future__ import annotations

import base64
import json
import os
from typing import Any

FRAME_LIMIT = 65535  # bytes kept of one frame
BATCH_BYTES = 65536  # a line is closed when it holds so many
LINE_LIMIT = 4 * (BATCH_BYTES + FRAME_LIMIT)  # bytes of the longest line, with room for base64 and punctuation


def say(**message: Any) -> None:
    """One message to the program, as a line of JSON; waits while the pipe is full."""
    line = json.dumps(message, separators=(",", ":")).encode() + b"\n"
    while line:
        line = line[os.write(1, line) :]


class Lines:
    """Collects frames into lines: one line for each would cost more than the frames."""

    def __init__(self) -> None:
        self.count = 0
        self._batch: list[tuple[float | None, int, str]] = []
        self._size = 0

    def add(self, at: float | None, link_type: int, data: bytes) -> None:
        """Take one frame; it leaves with the line it fills, or with `flush`."""
        data = data[:FRAME_LIMIT]
        self._batch.append((at, link_type, base64.b64encode(data).decode("ascii")))
        self._size += len(data) + 64
        self.count += 1
        if self._size >= BATCH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what was collected."""
        if self._batch:
            say(frames=self._batch)
            self._batch, self._size = [], 0
