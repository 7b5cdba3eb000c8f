"""Nodes whose place in the log is unknown: they are asked to pull their state (design D23)."""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Final

from plexsphere.fleet.application.reconcile_book import ReconcileBook
from plexsphere.fleet.domain.errors import PlaceLostTooOften
from plexsphere.platform.gathering import Gathering
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.events import Announcement, Announcements, SubjectKind
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.unit_of_work import UnitOfWork

MOST_NOTES: Final = 6
WITHIN_SECONDS: Final = 60.0


class LostPlaces:
    """
    Each is asked in its next heartbeat answer, whichever process answers that: all hear of it by the log.

    A crowd that comes back without a place in the log is written down in a few commits, not in one for each. A node
    that comes back so again and again is refused: each time costs every process a row of the log.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWork,
        reconciles: ReconcileBook,
        announcements: Announcements,
        clock: Clock,
    ) -> None:
        self._unit_of_work: Final = unit_of_work
        self._reconciles: Final = reconciles
        self._announcements: Final = announcements
        self._clock: Final = clock
        # The node that was noted last stands last.
        self._noted: Final[OrderedDict[NodeId, deque[float]]] = OrderedDict()
        self._written: Final = Gathering(self._write)

    async def note(self, domain_id: DomainId, node_id: NodeId) -> None:
        """
        Have the node asked, which was allowed; that was committed when this returns.

        Raises:
            StoreUnavailable: nothing was written, and the node is asked by this process alone.
        """
        self._reconciles.ask(node_id)
        await self._written((domain_id, node_id))

    def allow(self, node_id: NodeId) -> None:
        """
        Count that the node came back without a place, before its stream is opened.

        Raises:
            PlaceLostTooOften: for the seventh time within a minute; its stream must not be opened.
        """
        long_ago = self._clock.monotonic() - WITHIN_SECONDS
        while self._noted and next(iter(self._noted.values()))[-1] < long_ago:
            self._noted.popitem(last=False)
        times = self._noted.setdefault(node_id, deque(maxlen=MOST_NOTES))
        if len(times) == MOST_NOTES and times[0] > long_ago:
            raise PlaceLostTooOften(node_id)
        times.append(self._clock.monotonic())
        self._noted.move_to_end(node_id)

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
