"""Something that happens around every awaited call of an object, put there where the object is wired."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar, cast

T = TypeVar("T")
Call = Callable[..., Awaitable[Any]]
Surround = Callable[[str, Call], Call]


def around(target: T, surround: Surround) -> T:
    """
    Return what stands in for the target: its own call and every coroutine method go through `surround`.

    `surround` is given the method's name, empty for the call itself. All other attributes are the target's.
    """
    return cast(T, _Around(target, surround))


class _Around:
    def __init__(self, target: Any, surround: Surround) -> None:
        self._target: Final = target
        self._surround: Final = surround
        self._call: Final = surround("", target)

    async def __call__(self, *given: Any, **named: Any) -> Any:
        return await self._call(*given, **named)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        return self._surround(name, found) if inspect.iscoroutinefunction(found) else found
