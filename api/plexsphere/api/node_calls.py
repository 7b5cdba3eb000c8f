"""The calls of nodes, dispatched before the router: most of them are hot (design section 5)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Self

from plexsphere.api import catalogue
from plexsphere.api.answer_counts import DIRECT_OPERATION
from plexsphere.api.edge import AsgiApp
from plexsphere.api.node_call import PREFIX
from plexsphere.api.operation import Operation
from plexsphere.api.problem import Refusal

OWN: Final = f"{PREFIX}{{node_id}}/"
PARAMETER: Final = re.compile(r"\\{(\w+)\\}")


@dataclass(frozen=True, slots=True)
class DirectCall:
    """An operation that is answered before the router, and what answers it."""

    operation: Operation
    answer: AsgiApp


class NodeCalls:
    """
    Answers the port `DirectRoutes` for the calls that nodes make; everything else is the router's.

    What a node calls about itself by a fixed name is found in a dictionary; only what is not there is compared with
    the paths that hold further ids, which the call then finds in `path_params`. Of `routed`, which the router answers
    on the same paths, the methods are left to the router; any other method is refused here.
    """

    def __init__(self, calls: Iterable[DirectCall], routed: Iterable[Operation] = ()) -> None:
        self._named: Final[dict[tuple[str, str], AsgiApp]] = {}
        self._places: Final[dict[str, _Place]] = {}
        for call in calls:
            self._add(call)
        for operation in routed:
            self._place(operation).routed.add(operation.method)

    def _add(self, call: DirectCall) -> None:
        operation = call.operation
        self._place(operation).calls[operation.method] = call
        name = operation.path.removeprefix(OWN)
        if operation.path.startswith(OWN) and "{" not in name:
            self._named[operation.method, name] = call.answer

    def _place(self, operation: Operation) -> "_Place":
        return self._places.setdefault(operation.path, _Place.of(operation.path))

    def match(self, scope: Any, /) -> AsgiApp | None:
        """Return the call that answers the request, or None."""
        path: str = scope["path"]
        if path.startswith(PREFIX):
            found = self._named.get((scope["method"], path[len(PREFIX) :].partition("/")[2]))
            if found is not None:
                return found
        return self._placed(scope, path)

    def _placed(self, scope: Any, path: str) -> AsgiApp | None:
        for place in self._places.values():
            if path.startswith(place.beginning) and path.endswith(place.end):
                ids = place.form.fullmatch(path)
                if ids is not None:
                    return place.answer(scope, ids.groupdict())
        return None


@dataclass(frozen=True, slots=True)
class _Place:
    # Most paths are told apart by their beginning and end, for much less than the whole form costs.
    beginning: str
    end: str
    form: re.Pattern[str]
    calls: dict[str, DirectCall] = field(default_factory=dict)
    routed: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, path: str) -> Self:
        form = re.compile(PARAMETER.sub(r"(?P<\1>[^/]+)", re.escape(path)))
        return cls(path.partition("{")[0], path.rpartition("}")[2], form)

    def answer(self, scope: Any, ids: dict[str, str]) -> AsgiApp | None:
        method = scope["method"]
        if method in self.routed:
            return None
        call = self.calls.get(method)
        if call is None:
            return _WrongMethod(", ".join(sorted({*self.calls, *self.routed})))
        scope["path_params"] = ids
        scope[DIRECT_OPERATION] = call.operation.id
        return call.answer


@dataclass(frozen=True, slots=True)
class _WrongMethod:
    allowed: str

    async def __call__(self, _scope: Any, _receive: Any, _send: Any) -> None:
        raise Refusal(catalogue.METHOD_NOT_ALLOWED, headers={"Allow": self.allowed})
