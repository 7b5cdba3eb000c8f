"""A policy as somebody wishes it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plexsphere.platform.kernel.ids import PolicyId, ProjectId
from plexsphere.platform.kernel.subjects import Reference
from plexsphere.policy.domain.errors import InvalidRule, RuleFault
from plexsphere.policy.domain.policy import MAX_RULES, NetworkPolicy, PolicySelector, Revision, RevisionId
from plexsphere.policy.domain.rule import Rule
from plexsphere.policy.domain.selector import Selector

FIRST: Final = 1


@dataclass(frozen=True, slots=True)
class RuleWords:
    """A rule in its own words; `ports` is (from, to)."""

    action: str
    protocol: str
    source_cidr: str
    destination_cidr: str
    ports: tuple[int, int] | None = None

    def rule(self) -> Rule:
        """
        Return the rule.

        Raises:
            UnknownAction, UnknownProtocol, CidrFamilyMismatch, PortRangeInverted, InvalidRule
        """
        return Rule.parse(
            action=self.action,
            protocol=self.protocol,
            source_cidr=self.source_cidr,
            destination_cidr=self.destination_cidr,
            ports=self.ports,
        )


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

    def drawn(self, policy_id: PolicyId, revision_id: RevisionId, at: datetime) -> NetworkPolicy:
        """
        Return the policy at its first revision.

        Raises:
            SelectorSyntaxError, UnknownAction, UnknownProtocol, CidrFamilyMismatch, PortRangeInverted,
            InvalidRule, InvalidSlug
        """
        head = Revision(
            id=revision_id,
            policy_id=policy_id,
            parent_id=None,
            number=FIRST,
            selector=PolicySelector(
                Selector.parse(self.source_selector), Selector.parse(self.destination_selector)
            ),
            rules=self._rules(),
            created_at=at,
            created_by=str(self.author),
            correlation_id=self.correlation_id,
        )
        return NetworkPolicy(policy_id, self.project_id, self.slug, self.display_name, head, at, at)

    def _rules(self) -> tuple[Rule, ...]:
        # Reading rules costs more than counting them.
        if len(self.rules) > MAX_RULES:
            raise InvalidRule(RuleFault.TOO_MANY_RULES)
        return tuple(words.rule() for words in self.rules)
