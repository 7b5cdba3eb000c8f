"""What machines nodes run on, as policy asks it of fleet."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from plexsphere.fleet.application.get_facts import GetFacts
from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.policy.ports.artifacts.machines import Machine

# As agents name them in the metadata of their registration.
OS: Final = "os"
ARCH: Final = "arch"


@dataclass(frozen=True, slots=True)
class MachinesBridge:
    """Answers policy's port `Machines`."""

    get_facts: GetFacts

    async def machines_of(
        self, domain_id: DomainId, nodes: Collection[NodeId], /
    ) -> Mapping[NodeId, Machine]:
        """Return the machine of each node that told both."""
        facts = await self.get_facts(domain_id, nodes)
        told = {node: each for node, each in facts.items() if OS in each and ARCH in each}
        return {node: Machine.named(each[OS], each[ARCH]) for node, each in told.items()}
