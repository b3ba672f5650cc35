"""The codecs of platforms' search answers, against every cut of a good answer and against noise."""

import pytest
from captured import capture
from hypothesis import given, settings
from hypothesis import strategies as st

from netcam.errors import DecodeError
from netcam.probes.vendor import bosch_rcp, dahua_5050, mhed, uniview, xiongmai

CASES = {
    "bosch-rcp": (bosch_rcp.decode_detected, capture("bosch-rcp/binary")),
    "bosch-rcp-xml": (bosch_rcp.decode_detected, capture("bosch-rcp/xml")),
    "dahua-5050": (dahua_5050.decode_found, capture("dahua-5050/camera")),
    "mhed": (mhed.decode_announcement, capture("mhed/camera")),
    "uniview": (uniview.decode_matches, capture("uniview/camera")),
    "xiongmai": (xiongmai.decode_found, capture("xiongmai/board")),
    "xiongmai-short": (xiongmai.decode_found, capture("xiongmai/short")),
}
every_decoder = pytest.mark.parametrize("name", CASES)


def outcome(name, data):
    """What the decoder says, or None when it named the byte that failed; anything else is a failure of the test."""
    decode, _ = CASES[name]
    try:
        result = decode(data)
    except DecodeError as error:
        assert 0 <= error.offset <= len(data)  # noqa: PT017 - decoding is as good an outcome
        return None
    return result


@every_decoder
def test_the_whole_answer_decodes(name):
    assert outcome(name, CASES[name][1])


@every_decoder
def test_an_answer_cut_at_any_byte_gives_no_shortened_text(name):
    good = CASES[name][1]
    whole = dict(outcome(name, good))
    for cut in range(len(good)):
        for kind, text in outcome(name, good[:cut]) or ():
            assert text in (None, whole[kind])


@every_decoder
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_cut_answer_with_a_strange_tail_decodes_or_names_the_byte(name, data):
    good = CASES[name][1]
    cut = data.draw(st.integers(0, len(good)))
    outcome(name, good[:cut] + data.draw(st.binary(max_size=64)) + good[cut : data.draw(st.integers(cut, len(good)))])


@every_decoder
@settings(max_examples=40, deadline=None)
@given(noise=st.binary(max_size=300))
def test_noise_decodes_or_names_the_byte(name, noise):
    outcome(name, noise)


@every_decoder
@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_one_changed_byte_decodes_or_names_the_byte(name, at, byte):
    good = bytearray(CASES[name][1])
    good[at % len(good)] = byte
    outcome(name, bytes(good))
