"""The invariant pack finds what it claims to find: each claim is seen broken once (reference/hardening.md 5.4)."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import pytest
import pytest_asyncio
from psycopg import AsyncConnection

from plexsphere.platform.db.database import Database
from plexsphere.platform.db.pool import session_conninfo
from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId
from plexsphere.platform.kernel.secret import Secret
from tests.integration.platform.stores import opened
from tests.support.actions_postgres import DONE, INFO, Fleet, Process, a_draft
from tests.support.control_plane import WRAP_KEY, Served, served
from tests.support.event_scene import add_policy, policy, sequenced
from tests.support.invariants.invariant import Invariant
from tests.support.invariants.pack import ALL, InvariantPack, broken
from tests.support.machines import Machine
from tests.support.managed_push import RING
from tests.support.managed_push_postgres import PushDatabase
from tests.support.postgres import TestServer
from tests.support.robots import grant, made, robot

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

LIVE_NODES: Final = "SELECT id FROM nodes WHERE removed_at IS NULL ORDER BY id"
FORGET_AUDIT: Final = (
    "DELETE FROM audit_entries WHERE caveat_context ? '{0}'",
    "DELETE FROM audit_inbox WHERE caveat_context ? '{0}'",
)

# For each claim the statements that break it, in the order in which they run.
PLANTS: Final[dict[str, Sequence[str]]] = {
    "the log of each Domain is dense from its horizon to its head": [
        "DELETE FROM event_log WHERE log_offset = 2",
    ],
    "every row of the log can be found by each node that it names": ["DELETE FROM event_recipients"],
    "what waits for its offset, or has one, belongs to a Domain with a log": ["DELETE FROM event_heads"],
    "no entry is sealed twice, none beyond the head of its chain": [
        "UPDATE audit_heads SET next_seq = next_seq - 1",
    ],
    "a used token has its node": ["DELETE FROM nodes WHERE removed_at IS NULL"],
    "a node has the one token that it used, and an identity of that token": [
        "UPDATE bootstrap_tokens SET consumed_by = NULL, consumed_at = NULL",
    ],
    "a token of a machine has an audit row for its issue and one for its revocation": [
        "UPDATE bootstrap_tokens SET revoked_at = now()",
    ],
    "an API token has an audit row for its issue and one for its revocation": [
        "UPDATE api_tokens SET revoked_at = now()",
    ],
    "a Domain, a Project and a service identity have an audit row": [
        "DELETE FROM audit_entries WHERE object_type = 'service-identity'",
        "DELETE FROM audit_inbox WHERE object_type = 'service-identity'",
    ],
    "a granted relation has an audit row": [each.format("tuple") for each in FORGET_AUDIT],
    "an audit row of a token has the token, unless its home was deleted": ["DELETE FROM api_tokens"],
    "a Domain has its mesh and its log, and they have their Domain": ["DELETE FROM event_heads"],
    "a relation is between things that are there": [
        "UPDATE relation_tuples SET object_id = gen_random_uuid()::text WHERE project_id IS NOT NULL",
    ],
    "there is exactly one current signing key": ["UPDATE signing_keys SET status = 'previous'"],
    "an identity is live if and only if its node is": ["UPDATE node_identities SET ended_at = now()"],
    "no two live nodes of a Domain share a mesh address": [
        "DROP INDEX nodes_mesh_ip",
        "UPDATE nodes SET mesh_ip = '10.100.0.1'",
    ],
    "no two live nodes of a Domain share a hostname": [
        "DROP INDEX nodes_hostname",
        "UPDATE nodes SET hostname = 'twin'",
    ],
    "no two live nodes of a Domain share a public key": [
        "DROP INDEX nodes_public_key",
        "UPDATE nodes SET public_key = sha256('twin')",
    ],
    "an address is a live node's, or cools down, or was never given out": ["DELETE FROM released_addresses"],
    "whoever sees a node was told that it came, and its former peers that it went": [
        "UPDATE event_log SET frames = '[]' WHERE frames::text LIKE '%peer_removed%'",
    ],
    "a node has an audit row for its coming and one for its going": [
        "UPDATE audit_entries SET relation = 'node.seen' WHERE relation = 'node.register'",
        "UPDATE audit_inbox SET relation = 'node.seen' WHERE relation = 'node.register'",
    ],
    "an audit row of a registration has its node, unless the Domain was deleted": ["DELETE FROM nodes"],
    "a live node belongs to a Project of its Domain": ["UPDATE nodes SET project_id = gen_random_uuid()"],
    "nothing is newer than the revision of its mesh": ["UPDATE meshes SET revision = 0"],
    "a policy has an audit row for its coming and one for its going": [
        "UPDATE network_policies SET deleted_at = now()",
    ],
    "an audit row of a policy has the policy, unless its Project was deleted": [
        "DELETE FROM network_policies"
    ],
    "each revision of a policy behind its first has an audit row of its own": [
        "UPDATE network_policies SET head_number = head_number + 1",
    ],
    "each revision of a policy but the first was written upon the one before": [
        "UPDATE network_policy_revisions SET number = number + 1",
    ],
    "a policy in force has its head, a deleted one no revision": ["DELETE FROM network_policy_revisions"],
    "an execution has the targets that it was dispatched to": ["UPDATE executions SET size = size + 1"],
    "a node was told of its target once if it was released, and never if it was not": [
        "UPDATE execution_targets SET released_at = NULL, deadline = NULL WHERE ended_at IS NULL",
    ],
    "a target that its node ended has one audit row of that, and no target has two": [
        "UPDATE audit_entries SET relation = 'execution.seen' WHERE relation = 'execution.result'",
        "UPDATE audit_inbox SET relation = 'execution.seen' WHERE relation = 'execution.result'",
    ],
    "an execution that ended says how its targets did, none of which is open": [
        "UPDATE executions SET status = 'timeout' WHERE status = 'succeeded'",
    ],
    "what is overdue is ended before it is so for 60 s": [
        "UPDATE execution_targets SET deadline = deadline - interval '361 s'",
    ],
    "a key of a dispatch stands for an execution that is there": [
        "UPDATE execution_keys SET execution_id = gen_random_uuid()",
    ],
    "an execution has one audit row of its dispatch, and one of its cancellation at most": [
        "UPDATE audit_entries SET relation = 'execution.cancel' WHERE relation = 'execution.dispatch'",
        "UPDATE audit_inbox SET relation = 'execution.cancel' WHERE relation = 'execution.dispatch'",
    ],
    "a push has a time of its rollback if and only if it was rolled back": [
        "ALTER TABLE domain_hook_push DROP CONSTRAINT domain_hook_push_rolled_back",
        "UPDATE domain_hook_push SET rolled_back_at = now() WHERE status = 'applied'",
    ],
    "a push has an audit row for its coming and one for its undoing": [
        "UPDATE audit_entries SET relation = 'managed_push.push' WHERE relation = 'managed_push.rollback'",
        "UPDATE audit_inbox SET relation = 'managed_push.push' WHERE relation = 'managed_push.rollback'",
    ],
    "an audit row of a push has the push, unless it was a dry run or the Domain was deleted": [
        "DELETE FROM domain_hook_push",
    ],
    "an intent past its lease is settled before it is 60 s old": [
        "UPDATE managed_push_intents SET leased_until = now() - interval '1 s', created_at = now() - interval '61 s'",
    ],
    "what is sealed is as long as a sealed value is": [
        "ALTER TABLE domain_managed_push DROP CONSTRAINT domain_managed_push_sealed",
        "UPDATE domain_managed_push SET kubeconfig_ciphertext = ''",
    ],
}


@pytest.fixture(scope="module")
def lasting_database(postgres_server: TestServer) -> Iterator[Secret[str]]:
    with postgres_server.migrated_database() as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def inhabited(lasting_database: Secret[str]) -> AsyncIterator[Secret[str]]:
    """A database with two live nodes, one that left, a policy, a robot with a grant, and pushes to a cluster."""
    async with served(lasting_database) as place:
        await _inhabit(place)
        await _push(lasting_database, DomainId(UUID(place.domain_id)))
        await _act(lasting_database, DomainId(UUID(place.domain_id)), ProjectId(UUID(place.project_id)))
        await sequenced(lasting_database)
        await _sealed(lasting_database)
    yield lasting_database


async def _inhabit(place: Served) -> None:
    nodes = [await Machine().enrol(place.base_url, token) for token in await place.bootstrap_tokens(3)]
    await add_policy(place, policy("more", "role=a", "role=b"))
    async with place.as_operator() as operator:
        await made(operator, "/v1/domains", {"name": "Other", "slug": "other"})
        caller = await robot(operator, place.domain_id)
        await grant(operator, place.project_id, caller.subject, "member", f"project:{place.project_id}")
        (await operator.delete(f"/v1/nodes/{nodes[0].id}?confirm=true")).raise_for_status()


async def _push(dsn: Secret[str], domain_id: DomainId) -> None:
    """Leave a target, a push that is applied, one that was rolled back, and one whose writer is at work."""
    async with opened(dsn) as database:
        place = PushDatabase(database)
        await place.check()
        await place.attach(domain_id)
        await place.push(1, domain_id)
        await place.roll_back(await place.push(2, domain_id))
        await place.begin(3, domain_id)


async def _act(dsn: Secret[str], domain_id: DomainId, project_id: ProjectId) -> None:
    """Leave an execution that succeeded, and one of which nobody heard yet."""
    async with opened(dsn) as database:
        nodes = [NodeId(row[0]) for row in await _rows(database, LIVE_NODES)]
        fleet = Fleet(nodes, {project_id: domain_id})
        fleet.announce(INFO)
        process = Process(database, fleet)
        over = await process.dispatch(a_draft(project_id=project_id, node_id=nodes[0]))
        await process.report(domain_id, nodes[0], str(over.execution.id), DONE)
        await process.dispatch(a_draft(project_id=project_id, idempotency_key="k", body_digest=b"1"))


async def _rows(database: Database, statement: str) -> list[Any]:
    async with database.connection() as connection:
        return await (await connection.execute(statement.encode())).fetchall()


async def _sealed(dsn: Secret[str]) -> None:
    async with await AsyncConnection.connect(session_conninfo(dsn), autocommit=True) as connection:
        async with asyncio.timeout(30):
            while (await (await connection.execute("SELECT count(*) FROM audit_inbox")).fetchone()) != (0,):  # noqa: ASYNC110
                await asyncio.sleep(0.05)


@asynccontextmanager
async def passing(dsn: Secret[str]) -> AsyncIterator[AsyncConnection[Any]]:
    """Lend a connection whose work is undone at the end."""
    connection = await AsyncConnection.connect(session_conninfo(dsn))
    try:
        yield connection
    finally:
        await connection.rollback()
        await connection.close()


async def test_what_a_control_plane_leaves_behind_breaks_no_claim(inhabited: Secret[str]) -> None:
    async with opened(inhabited) as database:
        pack = InvariantPack(database, Secret(WRAP_KEY), push_ring=RING)

        assert await pack.violations() == []
        assert await pack.violations() == []
        assert len(pack.verified) >= 2


@pytest.mark.parametrize("invariant", ALL, ids=[each.claim for each in ALL])
async def test_a_claim_that_was_broken_is_named(inhabited: Secret[str], invariant: Invariant) -> None:
    async with passing(inhabited) as connection:
        assert await broken(connection, invariant) == []
        for statement in PLANTS[invariant.claim]:
            await connection.execute(statement.encode())

        [line] = await broken(connection, invariant)

    assert line.startswith(f"{invariant.number} {invariant.claim}: ")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE node_identities SET nsk_sealed = nsk_sealed || '\\x00'",
        "UPDATE node_identities SET nsk_version = nsk_version + 1",
        "UPDATE meshes SET psk_base_sealed = (SELECT private_sealed FROM signing_keys)",
        "UPDATE signing_keys SET private_sealed = '\\x00'",
        "UPDATE sealed_checks SET sealed = '' WHERE purpose = 'node-secret-keys'",
        "UPDATE sealed_checks SET sealed = '' WHERE purpose = 'managed-push'",
        "UPDATE domain_managed_push SET kubeconfig_ciphertext = (SELECT max(prior_state) FROM domain_hook_push)",
        "UPDATE domain_hook_push SET prior_state = (SELECT max(prior_state) FROM managed_push_intents)",
        "UPDATE domain_hook_push SET pushed_spec = (SELECT max(spec::text)::jsonb FROM managed_push_intents)",
        "UPDATE managed_push_intents SET prior_state = (SELECT max(prior_state) FROM domain_hook_push)",
        "UPDATE managed_push_intents SET spec = (SELECT max(pushed_spec::text)::jsonb FROM domain_hook_push)",
    ],
)
async def test_a_sealed_value_that_opens_no_more_is_named(inhabited: Secret[str], statement: str) -> None:
    async with opened(inhabited) as database, passing(inhabited) as connection:
        pack = InvariantPack(database, Secret(WRAP_KEY), push_ring=RING)
        assert await pack.unopened(connection) == []
        await connection.execute(statement.encode())

        assert await pack.unopened(connection) != []


async def test_an_entry_that_was_changed_after_it_was_verified_is_named(inhabited: Secret[str]) -> None:
    async with opened(inhabited) as database, database.connection() as connection:
        pack = InvariantPack(database, Secret(WRAP_KEY), push_ring=RING)
        await connection.execute(
            b"UPDATE audit_entries SET correlation_id = 'x' || correlation_id WHERE seq = 1"
        )
        changed = await pack.violations()
        await connection.execute(
            b"UPDATE audit_entries SET correlation_id = substr(correlation_id, 2) WHERE seq = 1"
        )

        assert len(changed) >= 2
        assert all(
            line.startswith("7 the audit chain verifies: ") and line.endswith(" at 1") for line in changed
        )
        assert await pack.violations() == []


async def test_every_claim_has_its_plant() -> None:
    assert set(PLANTS) == {each.claim for each in ALL}
