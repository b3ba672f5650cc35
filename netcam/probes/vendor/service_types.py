"""DNS-SD service types that belong to one maker.

Axis (`_axis-*`), Hikvision (`_CGI`) and Arecont Vision (`_arec`) are documented or recorded; the rest appear in lists
of types that others ask for, without a recorded answer, and cost nothing to ask.
"""

from __future__ import annotations

MAKERS_TYPES = (
    "_axis-video._tcp.local.", "_axis-nvr._tcp.local.", "_CGI._tcp.local.", "_arec._tcp.local.", "_miio._udp.local.",
    "_hikvision._tcp.local.", "_vivotek._tcp.local.", "_mobotix._tcp.local.", "_bosch._tcp.local.",
    "_ezviz._tcp.local.", "_eufy._tcp.local.", "_arlo-video._tcp.local.",
)  # fmt: skip
