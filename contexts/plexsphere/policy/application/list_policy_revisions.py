"""Use case: list what a policy says and said."""

from dataclasses import dataclass

from plexsphere.platform.kernel.ids import PolicyId, ProjectId
from plexsphere.policy.application.get_policy import GetPolicy
from plexsphere.policy.ports.policies import Policies, RevisionPage


@dataclass(frozen=True, slots=True)
class ListPolicyRevisions:
    """
    Return a page of a policy's revisions, newest first, from below the number `before`.

    Raises:
        PolicyNotFound: the Project has no such policy.
    """

    find: GetPolicy
    policies: Policies

    async def __call__(
        self, project_id: ProjectId, policy_id: PolicyId, before: int | None, limit: int
    ) -> RevisionPage:
        found = await self.find(project_id, policy_id)
        return await self.policies.revisions(found.domain_id, policy_id, before, limit)
