"""The binaries that nodes run, as they announced them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from plexsphere.platform.kernel.ids import DomainId, NodeId
from plexsphere.policy.domain.hooks.digest import canonical
from plexsphere.policy.domain.node_place import NodePlace


class ToldChecksum(NamedTuple):
    """A node told a checksum of its binary that is another than before."""

    domain_id: DomainId
    node_id: NodeId
    checksum: str


@dataclass(frozen=True, slots=True)
class NodeBinary:
    """Which binary a node runs, as far as it told; `announced_checksum` came together with the version."""

    place: NodePlace
    version: str
    checksum: str
    announced_checksum: str

    @property
    def is_announced(self) -> bool:
        """Tell whether the checksum is the one that was announced, and not another that a heartbeat told since."""
        return canonical(self.checksum) == canonical(self.announced_checksum)


@dataclass(frozen=True, slots=True)
class Noted:
    """What was noted, and the nodes whose announcement somebody else holds at this moment: ask again later."""

    binaries: Sequence[NodeBinary]
    held: frozenset[NodeId]


class Binaries(Protocol):
    """The binaries of nodes that announced theirs; joins the open unit of work."""

    async def note_checksums(self, told: Sequence[ToldChecksum], /) -> Noted:
        """Keep the checksums, in one statement that waits for nobody; nodes without an announcement are left out."""
        ...

    async def of(self, domain_id: DomainId, node_id: NodeId, /) -> NodeBinary | None:
        """Return the binary of a node, or None where it announced nothing."""
        ...
