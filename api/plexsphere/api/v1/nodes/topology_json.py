"""The topology as JSON, written a piece at a time so that a large mesh holds up nobody else."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from plexsphere.api.v1.nodes.schemas import Topology, TopologyEdge, TopologyNode
from plexsphere.api.v1.nodes.wiring import TopologyView

View = TypeVar("View")


async def topology_json(domain_id: UUID, view: TopologyView) -> bytes:
    """Return the body that `Topology` describes."""
    head = Topology(domain_id, view.generated_at, not view.is_whole, [], [])
    fields = msgspec.to_builtins(head)
    pieces = [b"%b:%b" % (msgspec.json.encode(name), msgspec.json.encode(fields[name])) for name in fields]
    pieces[-2] = b'"nodes":[%b]' % await _elements(view.nodes, TopologyNode.of)
    pieces[-1] = b'"edges":[%b]' % await _elements(view.edges, TopologyEdge.of)
    return b"{%b}" % b",".join(pieces)


async def _elements(groups: Iterable[Sequence[View]], shown: Callable[[View], Any]) -> bytes:
    written = []
    for group in groups:
        if group:
            written.append(msgspec.json.encode([shown(each) for each in group])[1:-1])
            await asyncio.sleep(0)
    return b",".join(written)
