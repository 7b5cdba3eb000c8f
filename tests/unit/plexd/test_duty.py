"""Duties run one at a time, background work ends together, and waiting costs nothing."""

import asyncio

import pytest

from plexd.simulate.background import Background
from plexd.simulate.duty import Duty, every
from plexd.simulate.waiters import Waiters
from tests.unit.plexd.virtual_timing import VirtualClock, virtual_timing


class Act:
    """Counts its runs; each lasts until it is released."""

    def __init__(self) -> None:
        self.begun = 0
        self.at_once = 0
        self._released = asyncio.Event()

    async def __call__(self) -> None:
        self.begun += 1
        self.at_once += 1
        assert self.at_once == 1
        await self._released.wait()
        self.at_once -= 1

    def release(self) -> None:
        self._released.set()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
def failures() -> list[Exception]:
    return []


@pytest.fixture
def background(failures: list[Exception]) -> Background:
    return Background(failures.append)


async def test_requests_during_a_run_are_one_further_run(background: Background) -> None:
    act = Act()
    duty = Duty(act, background.spawn)
    duty.request()
    await settle()
    for _ in range(3):
        duty.request()
    act.release()
    await settle()
    assert act.begun == 2

    duty.request()
    await settle()
    assert act.begun == 3


async def test_a_run_under_way_can_be_enough(background: Background) -> None:
    act = Act()
    duty = Duty(act, background.spawn)
    for _ in range(3):
        duty.request_unless_running()
        await settle()
    act.release()
    await settle()

    assert act.begun == 1


async def test_the_first_failure_ends_all_work(background: Background, failures: list[Exception]) -> None:
    ended: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("endless")

    async def failing() -> None:
        raise LookupError

    background.spawn(endless)
    await settle()
    background.spawn(failing)
    await settle()

    assert ended == ["endless"]
    assert [type(failure) for failure in failures] == [LookupError]
    assert background.failure is failures[0]


async def test_stopped_work_is_no_failure(background: Background, failures: list[Exception]) -> None:
    background.spawn(Act())
    await settle()
    await background.stop()

    assert failures == []


async def test_an_interval_is_kept_to_a_twentieth(background: Background) -> None:
    clock, acted = VirtualClock(), []
    for chance in (0.0, 1.0):

        async def act() -> None:
            acted.append(clock.monotonic())
            if len(acted) % 3 == 0:
                raise LookupError

        with pytest.raises(LookupError):
            await every(100, act, virtual_timing(clock, chance))

    assert acted == [0, 95, 190, 190, 295, 400]


async def test_a_claim_that_holds_is_not_waited_for_and_a_failure_ends_every_wait() -> None:
    waiters, seen = Waiters(), set[int]()
    await waiters.until(lambda: True)
    waiting = [asyncio.create_task(waiters.until(lambda number=number: number in seen)) for number in (1, 2)]  # type: ignore[misc]
    await settle()

    seen.add(1)
    waiters.notify()
    await settle()
    assert [task.done() for task in waiting] == [True, False]

    waiters.fail(LookupError())
    for later in (waiting[1], waiters.until(lambda: False)):
        with pytest.raises(LookupError):
            await later
