"""What one emulated device is: its truth, and what it says on each port. The data are in profiles/*.toml."""

from __future__ import annotations

import hashlib
import tomllib
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from netcam.errors import ConfigError

FOLDER = Path(__file__).with_name("profiles")


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What the device really is, whatever it says; None where the profile doesn't settle it."""

    is_cctv: bool | None = None
    device_type: str | None = None
    maker: str | None = None
    brand: str | None = None
    model: str | None = None
    firmware: str | None = None
    serial: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One HTTP answer.

    A `path` without a query answers every query. `ending` is what follows the body: "close", "stall" (more was promised
    and never comes) or "endless" (the body again and again).
    """

    path: str
    method: str = "GET"
    status: int = 200
    reason: str = ""
    headers: tuple[str, ...] = ()
    body: str = ""
    body_hex: str = ""
    ending: str = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpService:
    """One open TCP port.

    `speak`: "http", "rtsp", "greet" (sends `greeting` first), "endless" (sends it for ever) or "silent".
    `tls` names a pair in certs/; `tls_version` holds the server to one version. `soap` puts the device's ONVIF service
    on this HTTP port. `rtsp` maps a method to its answer: status line first, then headers.
    """

    port: int
    speak: str
    tls: str = ""
    tls_version: str = ""
    soap: bool = False
    headers: tuple[str, ...] = ()
    pages: tuple[Page, ...] = ()
    greeting: str = ""
    rtsp: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Onvif:
    """The ONVIF side: WS-Discovery and the SOAP calls.

    `needs_types` and `needs_own_xmlns` are the habits of stacks that stay silent otherwise; `vendor_probe` is the name
    of a vendor's own question, in the vendor's documented namespace. `info` holds GetDeviceInformation for a device
    that gives it to anybody; without it the call is refused with `refusal_status`. `more_scopes` counts scopes to make
    up, `raw` replaces the whole discovery answer.
    """

    types: tuple[str, ...] = ("dn:NetworkVideoTransmitter",)
    scopes: tuple[str, ...] = ()
    more_scopes: int = 0
    xaddrs: tuple[str, ...] = ()
    endpoint: str = "urn:uuid:00000000-0000-4000-8000-@mac12@"
    message_id: str = "urn:uuid:@uuid@"
    prefix: str = "env"
    discovery_prefix: str = "d"
    needs_types: bool = False
    needs_own_xmlns: bool = False
    vendor_probe: str = ""
    namespaces: tuple[str, ...] = (
        "http://www.onvif.org/ver10/device/wsdl",
        "http://www.onvif.org/ver10/media/wsdl",
    )
    hostname: str = ""
    clock: str = "2026-01-15T10:00:00"
    refusal_status: int = 400
    info: Mapping[str, str] = field(default_factory=dict)
    raw: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """One DNS-SD instance; `type` and `name` without the trailing ".local."."""

    type: str
    name: str
    port: int
    host: str
    txt: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ssdp:
    """How a device answers SSDP."""

    server: str
    location: str
    uuid: str = "00000000-0000-4000-8000-@mac12@"
    targets: tuple[str, ...] = ("upnp:rootdevice",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One device.

    `basis` says where its texts come from. `mac` is the address on the wire, `claimed_mac` the one it speaks of
    when it lies; `serial` is the pattern that `truth.serial` is made from (`@unit@`, `@MAC12@`). `sadp` and `dhip`
    override fields of the documented answer (None: that protocol is not spoken; an empty text leaves a field out),
    `sadp_raw` replaces the whole answer. `datagrams` are vendor protocols by their module in
    `netcam.demo.datagrams`. `sadp_to_group` and `dhip_unicast_only` are habits seen in the field. `delay_s` delays
    every answer, `drop_every` loses each n-th datagram; `filtered` and `loss_percent` need a packet filter and act
    in the namespace lab only.
    """

    name: str
    basis: str
    mac: str
    truth: Truth
    serial: str = ""
    claimed_mac: str = ""
    tcp: tuple[TcpService, ...] = ()
    sadp: Mapping[str, str] | None = None
    sadp_raw: str = ""
    sadp_to_group: bool = False
    dhip: Mapping[str, Any] | None = None
    dhip_unicast_only: bool = False
    onvif: Onvif | None = None
    mdns: tuple[Announced, ...] = ()
    ssdp: Ssdp | None = None
    datagrams: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    delay_s: float = 0.0
    drop_every: int = 0
    filtered: bool = False
    loss_percent: int = 0

    def variant(self, number: int) -> Profile:
        """The same kind of device as another unit, 1 to 255: other name, MAC and serial. Number 0 is this one."""
        mac = f"{self.mac[:12]}{number:02x}{self.mac[14:]}" if number else self.mac
        name = f"{self.name}-{number}" if number else self.name
        serial = _serial(self.serial, mac, number)
        return replace(self, name=name, mac=mac, truth=replace(self.truth, serial=serial or None))

    def facts(self, ip: str) -> dict[str, str]:
        """The words that `@word@` in a text of this profile stands for, for the device at `ip`."""
        claimed = self.claimed_mac or self.mac
        plain = claimed.replace(":", "")
        truth = self.truth
        return {
            "ip": ip, "gateway": ip.rsplit(".", 1)[0] + ".1",
            "mac": claimed, "mac_hyphen": claimed.replace(":", "-"), "mac12": plain, "MAC12": plain.upper(),
            "id12": hashlib.sha256(claimed.encode()).hexdigest()[:12],  # for ids that are not made from the MAC
            "model": truth.model or "", "firmware": truth.firmware or "",
            "serial": truth.serial or "", "serial_end": (truth.serial or "")[-9:],
        }


def filled(text: str, facts: Mapping[str, str]) -> str:
    """`text` with each `@word@` of `facts` replaced; `@uuid@` and `@nonce@` are fresh every time."""
    for word, value in facts.items():
        text = text.replace(f"@{word}@", value)
    if "@uuid@" in text:
        text = text.replace("@uuid@", str(uuid.uuid4()))
    return text.replace("@nonce@", uuid.uuid4().hex) if "@nonce@" in text else text


def load_profiles(*names: str) -> tuple[Profile, ...]:
    """The named devices in the order asked, or every device of every file when no name is given.

    Raises:
        ConfigError: no such device, or a table that is no profile.
    """
    known = {profile.name: profile for file in profile_files() for profile in read_profiles(file)}
    missing = [name for name in names if name not in known]
    if missing:
        raise ConfigError(f"no emulated device is named {missing[0]}; known: {', '.join(sorted(known))}")
    return tuple(known[name] for name in names) if names else tuple(known.values())


def profile_files() -> tuple[str, ...]:
    """The names of the files that hold devices, without their suffix."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def read_profiles(file: str) -> tuple[Profile, ...]:
    """The devices of one file, in its order."""
    tables: Iterable[dict[str, Any]] = tomllib.loads((FOLDER / f"{file}.toml").read_text("utf-8"))["device"]
    return tuple(_profile(file, table) for table in tables)


def _profile(file: str, table: dict[str, Any]) -> Profile:
    try:
        truth = Truth(**table.pop("truth"))
        services = tuple(s for t in table.pop("tcp", ()) for s in _services(t))
        onvif = Onvif(**_tuples(table.pop("onvif"))) if "onvif" in table else None
        mdns = tuple(Announced(**_tuples(entry)) for entry in table.pop("mdns", ()))
        ssdp = Ssdp(**_tuples(table.pop("ssdp"))) if "ssdp" in table else None
        return Profile(truth=truth, tcp=services, onvif=onvif, mdns=mdns, ssdp=ssdp, **table).variant(0)
    except (TypeError, KeyError) as error:
        raise ConfigError(f"profiles/{file}.toml, {table.get('name', '?')}: {error}") from error


def _serial(template: str, mac: str, number: int) -> str:
    return template.replace("@unit@", f"{number + 1:04d}").replace("@MAC12@", mac.replace(":", "").upper())


def _services(table: dict[str, Any]) -> tuple[TcpService, ...]:
    ports = table.pop("ports", None) or [table.pop("port")]
    pages = tuple(Page(**_tuples(page)) for page in table.pop("pages", ()))
    rtsp = {method: tuple(lines) for method, lines in table.pop("rtsp", {}).items()}
    return tuple(TcpService(port=port, pages=pages, rtsp=rtsp, **_tuples(dict(table))) for port in ports)


def _tuples(table: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
