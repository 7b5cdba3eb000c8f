"""Nodes whose place in the log is unknown: they are asked to pull their state (design D23)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from plexsphere.fleet.application.reconcile_book import ReconcileBook
from plexsphere.platform.gathering import Gathering
from plexsphere.platform.kernel.events import Announcement, Announcements, SubjectKind
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


class LostPlaces:
    """
    Each is asked in its next heartbeat answer, whichever process answers that: all hear of it by the log.

    A crowd that comes back without a place in the log is written down in a few commits, not in one for each.
    """

    def __init__(
        self, unit_of_work: UnitOfWork, reconciles: ReconcileBook, announcements: Announcements
    ) -> None:
        self._unit_of_work: Final = unit_of_work
        self._reconciles: Final = reconciles
        self._announcements: Final = announcements
        self._written: Final = Gathering(self._write)

    async def note(self, domain_id: DomainId, node_id: NodeId) -> None:
        """
        Have the node asked; that was committed when this returns.

        Raises:
            StoreUnavailable: nothing was written, and the node is asked by this process alone.
        """
        self._reconciles.ask(node_id)
        await self._written((domain_id, node_id))

    async def _write(
        self, asked: Sequence[tuple[DomainId, NodeId]]
    ) -> Mapping[tuple[DomainId, NodeId], None]:
        of_domain: dict[DomainId, list[NodeId]] = defaultdict(list)
        for domain_id, node_id in asked:
            of_domain[domain_id].append(node_id)
        async with self._unit_of_work():
            self._announcements.announce(
                Announcement(domain_id, SubjectKind.NODE, nodes[0], reconcile=tuple(nodes))
                for domain_id, nodes in of_domain.items()
            )
        return {}
