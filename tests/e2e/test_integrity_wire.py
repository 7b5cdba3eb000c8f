"""Announcements, reports and what operators see of them, over the wire of a whole control plane."""

import base64
import gzip
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx
import psycopg
import pytest
import pytest_asyncio

from plexsphere.api.v1.integrity import problems
from plexsphere.platform.kernel.secret import Secret
from tests.support.api import code_of
from tests.support.control_plane import Served, served
from tests.support.hooks import a_crd, a_hook, digest
from tests.support.machines import Machine, RawNode
from tests.support.postgres import TestServer
from tests.support.robots import Robot, grant, robot
from tests.support.tables import trail

pytestmark = [pytest.mark.postgres, pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

VIOLATIONS: Final = "/v1/integrity-violations"
RELEASE: Final = """
INSERT INTO plexd_releases (version, support_status) VALUES (%s, 'supported')
"""
RELEASED: Final = """
INSERT INTO plexd_artifacts (version, os, arch, sha256, size, verdict)
VALUES (%s, 'linux', 'amd64', %s, 1, 'verified')
"""
GOOD: Final = "07" * 32
NEWER: Final = "09" * 32
OTHER: Final = bytes([8]) * 32
FOUND: Final = {"kind": "hook_checksum", "detected_by": "inotify", "artifact_id": "backup"}
FINGERPRINT: Final = f"SHA256:{'A' * 43}"


@dataclass(frozen=True)
class Scene:
    """A control plane, its operator, one who reads the platform alone, and one who reads the Project too."""

    place: Served
    operator: httpx.AsyncClient
    stranger: Robot
    reader: Robot

    async def node(self, **manifest: Any) -> RawNode:
        [token] = await self.place.bootstrap_tokens(1)
        node = await Machine().enrol(self.place.base_url, token)
        if manifest:
            assert await self.announce(node, **manifest) == 200
        return node

    async def announce(self, node: RawNode, **manifest: Any) -> int:
        return (await node.call("PUT", "capabilities", json.dumps(manifest).encode())).status

    async def listed(self, node: RawNode, **query: str) -> list[dict[str, Any]]:
        answer = await self.operator.get(VIOLATIONS, params={"node_id": node.id, **query})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    async def capabilities(self, node: RawNode, **query: str) -> list[dict[str, Any]]:
        path = f"/v1/projects/{self.place.project_id}/capabilities"
        answer = await self.operator.get(path, params={"node_id": node.id, **query})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])


@pytest.fixture(scope="module")
def lasting_database(postgres_server: TestServer) -> Iterator[Secret[str]]:
    with postgres_server.migrated_database() as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(lasting_database: Secret[str]) -> AsyncIterator[Scene]:
    async with served(lasting_database) as place, place.as_operator() as operator:
        stranger = await robot(operator, place.domain_id, "stranger")
        reader = await robot(operator, place.domain_id, "reader")
        for each in (stranger, reader):
            await grant(operator, place.project_id, each.subject, "reader", "platform:plexsphere")
        await grant(operator, place.project_id, reader.subject, "member", f"project:{place.project_id}")
        async with await psycopg.AsyncConnection.connect(lasting_database.reveal()) as connection:
            await connection.execute("SET search_path TO plexsphere")
            for version, binary in (("1.4.2", GOOD), ("1.4.3", NEWER)):
                await connection.execute(RELEASE, [version])
                await connection.execute(RELEASED, [version, binary])
        yield Scene(place, operator, stranger, reader)


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, code_of(answer)


async def test_a_hook_that_drifted_is_listed_acknowledged_and_good_again(scene: Scene) -> None:
    node = await scene.node(hooks=[a_hook()])
    await scene.announce(node, hooks=[a_hook(checksum=digest(2))])
    [violation] = await scene.listed(node, status="open")

    path = f"{VIOLATIONS}/{violation['id']}/acknowledge"
    answer = await scene.operator.post(path, json={"reason": "released today"})
    again = await scene.operator.post(path, json={"reason": "released today"})

    assert (
        violation.items()
        >= {
            "node_id": node.id,
            "domain_id": scene.place.domain_id,
            "project_id": scene.place.project_id,
            "kind": "hook",
            "status": "open",
            "artifact_id": "backup",
            "detected_by": "capabilities",
            "expected": digest(1),
            "observed": digest(2),
        }.items()
    )
    assert (
        set(violation) & {"acknowledged_at", "acknowledged_by_subject", "acknowledge_reason", "detail"}
        == set()
    )
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["acknowledge_reason"]) == (
        "acknowledged",
        "released today",
    )
    assert answer.json()["acknowledged_by_subject"].startswith("user:")
    assert told(again) == (409, "illegal_transition")
    [row] = [
        row for row in trail(scene.place.root.settings().dsn) if row[3] == {"violation": violation["id"]}
    ]
    assert row[:3] == ("integrity_violation.acknowledge", "granted", f"project:{scene.place.project_id}")


async def test_who_may_not_manage_the_project_acknowledges_nothing_and_learns_nothing(scene: Scene) -> None:
    node = await scene.node(hooks=[a_hook()])
    await scene.announce(node, hooks=[a_hook(checksum=digest(2))])
    [violation] = await scene.listed(node)

    async def refused(violation_id: str, **options: Any) -> tuple[int, str]:
        path = f"{VIOLATIONS}/{violation_id}/acknowledge"
        return told(await scene.operator.post(path, json={"reason": "x"}, **options))

    for violation_id in (violation["id"], node.id):
        assert await refused(violation_id, headers=scene.stranger.headers) == (403, "permission_denied")
    # Who reads the Project sees the violation, and still may not say that it is meant.
    seen = await scene.operator.get(VIOLATIONS, params={"node_id": node.id}, headers=scene.reader.headers)
    assert [each["id"] for each in seen.json()["items"]] == [violation["id"]]
    assert await refused(violation["id"], headers=scene.reader.headers) == (403, "permission_denied")
    assert await refused(node.id) == (404, "integrity_violation_not_found")
    assert await refused("x") == (400, "invalid_integrity_violation_id")
    assert (await scene.listed(node))[0]["status"] == "open"


@pytest.mark.parametrize("said", [{}, *({"reason": each} for each in ("", " ", "x" * 1025, None, 1, ["x"]))])
async def test_an_acknowledgement_needs_a_reason(scene: Scene, said: dict[str, Any]) -> None:
    node = await scene.node(hooks=[a_hook()])
    await scene.announce(node, hooks=[a_hook(checksum=digest(2))])
    [violation] = await scene.listed(node)
    path = f"{VIOLATIONS}/{violation['id']}/acknowledge"

    assert told(await scene.operator.post(path, json=said)) == (400, "invalid_acknowledge_reason")
    for malformed in (b"{", b"[]", b'{"reason": "x", "more": 1}'):
        assert told(await scene.operator.post(path, content=malformed)) == (400, "invalid_body")


async def test_violations_are_filtered_and_hidden_from_who_may_not_read_the_project(scene: Scene) -> None:
    node = await scene.node(hooks=[a_hook()])
    await scene.announce(node, hooks=[a_hook(checksum=digest(2))])
    here, absent = scene.place.project_id, node.id

    counts = [
        len(await scene.listed(node, **query))
        for query in (
            {"kind": "hook"},
            {"kind": "binary"},
            {"status": "resolved"},
            {"project_id": here},
            {"project_id": absent},
            {"domain_id": scene.place.domain_id},
        )
    ]
    hidden = await scene.operator.get(VIOLATIONS, params={"limit": 1}, headers=scene.stranger.headers)

    assert counts == [1, 0, 0, 1, 0, 1]
    assert hidden.json()["items"] == []
    for query in ({"kind": "key"}, {"status": "new"}, {"node_id": "x"}):
        assert told(await scene.operator.get(VIOLATIONS, params=query)) == (400, "invalid_parameter")
    assert told(await scene.operator.get(VIOLATIONS, params={"limit": 0})) == (400, "invalid_limit")


async def test_a_cursor_does_not_count_what_a_project_hides(scene: Scene) -> None:
    """A listing of one Project, or of one node, tells nothing to who cannot read it, not even that it goes on."""
    node = await scene.node(hooks=[a_hook(), a_hook("other")])
    await scene.node(hooks=[])
    await scene.announce(node, hooks=[a_hook(checksum=digest(2)), a_hook("other", checksum=digest(2))])
    project = scene.place.project_id

    for path, query in (
        (VIOLATIONS, {"project_id": project}),
        (VIOLATIONS, {"node_id": node.id}),
        (f"/v1/projects/{project}/capabilities", {}),
        (f"/v1/projects/{project}/capabilities", {"status": "match"}),
    ):
        first: dict[str, Any] = {"limit": 1, **query}
        seen = await scene.operator.get(path, params=first)
        hidden = await scene.operator.get(path, params=first, headers=scene.stranger.headers)
        assert "next_cursor" in seen.json()
        assert (hidden.status_code, hidden.json()) == (200, {"items": []})


async def test_who_may_not_read_the_platform_lists_neither(scene: Scene) -> None:
    nobody = await robot(scene.operator, scene.place.domain_id, "nobody")
    for path in (VIOLATIONS, f"/v1/projects/{scene.place.project_id}/capabilities", "/v1/hooks"):
        assert told(await scene.operator.get(path, headers=nobody.headers)) == (403, "permission_denied")


async def test_a_report_is_accepted_and_kept_in_canonical_form(scene: Scene) -> None:
    node = await scene.node(hooks=[a_hook()])
    report = [
        {**FOUND, "observed_checksum": base64.b64encode(OTHER).decode(), "expected_checksum": None},
        {
            **FOUND,
            "kind": "binary_checksum",
            "observed_checksum": f"sha256:{GOOD}",
            "artifact_id": "/usr/bin/plexd",
        },
        {**FOUND, "kind": "ssh_host_key", "observed_fingerprint": FINGERPRINT, "artifact_id": "ed25519"},
    ]
    body = gzip.compress(json.dumps({"violations": report, "unknown": 1}).encode())
    answer = await node.call("POST", "integrity-violations", body, headers={"Content-Encoding": "gzip"})

    assert answer.status == 200
    assert answer.json()["violation_count"] == 3
    kept = {(each["kind"], each["artifact_id"], each["observed"]) for each in await scene.listed(node)}
    assert kept == {
        ("hook", "backup", f"sha256:{OTHER.hex()}"),
        ("binary", "/usr/bin/plexd", f"sha256:{GOOD}"),
        ("host_key", "ed25519", FINGERPRINT),
    }


@pytest.mark.parametrize(
    ("violations", "problem"),
    [
        (7, problems.MALFORMED),
        ([{"kind": "hook_checksum"}], problems.MALFORMED),
        ([{**FOUND, "artifact_id": "x" * 513}], problems.MALFORMED),
        ([], problems.EMPTY),
        (None, problems.EMPTY),
        ([{**FOUND, "kind": "hook"}], problems.KIND_INVALID),
        ([{**FOUND, "observed_fingerprint": FINGERPRINT}], problems.KIND_MISMATCH),
        ([{**FOUND, "kind": "ssh_host_key", "observed_checksum": GOOD}], problems.KIND_MISMATCH),
        ([{**FOUND, "detected_by": "agent"}], problems.DETECTED_BY_INVALID),
        ([{**FOUND, "artifact_id": ""}], problems.ARTIFACT_ID_EMPTY),
        ([{**FOUND, "observed_checksum": "AA=="}], problems.CHECKSUM_INVALID),
        ([{**FOUND, "expected_checksum": f"sha512:{GOOD}"}], problems.CHECKSUM_INVALID),
        ([{**FOUND, "kind": "ssh_host_key", "observed_fingerprint": "MD5:aa"}], problems.FINGERPRINT_INVALID),
        ([FOUND, {**FOUND, "kind": "x"}], problems.KIND_INVALID),
        ([FOUND] * 129, problems.TOO_MANY),
        ([{**FOUND, "artifact_id": "x" * 500}] * 70, problems.BODY_TOO_LARGE),
    ],
)
async def test_a_report_that_is_none_is_refused_whole(scene: Scene, violations: Any, problem: Any) -> None:
    """M14: a checksum is a SHA-256 or is refused."""
    node = await scene.node(hooks=[a_hook()])

    answer = await node.call("POST", "integrity-violations", json.dumps({"violations": violations}).encode())

    assert (answer.status, answer.code) == (problem.status, problem.code)
    assert await scene.listed(node) == []


async def test_an_agent_in_the_field_reports_one_thing_at_a_time(scene: Scene) -> None:
    node = await scene.node(hooks=[a_hook()])
    report = {
        "type": "hook",
        "path": "/etc/plexd/hooks.d/backup",
        "expected_checksum": digest(1).removeprefix("sha256:"),
        "actual_checksum": OTHER.hex(),
        "detail": "d" * 5000,
        "timestamp": "0001-01-01T00:00:00Z",
    }
    answer = await node.call("POST", "integrity/violations", json.dumps(report).encode())
    empty = {"type": "binary", "path": "/proc/self/exe", "expected_checksum": "", "actual_checksum": None}
    bare = await node.call("POST", "integrity/violations", json.dumps(empty).encode())
    wrong = await node.call("POST", "integrity/violations", b'{"type":"key","path":"x"}')

    assert (answer.status, bare.status) == (200, 200)
    assert isinstance(answer.json(), dict)
    assert (wrong.status, wrong.code) == (400, "invalid_body")
    hook, binary = await scene.listed(node)
    assert (hook["artifact_id"], hook["observed"], hook["expected"]) == (
        "backup",
        f"sha256:{OTHER.hex()}",
        digest(1),
    )
    assert (hook["detected_by"], len(hook["detail"]), binary["artifact_id"]) == (
        "agent",
        1024,
        "/proc/self/exe",
    )


@pytest.mark.parametrize("route", ["integrity-violations", "integrity/violations"])
async def test_nobody_reports_for_another_node(scene: Scene, route: str) -> None:
    node, other = await scene.node(hooks=[a_hook()]), await scene.node()
    body = json.dumps({"violations": [FOUND], "type": "hook", "path": "backup"}).encode()

    answer = await node.call("POST", route, body, token=other.token)

    assert (answer.status, answer.code) == (404, "node_not_found")
    assert await scene.listed(node) == []


async def test_a_sandbox_that_agents_do_not_know_is_refused_and_leaves_all_as_it_was(scene: Scene) -> None:
    """M16: 422 for who announces, 400 for who registers, and its token stays good."""
    node = await scene.node(hooks=[a_hook()])
    wrong = json.dumps({"hooks": [a_hook(sandbox="chroot", checksum=digest(2))]}).encode()
    answer = await node.call("PUT", "capabilities", wrong)
    [token] = await scene.place.bootstrap_tokens(1)
    machine = Machine()
    refused = await machine.ask(scene.place.base_url, token, capabilities=json.loads(wrong))
    shapeless = await machine.ask(scene.place.base_url, token, capabilities={"hooks": [{"name": ""}]})
    admitted = await machine.ask(scene.place.base_url, token, capabilities={"hooks": [a_crd()], "more": 1})

    assert (answer.status, answer.code) == (422, "invalid_sandbox")
    assert await scene.listed(node) == []
    assert [(each.status, each.code) for each in (refused, shapeless)] == [(400, "invalid_body")] * 2
    assert admitted.status == 201
    hooks = (await scene.operator.get("/v1/hooks", params={"limit": 200})).json()["items"]
    assert admitted.json()["node_id"] in {each["node_id"] for each in hooks}


async def test_a_node_that_leaves_takes_its_hooks_with_it(scene: Scene) -> None:
    node = await scene.node(hooks=[a_crd()])
    before = (await scene.operator.get("/v1/hooks", params={"limit": 200})).json()["items"]
    await node.call("POST", "deregister")
    after = (await scene.operator.get("/v1/hooks", params={"limit": 200})).json()["items"]

    assert [each for each in before if each not in after] == [
        {
            "node_id": node.id,
            "domain_id": scene.place.domain_id,
            "name": "db-backup",
            "image_digest": digest(1),
            "image_digest_match": True,
        }
    ]
    assert await scene.capabilities(node) == []


async def test_capabilities_tell_how_a_binary_compares_with_what_was_released(scene: Scene) -> None:
    node = await scene.node(
        binary={"version": "1.4.2", "checksum": f"sha256:{GOOD}"},
        builtin_actions=[{"name": "health.check"}, {"name": "config.dump"}],
        hooks=[a_hook()],
    )
    [good] = await scene.capabilities(node)
    await scene.announce(node, binary={"version": "1.4.2", "checksum": OTHER.hex()})
    [bad] = await scene.capabilities(node, status="drift")
    await scene.announce(node, binary={"version": "9.9.9", "checksum": "odd"})
    [unknown] = await scene.capabilities(node)

    assert good.pop("reported_at") < bad["reported_at"]
    assert good == {
        "node_id": node.id,
        "domain_id": scene.place.domain_id,
        "binary_version": "1.4.2",
        "binary_checksum": base64.b64encode(bytes.fromhex(GOOD)).decode(),
        "status": "match",
        "builtin_actions": [{"name": "config.dump"}, {"name": "health.check"}],
    }
    assert (bad["builtin_actions"], bad["status"]) == ([], "drift")
    assert (unknown["status"], "binary_checksum" in unknown) == ("unknown", False)
    assert await scene.capabilities(node, status="match") == []
    assert [each["kind"] for each in await scene.listed(node)] == ["binary"]


async def test_capabilities_of_a_project_that_cannot_be_read_look_like_those_of_none(scene: Scene) -> None:
    node = await scene.node(hooks=[])
    for project in (scene.place.project_id, node.id):
        path = f"/v1/projects/{project}/capabilities"
        answer = await scene.operator.get(path, headers=scene.stranger.headers)
        assert (answer.status_code, answer.json()) == (200, {"items": []})
    query = {"status": "good"}
    path = f"/v1/projects/{scene.place.project_id}/capabilities"
    assert told(await scene.operator.get(path, params=query)) == (400, "invalid_parameter")
    assert told(await scene.operator.get("/v1/projects/x/capabilities")) == (400, "invalid_project_id")


def counted(scene: Scene, kind: str) -> float:
    """Return how many violations of a kind the process's metrics tell of."""
    [metric] = [
        each for each in scene.place.root.metrics() if each.name == "plexsphere_integrity_violations_total"
    ]
    counts: dict[str, float] = {labels["kind"]: count for labels, count in metric.read()}
    return counts[kind]


async def test_a_heartbeat_that_tells_another_checksum_has_the_binary_judged(scene: Scene) -> None:
    before = counted(scene, "binary")
    node = await scene.node(binary={"version": "1.4.2", "checksum": GOOD})
    book = scene.place.root.fleet().book

    async def beats(checksum: str) -> list[str]:
        await node.call("POST", "heartbeat", json.dumps({"binary_checksum": checksum}).encode())
        await book.flush()
        return [each["status"] for each in await scene.listed(node)]

    assert await beats(GOOD) == []
    assert await beats(f"sha256:{OTHER.hex()}") == ["open"]
    assert await beats("") == ["open"]
    assert await beats(GOOD) == ["resolved"]
    assert (await scene.capabilities(node))[0]["status"] == "match"
    assert counted(scene, "binary") == before + 1


async def test_a_binary_that_was_not_announced_yet_is_no_violation_and_is_listed_as_drifted(
    scene: Scene,
) -> None:
    node = await scene.node(binary={"version": "1.4.2", "checksum": GOOD})
    await node.call("POST", "heartbeat", json.dumps({"binary_checksum": NEWER}).encode())
    await scene.place.root.fleet().book.flush()
    unannounced = (await scene.capabilities(node))[0]["status"]
    await scene.announce(node, binary={"version": "1.4.3", "checksum": NEWER})

    assert (unannounced, (await scene.capabilities(node))[0]["status"]) == ("drift", "match")
    assert await scene.listed(node) == []


async def test_a_page_of_hooks_is_noted_in_the_platforms_chain(scene: Scene) -> None:
    await scene.node(hooks=[a_crd()])
    listed = len((await scene.operator.get("/v1/hooks", params={"limit": 200})).json()["items"])
    hidden = await scene.operator.get("/v1/hooks", params={"limit": 1}, headers=scene.stranger.headers)
    await scene.place.root.surface().reads.flush()

    rows = [row for row in trail(scene.place.root.settings().dsn) if row[0] == "discovered_hook.list"]
    assert hidden.json()["items"] == []
    assert {row[1:3] for row in rows if row[1] == "granted"} == {("granted", "platform:plexsphere")}
    assert {"count": listed} in [row[3] for row in rows]
    assert {"count": 0, "persistence_count": 1} in [row[3] for row in rows]
