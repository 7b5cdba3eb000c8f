"""Use case: list a principal's API tokens."""

from dataclasses import dataclass

from plexsphere.identity.domain.api_token import ApiToken
from plexsphere.identity.ports.api_tokens import ApiTokens
from plexsphere.platform.kernel.ids import PrincipalId


@dataclass(frozen=True, slots=True)
class ListApiTokens:
    """Return the principal's live API tokens, oldest first."""

    api_tokens: ApiTokens

    async def __call__(self, principal_id: PrincipalId) -> tuple[ApiToken, ...]:
        return await self.api_tokens.of(principal_id)
