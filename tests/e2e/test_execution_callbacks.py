"""Nodes take actions up and tell how they ended, over real sockets."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import pytest
import pytest_asyncio

from plexsphere.platform.kernel.secret import Secret
from plexsphere.policy.domain.actions.execution import Target, TargetStatus
from plexsphere.policy.domain.actions.report import MOST_OUTPUT
from tests.support.control_plane import served
from tests.support.dispatches import ACTION, Dispatches, announce
from tests.support.machines import Machine, RawNode
from tests.support.postgres import TestServer
from tests.support.raw_http import (
    PATIENCE_SECONDS,
    RawAnswer,
    RawConnection,
    bearer,
    call,
    connected,
    request,
)

pytestmark = [pytest.mark.postgres, pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

PUBLIC_URL: Final = "https://plexsphere.example:8443/base"
SUCCESS: Final = {"status": "success", "exit_code": 0, "stdout": "", "stderr": "", "duration": "1.5s"}
MIB: Final = 1024 * 1024


@dataclass(frozen=True)
class Scene:
    """Two nodes that announced the action."""

    dispatches: Dispatches
    node: RawNode
    neighbour: RawNode

    async def asked(self) -> str:
        """Dispatch the action to the node."""
        return await self.dispatches.to(self.node)

    async def target(self, execution_id: str) -> Target:
        """Return how far the node is."""
        return await self.dispatches.target(execution_id, self.node)

    async def ack(self, execution_id: str, by: RawNode | None = None, **said: Any) -> RawAnswer:
        """Acknowledge, accepting unless something else is said."""
        return await self.call(execution_id, "ack", {"status": "accepted", **said}, by)

    async def result(self, execution_id: str, by: RawNode | None = None, **said: Any) -> RawAnswer:
        """Report success unless something else is said."""
        return await self.call(execution_id, "result", {**SUCCESS, **said}, by)

    async def call(self, execution_id: str, what: str, said: Any, by: RawNode | None = None) -> RawAnswer:
        """Call back with this body."""
        route = f"executions/{execution_id}/{what}"
        return await (by or self.node).call("POST", route, json.dumps(said).encode())

    async def until_asked(self, execution_id: str, is_asked: bool = True) -> dict[str, Any]:
        """Return what the node's state asks it by this id, once it does, or nothing once it does not."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                pending = (await self.node.call("GET", "state")).json()["pending_actions"]
                asked = {each["execution_id"]: each for each in pending}
                if (execution_id in asked) == is_asked:
                    return dict(asked.get(execution_id, {}))
                await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
def lasting_database(postgres_server: TestServer) -> Iterator[Secret[str]]:
    with postgres_server.migrated_database() as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(lasting_database: Secret[str]) -> AsyncIterator[Scene]:
    async with served(lasting_database, public_url=PUBLIC_URL) as place:
        nodes = [await Machine().enrol(place.base_url, token) for token in await place.bootstrap_tokens(2)]
        for node in nodes:
            await announce(node)
        yield Scene(Dispatches(place), *nodes)


async def test_a_node_takes_up_what_its_state_asks_and_ends_it(scene: Scene) -> None:
    execution_id = await scene.asked()

    asked = await scene.until_asked(execution_id)
    taken_up = await scene.ack(execution_id)
    await scene.until_asked(execution_id, is_asked=False)
    ended = await scene.result(execution_id, exit_code=0, stdout="done\n")

    assert asked["callback_url"] == f"{PUBLIC_URL}/v1/nodes/{scene.node.id}/executions/{execution_id}"
    assert (taken_up.status, taken_up.json()) == (200, {"proceed": True})
    assert (ended.status, ended.json()) == (200, {})
    target = await scene.target(execution_id)
    assert target.status is TargetStatus.SUCCEEDED
    assert target.report is not None
    assert (target.report.stdout, target.report.duration) == ("done\n", "1.5s")


async def test_a_rejection_ends_it_with_the_agents_reason_and_nothing_is_wanted_any_more(
    scene: Scene,
) -> None:
    execution_id = await scene.asked()

    rejected = await scene.ack(execution_id, status="rejected", reason="unknown action")

    assert (rejected.status, rejected.json()) == (200, {"proceed": False})
    target = await scene.target(execution_id)
    assert (target.status, target.reason) == (TargetStatus.FAILED, "unknown action")
    assert (await scene.ack(execution_id)).json() == {"proceed": False}


async def test_what_is_said_twice_is_answered_alike_and_changes_nothing(scene: Scene) -> None:
    """C28: a repeat, and a result that differs, are taken and leave the target as it ended."""
    execution_id = await scene.asked()
    acknowledged = [(await scene.ack(execution_id)).json() for _ in range(2)]

    answers = [(await scene.result(execution_id)).status for _ in range(3)]
    answers.append((await scene.result(execution_id, status="failure", exit_code=2)).status)

    assert acknowledged == [{"proceed": True}] * 2
    assert answers == [200] * 4
    target = await scene.target(execution_id)
    assert target.status is TargetStatus.SUCCEEDED
    assert target.note is not None
    assert target.note.exit_code == 2


@pytest.mark.parametrize("what", ["ack", "result"])
async def test_a_body_that_names_another_execution_than_its_path_is_refused(scene: Scene, what: str) -> None:
    """C05: nothing changes, for the one or the other; no name, or the same in another case, is fine."""
    one, other = await scene.asked(), await scene.asked()
    said = {"status": "accepted"} if what == "ack" else SUCCESS

    refused = await scene.call(one, what, {**said, "execution_id": other})

    assert (refused.status, refused.code) == (400, "invalid_body")
    statuses = [(await scene.target(each)).status for each in (one, other)]
    assert statuses == [TargetStatus.PENDING] * 2
    for name in ("", None, one.upper()):
        assert (await scene.call(one, what, {**said, "execution_id": name})).status == 200


@pytest.mark.parametrize("what", ["ack", "result"])
async def test_an_execution_of_another_node_is_as_unknown_as_none(scene: Scene, what: str) -> None:
    """C06: and nothing becomes of the other's."""
    execution_id = await scene.asked()
    said = {"status": "accepted"} if what == "ack" else SUCCESS

    answers = [
        await scene.call(each, what, said, by=scene.neighbour) for each in (execution_id, str(uuid4()))
    ]

    assert [(each.status, each.code) for each in answers] == [(404, "execution_not_found")] * 2
    assert (await scene.target(execution_id)).status is TargetStatus.PENDING
    assert (await scene.call(execution_id, what, said)).status == 200


@pytest.mark.parametrize("execution_id", ["a" * 65, "a%20b", "a,b", "%C3%A9", "a%00"])
@pytest.mark.parametrize("what", ["ack", "result"])
async def test_what_can_be_no_execution_id_is_refused(scene: Scene, what: str, execution_id: str) -> None:
    said = {"status": "accepted"} if what == "ack" else SUCCESS

    answer = await scene.call(execution_id, what, said)

    assert (answer.status, answer.code) == (400, "invalid_execution_id")


async def test_what_somebody_on_the_node_ran_is_kept_and_what_nobody_asked_for_is_not(scene: Scene) -> None:
    session = {"type": "session", "session_id": "s1", "user_id": "u1", "email": "admin@example.com"}

    kept = [await scene.result("exec_a1b2", triggered_by=session) for _ in range(2)]
    unknown = await scene.result("exec_a1b3")

    assert [each.status for each in kept] == [200, 200]
    assert (unknown.status, unknown.code) == (404, "execution_not_found")


DEFINED: Final[dict[str, tuple[dict[str, Any], int]]] = {
    "an output of one byte too many": ({"stdout": "x" * (MOST_OUTPUT + 1)}, 200),
    "an output that is binary": ({"stdout": "\x00\x01\x1b[0m�", "stderr": "\x00" * 70_000}, 200),
    "a character across the cut": ({"stderr": "é" * MOST_OUTPUT}, 200),
    "the words of agents in the field": ({"status": "error", "finished_at": "0001-01-01T00:00:00Z"}, 200),
    "nulls": (
        dict.fromkeys(["exit_code", "stdout", "stderr", "duration", "finished_at", "triggered_by"]),
        200,
    ),
    "what nobody knows": ({"attempt": 3, "triggered_by": {"type": "cron", "more": [1]}}, 200),
    "a negative exit": ({"exit_code": -9}, 200),
    "an exit of Windows": ({"exit_code": 0xC0000005}, 200),
    "an end before the start": ({"finished_at": "1970-01-01T00:00:00.123456789+02:00"}, 200),
    "an exit beyond any system's": ({"exit_code": 2**40}, 400),
    "an exit that is no number": ({"exit_code": "0"}, 400),
    "no status": ({"status": ""}, 400),
    "a status of nobody's": ({"status": "SUCCESS"}, 400),
    "a status that only we use": ({"status": "succeeded"}, 400),
    "an exit that is nearly a number": ({"exit_code": 1.5}, 400),
    "an exit beyond any system's with a point": ({"exit_code": 4294967296.0}, 400),
    "a time that is none": ({"finished_at": "yesterday"}, 200),
    "an output that is no text": ({"stdout": {"a": 1}}, 400),
    "texts without end": (
        {"duration": "9" * 5000, "triggered_by": {"type": "session", "email": "e" * 5000}},
        200,
    ),
}


@pytest.mark.parametrize("case", DEFINED)
async def test_a_result_is_kept_within_its_bounds_or_refused(scene: Scene, case: str) -> None:
    """M12: truncated or 400, and never anything else; what is refused may be told again."""
    execution_id = await scene.asked()
    said, status = DEFINED[case]

    answer = await scene.result(execution_id, **said)

    assert answer.status == status, answer.body
    target = await scene.target(execution_id)
    if status == 200:
        assert target.has_ended
        assert target.report is not None
        assert max(len(each.encode()) for each in (target.report.stdout, target.report.stderr)) <= MOST_OUTPUT
        assert "\0" not in target.report.stdout + target.report.stderr
    else:
        assert answer.code == "invalid_body"
        assert not target.has_ended
        assert (await scene.result(execution_id)).status == 200


@pytest.mark.parametrize("status", ["", "Accepted", "success", None, 1])
async def test_an_acknowledgement_says_accepted_or_rejected(scene: Scene, status: Any) -> None:
    execution_id = await scene.asked()

    answer = await scene.ack(execution_id, status=status)

    assert (answer.status, answer.code) == (400, "invalid_body")
    assert (await scene.target(execution_id)).status is TargetStatus.PENDING


async def test_outputs_of_agents_that_do_not_cut_are_taken_zipped_or_not_and_more_is_not(
    scene: Scene,
) -> None:
    """M12: 1 MiB of each, escaped as it may be, is taken and cut; 13 MiB are the most."""
    long = json.dumps({**SUCCESS, "stdout": "\x01" * MIB, "stderr": "\x00" * MIB}).encode()
    endless = json.dumps({**SUCCESS, "stdout": "x" * (13 * MIB)}).encode()
    zipped = {"Content-Encoding": "gzip"}

    for body, headers, status in (
        (long, {}, 200),
        (gzip.compress(long), zipped, 200),
        (gzip.compress(endless), zipped, 413),
    ):
        execution_id = await scene.asked()
        answer = await scene.node.call("POST", f"executions/{execution_id}/result", body, headers=headers)

        assert answer.status == status, answer.body[:300]
        target = await scene.target(execution_id)
        assert target.has_ended == (status == 200)
        if target.report is not None:
            assert target.report.stdout == "\x01" * MOST_OUTPUT


HOSTILE: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "a Host": ("", {"Host": "evil.example"}),
    "a Host with a port": ("", {"Host": "evil.example:8443"}),
    "an X-Forwarded-Host": ("", {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher"}),
    "a Forwarded": ("", {"Forwarded": "host=evil.example;proto=http", "X-Forwarded-Prefix": "/evil.example"}),
    "an absolute-form request line": ("http://evil.example", {"Host": "evil.example"}),
}


@pytest.mark.parametrize("case", HOSTILE)
async def test_whatever_host_a_dispatch_names_results_go_to_the_configured_url(
    scene: Scene, case: str
) -> None:
    """C37: by the signed event and by the state; what the operator is answered does not name it, either."""
    before, hostile = HOSTILE[case]
    place = scene.dispatches.place
    path = f"{before}/v1/projects/{place.project_id}/executions/dispatch"
    wish = json.dumps({"action": ACTION, "node_id": scene.node.id}).encode()
    headers = {**bearer(place.operator.reveal()), **hostile}
    async with streamed(scene.node) as events:
        dispatched = await call(place.base_url, "POST", path, wish, headers)
        assert dispatched.status == 201, dispatched.body
        execution_id = dispatched.json()["id"]

        asked = await scene.until_asked(execution_id)
        told = await until_told(events, execution_id)

    url = f"{PUBLIC_URL}/v1/nodes/{scene.node.id}/executions/{execution_id}"
    assert asked["callback_url"] == url
    assert told["payload"] == {"node_id": scene.node.id, **asked}
    assert b"evil.example" not in dispatched.body
    assert "evil.example" not in json.dumps([dispatched.headers, asked, told])


@asynccontextmanager
async def streamed(node: RawNode) -> AsyncIterator[RawConnection]:
    """Lend the node's event stream, open."""
    async with connected(node.base_url) as connection:
        await connection.send(request("GET", node.path("events"), headers=bearer(node.token)))
        status, _ = await connection.head()
        assert status == 200
        yield connection


async def until_told(events: RawConnection, execution_id: str) -> dict[str, Any]:
    """Return the envelope by which the node is asked to run the execution."""
    told = bytearray()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            told += await events.for_a_moment(0.1)
            for line in told.splitlines(keepends=True):
                if line.startswith(b"data: ") and line.endswith(b"\n") and execution_id.encode() in line:
                    envelope: dict[str, Any] = json.loads(line[6:])
                    return envelope


@pytest.mark.parametrize("what", ["ack", "result"])
async def test_a_callback_is_posted_and_nothing_else(scene: Scene, what: str) -> None:
    answer = await scene.node.call("GET", f"executions/{uuid4()}/{what}")

    assert (answer.status, answer.code, answer.header("allow")) == (405, "method_not_allowed", "POST")
