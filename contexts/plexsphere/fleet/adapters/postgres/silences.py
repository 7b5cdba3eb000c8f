"""The silence of nodes in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from plexsphere.fleet.adapters.postgres.node_rows import REACHABILITY_OF, STORED
from plexsphere.fleet.domain.disruption import Census
from plexsphere.fleet.domain.liveness import Move, Patience, Standing
from plexsphere.fleet.domain.node import Reachability
from plexsphere.fleet.ports.liveness import Due, LastHeard, Withheld
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, NodeId

# ruff: noqa: S608  # every statement is put together from constants of this module alone

# For each Domain the tick now, the tick at which ages last began anew, and up to which tick a node must have been
# heard last for a move to be due. A node that was never heard has an age, too, but no move.
LIMITS: Final = """
begun AS MATERIALIZED (
    SELECT domain_id, back_within, stale_at, soon_at, unreachable_at, tick,
           tick < coalesce(passes_until_tick, 0) AS is_let_pass,
           (SELECT coalesce(max(ended_at_tick), 0) FROM liveness_pauses WHERE seconds * 1000 > interval_ms) AS begun_at
    FROM unnest(%(domains)s::uuid[], %(intervals)s::bigint[], %(back)s::bigint[], %(stale)s::bigint[],
                %(soon)s::bigint[], %(unreachable)s::bigint[])
        AS patience (domain_id, interval_ms, back_within, stale_at, soon_at, unreachable_at)
    CROSS JOIN liveness_clock LEFT JOIN mesh_liveness USING (domain_id)
), limits AS MATERIALIZED (
    SELECT domain_id, tick, begun_at, is_let_pass, tick - back_within AS back_behind,
           CASE WHEN begun_at <= tick - stale_at THEN tick - stale_at END AS stale_upto,
           CASE WHEN begun_at <= tick - soon_at THEN tick - soon_at END AS soon_upto,
           CASE WHEN begun_at <= tick - unreachable_at THEN tick - unreachable_at END AS unreachable_upto
    FROM begun
)
"""
REPORTED: Final = "removed_at IS NULL AND reachability <> 'never_reported'"
# What a process of a version without ticks recorded; the adoption gives it a tick.
IS_TICKED: Final = "last_heartbeat_at IS NOT DISTINCT FROM ticked_heartbeat_at"
IS_DUE: Final = f"""
{IS_TICKED} AND CASE silence
    WHEN 'none' THEN last_tick <= stale_upto
    WHEN 'stale' THEN last_tick > back_behind OR last_tick <= unreachable_upto
    ELSE last_tick > back_behind OR (is_withheld AND is_let_pass)
END
"""
DUE: Final = f"""
WITH {LIMITS}
SELECT domain_id, count(*) FILTER (WHERE {IS_DUE}), count(*) FILTER (WHERE is_withheld),
       count(*) FILTER (WHERE NOT ({IS_TICKED}))
FROM limits JOIN nodes USING (domain_id)
WHERE {REPORTED} AND (({IS_DUE}) OR is_withheld OR NOT ({IS_TICKED})) GROUP BY domain_id
"""
ADOPT: Final = f"""
WITH unticked AS MATERIALIZED (
    SELECT id FROM nodes WHERE domain_id = %s AND {REPORTED} AND NOT ({IS_TICKED})
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE nodes SET last_tick = tick, ticked_heartbeat_at = last_heartbeat_at
FROM unticked, liveness_clock WHERE domain_id = %s AND nodes.id = unticked.id
"""
MAKE_GUARD: Final = """
INSERT INTO mesh_liveness (domain_id) SELECT domain_id FROM meshes WHERE domain_id = %s ON CONFLICT DO NOTHING
"""
TAKE_GUARD: Final = "SELECT domain_id FROM mesh_liveness WHERE domain_id = %s FOR UPDATE SKIP LOCKED"
CENSUS: Final = f"""
WITH {LIMITS}
SELECT count(nodes.id) FILTER (WHERE silence <> 'unreachable' OR is_withheld),
       count(nodes.id) FILTER (WHERE is_withheld OR (silence <> 'unreachable' AND last_tick <= soon_upto)),
       count(nodes.id) FILTER (WHERE is_withheld), bool_or(is_let_pass)
FROM limits LEFT JOIN nodes ON nodes.domain_id = limits.domain_id AND {REPORTED}
"""
TAKE_DUE: Final = f"""
WITH {LIMITS}
SELECT id, reachability, silence, is_withheld, tick - last_tick, tick - greatest(last_tick, begun_at)
FROM limits JOIN nodes USING (domain_id) WHERE {REPORTED} AND ({IS_DUE})
ORDER BY id LIMIT %(most)s FOR NO KEY UPDATE OF nodes SKIP LOCKED
"""
STORE: Final = """
UPDATE nodes SET
    silence = given.silence, is_withheld = given.is_withheld,
    reachability_changed_at = CASE WHEN nodes.silence = given.silence THEN reachability_changed_at ELSE now() END,
    version = version + CASE WHEN is_told THEN 1 ELSE 0 END
FROM unnest(%s::uuid[], %s::text[], %s::boolean[], %s::boolean[]) AS given (id, silence, is_withheld, is_told)
WHERE nodes.domain_id = %s AND nodes.id = given.id
"""
CONFIRM: Final = """
WITH withheld AS (SELECT FROM nodes WHERE domain_id = %(domain)s AND is_withheld AND removed_at IS NULL LIMIT 1)
INSERT INTO mesh_liveness (domain_id, passes_until_tick)
SELECT %(domain)s, tick + %(for)s FROM liveness_clock WHERE EXISTS (SELECT FROM withheld)
ON CONFLICT (domain_id) DO UPDATE SET passes_until_tick = excluded.passes_until_tick
RETURNING domain_id
"""
COUNTS: Final = """
SELECT reachability, silence, count(*) FROM nodes WHERE domain_id = %s AND removed_at IS NULL
GROUP BY reachability, silence
"""
WITHHELD: Final = """
SELECT count(*), min(reachability_changed_at), (array_agg(id ORDER BY id))[:%s]
FROM nodes WHERE domain_id = %s AND is_withheld AND removed_at IS NULL AND silence <> 'none'
"""
LAST_HEARD: Final = """
SELECT last_heartbeat_at, coalesce(reachability_changed_at, created_at) FROM nodes
WHERE domain_id = %s AND id = %s AND removed_at IS NULL
"""

AUDIBLE: Final = """
SELECT id FROM nodes WHERE domain_id = %s AND id = ANY(%s) AND removed_at IS NULL AND silence = 'none'
"""


@dataclass(frozen=True, slots=True)
class PostgresSilences:
    """Answers the port `Silences`."""

    database: Database

    async def due(self, patiences: Mapping[DomainId, Patience], /) -> Mapping[DomainId, Due]:
        """Look at every live node once."""
        rows = await self._rows(DUE, _limits(patiences))
        return {DomainId(domain_id): Due(*counts) for domain_id, *counts in rows}

    async def adopt(self, domain_id: DomainId, /) -> None:
        """Write the tick now, where nobody else writes."""
        await self._rows(ADOPT, [domain_id, domain_id])

    async def open_guard(self, domain_id: DomainId, /) -> None:
        """Insert the Domain's row, where there is none."""
        await self._rows(MAKE_GUARD, [domain_id])

    async def take_guard(self, domain_id: DomainId, /) -> bool:
        """Lock the Domain's row."""
        return bool(await self._rows(TAKE_GUARD, [domain_id]))

    async def census(self, domain_id: DomainId, patience: Patience, /) -> Census:
        """Count in one statement."""
        [(present, leaving, withheld, is_let_pass)] = await self._rows(CENSUS, _limits({domain_id: patience}))
        return Census(present, leaving, withheld, is_let_pass)

    async def take_due(self, domain_id: DomainId, patience: Patience, most: int, /) -> Sequence[Standing]:
        """Lock by id; a row that was written since this statement began is judged as it is now."""
        rows = await self._rows(TAKE_DUE, {**_limits({domain_id: patience}), "most": most})
        return [
            Standing(NodeId(node_id), REACHABILITY_OF[reported, silence], is_withheld, heard_ago, age)
            for node_id, reported, silence, is_withheld, heard_ago, age in rows
        ]

    async def store(self, domain_id: DomainId, moves: Sequence[Move], /) -> None:
        """Write all rows in one statement."""
        columns = [
            [move.node_id for move in moves],
            [STORED[move.now][1] for move in moves],
            [move.is_withheld for move in moves],
            [move.event is not None for move in moves],
        ]
        await self._rows(STORE, [*columns, domain_id])

    async def let_pass(self, domain_id: DomainId, ticked_ms: int, /) -> bool:
        """Write until when, where a node is withheld."""
        return bool(await self._rows(CONFIRM, {"domain": domain_id, "for": ticked_ms}))

    async def counts(self, domain_id: DomainId, /) -> Mapping[Reachability, int]:
        """Count in one statement."""
        rows = await self._rows(COUNTS, [domain_id])
        return {REACHABILITY_OF[reported, silence]: count for reported, silence, count in rows}

    async def withheld(self, domain_id: DomainId, most: int, /) -> Withheld:
        """Look at the Domain's nodes."""
        [(count, since, first)] = await self._rows(WITHHELD, [most, domain_id])
        return Withheld(count, since, tuple(map(NodeId, first or ())))

    async def last_heard(self, domain_id: DomainId, node_id: NodeId, /) -> LastHeard | None:
        """Read by the primary key."""
        rows = await self._rows(LAST_HEARD, [domain_id, node_id])
        return LastHeard(*rows[0]) if rows else None

    async def silent_among(self, domain_id: DomainId, nodes: Collection[NodeId], /) -> frozenset[NodeId]:
        """Read the others by the primary key."""
        audible = await self._rows(AUDIBLE, [domain_id, list(nodes)]) if nodes else []
        return frozenset(nodes).difference(NodeId(row[0]) for row in audible)

    async def _rows(self, statement: str, given: Sequence[Any] | Mapping[str, Any]) -> list[Any]:
        async with self.database.connection() as connection:
            cursor = await connection.execute(statement, given)
            return await cursor.fetchall() if cursor.description else []


def _limits(patiences: Mapping[DomainId, Patience]) -> dict[str, Any]:
    each = patiences.values()
    return {
        "domains": list(patiences),
        "intervals": [patience.interval for patience in each],
        "back": [patience.stale_after for patience in each],
        "stale": [patience.marks_stale_at for patience in each],
        "soon": [patience.leaves_soon_at for patience in each],
        "unreachable": [patience.marks_unreachable_at for patience in each],
    }
