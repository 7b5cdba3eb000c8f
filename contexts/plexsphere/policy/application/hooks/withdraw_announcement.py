"""Use case: a node left the mesh; what it announced holds no more."""

from dataclasses import dataclass

from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.policy.ports.hooks.announcements import NodeAnnouncements


@dataclass(frozen=True, slots=True)
class WithdrawAnnouncement:
    """Forget what the node announced: nothing of it can be dispatched, and nothing of it is listed."""

    announcements: NodeAnnouncements

    async def __call__(self, domain_id: DomainId, node_id: NodeId) -> None:
        """Forget it, within the open unit of work."""
        await self.announcements.withdraw(domain_id, node_id)
