"""Part of a use case: end what a node that leaves was asked to do."""

from dataclasses import dataclass

from plexsphere.platform.kernel.events import Announcements
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.policy.application.actions.told import offers_changed
from plexsphere.policy.domain.actions.execution import Reason
from plexsphere.policy.ports.actions.executions import Executions


@dataclass(frozen=True, slots=True)
class EndTargetsOfNode:
    """
    Cancel every target of a node that has not ended, taken up or not: no result of it will come.

    Within the unit of work that removes the node, whose audit entry tells of it. It is no failure of the action.
    """

    executions: Executions
    announcements: Announcements

    async def __call__(self, domain_id: DomainId, node_id: NodeId) -> None:
        ended = await self.executions.end_of_node(domain_id, node_id, Reason.NODE_LEFT)
        if ended:
            await self.executions.settle(domain_id, ended)
            self.announcements.announce([offers_changed(domain_id, node_id)])
