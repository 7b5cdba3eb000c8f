"""Bodies of the surface."""

from datetime import datetime
from typing import Self
from uuid import UUID

import msgspec

from plexsphere.api.v1.reachability.wiring import GuardView, ReachabilityView


class NodeCounts(msgspec.Struct, frozen=True):
    """How many live nodes there are of each reachability."""

    never_reported: int = 0
    healthy: int = 0
    stale: int = 0
    unreachable: int = 0


class Guard(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    The guard over mass departures.

    While it `holds`, no unreachable node is taken away from its peers until that is confirmed, or the node is back.
    `withheld` nodes wait for one or the other, the first 100 of them in `withheld_node_ids`; `leaving` counts them and
    those that are unreachable within one heartbeat interval unless they are heard of.
    """

    holds: bool
    leaving: int
    withheld: int
    withheld_node_ids: list[UUID]
    since: datetime | None = None

    @classmethod
    def of(cls, view: GuardView) -> Self:
        """Show the guard."""
        return cls(view.holds, view.leaving, view.withheld, list(view.withheld_nodes), view.since)


class DomainReachability(msgspec.Struct, frozen=True):
    """Who of a Domain is reachable."""

    domain_id: UUID
    nodes: NodeCounts
    guard: Guard

    @classmethod
    def of(cls, view: ReachabilityView) -> Self:
        """Show the Domain's reachability."""
        return cls(view.domain_id, NodeCounts(**view.nodes), Guard.of(view.guard))
