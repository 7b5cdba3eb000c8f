"""The HTTP surface: every slot filled by its bridge."""

from dataclasses import dataclass, fields, replace
from typing import Final

from plexsphere.api.answer_counts import AnswerCounts
from plexsphere.api.app import Services, create_app
from plexsphere.api.edge import AsgiApp, DirectRoutes
from plexsphere.api.gate import Gate
from plexsphere.api.limits import Limits
from plexsphere.api.node_calls import NodeCalls
from plexsphere.api.served_part import ServedPart
from plexsphere.api.shedding import Shedding
from plexsphere.api.sources import Sources
from plexsphere.composition.bridges.chains import IdentityChains
from plexsphere.composition.bridges.credentials import OperatorsBridge
from plexsphere.composition.bridges.denials import RecordedDenials
from plexsphere.composition.bridges.nodes import NodesBridge
from plexsphere.composition.bridges.permissions import PermissionsBridge, PlatformManagersPass
from plexsphere.composition.bridges.reachability import ReachabilityBridge
from plexsphere.composition.bridges.registration import RegistrationBridge
from plexsphere.composition.builders.actions import Actions, executions_bridged
from plexsphere.composition.builders.artifacts import Artifacts
from plexsphere.composition.builders.authorization import Authorization
from plexsphere.composition.builders.credentials import Credentials
from plexsphere.composition.builders.fleet import Fleet
from plexsphere.composition.builders.hooks import (
    Hooks,
    capabilities_bridged,
    hooks_bridged,
    integrity_bridged,
)
from plexsphere.composition.builders.liveness import Liveness
from plexsphere.composition.builders.managed_push import ManagedPush, bridged, settling
from plexsphere.composition.builders.node_calls import BESIDE_NODE_CALLS, build_node_calls
from plexsphere.composition.builders.platform import PlatformParts
from plexsphere.composition.builders.policy import Policy, history_bridged, policies_bridged
from plexsphere.composition.builders.tenancy import Tenancy
from plexsphere.composition.builders.tenancy_surface import TenancySurface
from plexsphere.composition.builders.views import Views
from plexsphere.composition.failures import FailuresBySource
from plexsphere.composition.health import (
    ProcessHealth,
    Question,
    build_version,
    question_about,
    question_about_schema,
    question_to,
)
from plexsphere.composition.read_trail import ReadTrail
from plexsphere.composition.roles import Role, Roles
from plexsphere.composition.settings import Settings
from plexsphere.fleet.application.change_node import ChangeNode
from plexsphere.fleet.application.delete_node_metadata import DeleteNodeMetadata
from plexsphere.fleet.application.find_node import FindNode
from plexsphere.fleet.application.get_node_drift import GetNodeDrift
from plexsphere.fleet.application.get_topology import GetTopology
from plexsphere.fleet.application.list_nodes import ListNodes
from plexsphere.fleet.application.patch_node import PatchNode
from plexsphere.fleet.application.put_node_metadata import PutNodeMetadata
from plexsphere.platform.allowances import Allowances
from plexsphere.platform.audit.trail import PostgresAuditTrail
from plexsphere.platform.cursors import SealedCursors
from plexsphere.platform.db.contention import retried
from plexsphere.platform.telemetry.signals import Telemetry
from plexsphere.platform.telemetry.tracing import traced

# What opens its unit of work itself: it can be tried again where it had to give way, and is worth a span.
BRIDGES: Final = frozenset(
    {
        "domains",
        "projects",
        "identities",
        "api_tokens",
        "bootstrap_tokens",
        "authz",
        "policies",
        "policy_history",
        "executions",
        "hooks",
        "capabilities",
        "integrity",
        "nodes",
        "reachability",
        "registration",
    }
)
# Worth a span, and never tried again as a whole: a second try would write to a customer's cluster a second time, or
# find a body that was taken already.
ASKED_ONCE: Final = frozenset({"managed_push", "artifacts"})


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything below the surface."""

    settings: Settings
    platform: PlatformParts
    credentials: Credentials
    authorization: Authorization
    views: Views
    tenancy: Tenancy
    policy: Policy
    managed_push: ManagedPush | None
    actions: Actions
    artifacts: Artifacts | None
    hooks: Hooks
    fleet: Fleet
    liveness: Liveness


@dataclass(frozen=True, slots=True)
class Surface:
    """The application, what it folds of denials, notes of reads, refuses in too much work, and has answered."""

    app: AsgiApp
    denials: RecordedDenials
    reads: ReadTrail
    shedding: Shedding
    answers: AnswerCounts


def build_surface(parts: Parts) -> Surface:
    """Return the application the server runs."""
    chains = _chains(parts)
    denials = RecordedDenials(parts.platform.database, parts.platform.trail, parts.platform.clock, chains)
    reads = ReadTrail(parts.platform.backstage, PostgresAuditTrail(parts.platform.backstage))
    version = build_version()
    limits, shedding = _limits(parts), Shedding(parts.platform.traffic)
    direct = build_node_calls(
        parts.platform,
        parts.credentials,
        parts.fleet,
        parts.actions,
        parts.artifacts,
        parts.hooks,
        limits,
        shedding,
    )
    operations = tuple(each.operation for each in direct)
    database, trail = parts.platform.database, parts.platform.trail
    tenants = TenancySurface(parts.platform, parts.authorization, parts.tenancy)
    services = Services(
        gate=_gate(parts, denials, limits),
        health=ProcessHealth(_questions(parts), version, parts.platform.sequencer_lag, parts.platform.clock),
        cursors=SealedCursors(parts.settings.wrap_key),
        domains=tenants.domains(settling(parts.managed_push)),
        projects=tenants.projects(),
        identities=tenants.identities(),
        api_tokens=tenants.api_tokens(),
        bootstrap_tokens=tenants.bootstrap_tokens(),
        authz=tenants.authz(denials, chains),
        policies=policies_bridged(parts.policy, parts.platform),
        policy_history=history_bridged(parts.policy),
        executions=executions_bridged(parts.actions),
        hooks=hooks_bridged(parts.hooks, reads),
        capabilities=capabilities_bridged(parts.hooks),
        integrity=integrity_bridged(parts.hooks, parts.platform),
        managed_push=bridged(parts.managed_push, reads),
        artifacts=parts.artifacts.surface if parts.artifacts else None,
        nodes=_nodes(parts),
        reachability=_reachability(parts),
        registration=RegistrationBridge(database, parts.fleet.register_node, trail),
        limits=limits,
    )
    calls = _part(parts.settings.roles, NodeCalls(direct, BESIDE_NODE_CALLS))
    observed = _observed(services, parts.platform.telemetry)
    answers = AnswerCounts(operations)
    app = create_app(observed, calls, operations, shedding, version.version, answers)
    return Surface(app, denials, reads, shedding, answers)


def _part(roles: Roles, calls: NodeCalls) -> DirectRoutes:
    if {Role.API, Role.STREAMS} <= roles:
        return calls
    return ServedPart(calls, has_api=Role.API in roles, has_streams=Role.STREAMS in roles)


def _observed(services: Services, telemetry: Telemetry) -> Services:
    bridges = {each.name: getattr(services, each.name) for each in fields(services)}
    retrying = {name: retried(bridge) for name, bridge in bridges.items() if name in BRIDGES}
    asked_once = {name: bridge for name, bridge in bridges.items() if name in ASKED_ONCE and bridge}
    wrapped = {name: traced(telemetry, bridge, name) for name, bridge in {**retrying, **asked_once}.items()}
    return replace(services, **wrapped)


def _chains(parts: Parts) -> IdentityChains:
    tenancy = parts.tenancy
    return IdentityChains(tenancy.get_domain, tenancy.get_project, tenancy.get_principal)


def _questions(parts: Parts) -> dict[str, Question]:
    backstage = parts.platform.backstage
    questions = {"datastore": question_to(backstage), "schema": question_about_schema(backstage)}
    if parts.authorization.mirroring:
        questions["authorization"] = question_about(parts.authorization.authorizer)
    return questions


def _limits(parts: Parts) -> Limits:
    settings, clock = parts.settings, parts.platform.clock
    return Limits(
        sources=Sources(settings.trusted_proxies),
        wrong_credentials=FailuresBySource(clock, settings.credential_failures_per_minute),
        failed_registrations=FailuresBySource(clock, settings.register_failures_per_minute),
        heartbeats=Allowances(clock, settings.node_calls_per_minute),
        node_calls=Allowances(clock, settings.node_calls_per_minute),
        operator_calls=Allowances(clock, settings.operator_calls_per_minute),
        traffic=parts.platform.traffic,
    )


def _gate(parts: Parts, denials: RecordedDenials, limits: Limits) -> Gate:
    permissions = PermissionsBridge(PlatformManagersPass(parts.authorization.authorizer))
    return Gate(OperatorsBridge(parts.credentials.authenticate_operator), permissions, denials, limits)


def _nodes(parts: Parts) -> NodesBridge:
    platform, views = parts.platform, parts.views
    change = ChangeNode(platform.database, views.take_turn, views.nodes, views.sight, platform.inbox)
    return NodesBridge(
        platform.database,
        platform.trail,
        platform.clock,
        FindNode(views.nodes),
        ListNodes(views.nodes),
        PatchNode(change),
        PutNodeMetadata(change),
        DeleteNodeMetadata(change),
        parts.fleet.remove_node,
        GetNodeDrift(parts.fleet.drift),
        GetTopology(views.followed, views.sight),
        parts.liveness.get_node_reachability,
        parts.platform.doorways,
    )


def _reachability(parts: Parts) -> ReachabilityBridge:
    platform, liveness = parts.platform, parts.liveness
    return ReachabilityBridge(
        platform.database, platform.trail, liveness.get_reachability, liveness.confirm_departures
    )
