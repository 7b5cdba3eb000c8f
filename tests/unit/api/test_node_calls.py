"""Which request is a node's call: by its name, by a path with further ids, or the router's."""

from typing import Any, Final

import pytest

from plexsphere.api import catalogue
from plexsphere.api.answer_counts import OTHER, AnswerCounts
from plexsphere.api.node_calls import DirectCall, NodeCalls
from plexsphere.api.operation import Credential, Operation
from plexsphere.api.problem import Refusal
from plexsphere.composition.builders.node_calls import BESIDE_NODE_CALLS
from tests.architecture.openapi_document import operations
from tests.support.api import routed

NODE: Final = "/v1/nodes/0190f3a0-0000-7000-8000-0000000000f1"


def operation(name: str, method: str, path: str) -> Operation:
    """Return an operation of nodes."""
    return Operation(name, method, path, "", "", Credential.NODE)


BEAT: Final = operation("Beat", "POST", "/v1/nodes/{node_id}/heartbeat")
DRIFT: Final = operation("Drift", "POST", "/v1/nodes/{node_id}/drift")
ACK: Final = operation("Ack", "POST", "/v1/nodes/{node_id}/executions/{execution_id}/ack")
BINARY: Final = operation("Binary", "GET", "/v1/artifacts/plexd/{version}/{os}/{arch}")
OPERATIONS: Final = (BEAT, DRIFT, ACK, BINARY)
ROUTED: Final = (
    operation("ShowDrift", "GET", "/v1/nodes/{node_id}/drift"),
    operation("PutBinary", "PUT", "/v1/artifacts/plexd/{version}/{os}/{arch}"),
)


class Answer:
    """Answers for one operation."""

    def __init__(self, operation_id: str) -> None:
        self.operation_id = operation_id

    async def __call__(self, _scope: Any, _receive: Any, _send: Any) -> None:
        raise AssertionError


CALLS: Final = NodeCalls([DirectCall(each, Answer(each.id)) for each in OPERATIONS], ROUTED)


def matched(method: str, path: str) -> tuple[Any, dict[str, Any]]:
    """Return what answers the request, and the scope as it was left."""
    scope: dict[str, Any] = {"method": method, "path": path}
    return CALLS.match(scope), scope


@pytest.mark.parametrize(
    ("method", "path", "name", "ids"),
    [
        ("POST", f"{NODE}/heartbeat", "Beat", {}),
        ("POST", f"{NODE}/drift", "Drift", {}),
        ("POST", f"{NODE}/executions/e1/ack", "Ack", {"execution_id": "e1"}),
        ("GET", "/v1/artifacts/plexd/1.5.0/linux/amd64", "Binary", {"version": "1.5.0", "arch": "amd64"}),
    ],
)
def test_a_call_is_found_and_told_the_ids_of_its_path(
    method: str, path: str, name: str, ids: dict[str, str]
) -> None:
    found, scope = matched(method, path)

    assert found.operation_id == name
    assert ids.items() <= scope.get("path_params", {}).items()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", NODE),
        ("GET", f"{NODE}/drift"),
        ("PUT", "/v1/artifacts/plexd/1.5.0/linux/amd64"),
        ("POST", f"{NODE}/executions/e1/ack/"),
        ("POST", f"{NODE}/executions//ack"),
        ("POST", f"{NODE}/executions/e1/e2/ack"),
        ("POST", "/v1/nodes/heartbeat"),
        ("POST", f"/prefix{NODE}/heartbeat"),
        ("GET", "/v1/artifacts/plexd/1.5.0"),
    ],
)
def test_what_is_no_call_of_a_node_is_the_routers(method: str, path: str) -> None:
    assert matched(method, path)[0] is None


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", f"{NODE}/heartbeat", "POST"),
        ("DELETE", f"{NODE}/drift", "GET, POST"),
        ("GET", f"{NODE}/executions/e1/ack", "POST"),
        ("DELETE", "/v1/artifacts/plexd/1.5.0/linux/amd64", "GET, PUT"),
    ],
)
async def test_another_method_is_refused_with_those_that_are_allowed(
    method: str, path: str, allowed: str
) -> None:
    found, _ = matched(method, path)

    with pytest.raises(Refusal) as refused:
        await found(None, None, None)

    assert refused.value.problem is catalogue.METHOD_NOT_ALLOWED
    assert refused.value.headers == {"Allow": allowed}


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", f"{NODE}/heartbeat", "Beat"),
        ("POST", f"{NODE}/executions/e1/ack", "Ack"),
        ("GET", "/v1/artifacts/plexd/1.5.0/linux/amd64", "Binary"),
        ("GET", "/v1/artifacts/plexd/1.5.0/linux", OTHER),
        ("DELETE", "/v1/artifacts/plexd/1.5.0/linux/amd64", OTHER),
        ("GET", "/{arch}", OTHER),
    ],
)
def test_an_answer_is_counted_for_the_operation_that_was_matched(method: str, path: str, name: str) -> None:
    _, scope = matched(method, path)

    assert AnswerCounts(OPERATIONS).operation_of(scope) == name


def test_no_operation_of_the_router_is_hidden_by_a_call_of_a_node() -> None:
    of_nodes = [each for each in operations() if each.credential is Credential.NODE]
    calls = NodeCalls([DirectCall(each, Answer(each.id)) for each in of_nodes], BESIDE_NODE_CALLS)

    hidden = [
        op.id for op in routed() if calls.match({"method": op.method, "path": op.path.replace("{", "")})
    ]

    assert of_nodes
    assert hidden == []
