"""A node reaches its own routes with its own living credential, and nothing else (C04, design D4)."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import psycopg
import pytest
import pytest_asyncio
from psycopg import sql

from plexsphere.platform.kernel.secret import Secret
from tests.support.contract import OF_NODES, OF_OPERATORS, Described, by_id
from tests.support.control_plane import Place, Served, served
from tests.support.machines import Machine, RawNode
from tests.support.postgres import TestServer
from tests.support.raw_http import RawAnswer, bearer, call

pytestmark = [pytest.mark.postgres, pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

ONLY_A_NODE_ID: Final = [op for op in OF_NODES if "{node_id}" in op.template]
BODIES: Final[dict[str, bytes]] = {
    "PutNodeEndpoint": b'{"public_endpoint":"203.0.113.66:51820","nat_type":"none"}',
    "PutNodeCapabilities": b'{"builtin_actions":[],"hooks":[]}',
    "PostNodeDrift": b'{"corrections":[{"type":"peer_added","detail":"x"}]}',
    "PostNodeHeartbeat": b'{"binary_checksum":"sha256:foreign"}',
}
# Whatever a node's call could have changed. Background work moves the logs' own heads.
WATCHED: Final = (
    "nodes",
    "node_identities",
    "node_capabilities",
    "node_drift",
    "released_addresses",
    "meshes",
    "bootstrap_tokens",
)
CONTENT: Final = sql.SQL(
    "SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM plexsphere.{} t"
)


@dataclass(frozen=True)
class Scene:
    """A node, a neighbour in its Domain, one in another Domain, and one that left."""

    dsn: Secret[str]
    place: Served
    node: RawNode
    neighbour: RawNode
    foreigner: RawNode
    gone: RawNode
    spare_token: str

    async def content(self) -> dict[str, str]:
        """Return what the watched tables hold, once every heartbeat is written."""
        await self.place.root.fleet().book.flush()
        async with await psycopg.AsyncConnection.connect(self.dsn.reveal()) as connection:
            found = {}
            for table in WATCHED:
                cursor = await connection.execute(CONTENT.format(sql.Identifier(table)))
                [(found[table],)] = await cursor.fetchall()
        return found

    async def ask(self, op: Described, node_id: str, token: str) -> RawAnswer:
        """Call the operation on a node's path."""
        body = BODIES.get(op.id, b"{}") if op.takes_body else None
        return await call(self.place.base_url, op.method, op.path(node_id=node_id), body, bearer(token))


@pytest.fixture(scope="module")
def lasting_database(postgres_server: TestServer) -> Iterator[Secret[str]]:
    with postgres_server.migrated_database() as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(lasting_database: Secret[str]) -> AsyncIterator[Scene]:
    async with served(lasting_database) as place:
        *tokens, spare = await place.bootstrap_tokens(4)
        node, neighbour, gone = [await Machine().enrol(place.base_url, token) for token in tokens]
        [elsewhere] = await (await another_domain(place)).bootstrap_tokens(1)
        foreigner = await Machine().enrol(place.base_url, elsewhere)
        for each in (node, neighbour, foreigner):
            assert await each.heartbeat() == 200
        assert (await gone.call("POST", "deregister")).status == 200
        yield Scene(lasting_database, place, node, neighbour, foreigner, gone, spare)


async def another_domain(place: Place, **terms: Any) -> Place:
    async with place.as_operator() as client:
        slug = f"other-{uuid4().hex[:8]}"
        wish = {"name": slug, "slug": slug, **terms}
        domain = (await client.post("/v1/domains", json=wish)).raise_for_status().json()
        wish = {"domain_id": domain["id"], "name": slug, "slug": slug}
        project = (await client.post("/v1/projects", json=wish)).raise_for_status().json()
    return Place(place.base_url, place.operator, domain["id"], project["id"])


def uniform(answer: RawAnswer, node_id: str) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    """Return the answer without its path and correlation id, and what is left is compared byte for byte."""
    correlation = answer.header("x-correlation-id")
    assert answer.json()["instance"].count(node_id) == 1
    told = answer.body.replace(node_id.encode(), b"ID").replace(correlation.encode(), b"CORRELATION")
    apart = {"date", "x-correlation-id"}
    return answer.status, tuple(pair for pair in answer.headers if pair[0] not in apart), told


@pytest.mark.parametrize("op", ONLY_A_NODE_ID, ids=by_id)
async def test_foreign_and_unknown_nodes_are_answered_alike_and_nothing_changes(
    scene: Scene, op: Described
) -> None:
    """C04: another node of the Domain, one of another Domain, one that left, one that never was; either case."""
    before = await scene.content()
    claimed = [
        scene.neighbour.id,
        scene.foreigner.id,
        scene.gone.id,
        str(uuid4()),
        scene.neighbour.id.upper(),
    ]

    answers = [await scene.ask(op, node_id, scene.node.token) for node_id in claimed]

    told = {uniform(answer, node_id) for answer, node_id in zip(answers, claimed, strict=True)}
    assert len(told) == 1
    assert [(answer.status, answer.code) for answer in answers] == [(404, "node_not_found")] * len(claimed)
    assert await scene.content() == before


@pytest.mark.parametrize("op", ONLY_A_NODE_ID, ids=by_id)
async def test_what_is_no_id_is_told_to_nodes_alone(scene: Scene, op: Described) -> None:
    """M02, D4: the credential first, then the path."""
    for claimed in ("me", "00000000-0000-0000-0000-000000000000", scene.node.id.replace("-", "")):
        answer = await scene.ask(op, claimed, scene.node.token)

        assert (answer.status, answer.code) == (400, "invalid_node_id")
        assert (await scene.ask(op, claimed, "x")).status == 401


@pytest.mark.parametrize("op", OF_NODES, ids=by_id)
async def test_without_a_living_credential_of_a_node_its_routes_stay_shut(
    scene: Scene, op: Described
) -> None:
    """None, a dead one, an operator's, a bootstrap token, a node secret key where none is taken, half a token."""
    before = await scene.content()
    worthless = {
        "": scene.node.id,
        "x": scene.node.id,
        scene.gone.token: scene.gone.id,
        scene.place.operator.reveal(): scene.node.id,
        scene.spare_token: scene.node.id,
        scene.node.secret_key: scene.node.id,
        scene.node.token[:-1]: scene.node.id,
        scene.node.token.replace(scene.node.id.replace("-", ""), scene.neighbour.id.replace("-", "")): (
            scene.neighbour.id
        ),
    }

    answers = [await scene.ask(op, node_id, token) for token, node_id in worthless.items()]

    assert [(answer.status, answer.code) for answer in answers] == [(401, "unauthenticated")] * len(worthless)
    assert {answer.header("www-authenticate") for answer in answers} == {"Bearer"}
    assert await scene.content() == before


@pytest.mark.parametrize("op", OF_OPERATORS, ids=by_id)
async def test_a_nodes_credentials_open_no_operators_route(scene: Scene, op: Described) -> None:
    """D35: neither its token nor its secret key, on its own id included."""
    for token in (scene.node.token, scene.node.secret_key):
        body = b"{}" if op.takes_body else None
        answer = await call(
            scene.place.base_url, op.method, op.path(node_id=scene.node.id), body, bearer(token)
        )

        assert (answer.status, answer.code) == (401, "unauthenticated")


async def test_credentials_come_in_the_authorization_header_alone(scene: Scene) -> None:
    """H47: not in the query, a cookie, another header, or a second scheme."""
    path, token = scene.node.path("state"), scene.node.token
    elsewhere: list[tuple[str, dict[str, str]]] = [
        (f"{path}?access_token={token}&authorization=Bearer%20{token}", {}),
        (path, {"Cookie": f"Authorization=Bearer {token}"}),
        (path, {"X-Authorization": f"Bearer {token}"}),
        (path, {"Proxy-Authorization": f"Bearer {token}"}),
        (path, {"Authorization": f"Basic {token}"}),
        (path, {"Authorization": token}),
        (path, {"Authorization": f"Bearer {token} {token}"}),
    ]

    answers = [await call(scene.place.base_url, "GET", way, None, told) for way, told in elsewhere]

    assert [answer.status for answer in answers] == [401] * len(elsewhere)


async def test_a_heartbeat_that_names_another_node_is_refused(scene: Scene) -> None:
    """C05: the body cannot speak for another; the node's own id may come in either case."""
    foreign = await scene.node.call("POST", "heartbeat", f'{{"node_id":"{scene.neighbour.id}"}}'.encode())
    own = await scene.node.call("POST", "heartbeat", f'{{"node_id":"{scene.node.id.upper()}"}}'.encode())

    assert (foreign.status, foreign.code) == (400, "invalid_body")
    assert own.status == 200


async def test_the_secret_key_is_a_bearer_only_while_its_domain_says_so(scene: Scene) -> None:
    """D8: off by default; when the operator takes it back, the node's token goes on counting."""
    lenient = await another_domain(scene.place, accept_nsk_bearer=True)
    [token] = await lenient.bootstrap_tokens(1)
    node = await Machine().enrol(scene.place.base_url, token)

    assert await node.heartbeat(token=node.secret_key) == 200
    assert await node.heartbeat() == 200
    assert await scene.node.heartbeat(token=scene.node.secret_key) == 401
    assert (await scene.ask(ONLY_A_NODE_ID[0], scene.node.id, node.secret_key)).status == 404
    async with scene.place.as_operator() as client:
        patched = await client.patch(f"/v1/domains/{lenient.domain_id}", json={"accept_nsk_bearer": False})
    assert patched.status_code == 200
    assert await node.heartbeat(token=node.secret_key) == 401
    assert await node.heartbeat() == 200


async def test_a_node_that_left_is_dead_at_once_on_every_route(scene: Scene) -> None:
    """C35: its own answer is the last it gets from this process."""
    [token] = await scene.place.bootstrap_tokens(1)
    node = await Machine().enrol(scene.place.base_url, token)
    assert await node.heartbeat() == 200

    left = await node.call("POST", "deregister")
    after = [await scene.ask(op, node.id, node.token) for op in ONLY_A_NODE_ID]

    assert (left.status, left.body) == (200, b"{}")
    assert [answer.status for answer in after] == [401] * len(after)
