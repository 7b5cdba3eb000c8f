"""Callbacks of nodes wait for few places, of which no Domain has more than its share."""

import asyncio
from uuid import UUID

import pytest

from plexsphere.composition.bridges.execution_callbacks import callbacks_doorway
from plexsphere.composition.doorway import SharedDoorway
from plexsphere.platform.kernel.unit_of_work import StoreOverloaded

LOUD, QUIET = UUID(int=1), UUID(int=2)


async def test_a_crowd_of_one_domain_leaves_places_to_the_others() -> None:
    doorway, leave, inside = callbacks_doorway(), asyncio.Event(), list[UUID]()

    async def visit(domain: UUID) -> None:
        async with doorway(domain):
            inside.append(domain)
            await leave.wait()

    async with asyncio.timeout(5), asyncio.TaskGroup() as visits:
        for domain in (*[LOUD] * 50, *[QUIET] * 50):
            visits.create_task(visit(domain))
        await asyncio.sleep(0.01)
        counted = inside.count(LOUD), inside.count(QUIET)
        leave.set()

    assert counted == (4, 2)
    assert len(inside) == 100


@pytest.mark.parametrize("waiting", [(LOUD, LOUD), (LOUD, QUIET, QUIET, LOUD)])
async def test_those_who_wait_are_bounded_for_each_and_for_all(waiting: tuple[UUID, ...]) -> None:
    doorway = SharedDoorway(2, 1, most_waiting=len(waiting), patience=5.0)

    async def visit(domain: UUID) -> None:
        async with doorway(domain):
            pass

    async with doorway(LOUD), doorway(QUIET):
        visits = [asyncio.create_task(visit(each)) for each in waiting]
        await asyncio.sleep(0.01)
        with pytest.raises(StoreOverloaded):
            await visit(LOUD)
    ends = await asyncio.gather(*visits, return_exceptions=True)

    assert [end for end in ends if end] == ([ends[1]] if waiting == (LOUD, LOUD) else [])


async def test_who_waits_for_share_and_whole_is_turned_away_in_time_and_leaves_no_gap() -> None:
    doorway = SharedDoorway(1, 1, 8, patience=0.02)
    async with doorway(LOUD):
        with pytest.raises(StoreOverloaded):
            async with doorway(QUIET):
                pass

    async with asyncio.timeout(5), doorway(QUIET):
        pass
    async with asyncio.timeout(5), doorway(LOUD):
        pass
