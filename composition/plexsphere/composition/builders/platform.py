"""The technical kernel of one process."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from plexsphere.composition.doorway import Doorways
from plexsphere.composition.frame_latency import FrameLatency
from plexsphere.composition.loop_delay import LoopDelay
from plexsphere.composition.roles import Role, Roles
from plexsphere.composition.settings import Settings
from plexsphere.platform.audit.sealer import AuditSealer
from plexsphere.platform.audit.trail import PostgresAuditTrail
from plexsphere.platform.db.database import Database
from plexsphere.platform.db.pool import Pool, build_pool
from plexsphere.platform.events.alarm import Alarm
from plexsphere.platform.events.bell import Bell, Ring
from plexsphere.platform.events.inbox import EventInbox
from plexsphere.platform.events.lag import SequencerLag
from plexsphere.platform.events.log import EventLog
from plexsphere.platform.events.pruner import Pruner
from plexsphere.platform.events.sequencer import Sequencer
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.sealing import Sealer
from plexsphere.platform.sealing import AesGcmSealer
from plexsphere.platform.server_time import ServerTime
from plexsphere.platform.telemetry.signals import Telemetry
from plexsphere.platform.telemetry.traffic import Traffic


@dataclass(frozen=True, slots=True)
class PlatformParts:
    """
    What every context leans on; the pools are closed until the process opens them.

    `backstage` is for what goes on beside requests: a crowd of requests that holds every connection must not keep
    the log, the heartbeats or the revocations waiting.
    """

    clock: Clock
    server_time: ServerTime
    telemetry: Telemetry
    traffic: Traffic
    pools: tuple[Pool, ...]
    database: Database
    backstage: Database
    sealer: Sealer
    trail: PostgresAuditTrail
    log: EventLog
    inbox: EventInbox
    backstage_log: EventLog
    backstage_inbox: EventInbox
    sequencer: Sequencer
    sequencer_lag: SequencerLag
    frame_latency: FrameLatency
    loop_delay: LoopDelay
    pruner: Pruner
    bell: Bell
    log_alarm: Alarm
    claims_alarm: Alarm
    doorways: Doorways


BACKSTAGE_CONNECTIONS: Final = 6


def build_platform(settings: Settings, clock: Clock, telemetry: Telemetry) -> PlatformParts:
    """Return the kernel, wired: a commit rouses the sequencer, a batch rouses every follower."""
    pools = (build_pool(settings.dsn, settings.pool_size), build_pool(settings.dsn, BACKSTAGE_CONNECTIONS))
    database, backstage = map(Database, pools)
    inbox_alarm, log_alarm, claims_alarm = Alarm(), Alarm(), Alarm()
    heard = {Ring.LOG: log_alarm, Ring.INBOX: inbox_alarm, Ring.CLAIMS: claims_alarm}
    bell = Bell(settings.dsn, {ring: alarm.sound for ring, alarm in heard.items()})
    announced = _announced(settings.roles, inbox_alarm, bell)

    def sequenced() -> None:
        log_alarm.sound()
        bell.ring(Ring.LOG)

    sequencer_lag = SequencerLag(backstage, clock)
    return PlatformParts(
        clock=clock,
        server_time=ServerTime(backstage, clock),
        telemetry=telemetry,
        traffic=Traffic(),
        pools=pools,
        database=database,
        backstage=backstage,
        sealer=AesGcmSealer(settings.wrap_key),
        trail=PostgresAuditTrail(database),
        log=EventLog(database),
        inbox=EventInbox(database, announced),
        backstage_log=EventLog(backstage),
        backstage_inbox=EventInbox(backstage, announced),
        sequencer=Sequencer(
            backstage, AuditSealer(backstage), sequenced, inbox_alarm, telemetry.batch_sequenced
        ),
        sequencer_lag=sequencer_lag,
        frame_latency=FrameLatency(sequencer_lag),
        loop_delay=LoopDelay(clock),
        pruner=Pruner(backstage),
        bell=bell,
        log_alarm=log_alarm,
        claims_alarm=claims_alarm,
        doorways=Doorways(),
    )


def _announced(roles: Roles, inbox_alarm: Alarm, bell: Bell) -> Callable[[], None]:
    # A process that sequences does so itself; one that does not tells those that do.
    if Role.SEQUENCER in roles:
        return inbox_alarm.sound
    return lambda: bell.ring(Ring.INBOX)
