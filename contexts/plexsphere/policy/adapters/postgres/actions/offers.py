"""Open offers in PostgreSQL."""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from psycopg.rows import TupleRow

from plexsphere.platform.db import steps
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, ExecutionId, NodeId
from plexsphere.policy.ports.actions.offers import Offer

# Each of them has 100 offers at most.
NODES_AT_ONCE: Final = 256
# Of 16 KiB at most.
TEXTS_AT_ONCE: Final = 64

# ruff: noqa: S608  # every statement is put together from constants of this module alone
OPEN: Final = "target.ended_at IS NULL AND target.status = 'pending' AND deadline > clock_timestamp()"
NODES: Final = f"""
SELECT DISTINCT node_id FROM execution_targets AS target
WHERE target.domain_id = %(domain)s AND {OPEN} ORDER BY node_id
"""
OF_NODES: Final = f"""
SELECT target.node_id, target.execution_id, wire_name, type, target.parameters, timeout_seconds, checksum, deadline
FROM execution_targets AS target
JOIN executions AS execution ON (execution.domain_id, execution.id) = (target.domain_id, target.execution_id)
WHERE target.domain_id = %(domain)s AND target.node_id = ANY(%(nodes)s) AND {OPEN}
ORDER BY target.node_id, target.execution_id
"""
TEXTS: Final = "SELECT id, parameters FROM executions WHERE domain_id = %(domain)s AND id = ANY(%(ids)s)"


class Texts:
    """Parameters as text: each is held once, however many nodes are told it."""

    def __init__(self) -> None:
        self._of_executions: Final[dict[UUID, str]] = {}
        self._of_targets: Final[dict[str, str]] = {}

    def unknown(self, rows: Sequence[TupleRow]) -> list[UUID]:
        """Return which executions have the parameters of these rows, and were not asked for theirs."""
        return list({row[1] for row in rows if row[4] is None} - self._of_executions.keys())

    def know(self, texts: Sequence[TupleRow]) -> None:
        """Hold what these executions have."""
        self._of_executions.update(texts)

    def of(self, row: TupleRow) -> str | None:
        """Return what is told: the target's own, else the execution's; None when that is gone."""
        own = row[4]
        return self._of_executions.get(row[1]) if own is None else self._of_targets.setdefault(own, own)


@dataclass(frozen=True, slots=True)
class PostgresOffers:
    """Answers the port `Offers`."""

    database: Database

    async def all_of(self, domain_id: DomainId, /) -> Sequence[Offer]:
        """Find the nodes in the index over open targets, and read the offers of a few at a time."""
        nodes = await self._rows(NODES, {"domain": domain_id})
        return await self.of_nodes(domain_id, [NodeId(node_id) for (node_id,) in nodes])

    async def of_nodes(self, domain_id: DomainId, nodes: Collection[NodeId], /) -> Sequence[Offer]:
        """Read a few nodes at a time, and the parameters of each execution once."""
        offers: list[Offer] = []
        texts, asked = Texts(), list(nodes)
        for some in _parts(asked, NODES_AT_ONCE):
            rows = await self._rows(OF_NODES, {"domain": domain_id, "nodes": some})
            for ids in _parts(texts.unknown(rows), TEXTS_AT_ONCE):
                texts.know(await self._rows(TEXTS, {"domain": domain_id, "ids": ids}))
            for handful in _parts(rows, steps.AT_ONCE):
                offers += _offers(handful, texts)
                await asyncio.sleep(0)
        return offers

    async def _rows(self, statement: str, given: Mapping[str, Any]) -> list[TupleRow]:
        async with self.database.connection() as connection:
            return await steps.in_steps(await connection.execute(statement, given), tuple)


def _parts(whole: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (whole[first : first + size] for first in range(0, len(whole), size))


def _offers(rows: Sequence[TupleRow], texts: Texts) -> Iterator[Offer]:
    for row in rows:
        parameters = texts.of(row)
        if parameters is not None:
            yield _offer(row, parameters)


def _offer(row: TupleRow, parameters: str) -> Offer:
    node_id, execution_id, action, kind, _, timeout_seconds, checksum, expires_at = row
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
