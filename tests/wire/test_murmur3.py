import pytest

from netcam.wire.murmur3 import favicon_mmh3, murmur3_32


@pytest.mark.parametrize(
    ("data", "seed", "expected"),
    [
        # test values that go round with the algorithm
        (b"", 0, 0),
        (b"", 1, 0x514E28B7),
        (b"test", 0, 0xBA6BD213),
        (b"Hello, world!", 0, 0xC0363E43),
        (b"The quick brown fox jumps over the lazy dog", 0, 0x2E4FF723),
        (b"\xff\xff\xff\xff", 0, 0x76293B50),
    ],
)
def test_known_hashes(data, seed, expected):
    assert murmur3_32(data, seed) & 0xFFFFFFFF == expected


def test_the_number_is_signed():
    assert murmur3_32(b"test") == 0xBA6BD213 - (1 << 32)


def test_an_icon_is_hashed_over_its_base64_lines():
    icon = bytes(range(100))
    assert favicon_mmh3(icon) == murmur3_32(
        b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4\n"
        b"OTo7PD0+P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFiYw==\n"
    )
