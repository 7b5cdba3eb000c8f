"""One caller's questions keep a few connections busy, and no more."""

import asyncio
from uuid import UUID

import pytest

from plexsphere.api import catalogue
from plexsphere.api.decisions import AT_ONCE, MOST_WAITING, Decisions
from plexsphere.api.problem import Refusal

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
