"""The surface of bootstrap tokens, answered by identity."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from plexsphere.api.callers import Permitted
from plexsphere.api.paging import Page, PageRequest
from plexsphere.api.problem import Problem
from plexsphere.api.v1.bootstrap_tokens import problems
from plexsphere.api.v1.bootstrap_tokens.wiring import BootstrapTerms, BootstrapView, IssuedBootstrap
from plexsphere.composition.bridges.granted import granted
from plexsphere.composition.bridges.identity_errors import translated
from plexsphere.identity.application.get_bootstrap_token import GetBootstrapToken
from plexsphere.identity.application.issue_bootstrap_token import IssueBootstrapToken
from plexsphere.identity.application.list_bootstrap_tokens import ListBootstrapTokens
from plexsphere.identity.application.revoke_bootstrap_token import RevokeBootstrapToken
from plexsphere.identity.domain import errors
from plexsphere.identity.domain.bootstrap_token import BootstrapToken, BootstrapTokenTerms
from plexsphere.platform.kernel.audit import AuditTrail
from plexsphere.platform.kernel.ids import PrincipalId, ProjectId, TokenId
from plexsphere.platform.kernel.subjects import project_object
from plexsphere.platform.kernel.unit_of_work import UnitOfWork

PROBLEM_OF: Final[Mapping[type[errors.IdentityError], Problem]] = {
    errors.InvalidBootstrapToken: problems.INVALID_BOOTSTRAP_TOKEN,
    errors.ProjectNotFound: problems.PROJECT_NOT_FOUND,
    errors.BootstrapTokenNotFound: problems.BOOTSTRAP_TOKEN_NOT_FOUND,
    errors.BootstrapTokenSpent: problems.BOOTSTRAP_TOKEN_SPENT,
}


@dataclass(frozen=True, slots=True)
class BootstrapTokensBridge:
    """Answers the port `BootstrapTokens`; everything stands in the chain of the Project's Domain."""

    unit_of_work: UnitOfWork
    trail: AuditTrail
    issue_bootstrap_token: IssueBootstrapToken
    list_bootstrap_tokens: ListBootstrapTokens
    get_bootstrap_token: GetBootstrapToken
    revoke_bootstrap_token: RevokeBootstrapToken

    async def issue(
        self, permitted: Permitted, project_id: UUID, terms: BootstrapTerms, /
    ) -> IssuedBootstrap:
        issuer = PrincipalId(permitted.caller.principal_id)
        with translated(PROBLEM_OF):
            wanted = BootstrapTokenTerms(terms.kind, terms.env_prefix, terms.ttl_seconds, terms.labels)
            async with self.unit_of_work():
                issued = await self.issue_bootstrap_token(ProjectId(project_id), issuer, wanted)
                self._record(permitted, issued.token)
        token = issued.token
        return IssuedBootstrap(token.id, issued.plaintext, token.issued_at, token.expires_at)

    async def page(
        self, permitted: Permitted, project_id: UUID, wanted: PageRequest, /
    ) -> Page[BootstrapView]:
        after = TokenId(UUID(wanted.position)) if wanted.position else None
        with translated(PROBLEM_OF):
            page = await self.list_bootstrap_tokens(ProjectId(project_id), wanted.limit, after)
        return Page(tuple(map(_view, page.items)), str(page.items[-1].id) if page.more else "")

    async def get(self, permitted: Permitted, project_id: UUID, token_id: UUID, /) -> BootstrapView:
        with translated(PROBLEM_OF):
            return _view(await self.get_bootstrap_token(ProjectId(project_id), TokenId(token_id)))

    async def revoke(self, permitted: Permitted, project_id: UUID, token_id: UUID, /) -> None:
        project, token = ProjectId(project_id), TokenId(token_id)
        with translated(PROBLEM_OF):
            async with self.unit_of_work():
                await self.revoke_bootstrap_token(project, token)
                self._record(permitted, await self.get_bootstrap_token(project, token))

    def _record(self, permitted: Permitted, token: BootstrapToken) -> None:
        about = project_object(token.project_id)
        self.trail.record(granted(permitted, token.domain_id, about, token=str(token.id)))


def _view(token: BootstrapToken) -> BootstrapView:
    return BootstrapView(
        id=token.id,
        project_id=token.project_id,
        kind=token.kind.value,
        env_prefix=token.env_prefix,
        labels=token.labels,
        issued_at=token.issued_at,
        issued_by=token.issued_by,
        expires_at=token.expires_at,
        consumed_at=token.consumed_at,
        revoked_at=token.revoked_at,
    )
