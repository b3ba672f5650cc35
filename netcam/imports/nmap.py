"""nmap's XML (`nmap -oX`): open ports, MACs, names, and the raw output of scripts and unmatched probes.

What nmap concludes (product, vendor, operating system, CPE) is another tool's opinion about the same bytes, and is left
out. Layout: nmap's `docs/nmap.dtd`; the scripts' output as their sources write it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO
from xml.parsers import expat

from netcam.errors import DecodeError
from netcam.imports.base import (
    Fact,
    Format,
    Found,
    How,
    Sighting,
    Trouble,
    address,
    certificate,
    hardware,
    http_facts,
    number,
    seconds,
)
from netcam.probes.banner import named
from netcam.probes.rtsp import answer_facts as rtsp_facts
from netcam.wire.rtsp import decode_response
from netcam.wire.xml import Node

CHUNK = 1 << 16  # bytes read at a time
TOKEN_LIMIT = 1 << 23  # bytes of one tag: a script's output stands in one, and servers decide how long it is
NODE_LIMIT = 100_000  # elements of one host: all its 65,535 ports and their scripts
DEPTH_LIMIT = 32
TEXT_LIMIT = 1 << 24  # characters of one host

_NAMES = {
    "commonName": "CN", "organizationName": "O", "organizationalUnitName": "OU", "countryName": "C",
    "stateOrProvinceName": "ST", "localityName": "L", "emailAddress": "emailAddress",
}  # fmt: skip
_UPNP = {
    "Server": "ssdp.server", "Location": "ssdp.location", "Name": "upnp.friendlyname",
    "Manufacturer": "upnp.manufacturer", "Model Descr": "upnp.modeldescription", "Model Name": "upnp.modelname",
    "Model Version": "upnp.modelnumber",
}  # fmt: skip
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ANSWER = re.compile(r'%r\((\w{1,40}),[0-9A-Fa-f]{1,6},"((?:[^"\\]|\\.){0,65536})"\)', re.DOTALL)
_REALM = re.compile(r"\brealm=(.*?)(?= \w+=|$)")
_REDIRECT = re.compile(r"(?:Did not follow redirect to|Requested resource was) (\S+)")
_NETBIOS = re.compile(r"NetBIOS (name|MAC): ([^,\s]{1,64})")


def _looks(head: str) -> bool:
    return "<nmaprun" in head or "<!DOCTYPE nmaprun" in head


class _Hosts:
    """Collects one host's elements at a time; what a host gives is in `found` when its element ends."""

    def __init__(self) -> None:
        self.found: list[Sighting | Trouble] = []
        self.fed = self.moved = 0  # bytes given to the parser, and how many of them when it last had a whole token
        self._parser = expat.ParserCreate()
        self._open: list[Node] = []
        self._count = self._size = self._depth = 0
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.EntityDeclHandler = self._entity
        self._parser.CommentHandler = self._text

    def feed(self, chunk: bytes, *, last: bool = False) -> None:
        """
        Raises:
            expat.ExpatError: no XML from here on.
            DecodeError: entities, an encoding nobody knows, or larger than any scan is.
        """
        self.fed += len(chunk)
        try:
            self._parser.Parse(chunk, last)
        except (LookupError, ValueError) as error:
            if isinstance(error, DecodeError):
                raise
            raise DecodeError("nmap", self.moved, f"the encoding can't be read: {error}") from error
        if self.fed - self.moved > TOKEN_LIMIT:
            raise DecodeError("nmap", self.moved, f"a tag of more than {TOKEN_LIMIT} bytes")

    @property
    def line(self) -> int:
        """Where the reader is."""
        return self._parser.CurrentLineNumber

    def _doctype(self, name: str, system: str | None, public: str | None, internal: bool) -> None:
        if internal:
            raise DecodeError("nmap", self.fed, "XML with a document type of its own")

    def _entity(self, *_: object) -> None:
        raise DecodeError("nmap", self.fed, "XML with entities")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.moved = self.fed
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise DecodeError("nmap", self.fed, "XML too deep")
        if name == "host" and not self._open:
            self._count = self._size = 0
        elif not self._open:
            return
        self._count += 1
        self._size += sum(len(value) for value in attributes.values())
        if self._count > NODE_LIMIT or self._size > TEXT_LIMIT:
            if self._count <= NODE_LIMIT + 1:
                self.found.append(Trouble(self.line, "a host with more in it than is kept"))
                self._count = NODE_LIMIT + 1
            self._open.append(Node(name=name))  # counted, not kept
            return
        node = Node(name=name, attributes=attributes)
        if self._open:
            self._open[-1].children.append(node)
        self._open.append(node)

    def _text(self, text: str) -> None:
        self.moved = self.fed
        if self._open and self._size <= TEXT_LIMIT:
            self._size += len(text)
            self._open[-1].text += text

    def _end(self, name: str) -> None:
        self.moved = self.fed
        self._depth -= 1
        if self._open:
            node = self._open.pop()
            if not self._open:
                self.found.extend(_host(node))


def read(stream: BinaryIO) -> Found:
    """The hosts of one scan, each when its element ends; a file that breaks off gives those before."""
    hosts = _Hosts()
    trouble = None
    while trouble is None:
        chunk = stream.read(CHUNK)
        try:
            hosts.feed(chunk, last=not chunk)
        except expat.ExpatError as error:
            trouble = Trouble(error.lineno, f"not well-formed from here on: {expat.ErrorString(error.code)}", ends=True)
        except DecodeError as error:
            trouble = Trouble(hosts.line, error.reason, ends=True)
        yield from hosts.found
        hosts.found.clear()
        if not chunk:
            break
    if trouble is not None:
        yield trouble


def _host(host: Node) -> Iterator[Sighting]:
    ip = mac = None
    for node in host.children:
        if node.name == "address":
            kind, text = node.attributes.get("addrtype"), node.attributes.get("addr")
            if kind == "mac":
                mac = hardware(text)
            else:
                ip = ip or address(text)
    status = next((node for node in host.children if node.name == "status"), None)
    if ip is None or (status is not None and status.attributes.get("state") != "up"):
        return
    at = seconds(host.attributes.get("endtime"))
    if mac is not None:
        yield Sighting(How.NEIGHBOUR, ip, mac, at=at)
    if status is not None and status.attributes.get("reason") not in (None, "user-set", "localhost-response"):
        yield Sighting(How.ASKED, ip, facts=(("alive", "nmap"),), at=at)
    names = tuple(
        ("dns.ptr", node.attributes["name"])
        for node in host.all("hostname")
        if node.attributes.get("type") == "PTR" and node.attributes.get("name")
    )
    if names:
        yield Sighting(How.ASKED, ip, facts=names, at=at)
    for port in host.all("port"):
        state = next((n.attributes.get("state") for n in port.children if n.name == "state"), None)
        at_port, transport = number(port.attributes.get("portid")), port.attributes.get("protocol")
        if state != "open" or at_port is None or transport not in ("tcp", "udp"):
            continue
        facts = tuple(dict.fromkeys(_port(port, at_port, transport)))
        if facts:
            yield Sighting(How.ASKED, ip, None, at_port, transport, facts, at)
    for scripts in host.children:
        if scripts.name == "hostscript":
            facts = tuple(fact for node in scripts.children for fact in _script(node, 0))
            if facts:
                yield Sighting(How.ASKED, ip, facts=facts, at=at)


def _port(port: Node, at: int, transport: str) -> Iterator[Fact]:
    if transport == "tcp":
        yield "tcp.open", str(at)
    for node in port.children:
        if node.name == "script":
            yield from _script(node, at)
        elif node.name == "service":
            yield from _answers(node.attributes.get("servicefp", ""), at)


def _script(script: Node, at: int) -> Iterator[Fact]:
    reader = _SCRIPTS.get(script.attributes.get("id", ""))
    if reader is not None:
        yield from ((kind, text) for kind, text in reader(script, at) if text.strip())


def _answers(fingerprint: str, at: int) -> Iterator[Fact]:
    """The raw answers that nmap prints of a service it does not know."""
    for probe, escaped in _ANSWER.findall(fingerprint):
        raw = _unescaped(escaped)
        if probe == "NULL":
            yield named(at, raw)
        elif probe == "GetRequest" and (facts := http_facts(raw)):
            yield from facts
        elif probe == "RTSPRequest" and raw.startswith(b"RTSP/"):
            try:
                told = tuple(rtsp_facts("OPTIONS", decode_response(raw)))
            except DecodeError:
                continue
            yield from ((kind, text) for kind, text in told if text)


def _unescaped(text: str) -> bytes:
    short = {"r": "\r", "n": "\n", "t": "\t", "0": "\0"}
    shown = _ESCAPE.sub(lambda m: chr(int(m[1][1:], 16)) if len(m[1]) == 3 else short.get(m[1], m[1]), text)
    return shown.encode("latin-1", "replace")


# -- scripts -----------------------------------------------------------------------------------------------------------


def _output(script: Node) -> list[str]:
    return [line.strip() for line in script.attributes.get("output", "").splitlines() if line.strip()]


def _element(script: Node, key: str) -> str | None:
    return next((node.text for node in script.all("elem") if node.attributes.get("key") == key and node.text), None)


def _title(script: Node, _: int) -> Iterator[Fact]:
    lines = _output(script)
    title = _element(script, "title") or (lines[0] if lines else "")
    if title and not title.startswith(("Site doesn't have a title", "Did not follow redirect")):
        yield "http.title", title
    if there := _REDIRECT.search(script.attributes.get("output", "")):
        yield "http.location", there[1]


def _server(script: Node, _: int) -> Iterator[Fact]:
    yield from (("http.server", line) for line in _output(script))


def _headers(script: Node, _: int) -> Iterator[Fact]:
    lines = [line for line in _output(script) if not line.startswith("(Request type")]
    facts = http_facts("\r\n".join((*lines, "", "")).encode("utf-8", "replace"))
    yield from (fact for fact in facts if fact[0] != "http.headers")  # nmap repeats and reorders names


def _auth(script: Node, _: int) -> Iterator[Fact]:
    for line in _output(script):
        scheme, rest = line.split(" ", 1) if " " in line else (line, "")
        if scheme in ("Basic", "Digest") and (realm := _REALM.search(rest)):
            yield "http.wwwauth", f'{scheme} realm="{realm[1]}"'


def _certificate(script: Node, _: int) -> Iterator[Fact]:
    pem = re.sub(r"-----[A-Z ]+-----|\s", "", _element(script, "pem") or "")
    try:
        facts = certificate(base64.b64decode(pem, validate=True)) if pem else ()
    except binascii.Error:
        facts = ()
    if facts:
        yield from facts
        return
    for table in script.all("table"):
        if table.attributes.get("key") in ("subject", "issuer"):
            said = [(_NAMES.get(n.attributes.get("key", "")), n.text) for n in table.children if n.name == "elem"]
            yield f"tls.{table.attributes['key']}", ", ".join(f"{name}={text}" for name, text in said if name)


def _rtsp(script: Node, _: int) -> Iterator[Fact]:
    yield "rtsp.public", " ".join(_output(script))


def _upnp(script: Node, _: int) -> Iterator[Fact]:
    said: dict[str, str] = {}
    for line in _output(script):
        key, colon, value = line.partition(": ")
        if colon and key in _UPNP:
            said.setdefault(_UPNP[key], value)  # the first is the device itself, others are embedded in it
    yield from said.items()


def _snmp(script: Node, _: int) -> Iterator[Fact]:
    yield "snmp.sysdescr", "\n".join(line for line in _output(script) if not line.startswith("System uptime:"))


def _banner(script: Node, at: int) -> Iterator[Fact]:
    yield named(at, _unescaped(script.attributes.get("output", "")))


def _icon(script: Node, _: int) -> Iterator[Fact]:
    if found := re.search(r"favicon MD5: ([0-9A-Fa-f]{32})", script.attributes.get("output", "")):
        yield "favicon.md5", found[1].lower()


def _netbios(script: Node, _: int) -> Iterator[Fact]:
    for what, text in _NETBIOS.findall(script.attributes.get("output", "")):
        if what == "name":
            yield "netbios.name", text
        elif mac := hardware(text):
            yield "netbios.mac", mac


_SCRIPTS: dict[str, Callable[[Node, int], Iterator[Fact]]] = {
    "http-title": _title, "http-server-header": _server, "http-headers": _headers, "http-auth": _auth,
    "http-favicon": _icon, "ssl-cert": _certificate, "rtsp-methods": _rtsp, "upnp-info": _upnp,
    "snmp-sysdescr": _snmp, "banner": _banner, "nbstat": _netbios,
}  # fmt: skip

FORMAT = Format(name="nmap", title="nmap XML", looks=_looks, read=read)
