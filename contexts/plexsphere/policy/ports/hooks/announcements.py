"""The newest announcement of each node."""

from collections.abc import Collection
from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.policy.domain.hooks.announcement import Announcement


class NodeAnnouncements(Protocol):
    """Keeps what nodes announced; every call joins the open unit of work."""

    async def is_repeated(self, announcement: Announcement, /) -> bool:
        """Tell whether the node said just this the last time; if so, it is kept that it said so again."""
        ...

    async def claim(self, announcement: Announcement, /) -> None:
        """
        Keep that the node announced, and what of its binary.

        Whoever else claims or holds the same node waits until this unit of work is over.
        """
        ...

    async def hold(self, domain_id: DomainId, node_id: NodeId, /) -> None:
        """Let nobody else claim or hold the node until this unit of work is over, if it ever announced anything."""
        ...

    async def replace(self, announcement: Announcement, homeless: Collection[str], /) -> None:
        """
        Keep the actions and the discovered hooks in place of those before.

        Hooks of the `homeless` names are held to nothing, and so cannot be asked for.
        """
        ...

    async def excuse(self, domain_id: DomainId, node_id: NodeId, hook_name: str, /) -> None:
        """
        Let what the node announces of a hook stand until it is announced again.

        The next announcement is no repetition then, also when it says just the same.
        """
        ...

    async def withdraw(self, domain_id: DomainId, node_id: NodeId, /) -> None:
        """Forget what the node announced; baselines and violations stay as long as its row."""
        ...
