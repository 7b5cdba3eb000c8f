"""How many answers were given, by operation and status."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from plexsphere.api.operation import Operation

# Where a match leaves the id of an operation whose path ends with an id.
DIRECT_OPERATION: Final = "plexsphere.direct_operation"
OTHER: Final = "other"


class AnswerCounts:
    """
    Counts an answer when its head is sent.

    Never by path: that holds ids, and whoever asks chooses it. The operations in `direct` are answered before the
    router; those whose path ends with a fixed name are known by that and their method, and whatever matched another
    left its id in the scope. What is no operation is `other`.
    """

    def __init__(self, direct: Iterable[Operation]) -> None:
        ended = {(each.method, each.path.rpartition("/")[2]): each.id for each in direct}
        self._direct: Final = {end: name for end, name in ended.items() if "{" not in end[1]}
        self.by_operation: Final[dict[str, dict[int, int]]] = defaultdict(lambda: defaultdict(int))

    def count(self, scope: Any, status: int) -> None:
        """Count one answer."""
        self.by_operation[self.operation_of(scope)][status] += 1

    def operation_of(self, scope: Any) -> str:
        """Return the id of the operation that answers, once the router or the direct routes have it."""
        handler = scope.get("route_handler")
        named = None if handler is None else getattr(handler, "operation_id", None)
        if isinstance(named, str):
            return named
        end = (scope["method"], scope["path"].rpartition("/")[2])
        return self._direct.get(end) or scope.get(DIRECT_OPERATION, OTHER)
