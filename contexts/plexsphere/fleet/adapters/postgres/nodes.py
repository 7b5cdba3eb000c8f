"""Nodes in PostgreSQL."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from plexsphere.fleet.adapters.postgres.node_rows import AT_ONCE, COLUMNS, columns_of, node_of, nodes_of
from plexsphere.fleet.domain.errors import FleetError, HostnameTaken, PublicKeyTaken
from plexsphere.fleet.domain.node import Node
from plexsphere.fleet.ports.nodes import NodePage
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId

PLACES: Final = ", ".join(["%s"] * len(COLUMNS.split(", ")))
TAKEN: Final[Mapping[str, type[FleetError]]] = {
    "nodes_hostname": HostnameTaken,
    "nodes_public_key": PublicKeyTaken,
}

# ruff: noqa: S608  # every statement is put together from constants of this package alone
ADD: Final = f"INSERT INTO nodes ({COLUMNS}, revision) VALUES ({PLACES}, %s)"
GET: Final = f"SELECT {COLUMNS} FROM nodes WHERE domain_id = %s AND id = %s AND removed_at IS NULL"
FIND: Final = f"SELECT {COLUMNS} FROM nodes WHERE id = %s AND removed_at IS NULL"
ALL_OF: Final = f"SELECT {COLUMNS} FROM nodes WHERE domain_id = %s AND removed_at IS NULL ORDER BY id"
# Two statements instead of one with an optional filter, so that each has the index it needs.
PAGE_OF_DOMAIN: Final = f"""
SELECT {COLUMNS} FROM nodes
WHERE domain_id = %(domain)s AND id > %(after)s AND removed_at IS NULL ORDER BY id LIMIT %(limit)s
"""
PAGE_OF_ALL: Final = f"""
SELECT {COLUMNS} FROM nodes WHERE id > %(after)s AND removed_at IS NULL ORDER BY id LIMIT %(limit)s
"""
BEFORE_ALL: Final = "00000000-0000-0000-0000-000000000000"
CHANGED: Final = f"""
SELECT {COLUMNS} FROM nodes
WHERE domain_id = %(domain)s AND id IN (
    SELECT id FROM nodes WHERE domain_id = %(domain)s AND revision > %(revision)s
    UNION
    SELECT unnest(%(also)s::uuid[])
)
ORDER BY id
"""
FACTS: Final = "SELECT id, facts FROM nodes WHERE domain_id = %s AND id = ANY(%s) AND removed_at IS NULL"
COUNT: Final = "SELECT count(*) FROM nodes WHERE domain_id = %s AND removed_at IS NULL"
COUNT_OF_PROJECT: Final = f"{COUNT} AND project_id = %s"
SET_ENDPOINT: Final = """
UPDATE nodes SET endpoint = %(endpoint)s, nat_type = %(nat_type)s, version = version + 1
WHERE domain_id = %(domain)s AND id = %(node)s AND removed_at IS NULL
  AND (endpoint, nat_type) IS DISTINCT FROM (%(endpoint)s::text, %(nat_type)s::text)
"""
SET_NAMED: Final = """
UPDATE nodes SET name = %s, metadata = %s, revision = %s, version = version + 1
WHERE domain_id = %s AND id = %s AND removed_at IS NULL
"""
# Rows are locked in the order of their ids here and wherever else many are written, so that no two writers wait for
# each other.
MOVE_EPOCHS: Final = """
WITH locked AS MATERIALIZED (
    SELECT id FROM nodes WHERE domain_id = %(domain)s AND id = ANY(%(nodes)s) AND removed_at IS NULL
    ORDER BY id FOR NO KEY UPDATE
)
UPDATE nodes SET psk_epoch = psk_epoch + 1, version = version + 1, revision = %(revision)s
FROM locked WHERE nodes.domain_id = %(domain)s AND nodes.id = locked.id
"""
DEPART: Final = """
WITH gone AS (
    UPDATE nodes SET removed_at = now(), version = version + 1, revision = %s
    WHERE domain_id = %s AND id = %s AND removed_at IS NULL
    RETURNING domain_id, mesh_ip, kind
)
INSERT INTO released_addresses (domain_id, address, pool, free_at)
SELECT domain_id, mesh_ip, CASE WHEN next_bridge_host IS NULL THEN 'node' ELSE kind END, now() + interval '1 hour'
FROM gone JOIN meshes USING (domain_id)
"""
TAKE_FIRST_OFFSET: Final = """
WITH unopened AS MATERIALIZED (
    SELECT domain_id, id, first_offset FROM nodes
    WHERE domain_id = %s AND id = %s AND removed_at IS NULL AND first_offset IS NOT NULL
    FOR NO KEY UPDATE
)
UPDATE nodes SET first_offset = NULL FROM unopened
WHERE nodes.domain_id = unopened.domain_id AND nodes.id = unopened.id
RETURNING unopened.first_offset
"""


@dataclass(frozen=True, slots=True)
class PostgresNodes:
    """Answers the port `Nodes`."""

    database: Database

    async def add(self, node: Node, revision: int, /) -> None:
        """Insert the node; the unique indexes over live nodes decide races."""
        try:
            await self._write(ADD, [*columns_of(node), revision])
        except UniqueViolation as error:
            taken = TAKEN.get(error.diag.constraint_name or "")
            if taken is None:
                raise
            raise taken from error

    async def get(self, domain_id: DomainId, node_id: NodeId, /) -> Node | None:
        """Read by the primary key."""
        return await self._one(GET, [domain_id, node_id])

    async def find(self, node_id: NodeId, /) -> Node | None:
        """Read by the index over ids alone."""
        return await self._one(FIND, [node_id])

    async def page(self, domain_id: DomainId | None, after: NodeId | None, limit: int, /) -> NodePage:
        """Read one row more than asked for, to know whether the page is the last."""
        statement = PAGE_OF_ALL if domain_id is None else PAGE_OF_DOMAIN
        given = {"domain": domain_id, "after": after or BEFORE_ALL, "limit": limit + 1}
        nodes = await self._many(statement, given)
        return NodePage(tuple(nodes[:limit]), len(nodes) <= limit)

    async def all_of(self, domain_id: DomainId, /) -> Sequence[Node]:
        """Read every live node."""
        return await self._many(ALL_OF, [domain_id])

    async def changed(
        self, domain_id: DomainId, revision: int, also: Collection[NodeId], /
    ) -> Sequence[Node]:
        """Read by the index over revisions, and by the primary key."""
        return await self._many(CHANGED, {"domain": domain_id, "revision": revision, "also": list(also)})

    async def facts_of(
        self, domain_id: DomainId, nodes: Collection[NodeId], /
    ) -> Mapping[NodeId, Mapping[str, str]]:
        """Read by the primary key; others work between two handfuls of rows."""
        found: dict[NodeId, Mapping[str, str]] = {}
        async with self.database.connection() as connection:
            cursor = await connection.execute(FACTS, [domain_id, list(nodes)])
            while rows := await cursor.fetchmany(AT_ONCE):
                found |= {NodeId(node_id): facts for node_id, facts in rows}
                await asyncio.sleep(0)
        return found

    async def count(self, domain_id: DomainId, project_id: ProjectId | None, /) -> int:
        """Count live nodes."""
        if project_id is None:
            return await self._number(COUNT, [domain_id])
        return await self._number(COUNT_OF_PROJECT, [domain_id, project_id])

    async def set_endpoint(
        self, domain_id: DomainId, node_id: NodeId, endpoint: str, nat_type: str, /
    ) -> bool:
        """Write only where something differs."""
        given = {"domain": domain_id, "node": node_id, "endpoint": endpoint, "nat_type": nat_type}
        return await self._write(SET_ENDPOINT, given) == 1

    async def set_named(self, node: Node, revision: int, /) -> None:
        """Write name and metadata alone."""
        metadata = Jsonb(dict(node.metadata))
        await self._write(SET_NAMED, [node.name, metadata, revision, node.domain_id, node.id])

    async def move_epochs(self, domain_id: DomainId, nodes: Collection[NodeId], revision: int, /) -> None:
        """Write all rows in one statement."""
        await self._write(MOVE_EPOCHS, {"domain": domain_id, "nodes": list(nodes), "revision": revision})

    async def depart(self, domain_id: DomainId, node_id: NodeId, revision: int, /) -> None:
        """Mark the row and let its address cool down for an hour, in one statement and by the database's clock."""
        await self._write(DEPART, [revision, domain_id, node_id])

    async def take_first_offset(self, domain_id: DomainId, node_id: NodeId, /) -> int | None:
        """Clear the column and return what it held."""
        async with self.database.connection() as connection:
            row = await (await connection.execute(TAKE_FIRST_OFFSET, [domain_id, node_id])).fetchone()
            return row[0] if row else None

    async def _one(self, statement: str, given: Sequence[Any]) -> Node | None:
        async with self.database.connection() as connection:
            row = await (await connection.execute(statement, given)).fetchone()
            return node_of(row) if row else None

    async def _many(self, statement: str, given: Sequence[Any] | Mapping[str, Any]) -> list[Node]:
        async with self.database.connection() as connection:
            return await nodes_of(await connection.execute(statement, given))

    async def _number(self, statement: str, given: Sequence[Any]) -> int:
        async with self.database.connection() as connection:
            row = await (await connection.execute(statement, given)).fetchone()
            return row[0] if row else 0

    async def _write(self, statement: str, given: Sequence[Any] | Mapping[str, Any]) -> int:
        async with self.database.connection() as connection:
            return (await connection.execute(statement, given)).rowcount
