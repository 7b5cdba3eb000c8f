"""What holds of nodes and of the mesh."""

from typing import Final

from tests.support.invariants.invariant import Invariant

INVARIANTS: Final = (
    Invariant(
        2,
        "no two live nodes of a Domain share a mesh address",
        """
        SELECT domain_id || ' ' || mesh_ip FROM nodes WHERE removed_at IS NULL
        GROUP BY domain_id, mesh_ip HAVING count(*) > 1
        """,
    ),
    Invariant(
        2,
        "no two live nodes of a Domain share a hostname",
        """
        SELECT domain_id || ' ' || hostname FROM nodes WHERE removed_at IS NULL
        GROUP BY domain_id, hostname HAVING count(*) > 1
        """,
    ),
    Invariant(
        2,
        "no two live nodes of a Domain share a public key",
        """
        SELECT min(id::text) FROM nodes WHERE removed_at IS NULL
        GROUP BY domain_id, public_key HAVING count(*) > 1
        """,
    ),
    Invariant(
        2,
        "an address is a live node's, or cools down, or was never given out",
        """
        SELECT nodes.domain_id || ' ' || mesh_ip FROM nodes
        JOIN meshes USING (domain_id)
        LEFT JOIN released_addresses AS released
            ON released.domain_id = nodes.domain_id AND released.address = mesh_ip
        WHERE (removed_at IS NULL AND released.address IS NOT NULL)
            OR (nodes.kind = 'node' AND mesh_ip - network(mesh_cidr)::inet >= next_node_host)
            OR (removed_at IS NOT NULL AND released.address IS NULL AND NOT EXISTS (
                SELECT FROM nodes AS heir WHERE heir.domain_id = nodes.domain_id
                    AND heir.mesh_ip = nodes.mesh_ip AND heir.created_at > nodes.removed_at
            ))
        """,
    ),
    Invariant(
        4,
        "whoever sees a node was told that it came, and its former peers that it went",
        """
        SELECT nodes.id::text FROM nodes
        JOIN event_heads ON event_heads.domain_id = nodes.domain_id AND horizon = 0
        WHERE NOT EXISTS (
            SELECT FROM told WHERE told.domain_id = nodes.domain_id AND told.subject = nodes.id
                AND frames @> jsonb_build_array(jsonb_build_array('peer_added', nodes.id))
        ) OR (removed_at IS NOT NULL AND NOT EXISTS (
            SELECT FROM told WHERE told.domain_id = nodes.domain_id AND told.subject = nodes.id
                AND frames @> jsonb_build_array(jsonb_build_array('peer_removed', nodes.id))
        ))
        """,
    ),
    Invariant(
        7,
        "a node has an audit row for its coming and one for its going",
        """
        SELECT nodes.id::text FROM nodes
        LEFT JOIN trail ON trail.object_type = 'node' AND trail.object_id = nodes.id::text
            AND trail.outcome = 'granted'
        GROUP BY nodes.id, removed_at
        HAVING count(*) FILTER (WHERE trail.relation = 'node.register') <> 1
            OR (removed_at IS NOT NULL AND count(*) FILTER (WHERE trail.relation NOT LIKE 'node.register%') = 0)
        """,
    ),
    Invariant(
        7,
        "an audit row of a registration has its node, unless the Domain was deleted",
        """
        SELECT trail.object_id FROM trail
        WHERE relation = 'node.register' AND chain_id IN (SELECT id FROM domains)
            AND object_id NOT IN (SELECT id::text FROM nodes)
        """,
    ),
    Invariant(
        10,
        "a live node belongs to a Project of its Domain",
        """
        SELECT nodes.id::text FROM nodes
        LEFT JOIN projects ON projects.domain_id = nodes.domain_id AND projects.id = project_id
        WHERE removed_at IS NULL AND projects.id IS NULL
        """,
    ),
    Invariant(
        12,
        "nothing is newer than the revision of its mesh",
        """
        SELECT changed.id::text FROM (
            SELECT domain_id, id, revision FROM nodes UNION ALL SELECT domain_id, id, revision FROM network_policies
        ) AS changed JOIN meshes USING (domain_id) WHERE changed.revision > meshes.revision
        """,
    ),
)
