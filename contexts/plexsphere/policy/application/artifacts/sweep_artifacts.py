"""Use case: remove what uploads left behind that came to no good end."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NoReturn

from plexsphere.platform.kernel.unit_of_work import StoreUnavailable, UnitOfWork
from plexsphere.policy.ports.artifacts.artifact_store import ArtifactStore, StoreUnusable
from plexsphere.policy.ports.artifacts.releases import Releases

LOG: Final = logging.getLogger("plexsphere.artifacts")

PERIOD_SECONDS: Final = 3600.0
# An upload ends within a quarter of an hour.
UNFINISHED_FOR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SweepArtifacts:
    """Remove what was never finished, and contents that nothing released names; any number of processes may do so."""

    unit_of_work: UnitOfWork
    releases: Releases
    store: ArtifactStore

    async def run(self) -> NoReturn:
        """Sweep now and every hour until cancelled."""
        while True:
            try:
                await self()
            except (StoreUnavailable, StoreUnusable) as error:
                LOG.warning("artifacts are swept an hour later (%s)", type(error).__name__)
            await asyncio.sleep(PERIOD_SECONDS)

    async def __call__(self) -> int:
        """
        Return how much was removed.

        Raises:
            StoreUnusable: nothing can be removed.
        """
        swept = await self.store.forget_unfinished(UNFINISHED_FOR)
        settled = await self.store.settled(UNFINISHED_FOR)
        suspects = settled - await self.releases.released_among(settled)
        return swept + (await self._forget(suspects) if suspects else 0)

    async def _forget(self, suspects: frozenset[str]) -> int:
        async with self.unit_of_work():
            # A content is kept before its release commits: whoever does that right now is waited for.
            await self.releases.hold()
            nameless = suspects - await self.releases.released_among(suspects)
            for digest in nameless:
                await self.store.forget(digest)
        return len(nameless)
