"""What a node's coming, changing or leaving would do in one Project, told without changing anything."""

from collections.abc import Iterable
from dataclasses import dataclass

from plexsphere.platform.kernel.ids import NodeId
from plexsphere.policy.domain.partition import Partition
from plexsphere.policy.domain.side import Side


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands in a Project: the sides that pick it, and its address."""

    sides: frozenset[Side]
    address: int


@dataclass(frozen=True, slots=True)
class Shift:
    """The peers one node gains and loses, and the nodes whose compiled rules change, itself among them."""

    gained: frozenset[NodeId]
    lost: frozenset[NodeId]
    recompiled: frozenset[NodeId]


def shift(partition: Partition, node_id: NodeId, before: Place | None, after: Place | None) -> Shift:
    """Return what changes when a node moves between two places of the Project, None being outside of it."""
    seen = partition.visible_from(before.sides) if before else 0
    sees = partition.visible_from(after.sides) if after else 0
    changed = _changed(before, after)
    recompiled = partition.nodes(_far_ends(changed))
    if changed:
        recompiled.add(node_id)
    return Shift(
        frozenset(partition.nodes(sees & ~seen) - {node_id}),
        frozenset(partition.nodes(seen & ~sees) - {node_id}),
        frozenset(recompiled),
    )


def _changed(before: Place | None, after: Place | None) -> frozenset[Side]:
    old: frozenset[Side] = before.sides if before else frozenset()
    new: frozenset[Side] = after.sides if after else frozenset()
    if before and after and before.address == after.address:
        return old ^ new
    return old | new


def _far_ends(sides: Iterable[Side]) -> int:
    slots = 0
    for side in sides:
        for links in side.sends.values():
            for link in links:
                slots |= link.destination.classes
        for links in side.receives.values():
            for link in links:
                slots |= link.source.classes
    return slots
