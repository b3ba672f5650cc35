"""The facts netcam passes on, as frozen types of the standard library: scope, observation, identity, report."""

from .firmware import firmware_age_days
from .identity import CCTV_TYPES, DEVICE_TYPES, Claim, Conflict, Evidence, Identity, Strength
from .observation import (
    Endpoint,
    IPAddress,
    Numbering,
    Observation,
    answer_of,
    canonical_mac,
    canonical_uuid,
    global_mac,
    placeholder_serial,
    root_of,
    utc,
    uuid_node,
    without_secrets,
)
from .runs import Coverage, CoverageStatus, ProbeRun, RunStatus
from .scope import AddressRange, IPNetwork, Scope, is_home

__all__ = [
    "CCTV_TYPES",
    "DEVICE_TYPES",
    "AddressRange",
    "Claim",
    "Conflict",
    "Coverage",
    "CoverageStatus",
    "Endpoint",
    "Evidence",
    "IPAddress",
    "IPNetwork",
    "Identity",
    "Numbering",
    "Observation",
    "ProbeRun",
    "RunStatus",
    "Scope",
    "Strength",
    "answer_of",
    "canonical_mac",
    "canonical_uuid",
    "firmware_age_days",
    "global_mac",
    "is_home",
    "placeholder_serial",
    "root_of",
    "utc",
    "uuid_node",
    "without_secrets",
]
