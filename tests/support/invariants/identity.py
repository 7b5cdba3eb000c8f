"""What holds of tenants, principals and credentials."""

from typing import Final

from tests.support.invariants.invariant import Invariant

INVARIANTS: Final = (
    Invariant(
        1,
        "a used token has its node",
        """
        SELECT tokens.id::text FROM bootstrap_tokens AS tokens
        LEFT JOIN nodes ON nodes.domain_id = tokens.domain_id AND nodes.id = consumed_by
        WHERE consumed_by IS NOT NULL AND (nodes.id IS NULL OR nodes.project_id <> tokens.project_id)
        """,
    ),
    Invariant(
        1,
        "a node has the one token that it used, and an identity of that token",
        """
        SELECT nodes.id::text FROM nodes
        LEFT JOIN node_identities AS identity ON identity.node_id = nodes.id
        LEFT JOIN bootstrap_tokens AS tokens ON consumed_by = nodes.id
        GROUP BY nodes.id
        HAVING count(*) <> 1 OR min(tokens.id::text) IS NULL
            OR min(tokens.id::text) IS DISTINCT FROM min(identity.bootstrap_token_id::text)
        """,
    ),
    Invariant(
        7,
        "a token of a machine has an audit row for its issue and one for its revocation",
        """
        SELECT tokens.id::text FROM bootstrap_tokens AS tokens
        LEFT JOIN trail ON trail.context ->> 'token' = tokens.id::text
        GROUP BY tokens.id, revoked_at
        HAVING count(trail.context) < 1 + (revoked_at IS NOT NULL)::int
        """,
    ),
    Invariant(
        7,
        "an API token has an audit row for its issue and one for its revocation",
        """
        SELECT owner FROM (
            SELECT principals.kind || ':' || principals.id AS owner,
                count(*) + count(revoked_at) FILTER (WHERE rotated_at IS NULL) AS mutations
            FROM api_tokens JOIN principals ON principals.id = principal_id
            WHERE domain_id IS NOT NULL GROUP BY 1
        ) AS made
        WHERE mutations > (
            SELECT count(*) FROM trail
            WHERE context ? 'token' AND trail.object_type || ':' || trail.object_id = owner
        )
        """,
    ),
    Invariant(
        7,
        "a Domain, a Project and a service identity have an audit row",
        """
        SELECT kind || ':' || id FROM (
            SELECT 'domain' AS kind, id FROM domains
            UNION ALL SELECT 'project', id FROM projects
            UNION ALL SELECT kind, id FROM principals WHERE kind = 'service-identity'
        ) AS made
        WHERE NOT EXISTS (SELECT FROM trail WHERE object_type = kind AND object_id = made.id::text)
        """,
    ),
    Invariant(
        7,
        "a granted relation has an audit row",
        """
        SELECT relation_tuples.id::text FROM relation_tuples WHERE project_id IS NOT NULL
            AND NOT EXISTS (SELECT FROM trail WHERE context ->> 'tuple' = relation_tuples.id::text)
        """,
    ),
    Invariant(
        7,
        "an audit row of a token has the token, unless its home was deleted",
        """
        SELECT trail.context ->> 'token' FROM trail
        WHERE context ? 'token'
            AND (object_type <> 'project' OR object_id IN (SELECT id::text FROM projects))
            AND NOT EXISTS (SELECT FROM bootstrap_tokens WHERE id::text = context ->> 'token')
            AND NOT EXISTS (SELECT FROM api_tokens WHERE id::text = context ->> 'token')
        """,
    ),
    Invariant(
        10,
        "a Domain has its mesh and its log, and they have their Domain",
        """
        SELECT coalesce(domains.id, meshes.domain_id, event_heads.domain_id)::text
        FROM domains
        FULL JOIN meshes ON meshes.domain_id = domains.id
        FULL JOIN event_heads ON event_heads.domain_id = coalesce(domains.id, meshes.domain_id)
        WHERE domains.id IS NULL OR meshes.domain_id IS NULL OR event_heads.domain_id IS NULL
        """,
    ),
    Invariant(
        10,
        "a relation is between things that are there",
        """
        SELECT relation_tuples.id::text FROM relation_tuples,
            LATERAL (VALUES (subject_type, subject_id), (object_type, object_id)) AS ends (kind, name)
        WHERE (kind = 'domain' AND name NOT IN (SELECT id::text FROM domains))
            OR (kind = 'project' AND name NOT IN (SELECT id::text FROM projects))
        """,
    ),
    Invariant(
        11,
        "there is exactly one current signing key",
        "SELECT count(*)::text FROM signing_keys WHERE status = 'current' HAVING count(*) <> 1",
    ),
    Invariant(
        12,
        "an identity is live if and only if its node is",
        """
        SELECT node_id::text FROM node_identities AS identity
        LEFT JOIN nodes ON nodes.domain_id = identity.domain_id AND nodes.id = node_id
        WHERE nodes.id IS NULL OR (ended_at IS NULL) <> (removed_at IS NULL)
        """,
    ),
)
