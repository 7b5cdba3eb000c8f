"""Problems of RFC 9457 (design D3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from plexsphere.platform.kernel.correlation import CORRELATION_ID

MEDIA_TYPE: Final = "application/problem+json"
TYPE_BASE: Final = "https://plexsphere.com/errors/"


@dataclass(frozen=True, slots=True)
class Problem:
    """One entry of a closed problem catalogue: a value, never raised itself."""

    status: int
    code: str
    title: str


class Refusal(Exception):
    """A request refused for a documented reason; `detail` says what to do and never quotes a value."""

    def __init__(
        self,
        problem: Problem,
        detail: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(problem.code)
        self.problem = problem
        self.detail = detail or problem.title
        self.headers: Mapping[str, str] = headers or {}
        self.extra: Mapping[str, Any] = extra or {}


class ProblemBody(msgspec.Struct, frozen=True, rename={"kind": "type"}):
    """The body of every refusal."""

    kind: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    correlation_id: str


def render(refusal: Refusal, instance: str) -> bytes:
    """Return the body as JSON; `instance` is the request's path, without its query."""
    problem = refusal.problem
    body = ProblemBody(
        kind=TYPE_BASE + problem.code.replace("_", "-"),
        title=problem.title,
        status=problem.status,
        detail=refusal.detail,
        instance=instance,
        code=problem.code,
        correlation_id=CORRELATION_ID.get(),
    )
    return msgspec.json.encode({**msgspec.to_builtins(body), **refusal.extra})
