"""What netcam knows when it judges: signatures, OUI data and lists, loaded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

from netcam import __version__
from netcam.advisories.judge import judge as judge_advisories
from netcam.advisories.load import Advisories, load_advisories
from netcam.discovery.grouping import Group
from netcam.engine.alike import Alike
from netcam.engine.identify import conclude
from netcam.engine.load import SignatureSet, load_signatures
from netcam.engine.match import EvidenceIds, mac_inside, match
from netcam.engine.patterns import engine_name
from netcam.kept import remembered
from netcam.model import Identity, Observation, utc
from netcam.model.report import DeviceRecord, VerdictRecord, Versions
from netcam.policy.judge import judge
from netcam.policy.load import PolicyList, load_lists
from netcam.report.build import device_record


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """Signatures, lists and advisories of one run; `chosen` are the ids of the lists that count for --fail-on."""

    signatures: SignatureSet
    lists: dict[str, PolicyList]
    advisories: Advisories = field(default_factory=lambda: Advisories(files={}, paths={}))

    @classmethod
    def load(cls, folder: Path | None = None, own_lists: Sequence[Path] = (), engine: str | None = None) -> Knowledge:
        """Everything from the data folder, and the user's own lists.

        Raises:
            SignatureError: a file that breaks the rules.
            ConfigError: no data.
        """
        with remembered():
            signatures = load_signatures(folder, engine=engine)
            return cls(
                signatures=signatures,
                lists=load_lists(folder, own_lists, vendors=signatures.vendors),
                advisories=load_advisories(folder),
            )

    def versions(self) -> Versions:
        return Versions(
            netcam=__version__,
            signatures=self.signatures.digest,
            signatures_from=self.signatures.origin,
            oui=self.signatures.oui.date,
            lists={id: policy.list.last_checked.isoformat() for id, policy in sorted(self.lists.items())},
            advisories=self.advisories.checked,
            pattern_engine=self.signatures.engine or engine_name(),
        )

    def mac_in(self, seen: Observation) -> str | None:
        """The MAC inside a UUID, name, realm or certificate subject, as far as its form is known; None for none."""
        return mac_inside(self.signatures, seen)

    def describe(
        self, group: Group, ids: EvidenceIds, *, site: str | None, key: str | None = None, on: date | None = None
    ) -> DeviceRecord:
        """Match, fuse and judge one device as it was seen on the day `on`, today without it."""
        matched = match(self.signatures, group.observations, ids)
        evidence, identity, verdicts = self._alike.settle(matched, ids)
        registrant = self.signatures.oui.registrant(group.mac) if group.mac else None
        return device_record(
            addresses=[str(ip) for ip in group.addresses],
            mac=group.mac,
            mac_source=group.mac_source,
            observations=group.observations,
            evidence=evidence,
            identity=identity,
            verdicts=verdicts,
            advisories=judge_advisories(identity, self.advisories, self.signatures),
            on=on or utc().date(),
            conflicts=group.conflicts,
            site=site,
            key=key,
            name=self.signatures.display_name,
            badge=self.signatures.short_name,
            registrant=registrant[1] if registrant else None,
        )

    @cached_property
    def _alike(self) -> Alike[VerdictRecord]:
        return Alike(lambda evidence, ids: conclude(self.signatures, evidence, ids), self._verdicts)

    def _verdicts(self, identity: Identity) -> list[VerdictRecord]:
        """What every list says of an identity; like `conclude`, by that alone."""
        return [
            judge(
                identity,
                policy,
                parents=self.signatures.parents,
                country=self._country,
                name=self.signatures.display_name,
            )
            for _, policy in sorted(self.lists.items())
        ]

    def _country(self, vendor_id: str) -> str | None:
        company = self.signatures.company(vendor_id)
        return company.country if company else None
