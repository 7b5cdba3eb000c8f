"""Streams with much to tell take turns: a round of the event loop is short, however many they are."""

import asyncio

from plexsphere.fleet.application.turns import Turns


async def test_one_goes_on_in_each_round_in_the_order_in_which_they_came() -> None:
    """H14: a crowd that is replayed to at once leaves the loop to others between any two of its turns."""
    turns, went, rounds = Turns(), list[tuple[int, int]](), 0

    async def tell(number: int) -> None:
        for _ in range(3):
            await turns.next()
            went.append((rounds, number))

    crowd = [asyncio.create_task(tell(number)) for number in range(5)]
    while not all(task.done() for task in crowd):
        await asyncio.sleep(0)
        rounds += 1

    assert [number for _, number in went] == [0, 1, 2, 3, 4] * 3
    assert len({at for at, _ in went}) == len(went)


async def test_who_gave_up_costs_the_others_no_round() -> None:
    turns = Turns()
    gone, stays = (asyncio.create_task(turns.next()) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()

    async with asyncio.timeout(5):
        await stays
        await turns.next()
