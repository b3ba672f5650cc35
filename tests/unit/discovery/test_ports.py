"""Port lists as an operator writes them."""

import pytest

from netcam.discovery.ports import DEFAULT_PORTS, parse_ports
from netcam.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("80", (80,)),
        ("443,80,443", (443, 80)),
        ("8000-8003", (8000, 8001, 8002, 8003)),
        (" tcp/80 , 81 ", (80, 81)),
        ("1,65535", (1, 65535)),
    ],
)
def test_ports_are_read_in_their_order_and_once(text, ports):
    assert parse_ports(text) == ports


@pytest.mark.parametrize("text", ["", "0", "65536", "90-80", "http", "80,", "80-", "-80", "80--81", "1.5", "udp/53"])
def test_what_is_no_port_is_named(text):
    with pytest.raises(ConfigError) as error:
        parse_ports(text)
    assert repr(text.split(",")[-1].strip()) in str(error.value)


def test_the_default_ports_are_distinct_and_few():
    assert len(set(DEFAULT_PORTS)) == len(DEFAULT_PORTS) <= 40
    assert all(0 < port < 65536 for port in DEFAULT_PORTS)
