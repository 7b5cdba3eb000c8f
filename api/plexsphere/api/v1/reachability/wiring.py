"""What this surface needs from outside, in its own words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from plexsphere.api.callers import Permitted


@dataclass(frozen=True, slots=True)
class GuardView:
    """
    The guard over mass departures.

    While it holds nobody is taken away from its peers: `withheld` nodes would have been, since `since`, and `leaving`
    counts them and those that follow within one interval. `withheld_nodes` names the first of them.
    """

    holds: bool
    since: datetime | None
    leaving: int
    withheld: int
    withheld_nodes: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class ReachabilityView:
    """The live nodes of a Domain by reachability; what is not named counts none."""

    domain_id: UUID
    nodes: Mapping[str, int]
    guard: GuardView


class Reachability(Protocol):
    """The application behind the surface; every mutation writes its audit row, or does not happen."""

    async def get(self, permitted: Permitted, domain_id: UUID, /) -> ReachabilityView:
        """
        Return a Domain's reachability.

        Raises:
            Refusal: domain_not_found.
        """
        ...

    async def confirm(self, permitted: Permitted, domain_id: UUID, /) -> ReachabilityView:
        """
        Confirm that the withheld nodes are gone.

        Raises:
            Refusal: domain_not_found.
        """
        ...
