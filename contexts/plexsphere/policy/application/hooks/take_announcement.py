"""Use case: take what a node announces (plexd.md, Capability Announcement; design D29, D30)."""

from collections.abc import Collection
from dataclasses import dataclass

from plexsphere.platform.kernel.unit_of_work import UnitOfWork
from plexsphere.policy.application.integrity.judge_binaries import JudgeBinaries
from plexsphere.policy.domain.hooks.announcement import Announcement
from plexsphere.policy.domain.integrity.examination import Examination, examined
from plexsphere.policy.domain.integrity.naming import naming
from plexsphere.policy.domain.integrity.violation import Detection, Finding
from plexsphere.policy.domain.node_place import NodePlace
from plexsphere.policy.ports.hooks.announcements import NodeAnnouncements
from plexsphere.policy.ports.integrity.baselines import Baselines
from plexsphere.policy.ports.integrity.binaries import NodeBinary
from plexsphere.policy.ports.integrity.violations import Violations


@dataclass(frozen=True, slots=True)
class TakeAnnouncement:
    """
    Keep the announcement in place of the one before, and hold its hooks and its binary to what is known of them.

    Hooks seen for the first time are pinned; those that depart from their baselines are violations from then on. What
    the node reported of a hook before it announced it is that hook's violation from then on.
    An announcement that says what the last one said costs a single statement.
    """

    unit_of_work: UnitOfWork
    announcements: NodeAnnouncements
    baselines: Baselines
    violations: Violations
    judge: JudgeBinaries

    async def __call__(self, announcement: Announcement) -> None:
        """Take it, in the unit of work that is open, if one is."""
        async with self.unit_of_work():
            if await self.announcements.is_repeated(announcement):
                return
            await self.announcements.claim(announcement)
            examination = await self._examination(announcement)
            await self.announcements.replace(announcement, examination.homeless)
            await self._keep(announcement, examination)
            await self.judge(_binaries(announcement), Detection.CAPABILITIES, announcement.reported_at)

    async def _examination(self, announcement: Announcement) -> Examination:
        place = announcement.place
        hooks = announcement.manifest.hooks
        # A node without hooks has nothing to be compared.
        known = await self.baselines.of(place.domain_id, place.node_id) if hooks else {}
        return examined(hooks, known)

    async def _keep(self, announcement: Announcement, examination: Examination) -> None:
        place, at = announcement.place, announcement.reported_at
        if examination.pins:
            await self._name_reports(place, examination.pins)
            await self.baselines.pin(place.domain_id, place.node_id, examination.pins, at)
        if examination.departures:
            departures = examination.departures.values()
            findings = [Finding.of(place, each, Detection.CAPABILITIES) for each in departures]
            await self.violations.raise_for(findings, at)

    async def _name_reports(self, place: NodePlace, hooks: Collection[str]) -> None:
        # There are few: what a node names itself is bounded.
        found = naming(await self.violations.unnamed(place.domain_id, place.node_id), hooks)
        if found.names:
            await self.violations.name(place.domain_id, found)


def _binaries(announcement: Announcement) -> list[NodeBinary]:
    told = announcement.manifest.binary
    return [NodeBinary(announcement.place, told.version, told.checksum, told.checksum)]
