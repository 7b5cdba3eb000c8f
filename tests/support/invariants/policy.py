"""What holds of network policies."""

from typing import Final

from tests.support.invariants.invariant import Invariant

INVARIANTS: Final = (
    Invariant(
        7,
        "a policy has an audit row for its coming and one for its going",
        """
        SELECT policies.id::text FROM network_policies AS policies
        LEFT JOIN trail ON trail.context ->> 'policy' = policies.id::text AND trail.relation <> 'policy.update'
        WHERE policies.slug <> 'default-allow-all'
        GROUP BY policies.id, deleted_at HAVING count(trail.context) <> 1 + (deleted_at IS NOT NULL)::int
        """,
    ),
    Invariant(
        7,
        "each revision of a policy behind its first has an audit row of its own",
        """
        SELECT policies.id::text FROM network_policies AS policies
        LEFT JOIN trail ON trail.context ->> 'policy' = policies.id::text AND trail.relation = 'policy.update'
        GROUP BY policies.id, head_number HAVING count(trail.context) < head_number - 1
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
        WHERE (deleted_at IS NULL) <> (head.id IS NOT NULL) OR head.number <> head_number
        """,
    ),
    Invariant(
        10,
        "each revision of a policy but the first was written upon the one before",
        """
        SELECT revisions.id::text FROM network_policy_revisions AS revisions
        LEFT JOIN network_policy_revisions AS parent ON parent.domain_id = revisions.domain_id
            AND parent.policy_id = revisions.policy_id AND parent.id = revisions.parent_id
        WHERE revisions.number <> coalesce(parent.number, 0) + 1
        """,
    ),
)
