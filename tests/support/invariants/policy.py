"""What holds of network policies."""

from typing import Final

from tests.support.invariants.invariant import Invariant

INVARIANTS: Final = (
    Invariant(
        7,
        "a policy has an audit row for its coming and one for its going",
        """
        SELECT policies.id::text FROM network_policies AS policies
        LEFT JOIN trail ON trail.context ->> 'policy' = policies.id::text
        WHERE policies.slug <> 'default-allow-all'
        GROUP BY policies.id, deleted_at HAVING count(trail.context) <> 1 + (deleted_at IS NOT NULL)::int
        """,
    ),
    Invariant(
        7,
        "an audit row of a policy has the policy, unless its Project was deleted",
        """
        SELECT context ->> 'policy' FROM trail
        WHERE context ? 'policy' AND object_id IN (SELECT id::text FROM projects)
            AND context ->> 'policy' NOT IN (SELECT id::text FROM network_policies)
        """,
    ),
    Invariant(
        10,
        "a policy in force has its head, a deleted one no revision",
        """
        SELECT policies.id::text FROM network_policies AS policies
        LEFT JOIN network_policy_revisions AS head ON head.domain_id = policies.domain_id
            AND head.policy_id = policies.id AND head.id = head_revision_id
        WHERE (deleted_at IS NULL) <> (head.id IS NOT NULL)
        """,
    ),
)
