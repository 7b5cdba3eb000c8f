"""What a process keeps of a Domain says nothing of nodes that left."""

from plexsphere.composition.projection import MeshProjection
from plexsphere.fleet.adapters.postgres.meshes import PostgresMeshes
from plexsphere.fleet.adapters.postgres.nodes import PostgresNodes
from plexsphere.fleet.application.mesh_views import MeshViews
from plexsphere.fleet.application.reconcile_book import SPREAD_SECONDS, ReconcileBook
from plexsphere.fleet.application.stream_hub import StreamHub
from plexsphere.fleet.domain.pair_key import PairKeys
from plexsphere.fleet.ports.meshes import MeshRecord
from plexsphere.platform.db.database import Database
from plexsphere.platform.db.pool import build_pool
from plexsphere.platform.events.log import EventLog
from plexsphere.platform.kernel.secret import Secret
from plexsphere.policy.adapters.postgres.actions.offers import PostgresOffers
from plexsphere.policy.adapters.postgres.policies import PostgresPolicies
from plexsphere.policy.application.actions.offer_views import OfferViews
from plexsphere.policy.application.visibility_views import VisibilityViews
from tests.support.event_rows import a_row, node_id
from tests.support.fleet import DOMAIN, a_node
from tests.support.fleet_sight import GroupSight
from tests.support.identity import FakeClock, FakeSealer

MESH = MeshRecord(PairKeys(1, Secret(b"k" * 32)), 1)


async def test_a_row_that_asks_a_node_which_left_meanwhile_leaves_no_request_behind() -> None:
    """D14: the views are ahead of the rows that are told."""
    clock, sight = FakeClock(), GroupSight()
    reconciles, views = ReconcileBook(clock), MeshViews(sight)
    list(views.begin(DOMAIN, MESH, [a_node(2)]))
    # Nothing is read here: no connection is ever made.
    database = Database(build_pool(Secret("postgresql:///"), 1))
    projection = MeshProjection(
        database,
        PostgresMeshes(database, FakeSealer(), EventLog(database)),
        PostgresNodes(database),
        PostgresPolicies(database),
        PostgresOffers(database),
        views,
        VisibilityViews(),
        OfferViews(),
        StreamHub(sight, reconciles, clock),
    )

    await projection.tell(DOMAIN, [a_row(1, to=[], reconcile=[1, 2])])

    clock.advance(SPREAD_SECONDS)
    assert [reconciles.take(node_id(number)) for number in (1, 2)] == [False, True]
