"""What a server writes on its terminal holds no secret, whatever goes wrong."""

import asyncio
import base64
import json

import httpx
import psycopg
import pytest
from psycopg import conninfo

from plexd.protocol.keys.key_pair import KeyPair
from plexsphere.platform.kernel.secret import Secret
from tests.support.command_line import Ended, start
from tests.support.control_plane import WRAP_KEY, Place, first_boot, free_port
from tests.support.robots import made

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

CANARY = "canary-4711-in-a-body"
KEY = base64.b64encode(WRAP_KEY).decode()


async def test_no_secret_is_written_whatever_goes_wrong(database: Secret[str]) -> None:
    """H46, H47: credentials of every kind, malformed ones, and a database that fails in the middle."""
    operator, domain_id, project_id = await first_boot(database)
    port = free_port()
    listen = f"127.0.0.1:{port}"
    process = await start(
        "serve",
        PLEXSPHERE_DSN=database.reveal(),
        PLEXSPHERE_NSK_WRAP_KEY_B64=KEY,
        PLEXSPHERE_LISTEN=listen,
    )
    place = Place(f"http://{listen}", operator, domain_id, project_id)
    try:
        await until_alive(place)
        secrets = await traffic(place)
        break_a_table(database)
        failed = await failures(place, secrets)
        process.terminate()
        ended = await ended_of(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

    assert ended.status == 0
    assert failed == 500
    lines = [json.loads(line) for line in ended.complained.splitlines()]
    assert any(line["level"] == "ERROR" and line.get("exception") for line in lines)
    password = str(conninfo.conninfo_to_dict(database.reveal())["password"])
    for secret in [*secrets, KEY, password, CANARY, operator.reveal()]:
        assert secret not in ended.complained
        assert secret not in ended.said


async def until_alive(place: Place) -> None:
    async with asyncio.timeout(30), httpx.AsyncClient(base_url=place.base_url) as client:
        while True:
            try:
                await client.get("/health")
                return
            except httpx.TransportError:
                await asyncio.sleep(0.05)


async def traffic(place: Place) -> list[str]:
    """Use a credential of every kind, rightly and wrongly, and return them."""
    [token] = await place.bootstrap_tokens(1)
    async with place.as_operator() as operator:
        enrolling = {"token": token, "public_key": KeyPair.generate().public_key, "hostname": "web-01"}
        node = await made(operator, "/v1/register", enrolling)
        node_token, secret_key = str(node["node_token"]), str(node["node_secret_key"])
        for bearer in (node_token, secret_key, token, CANARY):
            headers = {"Authorization": f"Bearer {bearer}"}
            await operator.get("/v1/domains", headers=headers, params={"token": CANARY})
            await operator.get(f"/v1/nodes/{node['node_id']}/state", headers=headers)
        await operator.post("/v1/register", json={**enrolling, "hostname": CANARY * 20})
        await operator.post("/v1/register", content=f'{{"token": "{token}", "{CANARY}'.encode())
        await operator.post("/v1/domains", json={"name": CANARY, "slug": CANARY * 9, CANARY: 1})
    return [token, node_token, secret_key]


async def failures(place: Place, secrets: list[str]) -> int:
    """Meet a defect with secrets in hand, and return its status."""
    enrolling = {"token": secrets[0], "public_key": KeyPair.generate().public_key, "hostname": "web-02"}
    async with place.as_operator() as operator:
        await operator.post("/v1/register", json=enrolling)
        answer = await operator.post("/v1/domains", json={"name": CANARY, "slug": "acme"})
    return answer.status_code


def break_a_table(database: Secret[str]) -> None:
    with psycopg.connect(database.reveal(), options="-c search_path=plexsphere") as connection:
        connection.execute("ALTER TABLE domains RENAME TO lost_domains")
        connection.execute("ALTER TABLE nodes RENAME TO lost_nodes")


async def ended_of(process: asyncio.subprocess.Process) -> Ended:
    said, complained = await process.communicate()
    return Ended(process.returncode or 0, said.decode(), complained.decode())
