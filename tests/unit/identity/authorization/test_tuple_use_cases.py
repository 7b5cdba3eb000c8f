"""Granting and taking back, with fakes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import pytest

from plexsphere.identity.application.create_relation_tuple import CreateRelationTuple
from plexsphere.identity.application.delete_relation_tuple import DeleteRelationTuple
from plexsphere.identity.application.list_relation_tuples import ListRelationTuples
from plexsphere.identity.application.patch_relation_tuple import PatchRelationTuple
from plexsphere.identity.application.tuple_audit import TupleAudit
from plexsphere.identity.domain.authorization_errors import (
    InvalidRelationTuple,
    PermissionDenied,
    PromotionRefused,
    RelationTupleNotFound,
)
from plexsphere.identity.domain.decision import Reason
from plexsphere.identity.domain.errors import ProjectNotFound
from plexsphere.identity.domain.relation_tuple import RelationTuple, Triple, TupleId
from plexsphere.platform.kernel.audit import AuditEntry, Outcome
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT, Reference
from tests.support.authorization import (
    NOW,
    MemoryAuthorizer,
    MemoryRelationTuples,
    MemoryUnitOfWork,
    domain,
    domain_stands,
    numbered,
    project,
    project_id,
    project_stands,
    shipped_schema,
    user,
)

ROOT, DOMAIN_ADMIN, PROJECT_ADMIN, MEMBER, STRANGER, NEWCOMER = [user(number) for number in range(1, 7)]
PROJECT = project_id(project(1))
HOUSE = [
    domain_stands(1),
    project_stands(1, in_domain=1),
    domain_stands(2),
    project_stands(2, in_domain=2),
    Triple(ROOT, "admin", PLATFORM_OBJECT),
    Triple(DOMAIN_ADMIN, "admin", domain(1)),
    Triple(PROJECT_ADMIN, "admin", project(1)),
    Triple(MEMBER, "member", project(1)),
]
GRANT = Triple(NEWCOMER, "member", project(1))


class StoppedClock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


class Trail:
    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []

    def record(self, entry: AuditEntry) -> None:
        self.entries.append(entry)


@dataclass
class House:
    """Two Domains with a Project each, and somebody for every role."""

    tuples: MemoryRelationTuples
    trail: Trail
    create: CreateRelationTuple
    patch: PatchRelationTuple
    delete: DeleteRelationTuple
    show: ListRelationTuples
    authorizer: MemoryAuthorizer

    def written(self) -> set[Triple]:
        return self.tuples.all() - set(HOUSE)

    def lost(self) -> set[Triple]:
        return set(HOUSE) - self.tuples.all()

    def tuple_of(self, triple: Triple) -> TupleId:
        return next(row.id for row in self.tuples.kept.values() if row.triple == triple)

    async def allows(self, subject: Reference, permission: str, resource: Reference) -> bool:
        return (await self.authorizer.check(subject, permission, resource)).allowed


@pytest.fixture
def house() -> House:
    schema = shipped_schema()
    tuples = MemoryRelationTuples(schema, HOUSE)
    authorizer = MemoryAuthorizer(schema, tuples)
    trail, unit_of_work, ids = Trail(), MemoryUnitOfWork(), iter(range(1, 1_000))
    audit = TupleAudit(trail, tuples)
    return House(
        tuples,
        trail,
        CreateRelationTuple(
            tuples, authorizer, schema, audit, unit_of_work, StoppedClock(), lambda: UUID(int=next(ids))
        ),
        PatchRelationTuple(tuples, authorizer, schema, audit, unit_of_work),
        DeleteRelationTuple(tuples, authorizer, schema, audit, unit_of_work),
        ListRelationTuples(tuples, authorizer),
        authorizer,
    )


async def test_a_manager_grants_on_what_he_manages(house: House) -> None:
    kept = await house.create(PROJECT_ADMIN, PROJECT, GRANT)

    assert kept == RelationTuple(TupleId(UUID(int=1)), PROJECT, GRANT, NOW)
    assert house.written() == {GRANT}
    assert await house.allows(NEWCOMER, "read", project(1))


PROMOTIONS = [
    Triple(PROJECT_ADMIN, "admin", domain(1)),
    Triple(PROJECT_ADMIN, "member", domain(1)),
    Triple(PROJECT_ADMIN, "admin", PLATFORM_OBJECT),
    Triple(PROJECT_ADMIN, "reader", PLATFORM_OBJECT),
    Triple(PROJECT_ADMIN, "admin", project(2)),
    Triple(NEWCOMER, "admin", domain(1)),
    Triple(PROJECT_ADMIN, "admin", domain(99)),
]


@pytest.mark.parametrize("triple", PROMOTIONS)
async def test_a_tuple_that_would_promote_its_writer_is_refused(house: House, triple: Triple) -> None:
    """D12: managing the project that lists a tuple says nothing about the tuple's own object."""
    with pytest.raises(PromotionRefused) as refusal:
        await house.create(PROJECT_ADMIN, PROJECT, triple)

    assert refusal.value.denial.resource == triple.object
    assert refusal.value.denial.permission == "manage"
    assert house.written() == set()
    assert house.trail.entries == []


@pytest.mark.parametrize("triple", PROMOTIONS)
async def test_a_tuple_is_not_changed_into_one_that_would_promote_its_writer(
    house: House, triple: Triple
) -> None:
    kept = await house.create(PROJECT_ADMIN, PROJECT, GRANT)

    with pytest.raises(PromotionRefused):
        await house.patch(PROJECT_ADMIN, kept.id, triple)

    assert house.written() == {GRANT}


@pytest.mark.parametrize("triple", [project_stands(1, in_domain=2), domain_stands(1)])
async def test_nobody_moves_an_object_by_a_tuple(house: House, triple: Triple) -> None:
    """Who manages Domain 2 could otherwise pull Project 1 under it."""
    kept = await house.create(ROOT, PROJECT, GRANT)

    with pytest.raises(InvalidRelationTuple):
        await house.create(ROOT, PROJECT, triple)
    with pytest.raises(InvalidRelationTuple):
        await house.patch(ROOT, kept.id, triple)
    for standing in [domain_stands(1), project_stands(1, in_domain=1)]:
        with pytest.raises(RelationTupleNotFound):
            await house.delete(ROOT, house.tuple_of(standing))
        with pytest.raises(RelationTupleNotFound):
            await house.patch(ROOT, house.tuple_of(standing), GRANT)

    assert house.written() == {GRANT}
    assert house.lost() == set()


@pytest.mark.parametrize(
    ("caller", "reason"),
    [(MEMBER, Reason.INSUFFICIENT_RELATION), (STRANGER, Reason.OUT_OF_SCOPE)],
)
async def test_who_does_not_manage_the_project_writes_nothing(
    house: House, caller: Reference, reason: Reason
) -> None:
    with pytest.raises(PermissionDenied) as refusal:
        await house.create(caller, PROJECT, GRANT)

    assert refusal.value.denial.decision.reason is reason
    assert house.written() == set()


async def test_the_gate_comes_before_the_shape(house: House) -> None:
    """D4: a stranger learns nothing of what the schema knows."""
    with pytest.raises(PermissionDenied):
        await house.create(STRANGER, PROJECT, Triple(STRANGER, "fly", project(1)))
    with pytest.raises(InvalidRelationTuple):
        await house.create(PROJECT_ADMIN, PROJECT, Triple(STRANGER, "fly", project(1)))


async def test_a_domain_grant_may_be_listed_under_a_project(house: House) -> None:
    triple = Triple(NEWCOMER, "member", domain(1))

    await house.create(DOMAIN_ADMIN, PROJECT, triple)

    assert house.written() == {triple}


async def test_granting_twice_is_granting_once(house: House) -> None:
    first = await house.create(PROJECT_ADMIN, PROJECT, GRANT)

    assert await house.create(DOMAIN_ADMIN, PROJECT, GRANT) == first
    assert house.written() == {GRANT}


async def test_what_the_control_plane_granted_can_be_found_by_granting_it_and_taken_back(
    house: House,
) -> None:
    first_admin = Triple(ROOT, "admin", PLATFORM_OBJECT)
    await house.create(ROOT, PROJECT, Triple(NEWCOMER, "admin", PLATFORM_OBJECT))

    found = await house.create(NEWCOMER, PROJECT, first_admin)
    await house.delete(NEWCOMER, found.id)

    assert house.lost() == {first_admin}
    assert not await house.allows(ROOT, "manage", domain(1))


async def test_no_tuple_is_listed_under_a_project_that_is_gone(house: House) -> None:
    gone = project_id(project(9))
    await house.tuples.relate(PROJECT_ADMIN, "admin", project(9))

    with pytest.raises(ProjectNotFound):
        await house.create(PROJECT_ADMIN, gone, GRANT)

    assert GRANT not in house.tuples.all()


async def test_a_patched_tuple_holds_the_new_triple_alone(house: House) -> None:
    kept = await house.create(PROJECT_ADMIN, PROJECT, GRANT)
    stronger = Triple(NEWCOMER, "operator", project(1))

    assert (await house.patch(PROJECT_ADMIN, kept.id, stronger)).id == kept.id
    assert house.written() == {stronger}


async def test_a_patch_that_changes_nothing_writes_nothing(house: House) -> None:
    kept = await house.create(PROJECT_ADMIN, PROJECT, GRANT)
    house.tuples.changes.clear()

    assert await house.patch(PROJECT_ADMIN, kept.id, GRANT) == kept
    assert house.tuples.changes == []


async def test_a_tuple_of_anothers_object_is_hidden_from_who_lists_it(house: House) -> None:
    """A project's manager sees its page, but a grant on the Domain is not his to change or take back."""
    kept = await house.create(DOMAIN_ADMIN, PROJECT, Triple(NEWCOMER, "member", domain(1)))

    for attempt in [house.delete(PROJECT_ADMIN, kept.id), house.patch(PROJECT_ADMIN, kept.id, GRANT)]:
        with pytest.raises(RelationTupleNotFound) as refusal:
            await attempt
        assert refusal.value.denial is not None
        assert refusal.value.denial.resource == domain(1)

    assert len(house.written()) == 1


async def test_a_deleted_tuple_allows_nothing_and_is_not_there(house: House) -> None:
    kept = await house.create(PROJECT_ADMIN, PROJECT, GRANT)

    await house.delete(PROJECT_ADMIN, kept.id)
    with pytest.raises(RelationTupleNotFound) as refusal:
        await house.delete(PROJECT_ADMIN, kept.id)

    assert refusal.value.denial is None
    assert not await house.allows(NEWCOMER, "read", project(1))


async def test_a_page_shows_the_tuples_whose_object_the_caller_reads(house: House) -> None:
    seen = await house.create(PROJECT_ADMIN, PROJECT, GRANT)
    hidden = await house.create(ROOT, PROJECT, Triple(NEWCOMER, "member", domain(2)))
    last = await house.create(
        PROJECT_ADMIN, PROJECT, Triple(numbered("service-identity", 1), "operator", project(1))
    )

    first_page = await house.show(MEMBER, PROJECT, None, 2)
    second_page = await house.show(MEMBER, PROJECT, first_page.next_after, 2)

    assert first_page.items == (seen,)
    assert first_page.next_after == hidden.id
    assert (second_page.items, second_page.next_after) == ((last,), None)
    assert (await house.show(ROOT, PROJECT, None, 3)).items == (seen, hidden, last)


async def test_a_stranger_lists_nothing(house: House) -> None:
    with pytest.raises(PermissionDenied):
        await house.show(STRANGER, PROJECT, None, 10)


async def test_every_change_is_audited_in_the_chain_of_its_object(house: House) -> None:
    kept = await house.create(PROJECT_ADMIN, PROJECT, GRANT)
    moved = await house.patch(ROOT, kept.id, Triple(NEWCOMER, "reader", PLATFORM_OBJECT))
    await house.delete(ROOT, moved.id)

    told = [(entry.chain, entry.subject, entry.relation, entry.object) for entry in house.trail.entries]
    in_domain = UUID(domain(1).id)
    assert told == [
        (in_domain, str(PROJECT_ADMIN), "relation_tuple.create", project(1)),
        (in_domain, str(ROOT), "relation_tuple.delete", project(1)),
        (None, str(ROOT), "relation_tuple.create", PLATFORM_OBJECT),
        (None, str(ROOT), "relation_tuple.delete", PLATFORM_OBJECT),
    ]
    assert {entry.outcome for entry in house.trail.entries} == {Outcome.GRANTED}
    assert house.trail.entries[0].caveat_context == {"tuple": str(kept.id), "relation": "member"}


@pytest.mark.parametrize(
    ("subject", "resource"),
    [("alice", str(project(1))), (str(ROOT), "project"), ("user:ALICE", str(project(1))), ("", "")],
)
def test_a_text_that_is_no_reference_makes_no_triple(subject: str, resource: str) -> None:
    with pytest.raises(InvalidRelationTuple):
        Triple.parse(subject, "member", resource)


def test_a_triple_is_read_in_its_canonical_form() -> None:
    somebody = user(0xABCDEF)

    shouted = Triple.parse(f"user:{somebody.id.upper()}", "member", str(project(1)))

    assert shouted == Triple(somebody, "member", project(1))
