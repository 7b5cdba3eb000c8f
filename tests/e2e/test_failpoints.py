"""A process fails where it is told to, and no other process knows how to."""

import asyncio
import subprocess
import sys
from contextlib import suppress

import pytest
from psycopg import AsyncConnection

from plexsphere.composition.failpoints.places import ALL
from plexsphere.platform.kernel.secret import Secret
from tests.component.test_container import root_with
from tests.e2e.test_boot import AWAY, DSN, KEY, WRAP, require_one_line
from tests.support.command_line import within
from tests.support.control_plane import served, server_process
from tests.support.machines import Machine
from tests.support.tables import rows

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

FAILPOINTS = "PLEXSPHERE_FAILPOINTS"
KILL = "request.after-commit=kill"
SPENT = "SELECT count(*) FROM bootstrap_tokens WHERE consumed_by IS NOT NULL"
# A boot passes some of the places itself; by then it is over.
NTH = 4
DYING_SECONDS = 0.1
LOADED = """
import sys
import plexsphere.composition.commands.serve, plexsphere.composition.commands.up
print(*[name for name in sys.modules if "failpoint" in name])
"""


def test_a_process_without_failpoints_does_not_even_load_them() -> None:
    ended = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)

    assert ended.stdout.split() == []


async def test_the_object_graph_of_production_opens_plain_connections() -> None:
    async with root_with({}) as root:
        assert [pool.connection_class for pool in root.platform().pools] == [AsyncConnection] * 2


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({DSN: AWAY, FAILPOINTS: "nowhere=kill"}, "request.after-commit"),
        ({DSN: AWAY, FAILPOINTS: KILL, "PLEXSPHERE_LISTEN": "0.0.0.0:1"}, "LISTEN"),
        ({DSN: "postgresql://plexsphere:hunter2@db/x", FAILPOINTS: KILL}, DSN),
        ({DSN: f"{AWAY}?service=elsewhere", FAILPOINTS: KILL}, DSN),
        ({DSN: AWAY, FAILPOINTS: KILL, "PGHOSTADDR": "203.0.113.7"}, "PGHOSTADDR"),
        ({DSN: AWAY, FAILPOINTS: KILL, "PGSERVICE": "elsewhere"}, "PGSERVICE"),
        ({DSN: AWAY, FAILPOINTS: KILL, "PLEXSPHERE_METRICS_LISTEN": "0.0.0.0:1"}, "METRICS_LISTEN"),
    ],
    ids=[
        "an unknown place",
        "a public address",
        "a remote database",
        "a service",
        "another address of the database",
        "a service of the environment",
        "public metrics",
    ],
)
def test_serve_refuses_failpoints_with_settings_of_production_before_it_asks_the_database(
    environ: dict[str, str], named: str
) -> None:
    ended = within("serve", **{WRAP: KEY, **environ})

    require_one_line(ended, FAILPOINTS, named)


@pytest.mark.parametrize(
    ("failpoint", "is_kept"),
    [("registration.token-spent", False), ("request.before-commit", False), ("request.after-commit", True)],
)
async def test_a_server_killed_around_the_commit_of_an_enrolment_leaves_all_of_it_or_nothing(
    database: Secret[str], failpoint: str, is_kept: bool
) -> None:
    """C02: before the commit nothing is there, behind it everything; who asks again is let in either way."""
    async with served(database) as place:
        tokens = await place.bootstrap_tokens(NTH)
    async with server_process(database, **{FAILPOINTS: f"{failpoint}=kill@{NTH}"}) as server:
        asked = []
        while server.process.returncode is None:
            asked.append(Machine())
            with suppress(OSError, EOFError):
                await asked[-1].ask(server.base_url, tokens[len(asked) - 1])
            await asyncio.sleep(DYING_SECONDS)

    assert server.process.returncode == -9
    assert enrolled(database) == {machine.hostname for machine in (asked if is_kept else asked[:-1])}
    assert rows(database, SPENT) == [(len(enrolled(database)),)]
    async with served(database, place=place) as again:
        assert (await asked[-1].ask(again.base_url, tokens[len(asked) - 1])).status == 201
    assert enrolled(database) == {machine.hostname for machine in asked}
    assert rows(database, SPENT) == [(len(asked),)]


def enrolled(database: Secret[str]) -> set[str]:
    return {hostname for (hostname,) in rows(database, "SELECT hostname FROM nodes")}


async def test_a_connection_lost_behind_the_commit_is_a_commit(database: Secret[str]) -> None:
    """H19, C02: the process asks what became of it, and answers as if nothing had happened."""
    async with served(database) as place:
        tokens = await place.bootstrap_tokens(NTH)
    async with server_process(database, **{FAILPOINTS: f"request.after-commit=error@{NTH}"}) as server:
        answers = [await Machine().ask(server.base_url, token) for token in tokens]

    assert [answer.status for answer in answers] == [201] * NTH
    assert rows(database, SPENT) == rows(database, "SELECT count(*) FROM nodes") == [(NTH,)]


def test_every_place_lies_on_a_statement_of_its_own() -> None:
    assert len(set(ALL)) == len(ALL)
