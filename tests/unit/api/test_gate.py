from collections.abc import Sequence
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.api import catalogue
from plexsphere.api.callers import Caller, CallingNode
from plexsphere.api.gate import Gate, NodeGate, bearer_of, path_id
from plexsphere.api.problem import Refusal, render
from plexsphere.platform.kernel.ids import NodeId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT, Reference, domain_object
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable
from tests.support.api import (
    ALICE,
    DOMAIN,
    OTHER_DOMAIN,
    ROBOT,
    FakeDenials,
    FakeOperators,
    FakePermissions,
    roomy_limits,
)

NODE_ID = NodeId(UUID("0190f3a0-0000-7000-8000-0000000000e1"))
NODE = CallingNode(DOMAIN, NODE_ID, str(NODE_ID))
ANYWHERE = {"client": ("203.0.113.1", 4711), "headers": []}
OTHER_NODE = "0190f3a0-0000-7000-8000-0000000000e2"


class OneNode:
    """Knows one node by one bearer."""

    def cached(self, bearer: Secret[str], /) -> CallingNode | None:
        return None

    async def resolve(self, bearer: Secret[str], /) -> CallingNode | None:
        return NODE if bearer.reveal() == "node" else None


class HalfAnswers(FakePermissions):
    """Answers for the first object of a page alone."""

    async def decide_each(
        self, caller: Caller, permission: str, resources: Sequence[Reference], /
    ) -> list[bool]:
        return [True]


def gate(permissions: FakePermissions, denials: FakeDenials) -> Gate:
    return Gate(FakeOperators(), permissions, denials, roomy_limits())


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer " + "x" * 4097, "alice"])
def test_what_is_no_bearer_is_unauthenticated(header: str) -> None:
    with pytest.raises(Refusal) as refused:
        bearer_of(header)

    assert refused.value.problem is catalogue.UNAUTHENTICATED
    assert refused.value.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "00000000-0000-0000-0000-000000000000",
        "{0190f3a0-0000-7000-8000-000000000001}",
        "urn:uuid:0190f3a0-0000-7000-8000-000000000001",
        "0190f3a0000070008000000000000001",
        "0190f3a0-0000-7000-8000-000000000001 ",
        "\N{FULLWIDTH DIGIT ZERO}190f3a0-0000-7000-8000-000000000001",
    ],
)
def test_only_the_36_character_form_is_an_id(text: str) -> None:
    """M02: nil, braces, urn, no dashes."""
    with pytest.raises(Refusal) as refused:
        path_id(text, catalogue.INVALID_DOMAIN_ID)

    assert refused.value.problem is catalogue.INVALID_DOMAIN_ID


@given(st.uuids())
def test_an_id_in_upper_case_names_the_same_thing(identifier: UUID) -> None:
    """M02: either case and any version are the same object."""
    assert path_id(str(identifier).upper(), catalogue.INVALID_DOMAIN_ID) == identifier


async def test_a_denial_is_written_before_it_is_answered() -> None:
    denials = FakeDenials()

    with pytest.raises(Refusal) as refused:
        await gate(FakePermissions(), denials).require(ROBOT, "manage", PLATFORM_OBJECT, "domain.create")

    assert refused.value.problem is catalogue.PERMISSION_DENIED
    assert refused.value.extra == {"reason": "insufficient_relation", "relation_path": ["platform#admin"]}
    assert denials.written == [(ROBOT, "domain.create", "manage", PLATFORM_OBJECT)]


async def test_a_denial_that_cannot_be_written_is_not_answered() -> None:
    """H48: denials are audit-first."""
    denials = FakeDenials(failure=StoreUnavailable())

    with pytest.raises(StoreUnavailable):
        await gate(FakePermissions(), denials).require(ROBOT, "manage", PLATFORM_OBJECT, "domain.create")


async def test_nothing_is_granted_while_permissions_cannot_be_checked() -> None:
    denials = FakeDenials()

    with pytest.raises(Refusal) as refused:
        await gate(FakePermissions(away=True), denials).require(ALICE, "read", PLATFORM_OBJECT, "x")

    assert refused.value.problem is catalogue.AUTHZ_UNAVAILABLE
    assert denials.written == []


async def test_acting_on_another_is_denied_and_written_down() -> None:
    denials = FakeDenials()

    with pytest.raises(Refusal) as refused:
        await gate(FakePermissions(), denials).require_self(ALICE, ROBOT.subject, "api_token.create")

    assert refused.value.extra["reason"] == "out_of_scope"
    assert denials.written == [(ALICE, "api_token.create", "self", ROBOT.subject)]


async def test_a_short_answer_of_the_authorizer_lets_nothing_more_through() -> None:
    """H49: rows without an answer are denied."""
    seen = await gate(HalfAnswers(), FakeDenials()).visible(
        ALICE, "read", [DOMAIN, OTHER_DOMAIN], domain_object
    )

    assert seen == [DOMAIN]


async def test_rows_that_the_caller_may_not_see_are_left_out_silently() -> None:
    permissions, denials = FakePermissions(), FakeDenials()
    permissions.allow(ROBOT, "read", domain_object(OTHER_DOMAIN))

    seen = await gate(permissions, denials).visible(ROBOT, "read", [DOMAIN, OTHER_DOMAIN], domain_object)

    assert seen == [OTHER_DOMAIN]
    assert denials.written == []


async def test_a_foreign_and_an_unknown_node_are_answered_alike() -> None:
    """C04: byte for byte, the path apart."""
    answers = set()
    for claimed in [OTHER_NODE, str(UUID(int=7))]:
        with pytest.raises(Refusal) as refused:
            await NodeGate(OneNode(), roomy_limits()).node("Bearer node", claimed, ANYWHERE)
        answers.add(render(refused.value, "/v1/nodes/x"))

    assert len(answers) == 1
    assert refused.value.problem is catalogue.NODE_NOT_FOUND


async def test_a_node_passes_to_its_own_routes_in_either_case() -> None:
    assert (
        await NodeGate(OneNode(), roomy_limits()).node("Bearer node", str(NODE_ID).upper(), ANYWHERE) == NODE
    )


async def test_a_dead_node_is_unauthenticated_before_its_path_is_read() -> None:
    with pytest.raises(Refusal) as refused:
        await NodeGate(OneNode(), roomy_limits()).node("Bearer dead", "no-id", ANYWHERE)

    assert refused.value.problem is catalogue.UNAUTHENTICATED
