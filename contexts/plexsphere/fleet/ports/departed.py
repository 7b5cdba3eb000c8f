"""What fleet keeps of nodes that left, and of reports nobody asks for any more."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple, Protocol

from plexsphere.platform.kernel.ids import DomainId, NodeId


class DepartedNode(NamedTuple):
    """A node that is no more."""

    domain_id: DomainId
    node_id: NodeId


class Departed(Protocol):
    """Forgets; the store's own time decides how long ago something was, and rows that others hold are passed over."""

    async def forget_nodes(self, kept: timedelta, most: int, /) -> Sequence[DepartedNode]:
        """Forget up to `most` nodes that left longer ago, with all they reported; return which these were."""
        ...

    async def forget_reports(self, kept: timedelta, most: int, /) -> int:
        """Forget up to `most` reports of drift that are older, of whatever node; return how many these were."""
        ...


class Remains(Protocol):
    """What others keep of a node."""

    async def forget(self, nodes: Sequence[DepartedNode], /) -> None:
        """Have it forgotten in the open unit of work: the node's identity, its token, its places in the log."""
        ...
