"""Handlers of the surface."""

from litestar import Controller, Response
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from plexsphere.api.body import read
from plexsphere.api.gate import AnyRequest, FromGate, path_id
from plexsphere.api.operation import serves
from plexsphere.api.paging import FromCursors, Pager, empty_reason
from plexsphere.api.v1.domains import operations, problems, schemas
from plexsphere.api.v1.domains.wiring import Domains, DomainView
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT, Reference, domain_object

FromDomains = NamedDependency[SkipValidation[Domains]]


class DomainsController(Controller):
    """Create, list, show, change and remove Domains."""

    @serves(operations.CREATE)
    async def create(
        self, request: AnyRequest, gate: FromGate, domains: FromDomains
    ) -> Response[schemas.Domain]:
        """Make a Domain."""
        caller = await gate.operator(request)
        permitted = await gate.require(caller, "manage", PLATFORM_OBJECT, "domain.create")
        body = await read(request.receive, request.headers, schemas.CREATE)
        view = await domains.create(permitted, body.wish())
        return Response(schemas.Domain.of(view), headers={"Location": f"/v1/domains/{view.id}"})

    @serves(operations.LIST)
    async def list_all(
        self, request: AnyRequest, gate: FromGate, cursors: FromCursors, domains: FromDomains
    ) -> schemas.DomainList:
        """List what the caller may read."""
        caller = await gate.operator(request)
        pager = Pager(cursors, "domains")
        page = await domains.page(pager.wanted(request, caller))
        seen = await gate.visible(caller, "read", page.rows, _object_of)
        return schemas.DomainList(
            [schemas.Domain.of(view) for view in seen],
            pager.next_cursor(caller, page.position),
            empty_reason(page, seen),
        )

    @serves(operations.GET)
    async def show(
        self, request: AnyRequest, gate: FromGate, domains: FromDomains, domain_id: FromPath[str]
    ) -> schemas.Domain:
        """Show one."""
        caller = await gate.operator(request)
        domain = path_id(domain_id, problems.INVALID_DOMAIN_ID)
        permitted = await gate.require(caller, "read", domain_object(domain), "domain.read")
        return schemas.Domain.of(await domains.get(permitted, domain))

    @serves(operations.PATCH)
    async def change(
        self, request: AnyRequest, gate: FromGate, domains: FromDomains, domain_id: FromPath[str]
    ) -> schemas.Domain:
        """Change one."""
        caller = await gate.operator(request)
        domain = path_id(domain_id, problems.INVALID_DOMAIN_ID)
        permitted = await gate.require(caller, "manage", domain_object(domain), "domain.change")
        body = await read(request.receive, request.headers, schemas.PATCH)
        return schemas.Domain.of(await domains.change(permitted, domain, body.change()))

    @serves(operations.DELETE)
    async def remove(
        self, request: AnyRequest, gate: FromGate, domains: FromDomains, domain_id: FromPath[str]
    ) -> None:
        """Remove one."""
        caller = await gate.operator(request)
        domain = path_id(domain_id, problems.INVALID_DOMAIN_ID)
        permitted = await gate.require(caller, "manage", domain_object(domain), "domain.delete")
        await domains.remove(permitted, domain)


def _object_of(view: DomainView) -> Reference:
    return domain_object(view.id)
