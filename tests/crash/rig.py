"""The rig: load, a fault, a kill, a look at everything; again and again (reference/hardening.md, C29)."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from plexd.protocol.client.transport import Transport
from plexsphere.platform.db.database import Database
from plexsphere.platform.db.pool import build_pool
from plexsphere.platform.kernel.secret import Secret
from tests.crash.deeds import Deeds
from tests.crash.deployment import Deployment
from tests.crash.fault import Cycle, Trouble, cycles_of
from tests.crash.journal import Journal
from tests.crash.town import Town
from tests.crash.watch import Watch
from tests.support.control_plane import WRAP_KEY, Place, first_boot
from tests.support.event_scene import drop_default_policy
from tests.support.invariants.pack import InvariantPack

AT_ONCE: Final = 64
# Whoever does not die at its failpoint by then is killed like any other.
FAILPOINT_SECONDS: Final = 4.0
TOLD: Final = 5

Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """
    What a run came to; nothing was broken if `broken` is empty.

    `in_flight` is the least number of operations that were under way at a kill, `at_failpoints` how many servers
    died where they were told to.
    """

    cycles: int
    acknowledged: int
    unanswered: int
    frames: int
    in_flight: int
    at_failpoints: int
    statuses: dict[int, int]
    broken: list[str]


class Rig:
    """Two servers under load, killed again and again; it stops at the first cycle that broke something."""

    def __init__(
        self, deployment: Deployment, town: Town, deeds: Deeds, watch: Watch, database: Database
    ) -> None:
        self._deployment: Final = deployment
        self._town: Final = town
        self._deeds: Final = deeds
        self._watch: Final = watch
        self._database: Final = database
        self._pack: Final = InvariantPack(database, Secret(WRAP_KEY))
        self._in_flight: Final[list[int]] = []
        self._at_failpoints = 0

    async def run(self, cycles: Sequence[Cycle], say: Say) -> Outcome:
        """Go through the cycles, and say one line about each."""
        done, broken = 0, list[str]()
        for cycle, following in zip(cycles, [*cycles[1:], None], strict=True):
            began = time.monotonic()
            broken = await self._cycle(cycle, following.failpoint if following else "")
            done += 1
            say(f"{cycle.number:4}/{len(cycles)} {self._line(cycle, time.monotonic() - began, broken)}")
            if broken:
                break
        return self._outcome(done, broken)

    async def _cycle(self, cycle: Cycle, next_failpoint: str) -> list[str]:
        self._town.open()
        dead = await self._strike(cycle)
        booting = asyncio.gather(*self._boots(cycle, next_failpoint))
        await self._town.close()
        if len(cycle.victims) == len(self._deployment.servers):
            await booting
        await self._deployment.settled(dead)
        broken = await self._look()
        await booting
        broken += await self._watch.broken(self._deployment.dsn)
        await self._deeds.rest()
        return broken

    async def _strike(self, cycle: Cycle) -> list[str]:
        victims = [self._deployment.servers[number] for number in cycle.victims]
        trouble = asyncio.create_task(self._trouble(cycle.trouble))
        await asyncio.sleep(cycle.seconds)
        if cycle.failpoint and await victims[0].dies(FAILPOINT_SECONDS):
            self._at_failpoints += 1
        self._in_flight.append(self._town.in_flight)
        await asyncio.gather(*(victim.kill() for victim in victims))
        await trouble
        return [victim.name for victim in victims]

    async def _trouble(self, trouble: Trouble) -> None:
        make: dict[Trouble, Callable[[], Awaitable[None]]] = {
            Trouble.RESTART: self._deployment.restart_postgres,
            Trouble.CUT: self._deployment.cut,
            Trouble.DELAY: self._deployment.delay,
            Trouble.BLACK_HOLE: self._deployment.swallow,
            Trouble.LOST_ANSWERS: self._deployment.lose_answers,
        }
        if trouble in make:
            await make[trouble]()

    def _boots(self, cycle: Cycle, next_failpoint: str) -> list[Awaitable[None]]:
        # The next cycle's failpoint is for the first of those who died in this one.
        failpoints = [next_failpoint, *[""] * (len(cycle.victims) - 1)]
        return [
            self._deployment.servers[number].boot(failpoint)
            for number, failpoint in zip(cycle.victims, failpoints, strict=True)
        ]

    async def _look(self) -> list[str]:
        journal = self._town.journal
        return [
            *journal.faults,
            *await journal.broken(self._database),
            *await self._pack.violations(),
        ]

    def _line(self, cycle: Cycle, seconds: float, broken: Sequence[str]) -> str:
        journal = self._town.journal
        verdict = f"BROKEN, {len(broken)} times: {'; '.join(broken[:TOLD])}" if broken else "clean"
        return (
            f"{cycle}: {self._in_flight[-1]} in flight, {journal.acknowledged} acknowledged and "
            f"{journal.unanswered} unanswered so far, {seconds:.1f} s: {verdict}"
        )

    def _outcome(self, done: int, broken: list[str]) -> Outcome:
        journal = self._town.journal
        return Outcome(
            done,
            journal.acknowledged,
            journal.unanswered,
            self._watch.frames,
            min(self._in_flight),
            self._at_failpoints,
            dict(sorted(self._town.statuses.items())),
            broken,
        )


async def crash(seed: int, count: int, say: Say) -> Outcome:
    """Have a deployment of its own, go through so many cycles, and leave nothing behind."""
    async with Deployment.begun() as deployment, _database(deployment.dsn) as database:
        operator, domain_id, project_id = await first_boot(deployment.dsn)
        await asyncio.gather(*(server.boot("") for server in deployment.servers))
        urls = [server.base_url for server in deployment.servers]
        place = Place(urls[0], operator, domain_id, project_id)
        await drop_default_policy(place)
        async with AsyncExitStack() as stack:
            servers = [await stack.enter_async_context(Transport.connected(url)) for url in urls]
            watch = await stack.enter_async_context(Watch.begun(deployment.dsn, place, servers))
            town = Town(urls, operator, Journal())
            deeds = Deeds(town, domain_id, project_id, watch.members, seed)
            async with _at_work(deeds):
                return await Rig(deployment, town, deeds, watch, database).run(cycles_of(seed, count), say)


@asynccontextmanager
async def _at_work(deeds: Deeds) -> AsyncGenerator[None]:
    async with asyncio.TaskGroup() as group:
        workers = [group.create_task(deeds.run()) for _ in range(AT_ONCE)]
        yield
        for worker in workers:
            worker.cancel()


@asynccontextmanager
async def _database(dsn: Secret[str]) -> AsyncGenerator[Database]:
    pool = build_pool(dsn, 4)
    # A look at a large database, on a busy machine, may take longer than a request ever may.
    pool.timeout = 30.0
    await pool.open(wait=True)
    try:
        yield Database(pool)
    finally:
        await pool.close()
