"""What the server does with requests that no well-behaved client sends (H10, M06, M07, M20)."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Final

import pytest
import pytest_asyncio

from plexsphere.platform.kernel.secret import Secret
from tests.support.contract import EVERY, NODE, OPERATOR, Described, by_id
from tests.support.control_plane import Served, served
from tests.support.machines import REGISTER, Machine, RawNode
from tests.support.postgres import TestServer
from tests.support.raw_http import RawAnswer, RawConnection, bearer, call, connected, request

pytestmark = [pytest.mark.postgres, pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

KIB: Final = 1024
MIB: Final = 1024 * KIB
ROUTES: Final = {
    "heartbeat": ("POST", 8 * KIB, "request_body_too_large"),
    "endpoint": ("PUT", 4 * KIB, "endpoint_body_too_large"),
    "capabilities": ("PUT", 256 * KIB, "capabilities_body_too_large"),
    "drift": ("POST", 256 * KIB, "request_body_too_large"),
}
FIELDS: Final = b'{"public_endpoint":"203.0.113.10:51820"}'
# Endless, but not for a test that would otherwise never end.
FLOOD: Final = 64 * MIB


@pytest.fixture(scope="module")
def lasting_database(postgres_server: TestServer) -> Iterator[Secret[str]]:
    with postgres_server.migrated_database() as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(lasting_database: Secret[str]) -> AsyncIterator[Served]:
    async with served(lasting_database) as place:
        yield place


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(place: Served) -> RawNode:
    [token] = await place.bootstrap_tokens(1)
    return await Machine().enrol(place.base_url, token)


@pytest_asyncio.fixture(loop_scope="module")
async def lane(place: Served) -> AsyncIterator[RawConnection]:
    async with connected(place.base_url) as connection:
        yield connection


def padded(size: int) -> bytes:
    return FIELDS + b" " * (size - len(FIELDS))


def chunked(octets: bytes, step: int = 1000) -> bytes:
    pieces = [octets[place : place + step] for place in range(0, len(octets), step)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


async def told_the_length(lane: RawConnection, node: RawNode, route: str, size: int) -> RawAnswer:
    method, _, _ = ROUTES[route]
    return await lane.call(method, node.path(route), padded(size), bearer(node.token))


async def in_chunks(lane: RawConnection, node: RawNode, route: str, size: int) -> RawAnswer:
    method, _, _ = ROUTES[route]
    head = request(method, node.path(route), None, {**bearer(node.token), "Transfer-Encoding": "chunked"})
    await lane.send(head + chunked(padded(size)))
    return await lane.answer()


@pytest.mark.parametrize("sent", [told_the_length, in_chunks])
@pytest.mark.parametrize("route", ROUTES)
async def test_a_body_counts_up_to_its_cap_and_not_a_byte_further(
    place: Served, node: RawNode, route: str, sent: object
) -> None:
    """H10: cap-1, cap and cap+1, with a length and in chunks."""
    assert callable(sent)
    _, cap, code = ROUTES[route]
    answers = []
    for size in (cap - 1, cap, cap + 1):
        async with connected(place.base_url) as lane:
            answers.append(await sent(lane, node, route, size))

    assert [answer.status for answer in answers] == [200, 200, 413]
    assert answers[-1].code == code


async def test_what_is_announced_as_too_large_is_not_waited_for(lane: RawConnection, node: RawNode) -> None:
    """H10: a length of 10 GB with nothing behind it is answered, and the connection ends."""
    head = request(
        "POST", node.path("heartbeat"), None, {**bearer(node.token), "Content-Length": str(10**10)}
    )

    await lane.send(head)

    assert (await lane.answer()).status == 413
    assert await lane.is_closed()


async def test_a_client_that_waits_for_leave_to_send_is_refused_without_a_byte(
    lane: RawConnection, node: RawNode
) -> None:
    """Expect: 100-continue: whoever is refused at the gate never gets the 100, and the connection ends."""
    expecting = {"Expect": "100-continue", "Content-Length": "100"}

    await lane.send(request("POST", node.path("heartbeat"), None, {**bearer("x"), **expecting}))

    assert (await lane.answer()).status == 401
    assert await lane.is_closed()


@pytest.mark.parametrize("credential", ["its own", "none"])
async def test_an_endless_body_is_cut(lane: RawConnection, node: RawNode, credential: str) -> None:
    """H10, C09: answered as soon as the cap is passed, or at the gate, and then nothing more is read."""
    token = node.token if credential == "its own" else "x"
    await lane.send(
        request("POST", node.path("heartbeat"), None, {**bearer(token), "Transfer-Encoding": "chunked"})
    )
    flood = asyncio.create_task(pour(lane))

    answer = await lane.answer()
    closed = await lane.is_closed()
    poured = await flood

    assert answer.status == (413 if credential == "its own" else 401)
    assert answer.header("connection") == "close"
    assert closed
    assert poured < FLOOD


async def pour(lane: RawConnection) -> int:
    """Send chunks until the other side stops taking them, and return how many bytes went."""
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    poured = 0
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(3):
            while poured < FLOOD and not lane.is_closing():
                await lane.send(piece)
                poured += len(piece)
    return poured


async def test_a_small_body_that_nobody_read_costs_no_connection(lane: RawConnection, node: RawNode) -> None:
    """The refusal of an ordinary call leaves the connection to the next one."""
    for token, status in [("x", 401), (node.token, 200)] * 3:
        answer = await lane.call("POST", node.path("heartbeat"), b"{}", bearer(token))

        assert answer.status == status


async def test_a_length_below_the_truth_cannot_carry_a_second_request(
    lane: RawConnection, node: RawNode
) -> None:
    """H10: what lies behind the told length is read as a request of its own, and is none."""
    lying = {**bearer(node.token), "Content-Length": "2"}

    await lane.send(request("POST", node.path("heartbeat"), b'{}{"node_id":"x"}', lying))

    first = await lane.answer()
    assert first.status == 400 or (await lane.answer()).status == 400
    assert await lane.is_closed()


async def test_a_body_that_ends_before_its_length_changes_nothing(place: Served, node: RawNode) -> None:
    """H10: a client that leaves in the middle has said nothing; the next one is served."""
    [token] = await place.bootstrap_tokens(1)
    whole = Machine().body(token)
    async with connected(place.base_url) as lane:
        await lane.send(request("POST", REGISTER, whole[:-1], {"Content-Length": str(len(whole))}))

    assert (await Machine().ask(place.base_url, token)).status == 201


AMBIGUOUS: Final = {
    "a length and chunks": b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and a length": b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "the same length twice": b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "a list of lengths": b"Content-Length: 2, 2\r\n\r\n{}",
    "a signed length": b"Content-Length: +2\r\n\r\n{}",
    "a negative length": b"Content-Length: -2\r\n\r\n{}",
    "a length beyond 64 bits": b"Content-Length: 99999999999999999999\r\n\r\n{}",
    "an unknown transfer coding": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunks in the middle": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "a folded header": b"X-Folded: a\r\n b\r\nContent-Length: 2\r\n\r\n{}",
    "a header that ends with LF alone": b"X-Bare: a\nContent-Length: 2\r\n\r\n{}",
    "a CR within a header": b"X-Bare: a\rContent-Length: 2\r\n\r\n{}",
    "NUL within a header": b"X-Nul: a\x00b\r\nContent-Length: 2\r\n\r\n{}",
    "a blank before the colon": b"Content-Length : 2\r\n\r\n{}",
    "a chunk size that is none": b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "a chunk size beyond 64 bits": b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    "chunks parted by LF alone": b"Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n",
    "a chunk longer than told": b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}xx\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("case", AMBIGUOUS)
async def test_a_request_that_two_servers_could_read_differently_is_refused_and_the_connection_ends(
    lane: RawConnection, node: RawNode, case: str
) -> None:
    """M07: 400 and close; what stands behind it in the same packet is never a request."""
    head = f"POST {node.path('heartbeat')} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {node.token}\r\n"
    smuggled = request("POST", node.path("deregister"), None, bearer(node.token))

    await lane.send(head.encode() + AMBIGUOUS[case] + smuggled)

    assert (await lane.answer()).status == 400
    assert await lane.is_closed()
    assert await node.heartbeat() == 200


@pytest.mark.parametrize(
    "line",
    [
        b"GET /v1/health HTTP/1.1\nHost: x\n\n",
        b"GET /v1/health\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/h\xc3\xa4lth HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET v1/health HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET  HTTP/1.1\r\nHost: x\r\n\r\n",
        b"BREW /v1/health HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
async def test_what_is_no_request_of_http_1_is_refused_and_the_connection_ends(
    lane: RawConnection, line: bytes
) -> None:
    """M07."""
    await lane.send(line)

    assert (await lane.answer()).status == 400
    assert await lane.is_closed()


def credential_for(op: Described, place: Served, node: RawNode) -> dict[str, str]:
    known = {NODE: node.token, OPERATOR: place.operator.reveal()}
    return bearer(known[op.credential]) if op.credential else {}


SERVED: Final = {op.template: {each.method for each in EVERY if each.template == op.template} for op in EVERY}


@pytest.mark.parametrize("op", list({op.template: op for op in EVERY}.values()), ids=lambda op: op.template)
async def test_head_options_and_trace_show_nothing(place: Served, node: RawNode, op: Described) -> None:
    """M06: 405 without a word of the resource, with the right credential and with none; overrides are not heard."""
    override = {"X-HTTP-Method-Override": op.method, "X-Method-Override": op.method}
    for method in ("HEAD", "OPTIONS", "TRACE"):
        for told in ({}, credential_for(op, place, node)):
            answer = await call(place.base_url, method, op.path(node_id=node.id), None, {**told, **override})

            assert answer.status == 405
            assert set(answer.header("allow").split(", ")) == SERVED[op.template]
            assert b"Bearer" not in answer.body


@pytest.mark.parametrize(
    "variant",
    [
        "//v1/nodes/{id}/state",
        "/v1//nodes/{id}/state",
        "/v1/nodes//{id}/state",
        "/v1/nodes/{id}/state/",
        "/v1/nodes/{id}/state;x=y",
        "/v1/nodes/{id};x/state",
        "/V1/nodes/{id}/state",
        "/v1/nodes/{id}/STATE",
        "/v1/./nodes/{id}/state",
        "/v1/register/../nodes/{id}/state",
        "/v1/%2e%2e/v1/nodes/{id}/state",
        "/v1/nodes/{id}%2Fstate",
        "/v1/nodes/{id}/state%00",
        "/v1/nodes/{id}/state%0d%0aX-Evil: 1".replace(" ", "%20"),
        "/v1/nodes/{id}\\state",
        "/v1/health/../nodes/{id}/state",
        "http://evil.example/v1/nodes/{id}/state",
    ],
)
async def test_no_spelling_of_a_path_goes_around_the_gate(place: Served, node: RawNode, variant: str) -> None:
    """M06: without a credential nothing but refusals, whatever the path looks like."""
    for method in ("GET", "POST", "PUT"):
        answer = await call(place.base_url, method, variant.format(id=node.id))

        assert answer.status in {400, 401, 404, 405}
        assert answer.header("content-type") == "application/problem+json"
        assert "x-evil" not in dict(answer.headers)


async def test_the_host_a_client_names_appears_nowhere(place: Served) -> None:
    """C37: neither Host nor its forwarded forms reach an answer."""
    [token] = await place.bootstrap_tokens(1)
    evil = {name: "evil.example" for name in ("Host", "X-Forwarded-Host", "X-Original-URL", "Forwarded")}
    node = RawNode.told(
        place.base_url, await call(place.base_url, "POST", REGISTER, Machine().body(token), evil)
    )

    answers = [
        await node.call("GET", "state", headers=evil),
        await call(place.base_url, "GET", "/v1/openapi.json", None, evil),
        await call(place.base_url, "GET", "/v1/nothing", None, evil),
        await call(place.base_url, "GET", "http://evil.example/v1/nothing", None, evil),
    ]

    for answer in answers:
        assert b"evil.example" not in answer.body + json.dumps(answer.headers).encode()


async def test_what_holds_secrets_is_not_kept_by_anybody(place: Served) -> None:
    """M20: no-store on registration, state (304 too) and issued tokens."""
    operator = bearer(place.operator.reveal())
    path = f"/v1/projects/{place.project_id}/bootstrap-tokens"
    issued = await call(place.base_url, "POST", path, b"{}", operator)
    registered = await Machine().ask(place.base_url, issued.json()["token"])
    node = RawNode.told(place.base_url, registered)
    state = await node.call("GET", "state")
    unchanged = await node.call("GET", "state", headers={"If-None-Match": state.header("etag")})

    assert [answer.status for answer in (issued, registered, state, unchanged)] == [201, 201, 200, 304]
    for answer in (issued, registered, state, unchanged):
        assert answer.header("cache-control") == "no-store"


@pytest.mark.parametrize("op", [op for op in EVERY if not op.is_stream], ids=by_id)
async def test_no_answer_is_sniffed_or_shared_with_another_origin(
    place: Served, node: RawNode, op: Described
) -> None:
    """M20: nosniff everywhere, CORS nowhere, whatever Origin asks."""
    asking = {"Origin": "https://evil.example", "Access-Control-Request-Method": op.method}
    for method in (op.method, "OPTIONS"):
        answer = await call(place.base_url, method, op.path(), None, {**bearer("x"), **asking})

        assert answer.header("x-content-type-options") == "nosniff"
        assert not [name for name, _ in answer.headers if name.startswith("access-control-")]
        assert not answer.header("server")
