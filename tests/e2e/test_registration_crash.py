"""A server killed in the middle of enrolments leaves nothing half done (C02)."""

import asyncio
import random

import psycopg
import pytest

from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import Place, ServerProcess, first_boot, server_process
from tests.support.machines import Machine

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

ROUNDS = 4
AT_ONCE = 16
LATEST_KILL_SECONDS = 0.12

HALF_DONE = """
SELECT
    (SELECT count(*) FROM bootstrap_tokens WHERE consumed_by NOT IN (SELECT id FROM nodes)),
    (SELECT count(*) FROM nodes WHERE id NOT IN (
        SELECT consumed_by FROM bootstrap_tokens WHERE consumed_by IS NOT NULL)),
    (SELECT count(*) FROM nodes WHERE id NOT IN (SELECT node_id FROM node_identities)),
    (SELECT count(*) FROM node_identities WHERE node_id NOT IN (SELECT id FROM nodes)),
    (SELECT count(*) FROM nodes WHERE id::text NOT IN (
        SELECT object_id FROM audit_inbox UNION SELECT object_id FROM audit_entries)),
    (SELECT count(*) FROM nodes WHERE id NOT IN (SELECT subject FROM event_inbox UNION SELECT subject FROM event_log))
"""


async def half_done(dsn: Secret[str]) -> tuple[int, ...]:
    async with await psycopg.AsyncConnection.connect(dsn.reveal()) as connection:
        await connection.execute("SET search_path TO plexsphere")
        row = await (await connection.execute(HALF_DONE)).fetchone()
        assert row is not None
        return tuple(row)


async def asked(server: ServerProcess, machine: Machine, token: str) -> int | None:
    try:
        return (await machine.ask(server.base_url, token)).status
    except (OSError, EOFError):
        return None


async def test_a_token_is_used_if_and_only_if_its_node_is_there_and_who_asks_again_is_let_in(
    database: Secret[str],
) -> None:
    """C02: killed before, in and after the commit; an answer that was lost is given to whoever asks again."""
    operator, domain_id, project_id = await first_boot(database)
    chance = random.Random(2)
    for _ in range(ROUNDS):
        machines = [Machine() for _ in range(AT_ONCE)]
        async with server_process(database) as server:
            place = Place(server.base_url, operator, domain_id, project_id)
            tokens = await place.bootstrap_tokens(AT_ONCE)
            asking = [
                asyncio.create_task(asked(server, machine, token))
                for machine, token in zip(machines, tokens, strict=True)
            ]
            await asyncio.sleep(chance.uniform(0, LATEST_KILL_SECONDS))
            await server.kill()
            answers = await asyncio.gather(*asking)

        assert set(answers) <= {201, None}
        assert await half_done(database) == (0, 0, 0, 0, 0, 0)
        async with server_process(database) as server:
            again = await asyncio.gather(
                *(asked(server, machine, token) for machine, token in zip(machines, tokens, strict=True))
            )
        assert set(again) == {201}
    assert await half_done(database) == (0, 0, 0, 0, 0, 0)
