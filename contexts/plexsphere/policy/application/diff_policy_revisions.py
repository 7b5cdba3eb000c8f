"""Use case: tell what differs between two revisions of a policy (rest contract, policies)."""

from dataclasses import dataclass

from plexsphere.platform.kernel.ids import PolicyId, ProjectId
from plexsphere.policy.application.get_policy_revision import GetPolicyRevision
from plexsphere.policy.domain.policy import RevisionId
from plexsphere.policy.domain.rule_diff import RuleDiff


@dataclass(frozen=True, slots=True)
class DiffPolicyRevisions:
    """
    Return what leads from the rules of one revision to those of the other.

    Raises:
        PolicyNotFound: the Project has no such policy.
        RevisionNotVisible: one of the two is no revision of the policy.
    """

    find: GetPolicyRevision

    async def __call__(
        self, project_id: ProjectId, policy_id: PolicyId, before: RevisionId, after: RevisionId
    ) -> RuleDiff:
        one = await self.find(project_id, policy_id, before)
        other = await self.find(project_id, policy_id, after)
        return RuleDiff.between(one.rules, other.rules)
