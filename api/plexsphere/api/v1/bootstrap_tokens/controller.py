"""Handlers of the surface."""

from litestar import Controller, Response
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from plexsphere.api.body import read
from plexsphere.api.gate import AnyRequest, FromGate, path_id
from plexsphere.api.operation import serves
from plexsphere.api.paging import FromCursors, Pager
from plexsphere.api.v1.bootstrap_tokens import operations, problems, schemas
from plexsphere.api.v1.bootstrap_tokens.wiring import BootstrapTokens
from plexsphere.platform.kernel.subjects import project_object

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
        caller = await gate.operator(request)
        project = path_id(project_id, problems.INVALID_PROJECT_ID)
        permitted = await gate.require(caller, "manage", project_object(project), "bootstrap_token.issue")
        body = await read(request.receive, request.headers, schemas.ISSUE)
        issued = await bootstrap_tokens.issue(permitted, project, body.terms())
        location = f"/v1/projects/{project}/bootstrap-tokens/{issued.id}"
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
        caller = await gate.operator(request)
        project = path_id(project_id, problems.INVALID_PROJECT_ID)
        permitted = await gate.require(caller, "read", project_object(project), "bootstrap_token.list")
        pager = Pager(cursors, f"bootstrap-tokens {project}")
        page = await bootstrap_tokens.page(permitted, project, pager.wanted(request, caller))
        return schemas.BootstrapTokenList(
            [schemas.BootstrapToken.of(view) for view in page.rows], pager.next_cursor(caller, page.position)
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
        caller = await gate.operator(request)
        project = path_id(project_id, problems.INVALID_PROJECT_ID)
        token = path_id(bootstrap_token_id, problems.INVALID_BOOTSTRAP_TOKEN_ID)
        permitted = await gate.require(caller, "read", project_object(project), "bootstrap_token.read")
        return schemas.BootstrapToken.of(await bootstrap_tokens.get(permitted, project, token))

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
        caller = await gate.operator(request)
        project = path_id(project_id, problems.INVALID_PROJECT_ID)
        token = path_id(bootstrap_token_id, problems.INVALID_BOOTSTRAP_TOKEN_ID)
        permitted = await gate.require(caller, "manage", project_object(project), "bootstrap_token.revoke")
        await bootstrap_tokens.revoke(permitted, project, token)
