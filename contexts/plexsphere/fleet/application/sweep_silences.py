"""Use case: move silent nodes on, and bring back those that were heard of (plexd.md, Heartbeat; design D26, D27)."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from plexsphere.fleet.application.take_turn import TakeTurn
from plexsphere.fleet.domain.errors import DomainNotFound
from plexsphere.fleet.domain.liveness import Move, Patience
from plexsphere.fleet.domain.liveness_rows import liveness_rows, mass_liveness_rows
from plexsphere.fleet.domain.sight_change import MOST_EVENTS
from plexsphere.fleet.ports.liveness import Due, Patiences, Silences
from plexsphere.fleet.ports.sight import Sight
from plexsphere.platform.kernel.events import Announcement, Announcements
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.unit_of_work import StoreOverloaded, StoreUnavailable, UnitOfWork

LOG: Final = logging.getLogger("plexsphere.sweeps")

PERIOD_SECONDS: Final = 1.0
MOST_MOVES: Final = 1_000


@dataclass(slots=True)
class SweepTally:
    """What sweeps of this process did: moves by what they led to; and how many nodes and guards are withheld now."""

    moves: Counter[str] = field(default_factory=Counter)
    withheld: int = 0
    guarded_domains: int = 0


@dataclass(frozen=True, slots=True)
class SweepSilences:
    """
    Any number of processes may sweep: a Domain's moves belong to one sweep at a time.

    A batch, its moves and what the peers are told of them commit together, so each move is made and told once. Few
    moves go to whoever sees the node when the row is delivered. Many are weighed for each recipient, within the
    Domain's turn, for whom more than 64 concern is asked to reconcile instead (design D14).
    """

    unit_of_work: UnitOfWork
    patiences: Patiences
    silences: Silences
    take_turn: TakeTurn
    sight: Sight
    announcements: Announcements
    tally: SweepTally = field(default_factory=SweepTally)

    async def run(self) -> None:
        """Sweep once a second until cancelled."""
        while True:
            try:
                await self()
            except StoreUnavailable:
                LOG.warning("the database is away; sweeping resumes when it is back")
            await asyncio.sleep(PERIOD_SECONDS)

    async def __call__(self) -> int:
        """Move what is due in each Domain that has no trouble, and return how many moves that were."""
        patiences = await self.patiences.all()
        found = await self.silences.due(patiences)
        self.tally.withheld = sum(each.withheld for each in found.values())
        self.tally.guarded_domains = sum(each.withheld > 0 for each in found.values())
        return sum([await self._swept(each, patiences[each], found[each]) for each in found])

    async def _swept(self, domain_id: DomainId, patience: Patience, due: Due) -> int:
        try:
            if due.unticked:
                await self.silences.adopt(domain_id)
            return await self._sweep(domain_id, patience, due.moves)
        except StoreOverloaded:
            LOG.warning("somebody holds what Domain %s needs; it is swept again in a second", domain_id)
        except StoreUnavailable:
            raise
        # Whatever is wrong with one Domain, it must not keep the nodes of the others where they are.
        except Exception as error:
            LOG.error("Domain %s cannot be swept (%s)", domain_id, type(error).__name__, exc_info=error)
        return 0

    async def _sweep(self, domain_id: DomainId, patience: Patience, due: int) -> int:
        if due:
            await self.silences.open_guard(domain_id)
        moved = 0
        while moved < due:
            try:
                batch = await self._batch(domain_id, patience, due - moved)
            except DomainNotFound:
                break
            self.tally.moves.update("withheld" if move.is_withheld else move.now.value for move in batch)
            moved += len(batch)
            if not batch:
                break
        return moved

    async def _batch(self, domain_id: DomainId, patience: Patience, due: int) -> Sequence[Move]:
        async with self.unit_of_work():
            if not await self.silences.take_guard(domain_id):
                return ()
            if due <= MOST_EVENTS:
                moves = await self._move(domain_id, patience, MOST_EVENTS)
                self.announcements.announce(liveness_rows(domain_id, moves))
                return moves
            # The turn first, the nodes after it, as everybody who needs both: no deadlock.
            await self.take_turn(domain_id)
            moves = await self._move(domain_id, patience, MOST_MOVES)
            self.announcements.announce(await self._mass_rows(domain_id, moves))
        return moves

    async def _move(self, domain_id: DomainId, patience: Patience, most: int) -> Sequence[Move]:
        census = await self.silences.census(domain_id, patience)
        standings = await self.silences.take_due(domain_id, patience, most)
        steps = [standing.move(patience, is_guarded=census.is_guarded) for standing in standings]
        moves = [step for step in steps if step is not None]
        if moves:
            await self.silences.store(domain_id, moves)
        return moves

    async def _mass_rows(self, domain_id: DomainId, moves: Sequence[Move]) -> list[Announcement]:
        return await mass_liveness_rows(
            domain_id, moves, lambda node_id: self.sight.peers_of(domain_id, node_id)
        )
