"""Fleet's question how long to wait for silent nodes, answered by identity's Domains."""

from collections.abc import Mapping
from dataclasses import dataclass

from plexsphere.fleet.domain.liveness import Patience
from plexsphere.identity.application.list_reachability_policies import ListReachabilityPolicies
from plexsphere.platform.kernel.ids import DomainId


@dataclass(frozen=True, slots=True)
class DomainPatiences:
    """Answers fleet's port `Patiences`."""

    list_policies: ListReachabilityPolicies

    async def all(self) -> Mapping[DomainId, Patience]:
        """Return the patience that follows from each Domain's policy."""
        return {
            domain_id: Patience.of_seconds(
                policy.heartbeat_interval, policy.stale_after, policy.unreachable_after
            )
            for domain_id, policy in (await self.list_policies()).items()
        }
