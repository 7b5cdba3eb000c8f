"""The counter that every revocation raises (design D9)."""

from collections.abc import Callable
from typing import Protocol


class CredentialEpochs(Protocol):
    """One counter for the whole deployment."""

    async def read(self) -> int:
        """
        Return the counter as it is committed.

        Raises:
            StoreUnavailable: the store is away or busy.
        """
        ...

    def raise_(self) -> None:
        """
        Raise the counter with the open unit of work: both take effect together, or neither does.

        Raises:
            RuntimeError: no unit of work is open in this task.
        """
        ...

    def follow(self, call: Callable[[], None]) -> None:
        """Call whenever a raise of this process is committed, so that it need not wait to read of it."""
        ...
