"""A tenant goes whole or not at all."""

import asyncio

import httpx
import psycopg
import pytest
from psycopg import sql

from plexd.protocol.client.control_plane import ControlPlane
from plexd.protocol.client.transport import Transport
from plexd.simulate.node import SimulatedNode
from plexsphere.platform.kernel.secret import Secret
from tests.support.api import code_of
from tests.support.control_plane import served
from tests.support.robots import grant, made, robot

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

TABLES_OF_TENANTS = """
    SELECT table_name FROM information_schema.columns
    WHERE table_schema = 'plexsphere' AND column_name = 'domain_id' ORDER BY table_name
"""


async def test_a_tenant_with_live_agents_stays_and_one_without_leaves_nothing_behind(
    database: Secret[str],
) -> None:
    """M27: streams end, rows go, no event is left over."""
    async with (
        served(database) as place,
        place.as_operator() as operator,
        Transport.connected(place.base_url) as transport,
    ):
        domain = await made(operator, "/v1/domains", {"name": "Acme", "slug": "acme"})
        web = {"domain_id": domain["id"], "name": "Web", "slug": "web"}
        project = await made(operator, "/v1/projects", web)
        tokens = [
            await made(operator, f"/v1/projects/{project['id']}/bootstrap-tokens", {}) for _ in range(2)
        ]
        paths = [f"/v1/projects/{project['id']}", f"/v1/domains/{domain['id']}"]
        async with (
            SimulatedNode(ControlPlane(transport), tokens[0]["token"], "web-01") as one,
            SimulatedNode(ControlPlane(transport), tokens[1]["token"], "web-02") as other,
        ):
            await asyncio.gather(one.until_streaming(), other.until_streaming())
            refused = [await operator.delete(path) for path in paths]
            for node in (one, other):
                await operator.delete(f"/v1/nodes/{node.node_id}")
            ended = await asyncio.gather(one.until_ended(), other.until_ended())
        removed = [await operator.delete(path) for path in paths]
        gone = [await operator.get(path) for path in paths]

    assert [(answer.status_code, code_of(answer)) for answer in refused] == [
        (409, "project_not_empty"),
        (409, "domain_not_empty"),
    ]
    assert all(failure is not None for failure in ended)
    assert [answer.status_code for answer in removed] == [204, 204]
    assert [answer.status_code for answer in gone] == [404, 404]
    assert rows_of(database, domain["id"]) == {}
    assert grants_on(database, [domain["id"], project["id"]]) == 0


async def test_a_grant_does_not_outlive_the_project_it_was_given_on(database: Secret[str]) -> None:
    async with served(database) as place, place.as_operator() as operator:
        web = {"domain_id": place.domain_id, "name": "Web", "slug": "web"}
        project = await made(operator, "/v1/projects", web)
        caller = await robot(operator, place.domain_id)
        await grant(operator, project["id"], caller.subject, "admin", f"project:{project['id']}")
        path = f"/v1/projects/{project['id']}"

        def by_caller(method: str) -> httpx.Request:
            return operator.build_request(method, path, headers=caller.headers)

        before = await operator.send(by_caller("GET"))
        removed = await operator.delete(path)
        after = await operator.send(by_caller("GET"))

    assert [before.status_code, removed.status_code, after.status_code] == [200, 204, 403]
    assert grants_on(database, [project["id"]]) == 0


def rows_of(database: Secret[str], domain_id: str) -> dict[str, int]:
    """Count what is left of a Domain, table by table."""
    with psycopg.connect(database.reveal(), options="-c search_path=plexsphere") as connection:
        tables = [row[0] for row in connection.execute(TABLES_OF_TENANTS).fetchall()]
        left = {}
        for table in tables:
            counting = sql.SQL("SELECT count(*) FROM {} WHERE domain_id = %s").format(sql.Identifier(table))
            row = connection.execute(counting, [domain_id]).fetchone()
            left[table] = row[0] if row else 0
    assert len(left) > 5
    return {table: count for table, count in left.items() if count}


def grants_on(database: Secret[str], objects: list[str]) -> int:
    with psycopg.connect(database.reveal(), options="-c search_path=plexsphere") as connection:
        row = connection.execute(
            "SELECT count(*) FROM relation_tuples WHERE object_id = ANY(%s) OR subject_id = ANY(%s)",
            [objects, objects],
        ).fetchone()
    return row[0] if row else 0
