"""Open offers in PostgreSQL."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId
from plexsphere.policy.ports.actions.offers import Offer

# So many rows become offers in less than 2 ms.
AT_ONCE: Final = 256

OPEN: Final = """
SELECT target.node_id, target.execution_id, wire_name, type, coalesce(target.parameters, execution.parameters),
       timeout_seconds, checksum, deadline
FROM execution_targets AS target
JOIN executions AS execution ON (execution.domain_id, execution.id) = (target.domain_id, target.execution_id)
WHERE target.domain_id = %(domain)s AND target.ended_at IS NULL AND target.status = 'pending'
    AND deadline > clock_timestamp()
"""
IN_ORDER: Final = "ORDER BY target.node_id, target.execution_id"
ALL_OF: Final = f"{OPEN} {IN_ORDER}"
OF_NODES: Final = f"{OPEN} AND target.node_id = ANY(%(nodes)s) {IN_ORDER}"


@dataclass(frozen=True, slots=True)
class PostgresOffers:
    """Answers the port `Offers`."""

    database: Database

    async def all_of(self, domain_id: DomainId, /) -> Sequence[Offer]:
        """Read the index over open targets."""
        return await self._offers(ALL_OF, {"domain": domain_id})

    async def of_nodes(self, domain_id: DomainId, nodes: Collection[NodeId], /) -> Sequence[Offer]:
        """Read the index over open targets."""
        return await self._offers(OF_NODES, {"domain": domain_id, "nodes": list(nodes)})

    async def _offers(self, statement: str, given: Mapping[str, Any]) -> Sequence[Offer]:
        offers: list[Offer] = []
        async with self.database.connection() as connection:
            cursor = await connection.execute(statement, given)
            while rows := await cursor.fetchmany(AT_ONCE):
                offers += map(_offer, rows)
                await asyncio.sleep(0)
        return offers


def _offer(row: Sequence[Any]) -> Offer:
    node_id, execution_id, action, kind, parameters, timeout_seconds, checksum, expires_at = row
    return Offer(
        node_id=NodeId(node_id),
        execution_id=ExecutionId(execution_id),
        action=action,
        type=kind,
        parameters=parameters,
        timeout_seconds=timeout_seconds,
        checksum=checksum,
        expires_at=expires_at,
    )
