"""Use case: let the mirror repeat what was committed."""

from dataclasses import dataclass
from typing import Final

from plexsphere.identity.domain.tuple_change import settled
from plexsphere.identity.ports.authz_mirror import AuthzMirror
from plexsphere.identity.ports.authz_outbox import AuthzOutbox
from plexsphere.platform.kernel.unit_of_work import UnitOfWork

BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class MirrorTuples:
    """
    Repeat the oldest waiting changes, up to 500, and return how many; zero also when another process is at it.

    To be called until it returns zero, by a loop in the background and by whoever waits for his own change. The turn
    stays taken while the engine writes, 2 s at most: rows are forgotten in the transaction that proved the turn.

    Raises:
        AuthzUnavailable: the engine did not write; the rows keep waiting.
        StoreUnavailable: the same.
    """

    outbox: AuthzOutbox
    mirror: AuthzMirror
    unit_of_work: UnitOfWork

    async def __call__(self) -> int:
        if (await self.outbox.standing()).newest is None:
            return 0
        async with self.unit_of_work():
            if not await self.outbox.take_turn():
                return 0
            # Before the rows are read: should this process lose its turn from here on, the fence will have moved.
            fence = await self.mirror.fence()
            rows = await self.outbox.oldest(BATCH)
            if not rows:
                return 0
            fence = await self.mirror.apply(settled(row.change for row in rows), fence)
            await self.outbox.forget(rows, fence.zed_token)
        return len(rows)
