"""Databases and Domains as the tests of the platform open them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from plexsphere.platform.db.database import Database
from plexsphere.platform.db.pool import build_pool
from plexsphere.platform.events.alarm import Alarm
from plexsphere.platform.events.inbox import EventInbox
from plexsphere.platform.events.log import EventLog
from plexsphere.platform.events.sequencer import Sequencer
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.events import Announcement, EventType, Frame, SubjectKind
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.secret import Secret


@asynccontextmanager
async def opened(dsn: Secret[str], size: int = 8) -> AsyncIterator[Database]:
    """Lend a database of its own pool."""
    pool = build_pool(dsn, size)
    await pool.open(wait=True)
    try:
        yield Database(pool)
    finally:
        await pool.close()


async def a_domain(store: Database) -> DomainId:
    """Return a Domain whose log is open."""
    domain_id = DomainId(mint_id())
    async with store():
        await EventLog(store).open(domain_id)
    return domain_id


def row_about(domain_id: DomainId, subject: UUID) -> Announcement:
    """Return a row for whoever sees the subject."""
    return Announcement(domain_id, SubjectKind.NODE, subject, (Frame(EventType.PEER_ADDED, subject),), None)


def inbox_of(store: Database) -> EventInbox:
    """Return the inbox; nobody is woken."""
    return EventInbox(store, lambda: None)


def sequencer_of(store: Database) -> Sequencer:
    """Return a sequencer that seals nothing and tells nobody."""

    async def nothing_to_seal() -> int:
        return 0

    return Sequencer(store, nothing_to_seal, lambda: None, Alarm())


async def announced(store: Database, *rows: Announcement) -> None:
    """Commit the rows and number them."""
    async with store():
        inbox_of(store).announce(rows)
    while await sequencer_of(store).sequence():
        pass
