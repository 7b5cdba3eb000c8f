"""The inbox: events of a mutation, stored unnumbered with its commit (design D17)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from psycopg.types.json import Jsonb

from plexsphere.platform.db.database import Connection, Database
from plexsphere.platform.events.rows import as_json
from plexsphere.platform.kernel.events import Announcement

STORE: Final = """
INSERT INTO event_inbox (domain_id, kind, subject, recipients, frames, reconcile, reason)
SELECT domain_id, kind, subject, recipients, frames, reconcile, reason
FROM jsonb_to_recordset(%s) AS given (
    position integer, domain_id uuid, kind text, subject uuid,
    recipients uuid[], frames jsonb, reconcile uuid[], reason text
)
ORDER BY position
"""


@dataclass(frozen=True, slots=True)
class EventInbox:
    """Answers the port `Announcements`; `wake` rouses the sequencer once the commit is certain."""

    database: Database
    wake: Callable[[], None]

    def announce(self, rows: Iterable[Announcement]) -> None:
        transaction = self.database.transaction()
        transaction.at_commit(store, list(rows))
        transaction.after_commit(self.wake)


async def store(connection: Connection, rows: list[Any]) -> None:
    """Store the rows in their order, in one statement."""
    if rows:
        array = [as_json(position, row) for position, row in enumerate(rows)]
        await connection.execute(STORE, [Jsonb(array)])
