"""What an RTSP service says before a login."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from netcam.errors import DecodeError
from netcam.model import Observation, RunStatus
from netcam.probes.base import Contact, ProbeIO, ProbeSpec, Stream, Transport, Trigger
from netcam.wire.rtsp import RtspAnswer, decode_response, encode_describe, encode_options

READ_LIMIT = 8192  # bytes of one answer
WAIT_S = 3.0  # for one answer


class RtspProbe:
    """OPTIONS, and one DESCRIBE of the root when that gave no challenge. No stream is ever set up."""

    spec = ProbeSpec(
        name="rtsp",
        summary="RTSP server, realm and methods",
        transport=Transport.TCP,
        timeout_s=10.0,
        trigger=Trigger(ports=frozenset({322, 554, 5554, 8554, 10554})),
        contact=Contact.CONNECT,
        emits=frozenset({"rtsp.server", "rtsp.realm", "rtsp.public", "rtsp.headers", "rtsp.session", "rtsp.status"}),
    )

    async def run(self, io: ProbeIO) -> AsyncIterator[Observation]:
        ip, port = io.target.ip, io.target.port
        if ip is None or port is None:
            return
        async with io.stream(tls=io.tls) as stream:
            for method, question in (("OPTIONS", encode_options(ip, port)), ("DESCRIBE", encode_describe(ip, port))):
                await stream.send(question)
                raw = await _read_answer(stream)
                answer = _answer(raw)
                if answer is None:
                    if method == "OPTIONS":
                        io.report(*((RunStatus.MALFORMED, "not RTSP") if raw else (RunStatus.SILENT, "")))
                    return
                for seen in io.observe(answer_facts(method, answer)):
                    yield seen
                if answer.challenges:
                    return


async def _read_answer(stream: Stream) -> bytes:
    """Bytes up to the end of the head, and the start of a body that came along."""
    raw = b""
    while len(raw) < READ_LIMIT and b"\r\n\r\n" not in raw and b"\n\n" not in raw:
        part = await stream.read(READ_LIMIT - len(raw), WAIT_S)
        if not part:
            break
        raw += part
    return raw


def _answer(raw: bytes) -> RtspAnswer | None:
    try:
        return decode_response(raw)
    except DecodeError:
        return None


def answer_facts(method: str, answer: RtspAnswer) -> Iterator[tuple[str, str | None]]:
    """(kind, text) pairs of one answer to a question by `method`."""
    yield "rtsp.status", f"{method} {answer.status}"
    yield "rtsp.server", answer.server
    for challenge in answer.challenges:  # whole: the parameters around a realm are part of what makes it a sign
        yield "rtsp.realm", challenge
    yield "rtsp.public", answer.public
    yield "rtsp.session", answer.session_name
    yield "rtsp.headers", answer.block


PROBE = RtspProbe()
