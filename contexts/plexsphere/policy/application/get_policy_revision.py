"""Use case: show what a policy says or said."""

from dataclasses import dataclass

from plexsphere.platform.kernel.ids import PolicyId, ProjectId
from plexsphere.policy.application.get_policy import GetPolicy
from plexsphere.policy.domain.errors import RevisionNotVisible
from plexsphere.policy.domain.policy import Revision, RevisionId
from plexsphere.policy.ports.policies import Policies


@dataclass(frozen=True, slots=True)
class GetPolicyRevision:
    """
    Return one revision of a policy.

    Raises:
        PolicyNotFound: the Project has no such policy.
        RevisionNotVisible: the policy has no such revision, whoever else may have it.
    """

    find: GetPolicy
    policies: Policies

    async def __call__(self, project_id: ProjectId, policy_id: PolicyId, revision_id: RevisionId) -> Revision:
        found = await self.find(project_id, policy_id)
        revision = await self.policies.get_revision(found.domain_id, policy_id, revision_id)
        if revision is None:
            raise RevisionNotVisible(policy_id)
        return revision
