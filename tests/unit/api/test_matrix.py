"""Every operation the router serves, held against the rules that hold for all of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final
from uuid import UUID

import pytest
from litestar.routes import HTTPRoute

from plexsphere.api.operation import JSON, Credential, Operation
from tests.support.api import (
    ABSENT,
    ALICE_ID,
    AS_A_NODE,
    AS_ROBOT,
    DOMAIN,
    PROJECT,
    ROBOT_ID,
    Surface,
    Unasked,
    code_of,
    routed,
    router,
    surface,
)

ID: Final = "0190f3a0-0000-7000-8000-0000000000f1"
NO_IDS: Final = {
    "a word": "abc",
    "nil": "00000000-0000-0000-0000-000000000000",
    "braces": f"{{{ID}}}",
    "urn": f"urn:uuid:{ID}",
    "no dashes": ID.replace("-", ""),
    "a parameter": f"{ID};v=1",
    "too long": ID + "0",
}
PUBLIC: Final = {
    "/v1/register",
    "/health",
    "/v1/health",
    "/v1/version",
    "/v1/openapi.json",
    "/v1/docs",
    "/v1/docs/{asset}",
}
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW")


@dataclass(frozen=True)
class Sample:
    """What an operation needs before its gate can judge."""

    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


SAMPLES: Final = {
    "CreateProject": Sample(body={"domain_id": str(ABSENT), "name": "n", "slug": "s"}),
    "PostAuthTokens": Sample(body={"identity_ref": f"user:{ALICE_ID}", "env_prefix": "dev"}),
    "ListRelationTuples": Sample({"project_id": str(PROJECT)}),
    "CreateRelationTuple": Sample({"project_id": str(PROJECT)}),
}
# They answer by rows or by what their application finds, not by one permission known from the path; or do not tell that
# they deny.
GATED_WITHIN: Final = {
    "ListDomains",
    "ListNodes",
    "ListProjects",
    "PostAuthzLookupSubjects",
    "PatchRelationTuple",
    "PostAdminTokens",
    "GetAdminTokens",
    "DeleteAdminTokenByID",
    "PostAdminTokenRotate",
    "GetPlexdArtifact",
    "PutPlexdArtifact",
}

ROUTED: Final = routed()
FOR_OPERATORS: Final = [op for op in ROUTED if op.credential is Credential.OPERATOR]
WITH_IDS: Final = [(op, name) for op in FOR_OPERATORS for name in re.findall(r"{(\w+_id)}", op.path)]
GATED: Final = [op for op in FOR_OPERATORS if op.permission and op.id not in GATED_WITHIN]
WITH_A_BODY: Final = [op for op in FOR_OPERATORS if op.body and op.body_media == JSON]


@dataclass(frozen=True)
class InProject:
    """A node, or a violation, which must be looked up before its Project can be asked."""

    id: UUID
    domain_id: UUID = DOMAIN
    project_id: UUID = PROJECT


class Everything(Unasked):
    """Finds whatever is looked for; it is asked for nothing else."""

    async def find(self, wanted: UUID, /) -> InProject:
        return InProject(wanted)


@pytest.fixture(scope="module")
def assembled() -> Surface:
    """One application for the whole matrix: assembling it takes longer than a test."""
    return surface(nodes=Everything("nodes"), integrity=Everything("integrity"))


@pytest.fixture
def built(assembled: Surface) -> Surface:
    """The application with nothing denied yet and permissions at hand."""
    assembled.denials.written.clear()
    assembled.permissions.away = False
    return assembled


def path_of(op: Operation, **ids: str) -> str:
    return re.sub(r"{(\w+)}", lambda match: ids.get(match[1], ID), op.path)


def by_id(op: Operation) -> str:
    return op.id


@pytest.mark.parametrize("op", FOR_OPERATORS, ids=by_id)
async def test_without_a_credential_every_operator_route_answers_401(built: Surface, op: Operation) -> None:
    """C40: nothing is reachable without a credential but what is public, and nothing is said of the path."""
    malformed = dict.fromkeys(re.findall(r"{(\w+_id)}", op.path), "abc")
    for path in {path_of(op), path_of(op, **malformed)}:
        answer = await built.call(op.method, path, headers={"Authorization": ""})

        assert (answer.status_code, code_of(answer)) == (401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("op", FOR_OPERATORS, ids=by_id)
async def test_a_node_token_opens_no_operator_route(built: Surface, op: Operation) -> None:
    answer = await built.call(op.method, path_of(op), headers=AS_A_NODE)

    assert (answer.status_code, code_of(answer)) == (401, "unauthenticated")


@pytest.mark.parametrize("op", FOR_OPERATORS, ids=by_id)
async def test_a_credential_in_the_query_counts_for_nothing(built: Surface, op: Operation) -> None:
    """H47: credentials come in the Authorization header alone."""
    query = {"access_token": "alice", "token": "alice", "authorization": "Bearer alice"}

    answer = await built.call(op.method, path_of(op), headers={"Authorization": ""}, params=query)

    assert answer.status_code == 401


@pytest.mark.parametrize("form", NO_IDS)
@pytest.mark.parametrize(("op", "name"), WITH_IDS, ids=str)
async def test_a_malformed_id_in_the_path_answers_its_own_400(
    built: Surface, op: Operation, name: str, form: str
) -> None:
    """M02: the code names the thing; nobody is asked whether the caller may do it."""
    answer = await built.call(op.method, path_of(op, **{name: NO_IDS[form]}), headers=AS_ROBOT)

    assert (answer.status_code, code_of(answer)) == (400, f"invalid_{name}")
    assert built.denials.written == []


@pytest.mark.parametrize("op", GATED, ids=by_id)
async def test_a_denied_caller_is_told_so_before_its_body_is_read(built: Surface, op: Operation) -> None:
    """The gate stands before the body, and the denial is written before it is answered."""
    sample = SAMPLES.get(op.id, Sample())
    sent: dict[str, Any] = {"json": sample.body} if sample.body else {"content": b"\x00" * 100_000}

    answer = await built.call(op.method, path_of(op), headers=AS_ROBOT, params=sample.query, **sent)

    assert (answer.status_code, code_of(answer)) == (403, "permission_denied")
    assert answer.json()["reason"] in {"insufficient_relation", "out_of_scope"}
    assert isinstance(answer.json()["relation_path"], list)
    [(caller, relation, _, _)] = built.denials.written
    assert caller.principal_id == ROBOT_ID
    assert re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", relation)


@pytest.mark.parametrize("op", [op for op in GATED if op.id != "PostAuthTokens"], ids=by_id)
async def test_while_permissions_cannot_be_checked_every_gate_answers_503(
    built: Surface, op: Operation
) -> None:
    """C10: never 2xx."""
    sample = SAMPLES.get(op.id, Sample())
    built.permissions.away = True

    answer = await built.call(op.method, path_of(op), params=sample.query, json=sample.body)

    assert (answer.status_code, code_of(answer)) == (503, "authz_unavailable")
    assert answer.headers["retry-after"]


TOO_LARGE: Final = {
    "PutManagedPush": (413, "kubeconfig_too_large"),
    "PushManagedHook": (400, "invalid_body"),
}


@pytest.mark.parametrize("op", WITH_A_BODY, ids=by_id)
async def test_a_body_beyond_the_cap_is_refused_by_the_name_that_the_operation_has_for_it(
    built: Surface, op: Operation
) -> None:
    """H10: bodies are capped on every operation; managed push has its own codes, the push no 413 at all."""
    sample = SAMPLES.get(op.id, Sample())

    answer = await built.call(
        op.method,
        path_of(op),
        params=sample.query,
        content=b" " * 600_000,
        headers={"Content-Type": "application/json"},
    )

    refused = TOO_LARGE.get(op.id, (413, "request_body_too_large"))
    assert (answer.status_code, code_of(answer)) == refused


@pytest.mark.parametrize("op", WITH_A_BODY, ids=by_id)
async def test_a_field_that_nobody_knows_answers_400(built: Surface, op: Operation) -> None:
    """M05: mass assignment is refused on operator bodies."""
    sample = SAMPLES.get(op.id, Sample())

    answer = await built.call(op.method, path_of(op), params=sample.query, json={"id": ID, "status": "x"})

    assert (answer.status_code, code_of(answer)) == (400, "invalid_body")


@pytest.mark.parametrize("op", [op for op in FOR_OPERATORS if op.paged], ids=by_id)
async def test_a_limit_out_of_range_answers_400(built: Surface, op: Operation) -> None:
    """H42: refused, never clamped, on these lists."""
    query = {**SAMPLES.get(op.id, Sample()).query, "limit": "201"}

    answer = await built.call(op.method, path_of(op), params=query)

    assert (answer.status_code, code_of(answer)) == (400, "invalid_limit")


@pytest.mark.parametrize(
    ("path", "served"),
    [
        (path, tuple(sorted(op.method for op in ops)))
        for path, ops in groupby(sorted(ROUTED, key=lambda op: op.path), key=lambda op: op.path)
    ],
    ids=str,
)
async def test_methods_that_a_route_does_not_serve_answer_405(
    built: Surface, path: str, served: tuple[str, ...]
) -> None:
    """M06: HEAD, OPTIONS, TRACE and inventions; a method cannot be overridden by a header."""
    headers = {"X-HTTP-Method-Override": served[0], "X-Method": served[0]}
    for method in set(METHODS) - set(served):
        answer = await built.call(method, re.sub(r"{\w+}", ID, path), headers=headers)

        assert answer.status_code == 405, method
        assert sorted(answer.headers["allow"].split(", ")) == list(served)


@pytest.mark.parametrize(
    "path", ["/v1/domains/x/y/z", "/v2/domains", "/v1", "/v1/domains;/x", "/metrics", "/debug", "/docs"]
)
async def test_what_is_no_route_answers_404_as_a_problem(built: Surface, path: str) -> None:
    """M06, C40: no path variant and no forgotten tool answers."""
    answer = await built.call("GET", path)

    assert (answer.status_code, code_of(answer)) == (404, "route_not_found")


def test_the_routes_without_a_credential_are_the_public_ones() -> None:
    """C40: every route, also one that is no operation, enumerated against the allow-list of design D7."""
    handlers = [
        (route.path, handler)
        for route in router().routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        # The edge lets no OPTIONS through to the handler that the router adds.
        if handler.http_methods != {"OPTIONS"}
    ]
    public = {
        path.replace(":str}", "}")
        for path, handler in handlers
        if "operation" not in handler.opt or handler.opt["operation"].credential is Credential.NONE
    }

    assert public == PUBLIC


def test_no_two_operations_share_an_id() -> None:
    assert len({op.id for op in ROUTED}) == len(ROUTED)


@pytest.mark.parametrize("op", FOR_OPERATORS, ids=by_id)
def test_an_operation_declares_one_problem_for_each_code(op: Operation) -> None:
    codes = [problem.code for problem in op.every_problem]

    assert len(set(codes)) == len(codes)
    for name in re.findall(r"{(\w+_id)}", op.path):
        assert f"invalid_{name}" in codes
