"""Handlers of other identities' tokens."""

from typing import Final
from uuid import UUID

from litestar import Controller, Response
from litestar.params import FromPath

from plexsphere.api.body import read
from plexsphere.api.callers import Caller, Permitted
from plexsphere.api.gate import AnyRequest, FromGate, Gate, path_id
from plexsphere.api.operation import serves
from plexsphere.api.paging import one_parameter
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.api_tokens import operations, problems, responses, schemas
from plexsphere.api.v1.api_tokens.controller import FromApiTokens
from plexsphere.api.v1.api_tokens.identity_ref import principal_of
from plexsphere.api.v1.api_tokens.wiring import ApiTokens
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT, Reference, domain_object

# The greatest UUID (RFC 9562, section 5.10): no id that is minted is this one.
NOBODYS_DOMAIN: Final = domain_object(UUID(int=2**128 - 1))


class AdminTokensController(Controller):
    """Tokens of the identities that the caller manages."""

    @serves(operations.CREATE)
    async def create(
        self, request: AnyRequest, gate: FromGate, api_tokens: FromApiTokens
    ) -> Response[schemas.CreatedApiToken]:
        """Give an identity a token; the body is read before the gate, for it alone names the identity."""
        caller = await gate.operator(request)
        body = await read(request.receive, request.headers, schemas.CREATE)
        owner = principal_of(body.identity_ref, problems.INVALID_BODY)
        permitted = await _admitted(gate, api_tokens, caller, owner, "api_token.create")
        return responses.created(await api_tokens.mint(permitted, owner, body.terms()))

    @serves(operations.LIST)
    async def list_all(
        self, request: AnyRequest, gate: FromGate, api_tokens: FromApiTokens
    ) -> list[schemas.ApiToken]:
        """List an identity's."""
        caller = await gate.operator(request)
        text = one_parameter(request, "identity_ref", problems.INVALID_IDENTITY_REF)
        owner = principal_of(text, problems.INVALID_IDENTITY_REF)
        permitted = await _admitted(gate, api_tokens, caller, owner, "api_token.list")
        return [schemas.ApiToken.of(view) for view in await api_tokens.list_of(permitted, owner)]

    @serves(operations.DELETE)
    async def revoke(
        self, request: AnyRequest, gate: FromGate, api_tokens: FromApiTokens, token_id: FromPath[str]
    ) -> None:
        """Revoke an identity's."""
        caller = await gate.operator(request)
        token = path_id(token_id, problems.INVALID_TOKEN_ID)
        owner = await api_tokens.owner_of(token)
        permitted = await _admitted(gate, api_tokens, caller, owner, "api_token.revoke")
        await api_tokens.revoke(permitted, _found(owner), token)

    @serves(operations.ROTATE)
    async def rotate(
        self, request: AnyRequest, gate: FromGate, api_tokens: FromApiTokens, token_id: FromPath[str]
    ) -> Response[schemas.RotatedApiToken]:
        """Replace an identity's."""
        caller = await gate.operator(request)
        token = path_id(token_id, problems.INVALID_TOKEN_ID)
        owner = await api_tokens.owner_of(token)
        permitted = await _admitted(gate, api_tokens, caller, owner, "api_token.rotate")
        return responses.rotated(await api_tokens.rotate(permitted, _found(owner), token))


async def _admitted(
    gate: Gate, api_tokens: ApiTokens, caller: Caller, owner: Reference | None, relation: str
) -> Permitted:
    # What belongs to nobody is the platform's, so that only its managers learn that it does not exist. Everybody else
    # is refused in the same words, whoever the owner is.
    governor = await api_tokens.governor(owner) if owner else None
    return await gate.require(caller, "manage", governor or PLATFORM_OBJECT, relation, NOBODYS_DOMAIN)


def _found(owner: Reference | None) -> Reference:
    if owner is None:
        raise Refusal(problems.TOKEN_NOT_FOUND)
    return owner
