"""Heartbeats in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plexsphere.fleet.ports.heartbeats import Heartbeat, Recorded
from plexsphere.platform.db.database import Database
from plexsphere.platform.db.recordset import recordset
from plexsphere.platform.kernel.ids import DomainId, NodeId

# Rows are locked in the order of Domain and id, as every writer of many nodes does, and nobody is waited for: one node
# that somebody else holds must not keep those of all Domains from being written. A checksum that an agent left out
# does not replace the one it told before. The tick is that of the moment at which the heartbeat arrived.
RECORD: Final = """
WITH given AS MATERIALIZED (
    SELECT domain_id, id, received_at, binary_checksum, clock_skewed, waited_ms FROM json_to_recordset(%s) AS given (
        domain_id uuid, id uuid, received_at timestamptz, binary_checksum text, clock_skewed boolean, waited_ms bigint
    )
), locked AS MATERIALIZED (
    SELECT domain_id, id, nodes.reachability, received_at, given.binary_checksum, given.clock_skewed,
           (SELECT tick FROM liveness_clock) - waited_ms AS tick
    FROM nodes JOIN given USING (domain_id, id)
    WHERE removed_at IS NULL
    ORDER BY domain_id, id FOR NO KEY UPDATE OF nodes SKIP LOCKED
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
SELECT domain_id, id, FALSE AS is_held FROM recorded WHERE is_changed
UNION ALL
SELECT domain_id, id, TRUE FROM nodes JOIN given USING (domain_id, id)
WHERE (SELECT count(*) FROM locked) < (SELECT count(*) FROM given)
  AND removed_at IS NULL AND id NOT IN (SELECT id FROM locked)
ORDER BY domain_id, id
"""


@dataclass(frozen=True, slots=True)
class PostgresHeartbeatRecords:
    """Answers the port `HeartbeatRecords`."""

    database: Database

    async def record(self, batch: Sequence[Heartbeat], moment: float, /) -> Recorded:
        """Write the batch in one statement."""
        given = recordset([_given(each, moment) for each in batch])
        async with self.database.connection() as connection:
            rows = await (await connection.execute(RECORD, [given])).fetchall()
        first = [
            (DomainId(domain_id), NodeId(node_id)) for domain_id, node_id, is_held in rows if not is_held
        ]
        return Recorded(first, frozenset(NodeId(node_id) for _, node_id, is_held in rows if is_held))


def _given(heartbeat: Heartbeat, moment: float) -> dict[str, object]:
    return {
        "domain_id": heartbeat.domain_id,
        "id": heartbeat.node_id,
        "received_at": heartbeat.received_at,
        "binary_checksum": heartbeat.binary_checksum,
        "clock_skewed": heartbeat.clock_skewed,
        "waited_ms": heartbeat.waited_ms(moment),
    }
