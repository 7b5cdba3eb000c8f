"""The surface of executions over an application in memory: what is refused, in which order, and what is shown."""

import asyncio
import base64
import json
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.api.problem import Problem, Refusal
from plexsphere.api.v1.executions import problems, schemas
from plexsphere.api.v1.executions.execution_json import execution_json
from plexsphere.api.v1.executions.operations import ALL, ONE
from plexsphere.api.v1.executions.wiring import DispatchWish, Listed, LocalExecutionView, WavesView
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.subjects import project_object
from tests.architecture.tree import ROOT
from tests.support.api import ABSENT, AS_ROBOT, DOMAIN, PROJECT, ROBOT, Surface, code_of, surface
from tests.support.executions import (
    EXECUTION,
    NODE,
    NOW,
    REPORT,
    MemoryExecutions,
    OneNode,
    a_target,
    an_execution,
)

OTHER_PROJECT: Final = UUID("0190f3a0-0000-7000-8000-0000000000b2")
DISPATCH: Final = {"action": "hooks/backup", "selector": "role=web"}


@pytest.fixture(scope="module")
def assembled() -> tuple[Surface, MemoryExecutions]:
    """One application for the whole module: assembling it takes longer than a test."""
    executions = MemoryExecutions()
    return surface(executions=executions, nodes=OneNode()), executions


@pytest.fixture
def executions(assembled: tuple[Surface, MemoryExecutions]) -> MemoryExecutions:
    assembled[1].forget()
    return assembled[1]


@pytest.fixture
def built(assembled: tuple[Surface, MemoryExecutions], executions: MemoryExecutions) -> Surface:
    assembled[0].denials.written.clear()
    assembled[0].permissions.grants.clear()
    return assembled[0]


@dataclass(frozen=True)
class Call:
    """One of the operations, as a client sends it."""

    method: str
    path: str
    permission: str
    relation: str
    body: Any = None

    def at(self, project: object = PROJECT, execution: object = EXECUTION, node: object = NODE) -> str:
        """Return its path."""
        return self.path.format(project_id=project, execution_id=execution, node_id=node)


CALLS: Final = {
    "DispatchExecution": Call("POST", f"{ALL}/dispatch", "operate", "execution.dispatch", DISPATCH),
    "ListExecutions": Call("GET", ALL, "observe", "execution.list"),
    "GetExecution": Call("GET", ONE, "observe", "execution.read"),
    "GetExecutionTarget": Call("GET", f"{ONE}/targets/{{node_id}}", "observe", "execution.target.read"),
    "CancelExecution": Call("POST", f"{ONE}/cancel", "operate", "execution.cancel"),
    "ListNodeExecutions": Call("GET", "/v1/nodes/{node_id}/executions", "observe", "execution.local.list"),
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, code_of(answer) if answer.is_error else ""


async def dispatched(built: Surface, **options: Any) -> httpx.Response:
    return await built.call("POST", CALLS["DispatchExecution"].at(), **options)


@every_call
async def test_who_is_permitted_is_asked_for_exactly_the_documented_permission(
    built: Surface, executions: MemoryExecutions, call: Call
) -> None:
    executions.refused = Refusal(problems.EXECUTION_NOT_FOUND)
    built.permissions.allow(ROBOT, call.permission, project_object(PROJECT))

    await built.call(call.method, call.at(), headers=AS_ROBOT, json=call.body)

    [proof] = executions.proofs
    assert (proof.permission, proof.object, proof.relation) == (
        call.permission,
        project_object(PROJECT),
        call.relation,
    )


@every_call
async def test_who_is_denied_is_told_so_whatever_he_sends_and_whatever_he_names(
    built: Surface, executions: MemoryExecutions, call: Call
) -> None:
    """C09: identical but for what names the request; the denial is written before anything is read."""
    answers = [
        await built.call(call.method, call.at(project, node=node), headers=AS_ROBOT, content=body)
        for project, node in ((PROJECT, NODE), (ABSENT, ABSENT))
        for body in (b"", b"{", b"\x00" * 1_000)
    ]

    assert {answer.status_code for answer in answers} == {403}
    bodies = [{**answer.json(), "instance": "", "correlation_id": ""} for answer in answers]
    assert all(each == bodies[0] for each in bodies)
    assert {relation for _, relation, _, _ in built.denials.written} == {call.relation}
    assert executions.asked == []


async def test_observers_look_and_only_operators_dispatch_and_cancel(
    built: Surface, executions: MemoryExecutions
) -> None:
    executions.kept[EXECUTION] = an_execution(targets=(a_target(),))
    built.permissions.allow(ROBOT, "observe", project_object(PROJECT))

    answers = {
        name: (await built.call(call.method, call.at(), headers=AS_ROBOT, json=call.body)).status_code
        for name, call in CALLS.items()
    }

    assert answers == {
        "DispatchExecution": 403,
        "ListExecutions": 200,
        "GetExecution": 200,
        "GetExecutionTarget": 200,
        "CancelExecution": 403,
        "ListNodeExecutions": 200,
    }


REFUSED: Final = {
    "DispatchExecution": [
        "malformed_selector",
        "action_not_declared",
        "project_not_found",
        "hook_integrity_violation",
        "idempotency_conflict",
        "selector_empty_cohort",
        "cohort_too_large",
        "approval_required",
        "invalid_parameters",
        "artifact_not_stored",
    ],
    "ListExecutions": ["project_not_found"],
    "GetExecution": ["execution_not_found"],
    "GetExecutionTarget": ["execution_not_found"],
    "CancelExecution": ["execution_not_found"],
}


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        (name, problem)
        for name, codes in REFUSED.items()
        for problem in vars(problems).values()
        if isinstance(problem, Problem) and problem.code in codes
    ],
    ids=lambda each: each.code if isinstance(each, Problem) else each,
)
async def test_what_the_application_refuses_is_answered_as_it_is(
    built: Surface, executions: MemoryExecutions, name: str, problem: Problem
) -> None:
    executions.refused = Refusal(problem)

    answer = await built.call(CALLS[name].method, CALLS[name].at(), json=CALLS[name].body)

    assert told(answer) == (problem.status, problem.code)


async def test_a_lack_of_room_names_its_dimension_and_when_to_come_back(
    built: Surface, executions: MemoryExecutions
) -> None:
    executions.refused = Refusal(
        problems.CAPACITY_EXCEEDED,
        headers={"Retry-After": "30"},
        extra={"dimension": "action_executions"},
    )

    answer = await dispatched(built, json=DISPATCH)

    assert told(answer) == (429, "capacity_exceeded")
    assert (answer.json()["dimension"], answer.headers["retry-after"]) == ("action_executions", "30")


async def test_an_execution_is_dispatched_and_found_where_its_answer_points(
    built: Surface, executions: MemoryExecutions
) -> None:
    body = {
        "action": "backup",
        "type": "hook",
        "parameters": {"target": "s3://b", "compress": True, "level": 9},
        "timeout_seconds": 86_400,
        "node_id": str(NODE),
        "approve_privileged": True,
        "waves": {"canary": 2, "percent": 25, "max_failures": 1},
    }

    made = await dispatched(built, json=body)
    found = await built.call("GET", made.headers["location"])

    assert (made.status_code, found.status_code) == (201, 200)
    assert made.json() == found.json()
    assert made.headers["content-type"] == found.headers["content-type"] == "application/json"
    assert made.headers["location"] == ONE.format(project_id=PROJECT, execution_id=made.json()["id"])
    [wish] = executions.wishes
    assert replace(wish, body_digest=b"") == DispatchWish(
        action="backup",
        type="hook",
        parameters={"target": "s3://b", "compress": True, "level": 9},
        timeout_seconds=86_400,
        node_id=NODE,
        selector=None,
        approve_privileged=True,
        waves=WavesView(2, 25, 1),
        idempotency_key="",
        body_digest=b"",
    )


async def test_what_a_dispatch_leaves_out_has_a_sensible_default(
    built: Surface, executions: MemoryExecutions
) -> None:
    """Design D34; a wave that is named without figures is all targets at once, and no failure is tolerated."""
    bodies: list[Any] = [DISPATCH, {**DISPATCH, "waves": {}}]

    answers = [await dispatched(built, json=body) for body in bodies]

    assert [answer.status_code for answer in answers] == [201, 201]

    plain, waved = executions.wishes
    assert (plain.type, plain.parameters, plain.timeout_seconds, plain.node_id) == ("", {}, 0, None)
    assert (plain.approve_privileged, plain.waves, waved.waves) == (False, None, WavesView(0, 100, 0))


@pytest.mark.parametrize(
    "change",
    [
        {"action": ""},
        {"action": "a" * 4097},
        {"action": None},
        {"action": 7},
        {"type": "script"},
        {"type": "BUILTIN"},
        {"parameters": []},
        {"parameters": None},
        {"parameters": "x"},
        {"timeout_seconds": -1},
        {"timeout_seconds": 86_401},
        {"timeout_seconds": "30"},
        {"timeout_seconds": 1.5},
        {"timeout_seconds": True},
        {"node_id": str(NODE)},
        {"node_id": "web-01", "selector": None},
        {"selector": None},
        {"selector": ["role=web"]},
        {"approve_privileged": 1},
        {"waves": []},
        {"waves": {"canary": -1}},
        {"waves": {"canary": 10_001}},
        {"waves": {"percent": 0}},
        {"waves": {"percent": 101}},
        {"waves": {"percent": 12.5}},
        {"waves": {"max_failures": -1}},
        {"waves": {"size": 3}},
        {"execution_id": str(EXECUTION)},
        {"callback_url": "https://elsewhere.example"},
        {"created_by": "user:root"},
    ],
    ids=str,
)
async def test_a_body_of_another_shape_is_refused(
    built: Surface, executions: MemoryExecutions, change: Any
) -> None:
    """M05, C37: unknown fields are refused, so nobody sends a callback address of his own."""
    answer = await dispatched(built, json={**DISPATCH, **change})

    assert told(answer) == (400, "invalid_body")
    assert executions.asked == []


@pytest.mark.parametrize(
    "body",
    [
        b'{"action": "a", "action": "b", "selector": "*"}',
        b'{"action": "a", "selector": "*", "parameters": {"x": 1, "x": 2}}',
    ],
)
async def test_a_key_that_comes_twice_is_refused(built: Surface, body: bytes) -> None:
    """M10: two readers of one dispatch must not differ."""
    assert told(await dispatched(built, content=body)) == (400, "invalid_body")


async def test_a_dispatch_counts_up_to_8_kib(built: Surface) -> None:
    """H10: so that its parameters fit into one line of an event stream, whatever they hold."""
    room = 8 * 1024 - len(json.dumps({**DISPATCH, "parameters": {"p": ""}}))

    answers = [
        await dispatched(built, content=json.dumps({**DISPATCH, "parameters": {"p": "x" * size}}))
        for size in (room, room + 1)
    ]

    assert list(map(told, answers)) == [(201, ""), (413, "request_body_too_large")]


KEYS: Final = {
    "none": (None, ""),
    "one character": ("k", "k"),
    "the longest": ("k" * 255, "k" * 255),
    "every printable one": (" ".join(map(chr, range(33, 127))), " ".join(map(chr, range(33, 127)))),
    "empty": ("", None),
    "too long": ("k" * 256, None),
    "a tab": ("a\tb", None),
    "beyond ASCII": ("sch\xf6n", None),
    "DEL": ("a\x7f", None),
}


@pytest.mark.parametrize(("sent", "kept"), KEYS.values(), ids=KEYS)
async def test_an_idempotency_key_is_1_to_255_printable_characters(
    built: Surface, executions: MemoryExecutions, sent: str | None, kept: str | None
) -> None:
    headers = {} if sent is None else {b"Idempotency-Key": sent.encode("latin-1")}

    answer = await built.call("POST", CALLS["DispatchExecution"].at(), json=DISPATCH, headers=headers)

    if kept is None:
        assert told(answer) == (400, "invalid_idempotency_key")
        assert executions.asked == []
    else:
        assert [wish.idempotency_key for wish in executions.wishes] == [kept]


async def test_two_idempotency_keys_are_none(built: Surface, executions: MemoryExecutions) -> None:
    transport = httpx.ASGITransport(built.app)
    headers = [("Authorization", "Bearer alice"), ("Idempotency-Key", "a"), ("Idempotency-Key", "a")]

    async with httpx.AsyncClient(transport=transport, base_url="http://plexsphere") as client:
        answer = await client.post(CALLS["DispatchExecution"].at(), json=DISPATCH, headers=headers)

    assert told(answer) == (400, "invalid_idempotency_key")


texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8)
scalars = st.none() | st.booleans() | st.integers(-(2**31), 2**31) | texts


def digest(body: Any, project: UUID = PROJECT, method: str = "POST") -> bytes:
    decoded = schemas.DISPATCH.decode(msgspec.json.encode(body))
    return decoded.wish(method, project, "").body_digest


@given(st.dictionaries(texts, scalars, max_size=4), st.randoms())
def test_a_digest_is_of_what_a_body_says_not_of_how(given: dict[str, Any], random: Any) -> None:
    """C27: a client that repeats itself in another order of fields repeats itself."""
    body = {**DISPATCH, "parameters": given, "waves": {"canary": 1}}
    turned = list({**body, "timeout_seconds": 0, "node_id": None}.items())
    random.shuffle(turned)
    shuffled = {**dict(turned), "parameters": dict(sorted(given.items(), reverse=True))}

    assert digest(shuffled) == digest(body)


@pytest.mark.parametrize(
    "change",
    [
        {"action": "hooks/deploy"},
        {"type": "hook"},
        {"parameters": {"a": 1}},
        {"parameters": {"a": "1"}},
        {"parameters": {"a": True}},
        {"timeout_seconds": 1},
        {"selector": "role=db"},
        {"selector": None, "node_id": str(NODE)},
        {"approve_privileged": True},
        {"waves": {}},
        {"waves": {"canary": 1}},
    ],
    ids=str,
)
def test_what_says_something_else_has_another_digest(change: Any) -> None:
    """C27: the same key with another body is a conflict."""
    assert digest({**DISPATCH, **change}) != digest(DISPATCH)


def test_another_project_and_another_method_have_another_digest() -> None:
    assert len({digest(DISPATCH), digest(DISPATCH, OTHER_PROJECT), digest(DISPATCH, method="PUT")}) == 3


def test_no_body_of_this_surface_says_what_was_sent_when_it_is_printed() -> None:
    body = msgspec.convert({**DISPATCH, "parameters": {"key": "hunter2"}}, schemas.ExecutionDispatch)
    report = replace(REPORT, stdout="hunter2", stderr="hunter2")
    views = (
        body,
        body.wish("POST", PROJECT, ""),
        an_execution(parameters={"key": "hunter2"}),
        a_target(output=b"hunter2"),
        report,
    )

    assert "hunter2" not in f"{views!r} {views}"


CONTRACT_STATUSES: Final = {"pending", "ack", "started", "succeeded", "failed", "cancelled", "timeout"}


@pytest.mark.parametrize("status", sorted(CONTRACT_STATUSES))
async def test_an_execution_has_every_field_that_strict_clients_require(
    built: Surface, executions: MemoryExecutions, status: str
) -> None:
    """Required fields are never null, enumerations are closed, and every count is there."""
    target = a_target(status=status, reason="rejected", released_at=NOW, deadline=NOW, output=b"hello")
    executions.kept[EXECUTION] = an_execution(
        status=status, targets=(target,), parameters={"a": 1}, waves=WavesView(2, 25, 1)
    )

    shown = (await built.call("GET", CALLS["GetExecution"].at())).json()
    [listed] = (await built.call("GET", CALLS["ListExecutions"].at())).json()["items"]

    header = {
        "id": str(EXECUTION),
        "project_id": str(PROJECT),
        "domain_id": str(DOMAIN),
        "action": "hooks/backup",
        "type": "hook",
        "status": status,
        "created_at": "2026-03-01T00:00:00Z",
        "updated_at": "2026-03-01T00:00:00Z",
        "created_by": "user:alice",
        "approve_privileged": False,
        "size": 1,
        "waves": {"canary": 2, "percent": 25, "max_failures": 1},
    }
    assert listed == {**header, "targets": []}
    assert shown == {
        **header,
        "parameters": {"a": 1},
        "wave": 1,
        "counts": {**dict.fromkeys(CONTRACT_STATUSES, 0), status: 1},
        "targets": [
            {
                "node_id": str(NODE),
                "status": status,
                "created_at": "2026-03-01T00:00:00Z",
                "updated_at": "2026-03-01T00:00:00Z",
                "timeout_seconds": 30,
                "released_at": "2026-03-01T00:00:00Z",
                "deadline": "2026-03-01T00:00:00Z",
                "reason": "rejected",
                "output_ref": {"kind": "inline", "inline_bytes": "aGVsbG8="},
            }
        ],
    }
    assert set(schemas.STATUSES) == CONTRACT_STATUSES


async def test_waves_are_counted_by_when_their_targets_were_released(
    built: Surface, executions: MemoryExecutions
) -> None:
    instants = [NOW, NOW, NOW + timedelta(seconds=1), None, None]
    targets = tuple(a_target(mint_id(), released_at=instant) for instant in instants)
    executions.kept[EXECUTION] = an_execution(targets=targets, waves=WavesView(2, 50, 0))

    shown = (await built.call("GET", CALLS["GetExecution"].at())).json()
    executions.kept[EXECUTION] = an_execution(targets=targets)
    at_once = (await built.call("GET", CALLS["GetExecution"].at())).json()

    assert (shown["wave"], at_once["wave"]) == (2, 1)
    assert ["released_at" in target for target in shown["targets"]] == [True] * 3 + [False] * 2


@pytest.mark.parametrize("size", [0, 1, 16 * 1024, 16 * 1024 + 1])
async def test_an_inline_output_ends_at_16_kib(
    built: Surface, executions: MemoryExecutions, size: int
) -> None:
    target = a_target(output=b"x" * size)
    executions.kept[EXECUTION] = an_execution(targets=(target,))

    [shown] = (await built.call("GET", CALLS["GetExecution"].at())).json()["targets"]

    assert base64.b64decode(shown["output_ref"]["inline_bytes"]) == b"x" * min(size, 16 * 1024)


async def test_a_target_shows_all_that_its_node_reported(
    built: Surface, executions: MemoryExecutions
) -> None:
    executions.kept[EXECUTION] = an_execution(targets=(a_target(status="failed", released_at=NOW),))
    before = (await built.call("GET", CALLS["GetExecutionTarget"].at())).json()
    executions.report = REPORT
    executions.note = replace(REPORT, status="succeeded", duration="", finished_at=None)

    after = (await built.call("GET", CALLS["GetExecutionTarget"].at())).json()

    report = {
        "status": "failed",
        "exit_code": 1,
        "stdout": "copied\n",
        "stderr": "disk full\n",
        "duration": "2.34s",
        "finished_at": "2026-03-01T00:00:00Z",
        "triggered_by": {
            "type": "session",
            "session_id": "sess-1",
            "user_id": "user-1",
            "email": "a@example.com",
        },
    }
    note = {name: value for name, value in report.items() if name not in ("duration", "finished_at")}
    assert before == {
        "execution_id": str(EXECUTION),
        "node_id": str(NODE),
        "status": "failed",
        "created_at": "2026-03-01T00:00:00Z",
        "updated_at": "2026-03-01T00:00:00Z",
        "timeout_seconds": 30,
        "released_at": "2026-03-01T00:00:00Z",
    }
    assert after == {**before, "report": report, "note": {**note, "status": "succeeded"}}


async def test_a_node_that_is_no_target_is_not_found(built: Surface, executions: MemoryExecutions) -> None:
    executions.kept[EXECUTION] = an_execution(targets=(a_target(),))

    answer = await built.call("GET", CALLS["GetExecutionTarget"].at(node=ABSENT))

    assert told(answer) == (404, "execution_not_found")


async def test_an_execution_of_another_project_is_as_unknown_as_one_that_never_was(
    built: Surface, executions: MemoryExecutions
) -> None:
    """C08: alike byte for byte but for what names the request."""
    executions.kept[EXECUTION] = an_execution()
    for name in ("GetExecution", "GetExecutionTarget", "CancelExecution"):
        call = CALLS[name]
        answers = [
            await built.call(call.method, call.at(OTHER_PROJECT, execution))
            for execution in (EXECUTION, ABSENT)
        ]

        bodies = [{**answer.json(), "instance": "", "correlation_id": ""} for answer in answers]
        assert bodies[0] == bodies[1]
        assert told(answers[0]) == (404, "execution_not_found")


@pytest.mark.parametrize("body", [None, b"", b"{", b'{"reason": "no"}', b"\x00" * 100_000])
async def test_a_cancellation_needs_no_body_and_reads_none(
    built: Surface, executions: MemoryExecutions, body: bytes | None
) -> None:
    executions.kept[EXECUTION] = an_execution()

    answer = await built.call("POST", CALLS["CancelExecution"].at(), content=body)

    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")


async def test_every_execution_is_listed_once_without_its_targets(
    built: Surface, executions: MemoryExecutions
) -> None:
    """H42."""
    made = [(await dispatched(built, json=DISPATCH)).json()["id"] for _ in range(5)]

    rows: list[Any] = []
    query: dict[str, str] = {"limit": "2"}
    for _ in range(3):
        page = (await built.call("GET", CALLS["ListExecutions"].at(), params=query)).json()
        rows += page["items"]
        query["cursor"] = page.get("next_cursor", "")

    assert sorted(row["id"] for row in rows) == sorted(made)
    assert query["cursor"] == ""
    assert {tuple(row["targets"]) for row in rows} == {()}


async def test_a_list_is_asked_for_by_status_and_action(built: Surface, executions: MemoryExecutions) -> None:
    await built.call("GET", CALLS["ListExecutions"].at())
    await built.call(
        "GET", CALLS["ListExecutions"].at(), params={"status": "timeout", "action_name": "hooks/backup"}
    )

    assert executions.listed == [Listed(), Listed("timeout", "hooks/backup")]


@pytest.mark.parametrize(
    "query",
    [
        "status=success",
        "status=PENDING",
        "status=pending&status=ack",
        "action_name=a%00b",
        "action_name=a%0Ab",
        f"action_name={'a' * 4097}",
        "action_name=a&action_name=b",
    ],
)
async def test_a_filter_that_nothing_can_match_is_refused(
    built: Surface, executions: MemoryExecutions, query: str
) -> None:
    answer = await built.call("GET", f"{CALLS['ListExecutions'].at()}?{query}")

    assert told(answer) == (400, "invalid_parameter")
    assert executions.asked == []


async def test_a_cursor_counts_for_the_list_that_it_is_of(
    built: Surface, executions: MemoryExecutions
) -> None:
    """H41: neither another filter nor another Project continues it."""
    for _ in range(2):
        await dispatched(built, json=DISPATCH)
    first = await built.call("GET", CALLS["ListExecutions"].at(), params={"limit": "1"})
    cursor = first.json()["next_cursor"]

    answers = [
        await built.call("GET", CALLS["ListExecutions"].at(project), params={"cursor": cursor, **query})
        for project, query in (
            (PROJECT, {}),
            (PROJECT, {"status": "pending"}),
            (PROJECT, {"action_name": "x"}),
            (OTHER_PROJECT, {}),
        )
    ]

    assert list(map(told, answers)) == [(200, ""), *[(400, "invalid_cursor")] * 3]


async def test_what_a_node_ran_by_itself_is_listed_page_by_page(
    built: Surface, executions: MemoryExecutions
) -> None:
    executions.local += [
        LocalExecutionView("exec_1", NODE, NOW, REPORT, None),
        LocalExecutionView("exec_2", NODE, NOW, REPORT, replace(REPORT, status="timeout")),
    ]
    path = CALLS["ListNodeExecutions"].at()

    first = (await built.call("GET", path, params={"limit": "1"})).json()
    rest = (await built.call("GET", path, params={"cursor": first["next_cursor"]})).json()

    [one], [other] = first["items"], rest["items"]
    assert (one["id"], one["node_id"]) == ("exec_1", str(NODE))
    assert (one["report"]["status"], one["report"]["stdout"]) == ("failed", "copied\n")
    assert (other["id"], other["note"]["status"]) == ("exec_2", "timeout")
    assert ("note" in one, "next_cursor" in rest) == (False, False)


@pytest.mark.parametrize("name", ["ListExecutions", "ListNodeExecutions"])
@pytest.mark.parametrize("limit", ["0", "-1", "201", "1e2", "all", "1&limit=2"])
async def test_a_limit_out_of_range_is_refused(
    built: Surface, executions: MemoryExecutions, name: str, limit: str
) -> None:
    """H42: refused, never clamped, on these lists."""
    answer = await built.call("GET", f"{CALLS[name].at()}?limit={limit}")

    assert told(answer) == (400, "invalid_limit")
    assert executions.asked == []


async def test_a_node_that_nobody_knows_is_denied_before_it_is_unknown(
    built: Surface, executions: MemoryExecutions
) -> None:
    """C08: only who manages everything learns that there is no such node."""
    path = CALLS["ListNodeExecutions"].at(node=ABSENT)
    built.permissions.allow(ROBOT, "observe", project_object(PROJECT))

    assert told(await built.call("GET", path, headers=AS_ROBOT)) == (403, "permission_denied")
    assert told(await built.call("GET", path)) == (404, "node_not_found")
    assert executions.asked == []


async def test_an_execution_of_ten_thousand_targets_holds_up_nobody_else() -> None:
    """Whoever else runs in the process gets a turn between its pieces, and no target is lost between them."""
    targets = tuple(a_target(mint_id(), "succeeded", released_at=NOW) for _ in range(10_000))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    body = await execution_json(an_execution(targets=targets))
    beside.cancel()

    shown = msgspec.json.decode(body, type=schemas.Execution)
    assert [each.node_id for each in shown.targets] == [each.node_id for each in targets]
    assert turns >= 40


PAGE: Final = (ROOT / "docs/reference/api/actions.md").read_text()


@pytest.mark.parametrize(
    ("start", "kind"), [('{"id":', schemas.Execution), ('{"node_id":', schemas.TargetResult)], ids=str
)
def test_the_answers_on_the_page_are_of_this_very_shape(start: str, kind: type[msgspec.Struct]) -> None:
    shown = [line for line in PAGE.splitlines() if line.startswith(start)]

    assert shown
    for line in shown:
        assert msgspec.json.encode(msgspec.json.decode(line, type=kind)).decode() == line


def test_the_page_explains_every_code_that_the_surface_has() -> None:
    declared = {problem.code for problem in vars(problems).values() if isinstance(problem, Problem)}
    table = PAGE[PAGE.index("| status | code |") : PAGE.index("A refusal is a problem")]

    assert declared <= set(re.findall(r"`([a-z_]+)`", table))
