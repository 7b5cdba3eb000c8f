"""What holds of targets, of the trail of pushes and of the journal of intents."""

from typing import Final

from tests.support.invariants.invariant import Invariant

INVARIANTS: Final = (
    Invariant(
        6,
        "a push has a time of its rollback if and only if it was rolled back",
        "SELECT id::text FROM domain_hook_push WHERE (status = 'rolled_back') <> (rolled_back_at IS NOT NULL)",
    ),
    Invariant(
        7,
        "a push has an audit row for its coming and one for its undoing",
        """
        SELECT pushes.id::text FROM domain_hook_push AS pushes
        LEFT JOIN trail ON trail.context ->> 'push' = pushes.id::text AND trail.outcome = 'granted'
        GROUP BY pushes.id, rolled_back_at
        HAVING count(*) FILTER (WHERE relation = 'managed_push.push') <> 1
            OR count(*) FILTER (WHERE relation = 'managed_push.rollback') <> (rolled_back_at IS NOT NULL)::int
        """,
    ),
    Invariant(
        7,
        "an audit row of a push has the push, unless it was a dry run or the Domain was deleted",
        """
        SELECT context ->> 'push' FROM trail
        WHERE relation = 'managed_push.push' AND outcome = 'granted' AND NOT context ? 'dry_run'
            AND chain_id IN (SELECT id FROM domains)
            AND NOT EXISTS (SELECT FROM domain_hook_push WHERE id::text = context ->> 'push')
        """,
    ),
    Invariant(
        8,
        "an intent past its lease is settled before it is 60 s old",
        """
        SELECT push_id::text FROM managed_push_intents
        WHERE leased_until < now() AND created_at < now() - interval '60 s'
        """,
    ),
    Invariant(
        9,
        "what is sealed is as long as a sealed value is",
        """
        SELECT domain_id::text FROM domain_managed_push
            WHERE octet_length(kubeconfig_ciphertext) NOT BETWEEN 28 AND 131072
        UNION ALL SELECT id::text FROM domain_hook_push WHERE octet_length(prior_state) < 28
            OR octet_length(decode(pushed_spec #>> '{parameters,sealed}', 'base64')) < 28
        UNION ALL SELECT push_id::text FROM managed_push_intents WHERE octet_length(prior_state) < 28
            OR octet_length(decode(spec #>> '{parameters,sealed}', 'base64')) < 28
        """,
    ),
)
