"""What holds of the event log and of the audit trail."""

from typing import Final

from tests.support.invariants.invariant import Invariant

INVARIANTS: Final = (
    Invariant(
        4,
        "the log of each Domain is dense from its horizon to its head",
        """
        SELECT domain_id::text FROM event_heads LEFT JOIN LATERAL (
            SELECT count(*) AS rows, min(log_offset) AS first, max(log_offset) AS last
            FROM event_log WHERE event_log.domain_id = event_heads.domain_id
        ) AS kept ON true
        WHERE (rows > 0 AND (last <> next_offset - 1 OR rows <> last - first + 1 OR first <= horizon))
            OR (rows = 0 AND horizon <> next_offset - 1)
        """,
    ),
    Invariant(
        4,
        "every row of the log can be found by each node that it names",
        """
        SELECT domain_id || ' ' || log_offset || ' ' || recipient FROM event_log,
            LATERAL (SELECT DISTINCT unnest(recipients || reconcile) AS recipient) AS named
        WHERE recipient IS NOT NULL AND NOT EXISTS (
            SELECT FROM event_recipients
            WHERE event_recipients.domain_id = event_log.domain_id
                AND event_recipients.recipient = named.recipient
                AND event_recipients.log_offset = event_log.log_offset
        )
        """,
    ),
    Invariant(
        10,
        "what waits for its offset, or has one, belongs to a Domain with a log",
        """
        SELECT domain_id::text FROM (
            SELECT domain_id FROM event_inbox UNION SELECT domain_id FROM event_log
            UNION SELECT domain_id FROM event_recipients UNION SELECT domain_id FROM event_pruned
        ) AS told WHERE domain_id NOT IN (SELECT domain_id FROM event_heads)
        """,
    ),
    Invariant(
        7,
        "no entry is sealed twice, none beyond the head of its chain",
        """
        SELECT chain_id || ' ' || kept.last FROM audit_heads JOIN (
            SELECT chain_id, count(*) AS entries, max(seq) AS last FROM audit_entries GROUP BY chain_id
        ) AS kept USING (chain_id)
        WHERE entries <> last OR last <> next_seq - 1
        """,
    ),
)
