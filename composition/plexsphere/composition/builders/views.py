"""What a process keeps in memory: views of the mesh, who sees whom, and the streams that hear of changes."""

from dataclasses import dataclass

from plexsphere.composition.bridges.pending_actions import PendingActionsBridge
from plexsphere.composition.bridges.rule_texts import RuleTexts
from plexsphere.composition.bridges.sight import SightBridge
from plexsphere.composition.bridges.views import FollowedViews, LogReplays
from plexsphere.composition.builders.platform import PlatformParts
from plexsphere.composition.projection import MeshProjection
from plexsphere.fleet.adapters.postgres.meshes import PostgresMeshes
from plexsphere.fleet.adapters.postgres.nodes import PostgresNodes
from plexsphere.fleet.application.mesh_views import MeshViews
from plexsphere.fleet.application.reconcile_book import ReconcileBook
from plexsphere.fleet.application.stream_hub import StreamHub
from plexsphere.fleet.application.take_turn import TakeTurn
from plexsphere.platform.events.follower import Follower
from plexsphere.policy.adapters.postgres.actions.offers import PostgresOffers
from plexsphere.policy.adapters.postgres.policies import PostgresPolicies
from plexsphere.policy.application.actions.offer_views import OfferViews
from plexsphere.policy.application.visibility_views import VisibilityViews


@dataclass(frozen=True, slots=True)
class Views:
    """The follower and everything it brings forward."""

    meshes: PostgresMeshes
    nodes: PostgresNodes
    policies: PostgresPolicies
    visibility: VisibilityViews
    sight: SightBridge
    offers: OfferViews
    pending: PendingActionsBridge
    mesh_views: MeshViews
    reconciles: ReconcileBook
    hub: StreamHub
    follower: Follower
    followed: FollowedViews
    replays: LogReplays
    take_turn: TakeTurn
    backstage_turn: TakeTurn


def build_views(platform: PlatformParts, reached_at: str) -> Views:
    """Return the views, which follow once the process runs the follower; nodes answer at the URL `reached_at`."""
    database = platform.database
    meshes = PostgresMeshes(database, platform.sealer, platform.log)
    nodes, policies = PostgresNodes(database), PostgresPolicies(database)
    visibility, texts = VisibilityViews(), RuleTexts()
    sight = SightBridge(visibility, policies, texts)
    mesh_views, offers = MeshViews(sight), OfferViews()
    reconciles = ReconcileBook(platform.clock)
    hub = StreamHub(sight, reconciles, platform.clock)
    follower = Follower(
        platform.backstage,
        platform.backstage_log,
        _projection(platform, mesh_views, visibility, offers, hub),
        platform.log_alarm,
    )
    followed = FollowedViews(follower, mesh_views)
    return Views(
        meshes=meshes,
        nodes=nodes,
        policies=policies,
        visibility=visibility,
        sight=sight,
        offers=offers,
        pending=PendingActionsBridge(offers, reached_at, platform.server_time),
        mesh_views=mesh_views,
        reconciles=reconciles,
        hub=hub,
        follower=follower,
        followed=followed,
        replays=LogReplays(follower, platform.log, sight),
        take_turn=TakeTurn(followed, mesh_views, meshes, nodes, sight),
        backstage_turn=TakeTurn(
            followed,
            mesh_views,
            PostgresMeshes(platform.backstage, platform.sealer, platform.backstage_log),
            PostgresNodes(platform.backstage),
            SightBridge(visibility, PostgresPolicies(platform.backstage), texts),
        ),
    )


def _projection(
    platform: PlatformParts,
    mesh_views: MeshViews,
    visibility: VisibilityViews,
    offers: OfferViews,
    hub: StreamHub,
) -> MeshProjection:
    backstage = platform.backstage
    return MeshProjection(
        backstage,
        PostgresMeshes(backstage, platform.sealer, platform.backstage_log),
        PostgresNodes(backstage),
        PostgresPolicies(backstage),
        PostgresOffers(backstage),
        mesh_views,
        visibility,
        offers,
        hub,
    )
