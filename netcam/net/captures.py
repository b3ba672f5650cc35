"""Frames from a capture file or off an interface; scapy reads them in a process of its own, as JSON lines."""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from netcam.errors import NetcamError, PrivilegeError
from netcam.net.frame_lines import FRAME_LIMIT, LINE_LIMIT
from netcam.net.privileges import CAP_NET_RAW, raw_frames
from netcam.net.worker import WorkerProcess

_PATIENCE_S = 60.0  # without a word while a file is read: a network drive, a disk asleep


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """One frame, at most 65535 bytes. `at` is Unix time, None where the file has none; `link_type` as in files."""

    at: float | None
    link_type: int
    data: bytes


class FrameSource:
    """Frames of one capture file or one interface. Use `of_file` or `of_interface`, and `close` it."""

    def __init__(self, process: WorkerProcess, patience_s: float | None) -> None:
        self._process = process
        self._patience_s = patience_s
        self.cut = ""  # why not everything was heard; known at the end
        self.count = 0

    @classmethod
    async def of_file(cls, path: str) -> FrameSource:
        """
        Raises:
            ConfigError: scapy is not installed.
            NetcamError: the file can't be opened.
        """
        return await cls._started(path, "pcap", 0, _PATIENCE_S)

    @classmethod
    async def of_interface(cls, name: str) -> FrameSource:
        """
        Raises:
            PrivilegeError: no CAP_NET_RAW, or the worker could not give up its other rights.
            ConfigError: scapy is not installed.
            NetcamError: the interface can't be listened on.
        """
        granted, why = raw_frames()
        if not granted:
            raise PrivilegeError(why.split(";")[0])
        return await cls._started(name, "listen", 1 << CAP_NET_RAW, None)

    @classmethod
    async def _started(cls, name: str, word: str, rights: int, patience_s: float | None) -> FrameSource:
        module = f"{__package__}.{word}_worker"
        try:
            process, hello = await WorkerProcess.start(name, module, (name,), line_limit=LINE_LIMIT)
        except NetcamError as error:
            raise _naming(name, error) from error
        if hello.get("hello") != word or hello.get("capabilities") != rights:
            await process.close()
            raise PrivilegeError(f"{process.name}: the reading process did not give up its rights")
        return cls(process, patience_s)

    def stop(self) -> None:
        """Have no more frames heard: `frames` ends with what is on the way."""
        self._process.send({"stop": True})

    async def frames(self) -> AsyncGenerator[Captured, None]:
        """The frames in order, until the file ends or `stop` was called.

        Raises:
            NetcamError: what is read is no capture, or breaks off in a way that nothing more can be read.
        """
        while True:
            try:
                message = await self._process.receive(self._patience_s)
            except NetcamError as error:
                raise _naming(self._process.name, error) from error
            if "end" in message:
                self.cut = str(message.get("cut", ""))[:300]
                return
            for item in message.get("frames", ()):
                frame = _captured(item)
                if frame is not None:
                    self.count += 1
                    yield frame

    async def close(self) -> None:
        """End the worker; harmless when it has ended."""
        await self._process.close()


def _naming(name: str, error: NetcamError) -> NetcamError:
    """The error with the source's name in front, which a worker's own words lack."""
    return error if str(error).startswith(name) else type(error)(f"{name}: {error}")


def _captured(item: Any) -> Captured | None:
    """One frame as the worker writes it; None for anything else: it reads what strangers wrote."""
    match item:
        case [int() | float() | None as at, int() as link_type, str() as text]:
            try:
                data = base64.b64decode(text, validate=True)
            except binascii.Error:
                return None
            return Captured(at=at, link_type=link_type, data=data[:FRAME_LIMIT])
    return None
