"""Storage of the managed-push trail."""

from typing import Protocol

from plexsphere.managed_push.domain.record import Record
from plexsphere.platform.kernel.ids import DomainId, PushId


class Records(Protocol):
    """The collection of records; prior states and parameters are sealed at rest."""

    async def get(self, domain_id: DomainId, push_id: PushId, /) -> Record | None:
        """Return the Domain's record of a push, or None; another Domain's is none."""
        ...

    async def add(self, record: Record, /) -> None:
        """
        Keep a new record.

        Raises:
            DomainNotFound: there is no such Domain any more.
        """
        ...

    async def roll_back(self, record: Record, /) -> bool:
        """Keep that the push is rolled back; return False when it was before."""
        ...

    async def has_newer(self, record: Record, /) -> bool:
        """Tell whether a later push of the same object is still applied."""
        ...
