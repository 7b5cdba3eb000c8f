"""What this surface needs from outside, in its own words."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from plexsphere.api.callers import Permitted
from plexsphere.api.paging import Page, PageRequest


@dataclass(frozen=True, slots=True)
class RuleText:
    """A rule in its own words; `ports` is (from, to)."""

    action: str
    protocol: str
    source_cidr: str
    destination_cidr: str
    ports: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class EndText:
    """An end of a policy test: nodes by a label expression, or one by its mesh address."""

    selector: str | None = None
    mesh_ip: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyTestText:
    """A policy test in its own words."""

    name: str
    source: EndText
    destination: EndText
    protocol: str
    port: int | None
    expect: str


@dataclass(frozen=True, slots=True)
class NewPolicy:
    """A policy as wished; `confirm` accepts that most of what the Domain's nodes see may vanish."""

    slug: str
    display_name: str | None
    source_selector: str
    destination_selector: str
    rules: tuple[RuleText, ...]
    confirm: bool = False
    tests: tuple[PolicyTestText, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyEdit:
    """
    What a policy shall say from now on.

    `tests` None leaves the tests alone, `display_name` None the name; an empty name takes it away.
    `expected_revision_id` is the head that the edit was written upon, None where its author does not care.
    """

    source_selector: str
    destination_selector: str
    rules: tuple[RuleText, ...]
    display_name: str | None = None
    expected_revision_id: UUID | None = None
    confirm: bool = False
    tests: tuple[PolicyTestText, ...] | None = None


@dataclass(frozen=True, slots=True)
class RevisionView:
    """What a policy says since `created_at`."""

    id: UUID
    policy_id: UUID
    parent_id: UUID | None
    source_selector: str
    destination_selector: str
    rules: tuple[RuleText, ...]
    created_at: datetime
    created_by: str
    correlation_id: str | None
    tests: tuple[PolicyTestText, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyView:
    """A policy; `head` is its newest revision, None where only its header was asked for."""

    id: UUID
    project_id: UUID
    slug: str
    display_name: str | None
    head_revision_id: UUID
    created_at: datetime
    updated_at: datetime
    head: RevisionView | None = None


@dataclass(frozen=True, slots=True)
class RuleDiffView:
    """Rules that came, that went, and that have another action, as (before, after)."""

    added: tuple[RuleText, ...]
    removed: tuple[RuleText, ...]
    modified: tuple[tuple[RuleText, RuleText], ...]


@dataclass(frozen=True, slots=True)
class PolicyTrial:
    """What a policy might say; `tests` None leaves the tests alone."""

    source_selector: str
    destination_selector: str
    rules: tuple[RuleText, ...]
    tests: tuple[PolicyTestText, ...] | None = None


@dataclass(frozen=True, slots=True)
class FailedTestView:
    """A policy test that would not hold, two nodes of which it would not, and whether the trial is to blame."""

    policy_slug: str
    name: str
    by_change: bool
    source_node_id: UUID
    destination_node_id: UUID


@dataclass(frozen=True, slots=True)
class RehearsalView:
    """What would happen; lists are cut, counts are not."""

    matched: tuple[UUID, ...]
    matched_count: int
    rule_diff: RuleDiffView
    gained: tuple[tuple[UUID, UUID], ...]
    gained_count: int
    lost: tuple[tuple[UUID, UUID], ...]
    lost_count: int
    unreachable: tuple[UUID, ...]
    unreachable_count: int
    needs_confirmation: bool
    is_too_large: bool
    failed_tests: tuple[FailedTestView, ...]


class Policies(Protocol):
    """The application behind the surface; every mutation writes its audit row, or does not happen."""

    async def page(self, permitted: Permitted, project_id: UUID, wanted: PageRequest, /) -> Page[PolicyView]:
        """
        Return a page of the Project's policies, without their heads.

        Raises:
            Refusal: project_not_found.
        """
        ...

    async def create(self, permitted: Permitted, project_id: UUID, wish: NewPolicy, /) -> PolicyView:
        """
        Make a policy, with its first revision as head.

        Raises:
            Refusal: invalid_body, project_not_found, policy_slug_taken, confirmation_required, unknown_action,
                unknown_protocol, cidr_family_mismatch, port_range_inverted, selector_syntax_error, policy_too_large,
                too_many_policy_tests, policy_test_broken.
        """
        ...

    async def change(
        self, permitted: Permitted, project_id: UUID, policy_id: UUID, edit: PolicyEdit, /
    ) -> PolicyView:
        """
        Have one say something else; what it says already makes no new head.

        Raises:
            Refusal: as for `create`, and policy_not_found, revision_conflict.
        """
        ...

    async def get(self, permitted: Permitted, project_id: UUID, policy_id: UUID, /) -> PolicyView:
        """
        Return one with its head.

        Raises:
            Refusal: policy_not_found, also for one of another Project.
        """
        ...

    async def rehearse(
        self, permitted: Permitted, project_id: UUID, policy_id: UUID, trial: PolicyTrial, /
    ) -> RehearsalView:
        """
        Return what would happen if one said something else; nothing does.

        Raises:
            Refusal: invalid_body, policy_not_found, unknown_action, unknown_protocol, cidr_family_mismatch,
                port_range_inverted, selector_syntax_error.
        """
        ...

    async def remove(
        self, permitted: Permitted, project_id: UUID, policy_id: UUID, /, *, confirm: bool
    ) -> None:
        """
        Remove one with all its revisions.

        Raises:
            Refusal: policy_not_found, confirmation_required, policy_test_broken.
        """
        ...


class PolicyHistory(Protocol):
    """What policies say and said."""

    async def page(
        self, permitted: Permitted, project_id: UUID, policy_id: UUID, wanted: PageRequest, /
    ) -> Page[RevisionView]:
        """
        Return a page of a policy's revisions, newest first.

        Raises:
            Refusal: policy_not_found.
        """
        ...

    async def get(
        self, permitted: Permitted, project_id: UUID, policy_id: UUID, revision_id: UUID, /
    ) -> RevisionView:
        """
        Return one revision.

        Raises:
            Refusal: policy_not_found; revision_not_visible, also for one of another policy.
        """
        ...

    async def diff(
        self, permitted: Permitted, project_id: UUID, policy_id: UUID, before: UUID, after: UUID, /
    ) -> RuleDiffView:
        """
        Return what leads from the rules of one revision to those of another.

        Raises:
            Refusal: policy_not_found, revision_not_visible.
        """
        ...
