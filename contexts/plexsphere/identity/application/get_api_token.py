"""Use case: find an API token."""

from dataclasses import dataclass

from plexsphere.identity.domain.api_token import ApiToken
from plexsphere.identity.domain.errors import ApiTokenNotFound
from plexsphere.identity.ports.api_tokens import ApiTokens
from plexsphere.platform.kernel.ids import TokenId


@dataclass(frozen=True, slots=True)
class GetApiToken:
    """
    Return the live API token, whose principal says who may act on it.

    Raises:
        ApiTokenNotFound: no live token has this id.
    """

    api_tokens: ApiTokens

    async def __call__(self, token_id: TokenId) -> ApiToken:
        token = await self.api_tokens.get(token_id)
        if token is None:
            raise ApiTokenNotFound(token_id)
        return token
