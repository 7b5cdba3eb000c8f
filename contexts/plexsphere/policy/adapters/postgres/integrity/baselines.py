"""Baselines of hooks in PostgreSQL."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plexsphere.platform.db.database import Database
from plexsphere.platform.db.recordset import recordset
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.policy.domain.hooks.digest import canonical
from plexsphere.policy.domain.hooks.sandbox import Sandbox
from plexsphere.policy.domain.integrity.pin import Pin
from plexsphere.policy.ports.integrity.baselines import AnnouncedHook

OF: Final = """
SELECT hook_name, checksum, sandbox, privileged FROM hook_baselines WHERE domain_id = %s AND node_id = %s
"""
PIN: Final = """
INSERT INTO hook_baselines (domain_id, node_id, hook_name, checksum, sandbox, privileged, pinned_at)
SELECT %(domain)s, %(node)s, hook_name, checksum, sandbox, privileged, %(at)s
FROM json_to_recordset(%(rows)s) AS given (hook_name text, checksum text, sandbox text, privileged boolean)
ORDER BY hook_name
ON CONFLICT (domain_id, node_id, hook_name) DO UPDATE SET
    checksum = excluded.checksum, sandbox = excluded.sandbox, privileged = excluded.privileged,
    pinned_at = excluded.pinned_at
"""
ANNOUNCED: Final = """
SELECT definition ->> 'checksum', definition ->> 'sandbox', (definition ->> 'privileged')::boolean, is_excused
FROM announced_actions WHERE domain_id = %s AND node_id = %s AND type = 'hook' AND name = %s
"""


@dataclass(frozen=True, slots=True)
class PostgresBaselines:
    """Answers the port `Baselines`."""

    database: Database

    async def of(self, domain_id: DomainId, node_id: NodeId, /) -> Mapping[str, Pin]:
        """Read by the primary key's first columns."""
        async with self.database.connection() as connection:
            rows = await (await connection.execute(OF, [domain_id, node_id])).fetchall()
        return {
            name: Pin(checksum, Sandbox(sandbox), privileged) for name, checksum, sandbox, privileged in rows
        }

    async def pin(
        self, domain_id: DomainId, node_id: NodeId, pins: Mapping[str, Pin], at: datetime, /
    ) -> None:
        """Write all in one statement."""
        rows = recordset([_given(name, pin) for name, pin in pins.items()])
        given = {"domain": domain_id, "node": node_id, "at": at, "rows": rows}
        async with self.database.connection() as connection:
            await connection.execute(PIN, given)

    async def announced(
        self, domain_id: DomainId, node_id: NodeId, hook_name: str, /
    ) -> AnnouncedHook | None:
        """Read what dispatches would read."""
        async with self.database.connection() as connection:
            row = await (await connection.execute(ANNOUNCED, [domain_id, node_id, hook_name])).fetchone()
        return AnnouncedHook(Pin(canonical(row[0]), Sandbox(row[1]), row[2]), row[3]) if row else None


def _given(name: str, pin: Pin) -> dict[str, object]:
    return {
        "hook_name": name,
        "checksum": pin.checksum,
        "sandbox": pin.sandbox,
        "privileged": pin.privileged,
    }
