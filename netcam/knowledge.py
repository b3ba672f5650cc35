"""What netcam knows when it judges: signatures, OUI data and lists, loaded once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from netcam import __version__
from netcam.datafiles import data_folder
from netcam.discovery.grouping import Group
from netcam.engine.identify import identify
from netcam.engine.load import SignatureSet, load_signatures
from netcam.engine.match import EvidenceIds
from netcam.engine.patterns import engine_name
from netcam.errors import ConfigError
from netcam.model import utc
from netcam.model.report import DeviceRecord, Versions
from netcam.policy.judge import judge
from netcam.policy.lists import PolicyList
from netcam.policy.load import digest, load_lists
from netcam.report.build import device_record


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """Signatures of one run, and the lists that devices are held against."""

    signatures: SignatureSet
    lists: dict[str, PolicyList]

    @classmethod
    def load(
        cls,
        folder: Path | None = None,
        own_lists: Sequence[Path] = (),
        engine: str | None = None,
        asked: Collection[str] = (),
    ) -> Knowledge:
        """Everything from the data folder, and the user's own lists.

        Args:
            asked: ids of lists to hold devices against although they have no legal force.
        Raises:
            SignatureError: a file that breaks the rules.
            ConfigError: no data; or an id in `asked` that no list has, or whose list no device could meet.
        """
        signatures = load_signatures(folder, engine=engine)
        found = load_lists(folder, own_lists, vendors=signatures.vendors)
        for id in asked:
            if id not in found:
                raise ConfigError(f"--list {id!r}: no such list; there are {', '.join(sorted(found))}")
            if not found[id].reaches:
                raise ConfigError(
                    f"--list {id!r}: no device can be held against it, since it names no maker that netcam knows; "
                    f"`netcam lists show {id}` has what it says"
                )
        shipped = {path.stem for path in (data_folder(folder) / "lists").glob("*.toml")}
        lists = {id: p for id, p in found.items() if p.by_default or id in asked or id not in shipped}
        return cls(signatures=signatures, lists=lists)

    def versions(self) -> Versions:
        return Versions(
            netcam=__version__,
            signatures=self.signatures.digest,
            signatures_from=self.signatures.origin,
            oui=self.signatures.oui.date,
            lists={id: policy.list.last_checked.isoformat() for id, policy in sorted(self.lists.items())},
            list_digests={id: digest(policy) for id, policy in sorted(self.lists.items())},
            pattern_engine=self.signatures.engine or engine_name(),
        )

    def describe(
        self, group: Group, ids: EvidenceIds, *, site: str | None, key: str | None = None, on: date | None = None
    ) -> DeviceRecord:
        """Match, fuse and judge one device; `on` is the day it was seen, by default today."""
        day = on or utc().date()
        evidence, identity = identify(self.signatures, group.observations, ids)
        verdicts = [
            judge(
                identity,
                policy,
                parents=self.signatures.parents,
                country=self._country,
                name=self.signatures.display_name,
                on=day,
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
