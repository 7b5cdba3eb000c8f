"""Use case: list a Project's bootstrap tokens."""

from dataclasses import dataclass

from plexsphere.identity.domain.bootstrap_token import BootstrapToken
from plexsphere.identity.domain.errors import ProjectNotFound
from plexsphere.identity.domain.page import Page
from plexsphere.identity.ports.bootstrap_tokens import BootstrapTokens
from plexsphere.identity.ports.projects import Projects
from plexsphere.platform.kernel.ids import ProjectId, TokenId


@dataclass(frozen=True, slots=True)
class ListBootstrapTokens:
    """
    Return up to `limit` of the Project's bootstrap tokens in the order of issue.

    Raises:
        ProjectNotFound: no Project has this id.
    """

    projects: Projects
    bootstrap_tokens: BootstrapTokens

    async def __call__(
        self, project_id: ProjectId, limit: int, after: TokenId | None = None
    ) -> Page[BootstrapToken]:
        project = await self.projects.get(project_id)
        if project is None:
            raise ProjectNotFound(project_id)
        return await self.bootstrap_tokens.page(project, after, limit)
