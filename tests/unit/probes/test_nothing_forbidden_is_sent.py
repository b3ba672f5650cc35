"""What discovery may never send is not in the code, and not in what the probes send."""

import ast
import re
from pathlib import Path
from uuid import UUID

import pytest
from captured import capture
from fake_io import FakeIO

import netcam.probes
from netcam.model import Endpoint, Numbering
from netcam.probes import all_probes
from netcam.probes.base import Transport
from netcam.probes.vendor.dhip import encode_search
from netcam.probes.vendor.sadp import encode_inquiry
from netcam.wire.onvif import CALLS

PROBES = Path(netcam.probes.__file__).parent
FILES = sorted((*PROBES.rglob("*.py"), *(PROBES.parent / "wire").rglob("*.py")))

# Whole texts: as such they could become a Types value or a method. Longer texts, such as the pattern of paths that are
# never followed, may hold the words.
FORBIDDEN_WHOLE = re.compile(
    r"update|getcode|reset|activate|exchangecode|getencryptstring|setmailbox|getbindlist|restore"
    r"|SETUP|PLAY|PAUSE|RECORD|ANNOUNCE|TEARDOWN|SET_PARAMETER|GET_PARAMETER|PUT|DELETE|PATCH|TRACE|CONNECT"
)
FORBIDDEN_ANYWHERE = re.compile(
    r"<Types>(?!inquiry<)|DHDiscover\.(?!search\b)|setConfig|PasswdFind|DevInit|modifyPwd|global\.login|RPC2_Login"
    r"|Authorization|UsernameToken|wsse|sessionLogin|auth=YWRt|/Streaming/|tds:(?:Set|Add|Remove|Create|Delete|System)"
    r"|<(?:Set|Add|Remove|Create|Delete|System|Start|Upgrade|Restore)[A-Z]\w+|GetSnapshotUri|GetStreamUri|GetUsers|GetProfiles"
)
ALLOWED_CALLS = {
    "GetSystemDateAndTime",
    "GetServices",
    "GetServiceCapabilities",
    "GetCapabilities",
    "GetHostname",
    "GetEndpointReference",
    "GetWsdlUrl",
    "GetDeviceInformation",
}


def texts(file):
    """Every text in the code of a file except its docstrings, bytes included."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value) for node in ast.walk(tree) if isinstance(node, documented) and ast.get_docstring(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            if isinstance(node.value, bytes):
                yield node.value.decode("latin-1")
            elif isinstance(node.value, str):
                yield node.value


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_no_codec_and_no_probe_holds_a_forbidden_verb(file):
    for text in texts(file):
        assert not FORBIDDEN_WHOLE.fullmatch(text.strip()), text
        if not text.startswith("snapshot|"):  # the first words of the pattern of what is never followed
            assert not FORBIDDEN_ANYWHERE.search(text), text


def test_the_only_sadp_verb_is_inquiry():
    assert re.findall(rb"<Types>(.*?)</Types>", encode_inquiry(UUID(int=0))) == [b"inquiry"]


def test_the_only_dhip_method_is_the_search():
    assert re.findall(rb'"method" : "(.*?)"', encode_search()) == [b"DHDiscover.search"]


def test_onvif_calls_are_those_that_need_no_login_and_one_that_is_tried_without():
    assert set(CALLS) <= ALLOWED_CALLS
    assert len(CALLS) <= 4


def busy_network(port):
    """A host that answers everything, and shows a page that would like to be followed anywhere."""
    front = (
        b'HTTP/1.1 200 OK\r\nWWW-Authenticate: Basic realm="x"\r\nSet-Cookie: a=b\r\nContent-Type: text/html\r\n\r\n'
        b'<link rel=icon href="/reboot.cgi"><script>location.href="http://admin:admin@192.0.2.7/reset?user=admin"</script>'
    )
    soap = b"HTTP/1.1 200 OK\r\n\r\n" + capture("onvif/services")
    return FakeIO(
        port=port,
        seen=Numbering().observe(Endpoint(), "x", {"onvif.xaddrs": "http://192.0.2.7/onvif/device_service"}),
        replies=[capture("sadp/recorder"), capture("dhip/camera"), capture("ws-discovery/camera")],
        web={"/": front, "/onvif/device_service": soap},
        chunks=[capture("rtsp/options"), capture("rtsp/describe-200")],
    )


@pytest.mark.parametrize(
    "probe", [p for p in all_probes() if p.spec.transport is not Transport.LINK], ids=lambda p: p.spec.name
)
@pytest.mark.parametrize("port", [21, 80, 443, 554, 2020, 4711, 9100, 37777])
def test_what_a_probe_sends_is_a_read(probe, port):
    io = busy_network(port)
    io.run(probe)
    for method, path, body, headers in io.asked:
        assert method in ("GET", "HEAD", "OPTIONS") or (method == "POST" and path == "/onvif/device_service")
        assert not {name.lower() for name in headers} & {"authorization", "cookie", "proxy-authorization"}
        assert not re.search(r"reset|reboot|user=|admin", path)
        assert not FORBIDDEN_ANYWHERE.search(body.decode())
    for data in io.sent:
        assert not FORBIDDEN_ANYWHERE.search(data.decode("latin-1"))
        if probe.spec.transport is Transport.TCP:
            assert data.split(b" ", 1)[0] in (b"OPTIONS", b"DESCRIBE")
    if port in (9100, 37777) and probe.spec.name in ("http", "banner"):
        assert not io.asked
        assert not io.sent
