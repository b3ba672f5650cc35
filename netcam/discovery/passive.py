"""Frames that pass by -> observations, by the codecs that live scans use.

Only what a device says of itself counts for it: an answer to somebody's question, an announcement, its own requests for
an address or a name. Whoever asks, views or resolves is no camera for it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv4Address

from netcam.errors import DecodeError
from netcam.model import AddressRange, Endpoint, IPAddress, Observation, is_home, utc
from netcam.probes import datagram_decoders, link_decoders
from netcam.probes import mdns as mdns_probe
from netcam.probes.base import Service
from netcam.probes.passive import cdp_facts, dhcp_facts, lldp_facts
from netcam.wire import cdp, dhcp, dns_message, frames, lldp, mdns_txt

from .grouping import Group, Reading, as_one, claimed_macs, node_in
from .io import DATAGRAM_LIMIT
from .record import OWN_KINDS, Record
from .runner import SHARED_MAC_AT
from .streams import Streams

HOST_LIMIT = 65536  # addresses: a capture of a day on a large network has fewer, a flood of invented ones has more
OBSERVATION_LIMIT = 500_000  # of all hosts together
TEXT_LIMIT = 1 << 27  # characters of all that is kept: a crowd of invented pages must not fill the memory
MACS_OF_ONE = 16  # of one address
STATION_LIMIT = 16384  # MACs with something to say and perhaps no address: switches, DHCP clients
STATION_FACTS = 16  # of one of them
REPEAT_LIMIT = 65536  # messages remembered so that a repeated one is not decoded again
MESSAGES_OF_ONE = 512  # different messages of one source to one port: a flooder gets no more of our time

_MDNS, _DNS = 5353, 53
Facts = Iterable[tuple[str, str | None]]


@dataclass(slots=True)
class _Station:
    """What a MAC said outside of IP, or before it had an address; `ips` are those it then got, by trust."""

    facts: dict[tuple[str, str], datetime] = field(default_factory=dict)
    macs: list[str] = field(default_factory=list)  # others that are also its own
    given: IPAddress | None = None
    wanted: IPAddress | None = None
    measured: bool = False  # the MAC stood in front of a frame, not only inside one
    listed: bool = False  # somebody's table has it: a device even where it said nothing


class _Recent:
    """The last keys seen, so many and no more."""

    def __init__(self, limit: int) -> None:
        self._keys: OrderedDict[Hashable, int] = OrderedDict()
        self._limit = limit

    def count(self, key: Hashable) -> int:
        """How often the key was seen, this time included."""
        number = self._keys.pop(key, 0) + 1
        self._keys[key] = number
        if len(self._keys) > self._limit:
            self._keys.popitem(last=False)
        return number


class Hearing:
    """Listens to frames of one or more sources in the order of time, and fills a record.

    Addresses outside private, loopback, link-local and documentation space are no devices of the network, unless ARP
    shows that they are on the link.

    Args:
        probe: the word under which observations and runs stand in the report; may change between sources.
        stations: how many MACs may have something to say outside of IP.
        own: this machine's addresses, which are left out.
        telling: whether a name that a client asks for (kind, name) says anything; others are not kept, because what
            people look up is nobody's business.
        read: finds the MAC inside UUIDs and names.
    """

    def __init__(
        self,
        record: Record,
        *,
        probe: str,
        telling: Callable[[str, str], bool],
        own: frozenset[IPAddress] = frozenset(),
        read: Reading = node_in,
        stations: int = STATION_LIMIT,
    ) -> None:
        self.heard = 0
        self.not_read = 0
        self.full = False
        self.probe = probe
        self._record, self._telling, self._own, self._most_stations = record, telling, own, stations
        self._read = read
        self._fragments, self._streams = frames.Reassembly(), Streams()
        self._macs: dict[str, dict[IPAddress, None]] = {}
        self._stations: dict[str, _Station] = {}
        self._leases: dict[IPAddress, str] = {}
        self._claimed: dict[str, IPAddress] = {}
        self._resolvers: dict[IPAddress, None] = {}
        self._kept = self._size = 0
        self._repeats, self._messages = _Recent(REPEAT_LIMIT), _Recent(REPEAT_LIMIT)
        self._now = utc()

    def frame(self, at: float | None, link_type: int, raw: bytes) -> None:
        """Take in one frame; one that can't be read changes nothing but the count."""
        self.heard += 1
        self._now = _moment(at)
        try:
            frame = frames.decode_frame(link_type, raw)
            if frame.protocol == frames.ARP and frame.oui is None:
                self._arp(frame.payload)
            elif frame.protocol in (frames.IPV4, frames.IPV6) and frame.oui is None:
                self._packet(frame)
            else:
                self._link(frame)
        except DecodeError:
            self.not_read += 1

    def told(self, endpoint: Endpoint, facts: Facts, *, at: float | None = None, anywhere: bool = False) -> None:
        """Take in what others saw at an address; `anywhere`: they asked it, so it is a device wherever it lies."""
        self._now = _moment(at)
        if anywhere and endpoint.ip is not None and (endpoint.ip in self._record.hosts or self._room()):
            self._record.host(endpoint.ip)
        self._observe(endpoint, facts)

    def neighbour(self, ip: IPAddress, mac: str, *, at: float | None = None) -> None:
        """Take in what somebody's neighbour table shows."""
        self._now = _moment(at)
        self._measured(ip, mac)

    def listed(
        self, mac: str, facts: Facts = (), *, ip: IPAddress | None = None, measured: bool, at: float | None = None
    ) -> None:
        """Take in a MAC from somebody's table; `ip` is the address that it holds: of two holders the later has it."""
        self._now = _moment(at)
        station = self._station(mac, facts, measured=measured)
        if station is None:
            return
        station.listed = True
        if ip is None or ip == station.given:
            return
        if station.given is not None and self._leases.get(station.given) == mac:
            del self._leases[station.given]
        before = self._stations.get(self._leases.get(ip, ""))
        if before is not None:
            before.given = None
        self._leases[ip], station.given = mac, ip

    def resolver(self, ip: IPAddress) -> None:
        """Note who asks for names on behalf of others: its questions are no signs of it."""
        if len(self._resolvers) < STATION_LIMIT:
            self._resolvers[ip] = None

    def finish(self) -> tuple[Group, ...]:
        """Settle what could be said only at the end; gives the devices that have no address."""
        for endpoint, pairs in self._streams.end():
            self._observe(endpoint, pairs)
        self._claimed = {
            mac: ip for ip, host in self._record.hosts.items() for mac in claimed_macs(host.observations)
        }
        homeless = [group for mac, station in self._stations.items() if (group := self._settle(mac, station))]
        self._stations.clear()
        for mac, ips in self._macs.items():
            if sum(ip.version == 4 for ip in ips) >= SHARED_MAC_AT:
                for ip in ips:
                    self._not_its_own(ip, mac)
        for ip in self._resolvers.keys() & self._record.hosts.keys():
            host = self._record.hosts[ip]
            host.observations[:] = [o for o in host.observations if o.kind != "dns.question"]
        for ip in [ip for ip, host in self._record.hosts.items() if not host.observations]:
            del self._record.hosts[ip]
        return tuple(homeless)

    # -- the link ------------------------------------------------------------------------------------------------------

    def _arp(self, payload: bytes) -> None:
        sender = frames.decode_arp(payload)
        if sender is not None:
            self._measured(sender.ip, sender.mac)

    def _measured(self, ip: IPAddress, mac: str) -> None:
        if int(mac[:2], 16) & 1 or ip in self._own or ip.is_multicast or self._repeats.count((ip, mac)) > 1:
            return
        known = self._record.hosts.get(ip)
        values = [o.value for o in known.observations if o.kind in ("mac", "arp.other-mac")] if known else []
        if mac in values or len(values) >= MACS_OF_ONE or (known is None and not self._room()):
            return
        self._macs.setdefault(mac, {})[ip] = None
        self._keep(Endpoint(ip=ip, mac=mac), {"arp.other-mac" if values else "mac": mac}.items())

    def _link(self, frame: frames.Frame) -> None:
        if frame.src is None or self._repeats.count((frame.src, hash(frame.payload))) > 1:
            return
        if frame.oui == cdp.OUI and frame.protocol == cdp.PROTOCOL:
            self._station(frame.src, cdp_facts(cdp.decode_cdp(frame.payload)))
        elif frame.oui is None and frame.protocol == frames.LLDP:
            told = lldp.decode_lldp(frame.payload)
            self._station(frame.src, lldp_facts(told), also=told.chassis_mac)
        elif frame.oui is None and (decode := link_decoders().get(frame.protocol)) is not None:
            self._station(frame.src, decode(frame.payload))

    def _station(self, mac: str, facts: Facts, *, also: str | None = None, measured: bool = True) -> _Station | None:
        station = self._stations.get(mac)
        if station is None:
            if len(self._stations) >= self._most_stations:
                self.full = True
                return None
            station = self._stations[mac] = _Station()
        station.measured = station.measured or measured
        for kind, text in facts:
            if text and len(station.facts) < STATION_FACTS:
                station.facts.setdefault((kind, text[:1024]), self._now)
        if also is not None and also not in station.macs and len(station.macs) < STATION_FACTS:
            station.macs.append(also)
        return station

    # -- packets -------------------------------------------------------------------------------------------------------

    def _packet(self, frame: frames.Frame) -> None:
        packet = self._fragments.add(frames.decode_packet(frame.payload))
        if packet is None:
            return
        if packet.protocol == frames.ICMPV6:
            advertised = frames.decode_advertisement(packet)
            if advertised is not None:
                self._measured(*advertised)
        elif packet.protocol == frames.TCP:
            for endpoint, pairs in self._streams.add(packet, frames.decode_segment(packet.payload)):
                self._observe(endpoint, pairs)
        elif packet.protocol == frames.UDP:
            self._datagram(packet, frames.decode_datagram(packet.payload))

    def _datagram(self, packet: frames.Packet, datagram: frames.Datagram) -> None:
        ports = {datagram.sport, datagram.dport}
        if ports <= {dhcp.SERVER_PORT, dhcp.CLIENT_PORT}:
            self._dhcp(dhcp.decode_dhcp(datagram.payload))
            return
        codecs = [codec for port in sorted(ports) for codec in datagram_decoders().get(port, ())]
        if not (codecs or ports & {_MDNS, _DNS}) or len(datagram.payload) > DATAGRAM_LIMIT:
            return
        source = packet.src
        if not self._is_host(source) or self._repeats.count((source, datagram.dport, hash(datagram.payload))) > 1:
            return
        if self._messages.count((source, min(ports))) > MESSAGES_OF_ONE:
            return
        if datagram.dport == _DNS:
            self._asked(source, dns_message.decode_message(datagram.payload))
        elif datagram.sport == _MDNS:
            self._announced(source, dns_message.decode_message(datagram.payload))
        for own_port, decode in dict.fromkeys(codecs):
            try:
                pairs = tuple(decode(datagram.payload))
            except DecodeError:
                continue  # somebody's question, or a neighbour protocol on the same port
            self._observe(Endpoint(ip=source, port=own_port, transport="udp"), pairs)

    def _dhcp(self, message: dhcp.DhcpMessage) -> None:
        if message.mac is None:
            return
        station = self._station(message.mac, dhcp_facts(message), measured=False)
        if station is None:
            return
        if not message.from_client and message.type == dhcp.ACKNOWLEDGE and message.given is not None:
            station.given = message.given
        elif message.from_client and message.type == dhcp.REQUEST and message.wanted is not None:
            station.wanted = message.wanted

    def _asked(self, source: IPAddress, message: dns_message.DnsMessage) -> None:
        if not message.response:
            names = [name.rstrip(".").lower() for name, _ in message.questions]
            self._observe(Endpoint(ip=source), [("dns.question", name) for name in names])

    def _announced(self, source: IPAddress, message: dns_message.DnsMessage) -> None:
        if not message.response:
            return
        addresses: dict[str, set[IPAddress]] = {}
        for record in message.records:
            if record.type in (dns_message.A, dns_message.AAAA) and not isinstance(record.data, str | bytes | tuple):
                addresses.setdefault(record.name.lower(), set()).add(record.data)
        for kind, name, host, port, txt in dns_message.services(message):
            same = {ip for ip in addresses.get((host or "").lower(), ()) if ip.version == source.version}
            if same and source not in same:
                continue  # a reflector or a sleep proxy speaks for others
            try:
                said = mdns_txt.decode_txt(txt or b"")
            except DecodeError:
                said = {}
            service = Service(type=kind, name=name[:255], host=host[:255] if host else None, port=port, txt=said)
            at = Endpoint(ip=source, port=_MDNS, transport="udp")
            self._observe(at, mdns_probe.facts(service).items())

    # -- what is kept --------------------------------------------------------------------------------------------------

    def _observe(self, endpoint: Endpoint, pairs: Facts) -> None:
        ip = endpoint.ip
        if ip is None or not self._is_host(ip):
            return
        told = [(k, v) for k, v in pairs if v and (k not in ("dns.question", "tls.sni") or self._telling(k, v))]
        if told and (ip in self._record.hosts or self._room()):
            self._keep(endpoint, told)

    def _keep(self, endpoint: Endpoint, pairs: Facts) -> None:
        if self._kept >= OBSERVATION_LIMIT or self._size >= TEXT_LIMIT:
            self.full = True
            return
        made = self._record.keep(self._record.numbering.observe(endpoint, self.probe, pairs, seen_at=self._now))
        self._kept += len(made)
        self._size += sum(len(o.value) for o in made)

    def _room(self) -> bool:
        self.full = self.full or len(self._record.hosts) >= HOST_LIMIT
        return len(self._record.hosts) < HOST_LIMIT

    def _is_host(self, ip: IPAddress) -> bool:
        return ip not in self._own and (_at_home(ip) or ip in self._record.hosts)

    def _settle(self, mac: str, station: _Station) -> Group | None:
        """Give a station's words to its address; a device without one is made of them where there is none."""
        ip = station.given or self._address_of(mac, *station.macs) or station.wanted
        if ip is None and station.listed:
            ip = self._claimed.get(mac)
        if ip is not None and not self._is_host(ip):
            ip = None
        if station.listed and ip is not None and not self._holds(ip, mac):
            ip = None
        if not station.facts and (ip is not None or not station.listed):
            return None
        made: list[Observation] = []
        facts: dict[tuple[str, str], datetime] = dict(station.facts)
        if station.measured and ip is None:
            facts[("mac", mac)] = self._now
        for (kind, text), at in facts.items():
            endpoint = Endpoint(ip=ip, mac=mac)
            made += self._record.numbering.observe(endpoint, self.probe, {kind: text}, seen_at=at)
        if ip is None:
            return as_one(made, self._read)
        if ip in self._record.hosts or self._room():
            self._record.keep(made)
        return None

    def _address_of(self, *macs: str) -> IPAddress | None:
        """The one address that ARP showed for a MAC; the first, where it has several."""
        for mac in macs:
            for ip in self._macs.get(mac, ()):
                if isinstance(ip, IPv4Address):
                    return ip
        return next((ip for mac in macs for ip in self._macs.get(mac, ())), None)

    def _holds(self, ip: IPAddress, mac: str) -> bool:
        """Whether nobody else's MAC was seen at this address: leases may be older than what neighbours saw."""
        host = self._record.hosts.get(ip)
        seen = [o.value for o in host.observations if o.kind in ("mac", "arp.other-mac")] if host else []
        return not seen or mac in seen

    def _not_its_own(self, ip: IPAddress, mac: str) -> None:
        """The MAC answers for many: keep the fact, but not as this host's; one that nothing else was heard of goes."""
        host = self._record.hosts.get(ip)
        if host is None:
            return
        host.observations[:] = [
            replace(o, kind="arp.proxy-mac", root=f"proxy:{mac}") if o.kind == "mac" and o.value == mac else o
            for o in host.observations
        ]
        if all(o.kind in OWN_KINDS and o.kind != "tcp.open" for o in host.observations):
            host.observations.clear()


def without_lone_questions(groups: Sequence[Group], speaks: Callable[[Group], bool]) -> list[Group]:
    """The groups; names asked for are left out of those whom nothing else connects with a maker.

    A phone with a maker's app asks for the same names as the maker's cameras.

    Args:
        speaks: whether a group's observations name a maker.
    """
    out = []
    for group in groups:
        other = [o for o in group.observations if o.kind not in ("dns.question", "tls.sni")]
        if len(other) < len(group.observations) and not speaks(replace(group, observations=tuple(other))):
            if not other:
                continue
            group = replace(group, observations=tuple(other))
        out.append(group)
    return out


@lru_cache(maxsize=65536)
def _at_home(ip: IPAddress) -> bool:
    return is_home(AddressRange(ip.version, int(ip), int(ip)))


def _moment(at: float | None) -> datetime:
    """The time of a frame; now, where a file gives none or one that no calendar has."""
    try:
        return utc(datetime.fromtimestamp(at, UTC)) if at is not None else utc()
    except (OverflowError, OSError, ValueError):
        return utc()
