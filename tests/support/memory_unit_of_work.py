"""The unit of work of fakes in memory."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Generic, Protocol, Self, TypeVar


class Copied(Protocol):
    """What a fake keeps."""

    def copy(self) -> Self:
        """Return the same, which later changes leave alone."""
        ...


State = TypeVar("State", bound=Copied)


class RestoredStore(Protocol[State]):
    """A state, and whether a unit of work is open."""

    state: State
    is_open: bool


class MemoryUnitOfWork(Generic[State]):
    """Rolls the state back unless the outermost block is left cleanly."""

    def __init__(self, store: RestoredStore[State]) -> None:
        self._store = store

    @asynccontextmanager
    async def __call__(self) -> AsyncGenerator[None]:
        if self._store.is_open:
            yield
            return
        before = self._store.state.copy()
        self._store.is_open = True
        try:
            yield
        except BaseException:
            # As a database does it: whatever ends the block but its end undoes it.
            self._store.state = before
            raise
        finally:
            self._store.is_open = False
