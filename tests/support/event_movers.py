"""Nodes that move: each new endpoint is one row of the log, stored as a PUT of it stores it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo

from plexsphere.fleet.adapters.postgres.nodes import PostgresNodes
from plexsphere.platform.db.database import Database
from plexsphere.platform.db.pool import build_pool, session_conninfo
from plexsphere.platform.events.inbox import EventInbox, store
from plexsphere.platform.kernel.events import Announcement, EventType, Frame, SubjectKind
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.secret import Secret

MOVERS: Final = "movers"
CUT: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND NOT starts_with(application_name, %s)
"""


@dataclass(frozen=True)
class Movers:
    """Changes endpoints, several to a transaction where that is wanted."""

    database: Database
    domain_id: DomainId

    @classmethod
    @asynccontextmanager
    async def connected(cls, dsn: Secret[str], domain_id: str, size: int = 16) -> AsyncIterator[Self]:
        """Hold connections of its own."""
        pool = build_pool(Secret(make_conninfo(dsn.reveal(), application_name=MOVERS)), size)
        # The readers of the same test keep this process busy for longer than a server would ever wait.
        pool.timeout = 60.0
        await pool.open(wait=True)
        try:
            yield cls(Database(pool), DomainId(UUID(domain_id)))
        finally:
            await pool.close()

    async def move(self, node_id: str, ports: Sequence[int]) -> None:
        """Let a node move once for every port, in one transaction."""
        nodes, inbox = PostgresNodes(self.database), EventInbox(self.database, lambda: None)
        async with self.database():
            for port in ports:
                await nodes.set_endpoint(
                    self.domain_id, NodeId(UUID(node_id)), f"198.51.100.7:{port}", "none"
                )
                inbox.announce([self._row(node_id)])

    async def move_slowly(self, node_id: str, seconds: float) -> None:
        """Store a row at once and commit it only after a while."""
        async with self.database():
            async with self.database.connection() as connection:
                await store(connection, [self._row(node_id)])
            await asyncio.sleep(seconds)

    def _row(self, node_id: str) -> Announcement:
        node = NodeId(UUID(node_id))
        frames = (Frame(EventType.PEER_ENDPOINT_CHANGED, node),)
        return Announcement(self.domain_id, SubjectKind.NODE, node, frames, recipients=None)


async def cut_connections(dsn: Secret[str]) -> None:
    """Break every connection to the database but those of the movers, as a restart of it does."""
    async with await AsyncConnection.connect(session_conninfo(dsn), autocommit=True) as connection:
        await connection.execute(CUT, [MOVERS])
