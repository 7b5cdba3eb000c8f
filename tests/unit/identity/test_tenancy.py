"""The use cases of Domains, Projects and identities."""

from uuid import UUID

import pytest

from plexsphere.identity.application.create_domain import CreateDomain
from plexsphere.identity.application.create_project import CreateProject
from plexsphere.identity.application.create_service_identity import CreateServiceIdentity
from plexsphere.identity.application.delete_domain import DeleteDomain
from plexsphere.identity.application.delete_project import DeleteProject
from plexsphere.identity.application.get_domain import GetDomain
from plexsphere.identity.application.get_identity import GetIdentity
from plexsphere.identity.application.get_principal import GetPrincipal
from plexsphere.identity.application.get_project import GetProject
from plexsphere.identity.application.list_domains import ListDomains
from plexsphere.identity.application.list_identities import ListIdentities
from plexsphere.identity.application.list_projects import ListProjects
from plexsphere.identity.application.patch_domain import PatchDomain
from plexsphere.identity.application.patch_project import PatchProject
from plexsphere.identity.domain.domain import Domain, DomainChanges, DomainDraft
from plexsphere.identity.domain.errors import (
    DomainNotEmpty,
    DomainNotFound,
    DomainSlugConflict,
    EmptyPatch,
    IdentityNotFound,
    InvalidDomain,
    MeshRangeInUse,
    ParentDomainMissing,
    ProjectNotEmpty,
    ProjectNotFound,
    SlugImmutable,
)
from plexsphere.identity.domain.node_identity import KeptCredentials, NodeIdentity
from plexsphere.identity.domain.principal import PrincipalKind, ServiceIdentityDraft
from plexsphere.identity.domain.project import Project, ProjectChanges, ProjectDraft
from plexsphere.identity.domain.pseudonym import Pseudonyms
from plexsphere.platform.kernel.events import Announcement, SubjectKind
from plexsphere.platform.kernel.ids import DomainId, NodeId, PrincipalId, ProjectId, TokenId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT, domain_object, project_object
from tests.support.identity import (
    CountingIds,
    FakeClock,
    FakeMeshes,
    HeardAnnouncements,
    MemoryRelations,
    MemoryStore,
    a_user,
    memory_kit,
)

NOWHERE = DomainId(UUID(int=404))
NODE = NodeId(UUID(int=40))


class Tenancy:
    """Every use case of tenancy over one memory store."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore(self.clock)
        self.kit = memory_kit(self.store)
        self.meshes = FakeMeshes(self.store)
        kit, relations, ids = self.kit, MemoryRelations(self.store), CountingIds()
        uow, pseudonyms = kit.unit_of_work, Pseudonyms(Secret(b"pepper"))
        self.create_domain = CreateDomain(uow, kit.domains, self.meshes, relations, ids, self.clock)
        self.get_domain = GetDomain(kit.domains)
        self.list_domains = ListDomains(kit.domains)
        self.announced = HeardAnnouncements()
        self.patch_domain = PatchDomain(
            uow, kit.domains, self.meshes, kit.credential_epochs, self.announced, self.clock
        )
        self.delete_domain = DeleteDomain(uow, kit.domains, kit.node_identities, self.meshes, relations)
        self.create_project = CreateProject(uow, kit.projects, relations, ids, self.clock)
        self.get_project = GetProject(kit.projects)
        self.list_projects = ListProjects(kit.projects)
        self.patch_project = PatchProject(uow, kit.projects, self.clock)
        self.delete_project = DeleteProject(uow, kit.projects, self.meshes, relations)
        self.create_service_identity = CreateServiceIdentity(uow, kit.principals, pseudonyms, ids, self.clock)
        self.list_identities = ListIdentities(kit.principals, pseudonyms)
        self.get_identity = GetIdentity(kit.principals, pseudonyms)
        self.get_principal = GetPrincipal(kit.principals)

    async def acme(self) -> Domain:
        return await self.create_domain(DomainDraft("acme", "Acme"))

    async def shop(self, domain: Domain) -> Project:
        return await self.create_project(ProjectDraft(domain.id, "shop", "Shop"))


@pytest.fixture
def tenancy() -> Tenancy:
    return Tenancy()


async def test_a_new_domain_has_a_mesh_and_belongs_to_the_platform(tenancy: Tenancy) -> None:
    domain = await tenancy.acme()

    assert await tenancy.get_domain(domain.id) == domain
    assert tenancy.store.state.meshes == {domain.id: domain.mesh_range}
    assert tenancy.store.state.relations == {(PLATFORM_OBJECT, "platform", domain_object(domain.id))}


async def test_a_refused_domain_leaves_nothing_behind(tenancy: Tenancy) -> None:
    domain = await tenancy.acme()

    with pytest.raises(DomainSlugConflict):
        await tenancy.acme()
    with pytest.raises(InvalidDomain):
        await tenancy.create_domain(DomainDraft("Acme", "Acme"))

    assert list(tenancy.store.state.domains) == [domain.id]
    assert list(tenancy.store.state.meshes) == [domain.id]


async def test_an_unknown_domain_is_not_found(tenancy: Tenancy) -> None:
    with pytest.raises(DomainNotFound):
        await tenancy.get_domain(NOWHERE)
    with pytest.raises(DomainNotFound):
        await tenancy.patch_domain(NOWHERE, DomainChanges(name="New"))
    with pytest.raises(DomainNotFound):
        await tenancy.delete_domain(NOWHERE)


async def test_domains_are_listed_page_by_page(tenancy: Tenancy) -> None:
    for slug in ["b", "a", "c"]:
        await tenancy.create_domain(DomainDraft(slug, slug))

    first = await tenancy.list_domains(2)
    rest = await tenancy.list_domains(2, first.items[-1].slug)

    assert [domain.slug for domain in first.items + rest.items] == ["a", "b", "c"]
    assert (first.more, rest.more) == (True, False)


async def test_a_patched_domain_is_kept_with_its_time(tenancy: Tenancy) -> None:
    domain = await tenancy.acme()
    tenancy.clock.advance(60)

    patched = await tenancy.patch_domain(domain.id, DomainChanges(name="New"))

    assert await tenancy.get_domain(domain.id) == patched
    assert (patched.name, patched.updated_at) == ("New", tenancy.clock.now())


async def test_a_patch_is_judged_before_anything_is_looked_up(tenancy: Tenancy) -> None:
    with pytest.raises(SlugImmutable):
        await tenancy.patch_domain(NOWHERE, DomainChanges(slug="new"))
    with pytest.raises(EmptyPatch):
        await tenancy.patch_domain(NOWHERE, DomainChanges())


async def test_a_new_mesh_range_reaches_the_mesh(tenancy: Tenancy) -> None:
    domain = await tenancy.acme()

    patched = await tenancy.patch_domain(domain.id, DomainChanges(mesh_cidr="10.0.0.0/20"))

    assert tenancy.store.state.meshes[domain.id] == patched.mesh_range


async def test_a_mesh_range_in_use_stays(tenancy: Tenancy) -> None:
    domain = await tenancy.acme()
    tenancy.meshes.place(NODE, domain.id, (await tenancy.shop(domain)).id)

    with pytest.raises(MeshRangeInUse):
        await tenancy.patch_domain(domain.id, DomainChanges(name="New", mesh_cidr="10.0.0.0/20"))

    assert await tenancy.get_domain(domain.id) == domain


async def test_refusing_node_secret_keys_is_a_revocation_and_nothing_else_is(tenancy: Tenancy) -> None:
    domain = await tenancy.acme()
    epochs = tenancy.kit.credential_epochs

    await tenancy.patch_domain(domain.id, DomainChanges(accept_nsk_bearer=True))
    await tenancy.patch_domain(domain.id, DomainChanges(name="New"))
    before = await epochs.read()
    assert not tenancy.announced.rows
    await tenancy.patch_domain(domain.id, DomainChanges(accept_nsk_bearer=False))

    assert before == 1
    assert await epochs.read() == 2
    assert tenancy.announced.rows == [Announcement(domain.id, SubjectKind.DOMAIN, domain.id)]


async def test_the_mesh_hears_whether_to_note_what_it_refuses_only_when_that_changes(
    tenancy: Tenancy,
) -> None:
    domain = await tenancy.acme()
    noted = tenancy.store.state.log_denied
    assert noted == {domain.id: True}

    noted.clear()
    await tenancy.patch_domain(domain.id, DomainChanges(name="New", log_denied=True))
    assert noted == {}
    await tenancy.patch_domain(domain.id, DomainChanges(log_denied=False))

    assert tenancy.store.state.log_denied == {domain.id: False}
    assert not (await tenancy.get_domain(domain.id)).log_denied


async def test_an_empty_domain_goes_with_its_mesh_grants_and_ended_identities(tenancy: Tenancy) -> None:
    domain = await tenancy.acme()
    kept = KeptCredentials(bytes(32), bytes(32), b"", 1)
    await tenancy.kit.node_identities.add(
        NodeIdentity(domain.id, NODE, TokenId(UUID(int=50)), b"", "web-01", kept, is_ended=True)
    )

    await tenancy.delete_domain(domain.id)

    state = tenancy.store.state
    assert (state.domains, state.meshes, state.relations, state.node_identities) == ({}, {}, set(), {})


async def test_a_domain_that_holds_something_stays_and_says_what(tenancy: Tenancy) -> None:
    domain = await tenancy.acme()
    project = await tenancy.shop(domain)
    tenancy.meshes.place(NODE, domain.id, project.id)
    await tenancy.kit.principals.add(a_user(20, domain))

    with pytest.raises(DomainNotEmpty) as refusal:
        await tenancy.delete_domain(domain.id)

    assert refusal.value.child_counts == {"projects": 1, "identities": 1, "nodes": 1}
    assert await tenancy.get_domain(domain.id) == domain


async def test_a_new_project_belongs_to_its_domain(tenancy: Tenancy) -> None:
    domain = await tenancy.acme()

    project = await tenancy.shop(domain)

    assert await tenancy.get_project(project.id) == project
    assert (domain_object(domain.id), "domain", project_object(project.id)) in tenancy.store.state.relations


async def test_a_project_without_its_domain_leaves_nothing_behind(tenancy: Tenancy) -> None:
    with pytest.raises(ParentDomainMissing):
        await tenancy.create_project(ProjectDraft(NOWHERE, "shop", "Shop"))

    assert tenancy.store.state.relations == set()


async def test_projects_are_listed_for_one_domain_or_for_all(tenancy: Tenancy) -> None:
    acme, other = await tenancy.acme(), await tenancy.create_domain(DomainDraft("other", "Other"))
    mine, theirs = await tenancy.shop(acme), await tenancy.shop(other)

    everything = await tenancy.list_projects(1)
    rest = await tenancy.list_projects(1, after=(everything.items[0].slug, everything.items[0].id))

    assert (everything.items, rest.items) == ((mine,), (theirs,))
    assert (await tenancy.list_projects(5, other.id)).items == (theirs,)


async def test_a_patched_project_is_kept_with_its_time(tenancy: Tenancy) -> None:
    project = await tenancy.shop(await tenancy.acme())
    tenancy.clock.advance(60)

    patched = await tenancy.patch_project(project.id, ProjectChanges(description="new"))

    assert await tenancy.get_project(project.id) == patched
    assert (patched.description, patched.name, patched.updated_at) == ("new", "Shop", tenancy.clock.now())


async def test_an_unknown_project_is_not_found(tenancy: Tenancy) -> None:
    nothing = ProjectId(UUID(int=404))

    with pytest.raises(ProjectNotFound):
        await tenancy.get_project(nothing)
    with pytest.raises(ProjectNotFound):
        await tenancy.patch_project(nothing, ProjectChanges(name="New"))
    with pytest.raises(ProjectNotFound):
        await tenancy.delete_project(nothing)


async def test_a_project_with_nodes_stays_and_says_how_many(tenancy: Tenancy) -> None:
    domain = await tenancy.acme()
    project = await tenancy.shop(domain)
    tenancy.meshes.place(NODE, domain.id, project.id)

    with pytest.raises(ProjectNotEmpty) as refusal:
        await tenancy.delete_project(project.id)

    assert refusal.value.child_counts == {"nodes": 1, "relation_tuples": 0}
    assert await tenancy.get_project(project.id) == project


async def test_a_project_that_lists_grants_on_something_else_stays_and_says_how_many(
    tenancy: Tenancy,
) -> None:
    project = await tenancy.shop(await tenancy.acme())
    tenancy.store.state.listed[project.id] = 2

    with pytest.raises(ProjectNotEmpty) as refusal:
        await tenancy.delete_project(project.id)

    assert refusal.value.child_counts == {"nodes": 0, "relation_tuples": 2}
    assert await tenancy.get_project(project.id) == project


async def test_an_empty_project_goes_with_its_grants(tenancy: Tenancy) -> None:
    domain = await tenancy.acme()
    project = await tenancy.shop(domain)

    await tenancy.delete_project(project.id)

    assert tenancy.store.state.projects == {}
    assert tenancy.store.state.relations == {(PLATFORM_OBJECT, "platform", domain_object(domain.id))}


async def test_a_service_identity_is_shown_by_its_pseudonym(tenancy: Tenancy) -> None:
    domain = await tenancy.acme()
    draft = ServiceIdentityDraft(domain.id, "CI", "spiffe://acme/ci", "plexsphere", "api_token")

    identity = await tenancy.create_service_identity(draft)

    assert await tenancy.get_identity(domain.id, identity.principal.id) == identity
    assert (await tenancy.list_identities(domain.id, 5)).items == (identity,)
    assert await tenancy.get_principal(identity.principal.id) == identity.principal
    assert len(identity.external_subject_pseudonym) == 64


async def test_identities_are_listed_by_kind(tenancy: Tenancy) -> None:
    domain = await tenancy.acme()
    await tenancy.kit.principals.add(a_user(20, domain))
    draft = ServiceIdentityDraft(domain.id, "CI", "ci", "plexsphere", "api_token")
    service = await tenancy.create_service_identity(draft)

    users = await tenancy.list_identities(domain.id, 5, PrincipalKind.USER)
    services = await tenancy.list_identities(domain.id, 5, PrincipalKind.SERVICE_IDENTITY)

    assert [identity.principal.id for identity in users.items] == [PrincipalId(UUID(int=20))]
    assert services.items == (service,)


async def test_an_identity_of_another_domain_is_not_found(tenancy: Tenancy) -> None:
    """C04: a foreign and an unknown id are answered alike."""
    acme, other = await tenancy.acme(), await tenancy.create_domain(DomainDraft("other", "Other"))
    await tenancy.kit.principals.add(a_user(20, other))

    for principal_id in (UUID(int=20), UUID(int=404)):
        with pytest.raises(IdentityNotFound):
            await tenancy.get_identity(acme.id, PrincipalId(principal_id))
    with pytest.raises(IdentityNotFound):
        await tenancy.get_principal(PrincipalId(UUID(int=404)))
