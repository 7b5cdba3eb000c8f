"""What policy makes of announcements, and what it holds them to."""

from dataclasses import dataclass

from plexsphere.composition.bridges.capabilities import CapabilitiesBridge
from plexsphere.composition.bridges.hooks import HooksBridge, Reads
from plexsphere.composition.bridges.integrity import IntegrityBridge, ViolationReportsBridge
from plexsphere.composition.bridges.node_homes import NodeHomesBridge
from plexsphere.composition.bridges.project_homes import ProjectHomesBridge
from plexsphere.composition.builders.platform import PlatformParts
from plexsphere.composition.builders.tenancy import Tenancy
from plexsphere.composition.builders.views import Views
from plexsphere.composition.violation_alerts import AlertedViolations, ViolationAlerts
from plexsphere.fleet.application.find_node import FindNode
from plexsphere.platform.db.database import Database
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.clock import Clock
from plexsphere.policy.adapters.postgres.artifacts.known_good import PostgresKnownGood
from plexsphere.policy.adapters.postgres.hooks.discovered_hooks import PostgresDiscoveredHooks
from plexsphere.policy.adapters.postgres.hooks.node_announcements import PostgresNodeAnnouncements
from plexsphere.policy.adapters.postgres.hooks.node_capabilities import PostgresNodeCapabilities
from plexsphere.policy.adapters.postgres.integrity.baselines import PostgresBaselines
from plexsphere.policy.adapters.postgres.integrity.binaries import PostgresBinaries
from plexsphere.policy.adapters.postgres.integrity.judged_releases import PostgresJudgedReleases
from plexsphere.policy.adapters.postgres.integrity.violations import PostgresViolations
from plexsphere.policy.application.hooks.list_capabilities import ListCapabilities
from plexsphere.policy.application.hooks.list_hooks import ListHooks
from plexsphere.policy.application.hooks.take_announcement import TakeAnnouncement
from plexsphere.policy.application.hooks.withdraw_announcement import WithdrawAnnouncement
from plexsphere.policy.application.integrity.acknowledge_violation import AcknowledgeViolation
from plexsphere.policy.application.integrity.check_binaries import CheckBinaries
from plexsphere.policy.application.integrity.find_violation import FindViolation
from plexsphere.policy.application.integrity.judge_binaries import JudgeBinaries
from plexsphere.policy.application.integrity.judge_releases import JudgeReleases
from plexsphere.policy.application.integrity.list_violations import ListViolations
from plexsphere.policy.application.integrity.report_violations import ReportViolations


class Integrity:
    """What one database keeps of announcements, baselines and violations, and what judges them."""

    def __init__(self, database: Database, alerts: ViolationAlerts) -> None:
        self.announcements, self.baselines = PostgresNodeAnnouncements(database), PostgresBaselines(database)
        self.violations = AlertedViolations(PostgresViolations(database, mint_id), database, alerts)
        self.judge = JudgeBinaries(PostgresKnownGood(database), self.violations)


@dataclass(frozen=True, slots=True)
class Hooks:
    """Announcements, taken, withdrawn and listed; integrity, judged, reported, listed and acknowledged."""

    take_announcement: TakeAnnouncement
    withdraw_announcement: WithdrawAnnouncement
    list_hooks: ListHooks
    list_capabilities: ListCapabilities
    check_binaries: CheckBinaries
    report_violations: ReportViolations
    list_violations: ListViolations
    find_violation: FindViolation
    acknowledge_violation: AcknowledgeViolation
    judge_releases: JudgeReleases
    alerts: ViolationAlerts


def build_hooks(platform: PlatformParts, tenancy: Tenancy, views: Views) -> Hooks:
    """Return the use cases."""
    database, clock = platform.database, platform.clock
    alerts = ViolationAlerts()
    kept = Integrity(database, alerts)
    announcements, baselines, violations = kept.announcements, kept.baselines, kept.violations
    homes = NodeHomesBridge(FindNode(views.nodes))
    return Hooks(
        take_announcement=TakeAnnouncement(database, announcements, baselines, violations, kept.judge),
        withdraw_announcement=WithdrawAnnouncement(announcements),
        list_hooks=ListHooks(PostgresDiscoveredHooks(database)),
        list_capabilities=ListCapabilities(
            ProjectHomesBridge(tenancy.get_project),
            PostgresNodeCapabilities(database),
            PostgresKnownGood(database),
        ),
        check_binaries=_check_binaries(platform.backstage, alerts, clock),
        report_violations=ReportViolations(database, homes, announcements, baselines, violations, clock),
        list_violations=ListViolations(violations),
        find_violation=FindViolation(violations),
        acknowledge_violation=AcknowledgeViolation(
            database, announcements, baselines, violations, PostgresBinaries(database), kept.judge, clock
        ),
        judge_releases=_judge_releases(platform.backstage, alerts, clock),
        alerts=alerts,
    )


def hooks_bridged(hooks: Hooks, reads: Reads) -> HooksBridge:
    """Return what answers the surface of discovered hooks."""
    return HooksBridge(hooks.list_hooks, reads)


def capabilities_bridged(hooks: Hooks) -> CapabilitiesBridge:
    """Return what answers the surface of announced capabilities."""
    return CapabilitiesBridge(hooks.list_capabilities)


def integrity_bridged(hooks: Hooks, platform: PlatformParts) -> IntegrityBridge:
    """Return what answers operators who ask for violations."""
    return IntegrityBridge(
        platform.database,
        platform.trail,
        hooks.list_violations,
        hooks.find_violation,
        hooks.acknowledge_violation,
    )


def reports_bridged(hooks: Hooks, platform: PlatformParts) -> ViolationReportsBridge:
    """Return what takes the reports of nodes."""
    return ViolationReportsBridge(hooks.report_violations, platform.clock)


def _check_binaries(backstage: Database, alerts: ViolationAlerts, clock: Clock) -> CheckBinaries:
    # Heartbeats are written beside the requests, and so are the binaries that they tell of.
    return CheckBinaries(backstage, PostgresBinaries(backstage), Integrity(backstage, alerts).judge, clock)


def _judge_releases(backstage: Database, alerts: ViolationAlerts, clock: Clock) -> JudgeReleases:
    judge = Integrity(backstage, alerts).judge
    return JudgeReleases(backstage, PostgresJudgedReleases(backstage), judge, clock)
