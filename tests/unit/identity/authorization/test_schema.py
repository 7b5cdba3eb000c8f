"""What the shipped schema opens and what it leaves shut."""

import pytest

from plexsphere.identity.domain.authorization_errors import (
    InvalidRelationTuple,
    UnknownObjectType,
    UnknownPermission,
)
from plexsphere.identity.domain.relation_tuple import Triple
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT, Reference
from tests.support.authorization import (
    MemoryAuthorizer,
    MemoryRelationTuples,
    domain,
    domain_stands,
    numbered,
    project,
    project_stands,
    shipped_schema,
    user,
)

ALICE = user(1)
HOUSE = [domain_stands(1), project_stands(1, in_domain=1), domain_stands(2), project_stands(2, in_domain=2)]
EVERYTHING = {
    PLATFORM_OBJECT: {"manage", "audit", "read"},
    domain(1): {"manage", "audit", "read"},
    project(1): {"manage", "deploy", "operate", "observe", "read"},
    domain(2): {"manage", "audit", "read"},
    project(2): {"manage", "deploy", "operate", "observe", "read"},
}

OPENS = [
    (PLATFORM_OBJECT, "admin", EVERYTHING),
    (PLATFORM_OBJECT, "auditor", {PLATFORM_OBJECT: {"audit", "read"}}),
    (PLATFORM_OBJECT, "reader", {PLATFORM_OBJECT: {"read"}}),
    (domain(1), "admin", {domain(1): EVERYTHING[domain(1)], project(1): EVERYTHING[project(1)]}),
    (domain(1), "auditor", {domain(1): {"audit", "read"}, project(1): {"read"}}),
    (domain(1), "member", {domain(1): {"read"}, project(1): {"read"}}),
    (project(1), "admin", {project(1): EVERYTHING[project(1)]}),
    (project(1), "operator", {project(1): {"deploy", "operate", "observe", "read"}}),
    (project(1), "observer", {project(1): {"observe", "read"}}),
    (project(1), "member", {project(1): {"read"}}),
]


@pytest.mark.parametrize(("target", "role", "opened"), OPENS)
async def test_a_role_opens_exactly_this(
    target: Reference, role: str, opened: dict[Reference, set[str]]
) -> None:
    schema = shipped_schema()
    tuples = MemoryRelationTuples(schema, [*HOUSE, Triple(ALICE, role, target)])
    authorizer = MemoryAuthorizer(schema, tuples)

    found = {
        resource: {name for name in names if (await authorizer.check(ALICE, name, resource)).allowed}
        for resource, names in EVERYTHING.items()
    }

    assert {resource: names for resource, names in found.items() if names} == opened


def test_a_path_names_the_relations_that_decide_nearest_first() -> None:
    assert shipped_schema().relation_path("project", "manage") == (
        "project#admin",
        "domain#admin",
        "platform#admin",
    )


@pytest.mark.parametrize(
    "triple",
    [
        Triple(ALICE, "owner", domain(1)),
        Triple(ALICE, "manage", domain(1)),
        Triple(ALICE, "operator", domain(1)),
        Triple(domain(1), "admin", project(1)),
        Triple(numbered("robot", 1), "admin", project(1)),
        Triple(ALICE, "admin", numbered("robot", 1)),
        Triple(ALICE, "admin", ALICE),
        Triple(ALICE, "admin", numbered("platform", 1)),
        Triple(ALICE, "admin", Reference("domain", PLATFORM_OBJECT.id)),
        Triple(Reference("user", PLATFORM_OBJECT.id), "admin", domain(1)),
        Triple(numbered("platform", 1), "platform", domain(1)),
    ],
)
def test_a_triple_without_meaning_is_not_stored(triple: Triple) -> None:
    with pytest.raises(InvalidRelationTuple):
        shipped_schema().require_storable(triple)


@pytest.mark.parametrize("triple", [domain_stands(1), project_stands(1, in_domain=1)])
def test_nobody_is_assigned_where_an_object_stands(triple: Triple) -> None:
    shipped_schema().require_storable(triple)

    with pytest.raises(InvalidRelationTuple):
        shipped_schema().require_assignable(triple)


def test_roles_are_assigned_to_people_and_machines() -> None:
    shipped_schema().require_assignable(Triple(ALICE, "admin", PLATFORM_OBJECT))
    shipped_schema().require_assignable(Triple(numbered("service-identity", 1), "operator", project(1)))


def test_unknown_names_are_refused_by_name() -> None:
    with pytest.raises(UnknownObjectType):
        shipped_schema().rules("robot", "read")
    with pytest.raises(UnknownPermission):
        shipped_schema().rules("project", "fly")
