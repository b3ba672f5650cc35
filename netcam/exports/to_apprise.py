"""One message about all that is new, to e-mail or chat through Apprise (https://appriseit.com).

The Apprise URLs hold passwords, so they come as the secret. An answer that is lost can't be told from a refusal, so a
message may come twice; one that came is in the journal and never comes again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from netcam.errors import ConfigError, ExportError
from netcam.exports.base import Done, Export, Item, Settings
from netcam.exports.events import OPTIONS, TYPES, event, events, wanted, who
from netcam.model.report import Report

MOST_LINES = 20  # devices named in one message; the rest are counted
MOST_URLS = 20
LINE_LIMIT = 200  # characters

# What a chat would take for markup, a mention or a link, as signs that look alike and do nothing.
INERT = str.maketrans("<>@*`[]|~_#&\\!", "‹›＠∗ˋ⦋⦌¦∼＿＃＆＼ǃ")

HEADINGS: Mapping[str, str] = {
    "device.listed": "by a listed maker",
    "device.possible": "possibly by a listed maker",
    "device.new": "seen for the first time",
}


class Apprise:
    """All of the user's receivers. What is put waits for `flush`, which makes one message of it."""

    name: ClassVar[str] = "apprise"
    once: ClassVar[bool] = True
    batch: ClassVar[int] = 1_000_000

    def __init__(self, urls: Sequence[str], *, types: frozenset[str], lists: Sequence[str] = ()) -> None:
        """
        Raises:
            ConfigError: the library is missing, or a URL that it doesn't know; the text doesn't repeat it.
        """
        try:
            import apprise
        except ImportError as error:
            raise ConfigError("apprise: the library is missing; pip install 'netcam[chat]'") from error
        for noisy in ("apprise", "urllib3", "requests"):  # they log URLs, and with them passwords
            logging.getLogger(noisy).setLevel(logging.CRITICAL)
        self._library: Any = apprise
        self._types, self._lists = types, tuple(lists)
        self._told: list[dict[str, Any]] = []
        self._had: dict[int, str] = {}  # receiver -> the message it took, though another one did not
        self._receivers = []
        for number, url in enumerate(urls, 1):
            one = apprise.Apprise()
            if not one.add(url):
                raise ConfigError(f"apprise: URL {number} of the secret is none that Apprise knows")
            self._receivers.append(one)

    def items(self, reports: Sequence[Report]) -> Iterable[Item]:
        """The events, listed devices first."""
        return events(reports, self._types, self._lists)

    def compare(self, item: Item) -> Done:
        """Receivers can't be asked what they have: the journal knows."""
        return Done.UPDATED if item.turn else Done.CREATED

    def put(self, item: Item) -> Done:
        """Keep it for the message."""
        self._told.append(event(item))
        return Done.UPDATED if item.turn else Done.CREATED

    def flush(self) -> None:
        """Send the message to all who don't have it yet."""
        told, self._told = self._told, []
        title, body = message(told)
        failed = []
        for number, receiver in enumerate(self._receivers, 1):
            if self._had.get(number) == body:
                continue
            try:
                took = bool(
                    receiver.notify(title=title, body=body, body_format=self._library.NotifyFormat.TEXT)
                )
            except Exception:  # of plugins by many hands; its text may hold the URL
                took = False
            if took:
                self._had[number] = body
            else:
                failed.append(number)
        if failed:
            which = ", ".join(map(str, failed))
            raise ExportError("apprise", f"no message to receiver {which} of {len(self._receivers)}", retry=True)

    def close(self) -> None:
        """Nothing stays open."""


def message(told: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Title and plain text about these events: counts, then a line for each of the first devices."""
    counts = Counter(one["type"] for one in told)
    said = [f"{counts[type]} {HEADINGS[type]}" for type in TYPES.values() if counts[type]]
    title = f"netcam: {', '.join(said)}"
    lines = []
    for type in TYPES.values():
        # A device on three lists is one line; the same device is not told again as new.
        found: dict[tuple[str | None, str], list[Mapping[str, Any]]] = {}
        for one in told:
            if one["type"] == type:
                found.setdefault((one["site"], one["device"]["id"]), []).append(one)
        if not found:
            continue
        lines += ["", f"{HEADINGS[type][0].upper()}{HEADINGS[type][1:]} ({len(found)}):"]
        for (site, _), events_of_it in list(found.items())[:MOST_LINES]:
            lists = ", ".join(one["verdict"]["list"] for one in events_of_it if one["verdict"])
            line = f"{who(events_of_it[0]['device'])}{f' in {site}' if site else ''}{f': {lists}' if lists else ''}"
            lines.append(f"- {inert(line)}")
        if len(found) > MOST_LINES:
            lines.append(f"- and {len(found) - MOST_LINES} more")
    return title, "\n".join(lines).strip()


def inert(text: str) -> str:
    """Text in which no chat finds markup, a mention or a link."""
    text = text if len(text) <= LINE_LIMIT else text[: LINE_LIMIT - 1] + "…"
    return text.translate(INERT).replace("://", ":∕∕")


def _make(settings: Settings) -> Apprise:
    urls = [line.strip() for line in settings.token.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not urls or len(urls) > MOST_URLS:
        raise ConfigError(f"apprise: the secret holds {len(urls)} URLs, one a line; 1 to {MOST_URLS} can be used")
    return Apprise(urls, types=wanted(settings), lists=settings.many("list"))


EXPORT = Export(
    name="apprise",
    title="one summary message to e-mail or chat",
    make=_make,
    options=OPTIONS,
    needs=frozenset({"token"}),
    secret="the Apprise URLs, one a line",  # noqa: S106 - what it is, not one
)
