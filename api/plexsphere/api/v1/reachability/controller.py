"""Handlers of the surface."""

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from plexsphere.api.gate import AnyRequest, FromGate, path_id
from plexsphere.api.operation import serves
from plexsphere.api.v1.reachability import operations, problems, schemas
from plexsphere.api.v1.reachability.wiring import Reachability
from plexsphere.platform.kernel.subjects import domain_object

FromReachability = NamedDependency[SkipValidation[Reachability]]


class ReachabilityController(Controller):
    """Show a Domain's reachability, and let its guard pass."""

    @serves(operations.GET)
    async def show(
        self, request: AnyRequest, gate: FromGate, reachability: FromReachability, domain_id: FromPath[str]
    ) -> schemas.DomainReachability:
        """Show it."""
        caller = await gate.operator(request)
        domain = path_id(domain_id, problems.INVALID_DOMAIN_ID)
        permitted = await gate.require(caller, "read", domain_object(domain), "mesh.reachability.read")
        return schemas.DomainReachability.of(await reachability.get(permitted, domain))

    @serves(operations.CONFIRM)
    async def confirm(
        self, request: AnyRequest, gate: FromGate, reachability: FromReachability, domain_id: FromPath[str]
    ) -> schemas.DomainReachability:
        """Confirm departures."""
        caller = await gate.operator(request)
        domain = path_id(domain_id, problems.INVALID_DOMAIN_ID)
        permitted = await gate.require(caller, "manage", domain_object(domain), "mesh.departures.confirm")
        return schemas.DomainReachability.of(await reachability.confirm(permitted, domain))
