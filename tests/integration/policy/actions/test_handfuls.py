"""However large a cohort is, a handful of its rows is made into values at a time, and its parameters are held once."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import psycopg
import pytest
from psycopg.types.json import Jsonb

from plexsphere.platform.db import steps
from plexsphere.platform.kernel.secret import Secret
from plexsphere.policy.adapters.postgres.actions import offers
from plexsphere.policy.adapters.postgres.hooks.announced_actions import PostgresAnnouncedActions
from plexsphere.policy.adapters.postgres.hooks.definition_rows import definition_given
from plexsphere.policy.domain.actions.definition import ActionDefinition, ActionType, ParameterDefinition
from tests.support.actions_postgres import INFO, ActionSite, a_node_id, lent_action_site
from tests.support.policy import AUTHOR, DOMAIN, PROJECT

pytestmark = pytest.mark.postgres

NODES: Final = [a_node_id(number) for number in range(1, 6)]
NOTE: Final = ActionDefinition(ActionType.BUILTIN, "note", (ParameterDefinition("text", "string"),))
UPGRADE: Final = ActionDefinition(
    ActionType.BUILTIN,
    "service.upgrade",
    (ParameterDefinition("version", "string"), ParameterDefinition("checksum", "string")),
)
ANNOUNCE: Final = (
    "INSERT INTO announced_actions SELECT domain_id, id, 'builtin', 'system.info', %(definition)s FROM nodes"
)


@pytest.fixture
async def site(database: Secret[str]) -> AsyncIterator[ActionSite]:
    """Five nodes."""
    async with lent_action_site(database, nodes=5) as lent:
        yield lent


@pytest.fixture
def handfuls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let a handful be two rows; return how many rows each reading of a cursor made into values."""
    sizes: list[int] = []
    fetchall, fetchmany = psycopg.AsyncCursor.fetchall, psycopg.AsyncCursor.fetchmany

    async def all_noted(self: psycopg.AsyncCursor[Any]) -> Sequence[Any]:
        rows = await fetchall(self)
        sizes.append(len(rows))
        return rows

    async def many_noted(self: psycopg.AsyncCursor[Any], size: int = 0) -> Sequence[Any]:
        rows = await fetchmany(self, size)
        sizes.append(len(rows))
        return rows

    monkeypatch.setattr(psycopg.AsyncCursor, "fetchall", all_noted)
    monkeypatch.setattr(psycopg.AsyncCursor, "fetchmany", many_noted)
    monkeypatch.setattr(steps, "AT_ONCE", 2)
    return sizes


async def test_a_cohort_is_announced_dispatched_offered_and_ended_a_handful_at_a_time(
    site: ActionSite, handfuls: list[int]
) -> None:
    await site.run(ANNOUNCE, {"definition": Jsonb(definition_given(INFO))})
    announced = PostgresAnnouncedActions(site.one.database)
    found = await announced.of(DOMAIN, INFO.type, INFO.name, NODES)
    execution_id = await site.dispatched()
    offered = await site.one.offers.all_of(DOMAIN)
    ended = await site.one.cancel(PROJECT, execution_id, AUTHOR, None)

    assert [each.definition for each in found.values()] == [INFO] * 5
    assert [each.node_id for each in offered] == [each.node_id for each in ended.targets] == NODES
    assert max(handfuls) == 2


async def test_nodes_that_are_told_the_same_share_its_text(
    site: ActionSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offers, "NODES_AT_ONCE", 2)
    site.fleet.announce(NOTE)
    site.fleet.announce(UPGRADE)
    site.fleet.stored = dict.fromkeys(NODES, frozenset({"sha256:" + "ab" * 32}))
    await site.dispatched(action="note", parameters={"text": "one"})
    await site.dispatched(action="note", parameters={"text": "two"})
    await site.dispatched(action="service.upgrade", parameters={"version": "1.5.0"})
    read = [await site.one.offers.all_of(DOMAIN), await site.one.offers.of_nodes(DOMAIN, NODES)]

    for offered in read:
        assert [each.node_id for each in offered] == [node_id for node_id in NODES for _ in range(3)]
        assert len({each.parameters for each in offered}) == 3
        assert len({id(each.parameters) for each in offered}) == 3
