"""One small file of each format that `netcam import` takes, written by hand as the named source documents it."""
# ruff: noqa: E501 - lines as those tools write them

import base64

from passing import CAMERA

MAC, OTHER = CAMERA, "02:00:00:00:00:50"

# nmap's docs/nmap.dtd; script output as in scripts/http-auth.nse, nselib/upnp.lua and their like.
NMAP = r"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nmaprun>
<?xml-stylesheet href="file:///usr/bin/../share/nmap/nmap.xsl" type="text/xsl"?>
<nmaprun scanner="nmap" args="nmap -sV -sC -oX scan.xml 10.0.0.0/24" start="1700000000" version="7.93">
<host starttime="1700000001" endtime="1700000060"><status state="up" reason="arp-response" reason_ttl="0"/>
<address addr="10.0.0.20" addrtype="ipv4"/>
<address addr="44:19:B6:00:00:01" addrtype="mac" vendor="Another Tool's Opinion"/>
<hostnames><hostname name="given.example" type="user"/><hostname name="cam-7.example" type="PTR"/></hostnames>
<ports><extraports state="closed" count="990"/>
<port protocol="tcp" portid="80"><state state="open" reason="syn-ack"/>
<service name="http" product="Another Tool's Opinion" version="9" method="probed" conf="10"><cpe>cpe:/a:x:y</cpe></service>
<script id="http-server-header" output="App-webs/"><elem>App-webs/</elem></script>
<script id="http-title" output="index&#xa;Requested resource was /doc/page/login.asp"><elem key="title">index</elem></script>
<script id="http-auth" output="&#xa;HTTP/1.1 401 Unauthorized&#xa;  Digest nonce=abc123 realm=IP Camera(12345) qop=auth"/>
</port>
<port protocol="tcp" portid="81"><state state="open" reason="syn-ack"/>
<service name="x" servicefp="SF-Port81-TCP:V=7.93%I=7%r(GetRequest,2F,&quot;HTTP/1\.0\x20200\x20OK\r\nServer:\x20thttpd/2\.25b\r\n\r\n&quot;)%r(NULL,5,&quot;hello&quot;)"/></port>
<port protocol="tcp" portid="82"><state state="closed" reason="reset"/></port>
<port protocol="tcp" portid="554"><state state="open" reason="syn-ack"/>
<script id="rtsp-methods" output="&#xa;  OPTIONS, DESCRIBE, PLAY"/></port>
<port protocol="udp" portid="161"><state state="open" reason="udp-response"/>
<script id="snmp-sysdescr" output="Linux camera 3.0.8&#xa;  System uptime: 1d"/></port>
<port protocol="udp" portid="1900"><state state="open" reason="udp-response"/>
<script id="upnp-info" output="&#xa;10.0.0.20&#xa;    Server: Linux UPnP/1.0&#xa;      Manufacturer: Northlight&#xa;      Model Name: NL-220"/></port>
</ports><hostscript><script id="nbstat" output="NetBIOS name: CAM7, NetBIOS user: &lt;unknown&gt;, NetBIOS MAC: 44:19:b6:00:00:01 (X)"/></hostscript></host>
<host><status state="down" reason="no-response"/><address addr="10.0.0.21" addrtype="ipv4"/></host>
</nmaprun>
"""

# masscan's src/out-json.c and src/out-ndjson.c.
MASSCAN = r"""[
{   "ip": "10.0.0.20",   "timestamp": "1700000000", "ports": [ {"port": 80, "proto": "tcp", "status": "open", "reason": "syn-ack", "ttl": 64} ] }
,
{   "ip": "10.0.0.20",   "timestamp": "1700000001", "ports": [ {"port": 80, "proto": "tcp", "service": {"name": "http", "banner": "HTTP/1.1 200 OK\u000d\u000aServer: App-webs/\u000d\u000a\u000d\u000a"} } ] }
,
{   "ip": "10.0.0.20",   "timestamp": "1700000001", "ports": [ {"port": 23, "proto": "tcp", "service": {"name": "telnet", "banner": "\u00ff\u00fb\u0001(none) login: "} } ] }
]
"""
MASSCAN_LINES = (
    '{"ip":"10.0.0.20","timestamp":"1700000000","port":80,"proto":"tcp","rec_type":"banner",'
    '"data":{"service_name":"title","banner":"index"}}\n'
)

# zgrab2's processing.go and zgrab2_schemas/zgrab2/{http,ftp,ssh}.py.
ZGRAB2 = (
    '{"ip":"10.0.0.20","data":{"http":{"status":"success","protocol":"http","port":8080,"result":{"response":'
    '{"status_line":"200 OK","status_code":200,"headers":{"server":["App-webs/"],"set_cookie":["sid=secret"]},'
    '"body":"<html><title>index</title></html>"}}},'
    '"ftp":{"status":"success","protocol":"ftp","result":{"banner":"220 FTP ready\\r\\n"}},'
    '"ssh":{"status":"success","protocol":"ssh","result":{"server_id":{"raw":"SSH-2.0-dropbear_2014.63"}}}}}\n'
    '{"domain":"nobody.example","data":{"http":{"status":"connection-timeout"}}}\n'
)

# The Zeek manual, "Log Files"; fields as in scripts/base/protocols/*/main.zeek.
_ZEEK = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t{}\n#fields\t{}\n{}\n#close\t2023-11-14-22-14-00\n"


def zeek(path, **row):
    return _ZEEK.format(path, "\t".join(row), "\t".join(row.values()))


ENDS = {
    "ts": "1700000000.5", "uid": "Cx", "id.orig_h": "10.0.0.21", "id.orig_p": "40000", "id.resp_h": "10.0.0.20",
    "id.resp_p": "80",
}  # fmt: skip
TO_RESOLVER = {**ENDS, "id.resp_h": "10.0.0.1", "id.resp_p": "53"}
ZEEK_CONN = zeek("conn", **ENDS, proto="tcp", conn_state="SF")
ZEEK_DNS = zeek("dns", **TO_RESOLVER, proto="udp", query="DEV.hik-connect.com", qtype_name="A")
ZEEK_SSL = zeek("ssl", **{**ENDS, "id.resp_p": "443"}, server_name="dev.hik-connect.com", subject="CN=camera", issuer="-")
ZEEK_HTTP = zeek(
    "http", **ENDS, method="GET", host="10.0.0.20", uri="/doc/page/login.asp?password=secret", status_code="200",
    username="admin", password="secret",
)  # fmt: skip
ZEEK_DHCP = zeek("dhcp", ts="1700000000.5", uids="Cx", mac=MAC, host_name="cam\\x2d7", assigned_addr="10.0.0.20", msg_types="ACK")
ZEEK_JSON = (
    '{"ts":1700000000.5,"uid":"Cx","id.orig_h":"10.0.0.21","id.orig_p":40000,"id.resp_h":"10.0.0.1","id.resp_p":53,'
    '"proto":"udp","query":"dev.hik-connect.com","qtype_name":"A"}\n'
)

# dnsmasq's manual, --log-queries and --log-dhcp; the extra form as Pi-hole's issue tracker shows it.
DNSMASQ_LOG = (
    "Nov 14 22:13:20 dnsmasq[512]: query[A] dev.hik-connect.com from 10.0.0.21\n"
    "Nov 14 22:13:20 dnsmasq[512]: forwarded dev.hik-connect.com to 10.0.0.1\n"
    "Nov 14 22:13:20 dnsmasq[512]: reply dev.hik-connect.com is 192.0.2.1\n"
    "Nov 14 22:13:21 dnsmasq[512]: UDP 436 127.0.0.1/36363 query[A] dev.hik-connect.com from 127.0.0.1\n"
    f"Nov 14 22:13:22 dnsmasq-dhcp[512]: DHCPACK(br0) 10.0.0.20 {MAC} cam-7\n"
)
PIHOLE_LOG = "Dec  1 00:00:05 dnsmasq[777]: 12 10.0.0.21/5353 query[AAAA] dev.hik-connect.com from 10.0.0.21\n"

# dnsmasq's src/lease.c.
DNSMASQ_LEASES = (
    f"1700000000 {MAC} 10.0.0.20 cam-7 01:{MAC}\n1700000000 {OTHER} 10.0.0.50 * *\nduid 00:01:00:01:2c:00\n"
    "1700000000 12345 2001:db8::5 pc 00:01:00:01:2c:00\n"
)

# dhcpd.leases(5).
ISC = f"""# The format of this file is documented in the dhcpd.leases(5) manual page.
authoring-byte-order little-endian;

lease 10.0.0.20 {{
  starts 2 2023/11/14 22:13:20;
  binding state active;
  next binding state free;
  hardware ethernet {MAC};
  uid "\\001D\\031\\266";
  set vendor-class-identifier = "udhcp 1.20";
  client-hostname "cam-7";
}}
lease 10.0.0.50 {{
  binding state free;
  hardware ethernet {OTHER};
}}
"""

# Kea's src/lib/dhcpsrv/csv_lease_file4.cc; state 2 is expired and reclaimed.
KEA = (
    "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id\n"
    f"10.0.0.20,{MAC},01:{MAC},3600,1700000000,1,0,0,cam-7.,0,,0\n10.0.0.50,{OTHER},,3600,1700000000,1,0,0,,2,,0\n"
)

# Microsoft's description of the class DhcpServerv4Lease; Export-Csv writes the type first.
WINDOWS = (
    "#TYPE Microsoft.Management.Infrastructure.CimInstance#root/Microsoft/Windows/DHCP/DhcpServerv4Lease\r\n"
    '"IPAddress","ScopeId","AddressState","ClientId","ClientType","HostName","LeaseExpiryTime"\r\n'
    '"10.0.0.20","10.0.0.0","Active","44-19-b6-00-00-01","Dhcp","cam-7.example","11/15/2023 1:00:00 AM"\r\n'
    '"10.0.0.50","10.0.0.0","Declined","02-00-00-00-00-50","Dhcp","",""\r\n'
)
WINDOWS_CONSOLE = (
    "Client IP Address\tName\tLease Expiration\tType\tUnique ID\tDescription\r\n"
    "10.0.0.20\tcam-7\t11/15/2023 1:00:00 AM\tDHCP\t4419b6000001\t\r\n"
)
# Microsoft, "Analyze DHCP server log files": a preamble, then events; 10 is a new lease.
WINDOWS_AUDIT = (
    "\t\tMicrosoft DHCP Service Activity Log\r\n\r\nEvent ID  Meaning\r\n10\tA new IP address was leased to a client.\r\n\r\n"
    "ID,Date,Time,Description,IP Address,Host Name,MAC Address,User Name,VendorClass(ASCII)\r\n"
    "24,11/14/23,00:00:00,Database Cleanup Begin,,,,,\r\n"
    "10,11/14/23,22:13:20,Assign,10.0.0.20,cam-7,4419B6000001,,udhcp 1.20\r\n"
)

# arp(8) of Linux and BSD, arp of Windows, ip-neighbour(8), and a router's `show ip arp`.
ARP = f"""? (10.0.0.20) at {MAC} [ether] on eth0
? (10.0.0.22) at <incomplete> on eth0
gateway (10.0.0.1) at 2:0:0:0:0:1 on en0 ifscope [ethernet]
"""
IP_NEIGH = f"10.0.0.20 dev eth0 lladdr {MAC} REACHABLE\n10.0.0.9 dev eth0 FAILED\nfe80::1 dev eth0 lladdr {OTHER} router STALE\n"
ARP_WINDOWS = (
    "\r\nInterface: 10.0.0.9 --- 0x5\r\n  Internet Address      Physical Address      Type\r\n"
    "  10.0.0.20             44-19-b6-00-00-01     dynamic\r\n  10.0.0.255            ff-ff-ff-ff-ff-ff     static\r\n"
)
ARP_CISCO = (
    "Protocol  Address          Age (min)  Hardware Addr   Type   Interface\n"
    "Internet  10.0.0.20               3   4419.b600.0001  ARPA   Vlan1\n"
)

# `show mac address-table` of Cisco IOS, `show mac-address` of ProCurve, bridge(8).
MAC_TABLE = """          Mac Address Table
-------------------------------------------
Vlan    Mac Address       Type        Ports
----    -----------       --------    -----
 All    0200.0c00.0001    STATIC      CPU
   1    4419.b600.0001    DYNAMIC     Gi1/0/1
"""
MAC_TABLE_PROCURVE = " MAC Address   Port  VLAN\n ------------- ----- ----\n 4419b6-000001 12    1\n"
BRIDGE_FDB = f"{MAC} dev eth0 vlan 1 master br0\n{OTHER} dev eth1 vlan 1 master br0 permanent\n"

# The fields of ONVIF's GetDeviceInformation, labelled as ONVIF Device Manager's identification page has them.
ONVIF_CSV = (
    "Name,Manufacturer,Model,Hardware,Firmware,Device ID,IP address,MAC address,ONVIF version\n"
    f"cam,Northlight,NL-220,1.0,V1.2.3,NL22000012345,10.0.0.20,{MAC},2.40\n"
)
# The columns of the SADP tool's table.
SADP_CSV = (
    "ID,Device Type,Status,IPv4 Address,Port,Enhanced SDK Service Port,Software Version,IPv4 Gateway,HTTP Port,"
    "Device Serial No.,Subnet Mask,MAC Address,Encoding Channel(s),DSP Version\n"
    "001,DS-7804HQH-K1,Active,10.0.0.20,8000,N/A,V3.5.60build 180702,10.0.0.1,80,DS-7804HQH-K10420180101CCWR000000001,"
    f'255.255.255.0,{MAC.replace(":", "-")},4,"V5.0, build 180625"\n'
)

SAMPLES = {
    "nmap": [NMAP], "masscan": [MASSCAN, MASSCAN_LINES], "zgrab2": [ZGRAB2],
    "zeek": [ZEEK_CONN, ZEEK_DNS, ZEEK_SSL, ZEEK_HTTP, ZEEK_DHCP, ZEEK_JSON], "dnsmasq-log": [DNSMASQ_LOG, PIHOLE_LOG],
    "dnsmasq-leases": [DNSMASQ_LEASES], "isc-dhcp": [ISC], "kea": [KEA],
    "windows-dhcp": [WINDOWS, WINDOWS_CONSOLE, WINDOWS_AUDIT], "arp": [ARP, IP_NEIGH, ARP_WINDOWS, ARP_CISCO],
    "mac-table": [MAC_TABLE, MAC_TABLE_PROCURVE, BRIDGE_FDB], "onvif-csv": [ONVIF_CSV], "sadp-csv": [SADP_CSV],
}  # fmt: skip


def masscan_certificate(der):
    banner = base64.b64encode(der).decode()
    service = f'{{"name": "X509", "banner": "{banner}"}}'
    return f'{{ "ip": "10.0.0.20", "timestamp": "1", "ports": [ {{"port": 443, "proto": "tcp", "service": {service}}} ] }}\n'
