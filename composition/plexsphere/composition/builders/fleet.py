"""Fleet's use cases."""

from dataclasses import dataclass

from plexsphere.composition.bridges.admission import IdentityAdmission
from plexsphere.composition.bridges.binary_watch import BinaryWatchBridge
from plexsphere.composition.bridges.errands import ErrandsBridge
from plexsphere.composition.bridges.event_signer import IdentityEventSigner
from plexsphere.composition.bridges.manifests import ManifestsBridge
from plexsphere.composition.builders.credentials import Credentials
from plexsphere.composition.builders.hooks import Hooks
from plexsphere.composition.builders.platform import PlatformParts
from plexsphere.composition.builders.views import Views
from plexsphere.fleet.adapters.postgres.capabilities import PostgresCapabilities
from plexsphere.fleet.adapters.postgres.drift import PostgresDrift
from plexsphere.fleet.adapters.postgres.heartbeats import PostgresHeartbeatRecords
from plexsphere.fleet.adapters.postgres.liveness_clock import PostgresLivenessClock
from plexsphere.fleet.adapters.postgres.stream_claims import PostgresStreamClaims
from plexsphere.fleet.application.claim_book import ClaimBook
from plexsphere.fleet.application.crowd_watch import CrowdWatch
from plexsphere.fleet.application.expand_row import ExpandRow
from plexsphere.fleet.application.forget_stream_claims import ForgetStreamClaims
from plexsphere.fleet.application.get_state import GetState
from plexsphere.fleet.application.heartbeat_book import HeartbeatBook
from plexsphere.fleet.application.lost_places import LostPlaces
from plexsphere.fleet.application.open_event_stream import OpenEventStream
from plexsphere.fleet.application.record_heartbeat import RecordHeartbeat
from plexsphere.fleet.application.register_node import RegisterNode
from plexsphere.fleet.application.remove_node import RemoveNode
from plexsphere.fleet.application.report_drift import ReportDrift
from plexsphere.fleet.application.turns import Turns
from plexsphere.fleet.application.update_capabilities import UpdateCapabilities
from plexsphere.fleet.application.update_endpoint import UpdateEndpoint
from plexsphere.fleet.ports.admission import Admission
from plexsphere.identity.ports.event_signer import EventSigner
from plexsphere.platform.events.bell import Ring
from plexsphere.platform.ids import mint_id
from plexsphere.policy.adapters.postgres.actions.executions import PostgresExecutions
from plexsphere.policy.application.actions.end_targets_of_node import EndTargetsOfNode


@dataclass(frozen=True, slots=True)
class Fleet:
    """What nodes ask for, and the removal that operators ask for too."""

    drift: PostgresDrift
    book: HeartbeatBook
    claims: ClaimBook
    forget_stream_claims: ForgetStreamClaims
    register_node: RegisterNode
    remove_node: RemoveNode
    record_heartbeat: RecordHeartbeat
    get_state: GetState
    open_event_stream: OpenEventStream
    update_endpoint: UpdateEndpoint
    update_capabilities: UpdateCapabilities
    report_drift: ReportDrift


def build_fleet(
    platform: PlatformParts, credentials: Credentials, views: Views, signer: EventSigner, hooks: Hooks
) -> Fleet:
    """Return fleet's use cases; `signer` holds the deployment's current key."""
    database, inbox, clock = platform.database, platform.inbox, platform.clock
    followed, nodes, sight = views.followed, views.nodes, views.sight
    admission = _admission(credentials)
    events_signer = IdentityEventSigner(signer)
    expand = ExpandRow(sight, views.pending, events_signer, platform.server_time)
    crowds, turns = CrowdWatch(clock), Turns()
    book = _book(platform, hooks)
    manifests = ManifestsBridge(hooks.take_announcement, hooks.withdraw_announcement)
    capabilities, drift = PostgresCapabilities(database), PostgresDrift(database)
    stream_claims = PostgresStreamClaims(platform.backstage)
    claims = ClaimBook(
        stream_claims, views.hub, platform.claims_alarm, mint_id, lambda: platform.bell.ring(Ring.CLAIMS)
    )
    return Fleet(
        drift=drift,
        book=book,
        claims=claims,
        forget_stream_claims=ForgetStreamClaims(stream_claims),
        register_node=RegisterNode(
            unit_of_work=database,
            admission=admission,
            take_turn=views.take_turn,
            meshes=views.meshes,
            nodes=nodes,
            capabilities=capabilities,
            manifests=manifests,
            views=followed,
            sight=sight,
            signer=events_signer,
            announcements=inbox,
            crowds=crowds,
            clock=clock,
            mint_id=mint_id,
        ),
        remove_node=RemoveNode(
            database, views.take_turn, nodes, admission, manifests, _errands(platform), sight, inbox
        ),
        record_heartbeat=RecordHeartbeat(book, views.reconciles, clock),
        get_state=GetState(followed, sight, views.pending, events_signer, views.reconciles, crowds, turns),
        open_event_stream=OpenEventStream(
            database,
            followed,
            nodes,
            views.replays,
            expand,
            views.hub,
            claims,
            views.reconciles,
            LostPlaces(database, views.reconciles, inbox, clock),
            turns,
            platform.frame_latency,
        ),
        update_endpoint=UpdateEndpoint(database, followed, nodes, sight, inbox),
        update_capabilities=UpdateCapabilities(database, capabilities, manifests, clock),
        report_drift=ReportDrift(drift, clock, mint_id),
    )


def _errands(platform: PlatformParts) -> ErrandsBridge:
    executions = PostgresExecutions(platform.database)
    return ErrandsBridge(EndTargetsOfNode(executions, platform.inbox))


def _book(platform: PlatformParts, hooks: Hooks) -> HeartbeatBook:
    backstage = platform.backstage
    return HeartbeatBook(
        backstage,
        PostgresHeartbeatRecords(backstage),
        platform.backstage_inbox,
        PostgresLivenessClock(backstage),
        BinaryWatchBridge(hooks.check_binaries),
        platform.clock,
    )


def _admission(credentials: Credentials) -> Admission:
    return IdentityAdmission(
        credentials.redeem_bootstrap_token,
        credentials.give_node_identity,
        credentials.renew_node_identity,
        credentials.end_node_identity,
    )
