"""One caller's questions keep a few connections busy, and no more."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from plexsphere.api import catalogue, decisions
from plexsphere.api.callers import Caller, Verdict
from plexsphere.api.decisions import AT_ONCE, MOST_WAITING, Decisions
from plexsphere.api.gate import Gate
from plexsphere.api.problem import Refusal
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT, Reference
from tests.support.api import ALICE, FakeDenials, FakeOperators, FakePermissions, roomy_limits, surface
from tests.support.bare_server import until

ONE, OTHER = UUID(int=1), UUID(int=2)


class Crowd:
    """Questions that are decided when they may be."""

    def __init__(self) -> None:
        self.decisions = Decisions()
        self.may_end = asyncio.Event()
        self.inside: dict[UUID, int] = {ONE: 0, OTHER: 0}
        self.most = 0

    async def ask(self, principal_id: UUID) -> None:
        async with self.decisions(principal_id):
            self.inside[principal_id] += 1
            self.most = max(self.most, self.inside[principal_id])
            await self.may_end.wait()
            self.inside[principal_id] -= 1

    async def asked(self, principal_id: UUID, count: int) -> list["asyncio.Task[None]"]:
        tasks = [asyncio.create_task(self.ask(principal_id)) for _ in range(count)]
        await asyncio.sleep(0)
        return tasks


async def test_a_crowd_of_one_caller_waits_its_turn_and_keeps_no_other_caller_waiting() -> None:
    crowd = Crowd()
    many = await crowd.asked(ONE, AT_ONCE + MOST_WAITING)

    few = await crowd.asked(OTHER, 1)

    assert crowd.inside == {ONE: AT_ONCE, OTHER: 1}
    crowd.may_end.set()
    await asyncio.gather(*many, *few)
    assert crowd.most == AT_ONCE
    assert len(crowd.decisions) == 0


async def test_what_would_wait_too_long_is_refused_and_leaves_nothing() -> None:
    crowd = Crowd()
    many = await crowd.asked(ONE, AT_ONCE + MOST_WAITING)

    with pytest.raises(Refusal) as refused:
        await crowd.ask(ONE)

    assert refused.value.problem == catalogue.RATE_LIMITED
    assert refused.value.headers["Retry-After"]
    for task in many:
        task.cancel()
    await asyncio.gather(*many, return_exceptions=True)
    assert len(crowd.decisions) == 0


class BusyStore(FakePermissions):
    """Decides when it may, grants everything, and counts who is decided about at once."""

    def __init__(self) -> None:
        super().__init__()
        self.may_end = asyncio.Event()
        self.inside = 0
        self.most = 0

    async def _busy(self) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await self.may_end.wait()
        self.inside -= 1

    async def decide(self, caller: Caller, permission: str, resource: Reference, /) -> Verdict:
        await self._busy()
        return Verdict(True, "", ())

    async def decide_each(
        self, caller: Caller, permission: str, resources: Sequence[Reference], /
    ) -> list[bool]:
        await self._busy()
        return [True for _ in resources]

    async def check(self, caller: Caller, question: Any, /) -> Verdict:
        return await self.decide(caller, question.relation, PLATFORM_OBJECT)

    async def resources(self, caller: Caller, *question: str) -> Sequence[str]:
        await self._busy()
        return []

    async def subjects(self, caller: Caller, *question: str) -> Sequence[str]:
        await self._busy()
        return []


async def most_at_once(store: BusyStore, asking: Sequence["asyncio.Task[Any]"]) -> int:
    """Return how many of the questions were decided at once."""
    await until(lambda: store.inside >= AT_ONCE)
    await asyncio.sleep(0.1)
    store.may_end.set()
    await asyncio.gather(*asking)
    return store.most


async def test_what_is_shown_of_a_list_or_beside_an_object_is_decided_as_any_other_question() -> None:
    """H17: a token without any right may ask for lists all day."""
    store = BusyStore()
    gate = Gate(FakeOperators(), store, FakeDenials(), roomy_limits())
    rows = [PLATFORM_OBJECT]
    asking = [
        asyncio.create_task(question)
        for _ in range(AT_ONCE)
        for question in (
            gate.visible(ALICE, "read", rows, lambda row: row),
            gate.holds(ALICE, "audit", PLATFORM_OBJECT),
            gate.require(ALICE, "read", PLATFORM_OBJECT, "domain.read"),
        )
    ]

    assert await most_at_once(store, asking) == AT_ONCE


@pytest.mark.parametrize(
    ("path", "question"),
    [
        ("check", {"subject": f"user:{ONE}", "relation": "read", "resource": f"domain:{ONE}"}),
        ("lookup-resources", {"subject": f"user:{ONE}", "relation": "read", "resource_type": "domain"}),
        ("lookup-subjects", {"resource": f"domain:{ONE}", "relation": "read", "subject_type": "user"}),
    ],
)
async def test_questions_about_permissions_are_decided_as_any_other(
    path: str, question: dict[str, str]
) -> None:
    """H17."""
    store = BusyStore()
    place = surface(authz=store)
    asking = [
        asyncio.create_task(place.call("POST", f"/v1/authz/{path}", json=question))
        for _ in range(3 * AT_ONCE)
    ]

    assert await most_at_once(store, asking) == AT_ONCE
    assert {task.result().status_code for task in asking} == {200}


async def test_who_waits_too_long_for_his_turn_is_refused_though_few_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decisions, "PATIENCE_SECONDS", 0.05)
    crowd = Crowd()
    many = await crowd.asked(ONE, AT_ONCE)

    with pytest.raises(Refusal) as refused:
        async with asyncio.timeout(10):
            await crowd.ask(ONE)

    assert refused.value.problem == catalogue.RATE_LIMITED
    crowd.may_end.set()
    await asyncio.gather(*many)
    assert len(crowd.decisions) == 0
