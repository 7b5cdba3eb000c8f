"""What this process keeps of the Domains it follows: who is there, who sees whom, and what nodes are asked to do."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from plexsphere.fleet.application.mesh_views import MeshViews
from plexsphere.fleet.application.stream_hub import StreamHub
from plexsphere.fleet.domain.node import Node
from plexsphere.fleet.ports.meshes import Meshes, MeshRecord
from plexsphere.fleet.ports.nodes import Nodes
from plexsphere.platform.db.database import Database
from plexsphere.platform.events.follower import DomainGone
from plexsphere.platform.events.rows import Row
from plexsphere.platform.kernel.events import SubjectKind
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.policy.application.actions.offer_views import OffersByNode, OfferViews
from plexsphere.policy.application.visibility_views import VisibilityViews
from plexsphere.policy.ports.actions.offers import Offers
from plexsphere.policy.ports.policies import Policies, PolicyReading


@dataclass(frozen=True, slots=True)
class Read:
    """
    Nodes, policies and open offers of one Domain, read within one snapshot, as the mesh's revision is.

    `offers` are those of the whole Domain, as they are to be known.
    """

    mesh: MeshRecord
    nodes: Sequence[Node]
    policies: PolicyReading
    offers: OffersByNode


@dataclass(frozen=True, slots=True)
class MeshProjection:
    """
    Answers the follower's port `Projection`.

    Reading awaits; taking over a change does not: a view, who sees whom in it and the log's tail move in one step, so
    that whatever is answered between two steps is of one moment.
    """

    database: Database
    meshes: Meshes
    nodes: Nodes
    policies: Policies
    offers: Offers
    mesh_views: MeshViews
    visibility_views: VisibilityViews
    offer_views: OfferViews
    hub: StreamHub

    async def load(self, domain_id: DomainId, /) -> Read:
        """Read a whole Domain, inside the follower's snapshot."""
        mesh, nodes = await self._mesh(domain_id), await self.nodes.all_of(domain_id)
        policies, offers = await self.policies.all_of(domain_id), await self.offers.all_of(domain_id)
        return Read(mesh, nodes, policies, await self.offer_views.prepared(domain_id, (), offers))

    async def read(self, domain_id: DomainId, rows: Sequence[Row], /) -> Read:
        """Read what changed since the view's revision, and the nodes that the rows are about."""
        view = self.mesh_views.loaded(domain_id)
        if view is None:
            raise DomainGone(domain_id)
        known, policies_known = view.revision, self.visibility_views.revision(domain_id)
        offered = _offered(rows)
        async with self.database.snapshot():
            mesh = await self._mesh(domain_id)
            nodes = await self.nodes.changed(domain_id, known, _nodes_of(rows))
            policies = await self.policies.changed(domain_id, policies_known)
            offers = await self.offers.of_nodes(domain_id, offered)
        return Read(mesh, nodes, policies, await self.offer_views.prepared(domain_id, offered, offers))

    async def begin(self, domain_id: DomainId, loaded: Read, newest: Iterable[Row], /) -> None:
        self.visibility_views.begin(domain_id, loaded.policies)
        self.offer_views.know(domain_id, loaded.offers)
        for _ in self.mesh_views.begin(domain_id, loaded.mesh, loaded.nodes):
            await asyncio.sleep(0)
        self.hub.begin(domain_id, newest)

    def apply(self, domain_id: DomainId, change: Read, /) -> None:
        self.visibility_views.put(domain_id, change.policies)
        self.mesh_views.apply(domain_id, change.nodes, change.mesh.revision, change.mesh.log_denied)
        self.offer_views.know(domain_id, change.offers)
        for node in change.nodes:
            if node.removed_at is not None:
                self.hub.end(domain_id, node.id)

    async def tell(self, domain_id: DomainId, rows: Sequence[Row], /) -> None:
        await self.hub.tell(domain_id, rows)
        view = self.mesh_views.loaded(domain_id)
        if view is not None:
            # A row may ask a node that left with one behind it: nobody would ever take that request.
            for node_id in {each for row in rows for each in row.reconcile if view.node(each) is None}:
                self.hub.end(domain_id, node_id)

    def forget(self, domain_id: DomainId, /) -> None:
        self.hub.end_domain(domain_id)
        self.mesh_views.forget(domain_id)
        self.visibility_views.forget(domain_id)
        self.offer_views.forget(domain_id)

    async def _mesh(self, domain_id: DomainId) -> MeshRecord:
        mesh = await self.meshes.get(domain_id)
        if mesh is None:
            raise DomainGone(domain_id)
        return mesh


def _nodes_of(rows: Sequence[Row]) -> set[NodeId]:
    about = {NodeId(row.subject) for row in rows if row.kind is SubjectKind.NODE}
    return about | {
        NodeId(frame.subject)
        for row in rows
        if row.kind is SubjectKind.NODE
        for frame in row.frames
        if frame is not None
    }


def _offered(rows: Sequence[Row]) -> list[NodeId]:
    asked = {each for row in rows if row.kind is SubjectKind.EXECUTION for each in row.recipients or ()}
    return list(asked | {NodeId(row.subject) for row in rows if row.kind is SubjectKind.OFFERS})
