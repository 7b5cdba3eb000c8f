"""Ticked time, and the silence of nodes as it is stored (design D26, D27)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from plexsphere.fleet.domain.disruption import Census
from plexsphere.fleet.domain.liveness import Move, Patience, Standing
from plexsphere.fleet.domain.node import Reachability
from plexsphere.platform.kernel.ids import DomainId, NodeId


@dataclass(frozen=True, slots=True)
class ClockReading:
    """
    The clock as stored: `beats` rises whenever the holder advances it.

    `served` rises each second by every process that records heartbeats.
    """

    tick: int
    beats: int
    holder: UUID | None
    served: int


class LivenessClock(Protocol):
    """The one clock of ticked milliseconds; no wall clock has any part in it."""

    async def read(self) -> ClockReading:
        """Return the clock as it is stored."""
        ...

    async def take(self, holder: UUID, seen_beats: int, /) -> bool:
        """Take the clock over, unless it beat since; everybody's age begins anew. Return whether it is taken."""
        ...

    async def advance(self, holder: UUID, by_ms: int, pause_seconds: int, /) -> bool:
        """
        Beat, and advance the tick; return False when somebody else holds the clock.

        After a pause of a second or more the ages in every Domain with a shorter interval begin anew.
        """
        ...

    async def show_service(self) -> None:
        """Let the ticker know that a process records heartbeats."""
        ...


class Patiences(Protocol):
    """How long each Domain waits for its silent nodes."""

    async def all(self) -> Mapping[DomainId, Patience]:
        """Return the patience of every Domain."""
        ...


@dataclass(frozen=True, slots=True)
class Due:
    """How many nodes of a Domain have a move due, are withheld, or were heard of without a tick."""

    moves: int
    withheld: int
    unticked: int = 0


@dataclass(frozen=True, slots=True)
class LastHeard:
    """When a node was last heard of, and since when its reachability is what it is; by our clocks, for operators."""

    last_heartbeat_at: datetime | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Withheld:
    """The withheld nodes of a Domain, the first of them by id, and since when there are any."""

    count: int
    since: datetime | None
    first: tuple[NodeId, ...]


class Silences(Protocol):
    """What is stored of the silence of nodes."""

    async def due(self, patiences: Mapping[DomainId, Patience], /) -> Mapping[DomainId, Due]:
        """Return the Domains in which something is to be done, in one look at everything."""
        ...

    async def adopt(self, domain_id: DomainId, /) -> None:
        """Take heartbeats that were recorded without a tick, by a process that knows none, for heartbeats of now."""
        ...

    async def open_guard(self, domain_id: DomainId, /) -> None:
        """Have a guard for the Domain, unless it is gone; outside of a unit of work, so that nobody waits for it."""
        ...

    async def take_guard(self, domain_id: DomainId, /) -> bool:
        """
        Keep others from moving the Domain's nodes until the unit of work ends.

        Return False, without waiting, when somebody else is at it, or there is none.
        """
        ...

    async def census(self, domain_id: DomainId, patience: Patience, /) -> Census:
        """Count the nodes that matter to the guard."""
        ...

    async def take_due(self, domain_id: DomainId, patience: Patience, most: int, /) -> Sequence[Standing]:
        """Lock nodes for which a move is due, by id, passing over those that somebody writes at this moment."""
        ...

    async def store(self, domain_id: DomainId, moves: Sequence[Move], /) -> None:
        """Write the moves of locked nodes; what peers are told of raises a node's version."""
        ...

    async def let_pass(self, domain_id: DomainId, ticked_ms: int, /) -> bool:
        """Let departures pass the guard for so long, where any are withheld; return whether some are."""
        ...

    async def counts(self, domain_id: DomainId, /) -> Mapping[Reachability, int]:
        """Count the live nodes of a Domain by reachability."""
        ...

    async def withheld(self, domain_id: DomainId, most: int, /) -> Withheld:
        """Return the withheld nodes of a Domain, naming at most so many."""
        ...

    async def last_heard(self, domain_id: DomainId, node_id: NodeId, /) -> LastHeard | None:
        """Return when a live node was last heard of."""
        ...

    async def silent_among(self, domain_id: DomainId, nodes: Collection[NodeId], /) -> frozenset[NodeId]:
        """Return those of the nodes that missed heartbeats, left, or never were."""
        ...
