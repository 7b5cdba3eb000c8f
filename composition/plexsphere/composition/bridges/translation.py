"""A context's errors, answered as the surface's problems."""

from collections.abc import Callable, Mapping
from types import MappingProxyType, TracebackType
from typing import Any, Final

from plexsphere.api.problem import Problem, Refusal

NO_HEADERS: Final[Mapping[type[Exception], Mapping[str, str]]] = MappingProxyType({})
NO_MORE_FIELDS: Final[Mapping[type[Exception], Mapping[str, Any]]] = MappingProxyType({})


def nothing_more(_: Exception) -> str:
    """Say nothing beside the problem's own title."""
    return ""


class Translation:
    """
    A block in which a context's errors become refusals; one that the table does not know passes.

    One object serves every block: a generator for each would be a good part of what an unchanged state costs.
    """

    __slots__ = ("_detail_of", "_headers_of", "_more_of", "_problem_of")

    def __init__(
        self,
        problem_of: Mapping[Any, Problem],
        detail_of: Callable[[Any], str] = nothing_more,
        headers_of: Mapping[type[Exception], Mapping[str, str]] = NO_HEADERS,
        more_of: Mapping[type[Exception], Mapping[str, Any]] = NO_MORE_FIELDS,
    ) -> None:
        self._problem_of: Final = problem_of
        self._detail_of: Final = detail_of
        self._headers_of: Final = headers_of
        self._more_of: Final = more_of

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if kind is None or not issubclass(kind, Exception) or kind not in self._problem_of:
            return
        headers, more = self._headers_of.get(kind), self._more_of.get(kind)
        raise Refusal(self._problem_of[kind], self._detail_of(error), headers=headers, extra=more) from error
