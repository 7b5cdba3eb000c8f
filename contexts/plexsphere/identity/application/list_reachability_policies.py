"""Use case: how long each tenant waits for its silent nodes."""

from collections.abc import Mapping
from dataclasses import dataclass

from plexsphere.identity.domain.reachability_policy import ReachabilityPolicy
from plexsphere.identity.ports.domains import Domains
from plexsphere.platform.kernel.ids import DomainId


@dataclass(frozen=True, slots=True)
class ListReachabilityPolicies:
    """Return the reachability policy of every Domain."""

    domains: Domains

    async def __call__(self) -> Mapping[DomainId, ReachabilityPolicy]:
        return await self.domains.reachability_policies()
