"""The journal of intents."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from plexsphere.managed_push.domain.cluster_object import ClusterObject
from plexsphere.managed_push.domain.intent import Intent
from plexsphere.platform.kernel.ids import DomainId


class Journal(Protocol):
    """
    Writes to clusters that are begun and not yet settled, at most one for each object of a Domain's cluster.

    Each has a lease, in the database's time. Within it the intent belongs to its writer; past it nothing may be sent
    any more, and whoever settles it strikes it out. Prior states and parameters are sealed at rest.
    """

    async def open(self, intent: Intent, lease: timedelta, /) -> bool:
        """
        Write the intent down; return False when there is one for the same object.

        Raises:
            DomainNotFound: there is no such Domain.
        """
        ...

    async def capture(self, intent: Intent, prior_state: ClusterObject | None, /) -> Intent | None:
        """
        Write down what the object was, in place of an earlier capture; return the intent with it.

        None when it is settled already or past its lease: nothing may be sent then.
        """
        ...

    async def close(self, intent: Intent, /) -> bool:
        """Strike the intent out; return False when it is settled already."""
        ...

    async def take_overdue(self, limit: int, lease: timedelta, /) -> Sequence[Intent]:
        """
        Return up to so many intents past their lease, the longest overdue first, and keep them from the next taker.

        That lasts for another lease, and twice as long each time, an hour at most: what cannot be settled makes way.
        """
        ...

    async def overdue_at(self, intent: Intent, /) -> Intent | None:
        """Return the intent past its lease that has the turn of this one's object, or None."""
        ...

    async def overdue_of(self, domain_id: DomainId, limit: int, /) -> Sequence[Intent]:
        """
        Return up to so many of one Domain past their lease, whoever took them over; they stay where they are.

        Settling one twice does no harm: only one of the two strikes it out.
        """
        ...

    async def has_live(self, domain_id: DomainId, /) -> bool:
        """Tell whether some of the Domain's intents are within their lease: their writers are at work."""
        ...
