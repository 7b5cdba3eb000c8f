"""The checked-in document is the one that the code generates, and a valid one."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import pytest
import schemathesis

from plexsphere.api.operation import Credential
from tests.architecture.openapi_document import FILE, generated, operations, text
from tests.support.api import routed

DESCRIBED: Final[dict[str, Any]] = json.loads(text(generated()))
OPERATIONS: Final = operations()
PROBLEM: Final = "application/problem+json"
REGENERATE: Final = "the operations and the checked-in document differ; run: make openapi"


def described(path: str, method: str) -> dict[str, Any]:
    entry: dict[str, Any] = DESCRIBED["paths"][path][method.lower()]
    return entry


def entries() -> Iterator[dict[str, Any]]:
    for methods in DESCRIBED["paths"].values():
        yield from methods.values()


def references(part: Any) -> Iterator[str]:
    """Every `$ref` below a part of the document."""
    if isinstance(part, dict):
        if isinstance(named := part.get("$ref"), str):
            yield named
        for each in part.values():
            yield from references(each)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


def test_the_checked_in_document_is_the_generated_one() -> None:
    assert FILE.exists(), REGENERATE
    assert FILE.read_text() == text(generated()), REGENERATE


def test_what_the_router_serves_is_declared_and_what_it_does_not_serve_is_a_call_of_nodes() -> None:
    """The calls of nodes are answered before the router (design section 5); nothing else is."""
    declared = {each.id: each for each in OPERATIONS}
    served = {each.id for each in routed()}

    assert served <= declared.keys()
    assert {declared[each].credential for each in declared.keys() - served} <= {Credential.NODE}


def test_the_document_is_valid_openapi_3_1() -> None:
    assert DESCRIBED["openapi"].startswith("3.1.")
    schemathesis.openapi.from_dict(DESCRIBED).validate()


def test_the_validator_refuses_a_document_that_is_not_valid() -> None:
    broken = json.loads(json.dumps(DESCRIBED))
    broken["paths"]["/v1/health"]["get"]["responses"]["200"].pop("description")

    with pytest.raises(Exception, match="description"):
        schemathesis.openapi.from_dict(broken).validate()


def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    schemas = {f"#/components/schemas/{name}" for name in DESCRIBED["components"]["schemas"]}

    assert set(references(DESCRIBED)) == schemas


def test_an_operation_id_names_one_operation() -> None:
    counted = Counter(each["operationId"] for each in entries())

    assert len(counted) == len(OPERATIONS)
    assert [name for name, count in counted.items() if count > 1] == []


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.id)
def test_an_operation_lists_each_code_it_may_answer_under_its_status(operation: Any) -> None:
    responses = described(operation.path, operation.method)["responses"]

    listed = {
        (int(status), code)
        for status, answer in responses.items()
        for code in answer.get("content", {}).get(PROBLEM, {}).get("examples", {})
    }

    assert listed == {(problem.status, problem.code) for problem in operation.every_problem}
    assert str(operation.status) in responses


@pytest.mark.parametrize("path", DESCRIBED["paths"])
def test_the_parameters_of_a_path_are_those_it_names(path: str) -> None:
    for entry in DESCRIBED["paths"][path].values():
        declared = {each["name"] for each in entry["parameters"] if each["in"] == "path"}

        assert declared == set(re.findall(r"{(\w+)}", path))
        assert all(each["required"] for each in entry["parameters"] if each["in"] == "path")
