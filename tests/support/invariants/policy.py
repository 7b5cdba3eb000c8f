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
    Invariant(
        5,
        "an execution has the targets that it was dispatched to",
        """
        SELECT executions.id::text FROM executions
        LEFT JOIN execution_targets AS target ON (target.domain_id, execution_id) = (executions.domain_id, id)
        WHERE executions.ended_at IS NULL OR executions.ended_at > now() - interval '29 days'
        GROUP BY executions.domain_id, id HAVING count(target.node_id) <> size
        """,
    ),
    Invariant(
        5,
        "a node was told of its target once if it was released, and never if it was not",
        """
        SELECT execution_id || ' ' || node_id FROM execution_targets AS target
        JOIN event_heads ON event_heads.domain_id = target.domain_id AND horizon = 0
        WHERE (released_at IS NOT NULL)::int <> (
            SELECT count(*) FROM told WHERE told.domain_id = target.domain_id AND told.subject = execution_id
                AND node_id = ANY(told.recipients)
                AND frames @> jsonb_build_array(jsonb_build_array('action_request', execution_id))
        )
        """,
    ),
    Invariant(
        5,
        "a target that its node ended has one audit row of that, and no target has two",
        """
        SELECT execution_id || ' ' || node_id FROM execution_targets AS target
        LEFT JOIN trail ON trail.context ->> 'execution' = execution_id::text AND subject = 'node:' || node_id
            AND trail.relation IN ('execution.result', 'execution.reject')
        GROUP BY target.domain_id, execution_id, node_id, target.ended_at, target.status, report
        HAVING count(trail.relation) > (target.ended_at IS NOT NULL)::int
            OR (count(trail.relation) = 0 AND (report IS NOT NULL OR target.status IN ('succeeded', 'failed')))
        """,
    ),
    Invariant(
        5,
        "an execution that ended says how its targets did, none of which is open",
        """
        SELECT executions.id::text FROM executions
        JOIN execution_targets AS target ON (target.domain_id, execution_id) = (executions.domain_id, id)
        WHERE executions.ended_at > now() - interval '29 days'
        GROUP BY executions.domain_id, id HAVING bool_or(target.ended_at IS NULL) OR executions.status <> CASE
            WHEN bool_or(target.status = 'failed') THEN 'failed' WHEN bool_or(target.status = 'timeout') THEN 'timeout'
            WHEN bool_or(target.status = 'cancelled') THEN 'cancelled' ELSE 'succeeded' END
        """,
    ),
    Invariant(
        5,
        "what is overdue is ended before it is so for 60 s",
        """
        SELECT execution_id || ' ' || node_id FROM execution_targets
        WHERE ended_at IS NULL AND deadline < now() - interval '60 s'
        """,
    ),
    Invariant(
        5,
        "a key of a dispatch stands for an execution that is there",
        """
        SELECT kept.execution_id::text FROM execution_keys AS kept
        LEFT JOIN executions ON (executions.domain_id, id) = (kept.domain_id, kept.execution_id)
        WHERE id IS NULL OR executions.project_id <> kept.project_id
        """,
    ),
    Invariant(
        7,
        "an execution has one audit row of its dispatch, and one of its cancellation at most",
        """
        SELECT executions.id::text FROM executions
        LEFT JOIN trail ON trail.context ->> 'execution' = executions.id::text AND trail.outcome = 'granted'
        GROUP BY executions.domain_id, executions.id
        HAVING count(*) FILTER (WHERE relation = 'execution.dispatch') <> 1
            OR count(*) FILTER (WHERE relation = 'execution.cancel') > 1
        """,
    ),
)
