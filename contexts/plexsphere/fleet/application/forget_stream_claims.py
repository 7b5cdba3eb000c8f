"""Use case: drop the claims of nodes that left, now and then."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from plexsphere.fleet.ports.stream_claims import StreamClaims
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable

LOG: Final = logging.getLogger("plexsphere.streams")

PERIOD_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class ForgetStreamClaims:
    """There are no more claims than nodes, and those that left within the last hour."""

    claims: StreamClaims

    async def __call__(self) -> int:
        """Drop them and return how many those were."""
        return await self.claims.forget_departed()

    async def run(self) -> None:
        """Drop them now and every hour, until cancelled."""
        while True:
            try:
                await self()
            except StoreUnavailable:
                LOG.warning("the database is away; claims of departed nodes wait for another hour")
            await asyncio.sleep(PERIOD_SECONDS)
