"""Use case: take what a node announces (plexd.md, Capability Announcement; design D29)."""

from dataclasses import dataclass

from plexsphere.platform.kernel.unit_of_work import UnitOfWork
from plexsphere.policy.domain.hooks.announcement import Announcement
from plexsphere.policy.ports.hooks.announcements import NodeAnnouncements


@dataclass(frozen=True, slots=True)
class TakeAnnouncement:
    """Keep the announcement in place of the one before; one that says the same costs a single statement."""

    unit_of_work: UnitOfWork
    announcements: NodeAnnouncements

    async def __call__(self, announcement: Announcement) -> None:
        """Take it, in the unit of work that is open, if one is."""
        async with self.unit_of_work():
            if await self.announcements.is_repeated(announcement):
                return
            await self.announcements.replace(announcement)
