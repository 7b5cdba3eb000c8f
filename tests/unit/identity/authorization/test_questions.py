"""Who may ask what about whom."""

import pytest

from plexsphere.identity.application.check_permission import CheckPermission
from plexsphere.identity.application.lookup_resources import LookupResources
from plexsphere.identity.application.lookup_subjects import LookupSubjects
from plexsphere.identity.domain.authorization_errors import PermissionDenied, UnknownPermission
from plexsphere.identity.domain.decision import Decision, Reason
from plexsphere.identity.domain.relation_tuple import Triple
from tests.support.authorization import (
    MemoryAuthorizer,
    MemoryRelationTuples,
    domain,
    domain_stands,
    project,
    project_stands,
    shipped_schema,
    user,
)

ALICE, BOB, STRANGER = user(1), user(2), user(3)
TRIPLES = [
    domain_stands(1),
    project_stands(1, in_domain=1),
    project_stands(2, in_domain=1),
    Triple(ALICE, "operator", project(1)),
    Triple(ALICE, "operator", project(2)),
    Triple(BOB, "member", project(1)),
]


@pytest.fixture
def authorizer() -> MemoryAuthorizer:
    schema = shipped_schema()
    return MemoryAuthorizer(schema, MemoryRelationTuples(schema, TRIPLES))


async def test_everybody_asks_about_himself(authorizer: MemoryAuthorizer) -> None:
    check = CheckPermission(authorizer)

    assert (await check(ALICE, ALICE, "operate", project(1))).allowed
    assert (await check(BOB, BOB, "operate", project(1))).reason is Reason.INSUFFICIENT_RELATION
    assert (await check(STRANGER, STRANGER, "read", project(1))).reason is Reason.OUT_OF_SCOPE


async def test_who_reads_an_object_asks_about_others_on_it(authorizer: MemoryAuthorizer) -> None:
    assert (await CheckPermission(authorizer)(BOB, ALICE, "operate", project(1))).allowed


async def test_who_does_not_read_an_object_learns_nothing_of_others_on_it(
    authorizer: MemoryAuthorizer,
) -> None:
    check = CheckPermission(authorizer)

    for subject in [ALICE, BOB]:
        answer = await check(STRANGER, subject, "operate", project(1))
        assert answer == Decision(False, Reason.OUT_OF_SCOPE, ())


async def test_a_lookup_about_another_shows_what_the_caller_reads(authorizer: MemoryAuthorizer) -> None:
    lookup = LookupResources(authorizer)

    assert await lookup(ALICE, ALICE, "operate", "project") == [project(1), project(2)]
    assert await lookup(BOB, ALICE, "operate", "project") == [project(1)]
    assert await lookup(STRANGER, ALICE, "operate", "project") == []


async def test_who_reads_an_object_learns_who_else_has_a_permission_on_it(
    authorizer: MemoryAuthorizer,
) -> None:
    lookup = LookupSubjects(authorizer)

    assert await lookup(BOB, project(1), "read", "user") == [ALICE, BOB]
    with pytest.raises(PermissionDenied):
        await lookup(STRANGER, project(1), "read", "user")


async def test_a_question_without_meaning_is_refused(authorizer: MemoryAuthorizer) -> None:
    with pytest.raises(UnknownPermission):
        await CheckPermission(authorizer)(ALICE, ALICE, "fly", domain(1))
    with pytest.raises(UnknownPermission):
        await LookupResources(authorizer)(ALICE, ALICE, "fly", "project")
