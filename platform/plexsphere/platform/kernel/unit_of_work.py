"""One transaction around everything a use case does (design section 2)."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class UnitOfWork(Protocol):
    """
    The ambient transaction.

    `async with unit_of_work():` opens a transaction, or joins the one that is open in this task, so that work of
    several contexts commits together. It rolls back unless the outermost block is left cleanly. Events and audit
    entries announced inside are written as the last statements before the commit (design D17, D33).
    """

    def __call__(self) -> AbstractAsyncContextManager[None]:
        """
        Enter the transaction.

        Raises:
            StoreUnavailable: no connection within the bounded wait, or the store is away.
        """
        ...


class StoreUnavailable(Exception):
    """The store cannot be reached, or did not hand out a connection in time; nothing was written."""


class StoreOverloaded(StoreUnavailable):
    """Every connection stayed busy for the whole bounded wait."""


class StoreContended(StoreOverloaded):
    """Others worked on the same rows and one had to give way; the whole unit of work may be tried again at once."""


class OutcomeUnknown(StoreUnavailable):
    """The store was lost in the very commit and is not back yet: all was written, or nothing."""
