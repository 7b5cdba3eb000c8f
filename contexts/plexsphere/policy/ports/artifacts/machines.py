"""What the machines of nodes are, as fleet knows it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, NodeId


@dataclass(frozen=True, slots=True)
class Machine:
    """The operating system and architecture that a node registered with, in the agent's words: `linux`, `amd64`."""

    os: str
    arch: str


class Machines(Protocol):
    """Knows what live nodes said of their machines when they registered."""

    async def machines_of(
        self, domain_id: DomainId, nodes: Collection[NodeId], /
    ) -> Mapping[NodeId, Machine]:
        """Return the machine of each of the nodes; those that left, or did not say, are left out."""
        ...
