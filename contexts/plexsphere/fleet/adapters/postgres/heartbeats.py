"""Heartbeats in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plexsphere.fleet.ports.heartbeats import Heartbeat, Recorded, ToldChecksum
from plexsphere.platform.db.database import Database
from plexsphere.platform.db.recordset import recordset
from plexsphere.platform.kernel.ids import DomainId, NodeId

# Rows are locked in the order of Domain and id, as every writer of many nodes does, and nobody is waited for: one node
# that somebody else holds must not keep those of all Domains from being written. A checksum that differs from the kept
# one is given back and not written. The tick is that of the moment at which the heartbeat arrived.
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
        clock_skewed = locked.clock_skewed,
        last_tick = greatest(nodes.last_tick, locked.tick),
        ticked_heartbeat_at = greatest(nodes.last_heartbeat_at, locked.received_at),
        reachability_changed_at =
            CASE nodes.reachability WHEN 'never_reported' THEN now() ELSE nodes.reachability_changed_at END,
        reachability = CASE nodes.reachability WHEN 'never_reported' THEN 'healthy' ELSE nodes.reachability END
    FROM locked WHERE nodes.domain_id = locked.domain_id AND nodes.id = locked.id
    RETURNING nodes.domain_id, nodes.id, nodes.reachability <> locked.reachability AS is_changed,
        CASE WHEN locked.binary_checksum NOT IN ('', nodes.binary_checksum) THEN locked.binary_checksum END AS told
)
SELECT domain_id, id, FALSE AS is_held, is_changed, told FROM recorded WHERE is_changed OR told IS NOT NULL
UNION ALL
SELECT domain_id, id, TRUE, FALSE, NULL FROM nodes JOIN given USING (domain_id, id)
WHERE (SELECT count(*) FROM locked) < (SELECT count(*) FROM given)
  AND removed_at IS NULL AND id NOT IN (SELECT id FROM locked)
ORDER BY domain_id, id
"""
KEEP_CHECKSUMS: Final = """
WITH told AS MATERIALIZED (
    SELECT nodes.domain_id, nodes.id, told.checksum FROM nodes
    JOIN json_to_recordset(%s) AS told (domain_id uuid, node_id uuid, checksum text)
      ON (told.domain_id, told.node_id) = (nodes.domain_id, nodes.id)
    ORDER BY nodes.domain_id, nodes.id FOR NO KEY UPDATE OF nodes SKIP LOCKED
)
UPDATE nodes SET binary_checksum = told.checksum FROM told
WHERE (nodes.domain_id, nodes.id) = (told.domain_id, told.id)
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
        return Recorded(
            [
                (DomainId(domain_id), NodeId(node_id))
                for domain_id, node_id, _, is_first, _ in rows
                if is_first
            ],
            frozenset(NodeId(node_id) for _, node_id, is_held, _, _ in rows if is_held),
            [ToldChecksum(DomainId(row[0]), NodeId(row[1]), row[4]) for row in rows if row[4] is not None],
        )

    async def keep_checksums(self, told: Sequence[ToldChecksum], /) -> None:
        """Write them in one statement."""
        async with self.database.connection() as connection:
            await connection.execute(KEEP_CHECKSUMS, [recordset([each._asdict() for each in told])])


def _given(heartbeat: Heartbeat, moment: float) -> dict[str, object]:
    return {
        "domain_id": heartbeat.domain_id,
        "id": heartbeat.node_id,
        "received_at": heartbeat.received_at,
        "binary_checksum": heartbeat.binary_checksum,
        "clock_skewed": heartbeat.clock_skewed,
        "waited_ms": heartbeat.waited_ms(moment),
    }
