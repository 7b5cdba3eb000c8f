"""A server that must read a Domain anew in the middle of a call answers with all of it, never with an empty mesh."""

import psycopg
import pytest

from plexsphere.platform.kernel.secret import Secret
from tests.support.state_world import NEWEST, state_world

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

TIMES = 5


async def test_a_log_that_was_set_back_costs_no_node_its_peers(database: Secret[str]) -> None:
    """As after a restore of the database: what is in memory is ahead of the log, and is dropped."""
    async with state_world(database) as world:
        domain_id, project_id = world.servers[0].domain_id, world.servers[0].project_id
        machines = [await world.enrol(0, project_id, {}) for _ in range(3)]
        for turn in range(TIMES):
            await world.settle(domain_id)
            machine = machines[turn % len(machines)]
            set_the_log_back(database)

            polled = await world.poll(0, machine, shown=NEWEST)

            assert polled.status == 200
            assert polled.body.decode() == (await world.truth(domain_id, machine)).body
            assert polled.body.count(b'"psk"') == len(machines) - 1
            await world.rename(0, machine, f"n-{turn}")


def set_the_log_back(database: Secret[str]) -> None:
    with psycopg.connect(database.reveal(), options="-c search_path=plexsphere") as connection:
        connection.execute("DELETE FROM event_recipients")
        connection.execute("DELETE FROM event_log")
        connection.execute("UPDATE event_heads SET next_offset = 1")
