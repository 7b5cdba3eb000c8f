"""The managed-push surface over an application in memory: what is refused, in which order, and what is shown."""

import base64
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import pytest

from plexsphere.api.callers import Permitted
from plexsphere.api.problem import Problem, Refusal
from plexsphere.api.v1.managed_push import problems, schemas
from plexsphere.api.v1.managed_push.operations import HOOKS, ONE, TARGET
from plexsphere.api.v1.managed_push.wiring import HookWish, RecordView, TargetView
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.subjects import Reference
from tests.support.api import ABSENT, AS_ROBOT, DOMAIN, OTHER_DOMAIN, Surface, code_of, surface

NOW: Final = datetime(2026, 3, 1, tzinfo=UTC)
KUBECONFIG: Final = b"kind: Config\n"
ATTACH: Final = {"kubeconfig_b64": base64.b64encode(KUBECONFIG).decode(), "enabled": True}
DIGEST: Final = "sha256:" + "a" * 64
HOOK: Final = {"namespace": "shop", "name": "warm-caches", "image_digest": DIGEST}
PUSH: Final = UUID("0190f3a0-0000-7000-8000-0000000000aa")
MOST: Final = 64 * 1024


@dataclass
class MemoryManagedPush:
    """Keeps one target and what was pushed; refuses with `refused` whatever it is asked."""

    target: TargetView | None = None
    kept: dict[UUID, RecordView] = field(default_factory=dict)
    refused: Problem | None = None
    asked: list[str] = field(default_factory=list)
    kubeconfigs: list[Secret[bytes]] = field(default_factory=list)
    wishes: list[HookWish] = field(default_factory=list)
    proofs: list[Permitted] = field(default_factory=list)

    def forget(self) -> None:
        """Begin anew."""
        self.target = self.refused = None
        for each in (self.kept, self.asked, self.kubeconfigs, self.wishes, self.proofs):
            each.clear()

    def _ask(self, what: str, permitted: Permitted) -> None:
        self.asked.append(what)
        self.proofs.append(permitted)
        if self.refused is not None:
            raise Refusal(self.refused)

    async def get_target(self, permitted: Permitted, domain_id: UUID, /) -> TargetView:
        self._ask("get_target", permitted)
        assert self.target is not None
        return self.target

    async def attach(
        self, permitted: Permitted, domain_id: UUID, kubeconfig: Secret[bytes], /, *, enabled: bool
    ) -> TargetView:
        self._ask("attach", permitted)
        self.kubeconfigs.append(kubeconfig)
        self.target = TargetView(enabled, "https://cluster.example:6443", "0" * 64, NOW, NOW)
        return self.target

    async def detach(self, permitted: Permitted, domain_id: UUID, /) -> None:
        self._ask("detach", permitted)
        self.target = None

    async def push(
        self, permitted: Permitted, domain_id: UUID, wish: HookWish, /, *, dry_run: bool
    ) -> RecordView:
        self._ask("push", permitted)
        self.wishes.append(wish)
        view = RecordView(mint_id(), domain_id, wish.name, wish.namespace, "applied", True, NOW, None)
        if not dry_run:
            self.kept[view.id] = view
        return view

    async def get_push(self, permitted: Permitted, domain_id: UUID, push_id: UUID, /) -> RecordView:
        self._ask("get_push", permitted)
        if push_id not in self.kept or self.kept[push_id].domain_id != domain_id:
            raise Refusal(problems.PUSH_NOT_FOUND)
        return self.kept[push_id]

    async def roll_back(self, permitted: Permitted, domain_id: UUID, push_id: UUID, /) -> RecordView:
        self._ask("roll_back", permitted)
        undone = replace(self.kept[push_id], status="rolled_back", rolled_back_at=NOW + timedelta(1))
        self.kept[push_id] = undone
        return undone


@pytest.fixture(scope="module")
def assembled() -> tuple[Surface, MemoryManagedPush]:
    """One application for the whole module: assembling it takes longer than a test."""
    pushes = MemoryManagedPush()
    return surface(managed_push=pushes), pushes


@pytest.fixture
def pushes(assembled: tuple[Surface, MemoryManagedPush]) -> MemoryManagedPush:
    assembled[1].forget()
    return assembled[1]


@pytest.fixture
def built(assembled: tuple[Surface, MemoryManagedPush], pushes: MemoryManagedPush) -> Surface:
    assembled[0].denials.written.clear()
    return assembled[0]


@pytest.fixture(scope="module")
def scaffold() -> Surface:
    """The same of a deployment that has no wrap key for it."""
    return surface(managed_push=None)


@dataclass(frozen=True)
class Call:
    """One of the operations, as a client sends it."""

    method: str
    path: str
    permission: str
    relation: str
    body: Any = None

    def at(self, domain: object = DOMAIN, push: object = PUSH) -> str:
        """Return its path."""
        return self.path.format(domain_id=domain, push_id=push)


CALLS: Final = {
    "GetManagedPush": Call("GET", TARGET, "read", "managed_push.target.read"),
    "PutManagedPush": Call("PUT", TARGET, "manage", "managed_push.attach", ATTACH),
    "DeleteManagedPush": Call("DELETE", TARGET, "manage", "managed_push.detach"),
    "PushManagedHook": Call("POST", HOOKS, "manage", "managed_push.push", HOOK),
    "GetManagedHookPush": Call("GET", ONE, "read", "managed_push.push.read"),
    "RollbackManagedHookPush": Call("POST", ONE + ":rollback", "manage", "managed_push.rollback"),
    "RollbackManagedHookPushBySegment": Call("POST", ONE + "/rollback", "manage", "managed_push.rollback"),
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


@every_call
async def test_a_deployment_that_is_not_provisioned_answers_501_and_decides_nothing(
    scaffold: Surface, call: Call
) -> None:
    """C33: behind the credential, before ids, permissions and the body."""
    for path in (call.at(), call.at("no id", "no id")):
        for headers in ({}, AS_ROBOT):
            answer = await scaffold.call(call.method, path, headers=headers, content=b"\x00" * 1_000)

            assert (answer.status_code, code_of(answer)) == (501, "managed_push_not_provisioned")
    stranger = await scaffold.call(call.method, call.at(), headers={"Authorization": "Bearer nobody"})
    assert (stranger.status_code, code_of(stranger)) == (401, "unauthenticated")
    assert scaffold.denials.written == []


IDS: Final = {
    "nil": "00000000-0000-0000-0000-000000000000",
    "braces": f"{{{DOMAIN}}}",
    "urn": f"urn:uuid:{DOMAIN}",
    "no dashes": DOMAIN.hex,
    "short": str(DOMAIN)[:-1],
    "a word": "acme",
    "a blank": f"{DOMAIN}%20",
    "full width": str(DOMAIN).replace("0", "\uff10"),
}


@every_call
@pytest.mark.parametrize("form", IDS)
async def test_an_id_in_another_form_is_refused_by_its_own_name_before_anybody_is_asked(
    built: Surface, pushes: MemoryManagedPush, call: Call, form: str
) -> None:
    """M02."""
    of_domain = await built.call(call.method, call.at(domain=IDS[form]), json=call.body)

    assert (of_domain.status_code, code_of(of_domain)) == (400, "invalid_domain_id")
    if "{push_id}" in call.path:
        of_push = await built.call(call.method, call.at(push=IDS[form]), json=call.body)
        assert (of_push.status_code, code_of(of_push)) == (400, "invalid_push_id")
    assert (pushes.asked, built.denials.written) == ([], [])


@every_call
@pytest.mark.parametrize("version", ["1", "4", "7"])
async def test_any_version_in_either_case_counts_as_its_canonical_text(
    built: Surface, call: Call, version: str
) -> None:
    """M02: whoever decides permissions never sees another spelling of an id."""
    domain = f"0190f3a0-0000-{version}000-8000-0000000000d1"

    await built.call(call.method, call.at(domain.upper()), headers=AS_ROBOT)

    [(_, relation, permission, resource)] = built.denials.written
    assert resource == Reference("domain", domain)
    assert (permission, relation) == (call.permission, call.relation)


@every_call
async def test_who_is_denied_is_told_so_whatever_he_sends_and_whichever_domain_he_names(
    built: Surface, pushes: MemoryManagedPush, call: Call
) -> None:
    """C09: identical but for what names the request; the denial is written under the operation's relation."""
    told = []
    for domain in (DOMAIN, ABSENT):
        for body in (b"", b"{", b"\x00" * 1_000):
            answer = await built.call(call.method, call.at(domain), headers=AS_ROBOT, content=body)
            assert answer.status_code == 403
            told.append({**answer.json(), "instance": "", "correlation_id": ""})

    assert all(each == told[0] for each in told)
    assert told[0]["code"] == "permission_denied"
    assert {relation for _, relation, _, _ in built.denials.written} == {call.relation}
    assert pushes.asked == []


@every_call
async def test_who_is_permitted_is_asked_for_exactly_the_documented_permission(
    built: Surface, pushes: MemoryManagedPush, call: Call
) -> None:
    pushes.refused = problems.PUSH_NOT_FOUND

    await built.call(call.method, call.at(), json=call.body)

    [proof] = pushes.proofs
    assert (proof.permission, str(proof.object), proof.relation) == (
        call.permission,
        f"domain:{DOMAIN}",
        call.relation,
    )


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        (name, problem)
        for name, codes in {
            "GetManagedPush": ["managed_push_not_configured"],
            "PutManagedPush": ["domain_not_found", "kubeconfig_invalid"],
            "DeleteManagedPush": ["managed_push_not_configured"],
            "PushManagedHook": [
                "managed_push_not_configured",
                "domain_not_found",
                "managed_push_disabled",
                "managed_push_conflict",
                "plexd_hook_invalid",
                "cluster_unreachable",
            ],
            "GetManagedHookPush": ["push_not_found"],
            "RollbackManagedHookPush": [
                "push_not_found",
                "managed_push_not_configured",
                "push_already_rolled_back",
                "managed_push_conflict",
                "cluster_unreachable",
            ],
        }.items()
        for problem in vars(problems).values()
        if isinstance(problem, Problem) and problem.code in codes
    ],
    ids=lambda each: each.code if isinstance(each, Problem) else each,
)
async def test_what_the_application_refuses_is_answered_as_it_is(
    built: Surface, pushes: MemoryManagedPush, name: str, problem: Problem
) -> None:
    pushes.refused = problem

    answer = await built.call(CALLS[name].method, CALLS[name].at(), json=CALLS[name].body)

    assert (answer.status_code, code_of(answer)) == (problem.status, problem.code)


async def test_a_kubeconfig_is_attached_and_only_its_fingerprint_is_shown(
    built: Surface, pushes: MemoryManagedPush
) -> None:
    lines = base64.encodebytes(KUBECONFIG).decode().replace("\n", "\r\n")
    answer = await built.call("PUT", CALLS["PutManagedPush"].at(), json={**ATTACH, "kubeconfig_b64": lines})
    shown = await built.call("GET", CALLS["GetManagedPush"].at())

    assert answer.status_code == shown.status_code == 200
    assert answer.json() == shown.json()
    assert set(shown.json()) == {
        "enabled",
        "api_server_url",
        "kubeconfig_sha256",
        "created_at",
        "updated_at",
    }
    assert [kubeconfig.reveal() for kubeconfig in pushes.kubeconfigs] == [KUBECONFIG]


@pytest.mark.parametrize(
    "text", ["*", "a2k", "a2luZA=", "a2luZA===", "a2lu ZA==", "a2lu-_8=", "kínd", "=", "a2k=\t"]
)
async def test_a_kubeconfig_that_is_not_base64_is_a_body_of_another_shape(
    built: Surface, pushes: MemoryManagedPush, text: str
) -> None:
    answer = await built.call("PUT", CALLS["PutManagedPush"].at(), json={**ATTACH, "kubeconfig_b64": text})

    assert (answer.status_code, code_of(answer)) == (400, "invalid_body")
    assert pushes.asked == []


MALFORMED: Final = {
    "nothing": b"",
    "no JSON": b"{",
    "an array": b"[]",
    "null": b"null",
    "a text": b'"x"',
    "two values": b"{}{}",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("name", ["PutManagedPush", "PushManagedHook"])
async def test_what_is_no_json_object_is_a_body_of_another_shape(
    built: Surface, pushes: MemoryManagedPush, name: str, body: bytes
) -> None:
    answer = await built.call(CALLS[name].method, CALLS[name].at(), content=body)

    assert (answer.status_code, code_of(answer)) == (400, "invalid_body")
    assert pushes.asked == []


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("PutManagedPush", '"enabled": true'),
        ("PutManagedPush", '"kubeconfig_b64": "a2k="'),
        ("PutManagedPush", '"kubeconfig_b64": "a2k=", "enabled": 1'),
        ("PutManagedPush", '"kubeconfig_b64": "a2k=", "enabled": "true"'),
        ("PutManagedPush", '"kubeconfig_b64": null, "enabled": true'),
        ("PutManagedPush", '"kubeconfig_b64": "a2k=", "enabled": true, "kubeconfig": ""'),
        ("PutManagedPush", '"kubeconfig_b64": "a2k=", "enabled": false, "enabled": true'),
        ("PutManagedPush", '"kubeconfig_b64": "a2k=", "Enabled": true, "enabled": true'),
        ("PushManagedHook", '"namespace": 1'),
        ("PushManagedHook", '"name": null'),
        ("PushManagedHook", '"image_digest": []'),
        ("PushManagedHook", '"parameters": null'),
        ("PushManagedHook", '"parameters": []'),
        ("PushManagedHook", '"parameters": {"a": 1}'),
        ("PushManagedHook", '"parameters": {"a": {"b": "c"}}'),
        ("PushManagedHook", '"timeout_seconds": "30"'),
        ("PushManagedHook", '"timeout_seconds": 1.5'),
        ("PushManagedHook", '"timeout_seconds": true'),
        ("PushManagedHook", '"sandbox": 0'),
        ("PushManagedHook", '"force": true'),
        ("PushManagedHook", '"imageDigest": "x"'),
        ("PushManagedHook", '"name": "a", "name": "b"'),
        ("PushManagedHook", '"parameters": {"a": "1", "a": "2"}'),
    ],
)
async def test_a_wrong_type_an_unknown_field_and_a_field_twice_are_a_body_of_another_shape(
    built: Surface, pushes: MemoryManagedPush, name: str, fields: str
) -> None:
    answer = await built.call(CALLS[name].method, CALLS[name].at(), content=b"{%b}" % fields.encode())

    assert (answer.status_code, code_of(answer)) == (400, "invalid_body")
    assert pushes.asked == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"namespace": "shop"},
        {**HOOK, "namespace": "UPPER CASE"},
        {**HOOK, "name": ""},
        {**HOOK, "image_digest": "latest"},
        {**HOOK, "timeout_seconds": -1},
        {**HOOK, "timeout_seconds": 2**62},
        {**HOOK, "parameters": {"": "x"}},
    ],
)
async def test_missing_values_and_values_out_of_range_are_left_to_the_rules_behind_the_gates(
    built: Surface, pushes: MemoryManagedPush, body: Any
) -> None:
    """C33: a Domain that did not opt in learns that, whatever it sent."""
    pushes.refused = problems.MANAGED_PUSH_DISABLED

    answer = await built.call("POST", CALLS["PushManagedHook"].at(), json=body)

    assert (answer.status_code, code_of(answer)) == (409, "managed_push_disabled")


async def test_parameters_that_differ_in_case_alone_are_two(
    built: Surface, pushes: MemoryManagedPush
) -> None:
    answer = await built.call(
        "POST", CALLS["PushManagedHook"].at(), json={**HOOK, "parameters": {"path": "1", "PATH": "2"}}
    )

    assert answer.status_code == 201
    assert [wish.parameters for wish in pushes.wishes] == [{"path": "1", "PATH": "2"}]


def padded(body: Any, size: int) -> bytes:
    octets = json.dumps(body).encode()
    return octets + b" " * (size - len(octets))


@pytest.mark.parametrize(
    ("name", "taken", "refused"),
    [("PutManagedPush", 200, (413, "kubeconfig_too_large")), ("PushManagedHook", 201, (400, "invalid_body"))],
)
async def test_a_body_counts_up_to_64_kib_and_the_two_operations_name_what_is_beyond_differently(
    built: Surface, name: str, taken: int, refused: tuple[int, str]
) -> None:
    """H10: cap-1, cap, cap+1; a push knows no 413."""
    call = CALLS[name]
    answers = [
        await built.call(call.method, call.at(), content=padded(call.body, size))
        for size in (MOST - 1, MOST, MOST + 1)
    ]

    assert [answer.status_code for answer in answers[:2]] == [taken, taken]
    assert (answers[2].status_code, code_of(answers[2])) == refused


async def test_a_push_is_found_where_its_answer_points(built: Surface, pushes: MemoryManagedPush) -> None:
    body = {**HOOK, "parameters": {"a": "b"}, "timeout_seconds": 30, "sandbox": True}

    pushed = await built.call("POST", CALLS["PushManagedHook"].at(), json=body)
    found = await built.call("GET", pushed.headers["location"])

    assert pushed.status_code == 201
    assert pushed.json() == found.json()
    assert pushed.headers["location"].endswith(f"/managed-push/hooks/{pushed.json()['id']}")
    assert set(found.json()) == {
        "id",
        "domain_id",
        "hook_name",
        "namespace",
        "status",
        "had_prior_state",
        "pushed_at",
    }
    assert pushes.wishes == [HookWish("shop", "warm-caches", DIGEST, {"a": "b"}, 30, True)]


@pytest.mark.parametrize(
    ("query", "status", "is_kept"),
    [
        ("", 201, True),
        ("?dry_run=false", 201, True),
        ("?dry_run=true", 201, False),
        ("?dry_run=1", 400, False),
        ("?dry_run=TRUE", 400, False),
        ("?dry_run=true&dry_run=false", 400, False),
    ],
)
async def test_a_dry_run_is_asked_for_in_one_way_and_keeps_nothing(
    built: Surface, pushes: MemoryManagedPush, query: str, status: int, is_kept: bool
) -> None:
    answer = await built.call("POST", CALLS["PushManagedHook"].at() + query, json=HOOK)

    assert answer.status_code == status
    assert ("location" in answer.headers, bool(pushes.kept)) == (is_kept, is_kept)


SPELLINGS: Final = (":rollback", "%3Arollback", "/rollback", "%2Frollback")


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_a_push_is_rolled_back_under_either_path_without_a_body(
    built: Surface, pushes: MemoryManagedPush, spelling: str
) -> None:
    """M06: an encoded colon or slash is the plain one, with the same gate before it."""
    record = (await built.call("POST", CALLS["PushManagedHook"].at(), json=HOOK)).json()
    path = CALLS["GetManagedHookPush"].at(push=record["id"]) + spelling

    denied = await built.call("POST", path, headers=AS_ROBOT)
    undone = await built.call("POST", path)

    assert (denied.status_code, undone.status_code) == (403, 200)
    assert undone.json() == {**record, "status": "rolled_back", "rolled_back_at": "2026-03-02T00:00:00Z"}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"])
async def test_a_rollback_is_asked_for_by_post_alone(
    built: Surface, pushes: MemoryManagedPush, method: str, spelling: str
) -> None:
    """M06: reading a record swallows no rollback."""
    answer = await built.call(method, CALLS["GetManagedHookPush"].at() + spelling)

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert pushes.asked == []


@pytest.mark.parametrize(
    ("suffix", "status"),
    [
        ("", 405),
        (":rollback/", 405),
        (":Rollback", 405),
        (":roll_back", 405),
        (":rollback:rollback", 400),
        ("%253Arollback", 405),
        ("/:rollback", 404),
        ("/rollback/rollback", 404),
        (";x=1:rollback", 400),
    ],
)
async def test_nothing_that_looks_like_a_rollback_is_one(
    built: Surface, pushes: MemoryManagedPush, suffix: str, status: int
) -> None:
    """M06."""
    answer = await built.call("POST", CALLS["GetManagedHookPush"].at() + suffix)

    assert answer.status_code == status
    assert pushes.asked == []


async def test_a_refusal_names_the_path_as_it_was_asked_for(built: Surface) -> None:
    path = CALLS["RollbackManagedHookPush"].at(push="no-id")

    answer = await built.call("POST", path)

    assert answer.json()["instance"] == path


async def test_a_push_of_another_domain_is_as_unknown_as_one_that_never_was(
    built: Surface, pushes: MemoryManagedPush
) -> None:
    """C08: alike byte for byte but for what names the request."""
    record = (await built.call("POST", CALLS["PushManagedHook"].at(), json=HOOK)).json()
    answers = [
        await built.call("GET", CALLS["GetManagedHookPush"].at(OTHER_DOMAIN, push))
        for push in (record["id"], ABSENT)
    ]

    told = [{**answer.json(), "instance": "", "correlation_id": ""} for answer in answers]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert told[0] == told[1]
    assert told[0]["code"] == "push_not_found"


def test_no_body_of_this_surface_says_what_was_sent_when_it_is_printed() -> None:
    attach = msgspec.convert(ATTACH, schemas.ManagedPushAttachRequest)
    push = msgspec.convert({**HOOK, "parameters": {"key": "hunter2"}}, schemas.LenientHookPush)

    said = f"{attach!r} {attach} {push!r} {push.wish()!r} {attach.kubeconfig()!r}"

    assert not [text for text in ("hunter2", ATTACH["kubeconfig_b64"], "kind: Config") if str(text) in said]
