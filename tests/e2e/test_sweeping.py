"""What is over for long is forgotten, a little at a time, and nothing else is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final, LiteralString

import psycopg
import pytest

from plexsphere.composition.builders.sweeper import build_sweeper
from plexsphere.identity.adapters.postgres.spent_credentials import PostgresSpentCredentials
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.sweeper import KEPT, Sweeper
from tests.support.control_plane import Served, served
from tests.support.event_scene import sequenced
from tests.support.machines import Machine, RawNode
from tests.support.robots import robot
from tests.support.tables import rows

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

AGED: Final[tuple[LiteralString, ...]] = (
    "UPDATE nodes SET removed_at = removed_at - %s",
    "UPDATE node_identities SET ended_at = ended_at - %s",
    "UPDATE node_drift SET reported_at = reported_at - %s",
    "UPDATE bootstrap_tokens SET expires_at = expires_at - %s, revoked_at = revoked_at - %s, "
    "issued_at = issued_at - %s",
    "UPDATE api_tokens SET revoked_at = revoked_at - %s",
)
NODES: Final = "SELECT id::text FROM nodes"
IDENTITIES: Final = "SELECT node_id::text FROM node_identities"
USED: Final = "SELECT consumed_by::text FROM bootstrap_tokens WHERE consumed_by IS NOT NULL"
UNUSED: Final = "SELECT id::text FROM bootstrap_tokens WHERE consumed_by IS NULL"
DRIFT: Final = "SELECT node_id::text FROM node_drift"
CAPABILITIES: Final = "SELECT node_id::text FROM node_capabilities"
PRUNED: Final = "SELECT addressee::text FROM event_pruned"
API_TOKENS: Final = "SELECT id::text FROM api_tokens"
TRAIL: Final = (
    "SELECT count(*) FROM (SELECT 1 FROM audit_entries UNION ALL SELECT 1 FROM audit_inbox) AS trail"
)
LOCKED: Final = "SELECT FROM api_tokens WHERE revoked_at IS NOT NULL ORDER BY id LIMIT 1 FOR UPDATE"
ALMOST: Final = KEPT - timedelta(hours=1)
BEYOND: Final = KEPT + timedelta(hours=1)


def age(database: Secret[str], by: timedelta) -> None:
    """Let what ended have ended longer ago: nobody can turn the server's clock."""
    with psycopg.connect(database.reveal(), options="-c search_path=plexsphere") as connection:
        for statement in AGED:
            connection.execute(statement, [by] * statement.count("%s"))


def ids(database: Secret[str], statement: LiteralString) -> set[str]:
    """Return the ids that a statement finds."""
    return {str(row[0]) for row in rows(database, statement)}


@asynccontextmanager
async def a_mesh(database: Secret[str]) -> AsyncIterator[tuple[Served, Sweeper, list[RawNode]]]:
    """Three nodes that all reported; the first two left, one of its own accord and one by force."""
    async with served(database) as place, place.as_operator() as client:
        tokens = await place.bootstrap_tokens(3)
        nodes = [await Machine().enrol(place.base_url, token) for token in tokens]
        for node in nodes:
            report: Any = b'{"timestamp":"2026-01-01T00:00:00Z","corrections":[{"type":"a","detail":"b"}]}'
            assert (await node.call("POST", "drift", report)).status < 300
            assert (await node.call("PUT", "capabilities", b"{}")).status < 300
        assert (await nodes[0].call("POST", "deregister")).status < 300
        (await client.delete(f"/v1/nodes/{nodes[1].id}")).raise_for_status()
        await sequenced(database)
        await place.root.platform().pruner.prune(timedelta())
        yield place, build_sweeper(place.root.platform()), nodes


async def test_nothing_remains_of_a_node_that_left_a_month_ago_but_what_the_trail_says(
    database: Secret[str],
) -> None:
    """Used tokens and nodes are there together, one to one, before and afterwards."""
    async with a_mesh(database) as (_, sweeper, nodes):
        everybody, stayed = {node.id for node in nodes}, {nodes[2].id}
        trail = rows(database, TRAIL)
        age(database, ALMOST)
        early = await sweeper.sweep(KEPT)
        before = [ids(database, each) for each in (NODES, IDENTITIES, USED, CAPABILITIES)]
        concerned = ids(database, PRUNED)
        age(database, BEYOND - ALMOST)
        await asyncio.gather(*(sweeper.sweep(KEPT) for _ in range(3)))
        answer = await nodes[0].call("GET", "state")

    assert early == 0
    assert before == [everybody] * 4
    assert everybody <= concerned
    assert [ids(database, each) for each in (NODES, IDENTITIES, USED, CAPABILITIES)] == [stayed] * 4
    assert ids(database, DRIFT) == set()
    assert ids(database, PRUNED) & everybody == stayed
    assert rows(database, TRAIL) == trail
    assert answer.status == 401


async def test_tokens_that_died_unused_a_month_ago_are_forgotten_and_no_other(
    database: Secret[str],
) -> None:
    async with served(database) as place, place.as_operator() as client:
        path = f"/v1/projects/{place.project_id}/bootstrap-tokens"
        revoked, expired = [(await client.post(path, json={})).json() for _ in range(2)]
        (await client.delete(f"{path}/{revoked['token_id']}")).raise_for_status()
        caller = await robot(client, place.domain_id)
        (await client.delete(f"/v1/admin/tokens/{caller.token_id}")).raise_for_status()
        age(database, BEYOND)
        alive = (await client.post(path, json={})).json()
        swept = await build_sweeper(place.root.platform()).sweep(KEPT)
        listed = (await client.get(path)).json()

    assert swept == 3
    assert ids(database, UNUSED) == {alive["token_id"]}
    assert {each["id"] for each in listed["items"]} == {alive["token_id"]} != {expired["token_id"]}
    assert caller.token_id not in ids(database, API_TOKENS)
    assert len(ids(database, API_TOKENS)) == 1


async def test_a_sweep_takes_no_more_than_it_may_and_passes_over_what_others_hold(
    database: Secret[str],
) -> None:
    async with served(database) as place, place.as_operator() as client:
        callers = [await robot(client, place.domain_id, name) for name in ("one", "two", "three", "four")]
        for each in callers:
            (await client.delete(f"/v1/admin/tokens/{each.token_id}")).raise_for_status()
        age(database, BEYOND)
        spent = PostgresSpentCredentials(place.root.platform().backstage)
        with psycopg.connect(database.reveal(), options="-c search_path=plexsphere") as holder:
            holder.execute(LOCKED)
            swept = [await spent.forget_api_tokens(KEPT, 2) for _ in range(3)]
        last = await spent.forget_api_tokens(KEPT, 2)

    assert (swept, last) == ([2, 1, 0], 1)
