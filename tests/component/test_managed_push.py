"""Managed push from the HTTP surface to a cluster, with the real bridge and use cases over stores in memory."""

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

import httpx
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from plexsphere.composition.bridges.managed_push import ARM_IN_WORDS, FAULT_IN_WORDS, ManagedPushBridge
from plexsphere.composition.cluster_places import ClusterPlaces
from plexsphere.managed_push.application.get_target import GetTarget
from plexsphere.managed_push.domain.errors import (
    Arm,
    ClusterConflict,
    ClusterUnreachable,
    ManagedPushError,
    OutcomeUnsure,
    SpecFault,
    WriteRefused,
)
from plexsphere.platform.kernel.audit import AuditEntry
from tests.support.api import ABSENT, ALICE, AS_ROBOT, Surface, code_of, surface
from tests.support.managed_push import DIGEST, DOMAIN, OTHER_DOMAIN, UNKNOWN_DOMAIN
from tests.support.memory_cluster import NAMESPACE, Event
from tests.support.pushes import PushScene

GOOD: Final = b"https://cluster.example:6443"
HOOK: Final = {"namespace": NAMESPACE, "name": "backup", "image_digest": DIGEST}


@dataclass
class NotedReads:
    """Keeps what was noted."""

    entries: list[AuditEntry] = field(default_factory=list)

    def note(self, entry: AuditEntry, /) -> None:
        self.entries.append(entry)


class Behind:
    """The bridge of whichever scene is on: assembling an application takes longer than a test."""

    def __init__(self) -> None:
        self.scene, self.reads = PushScene(), NotedReads()
        self.bridge = self._bridged()

    def begin(self) -> None:
        """Start with an empty store and an empty cluster."""
        self.scene, self.reads = PushScene(), NotedReads()
        self.bridge = self._bridged()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.bridge, name)

    def _bridged(self) -> ManagedPushBridge:
        scene = self.scene
        return ManagedPushBridge(
            scene.attach_target,
            GetTarget(scene.kit.targets),
            scene.detach_target,
            scene.push_hook,
            scene.rehearse_push,
            scene.get_push,
            scene.roll_back_push,
            self.reads,
            ClusterPlaces(),
        )


@dataclass
class Client:
    """Calls the six operations; those of a deployment without a wrap key while it is not `is_provisioned`."""

    behind: Behind
    provisioned: Surface
    scaffold: Surface
    is_provisioned: bool = True

    async def call(self, method: str, suffix: str, domain: UUID = DOMAIN, **options: Any) -> httpx.Response:
        """Send one request below the Domain's managed push."""
        built = self.provisioned if self.is_provisioned else self.scaffold
        return await built.call(method, f"/v1/domains/{domain}/managed-push{suffix}", **options)

    async def attach(
        self, kubeconfig: bytes = GOOD, domain: UUID = DOMAIN, *, enabled: bool = True
    ) -> httpx.Response:
        """Attach a kubeconfig."""
        body = {"kubeconfig_b64": base64.b64encode(kubeconfig).decode(), "enabled": enabled}
        return await self.call("PUT", "", domain, json=body)

    async def push(self, domain: UUID = DOMAIN, query: str = "", **changed: Any) -> httpx.Response:
        """Push a hook, changed in these fields."""
        return await self.call("POST", f"/hooks{query}", domain, json={**HOOK, **changed})

    async def roll_back(self, push: object, domain: UUID = DOMAIN) -> httpx.Response:
        """Roll a push back."""
        return await self.call("POST", f"/hooks/{push}:rollback", domain)


@pytest.fixture(scope="module")
def everything() -> Client:
    behind = Behind()
    return Client(behind, surface(managed_push=behind), surface(managed_push=None))


@pytest.fixture
def client(everything: Client) -> Client:
    everything.behind.begin()
    return everything


@pytest.fixture
def scene(client: Client) -> PushScene:
    return client.behind.scene


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, code_of(answer) if answer.is_error else ""


async def test_a_push_is_attached_made_shown_undone_and_detached(client: Client, scene: PushScene) -> None:
    attached = await client.attach()
    pushed = await client.push(parameters={"mode": "full"}, timeout_seconds=30, sandbox=True)
    push = pushed.json()["id"]
    shown = await client.call("GET", f"/hooks/{push}")
    there = scene.there()
    undone = await client.roll_back(push)
    again = await client.roll_back(push)
    detached = await client.call("DELETE", "")
    kept = await client.call("GET", f"/hooks/{push}")

    assert [each.status_code for each in (attached, pushed, shown, undone, detached, kept)] == [
        200,
        201,
        200,
        200,
        204,
        200,
    ]
    assert attached.json()["api_server_url"] == GOOD.decode()
    assert pushed.json() == shown.json()
    assert (shown.json()["status"], shown.json()["had_prior_state"]) == ("applied", False)
    assert there is not None
    assert there["spec"]["imageDigest"] == DIGEST
    assert scene.there() is None
    assert undone.json() == kept.json()
    assert undone.json()["status"] == "rolled_back"
    assert told(again) == (409, "push_already_rolled_back")
    assert scene.trail.relations() == [
        "managed_push.attach",
        "managed_push.push",
        "managed_push.rollback",
        "managed_push.detach",
    ]
    assert {entry.subject for entry in scene.trail.entries} == {str(ALICE.subject)}
    assert all(entry.correlation_id for entry in scene.trail.entries)


async def test_granted_reads_are_noted_under_their_own_relations(client: Client) -> None:
    await client.attach()
    push = (await client.push()).json()["id"]
    await client.call("GET", "")
    await client.call("GET", f"/hooks/{push}")
    await client.call("GET", f"/hooks/{ABSENT}")

    noted = client.behind.reads.entries
    assert [(entry.relation, dict(entry.caveat_context)) for entry in noted] == [
        ("managed_push.target.read", {}),
        ("managed_push.push.read", {"push": push}),
    ]
    assert {entry.chain for entry in noted} == {DOMAIN}


async def test_a_dry_run_answers_like_a_push_and_leaves_nothing_but_its_audit_row(
    client: Client, scene: PushScene
) -> None:
    await client.attach()

    answer = await client.push(query="?dry_run=true")

    assert answer.status_code == 201
    assert "location" not in answer.headers
    assert told(await client.call("GET", f"/hooks/{answer.json()['id']}")) == (404, "push_not_found")
    assert (scene.there(), scene.cluster.writes) == (None, [])
    assert dict(scene.trail.entries[-1].caveat_context) == {"dry_run": 1}


async def test_a_domain_is_told_of_its_gates_in_their_order_however_broken_its_hook(client: Client) -> None:
    """C33."""
    answers = []
    for _ in range(2):
        answers.append([told(await client.push()), told(await client.push(namespace="No Namespace"))])
        await client.attach(enabled=False)
    await client.attach()
    answers.append([told(await client.push()), told(await client.push(namespace="No Namespace"))])

    assert answers == [
        [(404, "managed_push_not_configured")] * 2,
        [(409, "managed_push_disabled")] * 2,
        [(201, ""), (422, "plexd_hook_invalid")],
    ]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"namespace": ""}, SpecFault.NAMESPACE),
        ({"namespace": "a" * 64}, SpecFault.NAMESPACE),
        ({"namespace": "shop/../kube-system"}, SpecFault.NAMESPACE),
        ({"name": "x/status"}, SpecFault.NAME),
        ({"name": "Backup"}, SpecFault.NAME),
        ({"image_digest": DIGEST.upper()}, SpecFault.IMAGE_DIGEST),
        ({"image_digest": f"{DIGEST} "}, SpecFault.IMAGE_DIGEST),
        ({"image_digest": f"sha512:{'0' * 128}"}, SpecFault.IMAGE_DIGEST),
        ({"image_digest": DIGEST[:-1]}, SpecFault.IMAGE_DIGEST),
        ({"image_digest": "0" * 64}, SpecFault.IMAGE_DIGEST),
        ({"parameters": {"": "x"}}, SpecFault.PARAMETERS),
        ({"timeout_seconds": -1}, SpecFault.TIMEOUT_SECONDS),
        ({"timeout_seconds": 86_401}, SpecFault.TIMEOUT_SECONDS),
    ],
)
async def test_a_hook_that_breaks_a_rule_is_told_which_and_no_cluster_hears_of_it(
    client: Client, scene: PushScene, change: dict[str, Any], fault: SpecFault
) -> None:
    """M01, M14."""
    await client.attach()

    answer = await client.push(**change)

    assert told(answer) == (422, "plexd_hook_invalid")
    assert answer.json()["detail"] == f"Its {FAULT_IN_WORDS[fault]}."
    assert scene.cluster.requests == []


async def test_a_kubeconfig_that_breaks_a_rule_is_told_which_and_nothing_is_kept(client: Client) -> None:
    answer = await client.attach(b"hunter2")

    assert told(answer) == (422, "kubeconfig_invalid")
    assert answer.json()["detail"] == f"Rule 1: {ARM_IN_WORDS[Arm.UNPARSEABLE_DOCUMENT]}."
    assert told(await client.call("GET", "")) == (404, "managed_push_not_configured")


def test_every_rule_has_its_words() -> None:
    assert (set(ARM_IN_WORDS), set(FAULT_IN_WORDS)) == (set(Arm), set(SpecFault))


async def test_a_domain_that_is_not_there_cannot_be_attached_to(client: Client) -> None:
    assert told(await client.attach(domain=UNKNOWN_DOMAIN)) == (404, "domain_not_found")


@pytest.mark.parametrize(
    ("error", "refused"),
    [
        (ClusterConflict(), (409, "managed_push_conflict")),
        (ClusterUnreachable(), (502, "cluster_unreachable")),
        (WriteRefused(), (502, "cluster_unreachable")),
        (OutcomeUnsure(), (502, "cluster_unreachable")),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, ManagedPushError) else "",
)
async def test_what_a_cluster_does_not_do_is_told_in_two_ways_for_pushes_and_rollbacks(
    client: Client, scene: PushScene, error: ManagedPushError, refused: tuple[int, str]
) -> None:
    await client.attach()
    push = (await client.push()).json()["id"]
    scene.cluster.events += [Event("apply", error=error), Event("delete", error=error)]

    answers = [told(await client.push(name="another")), told(await client.roll_back(push))]

    assert answers == [refused, refused]


async def test_a_sealed_credential_that_does_not_open_is_an_error_of_ours_and_says_nothing(
    client: Client, scene: PushScene
) -> None:
    """What was moved here from another Domain's row opens nothing."""
    await client.attach(domain=OTHER_DOMAIN)
    await client.attach()
    targets = scene.store.state.targets
    moved = targets[OTHER_DOMAIN].kubeconfig_ciphertext
    targets[DOMAIN] = replace(targets[DOMAIN], kubeconfig_ciphertext=moved)

    answer = await client.push()

    assert told(answer) == (500, "internal")
    assert str(OTHER_DOMAIN) not in answer.text
    assert scene.cluster.requests == []


async def test_a_push_of_another_domain_is_unknown_and_its_cluster_is_not_asked(
    client: Client, scene: PushScene
) -> None:
    """C08: the same names in two Domains; alike byte for byte but for what names the request."""
    await client.attach()
    await client.attach(domain=OTHER_DOMAIN)
    push = (await client.push()).json()["id"]
    asked = len(scene.cluster.requests)
    answers = [
        await client.call(method, f"/hooks/{each}{suffix}", OTHER_DOMAIN)
        for method, suffix in (("GET", ""), ("POST", ":rollback"), ("POST", "/rollback"))
        for each in (push, ABSENT)
    ]

    bodies = [{**answer.json(), "instance": "", "correlation_id": ""} for answer in answers]
    assert {told(answer) for answer in answers} == {(404, "push_not_found")}
    assert all(body == bodies[0] for body in bodies)
    assert len(scene.cluster.requests) == asked
    assert (await client.call("GET", f"/hooks/{push}")).json()["status"] == "applied"


@pytest.fixture
async def everywhere(client: Client) -> AsyncIterator[list[tuple[str, str, Any]]]:
    """Every operation of a Domain with a target and a push; whoever decides is there again afterwards."""
    await client.attach()
    push = (await client.push()).json()["id"]
    attach = {"kubeconfig_b64": base64.b64encode(GOOD).decode(), "enabled": True}
    yield [
        ("GET", "", None),
        ("PUT", "", attach),
        ("DELETE", "", None),
        ("POST", "/hooks", {**HOOK, "name": "another"}),
        ("POST", "/hooks?dry_run=true", {**HOOK, "name": "another"}),
        ("GET", f"/hooks/{push}", None),
        ("POST", f"/hooks/{push}:rollback", None),
        ("POST", f"/hooks/{push}/rollback", None),
    ]
    client.provisioned.permissions.away = False


@pytest.mark.parametrize(
    ("headers", "is_away", "refused"),
    [
        (AS_ROBOT, False, (403, "permission_denied")),
        ({"Authorization": "Bearer nobody"}, False, (401, "unauthenticated")),
        ({}, True, (503, "authz_unavailable")),
    ],
    ids=["denied", "unknown", "nobody can tell"],
)
async def test_no_cluster_hears_of_a_caller_who_is_not_let_in(
    client: Client,
    scene: PushScene,
    everywhere: list[tuple[str, str, Any]],
    headers: dict[str, str],
    is_away: bool,
    refused: tuple[int, str],
) -> None:
    """C09, C10: nor is anything written here."""
    client.provisioned.permissions.away = is_away
    asked, audited = list(scene.cluster.requests), scene.trail.relations()

    answers = [
        told(await client.call(method, suffix, headers=headers, json=body))
        for method, suffix, body in everywhere
    ]

    assert set(answers) == {refused}
    assert scene.cluster.requests == asked
    assert (scene.trail.relations(), scene.open_intents()) == (audited, [])


class Gates(RuleBasedStateMachine):
    """The three gates of a Domain against a model of them (C33)."""

    everything: Client

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.client = type(self).everything
        self.client.behind.begin()
        self.client.is_provisioned = True
        self.attached: bool | None = None
        self.pushes: dict[str, str] = {}

    def run(self, asking: Any) -> httpx.Response:
        answer: httpx.Response = self.runner.run(asking)
        return answer

    def expect(self, answer: httpx.Response, *wanted: tuple[int, str]) -> None:
        off = (501, "managed_push_not_provisioned")
        assert told(answer) == (wanted[0] if self.client.is_provisioned else off)

    def gate(self, *, ignoring_opt_in: bool = False) -> tuple[int, str] | None:
        if self.attached is None:
            return (404, "managed_push_not_configured")
        return None if self.attached or ignoring_opt_in else (409, "managed_push_disabled")

    @rule()
    def switch(self) -> None:
        self.client.is_provisioned = not self.client.is_provisioned

    @rule(enabled=st.booleans())
    def attach(self, enabled: bool) -> None:
        self.expect(self.run(self.client.attach(enabled=enabled)), (200, ""))
        if self.client.is_provisioned:
            self.attached = enabled

    @rule()
    def detach(self) -> None:
        answer = self.run(self.client.call("DELETE", ""))
        self.expect(answer, self.gate(ignoring_opt_in=True) or (204, ""))
        if self.client.is_provisioned:
            self.attached = None

    @rule()
    def show(self) -> None:
        self.expect(self.run(self.client.call("GET", "")), self.gate(ignoring_opt_in=True) or (200, ""))

    @rule(is_broken=st.booleans())
    def push(self, is_broken: bool) -> None:
        name = "No Name" if is_broken else f"hook-{len(self.pushes)}"
        answer = self.run(self.client.push(name=name))
        self.expect(answer, self.gate() or ((422, "plexd_hook_invalid") if is_broken else (201, "")))
        if answer.status_code == 201:
            self.pushes[answer.json()["id"]] = "applied"

    @rule(data=st.data())
    def roll_back(self, data: st.DataObject) -> None:
        push = data.draw(st.sampled_from([*self.pushes, str(ABSENT)]))
        status = self.pushes.get(push)
        wanted = self.gate(ignoring_opt_in=True) or (200, "")
        if status is None:
            wanted = (404, "push_not_found")
        elif status == "rolled_back":
            wanted = (409, "push_already_rolled_back")
        answer = self.run(self.client.roll_back(push))
        self.expect(answer, wanted)
        if answer.status_code == 200:
            self.pushes[push] = "rolled_back"

    def teardown(self) -> None:
        self.client.is_provisioned = True
        self.runner.close()


def test_every_state_of_the_gates_is_answered_as_the_documents_say(everything: Client) -> None:
    """C33: absent key, absent target, disabled, rollback while disabled, in any order."""
    Gates.everything = everything

    run_state_machine_as_test(
        Gates, settings=settings(max_examples=20, stateful_step_count=15, deadline=None, database=None)
    )
