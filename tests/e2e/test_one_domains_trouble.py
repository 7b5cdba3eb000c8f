"""What goes wrong in one Domain stays there (C20), and a crowd of requests holds up nothing that goes on beside."""

import asyncio
import time

import psycopg
import pytest

from plexd.protocol.client.control_plane import ControlPlane
from plexd.protocol.client.transport import Transport
from plexd.protocol.messages.heartbeat import Heartbeat
from plexd.protocol.messages.peers import EndpointReport
from plexd.simulate.node import SimulatedNode
from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import Served, served

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

BREAK = """
UPDATE meshes SET psk_base_sealed = set_byte(psk_base_sealed, 20, get_byte(psk_base_sealed, 20) # 1)
WHERE domain_id = %s
"""


async def another_project(place: Served) -> tuple[str, str]:
    async with place.as_operator() as operator:
        domain = (await operator.post("/v1/domains", json={"name": "Other", "slug": "other"})).json()["id"]
        body = {"domain_id": domain, "name": "Other", "slug": "other"}
        return domain, (await operator.post("/v1/projects", json=body)).json()["id"]


async def a_token(place: Served, project_id: str) -> str:
    async with place.as_operator() as operator:
        answer = await operator.post(f"/v1/projects/{project_id}/bootstrap-tokens", json={})
        return str(answer.json()["token"])


async def test_a_domain_that_cannot_be_read_takes_no_other_down(database: Secret[str]) -> None:
    """C20: a sealed value that somebody changed opens nothing, and the process and its other Domains go on."""
    async with served(database) as place, Transport.connected(place.base_url) as transport:
        broken, project = await another_project(place)
        agents = ControlPlane(transport)
        [token] = await place.bootstrap_tokens(1)
        async with (
            SimulatedNode(agents, await a_token(place, project), "there") as there,
            SimulatedNode(agents, token, "here") as here,
        ):
            await here.until_streaming()
            await there.until_streaming()
            async with await psycopg.AsyncConnection.connect(database.reveal(), autocommit=True) as tampering:
                await tampering.execute("SET search_path TO plexsphere")
                await tampering.execute(BREAK, [broken])

            await there.channel.report_endpoint(EndpointReport("203.0.113.9:51820", "none"))
            async with place.as_operator() as operator:
                path = f"/v1/nodes/{here.node_id}/metadata/role"
                (await operator.put(path, json={"value": "web"})).raise_for_status()

            await here.until(lambda: here.view.metadata.get("role") == "web")
            await there.until(lambda: not there.is_streaming)
            async with place.as_operator() as operator:
                assert (await operator.get("/v1/health")).status_code == 200
                topology = await operator.get(f"/v1/domains/{broken}/mesh/topology")
            assert topology.status_code == 500
            assert topology.json()["code"] == "internal"


async def test_a_crowd_that_waits_for_one_domain_keeps_no_other_domain_waiting(database: Secret[str]) -> None:
    """H17: requests that hold every connection hold up neither the log nor what nodes are told."""
    async with served(database, pool_size=4) as place, Transport.connected(place.base_url) as transport:
        domain, project = await another_project(place)
        [token] = await place.bootstrap_tokens(1)
        async with (
            SimulatedNode(ControlPlane(transport), token, "here") as here,
            place.as_operator() as operator,
        ):
            await here.until_streaming()
            held = await operator.post(
                "/v1/register",
                json={
                    "token": await a_token(place, project),
                    "public_key": "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=",
                    "hostname": "held",
                },
            )
            node = held.json()["node_id"]
            async with await psycopg.AsyncConnection.connect(database.reveal()) as holding:
                await holding.execute("SET search_path TO plexsphere")
                await holding.execute("SELECT 1 FROM meshes WHERE domain_id = %s FOR UPDATE", [domain])
                crowd = [
                    asyncio.create_task(
                        operator.put(f"/v1/nodes/{node}/metadata/k{number}", json={"value": "v"})
                    )
                    for number in range(12)
                ]
                await asyncio.sleep(2.5)

                assert (await operator.get("/v1/health")).status_code == 200
                await here.channel.heartbeat(
                    Heartbeat(here.node_id, "2026-01-15T10:30:00Z", "healthy", "1s", "")
                )

                await holding.rollback()
            answers = [answer.status_code for answer in await asyncio.gather(*crowd)]
            assert set(answers) <= {200, 503}


async def test_while_every_connection_is_held_requests_are_refused_after_a_second(
    database: Secret[str],
) -> None:
    """H17: with what to do next; and as soon as the locks are gone everything is answered."""
    async with served(database, pool_size=2) as place, place.as_operator() as operator:
        assert (await operator.get("/v1/domains")).status_code == 200
        async with await psycopg.AsyncConnection.connect(database.reveal()) as holding:
            await holding.execute("LOCK TABLE plexsphere.domains")
            held = [asyncio.create_task(operator.get("/v1/domains")) for _ in range(2)]
            await asyncio.sleep(0.5)

            began = time.perf_counter()
            refused = await asyncio.gather(*(operator.get("/v1/domains") for _ in range(20)))
            waited = time.perf_counter() - began

            await holding.rollback()
        assert {(each.status_code, each.json()["code"]) for each in refused} == {(503, "overloaded")}
        assert all(int(each.headers["retry-after"]) >= 1 for each in refused)
        assert waited < 3
        await asyncio.gather(*held)
        assert (await operator.get("/v1/domains")).status_code == 200
