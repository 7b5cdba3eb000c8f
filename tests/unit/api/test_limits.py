"""What goes beyond an allowance is refused in time, and harms nobody else."""

from typing import Any
from uuid import UUID

import pytest

from plexsphere.api import catalogue
from plexsphere.api.callers import Caller, CallingNode
from plexsphere.api.gate import Gate, NodeGate
from plexsphere.api.limits import Limits
from plexsphere.api.problem import Refusal
from plexsphere.composition.failures import FailuresBySource
from plexsphere.platform.allowances import Allowances
from plexsphere.platform.kernel.ids import NodeId
from plexsphere.platform.kernel.secret import Secret
from tests.support.api import (
    ALICE,
    AS_ROBOT,
    DOMAIN,
    FakeDenials,
    FakeOperators,
    FakePermissions,
    code_of,
    roomy_limits,
    surface,
)
from tests.support.identity import FakeClock

NODE_ID = NodeId(UUID("0190f3a0-0000-7000-8000-0000000000e1"))
NODE = CallingNode(DOMAIN, NODE_ID, str(NODE_ID))
HERE: Any = {"client": ("203.0.113.1", 4711), "headers": []}
THERE: Any = {"client": ("203.0.113.2", 4711), "headers": []}


class Known:
    """Knows one node and one operator; whom it resolved once it remembers."""

    def __init__(self) -> None:
        self.remembered: set[str] = set()
        self.looked_up = 0

    def cached(self, bearer: Secret[str], /) -> CallingNode | None:
        return NODE if bearer.reveal() in self.remembered else None

    async def resolve(self, bearer: Secret[str], /) -> CallingNode | None:
        self.looked_up += 1
        if bearer.reveal() != "node":
            return None
        self.remembered.add("node")
        return NODE


def limited(clock: FakeClock, wrong: int = 3) -> Limits:
    return roomy_limits(clock, wrong_credentials=FailuresBySource(clock, wrong))


async def outcome(gate: NodeGate, bearer: str, scope: Any) -> str:
    try:
        await gate.node(f"Bearer {bearer}", NODE.name, scope)
    except Refusal as refusal:
        return refusal.problem.code
    return "let through"


async def test_a_source_of_wrong_credentials_is_asked_to_wait_and_no_other() -> None:
    """H16: and what it presents is not even looked up."""
    clock, nodes = FakeClock(), Known()
    limits = limited(clock)
    gate = NodeGate(nodes, limits)
    for _ in range(3):
        assert await outcome(gate, "wrong", HERE) == "unauthenticated"
    looked_up = nodes.looked_up

    assert await outcome(gate, "wrong", HERE) == "rate_limited"
    assert await outcome(gate, "node", HERE) == "rate_limited"
    assert nodes.looked_up == looked_up
    assert await outcome(gate, "wrong", THERE) == "unauthenticated"
    assert limits.traffic.rate_limited == 2
    clock.advance(61)
    assert await outcome(gate, "node", HERE) == "let through"


async def test_who_is_known_already_pays_for_nobody_at_the_same_address() -> None:
    gate = NodeGate(Known(), limited(FakeClock()))
    assert await outcome(gate, "node", HERE) == "let through"
    for _ in range(4):
        await outcome(gate, "wrong", HERE)

    assert await outcome(gate, "node", HERE) == "let through"


def test_calls_that_run_wild_leave_a_nodes_heartbeats_alone() -> None:
    """H15: two allowances; and seconds are told whole."""
    clock = FakeClock()
    narrow = {name: Allowances[UUID](clock, 6) for name in ("heartbeats", "node_calls")}
    limits = roomy_limits(clock, **narrow)
    limits.require_node_call(NODE.name)

    with pytest.raises(Refusal) as refused:
        limits.require_node_call(NODE.name)

    assert refused.value.problem is catalogue.RATE_LIMITED
    assert refused.value.headers["Retry-After"] == "10"
    limits.require_heartbeat(NODE.name)
    with pytest.raises(Refusal):
        limits.require_heartbeat(NODE.name)


async def test_an_operator_beyond_the_allowance_is_refused_before_anything_is_decided_or_audited() -> None:
    """M28: a flood of forbidden requests is no flood of denials."""
    clock = FakeClock()
    limits = roomy_limits(clock, operator_calls=Allowances[UUID](clock, 60))
    permissions, denials = FakePermissions(), FakeDenials()
    api = surface(gate=Gate(FakeOperators(), permissions, denials, limits))

    codes = [code_of(await api.call("GET", f"/v1/domains/{DOMAIN}", headers=AS_ROBOT)) for _ in range(15)]

    assert codes == ["permission_denied"] * 10 + ["rate_limited"] * 5
    assert len(denials.written) == 10


async def test_an_operators_allowance_is_nobody_elses() -> None:
    clock = FakeClock()
    limits = roomy_limits(clock, operator_calls=Allowances[UUID](clock, 6))
    other = Caller(ALICE.subject, UUID(int=7), None)
    limits.require_operator_call(ALICE.principal_id)

    with pytest.raises(Refusal):
        limits.require_operator_call(ALICE.principal_id)
    limits.require_operator_call(other.principal_id)
