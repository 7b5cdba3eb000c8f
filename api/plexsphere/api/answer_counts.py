"""How many answers were given, by operation and status."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from plexsphere.api.operation import Operation

OTHER: Final = "other"


class AnswerCounts:
    """
    Counts an answer when its head is sent.

    Never by path: that holds ids, and whoever asks chooses it. The operations in `direct` are answered before the
    router and known by their method and the end of their path; what is no operation is `other`.
    """

    def __init__(self, direct: Iterable[Operation]) -> None:
        self._direct: Final = {(each.method, each.path.rpartition("/")[2]): each.id for each in direct}
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
        return self._direct.get((scope["method"], scope["path"].rpartition("/")[2]), OTHER)
