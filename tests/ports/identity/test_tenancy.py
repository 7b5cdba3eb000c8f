"""Domains, Projects and principals keep what they are given, in the order the lists promise."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from plexsphere.identity.domain.bootstrap_token import BootstrapTokenTerms
from plexsphere.identity.domain.errors import (
    DomainNotFound,
    DomainSlugConflict,
    ParentDomainMissing,
    ProjectSlugConflict,
    ServiceIdentityAlreadyExists,
)
from plexsphere.identity.domain.principal import FederationKind, Principal, PrincipalKind
from plexsphere.identity.domain.reachability_policy import ReachabilityPolicy
from plexsphere.platform.kernel.ids import DomainId, PrincipalId, ProjectId, TokenId
from plexsphere.platform.kernel.mesh_range import MeshRange
from tests.support.identity import EPOCH, Kit, a_domain, a_project, a_user

ACME = a_domain(1, "acme")
LATER = EPOCH + timedelta(days=1, microseconds=7)


async def test_a_domain_comes_back_as_it_was_kept(kit: Kit) -> None:
    domain = replace(
        ACME,
        description="two\nlines",
        region="eu-west",
        reachability=ReachabilityPolicy(5),
        accept_nsk_bearer=True,
        updated_at=LATER,
    )
    await kit.domains.add(domain)

    assert await kit.domains.get(domain.id) == domain
    async with kit.unit_of_work():
        assert await kit.domains.claim(domain.id) == domain
    assert await kit.domains.get(DomainId(UUID(int=404))) is None


async def test_a_slug_names_one_domain(kit: Kit) -> None:
    await kit.domains.add(ACME)

    with pytest.raises(DomainSlugConflict):
        async with kit.unit_of_work():
            await kit.domains.add(a_domain(2, "acme"))
    assert await kit.domains.get(DomainId(UUID(int=2))) is None


async def test_domains_are_listed_by_the_bytes_of_their_slugs(kit: Kit) -> None:
    for number, slug in enumerate(["b", "a-b", "ab", "a", "a-0"], start=1):
        await kit.domains.add(a_domain(number, slug))

    first = await kit.domains.page("", 3)
    rest = await kit.domains.page(first.items[-1].slug, 3)

    assert [domain.slug for domain in first.items] == ["a", "a-0", "a-b"]
    assert [domain.slug for domain in rest.items] == ["ab", "b"]
    assert (first.more, rest.more) == (True, False)


async def test_a_page_that_ends_the_list_says_so(kit: Kit) -> None:
    await kit.domains.add(ACME)

    assert (await kit.domains.page("", 1)).more is False


async def test_a_changed_domain_comes_back_changed(kit: Kit) -> None:
    await kit.domains.add(replace(ACME, region="eu-west"))
    changed = replace(
        ACME,
        name="New",
        description="new",
        region=None,
        mesh_range=MeshRange.parse("10.0.0.0/20"),
        reachability=ReachabilityPolicy(60),
        accept_nsk_bearer=True,
        updated_at=LATER,
    )

    await kit.domains.put(changed)

    assert await kit.domains.get(ACME.id) == changed


async def test_children_are_counted_and_an_empty_domain_goes(kit: Kit) -> None:
    empty = a_domain(2, "empty")
    for domain in [ACME, empty]:
        await kit.domains.add(domain)
    for number in (10, 11):
        await kit.projects.add(a_project(number, ACME, f"p{number}"))
    await kit.principals.add(a_user(20, ACME))
    await kit.principals.add(a_user(21))

    assert await kit.domains.count_children(ACME.id) == {"projects": 2, "identities": 1}
    assert await kit.domains.count_children(empty.id) == {"projects": 0, "identities": 0}
    await kit.domains.remove(empty.id)
    assert await kit.domains.get(empty.id) is None


async def test_a_project_needs_its_domain(kit: Kit) -> None:
    with pytest.raises(ParentDomainMissing):
        async with kit.unit_of_work():
            await kit.projects.add(a_project(10, ACME, "shop"))


async def test_a_slug_names_one_project_of_each_domain(kit: Kit) -> None:
    other = a_domain(2, "other")
    for domain in [ACME, other]:
        await kit.domains.add(domain)
    await kit.projects.add(a_project(10, ACME, "shop"))
    await kit.projects.add(a_project(11, other, "shop"))

    with pytest.raises(ProjectSlugConflict):
        async with kit.unit_of_work():
            await kit.projects.add(a_project(12, ACME, "shop"))


async def test_a_changed_project_comes_back_changed(kit: Kit) -> None:
    project = a_project(10, ACME, "shop")
    await kit.domains.add(ACME)
    await kit.projects.add(project)
    changed = replace(project, name="New", description="new", updated_at=LATER)

    await kit.projects.put(changed)

    assert await kit.projects.get(project.id) == changed
    async with kit.unit_of_work():
        assert await kit.projects.claim(project.id) == changed
        assert await kit.projects.claim(ProjectId(UUID(int=404))) is None


async def test_projects_are_listed_by_slug_and_id_in_one_domain_or_in_all(kit: Kit) -> None:
    other = a_domain(2, "other")
    for domain in [ACME, other]:
        await kit.domains.add(domain)
    for number, domain, slug in [(13, ACME, "b"), (12, other, "a-z"), (11, other, "az"), (10, ACME, "a-z")]:
        await kit.projects.add(a_project(number, domain, slug))

    first = await kit.projects.page(None, None, 2)
    rest = await kit.projects.page(None, (first.items[-1].slug, first.items[-1].id), 5)
    mine = await kit.projects.page(ACME.id, None, 5)

    assert [project.id.int for project in first.items] == [10, 12]
    assert [project.id.int for project in rest.items] == [11, 13]
    assert [project.id.int for project in mine.items] == [10, 13]
    assert (first.more, rest.more) == (True, False)


async def test_a_project_takes_its_bootstrap_tokens_with_it(kit: Kit) -> None:
    project = a_project(10, ACME, "shop")
    await kit.domains.add(ACME)
    await kit.projects.add(project)
    token_id = TokenId(UUID(int=30))
    await kit.bootstrap_tokens.add(
        token_id, project, PrincipalId(UUID(int=20)), BootstrapTokenTerms(), bytes(32)
    )

    await kit.projects.remove(project)

    assert await kit.projects.get(project.id) is None
    assert await kit.bootstrap_tokens.get(project.id, token_id) is None


async def test_a_principal_comes_back_as_it_was_kept(kit: Kit) -> None:
    await kit.domains.add(ACME)
    service = service_identity(20, "spiffe://acme/ci")
    for principal in [service, a_user(21)]:
        await kit.principals.add(principal)

    assert await kit.principals.get(service.id) == service
    assert await kit.principals.get(PrincipalId(UUID(int=21))) == a_user(21)
    assert await kit.principals.get(PrincipalId(UUID(int=404))) is None


async def test_a_subject_names_one_principal_of_a_domain(kit: Kit) -> None:
    await kit.domains.add(ACME)
    await kit.principals.add(service_identity(20, "ci"))

    with pytest.raises(ServiceIdentityAlreadyExists):
        async with kit.unit_of_work():
            await kit.principals.add(service_identity(21, "ci"))


async def test_principals_without_a_subject_do_not_clash(kit: Kit) -> None:
    await kit.domains.add(ACME)

    for number in (20, 21):
        await kit.principals.add(a_user(number, ACME))
        await kit.principals.add(a_user(number + 10))


async def test_the_longest_subject_can_be_kept(kit: Kit) -> None:
    await kit.domains.add(ACME)
    # Digits of no pattern, so that no index compresses them.
    subject = "".join(f"{number * 2654435761 % 2**32:08x}" for number in range(256))

    await kit.principals.add(service_identity(20, subject))

    assert len(subject) == 2048


async def test_a_principal_needs_its_domain(kit: Kit) -> None:
    with pytest.raises(DomainNotFound):
        async with kit.unit_of_work():
            await kit.principals.add(service_identity(20, "ci"))


async def test_principals_are_listed_newest_first(kit: Kit) -> None:
    await kit.domains.add(ACME)
    for number, created_at in [(20, EPOCH), (21, LATER), (22, EPOCH), (23, EPOCH)]:
        await kit.principals.add(replace(a_user(number, ACME), created_at=created_at))
    await kit.principals.add(service_identity(24, "ci"))

    first = await kit.principals.page(ACME.id, [PrincipalKind.USER], None, 2)
    last = first.items[-1]
    rest = await kit.principals.page(ACME.id, [PrincipalKind.USER], (last.created_at, last.id), 2)
    everybody = await kit.principals.page(ACME.id, list(PrincipalKind), None, 9)

    assert [principal.id.int for principal in first.items] == [21, 23]
    assert [principal.id.int for principal in rest.items] == [22, 20]
    assert [principal.id.int for principal in everybody.items] == [21, 24, 23, 22, 20]
    assert (first.more, rest.more) == (True, False)


def service_identity(number: int, subject: str) -> Principal:
    return replace(
        a_user(number, ACME),
        kind=PrincipalKind.SERVICE_IDENTITY,
        external_subject=subject,
        audience="plexsphere",
        federation_kind=FederationKind.SPIFFE_SVID,
    )
