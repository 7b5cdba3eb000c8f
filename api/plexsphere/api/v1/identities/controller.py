"""Handlers of the surface."""

from litestar import Controller, Response
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from plexsphere.api.body import read
from plexsphere.api.gate import AnyRequest, FromGate, path_id
from plexsphere.api.operation import serves
from plexsphere.api.paging import FromCursors, Pager, one_parameter
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.identities import operations, problems, schemas
from plexsphere.api.v1.identities.wiring import Identities
from plexsphere.platform.kernel.subjects import domain_object

FromIdentities = NamedDependency[SkipValidation[Identities]]


class IdentitiesController(Controller):
    """List, show and create identities of a Domain."""

    @serves(operations.LIST)
    async def list_all(
        self,
        request: AnyRequest,
        gate: FromGate,
        cursors: FromCursors,
        identities: FromIdentities,
        domain_id: FromPath[str],
    ) -> schemas.IdentityList:
        """List them; who may read the Domain sees each."""
        caller = await gate.operator(request)
        domain = path_id(domain_id, problems.INVALID_DOMAIN_ID)
        permitted = await gate.require(caller, "read", domain_object(domain), "identity.list")
        kind = _kind(request)
        pager = Pager(cursors, f"identities {domain} {kind}")
        page = await identities.page(permitted, domain, kind, pager.wanted(request, caller))
        return schemas.IdentityList(
            [schemas.summary(view) for view in page.rows], pager.next_cursor(caller, page.position)
        )

    @serves(operations.GET)
    async def show(
        self,
        request: AnyRequest,
        gate: FromGate,
        identities: FromIdentities,
        domain_id: FromPath[str],
        principal_id: FromPath[str],
    ) -> schemas.IdentityDetail:
        """Show one."""
        caller = await gate.operator(request)
        domain = path_id(domain_id, problems.INVALID_DOMAIN_ID)
        principal = path_id(principal_id, problems.INVALID_PRINCIPAL_ID)
        permitted = await gate.require(caller, "read", domain_object(domain), "identity.read")
        view = await identities.get(permitted, domain, principal)
        audits = await gate.holds(caller, "audit", domain_object(domain))
        return schemas.detail(view, for_auditor=audits)

    @serves(operations.CREATE_SERVICE)
    async def create_service_identity(
        self, request: AnyRequest, gate: FromGate, identities: FromIdentities, domain_id: FromPath[str]
    ) -> Response[schemas.IdentitySummary]:
        """Make a service identity."""
        caller = await gate.operator(request)
        domain = path_id(domain_id, problems.INVALID_DOMAIN_ID)
        permitted = await gate.require(caller, "manage", domain_object(domain), "service_identity.create")
        body = await read(request.receive, request.headers, schemas.CREATE)
        view = await identities.create_service_identity(permitted, domain, body.wish())
        location = f"/v1/domains/{domain}/identities/{view.id}"
        return Response(schemas.summary(view), headers={"Location": location})


def _kind(request: AnyRequest) -> str | None:
    kind = one_parameter(request, "kind", problems.INVALID_KIND)
    if kind and kind not in schemas.KINDS:
        raise Refusal(problems.INVALID_KIND)
    return kind or None
