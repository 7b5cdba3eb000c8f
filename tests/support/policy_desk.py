"""The use cases of policy over a store in memory, and a mesh that turns with it."""

from plexsphere.platform.kernel.ids import DomainId, PolicyId, ProjectId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork
from plexsphere.policy.application.create_policy import CreatePolicy
from plexsphere.policy.application.delete_policy import DeletePolicy
from plexsphere.policy.application.dry_run_policy import DryRunPolicy
from plexsphere.policy.application.get_policy import GetPolicy
from plexsphere.policy.application.update_policy import UpdatePolicy
from plexsphere.policy.application.visibility_views import VisibilityViews
from plexsphere.policy.domain.difference import Difference
from plexsphere.policy.ports.policies import Policies
from plexsphere.policy.ports.tellings import Tellings
from tests.support.identity import CountingIds, FakeClock
from tests.support.memory_policies import MemoryPolicies, MemoryTellings, PolicyStore
from tests.support.memory_unit_of_work import MemoryUnitOfWork
from tests.support.policy import DOMAIN, HOMES


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
