"""Operations as values: what a route answers is written once, for the router, the document and the tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from litestar.handlers import HTTPRouteHandler

from plexsphere.api import catalogue
from plexsphere.api.problem import Problem

JSON: Final = "application/json"
OCTET_STREAM: Final = "application/octet-stream"


class Credential(Enum):
    """Which credential an operation takes."""

    NONE = "none"
    OPERATOR = "operatorBearer"
    NODE = "nodeBearer"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter or a request header."""

    name: str
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    required: bool = False
    place: str = "query"


@dataclass(frozen=True, slots=True)
class Operation:
    """
    One operation of the wire contract.

    `path` is the OpenAPI template; `takes_slashes` lets its last parameter hold slashes; `answer` None means an empty
    body; `problems` are the surface's own, to which the infrastructure's are added by what the operation is
    (credential, ReBAC, a body, pages). Clients that are grouped by tags find it under `also_tagged`, too.
    """

    id: str
    method: str
    path: str
    summary: str
    tag: str
    credential: Credential
    status: int = 200
    answer: Any = None
    answer_media: str = JSON
    body: Any = None
    body_media: str = JSON
    problems: tuple[Problem, ...] = ()
    permission: str = ""
    paged: bool = False
    parameters: tuple[Parameter, ...] = ()
    headers: tuple[str, ...] = ()
    also: Mapping[int, str] = field(default_factory=dict)
    takes_slashes: bool = False
    also_tagged: tuple[str, ...] = ()

    @property
    def every_problem(self) -> tuple[Problem, ...]:
        """Return every problem the operation may answer."""
        found = [*self.problems, *catalogue.EVERYWHERE]
        if self.credential is not Credential.NONE:
            found += catalogue.BEHIND_A_CREDENTIAL
        if self.permission:
            found += catalogue.BEHIND_REBAC
        if self.body is not None:
            found += catalogue.WITH_A_BODY
        if self.paged:
            found += catalogue.PAGED
        return tuple(dict.fromkeys(found))


Handler = Callable[..., Any]

LIMIT: Final = Parameter(
    "limit", "How many rows at most.", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
)
CURSOR: Final = Parameter("cursor", "Where to continue: the previous page's `next_cursor`.")


def serves(operation: Operation, *spelled: Operation) -> Callable[[Handler], HTTPRouteHandler]:
    """Make a function the handler of an operation, and of the same under other spellings of its path."""
    path = operation.path.replace("}", ":str}")
    if operation.takes_slashes:
        path = path.removesuffix(":str}") + ":path}"

    def decorate(handler: Handler) -> HTTPRouteHandler:
        return HTTPRouteHandler(
            path,
            http_method=operation.method,  # type: ignore[arg-type]  # a Literal in the framework's types
            status_code=operation.status,
            operation_id=operation.id,
            opt={"operation": operation, "spelled": spelled},
        )(handler)

    return decorate
