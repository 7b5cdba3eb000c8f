"""Fakes for policy: the collection in memory, and a mesh that turns, tells and rolls back with it."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Final
from uuid import UUID

from plexsphere.platform.kernel.ids import DomainId, PolicyId, ProjectId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork
from plexsphere.policy.application.create_policy import CreatePolicy
from plexsphere.policy.application.delete_policy import DeletePolicy
from plexsphere.policy.application.dry_run_policy import DryRunPolicy
from plexsphere.policy.application.get_policy import GetPolicy
from plexsphere.policy.application.policy_change import PolicyChange
from plexsphere.policy.application.policy_draft import PolicyDraft
from plexsphere.policy.application.update_policy import UpdatePolicy
from plexsphere.policy.application.visibility_views import VisibilityViews
from plexsphere.policy.application.wording import EndWords, PolicyTestWords, RuleWords, Wording
from plexsphere.policy.domain.difference import Difference
from plexsphere.policy.domain.errors import PolicySlugTaken, ProjectNotFound, RevisionConflict
from plexsphere.policy.domain.policy import NetworkPolicy, Revision, RevisionId
from plexsphere.policy.ports.policies import (
    RULES_A_PAGE,
    Policies,
    PolicyHeader,
    PolicyPage,
    PolicyReading,
    RevisionPage,
)
from plexsphere.policy.ports.tellings import Tellings
from tests.support.identity import CountingIds, FakeClock, a_user

DOMAIN: Final = DomainId(UUID(int=0xD0))
OTHER_DOMAIN: Final = DomainId(UUID(int=0xD1))
PROJECT: Final = ProjectId(UUID(int=1))
OTHER_PROJECT: Final = ProjectId(UUID(int=2))
FOREIGN_PROJECT: Final = ProjectId(UUID(int=3))
HOMES: Final = {PROJECT: DOMAIN, OTHER_PROJECT: DOMAIN, FOREIGN_PROJECT: OTHER_DOMAIN}
AUTHOR: Final = a_user(0xA0).reference


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


class MemoryUnitOfWork:
    """Rolls the state back unless the outermost block is left cleanly."""

    def __init__(self, store: PolicyStore) -> None:
        self._store = store

    @asynccontextmanager
    async def __call__(self) -> AsyncGenerator[None]:
        if self._store.is_open:
            yield
            return
        before = self._store.state.copy()
        self._store.is_open = True
        try:
            yield
        except BaseException:
            self._store.state = before
            raise
        finally:
            self._store.is_open = False


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
        history = (*self._store.state.policies[policy.id].history, policy.head)
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


class FakeProjects:
    """The three Projects of these tests."""

    async def domain_of(self, project_id: ProjectId, /) -> DomainId | None:
        return HOMES.get(project_id)


class FakeMeshTurn:
    """Turns that bring the followed index up to what the store holds, as fleet's turn does."""

    def __init__(self, store: PolicyStore, policies: Policies, views: VisibilityViews) -> None:
        self._store = store
        self._policies = policies
        self._views = views
        self.gone: set[DomainId] = set()

    async def take(self, domain_id: DomainId, /) -> int | None:
        if domain_id in self.gone:
            return None
        if self._views.loaded(domain_id) is None:
            self._views.begin(domain_id, await self._policies.all_of(domain_id))
        self._views.put(domain_id, await self._policies.changed(domain_id, self._views.revision(domain_id)))
        revision = self._store.state.revisions.get(domain_id, 0) + 1
        self._store.state.revisions[domain_id] = revision
        return revision


class FakeFollowedMesh:
    """Follows the Domains of these tests, unless they are gone."""

    def __init__(self, policies: Policies, views: VisibilityViews) -> None:
        self._policies = policies
        self._views = views
        self.gone: set[DomainId] = set()

    async def bring_up(self, domain_id: DomainId, /) -> bool:
        if domain_id not in self.gone:
            self._views.put(
                domain_id, await self._policies.changed(domain_id, self._views.revision(domain_id))
            )
        return domain_id not in self.gone


class MemoryTellings:
    """What was told, for the open unit of work."""

    def __init__(self, store: PolicyStore) -> None:
        self._store = store

    async def tell(self, domain_id: DomainId, policy_id: PolicyId, difference: Difference, /) -> None:
        if not self._store.is_open:
            raise RuntimeError("no unit of work is open")
        self._store.state.told.append((domain_id, policy_id, difference))


class PolicyDesk:
    """The use cases of policy over one store in memory; `tellings` may be another's."""

    def __init__(self, tellings: Tellings | None = None, store: PolicyStore | None = None) -> None:
        self.store = store or PolicyStore()
        self.clock = FakeClock()
        self.views = VisibilityViews()
        self.unit_of_work: UnitOfWork = MemoryUnitOfWork(self.store)
        self.projects = FakeProjects()
        self.policies = MemoryPolicies(self.store)
        self.turn = FakeMeshTurn(self.store, self.policies, self.views)
        self.tellings = tellings or MemoryTellings(self.store)
        self.get = GetPolicy(self.projects, self.policies)
        self.mint_id = CountingIds()
        told = self.turn, self.policies, self.views, self.tellings
        self.create = CreatePolicy(self.unit_of_work, self.projects, *told, self.clock, self.mint_id)
        self.update = UpdatePolicy(self.unit_of_work, self.get, *told, self.clock, self.mint_id)
        self.mesh = FakeFollowedMesh(self.policies, self.views)
        self.dry_run = DryRunPolicy(self.get, self.mesh, self.views)
        self.delete = DeletePolicy(self.unit_of_work, self.get, *told)

    async def follow(self, domain_id: DomainId = DOMAIN) -> None:
        """Know all policies that are stored, as a process does that meets the Domain."""
        self.views.begin(domain_id, await self.policies.all_of(domain_id))

    async def catch_up(self, domain_id: DomainId = DOMAIN) -> None:
        """Know what changed since, as a process does that follows the log."""
        known = self.views.revision(domain_id)
        self.views.put(domain_id, await self.policies.changed(domain_id, known))

    @property
    def told(self) -> list[tuple[DomainId, PolicyId, Difference]]:
        return self.store.state.told


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


def a_rule(action: str = "allow", protocol: str = "any", ports: tuple[int, int] | None = None) -> RuleWords:
    """Return a rule between all addresses."""
    return RuleWords(action, protocol, "0.0.0.0/0", "0.0.0.0/0", ports)


def a_test(
    name: str = "they talk", source: str = "*", destination: str = "*", expect: str = "allow"
) -> PolicyTestWords:
    """Return a test of anything between two selectors."""
    return PolicyTestWords(name, EndWords(source), EndWords(destination), "any", None, expect)


def a_draft(
    *rules: RuleWords,
    slug: str = "web",
    source: str = "*",
    destination: str = "*",
    project: ProjectId = PROJECT,
    confirm: bool = False,
    tests: tuple[PolicyTestWords, ...] = (),
) -> PolicyDraft:
    """Return a draft; without rules it allows everything."""
    return PolicyDraft(
        project_id=project,
        slug=slug,
        display_name=None,
        source_selector=source,
        destination_selector=destination,
        rules=rules or (a_rule(),),
        author=AUTHOR,
        confirm=confirm,
        tests=tests,
    )


def a_change(
    policy_id: PolicyId,
    *rules: RuleWords,
    source: str = "*",
    destination: str = "*",
    project: ProjectId = PROJECT,
    confirm: bool = False,
    tests: tuple[PolicyTestWords, ...] | None = None,
) -> PolicyChange:
    """Return a change; without rules it allows everything, without tests it keeps those that there are."""
    wording = Wording(source, destination, rules or (a_rule(),), tests)
    return PolicyChange(project, policy_id, wording, AUTHOR, confirm=confirm)


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
