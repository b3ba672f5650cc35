"""`netcam export --to syslog` into a real rsyslog, over TLS and TCP."""

import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from netcam.report.to_json import dump

sys.path.append(str(Path(__file__).parents[1] / "unit" / "exports"))
from store_reports import hostile, store

pytestmark = [
    pytest.mark.daemon,
    pytest.mark.skipif(shutil.which("rsyslogd") is None, reason="needs rsyslogd (Debian package rsyslog)"),
]  # fmt: skip

ROOT = Path(__file__).parents[2]
CONFIG = """
global(workDirectory="{0}" defaultNetstreamDriverCAFile="{0}/cert.pem" defaultNetstreamDriverCertFile="{0}/cert.pem"
       defaultNetstreamDriverKeyFile="{0}/key.pem" maxMessageSize="16k")
module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
input(type="imtcp" port="{1}" address="127.0.0.1" ruleset="keep")
module(load="imptcp")
input(type="imptcp" port="{2}" address="127.0.0.1" ruleset="keep")
template(name="line" type="list") {{ property(name="msgid") constant(value=" ") property(name="structured-data")
         constant(value=" ") property(name="msg") constant(value="\\n") }}
ruleset(name="keep") {{ action(type="omfile" file="{0}/kept.log" template="line") }}
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def collector(tmp_path):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem", "-subj", "/CN=collector.example",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    ports = free_port(), free_port()
    (tmp_path / "rsyslog.conf").write_text(CONFIG.format(tmp_path, *ports))
    if subprocess.run(["rsyslogd", "-N1", "-f", tmp_path / "rsyslog.conf"], capture_output=True).returncode:
        pytest.skip("needs rsyslog's TLS driver (Debian package rsyslog-openssl)")
    process = subprocess.Popen(
        ["rsyslogd", "-n", "-f", tmp_path / "rsyslog.conf", "-i", tmp_path / "pid"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for port in ports:
            for _ in range(200):
                with socket.socket() as sock:
                    if sock.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
        yield tmp_path, ports
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize("secure", [True, False], ids=["tls", "tcp"])
def test_a_real_collector_keeps_every_event_once(collector, secure):
    folder, ports = collector
    words = [sys.executable, "-m", "netcam", "export", "--to", "syslog", "--state", folder / "journal"]
    words += ["--url", f"tls://127.0.0.1:{ports[0]}", "--ca-file", folder / "cert.pem"] if secure else [
        "--url", f"tcp://127.0.0.1:{ports[1]}"
    ]  # fmt: skip
    for number, made in enumerate((store(), hostile(), store())):
        (folder / f"{number}.json").write_bytes(dump(made))
        subprocess.run([*words, folder / f"{number}.json"], check=True, capture_output=True, cwd=ROOT)
    kept = b""
    for _ in range(200):
        kept = (folder / "kept.log").read_bytes() if (folder / "kept.log").exists() else b""
        if kept.count(b"\n") >= 27:
            break
        time.sleep(0.05)
    ids = re.findall(rb'^device\.\w+ \[netcam@32473 id="([0-9a-f]{32})"', kept, re.M)
    assert kept.count(b"\n") == len(ids) == len(set(ids)) == 27
    assert b'maker="<script>alert(1)</script>"' in kept
