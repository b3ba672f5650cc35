"""Many patterns against one text, in time linear in the text.

Two engines behind one call: google-re2's Filter where its wheel exists, the standard library elsewhere. Patterns are
RE2 syntax in both cases; the check refuses what only one of them takes.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Protocol

TEXT_LIMIT = 65536  # bytes of one text that RE2 is shown
FALLBACK_LIMIT = 4096  # characters shown to the backtracking engine, which a hostile text could hold for seconds


class Matcher(Protocol):
    """Finds every pattern that occurs in a text."""

    def find(self, text: str) -> list[tuple[int, Mapping[str, str]]]:
        """(index of the pattern, its named groups that took part), in the order of the patterns."""
        ...


class Re2Matcher:
    """One Filter per field: it looks for the patterns' literals first and runs only those that can match."""

    def __init__(self, patterns: Sequence[str]) -> None:
        import re2

        options = re2.Options()
        options.log_errors = False
        self._filter = re2.Filter()
        for pattern in patterns:
            self._filter.Add(pattern, options)
        self._filter.Compile()
        # The filter itself runs what its literals leave over; a second search is for captures alone.
        self._names = [
            tuple((_text(name), at) for name, at in self._filter.re(n).groupindex.items()) if "(?P<" in p else ()
            for n, p in enumerate(patterns)
        ]

    def find(self, text: str) -> list[tuple[int, Mapping[str, str]]]:
        data = text.encode("utf-8", "replace")[:TEXT_LIMIT]
        found: list[tuple[int, Mapping[str, str]]] = []
        for index in sorted(self._filter.Match(data) or ()):
            names = self._names[index]
            hit = self._filter.re(index).search(data) if names else None
            found.append((index, {k: _text(v) for k, n in names if (v := hit[n]) is not None} if hit else {}))
        return found


class ReMatcher:
    """The standard library, one pattern after the other, over a short text."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [re.compile(p, re.ASCII) for p in patterns]  # RE2's \d, \w, \s and \b know ASCII alone

    def find(self, text: str) -> list[tuple[int, Mapping[str, str]]]:
        text = text[:FALLBACK_LIMIT]
        return [
            (index, {k: v for k, v in hit.groupdict().items() if v is not None})
            for index, pattern in enumerate(self._patterns)
            if (hit := pattern.search(text)) is not None
        ]


class _Empty:
    def find(self, text: str) -> list[tuple[int, Mapping[str, str]]]:
        return []


def _text(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def engine_name() -> str:
    """ "re2" or "re": which engine this installation matches with."""
    try:
        import re2  # noqa: F401
    except ImportError:
        return "re"
    return "re2"


def engine_version(engine: str | None = None) -> str:
    """The engine with what tells its versions apart: what one takes for a pattern, another may refuse."""
    if (engine or engine_name()) == "re2":
        import re2

        about = os.stat(re2._re2.__file__)  # the library itself; asking for its version would cost half of a start
        return f"re2 {about.st_size} {about.st_mtime_ns}"
    return f"re {sys.version}"


def matcher(patterns: Sequence[str], engine: str | None = None) -> Matcher:
    """A matcher over `patterns`.

    Raises:
        ValueError: a pattern that the engine doesn't take; the text names the pattern.
    """
    if not patterns:
        return _Empty()
    made: type[Re2Matcher | ReMatcher] = Re2Matcher if (engine or engine_name()) == "re2" else ReMatcher
    try:
        return made(patterns)
    except Exception as error:  # re2.error derives from Exception alone
        for pattern in patterns:
            try:
                made([pattern])
            except Exception as why:
                raise ValueError(f"pattern {pattern!r}: {why}") from error
        raise ValueError(str(error)) from error
