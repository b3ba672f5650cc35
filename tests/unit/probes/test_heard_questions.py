"""A question that passes by is no device and no broken answer: codecs tell answers from questions."""

import pytest
from fake_io import FakeIO

from netcam.errors import DecodeError, HeardQuestion
from netcam.probes import all_probes, datagram_decoders
from netcam.probes.base import Transport


def questions():
    """(port, datagram) of everything that a discovery probe of ours asks."""
    for probe in all_probes():
        if probe.spec.transport is Transport.UDP_GROUP:
            io = FakeIO(replies=[])
            io.run(probe)
            for datagram in dict.fromkeys(io.sent):
                for port in filter(None, (*probe.spec.ports, probe.spec.bind_port)):
                    yield pytest.param(port, datagram, id=probe.spec.name)


@pytest.mark.parametrize(("port", "datagram"), list(questions()))
def test_whoever_asks_is_no_device(port, datagram):
    for _, decode in datagram_decoders().get(port, ()):
        try:
            said = [text for _, text in decode(datagram) if text]
        except DecodeError:
            continue
        assert said == []


def heard_by_us():
    """Those that come to where we listen for answers ourselves."""
    for probe in all_probes():
        if probe.spec.groups or probe.spec.answer_groups or probe.spec.bind_port in probe.spec.ports:
            yield probe


@pytest.mark.parametrize(
    "probe", [p for p in heard_by_us() if p.spec.transport is Transport.UDP_GROUP], ids=lambda p: p.spec.name
)
def test_a_question_heard_where_answers_come_is_known_as_one(probe):
    io = FakeIO(replies=[])
    io.run(probe)
    assert io.sent
    for datagram in io.sent:
        heard = []
        for _, decode in datagram_decoders()[probe.spec.ports[0]]:
            with pytest.raises(DecodeError) as error:
                raise_unless_silent(decode, datagram)
            heard.append(type(error.value))
        assert HeardQuestion in heard


def raise_unless_silent(decode, datagram):
    if not tuple(decode(datagram)):
        raise DecodeError("test", 0, "nothing told")
