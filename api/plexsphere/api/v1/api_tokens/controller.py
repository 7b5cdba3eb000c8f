"""Handlers of the caller's own tokens."""

from litestar import Controller, Response
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from plexsphere.api.body import read
from plexsphere.api.gate import AnyRequest, FromGate, path_id
from plexsphere.api.operation import serves
from plexsphere.api.v1.api_tokens import operations, problems, responses, schemas
from plexsphere.api.v1.api_tokens.identity_ref import principal_of
from plexsphere.api.v1.api_tokens.wiring import ApiTokens

FromApiTokens = NamedDependency[SkipValidation[ApiTokens]]


class OwnTokensController(Controller):
    """Who one is, and one's own tokens: nobody needs a permission for them."""

    @serves(operations.WHOAMI)
    async def whoami(self, request: AnyRequest, gate: FromGate) -> schemas.Whoami:
        """Show the caller."""
        return schemas.Whoami.of(await gate.operator(request))

    @serves(operations.CREATE_OWN)
    async def create(
        self, request: AnyRequest, gate: FromGate, api_tokens: FromApiTokens
    ) -> Response[schemas.CreatedApiToken]:
        """Give oneself a token; the body is read before the gate, for it alone names the identity."""
        caller = await gate.operator(request)
        body = await read(request.receive, request.headers, schemas.CREATE)
        owner = principal_of(body.identity_ref, problems.INVALID_BODY)
        permitted = await gate.require_self(caller, owner, "api_token.create")
        return responses.created(await api_tokens.mint(permitted, owner, body.terms()))

    @serves(operations.LIST_OWN)
    async def list_all(
        self, request: AnyRequest, gate: FromGate, api_tokens: FromApiTokens
    ) -> list[schemas.ApiToken]:
        """List one's own."""
        caller = await gate.operator(request)
        permitted = await gate.require_self(caller, caller.subject, "api_token.list")
        return [schemas.ApiToken.of(view) for view in await api_tokens.list_of(permitted, caller.subject)]

    @serves(operations.DELETE_OWN)
    async def revoke(
        self, request: AnyRequest, gate: FromGate, api_tokens: FromApiTokens, token_id: FromPath[str]
    ) -> None:
        """Revoke one's own."""
        caller = await gate.operator(request)
        token = path_id(token_id, problems.INVALID_TOKEN_ID)
        permitted = await gate.require_self(caller, caller.subject, "api_token.revoke")
        await api_tokens.revoke(permitted, caller.subject, token)

    @serves(operations.ROTATE_OWN)
    async def rotate(
        self, request: AnyRequest, gate: FromGate, api_tokens: FromApiTokens, token_id: FromPath[str]
    ) -> Response[schemas.RotatedApiToken]:
        """Replace one's own."""
        caller = await gate.operator(request)
        token = path_id(token_id, problems.INVALID_TOKEN_ID)
        permitted = await gate.require_self(caller, caller.subject, "api_token.rotate")
        return responses.rotated(await api_tokens.rotate(permitted, caller.subject, token))
