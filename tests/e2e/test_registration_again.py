"""A machine whose answer was lost asks again, over two server processes (design D10)."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, Final

import psycopg
import pytest
import pytest_asyncio

from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import Place, two_processes
from tests.support.machines import Machine, RawNode, a_public_key
from tests.support.postgres import TestServer
from tests.support.raw_http import RawAnswer

pytestmark = [pytest.mark.postgres, pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

ROUNDS: Final = 12

LET_TIME_PASS: Final = """
UPDATE plexsphere.bootstrap_tokens t
SET consumed_at = consumed_at - %(by)s::interval, expires_at = expires_at - %(by)s::interval,
    issued_at = issued_at - %(by)s::interval
FROM plexsphere.node_identities i WHERE i.bootstrap_token_id = t.id AND i.node_id = %(node)s
"""
EXPIRE: Final = """
UPDATE plexsphere.bootstrap_tokens SET expires_at = clock_timestamp() - interval '1 second' WHERE consumed_by = %(node)s
"""
TRAIL: Final = """
SELECT relation, count(*) FROM (
    SELECT relation, object_id, outcome FROM plexsphere.audit_inbox
    UNION ALL SELECT relation, object_id, outcome FROM plexsphere.audit_entries
) trail WHERE object_id = %(node)s::text AND outcome = 'granted' GROUP BY relation
"""


@dataclass(frozen=True)
class Pair:
    """Two processes over one database."""

    dsn: Secret[str]
    place: Place
    one: str
    other: str

    async def token(self) -> str:
        """Issue a bootstrap token."""
        [token] = await self.place.bootstrap_tokens(1)
        return token

    async def sql(self, statement: Any, **values: Any) -> list[tuple[Any, ...]]:
        """Run a statement beside the processes."""
        async with await psycopg.AsyncConnection.connect(self.dsn.reveal()) as connection:
            cursor = await connection.execute(statement, values)
            return await cursor.fetchall() if cursor.description else []

    async def remove(self, node: RawNode) -> int:
        """Let an operator remove the node, and return the status."""
        async with self.place.as_operator() as client:
            return (await client.delete(f"/v1/nodes/{node.id}?confirm=true")).status_code


@pytest.fixture(scope="module")
def lasting_database(postgres_server: TestServer) -> Iterator[Secret[str]]:
    with postgres_server.migrated_database() as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(lasting_database: Secret[str]) -> AsyncIterator[Pair]:
    async with two_processes(lasting_database) as (place, one, other):
        yield Pair(lasting_database, place, one.base_url, other.base_url)


def refused(answer: RawAnswer) -> bool:
    return (answer.status, answer.code) == (401, "token_invalid")


async def test_it_is_the_same_node_with_new_credentials_and_the_old_ones_are_void_at_once(pair: Pair) -> None:
    """G1: nothing of the lost answer is worth anything, in either process, and the repetition is audited."""
    machine, token = Machine(), await pair.token()
    lost = await machine.enrol(pair.one, token)

    node = await machine.enrol(pair.other, token)

    assert (node.id, node.told_at_first["mesh_ip"]) == (lost.id, lost.told_at_first["mesh_ip"])
    assert node.token != lost.token
    assert node.secret_key != lost.secret_key
    assert [await lost.heartbeat(base_url=base) for base in (pair.one, pair.other)] == [401, 401]
    assert [await node.heartbeat(base_url=base) for base in (pair.one, pair.other)] == [200, 200]
    trail = dict(await pair.sql(TRAIL, node=node.id))
    assert trail == {"node.register": 1, "node.register_again": 1}


async def test_a_hostname_in_another_case_is_the_same_machine(pair: Pair) -> None:
    machine, token = Machine(hostname="Web-17.Example"), await pair.token()
    lost = await machine.enrol(pair.one, token)

    node = await Machine("wEB-17.eXAMPLE", machine.public_key).enrol(pair.one, token)

    assert node.id == lost.id


async def test_it_may_ask_again_when_the_token_expired_meanwhile(pair: Pair) -> None:
    machine, token = Machine(), await pair.token()
    lost = await machine.enrol(pair.one, token)
    await pair.sql(EXPIRE, node=lost.id)

    assert (await machine.enrol(pair.other, token)).id == lost.id


async def test_once_it_called_with_its_credential_nobody_may_ask_again(pair: Pair) -> None:
    """The first authenticated call ends it, whichever process heard it."""
    machine, token = Machine(), await pair.token()
    node = await machine.enrol(pair.one, token)
    assert await node.heartbeat(base_url=pair.other) == 200

    assert refused(await machine.ask(pair.one, token))
    assert refused(await machine.ask(pair.other, token))
    assert await node.heartbeat(base_url=pair.one) == 200


async def test_with_another_key_or_hostname_nobody_may_ask_again(pair: Pair) -> None:
    machine, token = Machine(), await pair.token()
    node = await machine.enrol(pair.one, token)

    assert refused(await Machine(machine.hostname, a_public_key()).ask(pair.one, token))
    assert refused(await Machine("another-machine", machine.public_key).ask(pair.one, token))
    assert refused(await machine.ask(pair.one, token[:-1] + ("A" if token[-1] != "A" else "B")))
    assert await node.heartbeat() == 200


@pytest.mark.parametrize(("age", "status"), [("9 minutes 50 seconds", 201), ("10 minutes", 401)])
async def test_ten_minutes_later_nobody_may_ask_again(pair: Pair, age: str, status: int) -> None:
    """M11: the database's clock decides, so moving its times moves the deadline."""
    machine, token = Machine(), await pair.token()
    lost = await machine.enrol(pair.one, token)
    await pair.sql(LET_TIME_PASS, by=age, node=lost.id)

    assert (await machine.ask(pair.one, token)).status == status


async def test_once_the_node_was_removed_nobody_may_ask_again(pair: Pair) -> None:
    machine, token = Machine(), await pair.token()
    node = await machine.enrol(pair.one, token)
    assert await pair.remove(node) == 204

    assert refused(await machine.ask(pair.other, token))


async def test_of_many_repetitions_at_once_the_last_one_counts(pair: Pair) -> None:
    """C02: an agent behind an impatient proxy asks over and over; it ends with one identity that works."""
    machine, token = Machine(), await pair.token()
    bases = [pair.one, pair.other] * 8

    nodes = await asyncio.gather(*(machine.enrol(base, token) for base in bases))

    assert len({node.id for node in nodes}) == 1
    working = [await node.heartbeat(base_url=pair.one) for node in nodes]
    assert sorted(working) == [200] + [401] * (len(nodes) - 1)


async def test_a_first_call_and_a_repetition_at_once_never_both_succeed(pair: Pair) -> None:
    """Whichever comes first voids the other: a credential that was accepted is never replaced behind its back."""
    for _ in range(ROUNDS):
        machine, token = Machine(), await pair.token()
        node = await machine.enrol(pair.one, token)

        lived, again = await asyncio.gather(node.heartbeat(base_url=pair.other), machine.ask(pair.one, token))

        assert (lived, again.status) in {(200, 401), (401, 201)}


async def test_a_repetition_and_a_removal_at_once_wait_for_each_other_in_vain_never(pair: Pair) -> None:
    """H40: their locks are taken in one order, so neither ends in a deadlock."""
    for _ in range(ROUNDS):
        machine, token = Machine(), await pair.token()
        node = await machine.enrol(pair.one, token)

        again, removed = await asyncio.gather(machine.ask(pair.one, token), pair.remove(node))

        assert again.status in {201, 401}
        assert removed == 204
        assert await node.heartbeat() == 401
