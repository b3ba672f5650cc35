"""What can go wrong, as far as a caller can do something about it.

A silent host is not an error but a ProbeRun. A class is here because somebody who catches it acts differently.
"""

from __future__ import annotations


class NetcamError(Exception):
    """Anything netcam refuses or fails to do; the text is one line for a person."""


class ConfigError(NetcamError):
    """A setting, target, list or input file that can't be used; names the key and the accepted values."""


class ScopeError(NetcamError):
    """An address outside what this run may touch. Raised before a packet leaves."""


class PrivilegeError(NetcamError):
    """A capability the process lacks; names it and what still works without it."""


class SignatureError(NetcamError):
    """A signature or list file that breaks the rules; names the file and the line, or the id, and the reason."""

    def __init__(self, file: str, id: str | None, reason: str, line: int | None = None) -> None:
        self.file, self.id, self.reason, self.line = file, id, reason, line
        where = file if line is None else f"{file}:{line}"
        super().__init__(f"{where}: {id}: {reason}" if id else f"{where}: {reason}")


class DecodeError(NetcamError, ValueError):
    """Bytes that are not the message they claim to be; `offset` counts from the start of the input."""

    def __init__(self, protocol: str, offset: int, reason: str) -> None:
        self.protocol, self.offset, self.reason = protocol, offset, reason
        super().__init__(f"{protocol}: byte {offset}: {reason}")


class HeardQuestion(DecodeError):
    """A message of the protocol that answers nothing: another tool's question, heard where devices answer."""


class StoreError(NetcamError):
    """A report or record that can't be written or read; names the path."""


class ExportError(NetcamError):
    """A destination that did not take what was sent; `retry` says whether trying again can help, `after_s` when."""

    def __init__(self, destination: str, reason: str, *, retry: bool, after_s: float | None = None) -> None:
        self.destination, self.reason, self.retry, self.after_s = destination, reason, retry, after_s
        super().__init__(f"{destination}: {reason}")
