"""Storage of targets."""

from typing import Protocol

from plexsphere.managed_push.domain.target import Target
from plexsphere.platform.kernel.ids import DomainId


class Targets(Protocol):
    """The collection of targets, one for each Domain at most."""

    async def get(self, domain_id: DomainId, /) -> Target | None:
        """Return the Domain's target, or None when nothing is attached."""
        ...

    async def put(self, target: Target, /) -> Target:
        """
        Keep the target in place of the Domain's former one, whose `created_at` stays; return it as it is kept.

        Raises:
            DomainNotFound: there is no such Domain.
        """
        ...

    async def remove(self, domain_id: DomainId, /) -> bool:
        """Forget the Domain's target; return whether there was one."""
        ...
