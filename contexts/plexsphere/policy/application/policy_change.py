"""A change of a policy as somebody wishes it."""

from dataclasses import dataclass, replace
from datetime import datetime

from plexsphere.platform.kernel.ids import PolicyId, ProjectId
from plexsphere.platform.kernel.subjects import Reference
from plexsphere.policy.application.wording import Wording
from plexsphere.policy.domain.policy import NetworkPolicy, Revision, RevisionId, Statement


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """
    What a policy shall say from now on, and what it shall be called.

    `display_name` None leaves the name alone, an empty one takes it away. `expected_head` is the revision the change
    was written upon, None where its author does not care. `confirm` accepts that the change takes away most of what
    the Domain's nodes see.
    """

    project_id: ProjectId
    policy_id: PolicyId
    wording: Wording
    author: Reference
    display_name: str | None = None
    expected_head: RevisionId | None = None
    correlation_id: str | None = None
    confirm: bool = False

    def applied_to(
        self, policy: NetworkPolicy, said: Statement, revision_id: RevisionId, at: datetime
    ) -> NetworkPolicy:
        """
        Return the policy as it shall be: with a new head where it says something else, itself where nothing differs.

        Raises:
            RevisionConflict: the change was written upon another head.
        """
        policy.require_head(self.expected_head)
        if self.wording.tests is None:
            said = replace(said, tests=policy.head.tests)
        named = policy if self.display_name is None else policy.named(self.display_name or None, at)
        if policy.head.says(said):
            return named
        return named.revised(self._revision(policy.head, said, revision_id, at))

    def _revision(self, head: Revision, said: Statement, revision_id: RevisionId, at: datetime) -> Revision:
        return Revision(
            id=revision_id,
            policy_id=head.policy_id,
            parent_id=head.id,
            number=head.number + 1,
            selector=said.selector,
            rules=said.rules,
            created_at=at,
            created_by=str(self.author),
            correlation_id=self.correlation_id,
            tests=said.tests,
        )
