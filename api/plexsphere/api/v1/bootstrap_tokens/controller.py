"""Handlers of the surface."""

from litestar import Controller, Response
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from plexsphere.api.body import read
from plexsphere.api.gate import AnyRequest, FromGate, path_id
from plexsphere.api.operation import serves
from plexsphere.api.paging import FromCursors, Pager
from plexsphere.api.project_access import named_project
from plexsphere.api.v1.bootstrap_tokens import operations, problems, schemas
from plexsphere.api.v1.bootstrap_tokens.wiring import BootstrapTokens

FromBootstrapTokens = NamedDependency[SkipValidation[BootstrapTokens]]


class BootstrapTokensController(Controller):
    """Issue, list, show and revoke bootstrap tokens of a Project."""

    @serves(operations.ISSUE)
    async def issue(
        self,
        request: AnyRequest,
        gate: FromGate,
        bootstrap_tokens: FromBootstrapTokens,
        project_id: FromPath[str],
    ) -> Response[schemas.IssuedBootstrapToken]:
        """Let the Project admit one machine; the issuer is the caller."""
        project = await named_project(request, gate, project_id)
        permitted = await project.require("manage", "bootstrap_token.issue")
        body = await read(request.receive, request.headers, schemas.ISSUE)
        issued = await bootstrap_tokens.issue(permitted, project.id, body.terms())
        location = f"/v1/projects/{project.id}/bootstrap-tokens/{issued.id}"
        headers = {"Location": location, "Cache-Control": "no-store"}
        return Response(schemas.IssuedBootstrapToken.of(issued), headers=headers)

    @serves(operations.LIST)
    async def list_all(
        self,
        request: AnyRequest,
        gate: FromGate,
        cursors: FromCursors,
        bootstrap_tokens: FromBootstrapTokens,
        project_id: FromPath[str],
    ) -> schemas.BootstrapTokenList:
        """List them; who may read the Project sees each."""
        project = await named_project(request, gate, project_id)
        permitted = await project.require("read", "bootstrap_token.list")
        pager = Pager(cursors, f"bootstrap-tokens {project.id}")
        page = await bootstrap_tokens.page(permitted, project.id, pager.wanted(request, project.caller))
        return schemas.BootstrapTokenList(
            [schemas.BootstrapToken.of(view) for view in page.rows],
            pager.next_cursor(project.caller, page.position),
        )

    @serves(operations.GET)
    async def show(
        self,
        request: AnyRequest,
        gate: FromGate,
        bootstrap_tokens: FromBootstrapTokens,
        project_id: FromPath[str],
        bootstrap_token_id: FromPath[str],
    ) -> schemas.BootstrapToken:
        """Show one."""
        project = await named_project(request, gate, project_id)
        token = path_id(bootstrap_token_id, problems.INVALID_BOOTSTRAP_TOKEN_ID)
        permitted = await project.require("read", "bootstrap_token.read")
        return schemas.BootstrapToken.of(await bootstrap_tokens.get(permitted, project.id, token))

    @serves(operations.REVOKE)
    async def revoke(
        self,
        request: AnyRequest,
        gate: FromGate,
        bootstrap_tokens: FromBootstrapTokens,
        project_id: FromPath[str],
        bootstrap_token_id: FromPath[str],
    ) -> None:
        """Revoke one."""
        project = await named_project(request, gate, project_id)
        token = path_id(bootstrap_token_id, problems.INVALID_BOOTSTRAP_TOKEN_ID)
        permitted = await project.require("manage", "bootstrap_token.revoke")
        await bootstrap_tokens.revoke(permitted, project.id, token)
