"""The alarm: no sound is lost, and no wait is endless."""

import asyncio

from plexsphere.platform.events.alarm import Alarm


async def test_a_sound_before_the_wait_ends_it_at_once() -> None:
    alarm = Alarm()
    alarm.sound()
    alarm.sound()

    async with asyncio.timeout(1):
        await alarm.rest(60)


async def test_a_sound_ends_the_wait_that_goes_on_and_only_that_one() -> None:
    alarm = Alarm()
    resting = asyncio.create_task(alarm.rest(60))
    await asyncio.sleep(0)
    alarm.sound()
    async with asyncio.timeout(1):
        await resting

    again = asyncio.create_task(alarm.rest(60))
    await asyncio.sleep(0.01)
    assert not again.done()
    again.cancel()


async def test_without_a_sound_the_wait_ends_by_itself() -> None:
    async with asyncio.timeout(5):
        await Alarm().rest(0.01)


async def test_a_sound_during_the_work_between_two_waits_is_heard() -> None:
    """No wake-up is lost: what sounds while its hearer works ends the hearer's next wait."""
    alarm = Alarm()
    async with asyncio.timeout(5):
        for _ in range(100):
            asyncio.get_running_loop().call_soon(alarm.sound)
            await asyncio.sleep(0)
            await alarm.rest(60)
