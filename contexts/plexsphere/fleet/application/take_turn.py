"""Use case: wait for the turn to change a Domain's membership, with a view that is exact while it lasts."""

from dataclasses import dataclass

from plexsphere.fleet.application.mesh_views import MeshViews
from plexsphere.fleet.domain.mesh_view import MeshView
from plexsphere.fleet.ports.meshes import Meshes
from plexsphere.fleet.ports.nodes import Nodes
from plexsphere.fleet.ports.sight import Sight
from plexsphere.fleet.ports.views import Views
from plexsphere.platform.kernel.ids import DomainId


@dataclass(frozen=True, slots=True)
class Turn:
    """The turn of the open unit of work: the revision its change gets, and the exact view."""

    revision: int
    view: MeshView


@dataclass(frozen=True, slots=True)
class TakeTurn:
    """
    Changes of who is in a mesh, or of who sees whom, commit one after another within a Domain.

    Views follow the log and may lag behind it. Within the turn nothing else can commit, so reading what changed
    since the view's revision makes view and sight exact, in two statements however large the Domain is.
    """

    views: Views
    mesh_views: MeshViews
    meshes: Meshes
    nodes: Nodes
    sight: Sight

    async def __call__(self, domain_id: DomainId) -> Turn:
        view = await self.views.of(domain_id)
        revision = await self.meshes.take_turn(domain_id)
        known = view.revision
        await self.sight.refresh(domain_id, known)
        changed = await self.nodes.changed(domain_id, known, ())
        self.mesh_views.apply(domain_id, changed, revision - 1)
        return Turn(revision, view)
