"""Keeps SpiceDB in step with the tuples (design D12)."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final, NoReturn

from plexsphere.identity.application.mirror_tuples import MirrorTuples
from plexsphere.identity.domain.authorization_errors import AuthzUnavailable
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable

LOG: Final = logging.getLogger("plexsphere.mirror")

PERIOD_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class MirrorLoop:
    """Requests mirror what they wrote themselves; this brings over what a request left behind."""

    mirror_tuples: MirrorTuples

    async def run(self) -> NoReturn:
        """Mirror until cancelled."""
        while True:
            try:
                await self.mirror_tuples()
            except (AuthzUnavailable, StoreUnavailable) as error:
                LOG.warning(
                    "the mirror lags (%s); permissions are not checked meanwhile", type(error).__name__
                )
            await asyncio.sleep(PERIOD_SECONDS)
