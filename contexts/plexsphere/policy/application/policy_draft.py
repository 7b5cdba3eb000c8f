"""A policy as somebody wishes it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plexsphere.platform.kernel.ids import PolicyId, ProjectId
from plexsphere.platform.kernel.subjects import Reference
from plexsphere.policy.application.wording import PolicyTestWords, RuleWords, Wording
from plexsphere.policy.domain.policy import NetworkPolicy, Revision, RevisionId

FIRST: Final = 1


@dataclass(frozen=True, slots=True)
class PolicyDraft:
    """What a new policy shall be; `confirm` accepts that it takes away most of what the Domain's nodes see."""

    project_id: ProjectId
    slug: str
    display_name: str | None
    source_selector: str
    destination_selector: str
    rules: tuple[RuleWords, ...]
    author: Reference
    correlation_id: str | None = None
    confirm: bool = False
    tests: tuple[PolicyTestWords, ...] = ()

    def drawn(self, policy_id: PolicyId, revision_id: RevisionId, at: datetime) -> NetworkPolicy:
        """
        Return the policy at its first revision.

        Raises:
            SelectorSyntaxError, UnknownAction, UnknownProtocol, CidrFamilyMismatch, PortRangeInverted,
            InvalidRule, InvalidPolicyTest, InvalidSlug
        """
        said = Wording(self.source_selector, self.destination_selector, self.rules, self.tests).read()
        head = Revision(
            id=revision_id,
            policy_id=policy_id,
            parent_id=None,
            number=FIRST,
            selector=said.selector,
            rules=said.rules,
            created_at=at,
            created_by=str(self.author),
            correlation_id=self.correlation_id,
            tests=said.tests,
        )
        return NetworkPolicy(policy_id, self.project_id, self.slug, self.display_name, head, at, at)
