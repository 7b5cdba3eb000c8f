"""What policy makes of announcements."""

from dataclasses import dataclass

from plexsphere.composition.builders.platform import PlatformParts
from plexsphere.policy.adapters.postgres.hooks.node_announcements import PostgresNodeAnnouncements
from plexsphere.policy.application.hooks.take_announcement import TakeAnnouncement
from plexsphere.policy.application.hooks.withdraw_announcement import WithdrawAnnouncement


@dataclass(frozen=True, slots=True)
class Hooks:
    """Announcements, taken and withdrawn."""

    take_announcement: TakeAnnouncement
    withdraw_announcement: WithdrawAnnouncement


def build_hooks(platform: PlatformParts) -> Hooks:
    """Return the use cases."""
    announcements = PostgresNodeAnnouncements(platform.database)
    return Hooks(TakeAnnouncement(platform.database, announcements), WithdrawAnnouncement(announcements))
