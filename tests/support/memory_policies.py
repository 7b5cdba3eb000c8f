"""Policies in memory, and what is told of them: both roll back with their unit of work."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from itertools import accumulate

from plexsphere.platform.kernel.ids import DomainId, PolicyId, ProjectId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork
from plexsphere.policy.domain.difference import Difference
from plexsphere.policy.domain.errors import PolicySlugTaken, ProjectNotFound, RevisionConflict
from plexsphere.policy.domain.policy import NetworkPolicy, Revision, RevisionId
from plexsphere.policy.ports.policies import (
    REVISIONS_KEPT,
    RULES_A_PAGE,
    Policies,
    PolicyHeader,
    PolicyPage,
    PolicyReading,
    RevisionPage,
)
from tests.support.memory_unit_of_work import MemoryUnitOfWork
from tests.support.policy import HOMES


@dataclass(frozen=True)
class StoredPolicy:
    """A policy, where it is, the mesh revision of its last change, and all it ever said."""

    domain_id: DomainId
    policy: NetworkPolicy
    revision: int
    history: tuple[Revision, ...]
    is_deleted: bool = False


@dataclass
class PolicyState:
    """Everything the fakes keep."""

    policies: dict[PolicyId, StoredPolicy] = field(default_factory=dict)
    revisions: dict[DomainId, int] = field(default_factory=dict)
    told: list[tuple[DomainId, PolicyId, Difference]] = field(default_factory=list)

    def copy(self) -> "PolicyState":
        return PolicyState(dict(self.policies), dict(self.revisions), list(self.told))


class PolicyStore:
    """The state, whether a unit of work is open, and how often the store was asked."""

    def __init__(self) -> None:
        self.state = PolicyState()
        self.is_open = False
        self.asked = 0


class MemoryPolicies:
    """Policies in memory."""

    def __init__(self, store: PolicyStore) -> None:
        self._store = store

    async def add(self, domain_id: DomainId, policy: NetworkPolicy, revision: int, /) -> None:
        if HOMES.get(policy.project_id) != domain_id:
            raise ProjectNotFound(policy.project_id)
        if any(row.policy.slug == policy.slug for row in self._of_project(domain_id, policy.project_id)):
            raise PolicySlugTaken(policy.project_id)
        self._store.state.policies[policy.id] = StoredPolicy(domain_id, policy, revision, (policy.head,))

    async def revise(self, domain_id: DomainId, policy: NetworkPolicy, revision: int, /) -> None:
        standing = await self.get(domain_id, policy.id)
        if standing is None or standing.head.id != policy.head.parent_id:
            raise RevisionConflict(policy.id)
        past = self._store.state.policies[policy.id].history
        kept = (each for each in past if each.number > policy.head.number - REVISIONS_KEPT)
        history = (*kept, policy.head)
        self._store.state.policies[policy.id] = StoredPolicy(domain_id, policy, revision, history)

    async def rename(self, domain_id: DomainId, policy: NetworkPolicy, /) -> None:
        row = self._store.state.policies[policy.id]
        named = replace(row.policy, display_name=policy.display_name, updated_at=policy.updated_at)
        self._store.state.policies[policy.id] = replace(row, policy=named)

    async def get(self, domain_id: DomainId, policy_id: PolicyId, /) -> NetworkPolicy | None:
        live = {row.policy.id: row.policy for row in self._of(domain_id) if not row.is_deleted}
        return live.get(policy_id)

    async def page(
        self, domain_id: DomainId, project_id: ProjectId, after: PolicyId | None, limit: int, /
    ) -> PolicyPage:
        rows = [row.policy for row in self._of_project(domain_id, project_id)]
        rest = [policy for policy in rows if after is None or policy.id > after]
        return PolicyPage(tuple(header_of(policy) for policy in rest[:limit]), len(rest) <= limit)

    async def revisions(
        self, domain_id: DomainId, policy_id: PolicyId, before: int | None, limit: int, /
    ) -> RevisionPage:
        history = reversed(self._history(domain_id, policy_id))
        rest = [revision for revision in history if before is None or revision.number < before]
        before_each = accumulate((len(each.rules) for each in rest), initial=0)
        shown = [each for each, rules in zip(rest, before_each, strict=False) if rules < RULES_A_PAGE][:limit]
        return RevisionPage(tuple(shown), len(shown) == len(rest))

    async def get_revision(
        self, domain_id: DomainId, policy_id: PolicyId, revision_id: RevisionId, /
    ) -> Revision | None:
        return {each.id: each for each in self._history(domain_id, policy_id)}.get(revision_id)

    async def all_of(self, domain_id: DomainId, /) -> PolicyReading:
        rows = self._of(domain_id)
        live = tuple(row.policy for row in rows if not row.is_deleted)
        return PolicyReading(0, max((row.revision for row in rows), default=0), live)

    async def changed(self, domain_id: DomainId, since: int, /) -> PolicyReading:
        rows = [row for row in self._of(domain_id) if row.revision > since]
        return PolicyReading(
            since=since,
            upto=max((row.revision for row in rows), default=since),
            policies=tuple(row.policy for row in rows if not row.is_deleted),
            deleted=tuple(row.policy.id for row in rows if row.is_deleted),
        )

    async def delete(self, domain_id: DomainId, policy_id: PolicyId, revision: int, /) -> bool:
        if await self.get(domain_id, policy_id) is None:
            return False
        row = self._store.state.policies[policy_id]
        self._store.state.policies[policy_id] = replace(row, revision=revision, is_deleted=True)
        return True

    async def was_ever(self, domain_id: DomainId, project_id: ProjectId, slug: str, /) -> bool:
        policies = [row.policy for row in self._of(domain_id)]
        return any((policy.project_id, policy.slug) == (project_id, slug) for policy in policies)

    def _history(self, domain_id: DomainId, policy_id: PolicyId) -> tuple[Revision, ...]:
        rows = {row.policy.id: row.history for row in self._of(domain_id) if not row.is_deleted}
        return rows.get(policy_id, ())

    def _of(self, domain_id: DomainId) -> list[StoredPolicy]:
        self._store.asked += 1
        rows = [row for _, row in sorted(self._store.state.policies.items())]
        return [row for row in rows if row.domain_id == domain_id]

    def _of_project(self, domain_id: DomainId, project_id: ProjectId) -> list[StoredPolicy]:
        rows = self._of(domain_id)
        return [row for row in rows if row.policy.project_id == project_id and not row.is_deleted]


class MemoryTellings:
    """What was told, for the open unit of work."""

    def __init__(self, store: PolicyStore) -> None:
        self._store = store

    async def tell(self, domain_id: DomainId, policy_id: PolicyId, difference: Difference, /) -> None:
        if not self._store.is_open:
            raise RuntimeError("no unit of work is open")
        self._store.state.told.append((domain_id, policy_id, difference))


def header_of(policy: NetworkPolicy) -> PolicyHeader:
    """Return what a list shows of a policy."""
    return PolicyHeader(
        id=policy.id,
        project_id=policy.project_id,
        slug=policy.slug,
        display_name=policy.display_name,
        head_revision_id=policy.head.id,
        created_at=policy.created_at,
        updated_at=policy.updated_at,
    )


@dataclass(frozen=True)
class PolicyKit:
    """The collection over one store, whichever it is; the Projects of `HOMES` and their Domains exist."""

    unit_of_work: UnitOfWork
    policies: Policies
    forget_project: Callable[[ProjectId], Awaitable[None]]


def memory_policies(store: PolicyStore) -> PolicyKit:
    """Return the fake."""

    async def forget_project(project_id: ProjectId) -> None:
        rows = store.state.policies.items()
        store.state.policies = {key: row for key, row in rows if row.policy.project_id != project_id}

    return PolicyKit(MemoryUnitOfWork(store), MemoryPolicies(store), forget_project)
