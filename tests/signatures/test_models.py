"""What the shipped numbering schemes make of real models: type and capabilities, through the whole engine."""

import pytest

from netcam.engine.identify import identify
from netcam.engine.match import EvidenceIds
from netcam.model import Endpoint, Evidence, Observation, Strength, utc

FACE, PLATES, PTZ, THERMAL, WIDE, AUDIO, COUNT, WORN = (
    "face-recognition", "anpr", "ptz", "thermal", "panoramic", "audio", "people-counting", "body-worn",
)  # fmt: skip

# vendor, model, type, capabilities; read in vendor documents, advisories, firmware lists and integrations (the rules
# name them). A model outside this table may have more rules than these.
REAL = [
    ("hikvision", "DS-2CD2055FWD-I", "camera", set()),
    ("hikvision", "DS-2CD2146G2-ISU", "camera", {AUDIO}),
    ("hikvision", "DS-2CD2387G2-LSU/SL", "camera", {AUDIO}),
    ("hikvision", "DS-2CD2443G0-IW", "camera", set()),
    ("hikvision", "DS-2CD7A26G0/P-IZHSWG", "camera", {PLATES, FACE}),
    ("hikvision", "iDS-2CD7A46G0-IZHSYR", "camera", {FACE}),
    ("hikvision", "DS-2CD2T87G2P-LSU/SL", "camera", {WIDE, AUDIO}),
    ("hikvision", "DS-2CD6365G0", "camera", {WIDE}),
    ("hikvision", "iDS-2CD6810F", "camera", {COUNT}),
    ("hikvision", "DS-2DE4425IW-DE", "camera", {PTZ}),
    ("hikvision", "DS-2TD1228-2/QA", "camera", {THERMAL}),
    ("hikvision", "DS-TCG406-E", "camera", {PLATES}),
    ("hikvision", "DS-MH2311", "camera", {WORN}),
    ("hikvision", "DS-7608NXI-I2/8P/S", "nvr", set()),
    ("hikvision", "iDS-9632NXI-I8", "nvr", {FACE}),
    ("hikvision", "iDS-7204HUHI-M1/P", "dvr", set()),
    ("hikvision", "iDS-7204HUHI-M1/FA/A", "dvr", {FACE}),
    ("hikvision", "DS-6701HFH-V", "encoder", set()),
    ("hikvision", "DS-K1T671", "access-terminal", {FACE}),
    ("hikvision", "DS-K1T804", "access-terminal", set()),
    ("hikvision", "DS-KV6113-WPE1(C)", "intercom", set()),
    ("hikvision", "DS-1600KI", "other", set()),
    ("dahua", "IPC-HDW5421S", "camera", set()),
    ("dahua", "IPC-HDBW4239R-ASE", "camera", {AUDIO}),
    ("dahua", "IPC-HFW7442H-ZFR", "camera", {FACE}),
    ("dahua", "DH-IPC-HDW8341XN-3D", "camera", {COUNT}),
    ("dahua", "DH-IPC-PFW8840N-A180", "camera", {WIDE}),
    ("dahua", "DHI-ITC237-PW1B-IRZ", "camera", {PLATES}),
    ("dahua", "TPC-BF1241-TB", "camera", {THERMAL}),
    ("dahua", "TPC-SD2221", "camera", {THERMAL, PTZ}),
    ("dahua", "DH-SD22A204TN-GNI-W", "camera", {PTZ}),
    ("dahua", "49425XBNR", "camera", {PTZ}),
    ("dahua", "ASI7213X-T1", "access-terminal", {FACE}),
    ("dahua", "ASI1212D", "access-terminal", set()),
    ("dahua", "ASC2204C-S", "other", set()),
    ("dahua", "VTO2311R-WP", "intercom", set()),
    ("dahua", "DHI-HCVR51A04HE-S3", "dvr", set()),
    ("dahua", "IVSS7XX-M", "nvr", {FACE}),
    ("amcrest", "IP4M-1062EW-AI", "camera", {PLATES}),
    ("amcrest", "IP2M-863EW-AI", "camera", {PTZ}),
    ("amcrest", "IP8M-2493EW-V2", "camera", set()),
    ("amcrest", "NV4108-HS", "nvr", set()),
    ("amcrest", "AD410", "doorbell", set()),
    ("annke", "FCD600 I51FS", "camera", {WIDE, AUDIO}),
    ("annke", "CZ425X I81HB", "camera", {PTZ}),
    ("annke", "C1200 I91DD", "camera", set()),
    ("annke", "N48PBB", "nvr", set()),
    ("lts", "CMIP7923LPR-20", "camera", {PLATES}),
    ("lts", "LTN6416", "nvr", set()),
    ("lorex", "N841A8", "nvr", set()),
    ("lorex", "B862AJ", "doorbell", set()),
    ("lorex", "LNZ45P25", "camera", {PTZ}),
    ("speco", "O4BXLP1M", "camera", {PLATES}),
    ("speco", "O2BFRM", "camera", {FACE}),
    ("speco", "O2TML", "access-terminal", {FACE}),
    ("gss", "NC512-LPR", "camera", {PLATES}),
    ("honeywell", "HC35TB5R1JT07", "camera", {THERMAL}),
    ("honeywell", "HC25WB4R4LPR", "camera", {PLATES}),
    ("honeywell", "HEN643484", "nvr", set()),
    ("uniview", "OET-213H", "access-terminal", {FACE}),
    ("uniview", "NVR301-04S2-P4", "nvr", set()),
    ("uniview", "IPC2122LB-SF28-A", "camera", set()),
    ("tiandy", "TC-C34LQ", "camera", set()),
    ("tiandy", "TC-H326M", "camera", {PTZ}),
    ("tvt", "TD-9423A3-LR", "camera", {PLATES}),
    ("tvt", "TD-5422E1-VT1", "camera", {THERMAL}),
    ("tvt", "TD-8423IS-A", "camera", {PTZ}),
    ("keda", "IPC2131-AN-IR1", "camera", set()),
    ("milesight", "MS-C2972-RELPC", "camera", {PLATES}),
    ("reolink", "RLC-410W", "camera", set()),
    ("reolink", "RLN8-410", "nvr", set()),
    ("ezviz", "CS-DB1C-A0-1E2W2FR", "doorbell", set()),
    ("tp-link", "VIGI LPR345Z", "camera", {PLATES}),
    ("d-link", "DNR-322L", "nvr", set()),
    ("geovision", "GV-BX1500", "camera", set()),
    ("avtech", "AVM1203", "camera", set()),
    ("vivotek", "SD9364", "camera", {PTZ}),
    ("vivotek", "FE9381", "camera", {WIDE}),
    ("axis", "AXIS P1465-LE-3", "camera", {PLATES}),
    ("axis", "AXIS M3077-PLVE", "camera", {WIDE}),
    ("axis", "AXIS Q6075-E", "camera", {PTZ}),
    ("axis", "AXIS W100", "camera", {WORN}),
    ("axis", "AXIS A1001", "other", set()),
    ("hanwha", "PNB-A9092RLPH", "camera", {PLATES}),
    ("hanwha", "XNV-8080R", "camera", set()),
    ("bosch", "NDP-5512-Z30", "camera", {PTZ}),
    ("mobotix", "M15-Thermal", "camera", {THERMAL}),
    ("illustra", "IPS05-B12-LPR4", "camera", {PLATES}),
    ("idis", "DC-S6281HX", "camera", {PTZ}),
    ("digital-watchdog", "DWC-LPR650UW", "camera", {PLATES}),
    ("clarevision", "CVP-B2DB50-ODIW", "doorbell", set()),
    ("luma", "LUM-410-FIS", "camera", {WIDE}),
]


def decoded(signatures, vendor, model, strength=Strength.STRONG):
    """Type and capabilities of a model that a strong sign of this vendor told."""
    company = signatures.company(vendor)
    says = {"manufacturer" if company.builds else "brand": vendor, "model": model}
    seen = Observation(
        id="o1", kind="test", value=model, endpoint=Endpoint(), probe="test", seen_at=utc(), root="banner:test"
    )
    told = Evidence(id="e0", signature="test", observation=seen.id, root=seen.root, strength=strength, says=says)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("netcam.engine.identify.match", lambda *_: (told,))
        _, identity = identify(signatures, [seen], EvidenceIds())
    return identity


@pytest.mark.parametrize(("vendor", "model", "type", "can"), REAL, ids=[f"{v}-{m}" for v, m, *_ in REAL])
def test_a_real_model_is_decoded(knowledge, vendor, model, type, can):
    identity = decoded(knowledge.signatures, vendor, model)
    assert [c.value for c in identity.device_type] == [type]
    assert {c.value for c in identity.capabilities} == can


def test_a_model_that_is_only_a_guess_gives_capabilities_no_better_than_a_guess(knowledge):
    sure = decoded(knowledge.signatures, "hikvision", "iDS-2CD7A46G0-IZHSYR")
    guess = decoded(knowledge.signatures, "hikvision", "iDS-2CD7A46G0-IZHSYR", Strength.SUPPORTING)
    assert [c.confidence for c in (*sure.capabilities, *guess.capabilities)] == [0.85, 0.5]


def test_every_capability_of_the_vocabulary_has_a_rule_with_a_source(knowledge):
    rules = [rule for file in knowledge.signatures.vendors.values() for rule in file.model]
    told = {capability for rule in rules for capability in rule.capabilities}
    assert told == set(knowledge.signatures.vocabulary.words["capabilities"])
    assert all(rule.references for rule in rules)


@pytest.mark.parametrize(
    ("seen", "capability"),
    [
        ({"onvif.scopes": "onvif://www.onvif.org/type/ptz onvif://www.onvif.org/type/video_encoder"}, PTZ),
        ({"onvif.scopes": "onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/type/audio_encoder"}, AUDIO),
        ({"onvif.namespaces": "http://www.onvif.org/ver10/thermal/wsdl"}, THERMAL),
        ({"dhip.class": "ITC"}, PLATES),
        ({"dhip.class": "TPC"}, THERMAL),
        ({"dhip.class": "SD"}, PTZ),
        ({"dhip.class": "IVSS"}, FACE),
        ({"isapi.devicetype": "IPDome"}, PTZ),
    ],
)
def test_what_a_device_says_of_itself_gives_a_capability(knowledge, observed, seen, capability):
    _, identity = identify(knowledge.signatures, observed(*seen.items()), EvidenceIds())
    assert [c.value for c in identity.capabilities] == [capability]
