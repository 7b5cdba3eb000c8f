"""What policy makes of announcements, and what it holds them to."""

from dataclasses import dataclass

from plexsphere.composition.builders.platform import PlatformParts
from plexsphere.platform.db.database import Database
from plexsphere.platform.ids import mint_id
from plexsphere.policy.adapters.postgres.artifacts.known_good import PostgresKnownGood
from plexsphere.policy.adapters.postgres.hooks.discovered_hooks import PostgresDiscoveredHooks
from plexsphere.policy.adapters.postgres.hooks.node_announcements import PostgresNodeAnnouncements
from plexsphere.policy.adapters.postgres.integrity.baselines import PostgresBaselines
from plexsphere.policy.adapters.postgres.integrity.binaries import PostgresBinaries
from plexsphere.policy.adapters.postgres.integrity.violations import PostgresViolations
from plexsphere.policy.application.hooks.list_hooks import ListHooks
from plexsphere.policy.application.hooks.take_announcement import TakeAnnouncement
from plexsphere.policy.application.hooks.withdraw_announcement import WithdrawAnnouncement
from plexsphere.policy.application.integrity.check_binaries import CheckBinaries
from plexsphere.policy.application.integrity.judge_binaries import JudgeBinaries


@dataclass(frozen=True, slots=True)
class Hooks:
    """Announcements, taken and withdrawn; binaries are checked beside the requests."""

    take_announcement: TakeAnnouncement
    withdraw_announcement: WithdrawAnnouncement
    check_binaries: CheckBinaries
    list_hooks: ListHooks


def build_hooks(platform: PlatformParts) -> Hooks:
    """Return the use cases."""
    database = platform.database
    announcements, baselines = PostgresNodeAnnouncements(database), PostgresBaselines(database)
    violations = PostgresViolations(database, mint_id)
    judge = _judge(database)
    return Hooks(
        TakeAnnouncement(database, announcements, baselines, violations, judge),
        WithdrawAnnouncement(announcements),
        CheckBinaries(
            platform.backstage,
            PostgresBinaries(platform.backstage),
            _judge(platform.backstage),
            platform.clock,
        ),
        ListHooks(PostgresDiscoveredHooks(database)),
    )


def _judge(database: Database) -> JudgeBinaries:
    return JudgeBinaries(PostgresKnownGood(database), PostgresViolations(database, mint_id))
