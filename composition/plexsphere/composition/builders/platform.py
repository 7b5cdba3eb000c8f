"""The technical kernel of one process."""

from dataclasses import dataclass

from plexsphere.composition.settings import Settings
from plexsphere.platform.audit.sealer import AuditSealer
from plexsphere.platform.audit.trail import PostgresAuditTrail
from plexsphere.platform.db.database import Database
from plexsphere.platform.db.pool import Pool, build_pool
from plexsphere.platform.events.alarm import Alarm
from plexsphere.platform.events.bell import Bell
from plexsphere.platform.events.inbox import EventInbox
from plexsphere.platform.events.log import EventLog
from plexsphere.platform.events.sequencer import Sequencer
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.sealing import Sealer
from plexsphere.platform.sealing import AesGcmSealer


@dataclass(frozen=True, slots=True)
class PlatformParts:
    """What every context leans on; the pool is closed until the process opens it."""

    clock: Clock
    pool: Pool
    database: Database
    sealer: Sealer
    trail: PostgresAuditTrail
    log: EventLog
    inbox: EventInbox
    sequencer: Sequencer
    bell: Bell
    log_alarm: Alarm


def build_platform(settings: Settings, clock: Clock) -> PlatformParts:
    """Return the kernel, wired: a commit rouses the sequencer, a batch rouses every follower."""
    pool = build_pool(settings.dsn, settings.pool_size)
    database = Database(pool)
    inbox_alarm, log_alarm = Alarm(), Alarm()
    bell = Bell(settings.dsn, log_alarm.sound)

    def sequenced() -> None:
        log_alarm.sound()
        bell.ring()

    return PlatformParts(
        clock=clock,
        pool=pool,
        database=database,
        sealer=AesGcmSealer(settings.wrap_key),
        trail=PostgresAuditTrail(database),
        log=EventLog(database),
        inbox=EventInbox(database, inbox_alarm.sound),
        sequencer=Sequencer(database, AuditSealer(database), sequenced, inbox_alarm),
        bell=bell,
        log_alarm=log_alarm,
    )
