"""Reads tests/captures; each folder there has a README with the source of its files."""

from pathlib import Path

_FOLDER = Path(__file__).parent / "captures"


def capture(name: str) -> bytes:
    """The bytes of one file, such as "sadp/recorder"."""
    return (_FOLDER / f"{name}.bin").read_bytes()
