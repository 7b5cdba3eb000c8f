from typing import Any

import pytest

from plexsphere.api.openapi import document
from plexsphere.api.operation import Credential, Operation
from tests.support.api import routed, surface

OPERATIONS = routed()


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return document(OPERATIONS, "1.2.3")


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.id)
def test_an_operation_is_described_with_all_it_may_answer(op: Operation, described: dict[str, Any]) -> None:
    entry = described["paths"][op.path][op.method.lower()]

    assert entry["operationId"] == op.id
    assert str(op.status) in entry["responses"]
    for problem in op.every_problem:
        answer = entry["responses"][str(problem.status)]
        assert problem.code in answer["content"]["application/problem+json"]["examples"]
    assert bool(entry["security"]) is (op.credential is not Credential.NONE)
    assert ("requestBody" in entry) is (op.body is not None)


async def test_the_document_is_served_to_anybody() -> None:
    answer = await surface().call("GET", "/v1/openapi.json", headers={"Authorization": ""})

    assert answer.status_code == 200
    assert answer.json()["openapi"] == "3.1.0"
    assert set(answer.json()["paths"]) == {op.path for op in OPERATIONS}


def test_no_schema_of_an_answer_names_what_must_never_be_shown(described: dict[str, Any]) -> None:
    """The views have no field that a stored secret could come out of."""
    fields = {
        name
        for schema in described["components"]["schemas"].values()
        for name in schema.get("properties", {})
    }
    # Operators tell by it which kubeconfig is attached; managed-push.md has it shown.
    fields -= {"kubeconfig_sha256"}

    assert not {name for name in fields if "sha256" in name or "hash" in name or name == "secret"}
