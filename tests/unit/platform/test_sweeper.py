"""What is over for long is forgotten, kind by kind."""

from datetime import timedelta

from plexsphere.platform.kernel.unit_of_work import StoreOverloaded
from plexsphere.platform.sweeper import KEPT, Sweeper


async def too_much(_kept: timedelta, _most: int) -> int:
    raise StoreOverloaded


async def test_what_the_store_is_too_busy_for_keeps_nothing_else_waiting() -> None:
    left = [2, 1]

    async def a_little(_kept: timedelta, _most: int) -> int:
        return left.pop() if left else 0

    assert await Sweeper((too_much, a_little)).sweep(KEPT) == 3
