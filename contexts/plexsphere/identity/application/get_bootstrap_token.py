"""Use case: show a bootstrap token."""

from dataclasses import dataclass

from plexsphere.identity.domain.bootstrap_token import BootstrapToken
from plexsphere.identity.domain.errors import BootstrapTokenNotFound
from plexsphere.identity.ports.bootstrap_tokens import BootstrapTokens
from plexsphere.platform.kernel.ids import ProjectId, TokenId


@dataclass(frozen=True, slots=True)
class GetBootstrapToken:
    """
    Return the Project's bootstrap token, never its secret.

    Raises:
        BootstrapTokenNotFound: the Project has no such token.
    """

    bootstrap_tokens: BootstrapTokens

    async def __call__(self, project_id: ProjectId, token_id: TokenId) -> BootstrapToken:
        token = await self.bootstrap_tokens.get(project_id, token_id)
        if token is None:
            raise BootstrapTokenNotFound(token_id)
        return token
