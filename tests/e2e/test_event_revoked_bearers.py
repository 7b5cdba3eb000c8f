"""Streams end with the credential they were opened with (C35); a resync is asked for by every process (H35)."""

import asyncio
from contextlib import AbstractAsyncContextManager

import httpx
import pytest

from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import served, two_processes
from tests.support.machines import Machine, RawNode

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

REVOKED_SECONDS = 10.0


def stream_of(
    client: httpx.AsyncClient, base_url: str, node: RawNode, bearer: str, last: str = ""
) -> AbstractAsyncContextManager[httpx.Response]:
    headers = {"Authorization": f"Bearer {bearer}", **({"Last-Event-ID": last} if last else {})}
    return client.stream("GET", base_url + node.path("events"), headers=headers, timeout=30)


async def ends(response: httpx.Response) -> bool:
    async with asyncio.timeout(REVOKED_SECONDS):
        async for _ in response.aiter_bytes():
            pass
    return True


async def test_a_stream_opened_with_a_secret_key_ends_when_such_bearers_are_refused(
    database: Secret[str],
) -> None:
    """C35: nothing is told any more to who proved himself by what was revoked meanwhile."""
    async with served(database) as place, place.as_operator() as operator, httpx.AsyncClient() as client:
        path = f"/v1/domains/{place.domain_id}"
        (await operator.patch(path, json={"accept_nsk_bearer": True})).raise_for_status()
        [token] = await place.bootstrap_tokens(1)
        node = await Machine().enrol(place.base_url, token)
        async with stream_of(client, place.base_url, node, node.secret_key) as response:
            assert response.status_code == 200

            (await operator.patch(path, json={"accept_nsk_bearer": False})).raise_for_status()

            assert await ends(response)
        async with stream_of(client, place.base_url, node, node.secret_key) as response:
            assert response.status_code == 401
        async with stream_of(client, place.base_url, node, node.token) as response:
            assert response.status_code == 200


async def test_a_thief_who_comes_back_at_once_keeps_no_stream_of_another_process(
    database: Secret[str],
) -> None:
    """C35: a process trusts what it remembers for 2 s (D9); what was opened meanwhile ends as well."""
    async with (
        two_processes(database) as (place, one, other),
        place.as_operator() as operator,
        httpx.AsyncClient() as client,
    ):
        path = f"/v1/domains/{place.domain_id}"
        (await operator.patch(path, json={"accept_nsk_bearer": True})).raise_for_status()
        [token] = await place.bootstrap_tokens(1)
        node = await Machine().enrol(one.base_url, token)
        async with stream_of(client, other.base_url, node, node.secret_key) as response:
            assert response.status_code == 200
            (await operator.patch(path, json={"accept_nsk_bearer": False})).raise_for_status()
            assert await ends(response)

        async with asyncio.timeout(REVOKED_SECONDS):
            while await is_let_in(client, other.base_url, node):
                pass


async def is_let_in(client: httpx.AsyncClient, base_url: str, node: RawNode) -> bool:
    """Tell whether the node's secret key opens a stream, once such a stream has ended."""
    async with stream_of(client, base_url, node, node.secret_key) as response:
        return response.status_code != 401 and await ends(response)


async def test_whichever_process_gets_the_next_heartbeat_asks_for_the_resync(database: Secret[str]) -> None:
    """H35: a cursor that nobody knows is followed by `reconcile`, also where the stream was not opened."""
    async with two_processes(database) as (place, one, other), httpx.AsyncClient() as client:
        [token] = await place.bootstrap_tokens(1)
        node = await Machine().enrol(place.base_url, token)
        await node.call("GET", "state", base_url=other.base_url)
        async with stream_of(client, one.base_url, node, node.token, last="no cursor") as response:
            assert response.status_code == 200

            async with asyncio.timeout(45):
                while True:
                    answer = await node.call("POST", "heartbeat", b"{}", base_url=other.base_url)
                    if answer.json().get("reconcile"):
                        break
                    await asyncio.sleep(0.2)
