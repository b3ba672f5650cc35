"""What netcam knows when it judges: signatures, OUI data and lists, loaded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from netcam import __version__
from netcam.discovery.grouping import Group
from netcam.engine.identify import identify
from netcam.engine.load import SignatureSet, load_signatures
from netcam.engine.match import EvidenceIds
from netcam.engine.patterns import engine_name
from netcam.kept import remembered
from netcam.model.report import DeviceRecord, Versions
from netcam.policy.judge import judge
from netcam.policy.load import PolicyList, load_lists
from netcam.report.build import device_record


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """Signatures and lists of one run; `chosen` are the ids of the lists that count for --fail-on."""

    signatures: SignatureSet
    lists: dict[str, PolicyList]

    @classmethod
    def load(cls, folder: Path | None = None, own_lists: Sequence[Path] = (), engine: str | None = None) -> Knowledge:
        """Everything from the data folder, and the user's own lists.

        Raises:
            SignatureError: a file that breaks the rules.
            ConfigError: no data.
        """
        with remembered():
            signatures = load_signatures(folder, engine=engine)
            return cls(signatures=signatures, lists=load_lists(folder, own_lists, vendors=signatures.vendors))

    def versions(self) -> Versions:
        return Versions(
            netcam=__version__,
            signatures=self.signatures.digest,
            signatures_from=self.signatures.origin,
            oui=self.signatures.oui.date,
            lists={id: policy.list.last_checked.isoformat() for id, policy in sorted(self.lists.items())},
            pattern_engine=self.signatures.engine or engine_name(),
        )

    def describe(self, group: Group, ids: EvidenceIds, *, site: str | None, key: str | None = None) -> DeviceRecord:
        """Match, fuse and judge one device."""
        evidence, identity = identify(self.signatures, group.observations, ids)
        verdicts = [
            judge(
                identity,
                policy,
                parents=self.signatures.parents,
                country=self._country,
                name=self.signatures.display_name,
            )
            for _, policy in sorted(self.lists.items())
        ]
        registrant = self.signatures.oui.registrant(group.mac) if group.mac else None
        return device_record(
            addresses=[str(ip) for ip in group.addresses],
            mac=group.mac,
            mac_source=group.mac_source,
            observations=group.observations,
            evidence=evidence,
            identity=identity,
            verdicts=verdicts,
            conflicts=group.conflicts,
            site=site,
            key=key,
            name=self.signatures.display_name,
            badge=self.signatures.short_name,
            registrant=registrant[1] if registrant else None,
        )

    def _country(self, vendor_id: str) -> str | None:
        company = self.signatures.company(vendor_id)
        return company.country if company else None
