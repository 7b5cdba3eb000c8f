"""One token, many machines at once, two server processes: one of them becomes a node."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from ipaddress import IPv4Address
from typing import Any, Final

import psycopg
import pytest

from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import two_processes
from tests.support.machines import REGISTER, Machine
from tests.support.raw_http import RawAnswer, RawConnection, connected

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

RACERS: Final = 32
ROUNDS: Final = 200
CROWD: Final = 100
NETWORK: Final = IPv4Address("10.100.0.0")

# What a token came to: nodes that bear it, and the granted audit rows about them.
PER_TOKEN: Final = """
SELECT t.id, count(DISTINCT i.node_id), count(DISTINCT n.mesh_ip), count(a.relation)
FROM plexsphere.bootstrap_tokens t
LEFT JOIN plexsphere.node_identities i ON (i.domain_id, i.bootstrap_token_id) = (t.domain_id, t.id)
LEFT JOIN plexsphere.nodes n ON (n.domain_id, n.id) = (i.domain_id, i.node_id) AND n.id = t.consumed_by
LEFT JOIN (
    SELECT object_id, relation FROM plexsphere.audit_inbox WHERE outcome = 'granted'
    UNION ALL SELECT object_id, relation FROM plexsphere.audit_entries WHERE outcome = 'granted'
) a ON a.object_id = n.id::text AND a.relation = 'node.register'
GROUP BY t.id
"""
ADDRESSES: Final = (
    "SELECT DISTINCT host(mesh_ip)::inet FROM plexsphere.nodes WHERE removed_at IS NULL ORDER BY 1"
)


async def rows(dsn: Secret[str], statement: Any) -> list[tuple[Any, ...]]:
    async with await psycopg.AsyncConnection.connect(dsn.reveal()) as connection:
        return await (await connection.execute(statement)).fetchall()


async def addresses(dsn: Secret[str]) -> list[IPv4Address]:
    return [address for (address,) in await rows(dsn, ADDRESSES)]


async def race(lanes: list[RawConnection], token: str) -> list[RawAnswer]:
    """Let a different machine on each connection present the token, all at once."""
    asked = [lane.call("POST", REGISTER, Machine().body(token)) for lane in lanes]
    return await asyncio.gather(*asked)


def outcome(answer: RawAnswer) -> tuple[int, str]:
    return answer.status, "" if answer.status == 201 else answer.code


async def test_of_32_machines_with_one_token_one_is_admitted(database: Secret[str]) -> None:
    """C01: over two processes, 200 rounds; one 201, one node, one address, one audit row in each."""
    async with two_processes(database) as (place, one, other), AsyncExitStack() as stack:
        tokens = await place.bootstrap_tokens(ROUNDS)
        bases = [one.base_url, other.base_url] * (RACERS // 2)
        lanes = [await stack.enter_async_context(connected(base)) for base in bases]

        for token in tokens:
            outcomes = Counter(map(outcome, await race(lanes, token)))

            assert outcomes == {(201, ""): 1, (401, "token_invalid"): RACERS - 1}
        counted = await rows(database, PER_TOKEN)
        assert [tuple(row[1:]) for row in counted] == [(1, 1, 1)] * ROUNDS
        assert len(await addresses(database)) == ROUNDS


async def test_a_crowd_at_processes_that_just_started_is_admitted_whole(database: Secret[str]) -> None:
    """
    H28: 100 machines at once; nobody is turned away, and those that are refused leave no gap in the addresses.

    The refused ones have a token that is good and a hostname that is not: they fail after their address was taken.
    """
    async with two_processes(database) as (place, one, other):
        tokens = await place.bootstrap_tokens(CROWD + CROWD // 2)
        taken = Machine(hostname="taken")
        await taken.enrol(one.base_url, tokens.pop())
        late = [Machine(hostname="taken") for _ in range(CROWD // 2 - 1)]
        machines = [*(Machine() for _ in range(CROWD)), *late]
        bases = [one.base_url, other.base_url] * len(machines)

        answers = await asyncio.gather(
            *(machine.ask(base, token) for machine, base, token in zip(machines, bases, tokens, strict=False))
        )

        outcomes = Counter(map(outcome, answers))
        assert outcomes == {(201, ""): CROWD, (409, "hostname_taken"): len(late)}
        hosts = [int(address) - int(NETWORK) for address in await addresses(database)]
        assert hosts == list(range(1, CROWD + 2))
