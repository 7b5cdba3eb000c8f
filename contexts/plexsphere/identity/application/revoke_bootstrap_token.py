"""Use case: take a bootstrap token back."""

from dataclasses import dataclass

from plexsphere.identity.domain.errors import BootstrapTokenNotFound, BootstrapTokenSpent
from plexsphere.identity.ports.bootstrap_tokens import BootstrapTokens
from plexsphere.platform.kernel.ids import ProjectId, TokenId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class RevokeBootstrapToken:
    """
    Let the Project's bootstrap token admit nobody any more.

    Raises:
        BootstrapTokenNotFound: the Project has no such token.
        BootstrapTokenSpent: it was consumed or revoked before.
    """

    unit_of_work: UnitOfWork
    bootstrap_tokens: BootstrapTokens

    async def __call__(self, project_id: ProjectId, token_id: TokenId) -> None:
        async with self.unit_of_work():
            if await self.bootstrap_tokens.revoke(project_id, token_id):
                return
            if await self.bootstrap_tokens.get(project_id, token_id) is None:
                raise BootstrapTokenNotFound(token_id)
            raise BootstrapTokenSpent(token_id)
