"""Use case: have a Domain's nodes note what they refuse, or not (plexd.md, Policy enforcement)."""

from dataclasses import dataclass
from typing import Final

from plexsphere.fleet.application.take_turn import TakeTurn
from plexsphere.fleet.ports.meshes import Meshes
from plexsphere.platform.kernel.events import Announcement, Announcements, EventType, Frame, SubjectKind
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork

# So many recipients stand in one row of the log.
MOST_RECIPIENTS: Final = 2_000


@dataclass(frozen=True, slots=True)
class NoteDeniedPackets:
    """
    Change what every node of a mesh is told to do with packets that no policy lets through, and tell each of them.

    It takes the turn, so that no node can join meanwhile and be told nothing.
    """

    unit_of_work: UnitOfWork
    take_turn: TakeTurn
    meshes: Meshes
    announcements: Announcements

    async def __call__(self, domain_id: DomainId, *, log_denied: bool) -> None:
        """
        Change it.

        Raises:
            DomainNotFound: there is no mesh.
        """
        async with self.unit_of_work():
            turn = await self.take_turn(domain_id)
            await self.meshes.note_denied(domain_id, log_denied=log_denied)
            nodes = sorted(node.id for node in turn.view.nodes())
            self.announcements.announce(
                Announcement(
                    domain_id,
                    # A row about the Domain itself would end its streams, as if credentials had been revoked.
                    SubjectKind.POLICY,
                    domain_id,
                    (Frame(EventType.POLICY_UPDATED, domain_id),),
                    tuple(nodes[start : start + MOST_RECIPIENTS]),
                )
                for start in range(0, len(nodes), MOST_RECIPIENTS)
            )
