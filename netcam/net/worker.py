"""A child process that is asked things in JSON lines: libraries that must not share the main program live there.

One command is under way at a time, so every line we write fits into the empty pipe and no write can block. What the
worker says is bounded and checked like anything else from outside: it reads frames that strangers sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from netcam.errors import ConfigError, NetcamError, PrivilegeError
from netcam.safetext import visible

log = logging.getLogger(__name__)

LINE_LIMIT = 65536  # bytes of one line, both ways; also what an empty Linux pipe takes
START_TIMEOUT_S = 60.0  # importing scapy takes a second, on a small busy machine many
_END_TIMEOUT_S = 2.0  # from closing its input until the worker is killed
_LAST_WORDS = 400  # characters kept of what it wrote to standard error

_ERRORS = {"config": ConfigError, "privilege": PrivilegeError}


class WorkerProcess:
    """`python -m module` with three pipes and nothing else of ours. Use `start`."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, stdin: int) -> None:
        self.name = name
        self._process = process
        self._stdin: int | None = stdin
        self._last_words = ""
        self._listening = asyncio.create_task(self._keep_last_words())

    @property
    def pid(self) -> int:
        return self._process.pid

    @classmethod
    async def start(
        cls,
        name: str,
        module: str,
        arguments: Sequence[str] = (),
        *,
        timeout_s: float = START_TIMEOUT_S,
        line_limit: int = LINE_LIMIT,
    ) -> tuple[WorkerProcess, Mapping[str, Any]]:
        """The running worker and its first line.

        Args:
            name: what the messages for people call it.
            line_limit: bytes of the longest line it may write.
        Raises:
            ConfigError, PrivilegeError: the worker's own words, when it can't do its work here.
            NetcamError: it didn't start, ended, or said something else.
        """
        # A pipe of our own: asyncio would make standard input a socket.
        reading, writing = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", module, *arguments,
                stdin=reading, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
                limit=line_limit, close_fds=True, env=_environment(),
                start_new_session=True,  # Ctrl-C is for the main program, which ends its workers in order
            )
        except BaseException as e:
            os.close(writing)
            if isinstance(e, OSError):
                raise NetcamError(f"{name} does not start: {e.strerror or e}") from e
            raise
        finally:
            os.close(reading)
        os.set_blocking(writing, False)
        worker = cls(name, process, writing)
        try:
            hello = await worker.receive(timeout_s)
        except BaseException:
            await worker.close()
            raise
        return worker, hello

    def send(self, message: Mapping[str, Any]) -> None:
        """Hand the worker one command.

        Raises:
            NetcamError: it has ended, or stopped reading.
        """
        line = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        if self._stdin is None or len(line) > LINE_LIMIT:
            raise NetcamError(f"{self.name} is closed" if self._stdin is None else f"too much at once for {self.name}")
        try:
            written = os.write(self._stdin, line)
        except BlockingIOError:
            written = 0
        except OSError as e:
            raise NetcamError(f"{self.name} has ended{self._why()}") from e
        if written < len(line):
            raise NetcamError(f"{self.name} does not read its commands")

    async def receive(self, timeout_s: float | None) -> Mapping[str, Any]:
        """The worker's next line, an object.

        Raises:
            ConfigError, PrivilegeError: the worker says so.
            NetcamError: it ended, said nothing for `timeout_s` (None: for ever), or something that is not such a line.
        """
        assert self._process.stdout is not None
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), timeout_s)
        except TimeoutError:
            raise NetcamError(f"{self.name} does not answer") from None
        except ValueError:
            raise NetcamError(f"{self.name} sent too long a line") from None
        if not line.endswith(b"\n"):
            # Its last words come through another pipe, a moment later perhaps.
            await asyncio.wait([self._listening], timeout=_END_TIMEOUT_S)
            raise NetcamError(f"{self.name} has ended{self._why()}")
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            raise NetcamError(f"{self.name} sent a line that is not an object: {visible(line[:80].decode('latin-1'))}")
        if "error" in message:
            kind = _ERRORS.get(str(message["error"]), NetcamError)
            raise kind(visible(str(message.get("text", "no reason given")), 500))
        return message

    async def close(self) -> None:
        """End the worker and whatever it started; harmless when it has ended."""
        if self._stdin is not None:
            os.close(self._stdin)
            self._stdin = None
        try:
            await asyncio.wait_for(self._process.wait(), _END_TIMEOUT_S)
        except TimeoutError:
            log.debug("%s did not end by itself", self.name)
        finally:
            if self._process.returncode is None:
                # It leads a session of its own: this ends nothing but the worker and its children.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                await self._process.wait()
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening

    async def _keep_last_words(self) -> None:
        assert self._process.stderr is not None
        while chunk := await self._process.stderr.read(4096):
            self._last_words = (self._last_words + chunk.decode("utf-8", "replace"))[-_LAST_WORDS:]

    def _why(self) -> str:
        lines = self._last_words.strip().splitlines()
        return f": {visible(lines[-1])}" if lines else ""


def _environment() -> dict[str, str]:
    """Ours, with the same modules in reach, and no folder to leave or find caches and start-up files in.

    scapy would otherwise create folders in the operator's home, and unpickle what lies there.
    """
    path = os.pathsep.join(entry for entry in sys.path if entry and os.path.isabs(entry))
    nowhere = dict.fromkeys(("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"), os.devnull)
    return {**os.environ, **nowhere, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
