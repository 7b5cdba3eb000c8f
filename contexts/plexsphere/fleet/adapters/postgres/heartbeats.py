"""Heartbeats in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plexsphere.fleet.ports.heartbeats import Heartbeat
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, NodeId

# Rows are locked in the order of Domain and id, as every writer of many nodes does. A checksum that an agent left out
# does not replace the one it told before. The tick is that of the moment at which the heartbeat arrived.
RECORD: Final = """
WITH given AS MATERIALIZED (
    SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::text[], %s::boolean[], %s::bigint[])
        AS given (domain_id, id, received_at, binary_checksum, clock_skewed, waited_ms)
), locked AS MATERIALIZED (
    SELECT domain_id, id, nodes.reachability, received_at, given.binary_checksum, given.clock_skewed,
           (SELECT tick FROM liveness_clock) - waited_ms AS tick
    FROM nodes JOIN given USING (domain_id, id)
    WHERE removed_at IS NULL
    ORDER BY domain_id, id FOR NO KEY UPDATE OF nodes
), recorded AS (
    UPDATE nodes SET
        last_heartbeat_at = greatest(nodes.last_heartbeat_at, locked.received_at),
        binary_checksum = coalesce(nullif(locked.binary_checksum, ''), nodes.binary_checksum),
        clock_skewed = locked.clock_skewed,
        last_tick = greatest(nodes.last_tick, locked.tick),
        ticked_heartbeat_at = greatest(nodes.last_heartbeat_at, locked.received_at),
        reachability_changed_at =
            CASE nodes.reachability WHEN 'never_reported' THEN now() ELSE nodes.reachability_changed_at END,
        reachability = CASE nodes.reachability WHEN 'never_reported' THEN 'healthy' ELSE nodes.reachability END
    FROM locked WHERE nodes.domain_id = locked.domain_id AND nodes.id = locked.id
    RETURNING nodes.domain_id, nodes.id, nodes.reachability <> locked.reachability AS is_changed
)
SELECT domain_id, id FROM recorded WHERE is_changed ORDER BY domain_id, id
"""


@dataclass(frozen=True, slots=True)
class PostgresHeartbeatRecords:
    """Answers the port `HeartbeatRecords`."""

    database: Database

    async def record(self, batch: Sequence[Heartbeat], moment: float, /) -> Sequence[tuple[DomainId, NodeId]]:
        """Write the batch in one statement."""
        columns = [
            [each.domain_id for each in batch],
            [each.node_id for each in batch],
            [each.received_at for each in batch],
            [each.binary_checksum for each in batch],
            [each.clock_skewed for each in batch],
            [each.waited_ms(moment) for each in batch],
        ]
        async with self.database.connection() as connection:
            rows = await (await connection.execute(RECORD, columns)).fetchall()
        return [(DomainId(domain_id), NodeId(node_id)) for domain_id, node_id in rows]
