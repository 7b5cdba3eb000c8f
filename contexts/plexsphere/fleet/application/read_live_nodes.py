"""Use case: the nodes of a Domain as they are now."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from itertools import chain
from typing import Final

from plexsphere.fleet.domain.node import Node
from plexsphere.fleet.ports.nodes import Nodes
from plexsphere.fleet.ports.views import Views
from plexsphere.platform.kernel.ids import DomainId

# So many are looked at in less than 2 ms.
AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class ReadLiveNodes:
    """
    Return every live node of a Domain, with the labels that are committed now.

    The view in memory may lag behind the log; what changed since is read, however large the Domain is.

    Raises:
        DomainNotFound: there is no such Domain.
    """

    views: Views
    nodes: Nodes

    async def __call__(self, domain_id: DomainId) -> Collection[Node]:
        view = await self.views.of(domain_id)
        known = view.nodes()
        changed = {node.id: node for node in await self.nodes.changed(domain_id, view.revision, ())}
        living: list[Node] = []
        unchanged = (node for node in known if node.id not in changed)
        for place, node in enumerate(chain(unchanged, changed.values()), start=1):
            if node.removed_at is None:
                living.append(node)
            if place % AT_ONCE == 0:
                await asyncio.sleep(0)
        return living
