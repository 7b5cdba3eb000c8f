"""What policies say and said, answered by the use cases of policy."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

from plexsphere.api.callers import Permitted
from plexsphere.api.paging import Page, PageRequest
from plexsphere.api.v1.policies.wiring import RevisionView, RuleDiffView
from plexsphere.composition.bridges.policies import TRANSLATED
from plexsphere.composition.bridges.policy_views import diff_view, revision_view
from plexsphere.platform.kernel.ids import PolicyId, ProjectId
from plexsphere.policy.application.diff_policy_revisions import DiffPolicyRevisions
from plexsphere.policy.application.get_policy_revision import GetPolicyRevision
from plexsphere.policy.application.list_policy_revisions import ListPolicyRevisions
from plexsphere.policy.domain.policy import Revision, RevisionId


@dataclass(frozen=True, slots=True)
class PolicyHistoryBridge:
    """Answers the surface's port `PolicyHistory`."""

    list_revisions: ListPolicyRevisions
    get_revision: GetPolicyRevision
    diff_revisions: DiffPolicyRevisions

    async def page(
        self, permitted: Permitted, project_id: UUID, policy_id: UUID, wanted: PageRequest, /
    ) -> Page[RevisionView]:
        """Return a page, by the numbers of the revisions."""
        project, policy = ProjectId(project_id), PolicyId(policy_id)
        before = int(wanted.position) if wanted.position else None
        with TRANSLATED:
            page = await self.list_revisions(project, policy, before, wanted.limit)
        position = "" if page.is_last else str(page.revisions[-1].number)
        return Page(tuple([await _view(revision) for revision in page.revisions]), position)

    async def get(
        self, permitted: Permitted, project_id: UUID, policy_id: UUID, revision_id: UUID, /
    ) -> RevisionView:
        """Return one."""
        project, policy = ProjectId(project_id), PolicyId(policy_id)
        with TRANSLATED:
            return revision_view(await self.get_revision(project, policy, RevisionId(revision_id)))

    async def diff(
        self, permitted: Permitted, project_id: UUID, policy_id: UUID, before: UUID, after: UUID, /
    ) -> RuleDiffView:
        """Compare two."""
        ends = RevisionId(before), RevisionId(after)
        with TRANSLATED:
            return diff_view(await self.diff_revisions(ProjectId(project_id), PolicyId(policy_id), *ends))


async def _view(revision: Revision) -> RevisionView:
    # A page has thousands of rules: between any two revisions the other tasks of the process have their turn.
    await asyncio.sleep(0)
    return revision_view(revision)
