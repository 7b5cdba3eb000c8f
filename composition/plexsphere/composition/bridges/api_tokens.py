"""The surface of API tokens, answered by identity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from plexsphere.api.callers import Permitted
from plexsphere.api.problem import Problem
from plexsphere.api.v1.api_tokens import problems
from plexsphere.api.v1.api_tokens.wiring import MintedToken, SuccessorToken, TokenTerms, TokenView
from plexsphere.composition.bridges.granted import granted
from plexsphere.composition.bridges.identity_errors import translated
from plexsphere.identity.application.get_api_token import GetApiToken
from plexsphere.identity.application.get_principal import GetPrincipal
from plexsphere.identity.application.issue_api_token import IssueApiToken
from plexsphere.identity.application.list_api_tokens import ListApiTokens
from plexsphere.identity.application.revoke_api_token import RevokeApiToken
from plexsphere.identity.application.rotate_api_token import RotateApiToken
from plexsphere.identity.domain import errors
from plexsphere.identity.domain.api_token import DEFAULT_TTL_SECONDS, ApiToken, ApiTokenTerms
from plexsphere.identity.domain.principal import Principal
from plexsphere.platform.kernel.audit import AuditTrail
from plexsphere.platform.kernel.ids import PrincipalId, TokenId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT, Reference, domain_object
from plexsphere.platform.kernel.unit_of_work import UnitOfWork

PROBLEM_OF: Final[Mapping[type[errors.IdentityError], Problem]] = {
    errors.InvalidApiToken: problems.INVALID_BODY,
    errors.IdentityNotFound: problems.IDENTITY_NOT_FOUND,
    errors.ApiTokenNotFound: problems.TOKEN_NOT_FOUND,
    errors.TooManyApiTokens: problems.TOO_MANY_TOKENS,
}


@dataclass(frozen=True, slots=True)
class ApiTokensBridge:
    """Answers the port `ApiTokens`; everything stands in the chain of the owner's Domain."""

    unit_of_work: UnitOfWork
    trail: AuditTrail
    get_principal: GetPrincipal
    get_api_token: GetApiToken
    issue_api_token: IssueApiToken
    list_api_tokens: ListApiTokens
    revoke_api_token: RevokeApiToken
    rotate_api_token: RotateApiToken

    async def governor(self, owner: Reference, /) -> Reference | None:
        try:
            principal = await self._principal(owner)
        except errors.IdentityNotFound:
            return None
        return PLATFORM_OBJECT if principal.domain_id is None else domain_object(principal.domain_id)

    async def owner_of(self, token_id: UUID, /) -> Reference | None:
        try:
            token = await self.get_api_token(TokenId(token_id))
        except errors.ApiTokenNotFound:
            return None
        return (await self.get_principal(token.principal_id)).reference

    async def mint(self, permitted: Permitted, owner: Reference, terms: TokenTerms, /) -> MintedToken:
        with translated(PROBLEM_OF):
            ttl = DEFAULT_TTL_SECONDS if terms.ttl_seconds is None else terms.ttl_seconds
            wanted = ApiTokenTerms(terms.env_prefix, ttl)
            async with self.unit_of_work():
                principal = await self._principal(owner)
                issued = await self.issue_api_token(principal.id, wanted)
                self._record(permitted, principal, issued.token.id)
        return _minted(issued.token, issued.plaintext)

    async def list_of(self, permitted: Permitted, owner: Reference, /) -> Sequence[TokenView]:
        with translated(PROBLEM_OF):
            principal = await self._principal(owner)
        return [_view(token) for token in await self.list_api_tokens(principal.id)]

    async def revoke(self, permitted: Permitted, owner: Reference, token_id: UUID, /) -> None:
        with translated(PROBLEM_OF):
            async with self.unit_of_work():
                principal = await self._principal(owner)
                await self.revoke_api_token(principal.id, TokenId(token_id))
                self._record(permitted, principal, token_id)

    async def rotate(self, permitted: Permitted, owner: Reference, token_id: UUID, /) -> SuccessorToken:
        with translated(PROBLEM_OF):
            async with self.unit_of_work():
                principal = await self._principal(owner)
                rotated = await self.rotate_api_token(principal.id, TokenId(token_id))
                self._record(permitted, principal, token_id)
        return SuccessorToken(_minted(rotated.token, rotated.plaintext), rotated.rotation_deadline)

    async def _principal(self, owner: Reference) -> Principal:
        principal = await self.get_principal(PrincipalId(UUID(owner.id)))
        if principal.reference != owner:
            raise errors.IdentityNotFound(principal.id)
        return principal

    def _record(self, permitted: Permitted, principal: Principal, token_id: UUID) -> None:
        entry = granted(permitted, principal.domain_id, principal.reference, token=str(token_id))
        self.trail.record(entry)


def _minted(token: ApiToken, plaintext: Secret[str]) -> MintedToken:
    return MintedToken(token.id, plaintext, token.env_prefix, token.expires_at)


def _view(token: ApiToken) -> TokenView:
    return TokenView(
        id=token.id,
        env_prefix=token.env_prefix,
        last_used_at=token.last_used_at,
        created_at=token.created_at,
        expires_at=token.expires_at,
        rotated_at=token.rotated_at,
    )
