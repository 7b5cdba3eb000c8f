"""The operators' API does what its document says, whatever it is sent."""

import asyncio
from typing import Any, Final

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CHECKS
from schemathesis.core.result import Ok

from plexsphere.composition.bridges.managed_push import ManagedPushBridge
from plexsphere.composition.cluster_places import ClusterPlaces
from plexsphere.managed_push.application.get_target import GetTarget
from plexsphere.platform.kernel.audit import AuditEntry
from tests.support.executions import MemoryExecutions, OneNode
from tests.support.operator_api import OperatorApi, operator_api
from tests.support.pushes import PushScene

TAGS: Final = {"tenancy", "auth", "admin", "bootstrap-tokens", "authz", "managed-push", "actions"}
HELD: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


class Unnoted:
    """Keeps no read."""

    def note(self, entry: AuditEntry, /) -> None:
        return None


@pytest.fixture(scope="module")
def api() -> OperatorApi:
    scene = PushScene()
    bridge = ManagedPushBridge(
        scene.attach_target,
        GetTarget(scene.kit.targets),
        scene.detach_target,
        scene.push_hook,
        scene.rehearse_push,
        scene.get_push,
        scene.roll_back_push,
        Unnoted(),
        ClusterPlaces(),
    )
    return asyncio.run(operator_api(managed_push=bridge, executions=MemoryExecutions(), nodes=OneNode()))


def test_every_answer_is_one_that_the_document_names(api: OperatorApi) -> None:
    """H45 and the shapes of all answers, on generated requests."""
    transport = api.client._transport
    assert isinstance(transport, httpx.ASGITransport)
    described = schemathesis.openapi.from_asgi("/v1/openapi.json", transport.app)
    tried = set()
    operations: list[Any] = [found.ok() for found in described.get_all_operations() if isinstance(found, Ok)]
    for operation in operations:
        if TAGS & set(operation.tags or ()):
            _hold(operation, api.admin)
            tried.add(operation.label)

    assert len(tried) == 46


def _hold(operation: Any, token: str) -> None:
    checks = CHECKS.get_by_names(list(HELD))

    @settings(max_examples=8, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def hold(case: Any) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=checks)

    hold()
