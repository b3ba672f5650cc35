"""What netcam knows when it judges: signatures, OUI data and lists, loaded once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

from netcam import __version__
from netcam.advisories.judge import judge as judge_advisories
from netcam.advisories.load import Advisories, load_advisories
from netcam.datafiles import data_folder
from netcam.discovery.grouping import Group
from netcam.engine.alike import Alike
from netcam.engine.identify import conclude
from netcam.engine.load import SignatureSet, load_signatures
from netcam.engine.match import EvidenceIds, mac_inside, match
from netcam.engine.patterns import engine_name
from netcam.errors import ConfigError
from netcam.kept import remembered
from netcam.model import Identity, Observation, utc
from netcam.model.report import DeviceRecord, VerdictRecord, Versions
from netcam.policy.judge import judge
from netcam.policy.lists import PolicyList
from netcam.policy.load import digest, load_lists
from netcam.report.build import device_record

DAYS = 4  # days of scans whose conclusions are remembered at once


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """Signatures and advisories of one run, and the lists that devices are held against."""

    signatures: SignatureSet
    lists: dict[str, PolicyList]
    advisories: Advisories = field(default_factory=lambda: Advisories(files={}, paths={}))

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
        with remembered():
            signatures = load_signatures(folder, engine=engine)
            found = load_lists(folder, own_lists, vendors=signatures.vendors)
            advisories = load_advisories(folder)
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
        return cls(signatures=signatures, lists=lists, advisories=advisories)

    def versions(self) -> Versions:
        return Versions(
            netcam=__version__,
            signatures=self.signatures.digest,
            signatures_from=self.signatures.origin,
            oui=self.signatures.oui.date,
            lists={id: policy.list.last_checked.isoformat() for id, policy in sorted(self.lists.items())},
            list_digests={id: digest(policy) for id, policy in sorted(self.lists.items())},
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
        day = on or utc().date()
        matched = match(self.signatures, group.observations, ids)
        evidence, identity, verdicts = self._alike(day).settle(matched, ids)
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
            on=day,
            conflicts=group.conflicts,
            site=site,
            key=key,
            name=self.signatures.display_name,
            badge=self.signatures.short_name,
            registrant=registrant[1] if registrant else None,
        )

    def _alike(self, on: date) -> Alike[VerdictRecord]:
        """What was worked out of devices seen on one day; a list may ask how old their firmware was then."""
        if (known := self._alikes.get(on)) is None:
            if len(self._alikes) >= DAYS:
                self._alikes.clear()
            known = self._alikes[on] = Alike(
                lambda evidence, ids: conclude(self.signatures, evidence, ids), lambda who: self._verdicts(who, on)
            )
        return known

    @cached_property
    def _alikes(self) -> dict[date, Alike[VerdictRecord]]:
        return {}

    def _verdicts(self, identity: Identity, on: date) -> list[VerdictRecord]:
        """What every list says of an identity; like `conclude`, by that alone."""
        return [
            judge(
                identity,
                policy,
                parents=self.signatures.parents,
                country=self._country,
                name=self.signatures.display_name,
                on=on,
            )
            for _, policy in sorted(self.lists.items())
        ]

    def _country(self, vendor_id: str) -> str | None:
        company = self.signatures.company(vendor_id)
        return company.country if company else None
