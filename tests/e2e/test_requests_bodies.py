"""Bytes that are no honest JSON, sent to every operation that takes a body (H06 to H09, M04, M05)."""

import gzip
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from plexsphere.platform.kernel.secret import Secret
from tests.support.contract import NODE, OPERATOR, WITH_A_BODY, Described, by_id
from tests.support.control_plane import EVERY_FEATURE, Place, first_boot, server_process
from tests.support.machines import Machine, RawNode
from tests.support.postgres import TestServer
from tests.support.raw_http import RawAnswer, RawConnection, bearer, connected

pytestmark = [pytest.mark.postgres, pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

DEPTH: Final = 1_500
HOSTILE: Final[Mapping[str, bytes]] = {
    "nothing": b"",
    "blank": b" \r\n\t ",
    "an array that never ends": b"[" * DEPTH,
    "arrays in arrays": b"[" * DEPTH + b"]" * DEPTH,
    "objects in objects": b'{"x":' * 600 + b"1" + b"}" * 600,
    "depth in a field nobody reads": b'{"zz":' + b"[" * 500 + b"]" * 500 + b"}",
    "brackets of two kinds": b'{"zz":' + b'[{"a":' * 400 + b"1" + b"}]" * 400 + b"}",
    "a byte that is no UTF-8": b'{"name":"\xff","token":"\xff"}',
    "half a character": b'{"name":"\xe2\x82","zz":"\xe2\x82"}',
    "overlong UTF-8": b'{"name":"\xc0\xaf"}',
    "a lone surrogate": b'{"name":"\\ud800","zz":"\\udfff"}',
    "a surrogate in UTF-8": b'{"name":"\xed\xa0\x80"}',
    "UTF-16": '{"name":"x"}'.encode("utf-16"),
    "UTF-32": '{"name":"x"}'.encode("utf-32-le"),
    "a byte order mark": b'\xef\xbb\xbf{"name":"x"}',
    "NUL in a text": b'{"name":"a\\u0000b","zz":"\\u0000"}',
    "NUL as it is": b'{"name":"a\x00b"}',
    "NUL in a key": b'{"na\\u0000me":"x"}',
    "an integer of 300 digits": b'{"ttl_seconds":' + b"9" * 300 + b',"zz":' + b"9" * 300 + b"}",
    "an integer of 5,000 digits": b'{"zz":' + b"9" * 5_000 + b"}",
    "a number beyond all": b'{"ttl_seconds":1e400,"zz":-1e400}',
    "a fraction for an integer": b'{"ttl_seconds":3600.5}',
    "beyond 64 bits": b'{"ttl_seconds":18446744073709551616,"zz":-9223372036854775809}',
    "not a number": b'{"ttl_seconds":NaN}',
    "infinity": b'{"ttl_seconds":-Infinity}',
    "a key twice": b'{"name":"a","name":"b"}',
    "two values": b"{}{}",
    "a comment": b'{/*x*/"name":"a"}',
    "a trailing comma": b'{"name":"a",}',
    "single quotes": b"{'name':'a'}",
    "null": b"null",
    "an array": b"[]",
    "a text": b'"x"',
    "a number": b"0",
    "XML": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>',
    "a form": b"name=a&slug=b",
    "every type for a text": b'{"name":{"$ne":null},"slug":["a"],"token":true,"hostname":1,"public_key":null}',
    "mass assignment": b'{"id":"x","status":"x","domain_id":"x","created_at":"x","__proto__":{"admin":true}}',
    "SQL": b'{"name":"\'; DROP TABLE nodes; --","slug":"a\' OR 1=1--","metadata":{"a":"$1"}}',
}


@dataclass(frozen=True)
class Scene:
    """A server, a node, and what stands in paths."""

    place: Place
    node: RawNode
    ids: Mapping[str, str]

    async def send(
        self, lane: RawConnection, op: Described, body: bytes, headers: Mapping[str, str] | None = None
    ) -> RawAnswer:
        """Send a body to an operation that exists, with the credential it takes."""
        known = {NODE: self.node.token, OPERATOR: self.place.operator.reveal(), "": "x"}
        told = {**bearer(known[op.credential]), **(headers or {})}
        return await lane.call(op.method, op.path(**self.ids), body, told)


@pytest.fixture(scope="module")
def lasting_database(postgres_server: TestServer) -> Iterator[Secret[str]]:
    with postgres_server.migrated_database() as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(
    lasting_database: Secret[str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Scene]:
    operator, domain_id, project_id = await first_boot(lasting_database)
    folder = str(tmp_path_factory.mktemp("artifacts"))
    async with server_process(lasting_database, PLEXSPHERE_ARTIFACTS_DIR=folder, **EVERY_FEATURE) as server:
        place = Place(server.base_url, operator, domain_id, project_id)
        [token] = await place.bootstrap_tokens(1)
        node = await Machine().enrol(place.base_url, token)
        ids = {
            "node_id": node.id,
            "domain_id": place.domain_id,
            "project_id": place.project_id,
            "key": "role",
        }
        yield Scene(place, node, ids)


def is_documented(answer: RawAnswer) -> bool:
    """Tell whether the answer is a success or a refusal, in JSON, and never a fault of ours."""
    media = answer.header("content-type")
    return answer.status < 500 and media in {"application/json", "application/problem+json", ""}


@pytest.mark.parametrize("op", WITH_A_BODY, ids=by_id)
async def test_whatever_the_bytes_an_operation_refuses_or_takes_them_and_lives_on(
    scene: Scene, op: Described
) -> None:
    """H06, H07, H08, H09: never 500, on one connection that stays usable all along; zipped or not."""
    async with connected(scene.place.base_url) as lane:
        for name, body in HOSTILE.items():
            for told, sent in [({}, body), ({"Content-Encoding": "gzip"}, gzip.compress(body))]:
                answer = await scene.send(lane, op, sent, told)

                assert is_documented(answer), (name, answer.status, answer.body)
                assert b"Traceback" not in answer.body
                assert b"psycopg" not in answer.body
        assert (await lane.call("GET", "/health")).status == 200


# Operations that get no further than their gate here: what they act on is looked up first, and there is none.
ABSENT: Final = {"PatchRelationTuple"}
NOT_JSON: Final = (
    "nothing",
    "arrays in arrays",
    "objects in objects",
    "depth in a field nobody reads",
    "brackets of two kinds",
    "a byte that is no UTF-8",
    "a lone surrogate",
    "UTF-16",
    "a byte order mark",
    "NUL in a text",
    "NUL as it is",
    "an integer of 300 digits",
    "two values",
    "null",
    "an array",
    "XML",
)


@pytest.mark.parametrize("op", [op for op in WITH_A_BODY if op.id not in ABSENT], ids=by_id)
async def test_what_is_no_honest_json_is_a_400_everywhere(scene: Scene, op: Described) -> None:
    """H06 to H09: depth, encodings, numbers and NUL also in fields that nobody reads."""
    async with connected(scene.place.base_url) as lane:
        answers = {name: await scene.send(lane, op, HOSTILE[name]) for name in NOT_JSON}

    assert {name: answer.status for name, answer in answers.items()} == dict.fromkeys(NOT_JSON, 400)


ANY_JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
FIELDS: Final = st.sampled_from(
    [
        "name",
        "slug",
        "metadata",
        "token",
        "hostname",
        "public_key",
        "ttl_seconds",
        "kind",
        "rules",
        "hooks",
        "x",
    ]
)


@pytest.mark.parametrize("op", WITH_A_BODY, ids=by_id)
@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(body=st.dictionaries(FIELDS, ANY_JSON, max_size=6))
async def test_any_json_at_all_is_taken_or_refused(
    scene: Scene, op: Described, body: dict[str, object]
) -> None:
    """H08, C38: generated values in known and unknown fields."""
    async with connected(scene.place.base_url) as lane:
        answer = await scene.send(lane, op, msgspec.json.encode(body))

    assert is_documented(answer), (answer.status, answer.body)
