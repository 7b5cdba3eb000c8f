"""How the mesh learns that a policy changed who sees whom."""

from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, PolicyId
from plexsphere.policy.domain.difference import Difference


class Tellings(Protocol):
    """Tells the nodes that a change of a policy affects, and nobody else (design D14, D19)."""

    async def tell(self, domain_id: DomainId, policy_id: PolicyId, difference: Difference, /) -> None:
        """Keep what is to be told for the open unit of work: it is told after the commit, or never."""
        ...
