"""The OpenAPI 3.1 document, generated from the operations."""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from itertools import groupby
from re import findall
from typing import Any, Final

import msgspec

from plexsphere.api import problem
from plexsphere.api.operation import CURSOR, LIMIT, Credential, Operation, Parameter
from plexsphere.api.problem import Problem

REFERENCE: Final = "#/components/schemas/{name}"
COME_BACK: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
RETRY_AFTER: Final = {
    "Retry-After": {
        "description": "Seconds to wait before the next attempt.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    }
}


class ProblemDocument(msgspec.Struct, frozen=True, omit_defaults=True, rename={"kind": "type"}):
    """
    An RFC 9457 problem.

    The counts come with `domain_not_empty` and `project_not_empty` alone, `dimension` with `capacity_exceeded`.
    """

    kind: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    correlation_id: str
    child_counts: dict[str, int] | None = None
    project_child_counts: dict[str, int] | None = None
    dimension: str | None = None


class PermissionDenied(msgspec.Struct, frozen=True, rename={"kind": "type"}):
    """The refusal of the ReBAC gate; `relation_path` names the relations walked."""

    kind: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    correlation_id: str
    reason: str
    relation_path: list[str]


def document(operations: Sequence[Operation], version: str) -> dict[str, Any]:
    """Return the document of the operations, in the order of their paths."""
    schemas, components = _schemas(operations)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Plexsphere",
            "version": version,
            "description": "The control plane for fleets of plexd agents.",
        },
        "servers": [{"url": "/"}],
        "security": [{Credential.OPERATOR.value: []}],
        "paths": _paths(operations, schemas),
        "components": {"securitySchemes": _security_schemes(), "schemas": components},
    }


def _schemas(operations: Iterable[Operation]) -> tuple[dict[Any, Any], dict[str, Any]]:
    types = [ProblemDocument, PermissionDenied]
    types += [kind for op in operations for kind in (op.body, op.answer) if kind is not None]
    unique = list(dict.fromkeys(types))
    schemas, components = msgspec.json.schema_components(unique, ref_template=REFERENCE)
    return dict(zip(unique, schemas, strict=True)), dict(sorted(components.items()))


def _security_schemes() -> dict[str, Any]:
    return {
        Credential.OPERATOR.value: {
            "type": "http",
            "scheme": "bearer",
            "description": "An API token (`plx_api_…`).",
        },
        Credential.NODE.value: {
            "type": "http",
            "scheme": "bearer",
            "description": "The `node_token` of the registration answer (`plx_node_…`).",
        },
    }


def _paths(operations: Iterable[Operation], schemas: dict[Any, Any]) -> dict[str, Any]:
    ordered = sorted(operations, key=lambda op: (op.path, op.method))
    return {
        path: {op.method.lower(): _operation(op, schemas) for op in group}
        for path, group in groupby(ordered, key=lambda op: op.path)
    }


def _operation(op: Operation, schemas: dict[Any, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": op.id,
        "summary": op.summary,
        "tags": [op.tag, *op.also_tagged],
        "security": [] if op.credential is Credential.NONE else [{op.credential.value: []}],
        "parameters": _parameters(op),
        "responses": _responses(op, schemas),
    }
    if op.permission:
        described["description"] = f"Needs `{op.permission}`."
    if op.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {op.body_media: {"schema": schemas[op.body]}},
        }
    return described


def _parameters(op: Operation) -> list[dict[str, Any]]:
    in_path = [Parameter(name, "", {"type": "string"}, True, "path") for name in findall(r"{(\w+)}", op.path)]
    paging = [LIMIT, CURSOR] if op.paged else []
    return [
        {
            "name": each.name,
            "in": each.place,
            "required": each.required,
            "description": each.description,
            "schema": dict(each.schema),
        }
        for each in [*in_path, *op.parameters, *paging]
    ]


def _responses(op: Operation, schemas: dict[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {str(op.status): _success(op, schemas)}
    for status, description in op.also.items():
        found[str(status)] = {"description": description}
    by_status = sorted(op.every_problem, key=lambda each: each.status)
    for status, problems in groupby(by_status, key=lambda each: each.status):
        found[str(status)] = _refusal(status, list(problems), schemas)
    return found


def _success(op: Operation, schemas: dict[Any, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {"description": HTTPStatus(op.status).phrase}
    if op.headers:
        described["headers"] = {name: {"schema": {"type": "string"}} for name in op.headers}
    if op.answer is not None:
        described["content"] = {op.answer_media: {"schema": schemas[op.answer]}}
    return described


def _refusal(status: int, problems: Sequence[Problem], schemas: dict[Any, Any]) -> dict[str, Any]:
    kinds = dict.fromkeys(
        PermissionDenied if each.code == "permission_denied" else ProblemDocument for each in problems
    )
    options = [schemas[kind] for kind in kinds]
    return {
        **({"headers": RETRY_AFTER} if status in COME_BACK else {}),
        "description": " | ".join(f"`{each.code}`: {each.title}" for each in problems),
        "content": {
            problem.MEDIA_TYPE: {
                "schema": options[0] if len(options) == 1 else {"oneOf": options},
                "examples": {each.code: {"value": _example(each)} for each in problems},
            }
        },
    }


def _example(each: Problem) -> dict[str, Any]:
    return {
        "type": problem.TYPE_BASE + each.code.replace("_", "-"),
        "title": each.title,
        "status": each.status,
        "detail": each.title,
        "instance": "/v1/…",
        "code": each.code,
        "correlation_id": "0190f3a0000070008000000000000001",
        **(
            {"reason": "insufficient_relation", "relation_path": []}
            if each.code == "permission_denied"
            else {}
        ),
    }
