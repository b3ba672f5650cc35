"""TCP connections that pass by: the first bytes of both sides, in order, and what the server said with them."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from netcam.errors import DecodeError
from netcam.model import Endpoint, IPAddress
from netcam.probes import decoders, http_banner, rtsp
from netcam.probes.banner import named
from netcam.probes.base import Header, HttpReply
from netcam.probes.quiet_ports import QUIET_PORTS
from netcam.wire.frames import ACK, FIN, RST, SYN, Packet, Segment
from netcam.wire.http_head import decode_head
from netcam.wire.rtsp import decode_response
from netcam.wire.telnet import strip_negotiation
from netcam.wire.tls_hello import decode_server_name, speaks_tls

STREAM_LIMIT = 4096  # bytes kept of one side of a connection
STREAMS_AT_ONCE = 4096  # connections: 32 MB at most; the one that was silent longest goes first
PIECES = 64  # segments of one side that wait for the one before them
ANSWERS = 8  # answers read on one connection

Said = tuple[Endpoint, list[tuple[str, str | None]]]
"""Who said it, and (kind, text) pairs."""

_WORD = 256  # bytes of a client's segment in which its first word is looked for, past what Telnet negotiates
_ANSWER = re.compile(rb"(?:HTTP/1\.[01]|RTSP/1\.0) \d{3}")
_HTTP_REQUEST = re.compile(rb"^(GET|HEAD|POST|PUT|DELETE|OPTIONS) (\S{1,512}) HTTP/1\.[01]\r?$", re.MULTILINE)
_RTSP_REQUEST = re.compile(
    rb"^([A-Z_]{4,16}) \S{1,512} RTSP/1\.0\r?\n(?:[^\r\n]+\r?\n){0,16}?CSeq: *(\d{1,9})", re.MULTILINE | re.IGNORECASE
)
_LOGIN = re.compile(r"[?=@]")  # cheap cameras take name and password in the address
_CSEQ = re.compile(r"^CSeq: *(\d{1,9})", re.MULTILINE | re.IGNORECASE)
_PERSONAL = re.compile(rb"^(?:cookie|(?:proxy-)?authorization)[ \t]*:", re.MULTILINE | re.IGNORECASE)
# Addresses in these lines repeat what the viewer asked for, and viewers write passwords into addresses.
_ADDRESSES = re.compile(
    r"^(?:content-base|content-location|location|rtp-info)[ \t]*:.*\r?\n?", re.MULTILINE | re.IGNORECASE
)
# What a server tells whoever asks; the rest is for the person who logged in.
_FOR_ANYBODY = frozenset(("http.server", "http.wwwauth", "http.headers"))
# Documents of known form, by a text that stands in no other.
_DOCUMENTS = (
    (b"urn:schemas-upnp-org:device", "upnp.xml"),
    (b"GetDeviceInformationResponse", "onvif.deviceinfo"),
    (b"<DeviceInfo", "isapi.deviceinfo"),
)


@dataclass(slots=True)
class _Side:
    """What one side said: pieces by their place behind `base`, the sequence number of its first byte."""

    base: int | None = None
    pieces: dict[int, bytes] = field(default_factory=dict)

    def add(self, seq: int, data: bytes) -> None:
        if self.base is None:
            self.base = seq
        at = (seq - self.base) & 0xFFFFFFFF
        if at < STREAM_LIMIT and len(self.pieces) < PIECES and len(self.pieces.get(at, b"")) < len(data):
            self.pieces[at] = data[: STREAM_LIMIT - at]

    def text(self) -> bytes:
        """The bytes up to the first gap."""
        out = b""
        for at in sorted(self.pieces):
            if at > len(out):
                break
            out += self.pieces[at][len(out) - at :]
        return out


@dataclass(slots=True)
class _Stream:
    """One connection; `server` is known when it was seen to begin."""

    sides: dict[tuple[IPAddress, int], _Side]
    server: tuple[IPAddress, int] | None = None
    greeting: int | None = None  # bytes the server had said when the client said its first


class Streams:
    """The connections under way. Of each, what was said is told once: when it ends, or has to make room."""

    def __init__(self) -> None:
        self._streams: OrderedDict[tuple[tuple[IPAddress, int], ...], _Stream] = OrderedDict()

    def add(self, packet: Packet, segment: Segment) -> Iterator[Said]:
        """Take in one segment; yields what is known once connections end."""
        src, dst = (packet.src, segment.sport), (packet.dst, segment.dport)
        key = (src, dst) if (int(src[0]), src[1]) <= (int(dst[0]), dst[1]) else (dst, src)
        opens = bool(segment.flags & SYN)
        stream = self._streams.get(key)
        first = (segment.seq + 1) & 0xFFFFFFFF
        if opens and not segment.flags & ACK and stream is not None and stream.sides[src].base != first:
            yield from _told(self._streams.pop(key))  # the same ports again
            stream = None
        if stream is None:
            if not opens and not segment.payload:
                return
            if len(self._streams) >= STREAMS_AT_ONCE:
                yield from _told(self._streams.popitem(last=False)[1])
            stream = self._streams[key] = _Stream({src: _Side(), dst: _Side()})
        self._streams.move_to_end(key)
        if opens:
            stream.sides[src].base = first
            stream.server = src if segment.flags & ACK else dst
            if segment.flags & ACK:
                yield Endpoint(ip=src[0], port=src[1], transport="tcp"), [("tcp.open", str(src[1]))]
        if segment.payload:
            silent_so_far = stream.server == dst and stream.greeting is None
            if silent_so_far and strip_negotiation(segment.payload[:_WORD]):
                stream.greeting = len(stream.sides[dst].text())
            stream.sides[src].add(segment.seq, segment.payload)
        if segment.flags & RST or (segment.flags & FIN and src == stream.server):
            yield from _told(self._streams.pop(key))

    def end(self) -> Iterator[Said]:
        """What those connections said that are still open."""
        while self._streams:
            yield from _told(self._streams.popitem(last=False)[1])


def _told(stream: _Stream) -> Iterator[Said]:
    """What both sides of a connection said: the server about itself, the client by the name it asks for."""
    for at, side in stream.sides.items():
        peer = next(s for other, s in stream.sides.items() if other != at) if len(stream.sides) == 2 else _Side()
        said = side.text()
        if at != stream.server and speaks_tls(said):
            try:
                yield Endpoint(ip=at[0]), [("tls.sni", decode_server_name(said))]
            except DecodeError:
                continue
        elif stream.server in (at, None):
            pairs = list(_server_facts(stream, at, said, peer.text()))
            if pairs:
                yield Endpoint(ip=at[0], port=at[1], transport="tcp"), pairs


def _server_facts(
    stream: _Stream, at: tuple[IPAddress, int], said: bytes, asked: bytes
) -> Iterator[tuple[str, str | None]]:
    """What a side says as a server; nothing when it is none."""
    port = at[1]
    if port in QUIET_PORTS:
        return
    if _ANSWER.match(said):
        if said.startswith(b"RTSP"):
            yield from _rtsp_facts(said, asked)
        else:
            yield from _http_facts(said, asked)
        return
    # A greeting counts up to the client's first word: a login echoes what is typed.
    greeting = said if stream.greeting is None else said[: stream.greeting]
    if stream.server == at and greeting:
        kind, text = named(port, greeting)
        if kind != "port-banner":  # databases greet with the salt of their login
            yield kind, text


def _rtsp_facts(said: bytes, asked: bytes) -> Iterator[tuple[str, str | None]]:
    methods = {number.decode(): method.decode().upper() for method, number in _RTSP_REQUEST.findall(asked)}
    starts = [found.start() for found in re.finditer(rb"^RTSP/1\.0 \d{3}", said, re.MULTILINE)][:ANSWERS]
    for start, end in zip(starts, [*starts[1:], len(said)], strict=True):
        try:
            answer = decode_response(said[start:end])
        except DecodeError:
            return
        number = _CSEQ.search(answer.block)
        method = methods.get(number[1]) if number else None
        for kind, text in rtsp.answer_facts(method or "", answer):
            if kind == "rtsp.headers" and text:
                text = _ADDRESSES.sub("", text)
            if kind != "rtsp.status" or method:
                yield kind, text


def _http_facts(said: bytes, asked: bytes) -> Iterator[tuple[str, str | None]]:
    """Of a conversation with cookies or a login, or whose questions were not heard, only what anybody is told."""
    requests = [(method, path.decode("latin-1")) for method, path in _HTTP_REQUEST.findall(asked)]
    personal = not requests or _PERSONAL.search(asked) is not None
    at = 0
    for number in range(ANSWERS):
        try:
            head = decode_head(said[at:])
        except DecodeError:
            return
        if not head.protocol.startswith("HTTP/") or head.status is None:
            return
        start = at + head.body_offset
        length = head.one("Content-Length")
        end = start + int(length) if length and length.isdigit() and len(length) < 10 else len(said)
        body = said[start:end]
        method, path = requests[number] if number < len(requests) else (b"", "")
        reply = HttpReply(
            url=path, status=head.status, body=body, raw=said[at:end],
            headers=tuple(Header(name=name, value=value) for name, value in head.headers),
        )  # fmt: skip
        whole = not personal and method == b"GET" and not _LOGIN.search(path)
        for kind, text in http_banner.answer_facts(path, reply):
            if kind in _FOR_ANYBODY or whole:
                yield kind, text.partition("?")[0] if kind == "http.location" and text else text
        if not personal and not _LOGIN.search(path):
            yield from _document(body)
        at = end
        if at >= len(said):
            return


def _document(body: bytes) -> Iterator[tuple[str, str | None]]:
    """What a description holds that a device gives to anybody."""
    for mark, kind in _DOCUMENTS:
        if mark in body:
            try:
                yield from decoders()[kind](body)
            except DecodeError:
                pass
            return
