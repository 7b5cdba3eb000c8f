"""Use case: wait until the mirror has caught up."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from contextvars import Context
from dataclasses import dataclass
from typing import Final

from plexsphere.identity.application.mirror_tuples import MirrorTuples
from plexsphere.identity.domain.authorization_errors import AuthzUnavailable
from plexsphere.identity.ports.authz_outbox import AuthzOutbox

PATIENCE_SECONDS: Final = 2.0
PAUSE_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True)
class AwaitMirror:
    """
    Return once everything that was committed before the call is mirrored, helping with it (design D12).

    Raises:
        AuthzUnavailable: not within 2 s, or the mirror is not in step and needs a reconciliation.
        StoreUnavailable: the outbox cannot be read.
    """

    outbox: AuthzOutbox
    mirror_tuples: MirrorTuples

    async def __call__(self) -> None:
        async with bounded():
            # In a context of its own: a caller inside a unit of work would otherwise mirror what is not committed.
            await asyncio.create_task(self._catch_up(), context=Context())

    async def _catch_up(self) -> None:
        standing = await self.outbox.standing()
        if not standing.in_step:
            raise AuthzUnavailable
        if standing.newest is None:
            return
        while not await self.outbox.is_mirrored(standing.newest):
            if await self.mirror_tuples() == 0:
                await asyncio.sleep(PAUSE_SECONDS)


@asynccontextmanager
async def bounded() -> AsyncGenerator[None]:
    """Raise `AuthzUnavailable` when the block is not left within 2 s."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            yield
    except TimeoutError as error:
        raise AuthzUnavailable from error
