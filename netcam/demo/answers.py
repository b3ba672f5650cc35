"""What the emulated devices answer to datagrams and SOAP calls: bytes in, bytes or None out.

These encoders are written from the documented layouts and share nothing with the codecs under netcam/wire and
netcam/probes, so that a mistake there meets an honest device here. They answer read verbs only: a question that would
change a device gets no answer and stays in the device's record.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from .profile import Onvif, Ssdp, filled

Facts = Mapping[str, str]

SADP_FIELDS = {
    "Encrypt": "true",
    "DeviceType": "44322",
    "DeviceDescription": "@model@",
    "DeviceSN": "@serial@",
    "CommandPort": "8000",
    "HttpPort": "80",
    "MAC": "@mac_hyphen@",
    "IPv4Address": "@ip@",
    "IPv4SubnetMask": "255.255.255.0",
    "IPv4Gateway": "@gateway@",
    "IPv6Address": "::",
    "IPv6Gateway": "::",
    "IPv6MaskLen": "64",
    "DHCP": "false",
    "AnalogChannelNum": "0",
    "DigitalChannelNum": "0",
    "SoftwareVersion": "@firmware@",
    "DSPVersion": "",
    "BootTime": "2026-01-02 03:04:05",
    "OEMInfo": "N/A",
    "Activated": "true",
    "PasswordResetAbility": "true",
    "SupportHCPlatform": "true",
    "DiskNumber": "",
}
DHIP_FIELDS: dict[str, Any] = {
    "AlarmInputChannels": 0,
    "AlarmOutputChannels": 0,
    "DeviceClass": "IPC",
    "DeviceType": "@model@",
    "HttpPort": 80,
    "IPv4Address": {
        "DefaultGateway": "@gateway@", "DhcpEnable": False, "IPAddress": "@ip@", "SubnetMask": "255.255.255.0",
    },
    "MachineName": "@serial@",
    "Manufacturer": "Private",
    "Port": 37777,
    "RemoteVideoInputChannels": 0,
    "SerialNo": "@serial@",
    "Vendor": "",
    "Version": "@firmware@",
    "VideoInputChannels": 1,
    "VideoOutputChannels": 0,
}
_WSD = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
_WSA = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_SOAP = "http://www.w3.org/2003/05/soap-envelope"
_TDS = "http://www.onvif.org/ver10/device/wsdl"
_VENDOR_PROBE = re.compile(r"^http://www\.(\w+)\.com/Ver10/Device/wsdl/(\w+Probe)$")
# ONVIF Core: access class PRE_AUTH. Everything else the service knows is refused without credentials.
PRE_AUTH = frozenset(
    (
        "GetSystemDateAndTime", "GetServices", "GetServiceCapabilities", "GetCapabilities", "GetHostname",
        "GetEndpointReference", "GetWsdlUrl",
    )
)


def sadp_answer(question: bytes, fields: Mapping[str, str], facts: Facts, raw: str = "") -> bytes | None:
    """The ProbeMatch for an `inquiry`; any other type, and another device's answer, gets nothing."""
    text = question.decode("utf-8", "replace")
    types = re.search(r"<Types>\s*(\w+)\s*</Types>", text)
    if "<Probe>" not in text or types is None or types[1] != "inquiry":
        return None
    asked = re.search(r"<Uuid>\s*([0-9A-Fa-f{}-]{1,64})\s*</Uuid>", text)
    echo = asked[1] if asked else ""
    if raw:
        return filled(raw, facts).replace("@asked@", echo).encode()
    body = "".join(f"<{name}>{escape(filled(v, facts))}</{name}>" for name, v in {**SADP_FIELDS, **fields}.items() if v)
    start = f'<?xml version="1.0" encoding="UTF-8" ?><ProbeMatch><Uuid>{echo}</Uuid><Types>inquiry</Types>'
    return f"{start}{body}</ProbeMatch>".encode()


def dhip_answer(question: bytes, fields: Mapping[str, Any], facts: Facts) -> bytes | None:
    """The framed `client.notifyDevInfo` for a framed `DHDiscover.search`; JSON without its header gets nothing."""
    if len(question) < 32 or question[:8] != b"\x20\x00\x00\x00DHIP":
        return None
    length = struct.unpack_from("<I", question, 16)[0]
    try:
        asked = json.loads(question[32 : 32 + length].rstrip(b"\0"))
    except ValueError:
        return None
    if not isinstance(asked, dict) or asked.get("method") != "DHDiscover.search":
        return None
    info = {name: _filled(value, facts) for name, value in {**DHIP_FIELDS, **fields}.items() if value not in ("", {})}
    answer = {"mac": facts["mac"], "method": "client.notifyDevInfo", "params": {"deviceInfo": info}}
    body = json.dumps(answer, separators=(", ", " : ")).encode() + b"\n"
    return struct.pack("<I4sIIIIII", 32, b"DHIP", 0, 0, len(body), 0, len(body), 0) + body


def _filled(value: Any, facts: Facts) -> Any:
    if isinstance(value, Mapping):
        return {name: _filled(inner, facts) for name, inner in value.items()}
    return filled(value, facts) if isinstance(value, str) else value


def discovery_answer(question: bytes, onvif: Onvif, facts: Facts) -> bytes | None:
    """The WS-Discovery ProbeMatches, or the vendor's own form for the vendor's own question; None when neither fits."""
    text = question.decode("utf-8", "replace")
    action = (_element(text, "Action") or "").strip()
    related = (_element(text, "MessageID") or "").strip()[:200]
    vendor = _VENDOR_PROBE.match(action)
    if vendor is not None:
        return _vendor_answer(action, related, onvif, facts) if vendor[2] == onvif.vendor_probe else None
    if action != f"{_WSD}/Probe" or not _matches(text, onvif):
        return None
    if onvif.raw:
        return filled(onvif.raw, facts).replace("@asked@", escape(related)).encode()
    more = (f"onvif://www.onvif.org/extra/{number}" for number in range(onvif.more_scopes))
    d, scopes, xaddrs = onvif.discovery_prefix, " ".join((*onvif.scopes, *more)), " ".join(onvif.xaddrs)
    inner = (
        f"<{d}:ProbeMatches><{d}:ProbeMatch>"
        f"<wsadis:EndpointReference><wsadis:Address>{onvif.endpoint}</wsadis:Address></wsadis:EndpointReference>"
        f"<{d}:Types>{' '.join(onvif.types)}</{d}:Types><{d}:Scopes>{escape(scopes)}</{d}:Scopes>"
        f"<{d}:XAddrs>{escape(xaddrs)}</{d}:XAddrs><{d}:MetadataVersion>10</{d}:MetadataVersion>"
        f"</{d}:ProbeMatch></{d}:ProbeMatches>"
    )
    return _discovery_envelope(f"{_WSD}/ProbeMatches", related, inner, onvif, facts)


def _vendor_answer(action: str, related: str, onvif: Onvif, facts: Facts) -> bytes:
    namespace, _, name = action.rpartition("/")
    inner = (
        f'<tns:{name}Matches xmlns:tns="{namespace}"><tns:Scopes>{escape(" ".join(onvif.scopes))}</tns:Scopes>'
        f"<tns:XAddrs>http://@ip@:8080/LAPI/V1.0/System/DeviceInfo</tns:XAddrs></tns:{name}Matches>"
    )
    return _discovery_envelope(f"{action}Matches", related, inner, onvif, facts)


def _discovery_envelope(action: str, related: str, inner: str, onvif: Onvif, facts: Facts) -> bytes:
    p, d = onvif.prefix, onvif.discovery_prefix
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><{p}:Envelope xmlns:{p}="{_SOAP}" xmlns:wsadis="{_WSA}" '
        f'xmlns:{d}="{_WSD}" xmlns:dn="http://www.onvif.org/ver10/network/wsdl" xmlns:tds="{_TDS}" '
        'xmlns:wsdp="http://schemas.xmlsoap.org/ws/2006/02/devprof" '
        'xmlns:pub="http://schemas.microsoft.com/windows/pub/2005/07">'
        f"<{p}:Header><wsadis:MessageID>{onvif.message_id}</wsadis:MessageID>"
        f"<wsadis:RelatesTo>{escape(related)}</wsadis:RelatesTo><wsadis:To>{_WSA}/role/anonymous</wsadis:To>"
        f"<wsadis:Action>{action}</wsadis:Action>"
        f'<{d}:AppSequence InstanceId="1" MessageNumber="7"/></{p}:Header><{p}:Body>{inner}</{p}:Body></{p}:Envelope>'
    )
    return filled(text, facts).encode()


def _matches(text: str, onvif: Onvif) -> bool:
    tag = re.search(r"<(?:\w+:)?Types\b([^>]*?)(?:/>|>([^<]*)<)", text)
    wanted = {word.rpartition(":")[2] for word in ((tag[2] if tag else "") or "").split()}
    if not wanted:
        return not onvif.needs_types
    if onvif.needs_own_xmlns and tag is not None and "xmlns" not in tag[1]:
        return False
    return wanted <= {word.rpartition(":")[2] for word in onvif.types}


def _element(text: str, name: str) -> str | None:
    found = re.search(rf"<(?:\w+:)?{name}\b[^>]*>([^<]*)<", text)
    return found[1] if found else None


def soap_answer(body: bytes, onvif: Onvif, facts: Facts) -> tuple[int, str]:
    """HTTP status and SOAP text for one call to the device service."""
    found = re.search(r"<(?:[\w-]+:)?Body\b[^>]*>\s*<(?:[\w-]+:)?(\w+)", body.decode("utf-8", "replace"))
    call = found[1] if found else ""
    if call == "GetDeviceInformation" and onvif.info:
        inner = "".join(f"<tds:{name}>{escape(value)}</tds:{name}>" for name, value in onvif.info.items())
    elif call in PRE_AUTH:
        inner = _pre_auth(call, onvif)
    elif call.startswith("Get"):
        return onvif.refusal_status, _fault(onvif, "ter:NotAuthorized", "Sender not Authorized", facts)
    else:
        return 400, _fault(onvif, "ter:ActionNotSupported", "Optional Action Not Implemented", facts)
    return 200, _soap_envelope(onvif, f"<tds:{call}Response>{inner}</tds:{call}Response>", facts)


def _pre_auth(call: str, onvif: Onvif) -> str:
    service = "http://@ip@/onvif/"
    if onvif.xaddrs:
        service = onvif.xaddrs[0].rpartition("/")[0] + "/"
    if call == "GetSystemDateAndTime":
        date, _, time = onvif.clock.partition("T")
        (year, month, day), (hour, minute, second) = date.split("-"), time.split(":")
        return (
            "<tds:SystemDateAndTime><tt:DateTimeType>Manual</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings>"
            "<tt:UTCDateTime>"
            f"<tt:Time><tt:Hour>{int(hour)}</tt:Hour><tt:Minute>{int(minute)}</tt:Minute>"
            f"<tt:Second>{int(second)}</tt:Second></tt:Time>"
            f"<tt:Date><tt:Year>{int(year)}</tt:Year><tt:Month>{int(month)}</tt:Month><tt:Day>{int(day)}</tt:Day></tt:Date>"
            "</tt:UTCDateTime></tds:SystemDateAndTime>"
        )
    if call == "GetServices":
        return "".join(
            f"<tds:Service><tds:Namespace>{namespace}</tds:Namespace><tds:XAddr>{service}service</tds:XAddr>"
            "<tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version></tds:Service>"
            for namespace in onvif.namespaces
        )
    if call == "GetCapabilities":
        address = f"<tt:XAddr>{service}device_service</tt:XAddr>"
        return f"<tds:Capabilities><tt:Device>{address}</tt:Device></tds:Capabilities>"
    if call == "GetHostname":
        name = f"<tt:Name>{escape(onvif.hostname)}</tt:Name>" if onvif.hostname else ""
        return f"<tds:HostnameInformation><tt:FromDHCP>false</tt:FromDHCP>{name}</tds:HostnameInformation>"
    if call == "GetEndpointReference":
        return f"<tds:GUID>{onvif.endpoint}</tds:GUID>"
    if call == "GetWsdlUrl":
        return f"<tds:WsdlUrl>{service}</tds:WsdlUrl>"
    return "<tds:Capabilities><tds:Network/><tds:Security/><tds:System/></tds:Capabilities>"


def _fault(onvif: Onvif, code: str, reason: str, facts: Facts) -> str:
    p = onvif.prefix
    inner = (
        f"<{p}:Fault><{p}:Code><{p}:Value>{p}:Sender</{p}:Value><{p}:Subcode><{p}:Value>{code}</{p}:Value></{p}:Subcode>"
        f'</{p}:Code><{p}:Reason><{p}:Text xml:lang="en">{reason}</{p}:Text></{p}:Reason></{p}:Fault>'
    )
    return _soap_envelope(onvif, inner, facts)


def _soap_envelope(onvif: Onvif, inner: str, facts: Facts) -> str:
    p = onvif.prefix
    return filled(
        f'<?xml version="1.0" encoding="UTF-8"?><{p}:Envelope xmlns:{p}="{_SOAP}" xmlns:tds="{_TDS}" '
        'xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:ter="http://www.onvif.org/ver10/error">'
        f"<{p}:Body>{inner}</{p}:Body></{p}:Envelope>",
        facts,
    )


def ssdp_answers(question: bytes, ssdp: Ssdp, facts: Facts) -> tuple[bytes, ...]:
    """One `200 OK` for each search target that was asked for."""
    lines = question.decode("latin-1").split("\r\n")
    if lines[0] != "M-SEARCH * HTTP/1.1":
        return ()
    headers = {name.strip().upper(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    wanted = headers.get("ST", "")
    if headers.get("MAN") != '"ssdp:discover"':
        return ()
    return tuple(
        filled(
            "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=1800\r\nEXT:\r\n"
            f"LOCATION: {ssdp.location}\r\nSERVER: {ssdp.server}\r\nST: {target}\r\n"
            f"USN: uuid:{ssdp.uuid}::{target}\r\n\r\n",
            facts,
        ).encode()
        for target in ssdp.targets
        if wanted in (target, "ssdp:all")
    )
