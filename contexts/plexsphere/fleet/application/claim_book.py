"""Streams of this process that claim to be the newest of their node, and claims that end them (design D24)."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from plexsphere.fleet.application.node_stream import NodeStream
from plexsphere.fleet.application.stream_hub import StreamHub
from plexsphere.fleet.ports.stream_claims import StreamClaim, StreamClaims
from plexsphere.platform.events.alarm import Alarm
from plexsphere.platform.kernel.ids import NodeId
from plexsphere.platform.kernel.unit_of_work import StoreUnavailable

LOG: Final = logging.getLogger("plexsphere.streams")

QUIET_SECONDS: Final = 0.05
POLL_SECONDS: Final = 1.0
BATCH: Final = 1_000


class ClaimBook:
    """
    The streams opened here that did not claim their node yet, at most one for each node.

    Claims have one order over all processes. A stream ends when a later claim of its node is read than its own; one
    that has not put its own yet stays, for that one comes later still. So of all streams of a node one is left,
    the one that claimed last, and nobody waits for a claim to open one. `claimed` is called after each batch.
    """

    def __init__(
        self,
        claims: StreamClaims,
        hub: StreamHub,
        alarm: Alarm,
        mint_id: Callable[[], UUID],
        claimed: Callable[[], None],
    ) -> None:
        self._claims: Final = claims
        self._hub: Final = hub
        self._alarm: Final = alarm
        self._mint_id: Final = mint_id
        self._claimed: Final = claimed
        self._unclaimed: Final[dict[NodeId, NodeStream]] = {}
        self._seen: int | None = None

    def note(self, stream: NodeStream) -> None:
        """Have the stream, which the hub serves, claim its node within a moment."""
        self._unclaimed[stream.node_id] = stream
        self._alarm.sound()

    async def run(self) -> None:
        """Claim and read claims until cancelled: when the alarm sounds, every 50 ms at most, and every second."""
        while True:
            try:
                await self.turn()
            except StoreUnavailable:
                LOG.warning(
                    "the database is away; %d streams have not claimed their nodes", len(self._unclaimed)
                )
            await asyncio.sleep(QUIET_SECONDS)
            await self._alarm.rest(POLL_SECONDS)

    async def turn(self) -> None:
        """
        Put the claims of this moment and read everybody's.

        Raises:
            StoreUnavailable: what was not put is put next time.
        """
        if self._seen is None:
            # Before the first claim of our own: whatever is numbered behind it will be read.
            self._seen = await self._claims.last()
        await self._put()
        await self._read(self._seen)

    async def _put(self) -> None:
        noted = list(self._unclaimed.values())
        # One that was refused after all was closed and never ended; it must end nobody else's.
        batch = [stream for stream in noted if stream.ending is None and not stream.is_closed]
        for start in range(0, len(batch), BATCH):
            await self._put_batch(batch[start : start + BATCH])
        for stream in noted:
            if self._unclaimed[stream.node_id] is stream:
                del self._unclaimed[stream.node_id]
        if batch:
            self._claimed()

    async def _put_batch(self, batch: Sequence[NodeStream]) -> None:
        await self._claims.put([self._claim_of(each) for each in batch])
        # Of each node the last claim alone is kept: what is read from here on is this one or a later.
        for stream in batch:
            stream.has_claimed = True

    async def _read(self, seen: int) -> None:
        while rows := await self._claims.behind(seen, BATCH):
            for _, claim in rows:
                self._hub.hear(claim.domain_id, claim.node_id, claim.stream_id)
            self._seen = seen = rows[-1][0]

    def _claim_of(self, stream: NodeStream) -> StreamClaim:
        stream.id = stream.id or self._mint_id()
        return StreamClaim(stream.domain_id, stream.node_id, stream.id)
