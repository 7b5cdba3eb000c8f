"""What lists and sweeps read grows with what they find, not with all that is kept."""

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from plexsphere.platform.kernel.secret import Secret
from plexsphere.policy.adapters.postgres.actions import (
    executions,
    idempotency_keys,
    local_executions,
    overdue_targets,
    rollouts,
)
from tests.support.actions_postgres import ActionSite, a_node_id, lent_action_site
from tests.support.policy import DOMAIN, PROJECT

pytestmark = pytest.mark.postgres

MANY: Final = 5_000
# The bounds are of a page and of a handful, far below all that there is.
MOST_ROWS: Final = 100
LIMIT: Final = 6
KEPT: Final = timedelta(days=30)

# One of a thousand failed or has another action; nothing is overdue, old, or to be looked at again.
FILL: Final = (
    """
    INSERT INTO executions (domain_id, id, project_id, type, action, parameters, status, created_by,
                            approve_privileged, size, ended_at)
    SELECT %(domain)s, lpad(to_hex(n), 32, '0')::uuid, %(project)s, 'hook',
           CASE WHEN n %% 1000 = 0 THEN 'hooks/rare' ELSE 'hooks/often' END, '{}',
           CASE WHEN n %% 1000 = 1 THEN 'failed' ELSE 'succeeded' END, 'user:a', false, 1, clock_timestamp()
    FROM generate_series(1, %(many)s) AS n
    """,
    """
    INSERT INTO execution_targets (domain_id, execution_id, node_id, wire_name, checksum, timeout_seconds,
                                   released_at, deadline)
    SELECT %(domain)s, lpad(to_hex(n), 32, '0')::uuid, %(node)s, 'rare', '', 30,
           clock_timestamp(), clock_timestamp() + interval '300 seconds'
    FROM generate_series(1, %(many)s) AS n
    """,
    """
    INSERT INTO execution_rollouts (domain_id, execution_id, canary, percent, max_failures, closes_at)
    SELECT %(domain)s, lpad(to_hex(n), 32, '0')::uuid, 0, 100, 0, clock_timestamp() + interval '1 day'
    FROM generate_series(1, %(many)s) AS n
    """,
    """
    INSERT INTO execution_keys (domain_id, project_id, principal, key, body_digest, execution_id)
    SELECT %(domain)s, %(project)s, 'user:a', n::text, '', lpad(to_hex(n), 32, '0')::uuid
    FROM generate_series(1, %(many)s) AS n
    """,
    """
    INSERT INTO local_executions (domain_id, node_id, id, report)
    SELECT %(domain)s, %(node)s, n::text, '{}' FROM generate_series(1, %(many)s) AS n
    """,
    "ANALYZE executions, execution_targets, execution_rollouts, execution_keys, local_executions",
)
GIVEN: Final = {"domain": DOMAIN, "project": PROJECT, "node": a_node_id(1), "many": MANY}
PLACE: Final = {"domain": DOMAIN, "project": PROJECT, "after": UUID(int=0), "limit": LIMIT}
ACTIONS: Final = {"actions": ["rare", "hooks/rare"]}
STATEMENTS: Final[dict[str, tuple[str, Any]]] = {
    "a page": (executions.PAGE, PLACE),
    "a page of a status": (executions.PAGE_OF_STATUS, PLACE | {"status": "failed"}),
    "a page of an action": (
        executions.PAGE_OF_ACTION,
        PLACE | ACTIONS | {"statuses": ["pending", "failed", "succeeded"]},
    ),
    "a page of both": (executions.PAGE_OF_ACTION, PLACE | ACTIONS | {"statuses": ["failed"]}),
    "overdue targets": (overdue_targets.EXECUTIONS, [[], LIMIT]),
    "rollouts to look at": (rollouts.NEXT, [timedelta(minutes=1), LIMIT]),
    "keys to forget": (idempotency_keys.FORGET, [KEPT, LIMIT]),
    "local executions to forget": (local_executions.FORGET, [KEPT, LIMIT]),
    "targets to forget": (executions.FORGET_TARGETS, [KEPT, LIMIT]),
    "executions to forget": (executions.FORGET, [KEPT, LIMIT]),
}


@pytest.fixture
async def site(database: Secret[str]) -> AsyncIterator[ActionSite]:
    """A node, and a month of executions."""
    async with lent_action_site(database, nodes=1) as lent:
        for statement in FILL:
            await lent.run(statement, GIVEN)
        yield lent


async def test_what_lists_and_sweeps_read_grows_with_what_they_find(site: ActionSite) -> None:
    read = {}
    for name, (statement, given) in STATEMENTS.items():
        [[[explained]]] = await site.run(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", given)
        read[name] = sum(map(rows_read, nodes_of(explained["Plan"])))

    assert {name: rows for name, rows in read.items() if rows > MOST_ROWS} == {}


def nodes_of(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a plan's nodes."""
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes_of(part)


def rows_read(node: Mapping[str, Any]) -> float:
    """Return how many rows a node saw, those that it left out among them."""
    left_out = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Join Filter", 0)
    return float(node["Actual Loops"] * (node["Actual Rows"] + left_out))
