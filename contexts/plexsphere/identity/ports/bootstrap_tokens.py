"""Storage of bootstrap tokens; the store's own time decides what is alive (design D10, hardening M11)."""

from typing import Protocol

from plexsphere.identity.domain.bootstrap_token import BootstrapToken, BootstrapTokenTerms
from plexsphere.identity.domain.enrolment import Applicant, Redemption
from plexsphere.identity.domain.page import Page
from plexsphere.identity.domain.project import Project
from plexsphere.platform.kernel.ids import PrincipalId, ProjectId, TokenId


class BootstrapTokens(Protocol):
    """The collection of bootstrap tokens."""

    async def add(
        self,
        token_id: TokenId,
        project: Project,
        issued_by: PrincipalId,
        terms: BootstrapTokenTerms,
        secret_sha256: bytes,
    ) -> BootstrapToken:
        """
        Keep a new token, which lives from now as long as its terms say.

        Raises:
            ProjectNotFound: the Project is gone.
        """
        ...

    async def get(self, project_id: ProjectId, token_id: TokenId) -> BootstrapToken | None:
        """Return the Project's token, alive or not, or None."""
        ...

    async def page(self, project: Project, after: TokenId | None, limit: int) -> Page[BootstrapToken]:
        """Return up to `limit` of the Project's tokens in the order of issue, from behind `after`."""
        ...

    async def revoke(self, project_id: ProjectId, token_id: TokenId) -> bool:
        """Revoke the Project's token, if it was neither consumed nor revoked before; say whether it was so."""
        ...

    async def redeem(self, token_id: TokenId, applicant: Applicant) -> Redemption | None:
        """
        Bind a token that is still good to the applicant's node, in one conditional statement.

        The binding stands only if the open unit of work commits. None: not good any more, or unknown.
        """
        ...

    async def redeemed(self, token_id: TokenId, applicant: Applicant) -> Redemption | None:
        """
        Return the node this very machine became by the token within the last ten minutes, its identity unused.

        Until the unit of work ends the node's first use waits. None: any part of that does not hold.
        """
        ...
