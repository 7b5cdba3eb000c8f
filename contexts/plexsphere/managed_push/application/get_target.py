"""Use case: show a Domain its target."""

from dataclasses import dataclass

from plexsphere.managed_push.domain.target import Target, require_configured
from plexsphere.managed_push.ports.targets import Targets
from plexsphere.platform.kernel.ids import DomainId


@dataclass(frozen=True, slots=True)
class GetTarget:
    """
    Return the target attached to a Domain.

    Raises:
        NotConfigured: there is none.
    """

    targets: Targets

    async def __call__(self, domain_id: DomainId) -> Target:
        return require_configured(await self.targets.get(domain_id), domain_id)
