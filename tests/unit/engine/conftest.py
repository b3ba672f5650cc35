"""Invented vendor files: Northlight builds, Harbourview is its subsidiary, Southgate and Eastgate are badges."""

import pytest

NORTHLIGHT = """
schema = 1
[vendor]
id = "northlight"
name = "Northlight Optics Ltd."
short = "Northlight"
aliases = ["NORTHLIGHT OPTICAL TECH"]
builds = true
own_badge = true
references = ["constructed"]
[[oui]]
registrant = "Northlight Optics"
says = { manufacturer = "northlight" }
references = ["constructed"]
checked = 2026-01-10
[[signature]]
id = "northlight.http.server"
status = "experimental"
observes = "http.server"
pattern = '^NLO-Web/(?P<firmware>[^ ]+)'
strength = "strong"
says = { manufacturer = "northlight" }
references = ["constructed"]
example = [{ value = "NLO-Web/4.2.1", expect = { firmware = "4.2.1" }, from = "constructed" }]
counterexample = [{ value = "NLO-Webcam-Viewer/4.2.1", why = "a desktop viewer" }]
[[signature]]
id = "northlight.onvif.name"
status = "experimental"
observes = "onvif.name"
pattern = '^(?P<badge>[A-Za-z ]+) (?P<model>NL-[0-9A-Z-]+|IP Camera)$'
strength = "strong"
says = {}
references = ["constructed"]
example = [{ value = "Northlight NL-D220", expect = { brand = "northlight", model = "NL-D220" }, from = "constructed" }]
counterexample = [{ value = "Northlight", why = "no model" }]
[[signature]]
id = "northlight.sadp.serial"
status = "experimental"
observes = "sadp.serial"
pattern = '^(?P<serial>NL.+|0+)$'
strength = "supporting"
says = {}
references = ["constructed"]
example = [{ value = "NL-20190101", expect = { serial = "NL-20190101" }, from = "constructed" }]
counterexample = [{ value = "X", why = "another form" }]
[[model]]
id = "northlight.model.speaker"
pattern = '^NL-S'
device_type = "other"
references = ["constructed"]
examples = ["NL-S1"]
counterexamples = ["NL-D1"]
[[model]]
id = "northlight.model.ptz"
pattern = '^NL-D\\dPTZ'
capabilities = ["ptz"]
references = ["constructed"]
examples = ["NL-D2PTZ"]
counterexamples = ["NL-D2"]
[[model]]
id = "northlight.model.dome"
pattern = '^NL-D'
device_type = "camera"
capabilities = ["audio"]
references = ["constructed"]
examples = ["NL-D220"]
counterexamples = ["NL-R1"]
[[model]]
id = "northlight.model.any"
pattern = '^NL-'
device_type = "nvr"
references = ["constructed"]
examples = ["NL-R1"]
counterexamples = ["XL-R1"]
"""
HARBOURVIEW = """
schema = 1
[vendor]
id = "harbourview"
name = "Harbourview"
parent = "northlight"
builds = true
own_badge = true
references = ["constructed"]
[[oui]]
prefix = "0a:00:5e"
says = { manufacturer = "harbourview" }
references = ["constructed"]
checked = 2026-01-10
[[signature]]
id = "harbourview.http.title"
status = "experimental"
observes = "http.title"
pattern = '^Harbourview$'
strength = "strong"
says = { manufacturer = "harbourview" }
references = ["constructed"]
example = [{ value = "Harbourview", from = "constructed" }]
counterexample = [{ value = "Harbourview Hotel", why = "not a device" }]
"""
BADGE = """
schema = 1
[vendor]
id = "{id}"
name = "{name}"
references = ["constructed"]
[[made_by]]
maker = "northlight"
certainty = "A"
{series}
references = ["constructed"]
[[signature]]
id = "{id}.http.title"
status = "experimental"
observes = "http.title"
pattern = '^{name}(?: (?P<model>[0-9A-Z-]+))?$'
strength = "strong"
says = {{ brand = "{id}" }}
references = ["constructed"]
example = [{{ value = "{name}", from = "constructed" }}]
counterexample = [{{ value = "{name} Hotel", why = "not a device" }}]
"""
RIVAL = """
schema = 1
[vendor]
id = "westlake"
name = "Westlake"
builds = true
references = ["constructed"]
[[signature]]
id = "westlake.ftp"
status = "experimental"
observes = "ftp"
pattern = '^220 Westlake'
strength = "{strength}"
says = {{ manufacturer = "westlake" }}
references = ["constructed"]
example = [{{ value = "220 Westlake", from = "constructed" }}]
counterexample = [{{ value = "220 vsFTPd", why = "any server" }}]
"""


def _badge(id, name, series=""):
    return BADGE.format(id=id, name=name, series=f"series = '^{series}'" if series else "")


@pytest.fixture
def badge():
    """Makes the file of a badge on Northlight's devices: id, name, series."""
    return _badge


@pytest.fixture
def files():
    """name -> text of the whole invented world, in order by the rules of the check."""
    return {
        "northlight": NORTHLIGHT,
        "harbourview": HARBOURVIEW,
        "southgate": _badge("southgate", "Southgate"),
        "eastgate": _badge("eastgate", "Eastgate", "NL-"),
        "westlake": RIVAL.format(strength="strong"),
    }


DATED = """
schema = 1
[vendor]
id = "oldgate"
name = "Oldgate"
references = ["constructed"]
[[made_by]]
maker = "westlake"
status = "former"
to = "2017"
certainty = "C"
references = ["constructed"]
[[made_by]]
maker = "northlight"
from = "2017"
certainty = "B"
references = ["constructed"]
[[made_by]]
maker = "harbourview"
series = '^HV-'
certainty = "C"
references = ["constructed"]
[[signature]]
id = "oldgate.http.title"
status = "experimental"
observes = "http.title"
pattern = '^Oldgate(?: (?P<model>[0-9A-Z-]+))?$'
strength = "strong"
says = { brand = "oldgate" }
references = ["constructed"]
example = [{ value = "Oldgate", from = "constructed" }]
counterexample = [{ value = "Oldgate Hotel", why = "not a device" }]
[[signature]]
id = "oldgate.onvif.firmware"
status = "experimental"
observes = "onvif.firmware"
pattern = '^(?P<firmware>OG.+)$'
strength = "supporting"
says = {}
references = ["constructed"]
[[signature.example]]
value = "OG1.0 build 150310"
expect = { firmware = "OG1.0", firmware_date = "2015-03-10" }
from = "constructed"
[[signature.counterexample]]
value = "V1"
why = "another form"
"""


@pytest.fixture
def dated():
    """The file of a badge whose maker changed in 2017, and of whose models those with HV come from a third company."""
    return DATED


@pytest.fixture
def world(signature_set, files):
    """The invented world as a signature set."""
    oui = {"00005E": "Northlight Optics", "00005F1": "Northlight Optics", "000060123": "Northlight Optics"}
    return signature_set(files, oui | {"00005F": "Somebody Else", "000060": "Private"})
