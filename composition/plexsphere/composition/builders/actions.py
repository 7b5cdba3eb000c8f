"""Actions: dispatched, told to nodes, taken up, ended and swept."""

from dataclasses import dataclass

from plexsphere.composition.bridges.cohorts import CohortsBridge
from plexsphere.composition.bridges.executions import ExecutionsBridge
from plexsphere.composition.bridges.machines import MachinesBridge
from plexsphere.composition.bridges.project_homes import ProjectHomesBridge
from plexsphere.composition.builders.platform import PlatformParts
from plexsphere.composition.builders.tenancy import Tenancy
from plexsphere.composition.builders.views import Views
from plexsphere.composition.doorway import Doorways
from plexsphere.fleet.adapters.postgres.nodes import PostgresNodes
from plexsphere.fleet.adapters.postgres.silences import PostgresSilences
from plexsphere.fleet.application.find_node import FindNode
from plexsphere.fleet.application.find_silent_nodes import FindSilentNodes
from plexsphere.fleet.application.get_facts import GetFacts
from plexsphere.fleet.application.read_live_nodes import ReadLiveNodes
from plexsphere.platform.audit.trail import PostgresAuditTrail
from plexsphere.platform.db.database import Database
from plexsphere.platform.events.inbox import EventInbox
from plexsphere.platform.ids import mint_id
from plexsphere.policy.adapters.postgres.actions.callbacks import PostgresCallbacks
from plexsphere.policy.adapters.postgres.actions.executions import PostgresExecutions
from plexsphere.policy.adapters.postgres.actions.idempotency_keys import PostgresIdempotencyKeys
from plexsphere.policy.adapters.postgres.actions.local_executions import PostgresLocalExecutions
from plexsphere.policy.adapters.postgres.actions.overdue_targets import PostgresOverdueTargets
from plexsphere.policy.adapters.postgres.actions.rollouts import PostgresRollouts
from plexsphere.policy.adapters.postgres.artifacts.upgrade_checksums import PostgresUpgradeChecksums
from plexsphere.policy.adapters.postgres.hooks.announced_actions import PostgresAnnouncedActions
from plexsphere.policy.application.actions.cancel_execution import CancelExecution
from plexsphere.policy.application.actions.cohort import Cohort
from plexsphere.policy.application.actions.dispatch_action import DispatchAction
from plexsphere.policy.application.actions.expire_targets import ExpireTargets
from plexsphere.policy.application.actions.get_execution import GetExecution
from plexsphere.policy.application.actions.get_reports import GetReports
from plexsphere.policy.application.actions.get_target import GetTarget
from plexsphere.policy.application.actions.list_executions import ListExecutions
from plexsphere.policy.application.actions.list_local_executions import ListLocalExecutions
from plexsphere.policy.application.actions.recheck_wave import RecheckWave
from plexsphere.policy.application.actions.release_wave import ReleaseWave
from plexsphere.policy.application.actions.sweep_executions import SweepExecutions
from plexsphere.policy.application.actions.take_acknowledgement import TakeAcknowledgement
from plexsphere.policy.application.actions.take_result import TakeResult
from plexsphere.policy.ports.actions.cohorts import Cohorts


@dataclass(frozen=True, slots=True)
class Actions:
    """Use cases of actions."""

    dispatch_action: DispatchAction
    cancel_execution: CancelExecution
    get_execution: GetExecution
    list_executions: ListExecutions
    get_target: GetTarget
    get_reports: GetReports
    list_local_executions: ListLocalExecutions
    take_acknowledgement: TakeAcknowledgement
    take_result: TakeResult
    sweep_executions: SweepExecutions


class Store:
    """Everything that one database keeps of actions."""

    def __init__(self, database: Database, inbox: EventInbox, cohorts: Cohorts) -> None:
        self.database, self.inbox, self.trail = database, inbox, PostgresAuditTrail(database)
        self.executions, self.rollouts = PostgresExecutions(database), PostgresRollouts(database)
        self.callbacks, self.keys = PostgresCallbacks(database), PostgresIdempotencyKeys(database)
        self.local_executions = PostgresLocalExecutions(database)
        self.release_wave = ReleaseWave(
            self.rollouts,
            self.executions,
            cohorts,
            RecheckWave(self.rollouts, PostgresAnnouncedActions(database), self.trail),
            inbox,
            self.trail,
        )


def build_actions(platform: PlatformParts, tenancy: Tenancy, views: Views) -> Actions:
    """Return actions, joined to fleet's nodes, to what these announced, and to identity's Projects."""
    cohorts = _cohorts(platform.database, views)
    store = Store(platform.database, platform.inbox, cohorts)
    projects = ProjectHomesBridge(tenancy.get_project)
    find = GetExecution(projects, store.executions)
    heard = store.database, store.callbacks, store.executions
    return Actions(
        dispatch_action=DispatchAction(
            store.database,
            projects,
            store.keys,
            _cohort(platform.database, cohorts),
            store.executions,
            store.release_wave,
            store.inbox,
            store.trail,
            mint_id,
        ),
        cancel_execution=CancelExecution(
            store.database, find, store.rollouts, store.executions, store.inbox, store.trail
        ),
        get_execution=find,
        list_executions=ListExecutions(projects, store.executions),
        get_target=GetTarget(projects, store.executions),
        get_reports=GetReports(store.executions),
        list_local_executions=ListLocalExecutions(store.local_executions),
        take_acknowledgement=TakeAcknowledgement(*heard, store.inbox, store.trail, views.offers),
        take_result=TakeResult(*heard, store.local_executions, store.inbox, store.trail, views.offers),
        sweep_executions=_sweep(platform, views),
    )


def executions_bridged(actions: Actions) -> ExecutionsBridge:
    """Return what answers the operators' surface."""
    return ExecutionsBridge(
        actions.dispatch_action,
        actions.list_executions,
        actions.get_execution,
        actions.get_target,
        actions.get_reports,
        actions.cancel_execution,
        actions.list_local_executions,
        # Not the doorways of membership: an action need not wait for a change of the mesh.
        Doorways(),
    )


def _cohort(database: Database, cohorts: Cohorts) -> Cohort:
    machines = MachinesBridge(GetFacts(PostgresNodes(database)))
    return Cohort(cohorts, PostgresAnnouncedActions(database), PostgresUpgradeChecksums(database, machines))


def _cohorts(database: Database, views: Views) -> CohortsBridge:
    nodes = PostgresNodes(database)
    return CohortsBridge(
        FindNode(nodes),
        ReadLiveNodes(views.followed, nodes),
        FindSilentNodes(PostgresSilences(database)),
    )


def _sweep(platform: PlatformParts, views: Views) -> SweepExecutions:
    # A crowd of requests keeps no deadline waiting.
    database, cohorts = platform.backstage, _cohorts(platform.backstage, views)
    store, overdue = Store(database, platform.backstage_inbox, cohorts), PostgresOverdueTargets(database)
    return SweepExecutions(
        database,
        overdue,
        store.rollouts,
        store.executions,
        store.keys,
        ExpireTargets(database, overdue, store.executions, cohorts, store.inbox),
        store.release_wave,
    )
