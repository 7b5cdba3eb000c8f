"""The mesh views of the Domains this process follows, kept in step with who sees whom."""

from collections.abc import Iterable, Iterator
from typing import Final

from plexsphere.fleet.domain.mesh_view import MeshView
from plexsphere.fleet.domain.node import Node
from plexsphere.fleet.ports.meshes import MeshRecord
from plexsphere.fleet.ports.sight import Sight, SightedNode
from plexsphere.platform.kernel.ids import DomainId, NodeId

REMEMBERED_DEPARTURES: Final = 10_000
# So many are taken over in less than 2 ms.
AT_ONCE: Final = 25


def sighted(node: Node) -> SightedNode:
    """Return what decides whom a node sees."""
    return SightedNode(node.id, node.project_id, node.metadata, node.mesh_ip)


class MeshViews:
    """
    Every change of a view goes through here, together with the same change of `sight`.

    Reads of the database may overlap, so an older read can arrive after a newer one: versions decide for nodes that
    live, and departures are remembered, for an id never comes back.
    """

    def __init__(self, sight: Sight) -> None:
        self._sight: Final = sight
        self._views: Final[dict[DomainId, MeshView]] = {}
        self._departed: Final[dict[NodeId, None]] = {}

    def loaded(self, domain_id: DomainId) -> MeshView | None:
        """Return the view of a followed Domain."""
        return self._views.get(domain_id)

    def begin(self, domain_id: DomainId, record: MeshRecord, nodes: Iterable[Node]) -> Iterator[None]:
        """
        Take over a Domain as it was read within one snapshot, a few nodes with each step.

        The view is there once the last step is done: nobody is answered from a part of it.
        """
        view = MeshView(domain_id, record.keys, record.revision, record.log_denied)
        for place, node in enumerate(nodes, start=1):
            self._take(view, node)
            if place % AT_ONCE == 0:
                yield
        self._views[domain_id] = view

    def apply(
        self, domain_id: DomainId, nodes: Iterable[Node], revision: int, log_denied: bool | None = None
    ) -> None:
        """
        Take over nodes that were read anew; every change of membership up to `revision` is among them.

        `log_denied` None leaves what the nodes do with refused packets as it is known.
        """
        view = self._views[domain_id]
        if log_denied is not None:
            view.note_denied(log_denied)
        for node in nodes:
            self._take(view, node)
        view.revision = max(view.revision, revision)

    def forget(self, domain_id: DomainId) -> None:
        """Drop a Domain's view."""
        self._views.pop(domain_id, None)

    def _take(self, view: MeshView, node: Node) -> None:
        if node.removed_at is not None:
            self._remember_departure(node.id)
            view.remove(node.id)
            self._sight.remove(view.domain_id, node.id)
        elif node.id not in self._departed:
            weight = view.put(node)
            if weight is not None:
                self._sight.put(view.domain_id, sighted(node), weight)

    def _remember_departure(self, node_id: NodeId) -> None:
        self._departed[node_id] = None
        if len(self._departed) > REMEMBERED_DEPARTURES:
            del self._departed[next(iter(self._departed))]
