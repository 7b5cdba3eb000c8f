"""Assemble the ASGI application from ready-made services."""

from dataclasses import dataclass, fields
from typing import Any, Final

import msgspec
from litestar import Litestar, Request, Response
from litestar.config.app import AppConfig
from litestar.datastructures import State
from litestar.di import Provide

from plexsphere.api.answer_counts import AnswerCounts
from plexsphere.api.edge import AsgiApp, DirectRoutes, Edge
from plexsphere.api.gate import Gate
from plexsphere.api.limits import Limits
from plexsphere.api.openapi import document
from plexsphere.api.operation import Operation
from plexsphere.api.problem import MEDIA_TYPE, Refusal, render
from plexsphere.api.refusals import refusal_of
from plexsphere.api.shedding import Shedding, Unhurried
from plexsphere.api.spellings import Spelling, Spellings, asked_path
from plexsphere.api.v1.api_tokens.admin_controller import AdminTokensController
from plexsphere.api.v1.api_tokens.controller import OwnTokensController
from plexsphere.api.v1.api_tokens.wiring import ApiTokens
from plexsphere.api.v1.artifacts.controller import ArtifactsController
from plexsphere.api.v1.artifacts.wiring import Artifacts
from plexsphere.api.v1.authz.controller import QuestionsController, RelationTuplesController
from plexsphere.api.v1.authz.wiring import Authz
from plexsphere.api.v1.bootstrap_tokens.controller import BootstrapTokensController
from plexsphere.api.v1.bootstrap_tokens.wiring import BootstrapTokens
from plexsphere.api.v1.capabilities.controller import CapabilitiesController
from plexsphere.api.v1.capabilities.wiring import Capabilities
from plexsphere.api.v1.domains.controller import DomainsController
from plexsphere.api.v1.domains.wiring import Domains
from plexsphere.api.v1.executions.controller import ExecutionsController
from plexsphere.api.v1.executions.wiring import Executions
from plexsphere.api.v1.hooks.controller import HooksController
from plexsphere.api.v1.hooks.wiring import Hooks
from plexsphere.api.v1.identities.controller import IdentitiesController
from plexsphere.api.v1.identities.wiring import Identities
from plexsphere.api.v1.integrity.controller import IntegrityController
from plexsphere.api.v1.integrity.wiring import Integrity
from plexsphere.api.v1.managed_push.controller import ManagedPushController
from plexsphere.api.v1.managed_push.wiring import ManagedPush
from plexsphere.api.v1.meta.controller import MetaController
from plexsphere.api.v1.meta.wiring import Health
from plexsphere.api.v1.nodes.controller import NodesController
from plexsphere.api.v1.nodes.wiring import Nodes
from plexsphere.api.v1.policies.controller import PoliciesController
from plexsphere.api.v1.policies.history_controller import PolicyHistoryController
from plexsphere.api.v1.policies.wiring import Policies, PolicyHistory
from plexsphere.api.v1.projects.controller import ProjectsController
from plexsphere.api.v1.projects.wiring import Projects
from plexsphere.api.v1.reachability.controller import ReachabilityController
from plexsphere.api.v1.reachability.wiring import Reachability
from plexsphere.api.v1.registration.controller import RegistrationController
from plexsphere.api.v1.registration.wiring import Registration
from plexsphere.platform.kernel.cursors import CursorCodec

CONTROLLERS: Final = (
    MetaController,
    DomainsController,
    ProjectsController,
    IdentitiesController,
    OwnTokensController,
    AdminTokensController,
    BootstrapTokensController,
    QuestionsController,
    RelationTuplesController,
    PoliciesController,
    PolicyHistoryController,
    ExecutionsController,
    HooksController,
    CapabilitiesController,
    IntegrityController,
    ManagedPushController,
    ArtifactsController,
    NodesController,
    ReachabilityController,
    RegistrationController,
)


@dataclass(frozen=True, slots=True)
class Services:
    """One slot per surface; a slot's name is the name its handlers ask for; None is a feature that is off."""

    gate: Gate
    health: Health
    cursors: CursorCodec
    domains: Domains
    projects: Projects
    identities: Identities
    api_tokens: ApiTokens
    bootstrap_tokens: BootstrapTokens
    authz: Authz
    policies: Policies
    policy_history: PolicyHistory
    executions: Executions
    hooks: Hooks | None
    capabilities: Capabilities
    integrity: Integrity
    managed_push: ManagedPush | None
    artifacts: Artifacts | None
    registration: Registration
    limits: Limits
    nodes: Nodes
    reachability: Reachability


def create_app(
    services: Services,
    direct: DirectRoutes,
    direct_operations: tuple[Operation, ...],
    shedding: Shedding,
    version: str,
    answers: AnswerCounts,
) -> AsgiApp:
    """Return the application the server runs; `answers` counts what it answers."""
    router = Litestar(
        route_handlers=CONTROLLERS,
        dependencies={each.name: _provided(getattr(services, each.name)) for each in fields(services)},
        exception_handlers={Exception: _answer},
        openapi_config=None,
        on_app_init=[_quiet],
    )
    operations = [*routed_operations(router), *direct_operations]
    router.state = State(
        {"openapi": msgspec.json.encode(document(operations, version), order="deterministic")}
    )
    return Edge(Unhurried(spelled(router), shedding, services.gate), direct, answers)


def spelled(router: Litestar) -> Spellings:
    """Return the router behind every spelling that its operations have beside their path."""
    return Spellings(
        router,
        [Spelling.of(each, opt["operation"]) for opt in _served(router) for each in opt["spelled"]],
    )


def routed_operations(router: Litestar) -> list[Operation]:
    """Return the operations of every route."""
    return [each for opt in _served(router) for each in (opt["operation"], *opt["spelled"])]


def _served(router: Litestar) -> list[dict[str, Any]]:
    handlers = {
        id(handler): handler for route in router.routes for handler in getattr(route, "route_handlers", ())
    }
    return [handler.opt for handler in handlers.values() if "operation" in handler.opt]


def _provided(service: Any) -> Provide:
    return Provide(lambda: service, sync_to_thread=False)


def _quiet(config: AppConfig) -> AppConfig:
    # Errors are logged once, by the table that answers them, without locals or values.
    config.logging_config = None
    return config


def _answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    refusal: Refusal = refusal_of(error)
    return Response(
        render(refusal, asked_path(request.scope)),
        status_code=refusal.problem.status,
        headers=dict(refusal.headers),
        media_type=MEDIA_TYPE,
    )
