"""Whatever is sent, a server answers as its OpenAPI document says (schemathesis), and never with a fault of ours."""

import asyncio
from binascii import crc32
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import CheckContext
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from plexsphere.platform.kernel.secret import Secret
from tests.support.contract import DOCUMENT, NODE, OPERATOR, SOME_ID, described
from tests.support.control_plane import EVERY_FEATURE, Place, first_boot, server_process
from tests.support.machines import Machine, RawNode
from tests.support.postgres import TestServer
from tests.support.raw_http import bearer, connected, request

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

COLLECT: Final = "diagnostics.collect"
EXAMPLES: Final = 12
LONG_EXAMPLES: Final = 400
DECLARED_FAULTS: Final = frozenset({501, 503})
# These end what the other operations live on, so they only meet ids of nothing.
ENDING: Final = frozenset(
    {"PostNodeDeregister", "DeleteNode", "DeleteProject", "DeleteDomain", "PatchDomain"}
)
PLAUSIBLE: Final = {
    "public_endpoint": "203.0.113.10:51820",
    "nat_type": "unknown",
    "public_key": "cGxleHNwaGVyZSBhIGtleSBvZiB0aGUgdGVzdHMgISE=",
    "hostname": "web-01",
    "mesh_cidr": "10.99.0.0/24",
    "relation": "observer",
    "action": COLLECT,
}
CREDENTIAL_OF: Final = {op.id: op.credential for op in described()}
SCHEMA: Final = schemathesis.openapi.from_path(str(DOCUMENT)).exclude(operation_id="GetNodeEvents")


@dataclass(frozen=True)
class Target:
    """A running server, the credentials it knows, and ids of what it holds."""

    place: Place
    node: RawNode
    ids: dict[str, str]

    def headers(self, operation_id: str) -> dict[str, str]:
        """Return the credential that the operation takes."""
        known = {NODE: self.node.token, OPERATOR: self.place.operator.reveal()}
        credential = CREDENTIAL_OF[operation_id]
        return bearer(known[credential]) if credential else {}


@asynccontextmanager
async def running(dsn: Secret[str], folder: Path) -> AsyncIterator[Target]:
    operator, domain_id, project_id = await first_boot(dsn)
    async with server_process(dsn, PLEXSPHERE_ARTIFACTS_DIR=str(folder), **EVERY_FEATURE) as server:
        place = Place(server.base_url, operator, domain_id, project_id)
        [token] = await place.bootstrap_tokens(1)
        capabilities = {"builtin_actions": [{"name": COLLECT}]}
        node = await Machine().enrol(place.base_url, token, capabilities=capabilities)
        yield Target(place, node, {**await _existing(place, node), "node_id": node.id})


async def _existing(place: Place, node: RawNode) -> dict[str, str]:
    """Make one of everything that a path can name, and return the ids."""
    project, domain = f"/v1/projects/{place.project_id}", f"/v1/domains/{place.domain_id}"
    robot = {"display_name": "ci", "subject": "ci", "audience": "x", "federation_kind": "api_token"}
    async with place.as_operator() as client:

        async def made(path: str, body: Any) -> Any:
            return (await client.post(path, json=body)).raise_for_status().json()

        robot_id = (await made(f"{domain}/service-identities", robot))["id"]
        grant = {
            "subject": f"service-identity:{robot_id}",
            "relation": "observer",
            "resource": f"project:{place.project_id}",
        }
        return {
            "domain_id": place.domain_id,
            "project_id": place.project_id,
            "principal_id": robot_id,
            "execution_id": (
                await made(f"{project}/executions/dispatch", {"action": COLLECT, "node_id": node.id})
            )["id"],
            "policy_id": (await client.get(f"{project}/policies")).json()["items"][0]["id"],
            "bootstrap_token_id": (await made(f"{project}/bootstrap-tokens", {}))["token_id"],
            "token_id": (
                await made("/v1/admin/tokens", {"identity_ref": f"service:{robot_id}", "env_prefix": "dev"})
            )["id"],
            "relation_tuple_id": (
                await made(f"/v1/authz/relation-tuples?project_id={place.project_id}", grant)
            )["id"],
        }


@pytest.fixture(scope="module")
def target(postgres_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The server is a process, so nothing of it waits for the loop that started it."""
    with postgres_server.migrated_database() as dsn, asyncio.Runner() as runner:
        stack = AsyncExitStack()
        folder = tmp_path_factory.mktemp("artifacts")
        yield runner.run(stack.enter_async_context(running(dsn, folder)))
        runner.run(stack.aclose())


def no_undeclared_fault(_context: CheckContext, response: Any, _case: Case[Any]) -> None:
    """Of the faults only those that say what is missing or away."""
    assert response.status_code < 500 or response.status_code in DECLARED_FAULTS, response.text


CHECKS: Final = [
    no_undeclared_fault,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def pointed(case: Case[Any], target: Target) -> Case[Any]:
    """
    Let a third of the cases be about what exists and a third about what could; the rest stays as it was generated.

    Identifiers and keys in bodies are made real in the same way. Which case is which, the case itself decides.
    """
    aim = crc32(repr((case.path_parameters, case.query, case.body)).encode(errors="replace")) % 3
    if aim:
        ending = case.operation.definition.raw["operationId"] in ENDING
        exists = {name: SOME_ID for name in target.ids} if ending or aim == 1 else target.ids
        for given in (case.path_parameters, case.query):
            given.update({name: exists[name] for name in given or () if name in exists})
        if isinstance(case.body, dict):
            plausible = {**exists, **PLAUSIBLE}
            case.body.update({name: plausible[name] for name in case.body if name in plausible})
    return case


def hold_to_the_document(case: Case[Any], target: Target) -> None:
    operation_id = case.operation.definition.raw["operationId"]
    with requests.Session() as session:
        pointed(case, target).call_and_validate(
            base_url=target.place.base_url,
            session=session,
            headers=target.headers(operation_id),
            checks=CHECKS,
        )


QUIET: Final = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture]


@SCHEMA.parametrize()
@settings(
    max_examples=EXAMPLES, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=QUIET
)
def test_an_operation_answers_as_the_document_says(case: Case[Any], target: Target) -> None:
    """H06 to H10, H41, M02 to M05: no 5xx but those that are declared, no status or media type beyond the document."""
    hold_to_the_document(case, target)


@pytest.mark.soak
@SCHEMA.parametrize()
@settings(max_examples=LONG_EXAMPLES, deadline=None, suppress_health_check=QUIET)
def test_an_operation_answers_as_the_document_says_for_long(case: Case[Any], target: Target) -> None:
    """The same, many times over."""
    hold_to_the_document(case, target)


STRANGE_IDS: Final = {
    "64 KiB": "9" * 65_000,
    "another node's frame": "1.0",
    "negative": "-1.-1",
    "beyond 64 bits": f"{10**30}.{10**30}",
    "the future": "999999999.0",
    "no number": "abc",
    "SQL": "1'; DROP TABLE nodes; --",
    "Latin-1": "\xff\xfe.\xe9",
    "blank": "   ",
    "a fraction too many": "1.2.3",
    "a sign": "+1.0",
    "other digits": "\xb2.\xb3",
}


async def opened(node: RawNode, last_event_id: str) -> tuple[int, str]:
    """Open the event stream and return its status and media type, without waiting for its end."""
    told = {**bearer(node.token), "Last-Event-ID": last_event_id}
    async with connected(node.base_url) as lane:
        await lane.send(request("GET", node.path("events"), None, told))
        status, headers = await lane.head()
        return status, dict(headers)["content-type"]


def test_any_last_event_id_opens_the_stream_or_is_refused(target: Target) -> None:
    """H34: never 500, whatever the header holds; each on a node of its own, for a node's streams are rationed."""

    async def answers() -> dict[str, tuple[int, str]]:
        tokens = await target.place.bootstrap_tokens(len(STRANGE_IDS))
        nodes = [await Machine().enrol(target.place.base_url, token) for token in tokens]
        return {
            name: await opened(node, strange)
            for (name, strange), node in zip(STRANGE_IDS.items(), nodes, strict=True)
        }

    assert asyncio.run(answers()) == dict.fromkeys(STRANGE_IDS, (200, "text/event-stream"))


@pytest.mark.parametrize("octets", [b"a\x00b", b"a\rb", b"a\nb"], ids=["NUL", "CR", "LF"])
def test_what_no_header_may_hold_ends_the_connection(target: Target, octets: bytes) -> None:
    """H34: CR, LF and NUL never get as far as an event's id."""

    async def status() -> int:
        head = request("GET", target.node.path("events"), None, bearer(target.node.token))
        async with connected(target.place.base_url) as lane:
            await lane.send(head[:-2] + b"Last-Event-ID: " + octets + b"\r\n\r\n")
            return (await lane.answer()).status

    assert asyncio.run(status()) == 400
