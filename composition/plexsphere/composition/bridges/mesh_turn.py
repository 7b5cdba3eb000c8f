"""Policy's turn, taken in fleet."""

from dataclasses import dataclass

from plexsphere.fleet.application.take_turn import TakeTurn
from plexsphere.fleet.domain.errors import DomainNotFound
from plexsphere.platform.kernel.ids import DomainId


@dataclass(frozen=True, slots=True)
class MeshTurnBridge:
    """Answers policy's port `MeshTurn`."""

    take_turn: TakeTurn

    async def take(self, domain_id: DomainId, /) -> int | None:
        """Take the turn; None when the Domain is gone."""
        try:
            return (await self.take_turn(domain_id)).revision
        except DomainNotFound:
            return None
