"""Fleet's views and replays, answered by the follower of the event log."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from plexsphere.fleet.application.mesh_views import MeshViews
from plexsphere.fleet.domain.errors import DomainNotFound
from plexsphere.fleet.domain.mesh_view import MeshView
from plexsphere.fleet.ports.sight import Sight
from plexsphere.fleet.ports.views import Replay
from plexsphere.platform.events.follower import DomainGone, Follower
from plexsphere.platform.events.log import EventLog
from plexsphere.platform.events.rows import Row
from plexsphere.platform.events.tail import Tail
from plexsphere.platform.kernel.events import EventType, Frame
from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId
from plexsphere.platform.kernel.unit_of_work import StoreOverloaded

MOST_OLDER_ROWS: Final = 10_000
READERS_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class FollowedViews:
    """Answers fleet's port `Views`."""

    follower: Follower
    mesh_views: MeshViews

    def loaded(self, domain_id: DomainId, /) -> MeshView | None:
        return self.mesh_views.loaded(domain_id)

    async def of(self, domain_id: DomainId, /) -> MeshView:
        try:
            await self.follower.follow(domain_id)
        except DomainGone:
            raise DomainNotFound(domain_id) from None
        view = self.mesh_views.loaded(domain_id)
        if view is None:
            raise DomainNotFound(domain_id)
        return view

    def position(self, domain_id: DomainId, /) -> int:
        tail = self.follower.tail(domain_id)
        return tail.last if tail else 0

    async def catch_up(self, domain_id: DomainId, offset: int, /) -> None:
        await self.follower.catch_up(domain_id, offset)


@dataclass(frozen=True, slots=True)
class LogReplays:
    """
    Answers fleet's port `Replays`: the tail in memory first, an index of the database for older cursors.

    Those who need the database take turns, so that a crowd that comes back leaves connections to others.
    """

    follower: Follower
    log: EventLog
    sight: Sight
    readers: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(READERS_AT_ONCE), init=False)

    async def since(self, domain_id: DomainId, node_id: NodeId, offset: int, /) -> Replay:
        tail = await self.follower.follow(domain_id)
        older: Sequence[Row] = ()
        is_complete, known_from = True, tail.first
        while offset < known_from:
            async with self.readers:
                older = await self._older(domain_id, node_id, offset, known_from - 1)
                # In this order: what is pruned between the two counts as lost.
                is_complete = not await self._lost(domain_id, node_id, offset)
            if known_from >= tail.first:
                break
            known_from = tail.first
        if self.follower.tail(domain_id) is not tail:
            # The Domain is being read anew: what lies between the end of this tail and the place of the next view
            # would be told to nobody.
            raise StoreOverloaded
        if len(older) > MOST_OLDER_ROWS:
            return Replay((), is_complete=False)
        # From here on nothing is awaited: the newer rows end exactly at the tail's last.
        return Replay([*older, *self._newer(tail, domain_id, node_id, offset)], is_complete)

    def asking(
        self, domain_id: DomainId, node_id: NodeId, executions: Collection[ExecutionId], /
    ) -> Sequence[Row]:
        tail = self.follower.tail(domain_id) if executions else None
        if tail is None:
            return []
        asked = {Frame(EventType.ACTION_REQUEST, each) for each in executions}
        addressed = map(tail.row, tail.addressed(node_id, (), tail.first - 1))
        return [row for row in addressed if row is not None and not asked.isdisjoint(row.frames)]

    async def _lost(self, domain_id: DomainId, node_id: NodeId, offset: int) -> bool:
        if offset > await self.log.horizon(domain_id):
            return False
        addressees = [node_id, *self.sight.peers_of(domain_id, node_id)]
        return await self.log.pruned_since(domain_id, addressees, offset)

    async def _older(self, domain_id: DomainId, node_id: NodeId, offset: int, upto: int) -> list[Row]:
        seen = list(self.sight.peers_of(domain_id, node_id))
        return await self.log.addressed(domain_id, node_id, seen, offset - 1, upto, MOST_OLDER_ROWS + 1)

    def _newer(self, tail: Tail, domain_id: DomainId, node_id: NodeId, offset: int) -> list[Row]:
        behind = max(offset, tail.first) - 1
        offsets = tail.addressed(node_id, self.sight.peers_of(domain_id, node_id), behind)
        return [row for row in map(tail.row, offsets) if row is not None]
