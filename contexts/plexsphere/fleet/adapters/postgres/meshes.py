"""Meshes in PostgreSQL."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any, Final

from psycopg.rows import TupleRow

from plexsphere.fleet.domain.errors import AddressPoolExhausted, DomainNotFound, MeshRangeInUse
from plexsphere.fleet.domain.node import NodeKind
from plexsphere.fleet.domain.pair_key import PairKeys
from plexsphere.fleet.ports.meshes import MeshRecord
from plexsphere.platform.db.database import Database
from plexsphere.platform.events.log import EventLog
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.mesh_range import MeshRange
from plexsphere.platform.kernel.sealing import Binding, Sealer
from plexsphere.platform.kernel.secret import Secret

BASE_BYTES: Final = 32
FIRST_GENERATION: Final = 1
PURPOSE: Final = "pair-key-base"

OPEN: Final = """
INSERT INTO meshes (
    domain_id, mesh_cidr, next_node_host, node_hosts_end, next_bridge_host, bridge_hosts_end,
    generation, psk_base_sealed, log_denied
) VALUES (
    %(domain)s, %(cidr)s, %(next_node)s, %(nodes_end)s, %(next_bridge)s, %(bridges_end)s, %(generation)s, %(base)s,
    %(log_denied)s
)
"""
GET: Final = "SELECT generation, psk_base_sealed, revision, log_denied FROM meshes WHERE domain_id = %s"
TAKE_TURN: Final = "UPDATE meshes SET revision = revision + 1 WHERE domain_id = %s RETURNING revision"
NOTE_DENIED: Final = "UPDATE meshes SET log_denied = %s WHERE domain_id = %s"
TAKE_NODE_HOST: Final = """
UPDATE meshes SET next_node_host = next_node_host + 1
WHERE domain_id = %s AND next_node_host < node_hosts_end
RETURNING host(mesh_cidr + (next_node_host - 1))
"""
# Where the range is too small to keep addresses for bridges, bridges and nodes count on together.
TAKE_BRIDGE_HOST: Final = """
UPDATE meshes SET
    next_bridge_host = next_bridge_host + 1,
    next_node_host = next_node_host + CASE WHEN next_bridge_host IS NULL THEN 1 ELSE 0 END
WHERE domain_id = %s AND CASE WHEN next_bridge_host IS NULL
    THEN next_node_host < node_hosts_end ELSE next_bridge_host < bridge_hosts_end END
RETURNING host(mesh_cidr + (coalesce(next_bridge_host, next_node_host) - 1))
"""
TAKE_HOST: Final[Mapping[NodeKind, str]] = {
    NodeKind.NODE: TAKE_NODE_HOST,
    NodeKind.BRIDGE: TAKE_BRIDGE_HOST,
}
TAKE_RELEASED: Final = """
DELETE FROM released_addresses WHERE (domain_id, address) = (
    SELECT domain_id, address FROM released_addresses
    WHERE domain_id = %(domain)s AND free_at <= now() AND pool = (
        SELECT CASE WHEN next_bridge_host IS NULL THEN 'node' ELSE %(kind)s::text END
        FROM meshes WHERE domain_id = %(domain)s
    )
    ORDER BY free_at, address LIMIT 1
)
RETURNING host(address)
"""
CHANGE_RANGE: Final = """
WITH changed AS (
    UPDATE meshes SET
        mesh_cidr = %(cidr)s,
        next_node_host = %(next_node)s, node_hosts_end = %(nodes_end)s,
        next_bridge_host = %(next_bridge)s, bridge_hosts_end = %(bridges_end)s
    WHERE domain_id = %(domain)s
      AND NOT EXISTS (SELECT FROM nodes WHERE domain_id = %(domain)s AND removed_at IS NULL)
      AND NOT EXISTS (SELECT FROM released_addresses WHERE domain_id = %(domain)s AND free_at > now())
    RETURNING domain_id
), forgotten AS (
    DELETE FROM released_addresses WHERE domain_id IN (SELECT domain_id FROM changed)
)
SELECT domain_id FROM changed
"""
CLOSE: Final = """
WITH claims AS (DELETE FROM stream_claims WHERE domain_id = %(domain)s)
DELETE FROM meshes WHERE domain_id = %(domain)s
"""


@dataclass(frozen=True, slots=True)
class PostgresMeshes:
    """Answers the port `Meshes`; cooldowns pass by the database's clock, whichever process asks."""

    database: Database
    sealer: Sealer
    event_log: EventLog

    async def open(self, domain_id: DomainId, mesh_range: MeshRange, /, *, log_denied: bool = True) -> None:
        """Insert the mesh with a sealed base, and open the Domain's event log."""
        base = Secret(secrets.token_bytes(BASE_BYTES))
        sealed = self.sealer.seal(base, _binding(domain_id, FIRST_GENERATION))
        given = {**_hosts(domain_id, mesh_range), "generation": FIRST_GENERATION, "base": sealed}
        given["log_denied"] = log_denied
        async with self.database.connection() as connection:
            await connection.execute(OPEN, given)
        await self.event_log.open(domain_id)

    async def get(self, domain_id: DomainId, /) -> MeshRecord | None:
        """
        Read the mesh and open its base.

        Raises:
            SealBroken: the base was sealed under another key, or for another mesh.
        """
        row = await self._row(GET, [domain_id])
        if row is None:
            return None
        generation, sealed, revision, log_denied = row
        base = self.sealer.open(sealed, _binding(domain_id, generation))
        return MeshRecord(PairKeys(generation, base), revision, log_denied)

    async def note_denied(self, domain_id: DomainId, /, *, log_denied: bool) -> None:
        """Write the column."""
        async with self.database.connection() as connection:
            await connection.execute(NOTE_DENIED, [log_denied, domain_id])

    async def take_turn(self, domain_id: DomainId, /) -> int:
        """Lock the mesh's row by raising its revision."""
        row = await self._row(TAKE_TURN, [domain_id])
        if row is None:
            raise DomainNotFound(domain_id)
        return int(row[0])

    async def take_address(self, domain_id: DomainId, kind: NodeKind, /) -> IPv4Address:
        """Take the next address never used, else the longest released one; neither scans anything."""
        row = await self._row(TAKE_HOST[kind], [domain_id])
        row = row or await self._row(TAKE_RELEASED, {"domain": domain_id, "kind": kind.value})
        if row is None:
            raise AddressPoolExhausted(domain_id)
        return IPv4Address(row[0])

    async def change_range(self, domain_id: DomainId, mesh_range: MeshRange, /) -> None:
        """Write the range where nothing stands in its way; call it within the turn."""
        if await self._row(CHANGE_RANGE, _hosts(domain_id, mesh_range)) is None:
            raise MeshRangeInUse(domain_id)

    async def close(self, domain_id: DomainId, /) -> None:
        """Delete the mesh, with its nodes and policies, and the Domain's event log."""
        async with self.database.connection() as connection:
            await connection.execute(CLOSE, {"domain": domain_id})
        await self.event_log.close(domain_id)

    async def _row(self, statement: str, given: list[Any] | Mapping[str, Any]) -> TupleRow | None:
        async with self.database.connection() as connection:
            return await (await connection.execute(statement, given)).fetchone()


def _binding(domain_id: DomainId, generation: int) -> Binding:
    return Binding(PURPOSE, domain_id, domain_id, generation)


def _hosts(domain_id: DomainId, mesh_range: MeshRange) -> dict[str, Any]:
    nodes, bridges = mesh_range.node_hosts, mesh_range.bridge_hosts
    apart = nodes != bridges
    return {
        "domain": domain_id,
        "cidr": mesh_range.network,
        "next_node": nodes.start,
        "nodes_end": nodes.stop,
        "next_bridge": bridges.start if apart else None,
        "bridges_end": bridges.stop if apart else None,
    }
