"""Rows of the table `nodes` and the nodes they mean."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from psycopg import AsyncCursor
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from plexsphere.fleet.domain.hostname import Hostname
from plexsphere.fleet.domain.node import Node, NodeKind, Reachability
from plexsphere.fleet.domain.public_key import PublicKey
from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId

COLUMNS: Final = (
    "domain_id, id, project_id, kind, name, hostname, public_key, mesh_ip, endpoint, nat_type, psk_epoch, "
    "metadata, facts, version, reachability, created_at, first_offset, removed_at, silence, is_withheld"
)
# Two columns, so that a process which knows nothing of silence reads a reachability that it knows.
STORED: Final[Mapping[Reachability, tuple[str, str]]] = {
    Reachability.NEVER_REPORTED: ("never_reported", "none"),
    Reachability.HEALTHY: ("healthy", "none"),
    Reachability.STALE: ("healthy", "stale"),
    Reachability.UNREACHABLE: ("healthy", "unreachable"),
}
REACHABILITY_OF: Final = {stored: reachability for reachability, stored in STORED.items()}

# So many rows become nodes in less than 2 ms.
AT_ONCE: Final = 64


def columns_of(node: Node) -> list[Any]:
    """Return what a node is stored as, in the order of `COLUMNS`."""
    reported, silence = STORED[node.reachability]
    return [
        node.domain_id,
        node.id,
        node.project_id,
        node.kind.value,
        node.name,
        node.hostname,
        node.public_key.octets,
        node.mesh_ip,
        node.endpoint,
        node.nat_type,
        node.psk_epoch,
        Jsonb(dict(node.metadata)),
        Jsonb(dict(node.facts)),
        node.version,
        reported,
        node.created_at,
        node.first_offset,
        node.removed_at,
        silence,
        node.is_withheld,
    ]


def node_of(row: Sequence[Any]) -> Node:
    """Return the node that a SELECT of `COLUMNS` yielded."""
    domain_id, node_id, project_id, kind, name, hostname, public_key, mesh_ip, *rest = row
    endpoint, nat_type, psk_epoch, metadata, facts, version, reported, *life = rest
    created_at, first_offset, removed_at, silence, is_withheld = life
    return Node(
        domain_id=DomainId(domain_id),
        id=NodeId(node_id),
        project_id=ProjectId(project_id),
        kind=NodeKind(kind),
        name=name,
        hostname=Hostname(hostname),
        public_key=PublicKey(public_key),
        mesh_ip=mesh_ip,
        endpoint=endpoint,
        nat_type=nat_type,
        psk_epoch=psk_epoch,
        metadata=metadata,
        facts=facts,
        version=version,
        reachability=REACHABILITY_OF[reported, silence],
        created_at=created_at,
        first_offset=first_offset,
        removed_at=removed_at,
        is_withheld=is_withheld,
    )


async def nodes_of(cursor: AsyncCursor[TupleRow]) -> list[Node]:
    """Return every node of a result, however many, without holding up the other tasks of the process."""
    nodes: list[Node] = []
    while rows := await cursor.fetchmany(AT_ONCE):
        nodes += map(node_of, rows)
        await asyncio.sleep(0)
    return nodes
