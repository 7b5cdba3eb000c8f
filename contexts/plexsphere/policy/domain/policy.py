"""Network policies and their revisions."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from typing import Final, NewType
from uuid import UUID

from plexsphere.platform.kernel.ids import PolicyId, ProjectId
from plexsphere.policy.domain.errors import InvalidRule, InvalidSlug, RevisionConflict, RuleFault
from plexsphere.policy.domain.policy_test import PolicyTest
from plexsphere.policy.domain.rule import Rule
from plexsphere.policy.domain.selector import Selector

RevisionId = NewType("RevisionId", UUID)

MAX_RULES: Final = 1024

_SLUG: Final = re.compile(r"[a-z][a-z0-9-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PolicySelector:
    """Which nodes a policy speaks of at either end of the traffic."""

    source: Selector
    destination: Selector


@dataclass(frozen=True, slots=True)
class Statement:
    """What somebody wants a policy to say."""

    selector: PolicySelector
    rules: tuple[Rule, ...]
    tests: tuple[PolicyTest, ...] = ()


@dataclass(frozen=True, slots=True)
class Revision:
    """
    What a policy says, once and for all; numbers count from 1 within the policy.

    Raises:
        InvalidRule: no rule, or more than 1024.
    """

    id: RevisionId
    policy_id: PolicyId
    parent_id: RevisionId | None
    number: int
    selector: PolicySelector
    rules: tuple[Rule, ...]
    created_at: datetime
    created_by: str
    correlation_id: str | None = None
    tests: tuple[PolicyTest, ...] = ()

    def __post_init__(self) -> None:
        if not self.rules:
            raise InvalidRule(RuleFault.NO_RULES)
        if len(self.rules) > MAX_RULES:
            raise InvalidRule(RuleFault.TOO_MANY_RULES)
        if self.number < 1:
            raise ValueError("revisions count from 1")

    def says(self, statement: Statement) -> bool:
        """Tell whether the revision has these selectors and, in this order, these rules and these tests."""
        return Statement(self.selector, self.rules, self.tests) == statement

    def digest(self) -> bytes:
        """
        Return 16 bytes that differ wherever the policy, the number, the selectors or the rules do.

        A revision says one thing for ever, so its number stands for its tests, too.
        """
        head = f"{self.policy_id.hex}.{self.number}\n{self.selector.source}\n{self.selector.destination}\n"
        body = "\n".join(map(_line, self.rules))
        return blake2b((head + body).encode(), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """
    A named policy of one Project, at its newest revision. It speaks of nodes of that Project only.

    Raises:
        InvalidSlug: the slug is not `^[a-z][a-z0-9-]*$` of at most 64 characters.
    """

    id: PolicyId
    project_id: ProjectId
    slug: str
    display_name: str | None
    head: Revision
    created_at: datetime
    updated_at: datetime

    def __post_init__(self) -> None:
        if _SLUG.fullmatch(self.slug) is None:
            raise InvalidSlug
        if self.head.policy_id != self.id:
            raise ValueError("a revision belongs to its own policy")

    def require_head(self, expected: RevisionId | None) -> None:
        """
        Let a change pass that was written upon the present head, or upon no particular one.

        Raises:
            RevisionConflict: the head is another.
        """
        if expected is not None and expected != self.head.id:
            raise RevisionConflict(self.id)

    def named(self, display_name: str | None, at: datetime) -> "NetworkPolicy":
        """Return the policy under this name, itself where it has it already."""
        if display_name == self.display_name:
            return self
        return replace(self, display_name=display_name, updated_at=at)

    def revised(self, revision: Revision) -> "NetworkPolicy":
        """
        Return the policy with the revision as its head.

        Raises:
            RevisionConflict: the revision was not written upon the present head.
        """
        if revision.parent_id != self.head.id or revision.number != self.head.number + 1:
            raise RevisionConflict(self.id)
        return replace(self, head=revision, updated_at=revision.created_at)


def _line(rule: Rule) -> str:
    traffic = rule.traffic
    return (
        f"{rule.action.value} {traffic.protocol.value} {traffic.first} {traffic.last} "
        f"{rule.source_cidr} {rule.destination_cidr}"
    )
