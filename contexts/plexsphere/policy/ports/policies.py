"""The collection of network policies."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from plexsphere.platform.kernel.ids import DomainId, PolicyId, ProjectId
from plexsphere.policy.domain.policy import NetworkPolicy, Revision, RevisionId

# The head and those before it; a robot that changes a policy each minute fills no disk with them.
REVISIONS_KEPT: Final = 1_000
# A page of revisions ends with the one that reaches so many rules: a revision may have 1,024 of them.
RULES_A_PAGE: Final = 4096


@dataclass(frozen=True, slots=True)
class PolicyHeader:
    """A policy without what it says."""

    id: PolicyId
    project_id: ProjectId
    slug: str
    display_name: str | None
    head_revision_id: RevisionId
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class PolicyPage:
    """Policies in the order of their making; `is_last` when none follow."""

    headers: tuple[PolicyHeader, ...]
    is_last: bool


@dataclass(frozen=True, slots=True)
class RevisionPage:
    """Revisions of one policy, newest first; `is_last` when no older ones are left."""

    revisions: tuple[Revision, ...]
    is_last: bool


@dataclass(frozen=True, slots=True)
class PolicyReading:
    """
    What changed in a Domain behind the mesh revision `since`, up to `upto`: policies at their heads, and deleted ones.

    Changes of policies commit in the order of their mesh revisions, so a reading misses nothing between the two.
    """

    since: int
    upto: int
    policies: tuple[NetworkPolicy, ...]
    deleted: tuple[PolicyId, ...] = ()


class Policies(Protocol):
    """
    Policies, kept under the Domain they belong to.

    Changes join the open unit of work, within the turn of the Domain's mesh: each names the revision of its turn.
    """

    async def add(self, domain_id: DomainId, policy: NetworkPolicy, revision: int, /) -> None:
        """
        Keep a new policy with its first revision.

        Raises:
            PolicySlugTaken: another policy of its Project has the slug.
            ProjectNotFound: its Project is not one of the Domain.
        """
        ...

    async def revise(self, domain_id: DomainId, policy: NetworkPolicy, revision: int, /) -> None:
        """
        Keep the policy's new head, written upon the one it had, and its name; the newest 1,000 revisions are kept.

        Raises:
            RevisionConflict: the policy is gone, or its head is not the new one's parent.
        """
        ...

    async def rename(self, domain_id: DomainId, policy: NetworkPolicy, /) -> None:
        """Keep the policy's name, and when it was given; nobody who sees whom by it has to know."""
        ...

    async def get(self, domain_id: DomainId, policy_id: PolicyId, /) -> NetworkPolicy | None:
        """Return a policy at its head, or None when there is none or it was deleted."""
        ...

    async def page(
        self, domain_id: DomainId, project_id: ProjectId, after: PolicyId | None, limit: int, /
    ) -> PolicyPage:
        """Return up to `limit` policies of the Project, from behind `after`."""
        ...

    async def revisions(
        self, domain_id: DomainId, policy_id: PolicyId, before: int | None, limit: int, /
    ) -> RevisionPage:
        """
        Return up to `limit` revisions of the policy, newest first, from below the number `before`.

        They are fewer where `RULES_A_PAGE` are reached before.
        """
        ...

    async def get_revision(
        self, domain_id: DomainId, policy_id: PolicyId, revision_id: RevisionId, /
    ) -> Revision | None:
        """Return a revision of the policy, or None when it has none of this id."""
        ...

    async def all_of(self, domain_id: DomainId, /) -> PolicyReading:
        """Return every policy of the Domain."""
        ...

    async def changed(self, domain_id: DomainId, since: int, /) -> PolicyReading:
        """Return the policies that changed or were deleted behind a mesh revision."""
        ...

    async def delete(self, domain_id: DomainId, policy_id: PolicyId, revision: int, /) -> bool:
        """Delete a policy with all it ever said; False when there is none, or no more."""
        ...

    async def was_ever(self, domain_id: DomainId, project_id: ProjectId, slug: str, /) -> bool:
        """Tell whether the Project has, or had, a policy of this slug."""
        ...
