"""Connections of strangers: how long they last, and that they harm nobody."""

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Final

import pytest

from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import Place, ShiftedClock, first_boot, served, server_process
from tests.support.machines import Machine
from tests.support.raw_http import call, connected

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

IDLE: Final = 2_000
QUESTIONS: Final = 200
STRANGER: Final = "127.0.0.2"
HALF_A_HEAD: Final = b"POST /v1/register HTTP/1.1\r\nHost: here\r\n"


async def test_a_client_that_drips_is_ended_by_the_process_itself(database: Secret[str]) -> None:
    """H11: looked for once a second for as long as the process serves."""
    clock = ShiftedClock()
    async with served(database, clock=clock) as place, connected(place.base_url) as connection:
        await connection.send(HALF_A_HEAD)
        # Looked at once before the time passes.
        await asyncio.sleep(1.5)
        clock.shift = timedelta(seconds=15)

        assert (await connection.answer()).status == 408
        assert await connection.is_closed()


async def test_two_thousand_connections_that_say_nothing_keep_nobody_waiting(database: Secret[str]) -> None:
    """H12: and a source whose credentials are refused; others are served within a second."""
    operator, domain_id, project_id = await first_boot(database)
    async with server_process(database) as server, AsyncExitStack() as stack:
        place = Place(server.base_url, operator, domain_id, project_id)
        [token] = await place.bootstrap_tokens(1)
        node = await Machine().enrol(server.base_url, token)
        for number in range(IDLE):
            lane = await stack.enter_async_context(connected(server.base_url, STRANGER))
            await lane.send(HALF_A_HEAD if number % 2 else b"")

        waited = []
        for _ in range(QUESTIONS):
            began = time.perf_counter()
            assert await node.heartbeat() == 200
            waited.append(time.perf_counter() - began)
        refused = [await Machine().ask(server.base_url, "x") for _ in range(QUESTIONS)]
        alive = await call(server.base_url, "GET", "/health")

        assert sorted(waited)[QUESTIONS * 99 // 100] < 1
        assert {answer.status for answer in refused} == {401}
        assert alive.status == 200
