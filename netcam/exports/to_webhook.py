"""Events by HTTP POST, one request an event, signed as Standard Webhooks 1.0 says (https://www.standardwebhooks.com).

The header `webhook-id` is the same at every try of one event, so that a receiver can tell a repeat whose answer was
lost. docs/inventory/webhook.md shows how to check the signature.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, ClassVar

from netcam.errors import ConfigError
from netcam.exports.base import Done, Export, Item, Option, Settings
from netcam.exports.events import OPTIONS, event, events, wanted
from netcam.exports.http import Http
from netcam.exports.ocsf import encode_ocsf
from netcam.model.report import Report
from netcam.report.to_json import encode_plain

FORMS: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {"json": lambda told: told, "ocsf": encode_ocsf}
PREFIX = "whsec_"  # of a secret in base64; any other text is the key itself
KEY_BYTES = 16  # a shorter key can be guessed from one signed message


class Webhook:
    """One receiver. `key` signs; None for a receiver that wants no signature."""

    name: ClassVar[str] = "webhook"
    once: ClassVar[bool] = True

    def __init__(
        self,
        http: Http,
        *,
        key: bytes | None,
        types: frozenset[str],
        lists: Sequence[str] = (),
        form: str = "json",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._http, self._key, self._types, self._lists = http, key, types, tuple(lists)
        self._encode, self._clock = FORMS[form], clock

    def items(self, reports: Sequence[Report]) -> Iterable[Item]:
        """The events, listed devices first."""
        return events(reports, self._types, self._lists)

    def compare(self, item: Item) -> Done:
        """A receiver can't be asked what it has: the journal knows."""
        return Done.UPDATED if item.turn else Done.CREATED

    def put(self, item: Item) -> Done:
        """One request. Its signature is made anew at each try, since receivers refuse old ones."""
        told = event(item)
        body = encode_plain(self._encode(told))
        headers = {"content-type": "application/json", "x-netcam-event": str(told["type"]), "webhook-id": told["id"]}
        stamp = str(int(self._clock()))
        headers["webhook-timestamp"] = stamp
        if self._key is not None:
            headers["webhook-signature"] = signature(self._key, told["id"], stamp, body)
        self._http.request("POST", body=body, headers=headers)
        return Done.UPDATED if item.turn else Done.CREATED

    def close(self) -> None:
        """End the connections."""
        self._http.close()


def signature(key: bytes, id: str, stamp: str, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over `id.stamp.body`."""
    made = hmac.new(key, f"{id}.{stamp}.".encode() + body, sha256).digest()
    return f"v1,{base64.b64encode(made).decode('ascii')}"


def signing_key(secret: str) -> bytes | None:
    """The key that a secret stands for; None where there is none.

    Raises:
        ConfigError: one that can't be used; the text doesn't repeat it.
    """
    if not secret:
        return None
    key = secret.encode()
    if secret.startswith(PREFIX):
        try:
            key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except (binascii.Error, ValueError):
            raise ConfigError(f"webhook: the secret begins with {PREFIX}, but what follows is no base64") from None
    if len(key) < KEY_BYTES:
        raise ConfigError(f"webhook: the secret is shorter than {KEY_BYTES} bytes")
    return key


def _make(settings: Settings) -> Webhook:
    form = settings.one("form", "json")
    if form not in FORMS:
        raise ConfigError(f"-O form: one of {', '.join(FORMS)}")
    types, key = wanted(settings), signing_key(settings.token)
    http = Http(
        "webhook", settings.url, ca_file=settings.ca_file, total_s=settings.timeout_s,
        secrets=(settings.token, settings.token.removeprefix(PREFIX)),
    )  # fmt: skip
    return Webhook(http, key=key, types=types, lists=settings.many("list"), form=form)


EXPORT = Export(
    name="webhook",
    title="events by HTTP POST, signed with HMAC-SHA256",
    make=_make,
    options=(*OPTIONS, Option(name="form", help="json, or ocsf", default="json")),
    needs=frozenset({"url"}),
    takes=frozenset({"token", "ca"}),
    secret="the secret that signs",  # noqa: S106 - what it is, not one
    url="https://HOST/PATH",
)
