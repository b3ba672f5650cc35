"""Third-party servers from Debian's packages beside emulated cameras: none of them is CCTV, and none has a maker."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from netns import NetnsLan, why_not

from netcam.demo.profile import load_profiles
from netcam.wire import llmnr

pytestmark = [
    pytest.mark.netns,
    pytest.mark.daemon,
    pytest.mark.skipif(why_not() is not None, reason=str(why_not())),
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("lab"),
]

CAMERAS = (
    "hikvision-camera", "hikvision-onvif-camera", "hikvision-nvr", "annke-camera", "dahua-camera", "dahua-onvif-camera",
    "dahua-nvr", "axis-camera", "hanwha-camera", "bosch-camera",
)  # fmt: skip

# Folders of its own, so that nothing of the machine is read or changed but programs and libraries.
FRESH = """
set -e
for folder in /run /tmp /srv /var/lib /var/log /var/cache; do mount -t tmpfs tmpfs $folder; done
mkdir -p /run/lock /srv/www && echo '<html><head><title>Stock list</title></head></html>' > /srv/www/index.html
"""

AVAHI = """
mkdir -p /run/avahi-daemon && mount -t tmpfs tmpfs /etc/avahi/services
cat > /etc/avahi/services/it.service <<'EOF'
<?xml version="1.0"?><service-group><name>%s</name><service><type>%s</type><port>%d</port></service></service-group>
EOF
printf '[server]\\nenable-dbus=no\\nhost-name=%s\\n' > /run/avahi.conf
exec avahi-daemon -f /run/avahi.conf --no-drop-root --no-chroot --no-rlimits
"""

GST_RTSP = """
cat > /run/serve.py <<'EOF'
import gi
gi.require_version("Gst", "1.0"); gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer
Gst.init(None)
server, factory = GstRtspServer.RTSPServer(), GstRtspServer.RTSPMediaFactory()
server.set_service("554")
factory.set_launch("( videotestsrc ! video/x-raw,width=32,height=32 ! rtpvrawpay name=pay0 pt=96 )")
server.get_mount_points().add_factory("/test", factory)
server.attach(None)
GLib.MainLoop().run()
EOF
exec /usr/bin/python3 /run/serve.py
"""

# The servers have folders of their own over /tmp and the like, where a test's interpreter may live.
PYTHON = next(p for p in ("/usr/bin/python3", sys.executable) if Path(p).exists())

ICECAST = """
mkdir -p /var/log/icecast2 && chmod 777 /var/log/icecast2
cat > /run/icecast.xml <<'EOF'
<icecast><hostname>radio</hostname><listen-socket><port>8000</port></listen-socket>
<authentication><source-password>x</source-password><admin-user>x</admin-user><admin-password>x</admin-password>
</authentication>
<paths><basedir>/usr/share/icecast2</basedir><logdir>/var/log/icecast2</logdir><webroot>/usr/share/icecast2/web</webroot>
<adminroot>/usr/share/icecast2/admin</adminroot></paths>
<security><changeowner><user>nobody</user><group>nogroup</group></changeowner></security></icecast>
EOF
exec icecast2 -c /run/icecast.xml
"""


@dataclass(frozen=True)
class Neighbour:
    """One server. `needs`: programs and files, without which it is left out."""

    name: str
    needs: tuple[str, ...]
    listens: str
    script: str
    rtsp: bool = False  # serves RTSP, so it may be CCTV


def neighbour(name, listens, script, *needs, rtsp=False):
    return Neighbour(name, needs or (name,), listens, FRESH + script, rtsp)


NEIGHBOURS = (
    neighbour("printer", "udp/5353", AVAHI % ("Office Printer", "_ipp._tcp", 631, "office-printer"), "avahi-daemon"),
    neighbour(
        "camera-announcement", "udp/5353", AVAHI % ("Yard Camera", "_rtsp._tcp", 554, "yard"), "avahi-daemon",
    ),
    neighbour("wsdd", "udp/3702", "exec wsdd -i eth0 -4 -n office-pc -w OFFICE"),
    neighbour(
        "minidlna", "tcp/8200",
        "mkdir -p /srv/media /var/cache/minidlna /var/log/minidlna && "
        "printf 'media_dir=/srv/media\\nport=8200\\nfriendly_name=Shop Media\\nnetwork_interface=eth0\\n' "
        "> /run/m.conf; "
        "exec minidlnad -S -f /run/m.conf -P /run/m.pid",
        "minidlnad",
    ),
    neighbour(
        "snmpd", "udp/161",
        "echo 'rocommunity public' > /run/snmp.conf; mkdir -p /var/lib/snmp; "
        "exec snmpd -f -Lo -C -c /run/snmp.conf udp:161",
    ),
    neighbour(
        "nginx", "tcp/80",
        "mkdir -p /var/log/nginx /var/lib/nginx; "
        "echo 'events {} http { access_log off; server { listen 80; listen 8080; root /srv/www; } }' > /run/n.conf; "
        "exec nginx -e stderr -c /run/n.conf -g 'daemon off; user root;'",
    ),
    neighbour(
        "lighttpd", "tcp/80",
        "printf 'server.document-root = \"/srv/www\"\\nserver.port = 80\\nindex-file.names = ( \"index.html\" )\\n' "
        "> /run/l.conf; exec lighttpd -D -f /run/l.conf",
    ),
    neighbour(
        "vsftpd", "tcp/21",
        "mkdir -p /run/vsftpd/empty; printf 'listen=YES\\nlisten_ipv6=NO\\nbackground=NO\\n' > /run/v.conf; "
        "exec vsftpd /run/v.conf",
    ),
    neighbour(
        "openssh", "tcp/22",
        "mkdir -p /run/sshd; ssh-keygen -q -t ed25519 -N '' -f /run/key; "
        "exec /usr/sbin/sshd -D -f /dev/null -h /run/key -o PidFile=none",
        "sshd",
    ),
    neighbour(
        "dropbear", "tcp/22",
        "dropbearkey -t ed25519 -f /run/key > /run/said; exec dropbear -F -E -r /run/key -P /run/d.pid",
    ),
    neighbour(
        "samba", "tcp/445",
        "mkdir -p /run/samba /var/lib/samba/private /var/cache/samba /var/log/samba; "
        "printf '[global]\\nworkgroup=OFFICE\\nmap to guest=bad user\\nload printers=no\\n[stock]\\npath=/srv\\n' "
        "> /run/smb.conf; nmbd -D -s /run/smb.conf; exec smbd -F --no-process-group -s /run/smb.conf",
        "smbd", "nmbd",
    ),
    neighbour(
        "cups", "tcp/631",
        "mkdir -p /run/cups/certs /var/spool/cups /var/cache/cups /var/log/cups; "
        "printf 'Listen 0.0.0.0:631\\nWebInterface Yes\\nBrowsing No\\n<Location />\\nAllow all\\n</Location>\\n' "
        "> /run/c.conf; exec cupsd -f -c /run/c.conf",
        "cupsd",
    ),
    neighbour(
        "dnsmasq", "tcp/53",
        "exec dnsmasq -k -C /dev/null --user=root --no-resolv --no-hosts --local=/office/ -x /run/d",
    ),
    neighbour("gst-rtsp-server", "tcp/554", GST_RTSP, "gst-launch-1.0", "/usr/bin/python3", rtsp=True),
    neighbour("http.server", "tcp/8000", f"exec {PYTHON} -m http.server -d /srv/www 8000", PYTHON),
    neighbour(
        "mosquitto", "tcp/1883",
        "printf 'listener 1883\\nallow_anonymous true\\nuser root\\n' > /run/m.conf; exec mosquitto -c /run/m.conf",
    ),
    neighbour(
        "apache", "tcp/443",
        "modules=/usr/lib/apache2/modules; cat > /run/a.conf <<EOF\n"
        "LoadModule mpm_event_module $modules/mod_mpm_event.so\n"
        "LoadModule authz_core_module $modules/mod_authz_core.so\n"
        "ServerName intranet\nListen 80\nListen 443\nPidFile /run/a.pid\nErrorLog /dev/stderr\n"
        "DocumentRoot /srv/www\nEOF\n"
        "exec apache2 -DFOREGROUND -f /run/a.conf",
        "apache2",
    ),
    neighbour(
        "rsync", "tcp/873",
        "printf '[stock]\\npath=/srv\\n' > /run/r; exec rsync --daemon --no-detach --config=/run/r",
    ),
    neighbour(
        "redis", "tcp/6379", "cd /run; exec redis-server --bind 0.0.0.0 --protected-mode no --save ''", "redis-server",
    ),
    neighbour(
        "haproxy", "tcp/8443",
        "printf 'defaults\\n mode http\\n timeout client 5s\\nfrontend f\\n bind :8443\\n bind :88\\n"
        " http-request return status 200 content-type text/plain string ok\\n' > /run/h.cfg; "
        "exec haproxy -db -f /run/h.cfg",
    ),
    neighbour("mini-httpd", "tcp/81", "exec mini_httpd -D -p 81 -d /srv/www -u root -i /run/m.pid", "mini_httpd"),
    neighbour("llmnrd", "udp/5355", "exec llmnrd -H back-office"),
    neighbour("icecast", "tcp/8000", ICECAST, "icecast2"),
    neighbour(
        "telnetd", "tcp/23",
        "echo 'telnet stream tcp nowait root /usr/sbin/telnetd telnetd' > /run/i; exec inetutils-inetd -d /run/i",
        "inetutils-inetd", "telnetd",
    ),
)  # fmt: skip
UNASKED = ("snmpd", "llmnrd", "wsdd")  # SNMP only with --with snmp; wsdd tells nothing to who looks for cameras
OTHER_PORTS = "53,139,445,631,873,1883,6379,8200"


def missing(one):
    """What the machine lacks for it; None when all is there."""
    there = (need for need in one.needs if not (Path(need).exists() if "/" in need else shutil.which(need)))
    return next(there, None)


@pytest.fixture(scope="module")
def office():
    """The report, the servers that ran by name with their addresses, and why the others did not."""
    plain = load_profiles("quiet-host")[0]
    profiles = [*load_profiles(*CAMERAS), *(plain.variant(n) for n in range(len(NEIGHBOURS)))]
    ran, without = {}, {}
    with NetnsLan(profiles, network="10.0.0.0/25") as lan, contextlib.ExitStack() as running:
        for one, address in zip(NEIGHBOURS, lan.addresses[len(CAMERAS) :], strict=True):
            if lacks := missing(one):
                without[one.name] = f"{lacks} is not installed"
                continue
            try:
                running.enter_context(lan.daemon(address, ["sh", "-c", one.script], listens=one.listens))
            except OSError as error:
                without[one.name] = str(error)
            else:
                ran[one.name] = address
        folder = lan.folder()
        arguments = ["scan", "10.0.0.0/25", "--extra-port", OTHER_PORTS, "-o", str(folder / "r.json"), "--quiet"]
        result = lan.run(arguments, timeout_s=300)
        assert result.returncode == 0, result.stderr
        report = json.loads(Path(folder / "r.json").read_text("utf-8"))
        yield lan, {address: d for d in report["devices"] for address in d["addresses"]}, ran, without


def processes():
    """Every process of the machine: its number and command line."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            found.add(f"{folder.name} {(folder / 'cmdline').read_bytes().decode(errors='replace')}".replace("\0", " "))
    return found


def device_of(office, one):
    _, found, ran, without = office
    if one.name in without:
        pytest.skip(without[one.name])
    return found[ran[one.name]]


EACH = pytest.mark.parametrize("one", NEIGHBOURS, ids=lambda one: one.name)


@EACH
def test_a_server_is_no_cctv_unless_it_serves_rtsp(office, one):
    device = device_of(office, one)
    assert device["is_cctv"] is not True or one.rtsp


@EACH
def test_a_server_has_no_maker_and_is_on_no_list(office, one):
    device = device_of(office, one)
    assert device["manufacturer"] is None
    assert device["brand"] is None
    assert {v["outcome"] for v in device["verdicts"]} <= {"undetermined", "not-listed"}


@pytest.mark.parametrize("one", [n for n in NEIGHBOURS if n.name not in UNASKED], ids=lambda one: one.name)
def test_what_the_server_answered_was_heard(office, one):
    device = device_of(office, one)
    transport, _, port = one.listens.partition("/")
    assert (transport, int(port)) in {(s["transport"], s["port"]) for s in device["services"]}


ASK_BY_NAME = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.settimeout(5)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[1]))
    sock.sendto(bytes.fromhex("123400000001000000000000") + b"\\x0bback-office\\0\\0\\1\\0\\1", ("224.0.0.252", 5355))
    print(sock.recv(1500).hex())
"""


def test_the_answer_of_a_real_llmnr_server_is_read(office):
    lan, _, ran, without = office
    if "llmnrd" in without:
        pytest.skip(without["llmnrd"])
    asker = ran["nginx"] if "nginx" in ran else lan.devices[0].ip
    answer = lan.run_at(asker, [sys.executable, "-c", ASK_BY_NAME, asker])
    assert llmnr.decode_answer(bytes.fromhex(answer.stdout.strip())) == (("llmnr.name", "back-office"),)


def test_a_server_that_answers_no_question_about_its_address_has_no_name(office):
    (one,) = [n for n in NEIGHBOURS if n.name == "llmnrd"]
    assert device_of(office, one)["hostnames"] == []


def test_twenty_of_them_ran_where_all_are_installed(office):
    _, _, ran, without = office
    if any(missing(one) for one in NEIGHBOURS):
        pytest.skip(f"{len(without)} are not there: {', '.join(without)}")
    assert len(ran) >= 20, without


def test_every_camera_among_them_is_found_with_its_maker(office):
    lan, found, *_ = office
    cameras = [d for d in lan.devices if d.profile.truth.is_cctv]
    assert len(cameras) == len(CAMERAS)
    wrong = [
        (d.profile.name, found[d.ip]["is_cctv"], found[d.ip]["manufacturer"])
        for d in cameras
        if found[d.ip]["is_cctv"] is not True or (found[d.ip]["manufacturer"] or {}).get("id") != d.profile.truth.maker
    ]
    assert wrong == []


def test_a_program_in_the_lab_ends_with_its_block_also_as_another_user(tmp_path):
    mark = tmp_path / "inner"
    script = f"echo started > {mark}; exec setpriv --reuid 65534 --clear-groups {sys.executable} -m http.server 8080"
    with NetnsLan(load_profiles("quiet-host"), network="10.0.0.0/28") as lan:
        before = processes()
        with lan.daemon("10.0.0.1", ["sh", "-c", script], listens="tcp/8080"):
            assert mark.exists()
            assert any("http.server 8080" in line for line in processes() - before)
        assert not any("http.server 8080" in line for line in processes() - before)
