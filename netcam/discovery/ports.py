"""Which TCP ports are looked at, and how an operator names others."""

from __future__ import annotations

from netcam.errors import ConfigError

# The ports cameras, recorders and door stations are known to serve, likeliest first, so that questions begin early;
# then those by which other equipment gives itself away. Kept short: every port is a packet to every host of a store.
DEFAULT_PORTS: tuple[int, ...] = (
    80, 443, 554, 8000, 37777, 8080, 34567, 8443, 2020, 8899,  # web, RTSP, three makers' SDKs, ONVIF
    9000, 81, 82, 88, 8081, 8088, 8090, 8554, 10554, 5000,  # another SDK, second web ports, second RTSP ports
    6036, 7001, 7443, 35000, 37778, 49152,  # TVT, Nx servers, UniFi Protect, Lorex, UPnP
    21, 22, 23, 5001, 4443, 8086, 8888, 9443, 10443, 8181,  # consoles, NAS and management pages
)  # fmt: skip


def parse_ports(text: str) -> tuple[int, ...]:
    """Ports of a list like "80,443,8000-8010", in its order and each once.

    Raises:
        ConfigError: naming the part that is no port or range.
    """
    ports: dict[int, None] = {}
    for part in text.split(","):
        first, dash, last = part.strip().removeprefix("tcp/").partition("-")
        try:
            low, high = int(first), int(last) if dash else int(first)
        except ValueError:
            raise ConfigError(f"{part.strip()!r} is no port: write 80, 8000-8010, or a list with commas") from None
        if not 0 < low <= high < 65536:
            raise ConfigError(f"{part.strip()!r} is no port range between 1 and 65535")
        ports.update(dict.fromkeys(range(low, high + 1)))
    return tuple(ports)
