"""A registration that is refused says why, and the token is as good as before (C03)."""

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final

import psycopg
import pytest
import pytest_asyncio

from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import Place, Served, served, until_readiness
from tests.support.machines import REGISTER, Machine, a_public_key
from tests.support.postgres import TestServer, running_server
from tests.support.raw_http import RawAnswer, bearer, call

pytestmark = [pytest.mark.postgres, pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

CAP: Final = 256 * 1024
PRIME: Final = 2**255 - 19
LOW_ORDER: Final = (
    0,
    1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
    PRIME - 1,
    PRIME,
    PRIME + 1,
)
UNKNOWN_TOKEN: Final = f"plx_enroll_{'0' * 31}1_{'A' * 43}"

SPENT: Final = "SELECT count(*) FROM plexsphere.bootstrap_tokens WHERE consumed_at IS NOT NULL"
NODES: Final = "SELECT count(*) FROM plexsphere.nodes"
EXPIRE_ALL: Final = (
    "UPDATE plexsphere.bootstrap_tokens SET expires_at = clock_timestamp() WHERE consumed_at IS NULL"
)
COOL_DOWN: Final = "UPDATE plexsphere.released_addresses SET free_at = now() WHERE domain_id = %s"


@pytest.fixture(scope="module")
def lasting_database(postgres_server: TestServer) -> Iterator[Secret[str]]:
    with postgres_server.migrated_database() as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(lasting_database: Secret[str]) -> AsyncIterator[Served]:
    async with served(lasting_database) as place:
        yield place


@pytest_asyncio.fixture(loop_scope="module")
async def token(place: Served) -> str:
    [token] = await place.bootstrap_tokens(1)
    return token


async def sql(dsn: Secret[str], statement: Any, *values: Any) -> list[tuple[Any, ...]]:
    async with await psycopg.AsyncConnection.connect(dsn.reveal()) as connection:
        cursor = await connection.execute(statement, values)
        return await cursor.fetchall() if cursor.description else []


async def register(place: Place, body: bytes, **headers: str) -> RawAnswer:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return await call(place.base_url, "POST", REGISTER, body, told)


def as_key(point: int) -> str:
    return base64.b64encode(point.to_bytes(32, "little")).decode()


def changed(token: str, **changes: Any) -> bytes:
    return Machine().body(token, **changes)


MALFORMED: Final[Mapping[str, tuple[dict[str, Any], str, str]]] = {
    "a key that is no base64": ({"public_key": "!" * 44}, "invalid_public_key", "44 characters of base64"),
    "a key of 31 bytes": (
        {"public_key": base64.b64encode(bytes(range(31))).decode()},
        "invalid_public_key",
        "44 characters of base64",
    ),
    "a key of 33 bytes": (
        {"public_key": base64.b64encode(bytes(range(33))).decode()},
        "invalid_public_key",
        "44 characters of base64",
    ),
    "a key in url-safe base64": (
        {"public_key": base64.urlsafe_b64encode(b"\xff" * 31 + b"\x01").decode()},
        "invalid_public_key",
        "44 characters of base64",
    ),
    **{
        f"the low-order point {point % 10**6}": (
            {"public_key": as_key(point)},
            "invalid_public_key",
            "low order",
        )
        for point in LOW_ORDER
    },
    "a low-order point with its top bit set": (
        {"public_key": as_key(1 | 2**255)},
        "invalid_public_key",
        "low order",
    ),
    "no hostname": ({"hostname": ""}, "invalid_hostname", "letters, digits and hyphens"),
    "a hostname with an underscore": (
        {"hostname": "web_01"},
        "invalid_hostname",
        "letters, digits and hyphens",
    ),
    "a hostname of another alphabet": (
        {"hostname": "w\N{CYRILLIC SMALL LETTER IE}b-01"},
        "invalid_hostname",
        "letters, digits and hyphens",
    ),
    "a hostname with a line feed": (
        {"hostname": "web-01\n"},
        "invalid_hostname",
        "letters, digits and hyphens",
    ),
    "a hostname for a shell": ({"hostname": "$(id)"}, "invalid_hostname", "letters, digits and hyphens"),
    "a hostname beyond 253": (
        {"hostname": "a." * 127 + "a"},
        "invalid_hostname",
        "letters, digits and hyphens",
    ),
    "a label beyond 63": ({"hostname": "a" * 64}, "invalid_hostname", "letters, digits and hyphens"),
    "a fact that is no text": ({"metadata": {"cpus": 8}}, "invalid_body", "str"),
    "a fact with a line feed": ({"metadata": {"os": "a\nb"}}, "invalid_body", "printable"),
    "too many facts": ({"metadata": {f"k{number}": "" for number in range(65)}}, "invalid_body", "64"),
    "a hostname that is no text": ({"hostname": 7}, "invalid_body", "hostname"),
    "capabilities that are no object": ({"capabilities": []}, "invalid_body", "capabilities"),
}


@pytest.mark.parametrize("case", MALFORMED)
async def test_what_is_malformed_is_named_and_costs_nothing(place: Served, token: str, case: str) -> None:
    """M01, M10: 400 with the field's rule; agents give up on a 400 and on nothing else (agents' checklist, 14)."""
    changes, code, detail = MALFORMED[case]

    answer = await register(place, changed(token, **changes))

    assert (answer.status, answer.code) == (400, code)
    assert detail in answer.json()["detail"]
    assert (await Machine().ask(place.base_url, token)).status == 201


UNREADABLE: Final[Mapping[str, tuple[bytes, dict[str, str], int, str]]] = {
    "nothing": (b"", {}, 400, "invalid_body"),
    "no JSON": (b"token=x", {}, 400, "invalid_body"),
    "a missing field": (b'{"token":"x"}', {}, 400, "invalid_body"),
    "two values": (b"{} {}", {}, 400, "invalid_body"),
    "no gzip": (b"{}", {"Content_Encoding": "gzip"}, 400, "invalid_body"),
    "gzip that was cut": (gzip.compress(b"x" * 900)[:-9], {"Content_Encoding": "gzip"}, 400, "invalid_body"),
    "gzip with a wrong sum": (
        gzip.compress(b"x")[:-8] + bytes(8),
        {"Content_Encoding": "gzip"},
        400,
        "invalid_body",
    ),
    "a bomb": (gzip.compress(b" " * 50_000_000), {"Content_Encoding": "gzip"}, 413, "request_body_too_large"),
    "another encoding": (b"{}", {"Content_Encoding": "br"}, 415, "unsupported_encoding"),
    "twice zipped": (
        gzip.compress(gzip.compress(b"{}")),
        {"Content_Encoding": "gzip, gzip"},
        415,
        "unsupported_encoding",
    ),
    "a form": (
        b"token=x",
        {"Content_Type": "application/x-www-form-urlencoded"},
        415,
        "unsupported_media_type",
    ),
    "UTF-16": (
        "{}".encode("utf-16"),
        {"Content_Type": "application/json; charset=utf-16"},
        415,
        "unsupported_media_type",
    ),
    "too much": (b" " * (CAP + 1), {}, 413, "request_body_too_large"),
}


@pytest.mark.parametrize("case", UNREADABLE)
async def test_what_cannot_be_read_is_named(place: Served, case: str) -> None:
    """H01, H03, H04, M03, H10."""
    body, headers, status, code = UNREADABLE[case]

    answer = await register(place, body, **headers)

    assert (answer.status, answer.code) == (status, code)


async def test_a_body_that_names_a_key_twice_is_refused_in_any_case(place: Served, token: str) -> None:
    """M04: two readers of one body must not admit two machines."""
    whole = changed(token)
    for twice in (b'{"hostname":"other",' + whole[1:], b'{"Hostname":"other",' + whole[1:]):
        answer = await register(place, twice)

        assert (answer.status, answer.code) == (400, "invalid_body")
    assert (await register(place, whole)).status == 201


async def test_a_field_that_nobody_asked_for_changes_nothing(place: Served, token: str) -> None:
    """M05: no machine chooses its id, address or labels."""
    body = json.loads(changed(token))
    wish = {"node_id": "01900000-0000-7000-8000-000000000001", "mesh_ip": "10.100.9.9", "kind": "bridge"}

    answer = await register(place, json.dumps({**body, **wish, "labels": {"role": "admin"}}).encode())

    assert answer.status == 201
    assert answer.json()["node_id"] != wish["node_id"]
    assert answer.json()["mesh_ip"] != wish["mesh_ip"]
    async with place.as_operator() as client:
        node = (await client.get(f"/v1/nodes/{answer.json()['node_id']}")).json()
    assert (node["kind"], node["metadata"]) == ("node", {})


async def test_of_a_token_that_admits_nobody_it_is_not_told_why(place: Served, token: str) -> None:
    """Unknown, expired, used, malformed or another credential: one answer, the same but for its correlation id."""
    spent, expired = await place.bootstrap_tokens(2)
    node = await Machine().enrol(place.base_url, spent)
    await sql(place.root.settings().dsn, EXPIRE_ALL)
    worthless = [
        UNKNOWN_TOKEN,
        spent,
        expired,
        "plx_enroll_",
        "x",
        "é" * 512,
        node.token,
        place.operator.reveal(),
        expired[:-1],
        f" {expired}",
    ]

    answers = [await Machine().ask(place.base_url, each) for each in worthless]

    told = {json.dumps({**each.json(), "correlation_id": ""}) for each in answers}
    assert [(each.status, each.code) for each in answers] == [(401, "token_invalid")] * len(worthless)
    assert len(told) == 1


async def test_a_token_beyond_512_characters_is_malformed(place: Served) -> None:
    answer = await Machine().ask(place.base_url, "x" * 513)

    assert (answer.status, answer.code) == (400, "invalid_body")


async def test_a_token_in_the_header_alone_admits_nobody(place: Served, token: str) -> None:
    """H47, agents' checklist 1: the body counts; a bearer beside it is not looked at."""
    body = json.loads(changed(token))
    del body["token"]

    answer = await register(place, json.dumps(body).encode(), **bearer(token))

    assert (answer.status, answer.code) == (400, "invalid_body")
    assert (await register(place, changed(token), **bearer("anything at all"))).status == 201


async def test_a_hostname_or_key_of_a_live_node_is_taken_and_the_token_stays_good(
    place: Served, token: str
) -> None:
    """C03: 409 in any case of letters; the next valid call with the same token is a 201."""
    other, machine = (await place.bootstrap_tokens(1))[0], Machine(hostname="Db-1")
    await machine.enrol(place.base_url, other)

    same_name = await Machine(hostname="dB-1").ask(place.base_url, token)
    same_key = await Machine(public_key=machine.public_key).ask(place.base_url, token)
    good = await Machine().ask(place.base_url, token)

    assert (same_name.status, same_name.code) == (409, "hostname_taken")
    assert (same_key.status, same_key.code) == (409, "public_key_taken")
    assert good.status == 201


async def test_a_worthless_token_is_not_told_whether_a_hostname_is_taken(place: Served, token: str) -> None:
    """Design D10: the token is proven before anything else is told."""
    machine = Machine()
    await machine.enrol(place.base_url, token)

    answer = await Machine(hostname=machine.hostname).ask(place.base_url, UNKNOWN_TOKEN)

    assert (answer.status, answer.code) == (401, "token_invalid")


async def test_what_a_node_left_behind_can_be_taken_by_another(place: Served) -> None:
    first, second = await place.bootstrap_tokens(2)
    machine = Machine()
    node = await machine.enrol(place.base_url, first)
    assert (await node.call("POST", "deregister")).status == 200

    assert (await machine.ask(place.base_url, second)).status == 201


async def domain_of(place: Served, cidr: str, **terms: Any) -> Place:
    """Make a Domain of this size with a Project, and return where its tokens come from."""
    async with place.as_operator() as client:
        slug = "tiny-" + a_public_key()[:6].lower().translate({43: "x", 47: "y"})
        domain = (
            await client.post("/v1/domains", json={"name": slug, "slug": slug, "mesh_cidr": cidr})
        ).json()
        wish = {"domain_id": domain["id"], "name": slug, "slug": slug}
        project = (await client.post("/v1/projects", json=wish)).json()
    return Place(place.base_url, place.operator, domain["id"], project["id"])


async def test_a_mesh_without_a_free_address_refuses_and_keeps_the_token(place: Served) -> None:
    """H29: six addresses in a /29; a seventh machine waits for one to cool down, with the same token."""
    tiny = await domain_of(place, "10.9.0.0/29")
    *six, seventh = await tiny.bootstrap_tokens(7)
    nodes = [await Machine().enrol(place.base_url, token) for token in six]
    late = Machine()

    full = await late.ask(place.base_url, seventh)
    await nodes[2].call("POST", "deregister")
    cooling = await late.ask(place.base_url, seventh)
    await sql(place.root.settings().dsn, COOL_DOWN, tiny.domain_id)
    admitted = await late.ask(place.base_url, seventh)

    for answer in (full, cooling):
        assert (answer.status, answer.code) == (503, "address_pool_exhausted")
        assert int(answer.header("retry-after")) >= 1
    assert admitted.status == 201
    assert admitted.json()["mesh_ip"] == nodes[2].told_at_first["mesh_ip"]


async def test_failures_are_counted_by_the_socket_and_by_nothing_that_a_client_says(
    lasting_database: Secret[str], place: Served, token: str
) -> None:
    """H16: a rotating X-Forwarded-For opens nothing; successes do not count; a good machine waits as well."""
    async with served(lasting_database, place=place, register_failures_per_minute=5) as strict:
        said = [
            {
                "X-Forwarded-For": f"203.0.113.{number}",
                "X-Real-IP": f"203.0.113.{number}",
                "Forwarded": "for=x",
            }
            for number in range(7)
        ]
        assert (await register(strict, changed(token))).status == 201

        answers = [await register(strict, changed(UNKNOWN_TOKEN), **each) for each in said]

        assert [answer.status for answer in answers] == [401] * 5 + [429] * 2
        assert answers[-1].code == "rate_limited"
        assert int(answers[-1].header("retry-after")) >= 1


async def test_while_the_database_is_away_a_machine_is_asked_to_come_back_and_then_admitted() -> None:
    """H18, D6: 503 `datastore_unavailable` with Retry-After, nothing lost, no restart of ours."""
    with running_server() as server, server.migrated_database() as dsn:
        async with served(dsn) as place:
            first, second = await place.bootstrap_tokens(2)
            node = await Machine().enrol(place.base_url, first)
            machine = Machine()
            await asyncio.to_thread(server.postgres.stop)

            answers = [await machine.ask(place.base_url, second) for _ in range(3)]
            ready = await until_readiness(place.base_url, 503)
            alive = await call(place.base_url, "GET", "/health")

            await asyncio.to_thread(server.postgres.start)
            await until_readiness(place.base_url, 200)
            assert (await machine.ask(place.base_url, second)).status == 201
            assert await node.heartbeat() == 200
    assert [(each.status, each.code) for each in answers] == [(503, "datastore_unavailable")] * 3
    assert all(int(each.header("retry-after")) >= 1 for each in answers)
    assert (ready.status_code, alive.status) == (503, 200)
