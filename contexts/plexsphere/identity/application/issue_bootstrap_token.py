"""Use case: let a Project admit one machine."""

from dataclasses import dataclass

from plexsphere.identity.domain.bootstrap_token import BootstrapTokenTerms, IssuedBootstrapToken
from plexsphere.identity.domain.errors import ProjectNotFound
from plexsphere.identity.domain.token_text import SECRET_BYTES, TokenKind, digest, token_text
from plexsphere.identity.ports.bootstrap_tokens import BootstrapTokens
from plexsphere.identity.ports.entropy import Entropy
from plexsphere.identity.ports.projects import Projects
from plexsphere.platform.kernel.ids import MintsIds, PrincipalId, ProjectId, TokenId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class IssueBootstrapToken:
    """
    Return a new bootstrap token of the Project with its text, of which only the digest is kept.

    Raises:
        ProjectNotFound: no Project has this id.
    """

    unit_of_work: UnitOfWork
    projects: Projects
    bootstrap_tokens: BootstrapTokens
    mint_id: MintsIds
    entropy: Entropy

    async def __call__(
        self, project_id: ProjectId, issued_by: PrincipalId, terms: BootstrapTokenTerms
    ) -> IssuedBootstrapToken:
        token_id = TokenId(self.mint_id())
        text = token_text(TokenKind.ENROLL, token_id, self.entropy(SECRET_BYTES))
        async with self.unit_of_work():
            project = await self.projects.get(project_id)
            if project is None:
                raise ProjectNotFound(project_id)
            token = await self.bootstrap_tokens.add(token_id, project, issued_by, terms, digest(text))
        return IssuedBootstrapToken(token, text)
