"""Registration is let through by fours."""

import asyncio
from uuid import UUID

import pytest

from plexsphere.composition.doorway import AT_ONCE, AT_ONCE_FOR_EACH, MOST_WAITING, Doorway, Doorways
from plexsphere.platform.kernel.unit_of_work import StoreOverloaded


class Crowd:
    """Machines that stay inside until told to leave."""

    def __init__(self, doorway: Doorway, size: int) -> None:
        self.inside, self.most_inside, self.came_out = 0, 0, 0
        self.leave = asyncio.Event()
        self._doorway = doorway
        self.tasks = [asyncio.create_task(self._visit()) for _ in range(size)]

    async def _visit(self) -> None:
        async with self._doorway():
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
            await self.leave.wait()
            self.inside -= 1
        self.came_out += 1

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


async def test_a_few_are_inside_at_a_time_and_all_get_their_turn() -> None:
    """H28: a crowd never holds every connection."""
    crowd = Crowd(Doorway(), 50)
    await crowd.settle()
    assert crowd.inside == AT_ONCE

    crowd.leave.set()
    await asyncio.gather(*crowd.tasks)

    assert (crowd.came_out, crowd.most_inside) == (50, AT_ONCE)


async def test_whoever_comes_to_a_long_queue_is_turned_away_at_once() -> None:
    """H17: the queue is bounded."""
    doorway = Doorway()
    crowd = Crowd(doorway, AT_ONCE + MOST_WAITING)
    await crowd.settle()

    with pytest.raises(StoreOverloaded):
        async with doorway():
            pass

    crowd.leave.set()
    await asyncio.gather(*crowd.tasks)


async def test_whoever_waits_too_long_is_turned_away_and_leaves_no_gap() -> None:
    doorway = Doorway(patience=0.01)
    crowd = Crowd(doorway, AT_ONCE)
    await crowd.settle()

    with pytest.raises(StoreOverloaded):
        async with doorway():
            pass

    crowd.leave.set()
    await asyncio.gather(*crowd.tasks)
    async with asyncio.timeout(5), doorway():
        pass


async def test_whoever_fails_inside_gives_the_place_back() -> None:
    doorway = Doorway()
    for _ in range(AT_ONCE * 3):
        with pytest.raises(ValueError, match="refused"):
            async with asyncio.timeout(5), doorway():
                raise ValueError("refused")


async def test_a_crowd_at_one_domains_doorway_keeps_no_other_domain_waiting() -> None:
    each, leave, inside = Doorways(), asyncio.Event(), 0

    async def visit(domain: UUID) -> None:
        nonlocal inside
        async with each(domain):
            inside += 1
            await leave.wait()

    crowd = [asyncio.create_task(visit(UUID(int=1))) for _ in range(20)]
    other = asyncio.create_task(visit(UUID(int=2)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert inside == AT_ONCE_FOR_EACH + 1
    leave.set()
    await asyncio.gather(other, *crowd)
    assert inside == 21
    assert len(each) == 0
