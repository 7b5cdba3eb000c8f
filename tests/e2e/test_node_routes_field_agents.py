"""Agents in the field, which others wrote from the same document: what they send is taken as it comes."""

import gzip
import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any, Final

import psycopg
import pytest
import pytest_asyncio

from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import Served, ShiftedClock, served
from tests.support.machines import REGISTER, Machine, RawNode
from tests.support.postgres import TestServer
from tests.support.raw_http import bearer, call

pytestmark = [pytest.mark.postgres, pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

ZERO_HEARTBEAT: Final = {
    "node_id": "",
    "timestamp": "0001-01-01T00:00:00Z",
    "status": "",
    "uptime": "",
    "binary_checksum": "",
}
FULL_HEARTBEAT: Final = {
    **ZERO_HEARTBEAT,
    "status": "healthy",
    "uptime": "72h15m3.5s",
    "mesh": {"interface": "plexd0", "peer_count": 3, "listen_port": 51820},
    "nat": {"public_endpoint": "203.0.113.10:51820", "type": "full_cone"},
    "bridge": None,
    "user_access": {"enabled": False},
}
ZIPPED: Final = {"Content-Encoding": "gzip"}
PADDING: Final = "x" * 2000
ROW: Final = """
SELECT last_heartbeat_at, clock_skewed, binary_checksum, reachability, now() FROM plexsphere.nodes WHERE id = %s
"""
MANIFEST: Final = "SELECT manifest FROM plexsphere.node_capabilities WHERE node_id = %s"


@pytest.fixture(scope="module")
def lasting_database(postgres_server: TestServer) -> Iterator[Secret[str]]:
    with postgres_server.migrated_database() as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(lasting_database: Secret[str]) -> AsyncIterator[Served]:
    async with served(lasting_database) as place:
        yield place


@pytest_asyncio.fixture(loop_scope="module")
async def node(place: Served) -> RawNode:
    [token] = await place.bootstrap_tokens(1)
    return await Machine().enrol(place.base_url, token)


async def row(place: Served, statement: Any, node: RawNode) -> tuple[Any, ...]:
    """Return a row about the node once every heartbeat is written."""
    await place.root.fleet().book.flush()
    async with await psycopg.AsyncConnection.connect(place.root.settings().dsn.reveal()) as connection:
        [found] = await (await connection.execute(statement, [node.id])).fetchall()
    return tuple(found)


@pytest.mark.parametrize("body", [ZERO_HEARTBEAT, FULL_HEARTBEAT, {}], ids=["zero", "full", "empty"])
async def test_a_heartbeat_of_zero_values_counts_and_is_answered_with_an_object(
    place: Served, node: RawNode, body: dict[str, Any]
) -> None:
    """Checklist 5 and 6: 2xx with a JSON object; identity from path and bearer, time from our clock."""
    answer = await node.call("POST", "heartbeat", json.dumps(body).encode())

    assert (answer.status, answer.header("content-type")) == (200, "application/json")
    assert isinstance(answer.json(), dict)
    seen_at, skewed, checksum, reachability, now = await row(place, ROW, node)
    assert abs(now - seen_at) < timedelta(minutes=1)
    assert (skewed, checksum, reachability) == (False, "", "healthy")


@pytest.mark.parametrize(
    ("timestamp", "skewed"),
    [
        ("2026-01-01T00:00:00.123456789+05:30", True),
        ("1970-01-01T00:00:00Z", True),
        ("2038-01-19T03:14:08Z", True),
        ("9999-12-31T23:59:59Z", True),
        ("9999-12-31T23:59:59-23:59", True),
        ("0001-01-01T00:00:00+23:59", False),
        (None, False),
    ],
)
async def test_the_agents_clock_marks_it_at_most_as_skewed(
    place: Served, node: RawNode, timestamp: str | None, skewed: bool
) -> None:
    """H26, M30: whatever time an agent claims, the heartbeat counts at ours."""
    answer = await node.call("POST", "heartbeat", json.dumps({"timestamp": timestamp}).encode())

    assert answer.status == 200
    seen_at, is_skewed, _, _, now = await row(place, ROW, node)
    assert abs(now - seen_at) < timedelta(minutes=1)
    assert is_skewed is skewed


@pytest.mark.parametrize(
    "timestamp", ["", "yesterday", "2026-01-01T24:00:00Z", "2026-13-01T00:00:00Z", 7, True]
)
async def test_a_time_that_is_none_is_an_invalid_body(node: RawNode, timestamp: Any) -> None:
    """M30: parsed or refused, never an error of ours."""
    answer = await node.call("POST", "heartbeat", json.dumps({"timestamp": timestamp}).encode())

    assert (answer.status, answer.code) == (400, "invalid_body")


async def test_a_clock_of_ours_that_stands_still_is_all_that_counts(
    place: Served, lasting_database: Secret[str], node: RawNode
) -> None:
    """H26: seen from a server an hour ahead, the same agent is skewed, and its heartbeat is of that server's time."""
    clock = ShiftedClock()
    clock.shift = timedelta(hours=1)
    async with served(lasting_database, clock=clock, place=place) as ahead:
        _, _, _, _, now = await row(place, ROW, node)
        body = json.dumps({"timestamp": now.isoformat()}).encode()

        assert (await node.call("POST", "heartbeat", body, base_url=ahead.base_url)).status == 200

        seen_at, skewed, *_ = await row(ahead, ROW, node)
        assert skewed
        assert seen_at - now > timedelta(minutes=59)


async def test_every_body_may_be_zipped(place: Served) -> None:
    """Checklist 8, H02: gzip on every call with a body, in several members as well."""
    [token] = await place.bootstrap_tokens(1)
    facts = {f"fact-{number}": "x" * 200 for number in range(20)}
    whole = Machine().body(token, metadata=facts)
    registered = await call(
        place.base_url, "POST", REGISTER, gzip.compress(whole[:700]) + gzip.compress(whole[700:]), ZIPPED
    )
    node = RawNode.told(place.base_url, registered)
    bodies = {
        ("POST", "heartbeat"): {**FULL_HEARTBEAT, "padding": PADDING},
        ("PUT", "capabilities"): {"hooks": [], "padding": PADDING},
        ("PUT", "endpoint"): {"public_endpoint": "203.0.113.10:51820", "padding": PADDING},
        ("POST", "drift"): {"corrections": [{"type": "peer_added", "detail": PADDING}]},
        ("POST", "deregister"): {"padding": PADDING},
    }

    answers = [
        await node.call(method, route, gzip.compress(json.dumps(body).encode()), headers=ZIPPED)
        for (method, route), body in bodies.items()
    ]

    assert registered.status == 201
    assert [answer.status for answer in answers] == [200] * len(answers)


async def test_null_stands_for_nothing_wherever_a_list_or_an_object_is_shown(
    place: Served, node: RawNode
) -> None:
    """Checklist 7: capabilities, drift and the registration's optional parts."""
    [token] = await place.bootstrap_tokens(1)
    nothing = [
        await Machine().ask(place.base_url, token, metadata=None, capabilities=None),
        await node.call("PUT", "capabilities", b'{"binary":null,"builtin_actions":null,"hooks":null}'),
        await node.call(
            "PUT",
            "capabilities",
            b'{"builtin_actions":[{"name":"ping","description":"","parameters":null}],"hooks":[{"name":"backup",'
            b'"description":"","source":"local","checksum":"00ff","parameters":null,"timeout":"","sandbox":""}]}',
        ),
        await node.call("POST", "drift", b'{"timestamp":"0001-01-01T00:00:00Z","corrections":null}'),
        await node.call("POST", "drift", b'{"timestamp":null,"corrections":[]}'),
    ]

    assert [answer.status for answer in nothing] == [201, 200, 200, 200, 200]
    [manifest] = await row(place, MANIFEST, node)
    assert [hook["name"] for hook in manifest["hooks"]] == ["backup"]


NULL_FIELDS: Final[dict[str, Any]] = {
    "binary": {"version": None, "checksum": None},
    "builtin_actions": [
        {"name": "ping", "description": None, "parameters": [{"name": "a", "required": None}]}
    ],
    "hooks": [{"name": "backup", "source": None, "timeout": None, "sandbox": None, "privileged": None}],
}


async def test_null_in_one_field_refuses_neither_an_announcement_nor_a_registration(
    place: Served, node: RawNode
) -> None:
    """D34."""
    [token] = await place.bootstrap_tokens(1)

    registered = await Machine().ask(place.base_url, token, capabilities=NULL_FIELDS)
    announced = await node.call("PUT", "capabilities", json.dumps(NULL_FIELDS).encode())

    assert (registered.status, announced.status) == (201, 200)


async def test_what_a_newer_agent_adds_is_ignored(node: RawNode) -> None:
    """D34: unknown fields of agent bodies, on every call."""
    odd = b'{"x":{"y":[1,2,{"z":null}]},"public_endpoint":"203.0.113.10:51820","nat_type":"full_cone"}'
    for method, route in [
        ("POST", "heartbeat"),
        ("PUT", "capabilities"),
        ("PUT", "endpoint"),
        ("POST", "drift"),
    ]:
        assert (await node.call(method, route, odd)).status == 200


async def test_leaving_takes_no_body_at_all(node: RawNode) -> None:
    """Call 4: Content-Length 0 and no Content-Type."""
    answer = await node.call("POST", "deregister", headers={"Content-Length": "0"})

    assert (answer.status, answer.body) == (200, b"{}")


async def test_the_secret_key_as_bearer_serves_the_whole_protocol_where_it_is_allowed(place: Served) -> None:
    """Checklist 1, D8: an agent that knows only the documented fields."""
    async with place.as_operator() as client:
        wish = {"name": "Field", "slug": "field", "accept_nsk_bearer": True}
        domain = (await client.post("/v1/domains", json=wish)).raise_for_status().json()["id"]
        wish = {"domain_id": domain, "name": "Field", "slug": "field"}
        project = (await client.post("/v1/projects", json=wish)).raise_for_status().json()["id"]
        token = (await client.post(f"/v1/projects/{project}/bootstrap-tokens", json={})).json()["token"]
    body = Machine().body(token)
    registered = await call(place.base_url, "POST", REGISTER, body, bearer(token))
    node = RawNode.told(place.base_url, registered)

    calls = [
        await node.call(method, route, sent, token=node.secret_key)
        for method, route, sent in [
            ("POST", "heartbeat", b"{}"),
            ("GET", "state", None),
            ("PUT", "endpoint", b'{"public_endpoint":"203.0.113.10:51820","nat_type":"unknown"}'),
            ("POST", "drift", b"{}"),
            ("PUT", "capabilities", b"{}"),
            ("POST", "deregister", None),
        ]
    ]

    assert registered.status == 201
    assert [answer.status for answer in calls] == [200] * len(calls)
    assert (await node.call("GET", "state", token=node.secret_key)).status == 401
