"""What policy asks nodes to do, called off when fleet removes them."""

from dataclasses import dataclass

from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.policy.application.actions.end_targets_of_node import EndTargetsOfNode


@dataclass(frozen=True, slots=True)
class ErrandsBridge:
    """Answers fleet's port `Errands`."""

    end_targets_of_node: EndTargetsOfNode

    async def call_off(self, domain_id: DomainId, node_id: NodeId, /) -> None:
        await self.end_targets_of_node(domain_id, node_id)
