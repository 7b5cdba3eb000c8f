"""One run of a simulated fleet, shown while it lasts."""

import asyncio
import secrets
from dataclasses import dataclass

from plexd.protocol.client.control_plane import ControlPlane
from plexd.protocol.client.transport import Transport
from plexd.protocol.timing import Timing
from plexd.simulate.arguments import Arguments
from plexd.simulate.fleet import Fleet, FleetReport
from plexd.simulate.screen import Screen


@dataclass(frozen=True, slots=True)
class RunFleet:
    """Enrols a fleet, lets it live until time is up or `interrupted` is set, and returns where it stood."""

    screen: Screen
    interrupted: asyncio.Event
    timing: Timing

    async def __call__(self, arguments: Arguments) -> FleetReport:
        """Return the standing of the fleet before it was stopped."""
        async with Transport.connected(arguments.api, ssl=arguments.ssl) as transport:
            fleet = Fleet(
                ControlPlane(transport),
                arguments.tokens,
                name=f"sim-{secrets.token_hex(3)}",
                pace=arguments.pace,
                timing=self.timing,
                concurrency=arguments.concurrency,
            )
            async with fleet:
                return await self._live(fleet, arguments)

    async def _live(self, fleet: Fleet, arguments: Arguments) -> FleetReport:
        started = self.timing.clock.monotonic()
        shown = asyncio.create_task(self._show(fleet, started))
        enrolling = asyncio.create_task(fleet.enrol())
        try:
            await self._wait(enrolling, arguments.seconds)
            if arguments.deregister:
                await fleet.deregister()
        finally:
            for task in (enrolling, shown):
                task.cancel()
            await asyncio.gather(enrolling, shown, return_exceptions=True)
        report = fleet.report()
        self.screen.show(report, self.timing.clock.monotonic() - started)
        return report

    async def _wait(self, enrolling: "asyncio.Task[None]", seconds: float | None) -> None:
        interrupted = asyncio.create_task(self.interrupted.wait())
        try:
            await asyncio.wait({enrolling, interrupted}, return_when=asyncio.FIRST_COMPLETED)
            if enrolling.done():
                enrolling.result()
                await asyncio.wait({interrupted}, timeout=seconds)
        finally:
            interrupted.cancel()

    async def _show(self, fleet: Fleet, started: float) -> None:
        while True:
            self.screen.show(fleet.report(), self.timing.clock.monotonic() - started)
            await asyncio.sleep(self.screen.seconds)
