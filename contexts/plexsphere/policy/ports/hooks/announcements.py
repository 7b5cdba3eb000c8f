"""The newest announcement of each node."""

from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.policy.domain.hooks.announcement import Announcement


class NodeAnnouncements(Protocol):
    """Keeps what nodes announced; every call joins the open unit of work."""

    async def is_repeated(self, announcement: Announcement, /) -> bool:
        """Tell whether the node said just this the last time; if so, it is kept that it said so again."""
        ...

    async def replace(self, announcement: Announcement, /) -> None:
        """
        Keep the announcement in place of the one before, with its actions and its discovered hooks.

        Whoever else is about to replace that of the same node waits until this unit of work is over.
        """
        ...

    async def withdraw(self, domain_id: DomainId, node_id: NodeId, /) -> None:
        """Forget what the node announced; baselines and violations stay as long as its row."""
        ...
