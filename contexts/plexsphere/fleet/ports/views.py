"""The mesh views of this process and their place in the log."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from plexsphere.fleet.domain.mesh_view import MeshView
from plexsphere.platform.events.rows import Row
from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId


class Views(Protocol):
    """Views follow the log; each is loaded when this process first meets its Domain."""

    def loaded(self, domain_id: DomainId, /) -> MeshView | None:
        """Return the Domain's view when it is in memory."""
        ...

    async def of(self, domain_id: DomainId, /) -> MeshView:
        """
        Return the Domain's view.

        Raises:
            DomainNotFound: there is no such Domain.
        """
        ...

    def position(self, domain_id: DomainId, /) -> int:
        """Return the offset of the last row that the loaded view holds."""
        ...

    async def catch_up(self, domain_id: DomainId, offset: int, /) -> None:
        """Ask the database for rows up to an offset that somebody has seen elsewhere."""
        ...


@dataclass(frozen=True, slots=True)
class Replay:
    """The rows a node has not been told; `is_complete` is False when some are lost or too many."""

    rows: Sequence[Row]
    is_complete: bool


class Replays(Protocol):
    """Finds what happened behind a cursor, by index (design D23)."""

    async def since(self, domain_id: DomainId, node_id: NodeId, offset: int, /) -> Replay:
        """
        Return rows that concern the node, from `offset` on, that row included, up to the view's position.

        Raises:
            StoreOverloaded: the Domain was read anew meanwhile; whoever asks again is answered.
        """
        ...

    def asking(
        self, domain_id: DomainId, node_id: NodeId, executions: Collection[ExecutionId], /
    ) -> Sequence[Row]:
        """Return the recent rows by which the node was asked to run one of these executions, without waiting."""
        ...
