"""The operators' API does what its document says, whatever it is sent."""

import asyncio
from typing import Any, Final

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CHECKS
from schemathesis.core.result import Ok

from tests.support.operator_api import OperatorApi, operator_api

TAGS: Final = {"tenancy", "auth", "admin", "bootstrap-tokens", "authz"}
HELD: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


@pytest.fixture(scope="module")
def api() -> OperatorApi:
    return asyncio.run(operator_api())


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

    assert len(tried) == 33


def _hold(operation: Any, token: str) -> None:
    checks = CHECKS.get_by_names(list(HELD))

    @settings(max_examples=8, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def hold(case: Any) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=checks)

    hold()
