"""A question that passes by is no device: codecs that hear everything tell answers from questions."""

import pytest
from fake_io import FakeIO

from netcam.errors import DecodeError
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
