"""Executions through the real root over a real PostgreSQL: from an operator's request to what nodes answer."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import httpx
import msgspec
import pytest
import pytest_asyncio

from plexsphere.api.v1.executions import schemas
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.policy.domain.actions.report import Report, TriggeredBy
from plexsphere.policy.domain.actions.status import TargetStatus
from tests.support.api import ABSENT, code_of
from tests.support.control_plane import Served, served
from tests.support.machines import Machine, RawNode
from tests.support.postgres import TestServer
from tests.support.robots import Robot, grant, robot
from tests.support.tables import rows, trail

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

HEX: Final = "a" * 64
CAPABILITIES: Final[dict[str, Any]] = {
    "binary": {"version": "1.4.2", "checksum": f"sha256:{HEX}"},
    "builtin_actions": [
        {
            "name": "diagnostics.collect",
            "parameters": [
                {"name": "include_network", "type": "bool", "default": "true"},
                {"name": "target", "type": "string"},
                {"name": "count", "type": "int"},
            ],
        },
        {"name": "service.upgrade", "parameters": [{"name": "version", "type": "string", "required": True}]},
    ],
    "hooks": [
        {
            "name": "backup",
            "source": "script",
            "checksum": f"sha256:{HEX}",
            "timeout": "300s",
            "parameters": [{"name": "target", "type": "string", "required": True}],
        },
        {"name": "network-diag", "source": "crd", "checksum": f"sha256:{HEX}", "privileged": True},
    ],
}


@pytest.fixture(scope="module")
def lasting_database(postgres_server: TestServer) -> Iterator[Secret[str]]:
    with postgres_server.migrated_database() as dsn:
        yield dsn


@dataclass(frozen=True)
class Fleet:
    """A control plane, an operator's client, and machines of the default Project."""

    place: Served
    client: httpx.AsyncClient
    database: Secret[str] = field(repr=False)

    @property
    def path(self) -> str:
        return f"/v1/projects/{self.place.project_id}/executions"

    async def machine(self, role: str, capabilities: Any = CAPABILITIES) -> RawNode:
        """Enrol a machine of this role, which announces what it can do."""
        [token] = await self.place.bootstrap_tokens(1, labels={"role": role})
        return await Machine().enrol(self.place.base_url, token, capabilities=capabilities)

    async def dispatch(self, key: str = "", **body: Any) -> httpx.Response:
        """Ask for an action."""
        headers = {"Idempotency-Key": key} if key else {}
        return await self.client.post(f"{self.path}/dispatch", json=body, headers=headers)

    async def take_up(self, node: RawNode, execution: str) -> bool:
        """Say for the node that it takes an action up; return whether it is to go on."""
        take = self.place.root.actions().take_acknowledgement
        return bool(await take(self._domain, NodeId(UUID(node.id)), execution, True, ""))

    async def report(self, node: RawNode, execution: str, report: Report) -> None:
        """Tell for the node how an action ended."""
        take = self.place.root.actions().take_result
        await take(self._domain, NodeId(UUID(node.id)), execution, report)

    @property
    def _domain(self) -> DomainId:
        return DomainId(UUID(self.place.domain_id))

    async def show(self, execution: str) -> Any:
        """Show an execution."""
        answer = await self.client.get(f"{self.path}/{execution}")
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet(lasting_database: Secret[str]) -> AsyncIterator[Fleet]:
    async with served(lasting_database) as place, place.as_operator() as client:
        yield Fleet(place, client, lasting_database)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def web(fleet: Fleet) -> list[RawNode]:
    """Three machines that can do everything."""
    return [await fleet.machine("web") for _ in range(3)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stranger(fleet: Fleet) -> Robot:
    return await robot(fleet.client, fleet.place.domain_id)


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, code_of(answer) if answer.is_error else ""


def entries(fleet: Fleet, execution: str) -> list[tuple[str, str, str]]:
    """Return what the audit trail says of an execution."""
    return sorted(
        (relation, outcome, about)
        for relation, outcome, about, context in trail(fleet.database)
        if context.get("execution") == execution
    )


async def test_an_action_runs_on_all_that_a_selector_means_and_its_outputs_are_shown(
    fleet: Fleet, web: list[RawNode]
) -> None:
    made = await fleet.dispatch(action="hooks/backup", selector="role=web", parameters={"target": "s3://b"})

    execution = made.json()["id"]
    for number, node in enumerate(web):
        assert await fleet.take_up(node, execution)
        await fleet.report(node, execution, ended(f"out {number}"))
    shown = await fleet.show(execution)
    target = (await fleet.client.get(f"{fleet.path}/{execution}/targets/{web[0].id}")).json()

    assert (made.status_code, made.json()["status"], made.json()["size"]) == (201, "pending", 3)
    assert made.headers["location"] == f"{fleet.path}/{execution}"
    assert (shown["status"], shown["type"], shown["parameters"]) == (
        "succeeded",
        "hook",
        {"target": "s3://b"},
    )
    assert (shown["counts"]["succeeded"], shown["wave"], "ended_at" in shown) == (3, 1, True)
    inline = {each["node_id"]: each["output_ref"]["inline_bytes"] for each in shown["targets"]}
    assert base64.b64decode(inline[web[1].id]) == b"out 1\nwarned\n"
    assert (target["timeout_seconds"], target["report"]["stdout"]) == (300, "out 0\n")
    assert target["report"]["triggered_by"] == {"type": "control_plane"}
    assert target["report"]["duration"] == "2.34s"
    msgspec.json.decode(msgspec.json.encode(shown), type=schemas.Execution, strict=True)


def ended(
    stdout: str = "done", status: TargetStatus = TargetStatus.SUCCEEDED, origin: TriggeredBy | None = None
) -> Report:
    return Report(status, 0, f"{stdout}\n", "warned\n", "2.34s", None, origin or TriggeredBy())


async def test_a_dispatch_that_is_repeated_with_its_key_happens_once(
    fleet: Fleet, web: list[RawNode]
) -> None:
    """C27: one execution, one audit row, and the same answer; another body under the key is a conflict."""
    wish = {"action": "diagnostics.collect", "node_id": web[0].id}
    before = len(rows(fleet.database, "SELECT FROM executions"))

    answers = await asyncio.gather(*(fleet.dispatch("key-1", **wish) for _ in range(8)))
    spelled = await fleet.dispatch("key-1", **{**wish, "parameters": {}, "timeout_seconds": 0})
    other = await fleet.dispatch("key-1", **{**wish, "timeout_seconds": 60})
    fresh = await fleet.dispatch("key-2", **wish)

    made = {answer.json()["id"] for answer in answers}
    assert {answer.status_code for answer in answers} == {201}
    assert made == {spelled.json()["id"]}
    assert told(other) == (409, "idempotency_conflict")
    assert fresh.json()["id"] not in made
    assert len(rows(fleet.database, "SELECT FROM executions")) == before + 2
    assert [relation for relation, _, _ in entries(fleet, made.pop())] == ["execution.dispatch"]


async def test_a_key_is_one_callers_own_in_one_project(
    fleet: Fleet, web: list[RawNode], stranger: Robot
) -> None:
    """C27: what somebody else used says nothing, and tells nothing."""
    operator = await robot(fleet.client, fleet.place.domain_id, "second operator")
    await grant(
        fleet.client,
        fleet.place.project_id,
        operator.subject,
        "operator",
        f"project:{fleet.place.project_id}",
    )
    wish = {"action": "diagnostics.collect", "node_id": web[0].id}
    mine = await fleet.dispatch("shared", **wish)

    theirs = await fleet.client.post(
        f"{fleet.path}/dispatch",
        json={**wish, "timeout_seconds": 7},
        headers={**operator.headers, "Idempotency-Key": "shared"},
    )

    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert mine.json()["id"] != theirs.json()["id"]
    assert theirs.json()["created_by"] == operator.subject


REFUSED: Final[dict[str, tuple[dict[str, Any], tuple[int, str]]]] = {
    "a selector that cannot be read": ({"selector": "role in (web"}, (400, "malformed_selector")),
    "an empty selector": ({"selector": ""}, (400, "malformed_selector")),
    "nobody is meant": ({"selector": "role=db"}, (422, "selector_empty_cohort")),
    "an unknown node": ({"selector": None, "node_id": str(ABSENT)}, (422, "selector_empty_cohort")),
    "an unknown action": ({"action": "diagnostics.reboot"}, (400, "action_not_declared")),
    "a builtin as a hook": ({"type": "hook"}, (400, "action_not_declared")),
    "a hook as a builtin": ({"action": "backup", "type": "builtin"}, (400, "action_not_declared")),
    "a parameter too many": ({"parameters": {"speed": 1}}, (422, "invalid_parameters")),
    "a text for a boolean": ({"parameters": {"include_network": "true"}}, (422, "invalid_parameters")),
    "a boolean for a number": ({"parameters": {"count": True}}, (422, "invalid_parameters")),
    "an object for a text": ({"parameters": {"target": {}}}, (422, "invalid_parameters")),
    "a missing parameter": ({"action": "hooks/backup"}, (422, "invalid_parameters")),
    "parameters that grow": ({"parameters": {"target": "\xe9" * 3_000}}, (422, "invalid_parameters")),
    "a privileged hook": ({"action": "hooks/network-diag"}, (422, "approval_required")),
    "an artifact of nobody's": (
        {"action": "service.upgrade", "parameters": {"version": "9.9.9"}},
        (422, "artifact_not_stored"),
    ),
}


@pytest.mark.parametrize(("change", "refused"), REFUSED.values(), ids=REFUSED)
async def test_what_cannot_run_everywhere_runs_nowhere(
    fleet: Fleet, web: list[RawNode], change: dict[str, Any], refused: tuple[int, str]
) -> None:
    wish = {"action": "diagnostics.collect", "selector": "role=web", **change}
    before = len(rows(fleet.database, "SELECT FROM executions"))

    answer = await fleet.dispatch("refused", **wish)

    assert told(answer) == refused
    assert len(rows(fleet.database, "SELECT FROM executions")) == before
    assert rows(fleet.database, "SELECT FROM execution_keys WHERE key = 'refused'") == []


NOBODY: Final = {"selector": "role=nobody"}
TWICE_WRONG: Final[dict[str, tuple[dict[str, Any], tuple[int, str]]]] = {
    "the key before the body": ({"key": "k" * 256, "nonsense": 1}, (400, "invalid_idempotency_key")),
    "the body before the selector": ({"selector": "(", "timeout_seconds": -1}, (400, "invalid_body")),
    "the repeat before the selector": ({"key": "taken", "selector": "("}, (409, "idempotency_conflict")),
    "the selector before the action": ({"selector": "(", "action": "none"}, (400, "malformed_selector")),
    "the cohort before the action": ({**NOBODY, "action": "none"}, (422, "selector_empty_cohort")),
    "the action before its parameters": (
        {"action": "none", "parameters": {"speed": 1}},
        (400, "action_not_declared"),
    ),
    "the approval before the parameters": (
        {"action": "hooks/network-diag", "parameters": {"speed": 1}},
        (422, "approval_required"),
    ),
    "the artifact before the parameters": (
        {"action": "service.upgrade", "parameters": {"version": "9.9.9", "speed": 1}},
        (422, "artifact_not_stored"),
    ),
}


@pytest.mark.parametrize(("change", "refused"), TWICE_WRONG.values(), ids=TWICE_WRONG)
async def test_of_two_things_that_are_wrong_the_documented_first_is_told(
    fleet: Fleet, web: list[RawNode], change: dict[str, Any], refused: tuple[int, str]
) -> None:
    wish = {"action": "diagnostics.collect", "selector": "role=web"}
    if change.get("key") == "taken":
        assert (await fleet.dispatch("taken", **wish)).status_code == 201

    assert told(await fleet.dispatch(**{**wish, **change})) == refused


async def test_an_action_that_one_of_many_did_not_announce_says_how_many(fleet: Fleet) -> None:
    for capabilities in (CAPABILITIES, {}, {"builtin_actions": [{"name": "health.check"}]}):
        await fleet.machine("mixed", capabilities)

    answer = await fleet.dispatch(action="diagnostics.collect", selector="role=mixed")

    assert told(answer) == (400, "action_not_declared")
    assert answer.json()["detail"].startswith("2 of the nodes")


@pytest.mark.parametrize(
    "action", [{"action": "hooks/network-diag"}, {"action": "network-diag", "type": "hook"}]
)
async def test_a_privileged_hook_runs_once_somebody_approves_it(
    fleet: Fleet, web: list[RawNode], action: dict[str, str]
) -> None:
    """M16; either name of a hook means the hook."""
    refused = await fleet.dispatch(**action, node_id=web[0].id)
    answer = await fleet.dispatch(**action, node_id=web[0].id, approve_privileged=True)

    assert told(refused) == (422, "approval_required")
    assert (answer.status_code, answer.json()["action"]) == (201, "hooks/network-diag")
    assert answer.json()["approve_privileged"] is True


def with_another_digest(name: str) -> dict[str, Any]:
    hooks = [
        {**hook, "checksum": f"sha256:{'b' * 64}"} if hook["name"] == name else hook
        for hook in CAPABILITIES["hooks"]
    ]
    return {**CAPABILITIES, "hooks": hooks}


async def test_a_hook_that_drifted_on_one_node_runs_on_none_until_somebody_acknowledges_it(
    fleet: Fleet,
) -> None:
    """D30; what was dispatched before is still answered as it was, and another hook runs."""
    one, other = [await fleet.machine("drift") for _ in range(2)]
    wish: dict[str, Any] = {
        "action": "hooks/network-diag",
        "selector": "role=drift",
        "approve_privileged": True,
    }
    before = await fleet.dispatch("drift", **wish)
    changed = with_another_digest("network-diag")
    assert (await one.call("PUT", "capabilities", msgspec.json.encode(changed))).status == 200

    refused = await fleet.dispatch(**wish)
    unapproved = await fleet.dispatch(**{**wish, "approve_privileged": False})
    repeated = await fleet.dispatch("drift", **wish)
    elsewhere = await fleet.dispatch(**{**wish, "selector": None, "node_id": other.id})
    another = await fleet.dispatch(**{**wish, "action": "diagnostics.collect"})
    [violation] = (await fleet.client.get(f"/v1/integrity-violations?node_id={one.id}")).json()["items"]
    acknowledged = await fleet.client.post(
        f"/v1/integrity-violations/{violation['id']}/acknowledge", json={"reason": "a new release"}
    )
    after = await fleet.dispatch(**wish)

    assert told(refused) == told(unapproved) == (409, "hook_integrity_violation")
    assert refused.json()["detail"].startswith("The hook is not what it was or is said to be on 1 of")
    assert repeated.json()["id"] == before.json()["id"]
    assert [each.status_code for each in (elsewhere, another, acknowledged, after)] == [201, 201, 200, 201]


async def test_a_canary_goes_first_and_the_others_wait(fleet: Fleet, web: list[RawNode]) -> None:
    made = await fleet.dispatch(
        action="diagnostics.collect", selector="role=web", waves={"canary": 1, "percent": 50}
    )

    execution = made.json()
    released = [each["node_id"] for each in execution["targets"] if "released_at" in each]
    [canary] = [node for node in web if node.id in released]
    await fleet.take_up(canary, execution["id"])
    await fleet.report(canary, execution["id"], ended())
    shown = await until_wave(fleet, execution["id"], 2)

    assert (execution["wave"], execution["counts"]["pending"]) == (1, 3)
    assert execution["waves"] == {"canary": 1, "percent": 50, "max_failures": 0}
    assert (shown["status"], shown["wave"]) == ("started", 2)
    assert (shown["counts"]["succeeded"], shown["counts"]["pending"]) == (1, 2)
    assert {"released_at" in each for each in shown["targets"]} == {True}


async def until_wave(fleet: Fleet, execution: str, wave: int) -> Any:
    async with asyncio.timeout(10):
        while True:
            shown = await fleet.show(execution)
            if shown["wave"] >= wave:
                return shown
            await asyncio.sleep(0.05)


async def test_a_cancelled_execution_ends_once_and_stays_as_it_is(fleet: Fleet, web: list[RawNode]) -> None:
    """A second cancellation changes nothing, and neither does a result that comes late: it is a note."""
    execution = (await fleet.dispatch(action="diagnostics.collect", selector="role=web")).json()["id"]
    await fleet.take_up(web[0], execution)
    await fleet.report(web[0], execution, ended())

    first = await fleet.client.post(f"{fleet.path}/{execution}/cancel")
    await fleet.report(web[1], execution, ended("late"))
    second = await fleet.client.post(f"{fleet.path}/{execution}/cancel")
    target = (await fleet.client.get(f"{fleet.path}/{execution}/targets/{web[1].id}")).json()

    assert (first.status_code, first.json()["status"]) == (200, "cancelled")
    assert (first.json()["counts"]["succeeded"], first.json()["counts"]["cancelled"]) == (1, 2)
    assert second.json()["counts"] == first.json()["counts"]
    assert second.json()["ended_at"] == first.json()["ended_at"]
    assert (target["status"], target["reason"], "report" in target) == ("cancelled", "cancelled", False)
    assert (target["note"]["status"], target["note"]["stdout"]) == ("succeeded", "late\n")
    relations = [relation for relation, _, _ in entries(fleet, execution)]
    assert relations.count("execution.cancel") == 1


async def test_every_mutation_is_in_the_trail_with_the_project_and_the_execution(
    fleet: Fleet, web: list[RawNode]
) -> None:
    execution = (await fleet.dispatch(action="diagnostics.collect", node_id=web[2].id)).json()["id"]
    await fleet.report(web[2], execution, ended(status=TargetStatus.FAILED))
    await fleet.client.post(f"{fleet.path}/{execution}/cancel")

    project = f"project:{fleet.place.project_id}"
    assert entries(fleet, execution) == [
        ("execution.dispatch", "granted", project),
        ("execution.result", "granted", project),
    ]


async def test_lists_are_by_status_and_action_and_page_through_everything(
    fleet: Fleet, web: list[RawNode]
) -> None:
    """H42: under filters, too."""
    made = [
        (await fleet.dispatch(action="hooks/backup", node_id=web[0].id, parameters={"target": "t"})).json()[
            "id"
        ]
        for _ in range(3)
    ]
    for execution in made:
        await fleet.report(web[0], execution, ended(status=TargetStatus.TIMEOUT))

    seen: list[str] = []
    query = {"status": "timeout", "action_name": "hooks/backup", "limit": "2"}
    for _ in range(2):
        page = (await fleet.client.get(fleet.path, params=query)).json()
        seen += [row["id"] for row in page["items"]]
        query["cursor"] = page.get("next_cursor", "")
    bare = await fleet.client.get(fleet.path, params={"status": "timeout", "action_name": "backup"})
    none = await fleet.client.get(fleet.path, params={"status": "ack", "action_name": "backup"})

    assert (seen, query["cursor"]) == (made, "")
    assert [row["id"] for row in bare.json()["items"]] == made
    assert none.json() == {"items": []}


async def test_what_a_node_ran_by_itself_is_listed_under_the_node(fleet: Fleet, web: list[RawNode]) -> None:
    """D32: nobody dispatched it, and it is no execution of the Project."""
    await fleet.report(web[0], "exec_1", ended("hello", origin=TriggeredBy("session", session_id="s-1")))

    mine = (await fleet.client.get(f"/v1/nodes/{web[0].id}/executions")).json()
    others = (await fleet.client.get(f"/v1/nodes/{web[1].id}/executions")).json()

    [local] = mine["items"]
    assert (local["id"], local["report"]["status"], local["report"]["stdout"]) == (
        "exec_1",
        "succeeded",
        "hello\n",
    )
    assert local["report"]["triggered_by"]["session_id"] == "s-1"
    assert others == {"items": []}


async def test_a_foreign_project_is_denied_before_it_is_unknown(
    fleet: Fleet, web: list[RawNode], stranger: Robot
) -> None:
    """C08, C09: whether an execution exists only those learn who may observe its Project."""
    execution = (await fleet.dispatch(action="diagnostics.collect", node_id=web[0].id)).json()["id"]
    other = (
        await fleet.client.post(
            "/v1/projects", json={"domain_id": fleet.place.domain_id, "name": "Other", "slug": "other"}
        )
    ).json()["id"]
    one = f"/v1/projects/{other}/executions/{execution}"

    denied = [
        await fleet.client.get(f"/v1/projects/{project}/executions/{execution}", headers=stranger.headers)
        for project in (fleet.place.project_id, other, ABSENT)
    ]
    unknown = [
        await fleet.client.get(one),
        await fleet.client.get(f"{one}/targets/{web[0].id}"),
        await fleet.client.post(f"{one}/cancel"),
        await fleet.client.get(f"{fleet.path}/{ABSENT}"),
        await fleet.client.get(f"{fleet.path}/{execution}/targets/{ABSENT}"),
    ]
    nowhere = await fleet.client.get(f"/v1/projects/{ABSENT}/executions")
    elsewhere = await fleet.client.post(
        f"/v1/projects/{other}/executions/dispatch",
        json={"action": "diagnostics.collect", "node_id": web[0].id},
    )

    assert set(map(told, denied)) == {(403, "permission_denied")}
    assert set(map(told, unknown)) == {(404, "execution_not_found")}
    assert told(nowhere) == (404, "project_not_found")
    assert told(elsewhere) == (422, "selector_empty_cohort")


async def test_a_domain_has_room_for_so_many_open_targets(
    fleet: Fleet, web: list[RawNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is refused names its dimension, and when to come back."""
    monkeypatch.setattr("plexsphere.policy.application.actions.dispatch_action.MOST_OPEN_TARGETS", 0)
    wish = {"action": "diagnostics.collect", "node_id": web[0].id}

    answer = await fleet.dispatch(**wish)
    wrong = await fleet.dispatch(**wish, parameters={"speed": 1})

    assert told(wrong) == (422, "invalid_parameters")
    assert told(answer) == (429, "capacity_exceeded")
    assert (answer.json()["dimension"], answer.headers["retry-after"]) == ("action_executions", "30")


async def test_more_nodes_than_one_execution_may_have_are_refused(
    fleet: Fleet, web: list[RawNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plexsphere.policy.application.actions.cohort.MOST_TARGETS", 2)

    answer = await fleet.dispatch(action="diagnostics.collect", selector="role=web")

    assert told(answer) == (422, "cohort_too_large")
    assert answer.json()["detail"] == "3 nodes are meant; 2 are the most."
