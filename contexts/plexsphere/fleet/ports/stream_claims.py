"""Which stream of a node is the newest, over all processes (design D24)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from plexsphere.platform.kernel.ids import DomainId, NodeId


@dataclass(frozen=True, slots=True)
class StreamClaim:
    """A stream that says: I am the node's newest."""

    domain_id: DomainId
    node_id: NodeId
    stream_id: UUID


class StreamClaims(Protocol):
    """Claims in one order for everybody; of each node the last is kept."""

    async def last(self) -> int:
        """Return the number of the newest claim; 0 before the first."""
        ...

    async def put(self, batch: Sequence[StreamClaim], /) -> None:
        """Number the batch, which names no node twice, behind everything that was put before it."""
        ...

    async def behind(self, number: int, most: int, /) -> Sequence[tuple[int, StreamClaim]]:
        """
        Return up to `most` claims with a higher number, in order; of each node the last claim alone.

        Whoever goes on behind the last number returned misses none, whatever commits meanwhile.
        """
        ...

    async def forget_departed(self) -> int:
        """Drop the claims of nodes that left, and return how many those were."""
        ...
